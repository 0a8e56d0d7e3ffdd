// Makes the programs that run specs on a board: for wasm3 one, for C made ahead of time one for each spec. They are kept under
// build/spec-board for what they are made from.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { root } from "./inputs.mjs";

const FOLDER = path.join(root, "build/spec-board");
const SPEC = path.join(root, "firmware/spec");
const ENGINE = path.join(root, "firmware/engine/c");
const TOOL = path.join(root, "build/tool/firmware.mjs");

/** Memory of the boards beside what board.json has, for the linear memory of specs. */
const LARGE = {
  "mps2-an386": { origin: 0x21000000, length: 16 << 20 },
  "mps2-an500": { origin: 0x60000000, length: 16 << 20 },
  "mps3-an547": { origin: 0x60000000, length: 64 << 20 },
};

export const ENGINES = ["wasm3", "aot"];

/** Boards that specs can run on. */
export const BOARDS = Object.keys(LARGE);

/** Files that run on boards unless all are asked for: of each folder, and soon done in wasm3. */
export const CHOSEN = [
  "audio/__tests__/biquad",
  "audio/__tests__/sample",
  "base/__tests__/bits",
  "base/__tests__/pool",
  "base/__tests__/reader",
  "base/__tests__/writer",
  "caps/__tests__/caps",
  "codecs/g711/__tests__/g711",
  "containers/isobmff/__tests__/edits",
  "containers/isobmff/__tests__/muxer",
  "containers/mpegts/__tests__/misc",
  "core/__tests__/block",
  "core/__tests__/frame",
  "core/__tests__/segment",
  "elements/__tests__/generic",
  "graph/__tests__/negotiate",
  "launch/__tests__/lexer",
  "protocols/rtp/__tests__/streams",
  "video/__tests__/format",
  "video/__tests__/pack",
];

/** MiB of linear memory that files come to need, where that is more than some board has. */
const NEEDS = {
  "containers/mpegts/__tests__/demuxer": 21,
  "containers/mpegts/__tests__/hostile": 18,
  "containers/mpegts/__tests__/muxer": 21,
};

/** Bytes of LARGE that are left for wasm3, and bytes of stack; unoptimized code takes much of it. */
const REST = 4 << 20;
const stackOf = (board) => Math.min(1 << 20, board.ram.length / 2);

/** Bytes that linear memory may grow to. */
const memoryOf = (name) => LARGE[name].length - REST;

/** Why a file does not fit a board; null when it does. */
export function tooLarge(file, board) {
  const need = Object.entries(NEEDS).find(([name]) => file.includes(name))?.[1] ?? 0;
  const has = memoryOf(board) >> 20;
  return need > has ? `needs ${need} MiB of memory, of which ${board} has ${has}` : null;
}

/** What the exports `spec_call` knows are, in its order. */
const EXPORTS = ["_start", "__call"];

/** The C of the core is compiled as in firmware/engine/build.rs. */
const FLAGS = [
  "-std=gnu11",
  "-DNDEBUG",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-strict-aliasing",
  "-fwrapv",
  "-ffunction-sections",
  "-fdata-sections",
  "-funwind-tables",
];
const STRICT = ["-Wall", "-Wextra", "-Wno-type-limits"];

const has = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

/** Why specs cannot run on a board here; null when they can. */
export function missing() {
  if (process.platform === "win32") return "there are no named pipes that QEMU and Node share";
  for (const program of ["arm-none-eabi-gcc", "qemu-system-arm"]) {
    if (!has(program)) return `there is no ${program} (scripts/apt.sh)`;
  }
  if (!fs.existsSync(TOOL)) return "there is no build/tool (npm run build)";
  return null;
}

const files = (folder, names) => names.map((name) => path.join(folder, name));

function gcc(folder, args) {
  execFileSync("arm-none-eabi-gcc", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
}

function linkerScript(board) {
  const { flash, ram } = board;
  const row = (name, { origin, length }) => `  ${name} : ORIGIN = ${origin}, LENGTH = ${length}\n`;
  const regions = [
    row("FLASH", flash),
    row("STACK", { origin: ram.origin, length: stackOf(board) }),
    row("RAM", { origin: ram.origin + stackOf(board), length: ram.length - stackOf(board) }),
    row("LARGE", LARGE[board.name]),
  ];
  return `MEMORY {\n${regions.join("")}}\nINCLUDE sections.ld\n`;
}

const C_TYPES = { i32: "uint32_t", i64: "uint64_t", f32: "float", f64: "double" };

/** C that hands the imports of a module to `spec_ask`, and its declarations. */
function importsInC(imports) {
  const heads = imports.map(({ params, results }, i) => {
    const list = params.map((type, k) => `${C_TYPES[type]} p${k}`).join(", ");
    return `${results.length ? C_TYPES[results[0]] : "void"} g2g_import_i${i}(${list || "void"})`;
  });
  const bodies = imports.map(({ params, results }, i) => {
    const words = params.map((type, k) => `  memcpy(&args[${k}], &p${k}, sizeof p${k});`);
    const back = results.length
      ? [`  ${C_TYPES[results[0]]} r;`, "  memcpy(&r, &result, sizeof r);", "  return r;"]
      : [];
    const ask = `${back.length ? "uint64_t result = " : ""}spec_ask(${i}, args);`;
    const args = `  uint64_t args[${params.length + 1}] = {0};`;
    return [`${heads[i]} {`, args, ...words, `  ${ask}`, ...back, "}"].join("\n");
  });
  const h = ["#include <stdint.h>", ...heads.map((head) => `${head};`), ""].join("\n");
  const ask = "uint64_t spec_ask(uint32_t number, const uint64_t* args);";
  return { h, c: ["#include <string.h>", '#include "imports.h"', ask, ...bodies, ""].join("\n") };
}

/** Writes and compiles what runs a module as C. */
function compileAot(tool, folder, board, { renamed, imports, pages }) {
  const wasm2c = path.join(root, "node_modules/wabt/bin/wasm2c");
  const { c, h } = tool.compileToC(renamed, {
    wasm2c,
    memory: pages * 65536,
    most: memoryOf(board.name),
    exports: EXPORTS,
  });
  const made = { "core.c": c, "core.h": h };
  const glue = importsInC(imports);
  made["imports.c"] = glue.c;
  made["imports.h"] = glue.h;
  for (const [name, text] of Object.entries(made)) fs.writeFileSync(path.join(folder, name), text);
  const args = [...board.gcc, ...FLAGS, "-I.", `-I${ENGINE}`, `-I${SPEC}`];
  gcc(folder, [...args, "-O2", "-w", "-include", "imports.h", "-c", "core.c"]);
  gcc(folder, [...args, "-Os", ...STRICT, "-c", ...files(ENGINE, ["aot.c"]), "-o", "enter.o"]);
  gcc(folder, [...args, "-Os", ...STRICT, "-c", "imports.c", ...files(SPEC, ["aot.c", "board.c"])]);
  return ["core.o", "enter.o", "imports.o", "aot.o", "board.o", "-Wl,--wrap=g2g_trap,--wrap=g2g_trap_memory", "-lm"];
}

/** Compiles wasm3 and what runs a module in it. */
async function compileWasm3(folder, board) {
  const { wasm3Sources } = await import("../../firmware/engine/wasm3.mjs");
  const sources = wasm3Sources();
  fs.writeFileSync(path.join(folder, "interpreter.h"), `#define G2G_SIZE ${memoryOf(board.name)}u\n`);
  const args = [...board.gcc, ...FLAGS, "-I.", `-I${ENGINE}`, `-I${SPEC}`, `-I${sources}`];
  const config = ["-include", "interpreter_config.h", "-Dd_m3RecordBacktraces=1"];
  const parts = ["bind", "code", "compile", "core", "emit", "env", "exec", "function", "info", "module", "parse"];
  const theirs = parts.map((name) => `m3_${name}`);
  const c = theirs.map((name) => path.join(sources, `${name}.c`));
  gcc(folder, [...args, ...config, "-O2", "-w", "-c", ...c]);
  gcc(folder, [...args, ...config, "-Os", "-w", "-c", path.join(SPEC, "wasm3.c")]);
  gcc(folder, [...args, "-Os", ...STRICT, "-c", path.join(SPEC, "board.c")]);
  return [...theirs, "wasm3", "board"].map((name) => `${name}.o`).concat("-lm");
}

/** Functions of an image by address: those of the module, under the names that it has for them. */
function namesOf(folder) {
  const text = execFileSync("arm-none-eabi-nm", ["-n", "--defined-only", "image.elf"], {
    cwd: folder,
    encoding: "utf8",
  });
  const symbols = [];
  for (const line of text.split("\n")) {
    const m = /^([0-9a-f]+) [tT] (\w[\w.]*)$/.exec(line);
    if (m) symbols.push([parseInt(m[1], 16), m[2]]);
  }
  return symbols;
}

function keyOf(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}\0`).update(part);
  return hash.digest("hex").slice(0, 16);
}

/** The sources that an image is made from besides the module. */
function ground(board, engine) {
  const sources = [SPEC, ENGINE].flatMap((folder) => files(folder, fs.readdirSync(folder).sort()));
  const ours = [path.join(root, "scripts/lib/spec-image.mjs"), ...(engine === "aot" ? [TOOL] : [])];
  const version = execFileSync("arm-none-eabi-gcc", ["--version"]);
  return [JSON.stringify(board), version, ...[...sources, ...ours].map((file) => fs.readFileSync(file))];
}

/** Time is instructions: 1 ns each. The channel is QEMU's own input and output, by semihosting. */
const QEMU = ["-serial", "none", "-icount", "shift=0,align=off,sleep=off"];

/** Makes an image in a folder that becomes `folder` when all went well; those of other sources go away. */
async function make(tool, folder, board, engine, module) {
  const base = path.dirname(folder);
  fs.mkdirSync(base, { recursive: true });
  const making = fs.mkdtempSync(path.join(base, "making-"));
  try {
    const parts = engine === "aot" ? compileAot(tool, making, board, module) : await compileWasm3(making, board);
    fs.writeFileSync(path.join(making, "image.ld"), linkerScript(board));
    const libraries = ["-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"];
    const script = [`-L${SPEC}`, "-Timage.ld", "-Wl,--gc-sections,--nmagic"];
    gcc(making, [...board.gcc, ...libraries, ...script, ...parts, "-o", "image.elf"]);
    for (const old of fs.readdirSync(base)) {
      if (old !== path.basename(folder) && !old.startsWith("making-"))
        fs.rmSync(path.join(base, old), { recursive: true });
    }
    // Another process may have been faster, with the same.
    if (!fs.existsSync(folder)) fs.renameSync(making, folder);
  } finally {
    fs.rmSync(making, { recursive: true, force: true });
  }
}

/**
 * The image that runs a module.
 * @param boardName one of BOARDS
 * @param engine one of ENGINES
 * @param name what the module is called, for the folder
 * @param module what `readSpec` gives, and the pages that its memory begins with
 * @returns the arguments for QEMU, the clock in Hz, and the symbols of functions by address
 */
export async function imageOf(boardName, engine, name, module) {
  const tool = await import(TOOL);
  const board = tool.loadBoard(boardName);
  const label = engine === "aot" ? name.replaceAll("/", "-") : "all";
  const key = keyOf(...ground(board, engine), engine === "aot" ? module.renamed : "");
  const folder = path.join(FOLDER, `${boardName}-${engine}-${label}`, key);
  if (!fs.existsSync(folder)) await make(tool, folder, board, engine, module);
  const args = tool.qemuArgs(board, path.join(folder, "image.elf"), [], [...QEMU, "-nic", "none"]);
  return { args, clock: board.clock, symbols: engine === "aot" ? namesOf(folder) : [] };
}
