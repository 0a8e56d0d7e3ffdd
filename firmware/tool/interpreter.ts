/** What an image that interprets its core must have room for. */
import { memoryBytes, readModule } from "./wasm.js";

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

const IDS = { import: 2, function: 3, table: 4, global: 6, export: 7, element: 9, code: 10, data: 11 };

/** Sizes and counts of a module's sections by id. */
function sections(wasm: Uint8Array): Map<number, { bytes: number; count: number }> {
  const found = new Map<number, { bytes: number; count: number }>();
  const leb = (at: number): [number, number] => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (!(byte & 128)) return [value, at];
    }
  };
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at];
    const [bytes, start] = leb(at + 1);
    found.set(id, { bytes, count: bytes ? leb(start)[0] : 0 });
    at = start + bytes;
  }
  return found;
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
  const items = count(IDS.import) + count(IDS.export) + count(IDS.element) + count(IDS.data) + count(IDS.global);
  const own =
    FIXED +
    (of.get(IDS.code)?.bytes ?? 0) * PER_CODE_BYTE +
    count(IDS.function) * PER_FUNCTION +
    (items + (of.get(IDS.element)?.bytes ?? 0)) * PER_ITEM;
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
