import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import binaryen from "binaryen";
import { root } from "./paths.js";
import { DataSegment, PAGE, SECTION, leb, memoryOf, sectionBytes, sectionsOf, signedLeb, stretchesOf } from "./wasm.js";

/** Functions that an image does without. */
export interface Cut {
  /** A pattern of their names. */
  readonly functions: string;
  /** Why nothing calls them any more, or nobody misses what they do. */
  readonly why: string;
  /** They are called, and do nothing then; they have no result. */
  readonly silent?: boolean;
}

/** What a sealed module is made of. */
export interface SealInput {
  /** The module as the compiler made it, with names, not optimized. */
  readonly module: Uint8Array;
  /** Its memory where the image begins; its length is what the image needs. */
  readonly memory: Uint8Array;
  /** Exports to keep. */
  readonly exports: readonly string[];
  /** Functions to cut out, by name, and why; see seal.json. Empty: nothing is cut out. */
  readonly cut: readonly Cut[];
  /** Names of the functions to keep; without it all that may be called. */
  readonly only?: ReadonlySet<string>;
  /** Indices in the function table that nothing calls any more. */
  readonly idle: readonly number[];
  /** Whether functions are put into each other; when not, a trace names each. */
  readonly optimize: boolean;
  /** A folder for what is made on the way. */
  readonly scratch: string;
}

/** The features that the baseline may use; all engines have them. */
const FEATURES = [
  ...["--mvp-features", "--enable-bulk-memory", "--enable-bulk-memory-opt", "--enable-sign-ext"],
  ...["--enable-mutable-globals", "--enable-nontrapping-float-to-int"],
];

/**
 * How it is optimized. Constants that are added to an address go into the access: no record of the core lies across the end
 * of the address space, which is all that the last option asks for.
 */
const OPTIMIZE = ["--closed-world", "-O3", "--low-memory-unused"];

/** Zeroes between two stretches of data that cost more as data than a stretch of its own. */
const GAP = 12;

/**
 * Makes the module of an image: what only led to where it begins is cut out (a call of it traps, or does nothing where nobody
 * misses that), and the memory is its data.
 */
export async function seal(input: SealInput): Promise<Uint8Array> {
  const cut = path.join(input.scratch, "cut.wasm");
  const out = path.join(input.scratch, "optimized.wasm");
  await writeFile(cut, cutOut(input));
  const wasmOpt = path.join(root, "node_modules/binaryen/bin/wasm-opt");
  if (!input.optimize) return withMemory(await readFile(cut), input.memory);
  await promisify(execFile)(process.execPath, [wasmOpt, cut, ...FEATURES, ...OPTIMIZE, "-g", "-o", out]);
  return withMemory(await readFile(out), input.memory);
}

function cutOut({ module, exports, cut, only, idle }: SealInput): Uint8Array {
  // The names tell the parts of an image apart.
  binaryen.setDebugInfo(true);
  const m = binaryen.readBinary(module);
  try {
    const patterns = cut.map(({ functions, silent }) => ({ pattern: new RegExp(functions), silent }));
    // All are listed first: what is replaced moves to the end.
    const functions = Array.from({ length: m.getNumFunctions() }, (_, i) =>
      binaryen.getFunctionInfo(m.getFunctionByIndex(i)),
    );
    for (const { name, module: imported, params, results } of functions) {
      const match = patterns.find(({ pattern }) => pattern.test(name));
      if (imported || (only?.has(name) !== false && !match)) continue;
      m.removeFunction(name);
      m.addFunction(name, params, results, [], match?.silent ? m.nop() : m.unreachable());
    }
    const gone = "sealed";
    m.addFunction(gone, binaryen.none, binaryen.none, [], m.unreachable());
    const unused = new Set(idle);
    for (let i = m.getNumElementSegments() - 1; i >= 0; i--) {
      const { name, table, data, offset } = elementSegment(m, i);
      m.removeElementSegment(name);
      const kept = data.map((f, k) => (unused.has(offset + k) ? gone : f));
      m.addActiveElementSegment(table, name, kept, m.i32.const(offset));
    }
    for (let i = m.getNumExports() - 1; i >= 0; i--) {
      const { name } = binaryen.getExportInfo(m.getExportByIndex(i));
      if (!exports.includes(name)) m.removeExport(name);
    }
    return m.emitBinary();
  } finally {
    m.dispose();
  }
}

/** What the declarations of binaryen leave out. */
const { setBody } = (binaryen as unknown as { Function: { setBody(this: void, f: number, body: number): void } })
  .Function;

/** A module that notes which functions are called, in a byte each behind its memory. */
export interface WatchedModule {
  readonly wasm: Uint8Array;
  /** Where the byte of the first function lies. */
  readonly marks: number;
  /** The functions, in the order of their bytes. */
  readonly names: readonly string[];
}

/** Makes a sealed module that was not optimized note its calls. */
export function watch(module: Uint8Array, memory: Uint8Array): WatchedModule {
  binaryen.setDebugInfo(true);
  const m = binaryen.readBinary(module);
  try {
    const marks = memory.length;
    const names: string[] = [];
    for (let i = 0; i < m.getNumFunctions(); i++) {
      const f = m.getFunctionByIndex(i);
      const { name, module: imported, results, body } = binaryen.getFunctionInfo(f);
      if (imported) continue;
      const mark = m.i32.store8(marks + names.length, 1, m.i32.const(0), m.i32.const(1));
      setBody(f, m.block(null, [mark, body], results));
      names.push(name);
    }
    const larger = new Uint8Array(memory.length + names.length);
    larger.set(memory);
    return { wasm: withMemory(m.emitBinary(), larger), marks, names };
  } finally {
    m.dispose();
  }
}

function elementSegment(m: binaryen.Module, i: number) {
  const { name, table, data, offset } = binaryen.getElementSegmentInfo(m.getElementSegmentByIndex(i));
  return { name, table, data, offset: (binaryen.getExpressionInfo(offset) as binaryen.ConstInfo).value as number };
}

/** Puts a memory in place of the one a module has. */
function withMemory(module: Uint8Array, memory: Uint8Array): Uint8Array {
  const pages = Math.ceil(memory.length / PAGE);
  const { head, sections } = sectionsOf(module);
  const parts = [head];
  let hasData = false;
  const data = () => {
    if (!hasData) parts.push(sectionBytes(SECTION.data, dataSection(memory)));
    hasData = true;
  };
  for (const { id, content } of sections) {
    // Custom sections may stand behind the data.
    if (id === SECTION.memory) parts.push(sectionBytes(id, memoryOf(pages)));
    else if (id === SECTION.data) data();
    else if (id !== SECTION.dataCount) parts.push(sectionBytes(id, content));
  }
  data();
  return Buffer.concat(parts);
}

/** A module without its custom sections, such as names. */
export function strip(module: Uint8Array): Uint8Array {
  const { head, sections } = sectionsOf(module);
  return Buffer.concat([head, ...sections.filter((s) => s.id !== 0).map((s) => s.whole)]);
}

/** Stretches of a memory that are not zero, as the data of a sealed module has them. */
export function stretches(memory: Uint8Array): DataSegment[] {
  return stretchesOf(memory, GAP);
}

function dataSection(memory: Uint8Array): number[] {
  const list = stretches(memory);
  const out = leb(list.length);
  for (const { address, bytes } of list) {
    out.push(0, 0x41, ...signedLeb(address), 0x0b, ...leb(bytes.length), ...bytes);
  }
  return out;
}
