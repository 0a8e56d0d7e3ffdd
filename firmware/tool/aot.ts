/**
 * A core as C for one board: what wasm2c makes of it, rewritten for a memory whose place and size are known when it is
 * compiled. The macros that the code is made of stand in firmware/engine/c/aot.h.
 *
 * wasm2c writes one operation a line, which is why rewriting by lines is enough; a line that is not known here is refused.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { hoistChecks } from "./aot-checks.js";
import { recursive } from "./aot-calls.js";
import { DataSegment, ModuleError, PAGE, leb, memoryBytes, readModule, startOf, stretchesOf } from "./wasm.js";

/** The slack of images: nearly all records are shorter, so that all fields of one share a check. */
export const SLACK = 128;

/** How a core becomes C. */
export interface AotOptions {
  /** wasm2c of wabt, a program for Node. */
  wasm2c: string;
  /** Bytes of linear memory, a multiple of 16; the module's own by default. */
  memory?: number;
  /** Bytes that the memory may grow to, a multiple of 65536 as `memory` is then too. Without, it never grows. */
  most?: number;
  /** Names of the exports that are called by number, with numbers of 32 bits. Those of a core by default. */
  exports?: readonly string[];
  /** Bytes that the memory's address is a multiple of: 32 where there is a data cache. 16 by default. */
  align?: number;
  /** Whether accesses to memory are checked. True by default; without, a fault of the core may write anywhere. */
  checked?: boolean;
  /**
   * Bytes behind the memory that an access may reach which begins in it: with some, a core is a tenth smaller, and an access
   * over the end of the memory is no trap. 0 by default.
   */
  slack?: number;
  /** Whether several accesses share a check. True by default. */
  hoist?: boolean;
}

/** C that a core was made into. */
export interface AotCode {
  c: string;
  h: string;
  /** Bytes of flash that hold what memory has at the start. */
  data: number;
  /** Functions that look at the stack, since they may call themselves. */
  recursive: string[];
}

/** A function of the generated C. */
export interface CFunction {
  name: string;
  result: string;
  /** `u32 var_p0, u64 var_p1`, or empty. */
  params: string;
  lines: string[];
}

const EXPORTS = ["init", "alloc", "free", "describe", "launch", "set_state", "query", "event", "dispose"];

/** A stretch costs two numbers of a byte or two, so shorter runs of zeros are stored. */
const GAP = 2;

const HEAD = /^(void|[usf]\d+) (w2c_core_\w+)\(w2c_core\* instance(?:, )?(.*)\) \{$/;
const LOAD =
  /^(\s*)(var_\w+) = ([if]\d+_load\w*)_default32\(&instance->w2c_\w+, \(u64\)\((var_\w+)\)(?: \+ (\d+)u?)?\);$/;
const STORE =
  /^(\s*)([if]\d+_store\w*)_default32\(&instance->w2c_\w+, \(u64\)\((var_\w+)\)(?: \+ (\d+)u?)?, (var_\w+)\);$/;
const INDIRECT =
  /CALL_INDIRECT\(instance->w2c_\w+, (\w+) \(\*\)\(void\*(?:, )?([^)]*)\), (w2c_core_t\d+), (var_\w+), instance->w2c_\w+\.data\[var_\w+\]\.module_instance(?:, )?(.*)\)/;

/** Bytes that an access of WebAssembly touches. */
export function widthOf(operation: string): number {
  const narrow = /(?:load|store)(8|16|32)/.exec(operation);
  return narrow ? Number(narrow[1]) / 8 : Number(/^[if](32|64)/.exec(operation)![1]) / 8;
}

/** Runs wasm2c on a module. */
function translate(wasm2c: string, wasm: Uint8Array): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "g2g-aot-"));
  try {
    const module = path.join(folder, "core.wasm");
    const out = path.join(folder, "core.c");
    fs.writeFileSync(module, wasm);
    execFileSync(process.execPath, [wasm2c, module, "-n", "core", "-o", out], { stdio: ["ignore", "pipe", "pipe"] });
    // Long heads of functions are wrapped.
    return fs.readFileSync(out, "utf8").replace(/, \n {4}(?=[uf]\d+ var_p)/g, ", ");
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Signatures by the names that wasm2c has for them; equal ones have one number, from 1. */
function typesOf(lines: string[]): Map<string, number> {
  const types = new Map<string, number>();
  const numbers = new Map<string, number>();
  for (const line of lines) {
    const m = /^FUNC_TYPE_T\((w2c_core_t\d+)\) = (".*");$/.exec(line);
    if (!m) continue;
    if (!numbers.has(m[2])) numbers.set(m[2], numbers.size + 1);
    types.set(m[1], numbers.get(m[2])!);
  }
  return types;
}

/** A place of the table of functions. */
interface TableEntry {
  name: string;
  type: string;
}

function tableOf(lines: string[]): (TableEntry | null)[] {
  const segments = new Map<string, (TableEntry | null)[]>();
  let current: (TableEntry | null)[] | null = null;
  let table: (TableEntry | null)[] = [];
  for (const line of lines) {
    const begin = /wasm_elem_segment_expr_t (\w+)\[\] = \{$/.exec(line);
    if (begin) segments.set(begin[1], (current = []));
    else if (current && line === "};") current = null;
    else if (current) {
      const entry = /^\s*\{RefFunc, (\w+), \(wasm_rt_function_ptr_t\)(?:wrap_)?(\w+), /.exec(line);
      if (!entry && !/\{RefNull/.test(line)) throw new ModuleError(`a table entry that is not known: ${line}`);
      current.push(entry && { type: entry[1], name: entry[2] });
    }
    const size = /wasm_rt_allocate_funcref_table\(&\S+, (\d+), \d+\)/.exec(line);
    if (size) table = Array.from({ length: Number(size[1]) }, () => null);
    const init = /^\s*funcref_table_init\(&\S+, (\w+), \d+, (\d+)u, (\d+), (\d+), instance\);$/.exec(line);
    if (init) {
      const [to, from, count] = init.slice(2).map(Number);
      const source = segments.get(init[1]) ?? [];
      if (to + count > table.length) throw new ModuleError("the table is too small for what is put into it");
      for (let i = 0; i < count; i++) table[to + i] = source[from + i];
    }
  }
  return table;
}

/** Splits what wasm2c wrote into its functions, without the wrappers of exports and what serves instances. */
function functionsOf(lines: string[]): CFunction[] {
  const functions: CFunction[] = [];
  for (let i = 0; i < lines.length; i++) {
    const m = HEAD.exec(lines[i]);
    if (!m) continue;
    const end = lines.indexOf("}", i);
    const exported = lines[i - 1].startsWith("/* export:");
    if (!exported) functions.push({ name: m[2], result: m[1], params: m[3], lines: lines.slice(i + 1, end) });
    i = end;
  }
  return functions;
}

/** Names of functions by the names that they are exported under. */
function exportsOf(lines: string[]): Map<string, string> {
  const exported = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const name = /^\/\* export: '(.*)' \*\/$/.exec(lines[i]);
    if (!name) continue;
    const end = lines.indexOf("}", i);
    for (const line of lines.slice(i, end)) {
      const call = /^\s*(?:\w+ ret = |return )?(w2c_core_\w+)\(instance/.exec(line);
      if (call && !HEAD.test(line)) exported.set(name[1], call[1]);
    }
  }
  return exported;
}

/** The body of one function of what wasm2c wrote. */
function bodyOf(lines: string[], start: string): string[] {
  const at = lines.findIndex((line) => line.startsWith(start));
  return at < 0 ? [] : lines.slice(at + 1, lines.indexOf("}", at));
}

/**
 * Whether a function has a loop over memory that calls nothing: there the most of the time goes, so it is compiled for
 * speed, and all else for size.
 */
function isHot(lines: string[]): boolean {
  return lines.some((line, begin) => {
    const label = /^\s*(var_L\d+):/.exec(line);
    if (!label) return false;
    const back = new RegExp(`\\bgoto ${label[1]};`);
    const end = lines.reduce((last, each, i) => (back.test(each) ? i : last), begin);
    const loop = lines.slice(begin + 1, end);
    const calls = loop.some((each) => /\bw2c_core_\w+\(|g2g_import_|CALL_INDIRECT|\bvar_L\d+:/.test(each));
    return !calls && loop.some((each) => /_(load|store)/.test(each));
  });
}

/** Lines that take no part: instances, bases in segment registers, the count of calls. */
function isIdle(line: string): boolean {
  return /^#|wasm_rt_segue|^\s*FUNC_(PROLOGUE|EPILOGUE);$/.test(line);
}

/** One line of a function in the terms of aot.h; loads and stores get their checks in front. */
function rewrite(line: string, types: Map<string, number>, grows: boolean): string[] {
  const load = LOAD.exec(line);
  if (load) {
    const [, indent, to, operation, address, offset = "0"] = load;
    const check = `${indent}CHECK(${address}, ${offset}u, ${widthOf(operation)});`;
    return [check, `${indent}${to} = ${operation}(${address}, ${offset}u);`];
  }
  const store = STORE.exec(line);
  if (store) {
    const [, indent, operation, address, offset = "0", value] = store;
    const check = `${indent}CHECK(${address}, ${offset}u, ${widthOf(operation)});`;
    return [check, `${indent}${operation}(${address}, ${offset}u, ${value});`];
  }
  const text = line
    .replace(INDIRECT, (_, result: string, params: string, type: string, index: string, args: string) => {
      const number = types.get(type);
      if (!number) throw new ModuleError(`a type that is not known: ${type}`);
      return `CALL_INDIRECT(${number}, ${result} (*)(${params || "void"}), ${index}${args ? `, ${args}` : ", "})`;
    })
    .replace(/\bw2c_g2g_(\w+)\(instance->w2c_g2g_instance(?:, )?/g, "g2g_import_$1(")
    .replace(/\b(w2c_core_\w+)\(instance(?:, )?/g, "$1(")
    .replace(/memory_copy\(&instance->\w+, &instance->\w+, /g, "memory_copy(")
    .replace(/memory_fill\(&instance->\w+, /g, "memory_fill(")
    // Most memories are as large as they may be.
    .replace(/wasm_rt_grow_memory\(&instance->\w+, (\w+)\)/g, grows ? "g2g_grow($1)" : "($1 ? 0xffffffffu : G2G_PAGES)")
    .replace(/instance->\w+\.pages/g, "G2G_PAGES")
    .replace(/instance->w2c_g(\d+)/g, "g2g_global_$1");
  if (/\binstance\b|w2c_T|_unchecked|wasm_rt_/.test(text))
    throw new ModuleError(`an operation that firmware has not: ${line.trim()}`);
  return [text];
}

/** Declarations of globals, and statements that give those that change their first values. */
function globalsOf(lines: string[], functions: CFunction[]): { declarations: string[]; start: string[] } {
  const written = new Set<string>();
  for (const f of functions) {
    for (const line of f.lines) for (const m of line.matchAll(/(g2g_global_\d+) = /g)) written.add(m[1]);
  }
  const declarations: string[] = [];
  const start: string[] = [];
  for (const line of bodyOf(lines, "static void init_globals(")) {
    const m = /^\s*instance->w2c_g(\d+) = (.*);$/.exec(line);
    if (!m || /instance/.test(m[2])) throw new ModuleError(`a global that firmware has not: ${line.trim()}`);
    const name = `g2g_global_${m[1]}`;
    const type = /^[0-9]+u$/.test(m[2]) ? "u32" : /^[0-9]+ull$/.test(m[2]) ? "u64" : "f64";
    if (written.has(name)) {
      declarations.push(`static ${type} ${name};`);
      start.push(`  ${name} = ${m[2]};`);
    } else declarations.push(`#define ${name} ((${type})${m[2]})`);
  }
  return { declarations, start };
}

/** What memory holds at the start, as firmware/engine/c/entry.h says. */
function packed(stretches: DataSegment[]): Uint8Array {
  let at = 0;
  const bytes: number[] = [];
  for (const s of stretches) {
    bytes.push(...leb(s.address - at), ...leb(s.bytes.length), ...s.bytes);
    at = s.address + s.bytes.length;
  }
  return Uint8Array.from([...bytes, 0, 0]);
}

function bytesOf(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 24) lines.push(`  ${[...bytes.subarray(i, i + 24)].join(", ")},`);
  return lines;
}

/** The calls of exports that take and give 32 bits, by number. */
function callsOf(names: readonly string[], exported: Map<string, string>, functions: CFunction[]): string[] {
  const lines = ["u32 g2g_core_call(u32 function, const u32* args) {", "  (void)args;", "  switch (function) {"];
  names.forEach((name, number) => {
    const f = functions.find((each) => each.name === exported.get(name));
    if (!f) return;
    const params = f.params ? f.params.split(", ") : [];
    if (params.some((p) => !p.startsWith("u32 ")) || !/^(void|u32)$/.test(f.result)) {
      throw new ModuleError(`the export ${name} has other parameters than a core's`);
    }
    const call = `${f.name}(${params.map((_, i) => `args[${i}]`).join(", ")})`;
    lines.push(
      `    case ${number}:`,
      f.result === "void" ? `      ${call};` : `      return ${call};`,
      `      return 0;`,
    );
  });
  return [...lines, "  }", "  g2g_trap(G2G_TRAP_MISSING);", "}"];
}

/**
 * Makes C of a core.
 * @throws ModuleError when the core has what firmware cannot run
 */
export function compileToC(wasm: Uint8Array, options: AotOptions): AotCode {
  const parts = readModule(wasm);
  const memory = options.memory ?? memoryBytes(parts);
  const { align = 16, slack = 0, most = memory, exports = EXPORTS } = options;
  const grows = options.most !== undefined;
  const odd = grows && (memory % PAGE || most % PAGE || most < memory);
  if (!memory || odd || memory % 16 || most > 0xfffffff0) throw new ModuleError(`memory of ${memory} to ${most} bytes`);
  const data = packed(stretchesOf(startOf(parts.data, memory), GAP));
  const lines = translate(options.wasm2c, wasm).split("\n");
  const types = typesOf(lines);
  const table = tableOf(lines);
  const functions = functionsOf(lines);
  const exported = exportsOf(lines);
  for (const f of functions) {
    f.lines = f.lines.filter((line) => !isIdle(line)).flatMap((line) => rewrite(line, types, grows));
    if (options.hoist ?? true) f.lines = hoistChecks(f.lines);
  }
  const cycles = recursive(functions, table, types);
  const { declarations, start } = globalsOf(lines, functions);
  const run = bodyOf(lines, "void wasm2c_core_instantiate(").flatMap(
    (line) => /^\s*(w2c_core_\w+)\(instance\);$/.exec(line) ?? [],
  );
  const step = functions.find((f) => f.name === exported.get("step"));
  if (step && (step.result !== "u64" || !/^u64 \w+, u32 \w+$/.test(step.params))) {
    throw new ModuleError("the export step has other parameters than a core's");
  }
  const bits = exports.reduce((sum, name, i) => sum | (exported.has(name) ? 1 << i : 0), 0);

  const h = [
    "/* Made of a core by firmware/tool/aot.ts. */",
    "#ifndef G2G_CORE_H",
    "#define G2G_CORE_H",
    ...(grows
      ? [
          "extern __UINT32_TYPE__ g2g_core_size;",
          "#define G2G_SIZE g2g_core_size",
          "#define G2G_PAGES (G2G_SIZE / 65536)",
        ]
      : [`#define G2G_SIZE ${memory}u`, `#define G2G_PAGES ${Math.ceil(memory / PAGE)}u`]),
    `#define G2G_ROOM ${most}u`,
    `#define G2G_ALIGN ${align}`,
    `#define G2G_CHECKED ${(options.checked ?? true) ? 1 : 0}`,
    `#define G2G_SLACK ${slack}u`,
    `#define G2G_TABLE ${table.length}u`,
    "#endif",
    "",
  ];
  const signature = (f: CFunction) => `static ${f.result} ${f.name}(${f.params || "void"})`;
  const c = [
    "/* Made of a core by firmware/tool/aot.ts. */",
    '#include "core.h"',
    '#include "aot.h"',
    '#include "entry.h"',
    "",
    "u8 G2G_MEMORY[G2G_ROOM + G2G_SLACK] __attribute__((aligned(G2G_ALIGN)));",
    "const u32 g2g_core_memory = G2G_ROOM;",
    "const u32 g2g_core_room = G2G_ROOM + G2G_SLACK;",
    ...(grows ? [`u32 g2g_core_size = ${memory}u;`] : []),
    "const u32 g2g_core_checked = G2G_CHECKED;",
    `const u32 g2g_core_exports = ${bits}u;`,
    `const u8 g2g_core_data[${data.length}] = {`,
    ...bytesOf(data),
    "};",
    "",
    ...declarations,
    ...functions.map((f) => `${signature(f)};`),
    "",
    "static const g2g_function g2g_table[G2G_TABLE + 1] = {",
    ...table.map((e) => `  ${e ? `(g2g_function)${e.name}` : "0"},`),
    "};",
    "static const u8 g2g_types[G2G_TABLE + 1] = {",
    ...table.map((e) => `  ${e ? types.get(e.type) : 0},`),
    "};",
    "",
    ...functions.flatMap((f) => [
      `${isHot(f.lines) ? "" : "G2G_COLD "}${signature(f)} {`,
      ...(cycles.has(f.name) ? ["  G2G_RECURSIVE"] : []),
      "  G2G_FUNCTION",
      ...f.lines,
      "}",
      "",
    ]),
    "void g2g_core_start(void) {",
    ...(grows ? [`  g2g_core_size = ${memory}u;`] : []),
    ...start,
    ...run.filter((_, i) => i % 2).map((name) => `  ${name}();`),
    "}",
    "",
    "u64 g2g_core_step(u64 now, u32 work) {",
    step ? `  return ${step.name}(now, work);` : "  (void)now, (void)work, g2g_trap(G2G_TRAP_MISSING);",
    "}",
    "",
    ...callsOf(exports, exported, functions),
    "",
  ];
  if (types.size > 255) throw new ModuleError("more signatures than a table entry can tell apart");
  return { c: c.join("\n"), h: h.join("\n"), data: data.length, recursive: [...cycles] };
}
