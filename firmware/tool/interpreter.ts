/** What an image that interprets its core must have room for. */
import { Reader, SECTION, memoryBytes, readModule, sectionsOf } from "./wasm.js";

/** Slots of 32 bits of the stack of values, all calls together. */
const VALUES = 2048;

/**
 * Bytes of RAM on a processor of 32 bits that wasm3 takes for what a module has: measured, and a tenth more.
 * What it compiles is words, one for each operation and each operand.
 */
const PER_CODE_BYTE = 4;
const PER_FUNCTION = 72;
const PER_ITEM = 24;
const FIXED = 8192;

/** Sizes and counts of a module's sections by id. */
function sections(wasm: Uint8Array): Map<number, { bytes: number; count: number }> {
  return new Map(
    sectionsOf(wasm).sections.map(({ id, content }) => {
      // A custom section has no count.
      const count = id && content.length ? new Reader(content).u32() : 0;
      return [id, { bytes: content.length, count }];
    }),
  );
}

/** How large the parts of wasm3 are made. */
export interface InterpreterSizes {
  /** Bytes of linear memory. */
  memory: number;
  /** Bytes of all that wasm3 has, the linear memory among it. */
  arena: number;
  /** Slots of 32 bits of the stack of values. */
  values: number;
}

/**
 * The sizes for a module.
 * @param options memory: bytes, the module's own by default; word: bytes of an address, 4 by default
 */
export function interpreterSizes(wasm: Uint8Array, options: { memory?: number; word?: number } = {}): InterpreterSizes {
  const memory = options.memory ?? memoryBytes(readModule(wasm));
  const of = sections(wasm);
  const count = (id: number) => of.get(id)?.count ?? 0;
  const items =
    count(SECTION.import) +
    count(SECTION.export) +
    count(SECTION.element) +
    count(SECTION.data) +
    count(SECTION.global);
  const own =
    FIXED +
    (of.get(SECTION.code)?.bytes ?? 0) * PER_CODE_BYTE +
    count(SECTION.function) * PER_FUNCTION +
    (items + (of.get(SECTION.element)?.bytes ?? 0)) * PER_ITEM;
  const arena = memory + VALUES * 4 + own * ((options.word ?? 4) / 4);
  return { memory, arena: Math.ceil(arena / 64) * 64, values: VALUES };
}

/** interpreter.h, which firmware/engine/build.rs wants in the folder of an image for wasm3. */
export function interpreterHeader(sizes: InterpreterSizes): string {
  return [
    "/* Made of a core by firmware/tool/interpreter.ts. */",
    "#ifndef G2G_INTERPRETER_H",
    "#define G2G_INTERPRETER_H",
    `#define G2G_SIZE ${sizes.memory}u`,
    `#define G2G_ARENA_BYTES ${sizes.arena}u`,
    `#define G2G_VALUES ${sizes.values}u`,
    "#endif",
    "",
  ].join("\n");
}
