// Makes the images that the engine's tests run, and what they come to in Node.
// node firmware/engine/tests/images.mjs FOLDER
//   FOLDER/traps, FOLDER/small, FOLDER/slack, FOLDER/numbers, FOLDER/whole, FOLDER/frozen: core.wasm, core.c, core.h, interpreter.h; cases.txt with a line for each
//   call: now, work, then a number or the name of a trap; calls.txt with what the imports are asked;
//   mutants.txt with damaged forms of core.wasm; script.txt, of FOLDER/frozen, with what its host does
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BOARD, ELEMENTS, LINE, script } from "./frozen.mjs";
import { numbers } from "./numbers.mjs";
import { fakeHost } from "./host.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "../../..");
const tool = (name) => path.join(root, "node_modules/wabt/bin", name);

/** Of the tool, what makes an image of a module. */
async function makers(folder) {
  const outfile = path.join(folder, "makers.mjs");
  const contents = `export { compileToC } from "./aot.ts"; export { freezeLine } from "./freeze.ts"; export { strip } from "./seal.ts"; export { withPages } from "./wasm.ts"; export { interpreterHeader, interpreterSizes } from "./interpreter.ts";`;
  const stdin = { contents, resolveDir: path.join(root, "firmware/tool"), loader: "ts" };
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  const external = ["assemblyscript", "binaryen"];
  const shape = { bundle: true, format: "esm", platform: "node", target: "node20", banner, external };
  await build({ stdin, ...shape, outfile, logLevel: "warning" });
  return import(outfile);
}

function assemble(text, folder) {
  const wat = path.join(folder, "core.wat");
  fs.writeFileSync(wat, text);
  execFileSync(process.execPath, [tool("wat2wasm"), wat, "-o", path.join(folder, "core.wasm")]);
  return fs.readFileSync(path.join(folder, "core.wasm"));
}

/** What ends a case: the table is what WebAssembly says, and Node must agree that there is a trap. */
const TRAP_CASES = [
  [0, 0, "any"],
  [1, 65532, 0],
  [1, 65533, "memory"],
  [1, -1, "memory"],
  [2, 65528, 0],
  [2, 65529, "memory"],
  [2, 16, 0x0807060504030201n],
  [3, 0, 1],
  [3, 1, "memory"],
  [4, -4, "memory"],
  [4, 8, 0x04030201],
  [5, 0, "unreachable"],
  [6, 0, "divide"],
  [6, -7, -14],
  [7, 0, "divide"],
  [7, 7, 2],
  [8, -1, "overflow"],
  [9, -1, 0],
  [9, 0, "divide"],
  [10, 0x7fc00000, "conversion"],
  [10, 0x4f000000, "overflow"],
  [10, 0xcf000000 | 0, -2147483648],
  [11, 0xbf800000 | 0, "overflow"],
  [11, 0xbf7fffff | 0, 0],
  [11, 0x5f800000, "overflow"],
  [12, 0, "indirect"],
  [12, 1, 42],
  [12, 2, "indirect"],
  [12, 3, 63],
  [12, 6, "indirect"],
  [12, -1, "indirect"],
  [13, 2, 2],
  [13, 3, "indirect"],
  [14, 0, "stack"],
  [15, 65528, 0],
  [15, 65529, "memory"],
  [15, -4, "memory"],
  [15, 60000, 0x0807060504030201n],
  [16, 65529, "memory"],
  [16, 12, 0x0403020100000000n],
  [17, 65529, "memory"],
  [17, 60000, -1],
  [18, 65536, 3],
  [18, 65537, "memory"],
  [19, 65521, "memory"],
  [19, -1, "memory"],
  [19, 65520, 0x0101010101010101n],
  [20, 1, -1],
  [20, 0, 1],
  [21, 0, "memory"],
  [22, 65520, 0],
  [22, 65521, "memory"],
  [22, -8, "memory"],
  [23, 65532, 0],
  [24, 2000, 5],
  [25, 8, "any"],
  [25, 9, "memory"],
  [25, 0, 0],
  [26, 0, "any"],
  [27, 0, 1],
  [29, 0, -2],
];

/** What memory below a page comes to, at 4096 bytes. */
const SMALL_CASES = [
  [1, 4092, 0],
  [1, 4093, "memory"],
  [28, 0, "memory"],
  [15, 4089, "memory"],
  [18, 4097, "memory"],
  [19, 4081, "memory"],
  [22, 4080, 0],
  [22, 4081, "memory"],
];

/** What begins in the memory and ends in 128 bytes of slack behind it is no trap. */
const SLACK_CASES = [
  [1, 65532, 0],
  [1, 65535, 0],
  [1, 65536, "memory"],
  [1, -1, "memory"],
  [2, 65535, 0],
  [3, 0, 1],
  [3, 1, "memory"],
  [4, -4, "memory"],
  [15, 65529, "memory"],
  [21, 0, "memory"],
  [22, 65535, 0],
  [22, 65536, "memory"],
  [23, 65532, 0],
  [28, 0, 0],
];

const asText = (value) => (typeof value === "string" ? value : BigInt.asIntN(64, BigInt(value)).toString());

/** Plays cases in Node; where one says a number, Node must say the same. */
function play(wasm, cases) {
  const module = new WebAssembly.Module(wasm);
  const calls = [];
  const lines = cases.map(([now, work, expected]) => {
    const host = fakeHost();
    const { exports } = new WebAssembly.Instance(module, host.imports);
    host.memory = exports.memory;
    let got;
    try {
      got = asText(exports.step(BigInt(now), work));
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      got = null;
    }
    const trap = typeof expected === "string" && !["any"].includes(expected);
    if (trap ? got !== null : got === null || (typeof expected !== "string" && got !== asText(expected))) {
      throw new Error(`case ${now} ${work}: Node says ${got}, expected is ${expected}`);
    }
    calls.push(...host.calls);
    return `${now} ${work} ${got ?? expected}`;
  });
  return { lines, calls };
}

/**
 * Makes one image.
 * @param play lines of cases.txt and of calls.txt: what the imports were asked in all of the cases
 */
function image(make, folder, wasm, { lines, calls }, { memory, slack } = {}) {
  const options = { wasm2c: tool("wasm2c"), memory, slack };
  const c = make.compileToC(wasm, options);
  fs.writeFileSync(path.join(folder, "core.wasm"), wasm);
  fs.writeFileSync(path.join(folder, "core.c"), c.c);
  fs.writeFileSync(path.join(folder, "core.h"), c.h);
  const sizes = make.interpreterSizes(wasm, { memory, word: 8 });
  fs.writeFileSync(path.join(folder, "interpreter.h"), make.interpreterHeader(sizes));
  fs.writeFileSync(path.join(folder, "cases.txt"), `${lines.join("\n")}\n`);
  fs.writeFileSync(
    path.join(folder, "mutants.txt"),
    `${mutants(wasm, wasm.length > 100_000 ? 200 : 4000).join("\n")}\n`,
  );
  fs.writeFileSync(path.join(folder, "calls.txt"), calls.map((line) => `${line}\n`).join(""));
}

/** What tests/whole.rs does with a whole core, done in Node; lines of what was called and asked. */
function launch(wasm) {
  const host = fakeHost();
  const { exports: core } = new WebAssembly.Instance(new WebAssembly.Module(wasm), host.imports);
  host.memory = core.memory;
  const said = (text) => host.calls.push(text);
  said(`init ${core.init(WHOLE_PAGES * 65536, 0)}`);
  const line = Buffer.from(WHOLE_LINE);
  const ptr = core.alloc(line.length);
  said(`alloc ${ptr}`);
  new Uint8Array(core.memory.buffer).set(line, ptr);
  said(`launch ${core.launch(ptr, line.length)}`);
  core.free(ptr);
  said(`set_state ${core.set_state(3)}`);
  let now = 0n;
  const run = () => {
    for (let i = 0; i < 20000; i++) {
      const wait = core.step(now, 1);
      said(`step ${now} ${wait}`);
      if (wait === -2n) return;
      if (wait > 0n) now += wait;
    }
  };
  run();
  said(`set_state ${core.set_state(0)}`);
  run();
  said(`dispose ${core.dispose()}`);
  return host.calls;
}

const WHOLE_PAGES = 32;
const WHOLE_LINE =
  "audiotestsrc num-buffers=20 ! audio/x-raw,rate=8000,channels=1 ! tee name=t t. ! queue ! fakesink sync=true t. ! identity ! fakesink";

/**
 * Damaged forms of a module, a line each: whether Node takes it, its length, then places and the bytes that stand there.
 * The same each time.
 */
function mutants(wasm, count) {
  let state = 20261122;
  const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const edges = [0, 1, 2, 0x0b, 0x10, 0x20, 0x40, 0x41, 0x7c, 0x7f, 0x80, 0xff];
  return Array.from({ length: count }, () => {
    const bytes = Uint8Array.from(wasm.subarray(0, random(10) ? wasm.length : random(wasm.length)));
    const places = Array.from({ length: 1 + random(3) }, () => {
      const at = 8 + random(bytes.length - 8);
      if (at < bytes.length) bytes[at] = random(2) ? edges[random(edges.length)] : random(256);
      return at;
    }).filter((at) => at < bytes.length);
    const changed = places.map((at) => `${at}:${bytes[at]}`);
    return [Number(WebAssembly.validate(bytes)), bytes.length, ...changed].join(" ");
  });
}

/** Makes all images. */
export async function images(folder) {
  const place = (name) => {
    const made = path.join(folder, name);
    fs.mkdirSync(made, { recursive: true });
    return made;
  };
  const make = await makers(place("."));
  const traps = assemble(fs.readFileSync(path.join(here, "traps.wat"), "utf8"), place("traps"));
  image(make, place("traps"), traps, play(traps, TRAP_CASES));
  const asLines = (cases) => cases.map(([now, work, expected]) => `${now} ${work} ${asText(expected)}`);
  image(make, place("small"), traps, { lines: asLines(SMALL_CASES), calls: [] }, { memory: 4096 });
  image(make, place("slack"), traps, { lines: asLines(SLACK_CASES), calls: [] }, { slack: 128 });
  const core = make.withPages(fs.readFileSync(path.join(root, "build/core.wasm")), WHOLE_PAGES);
  fs.writeFileSync(path.join(place("whole"), "line.txt"), WHOLE_LINE);
  image(make, place("whole"), core, { lines: [], calls: launch(core) });
  const frozen = await make.freezeLine(BOARD, LINE, place("frozen/made"), { engine: "aot", elements: ELEMENTS });
  fs.writeFileSync(path.join(place("frozen"), "script.txt"), `${script(frozen).join("\n")}\n`);
  image(make, place("frozen"), make.strip(frozen.wasm), { lines: [], calls: [] }, { memory: frozen.memory });
  const { text, cases } = numbers();
  const module = assemble(text, place("numbers"));
  image(make, place("numbers"), module, { lines: cases(module), calls: [] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await images(path.resolve(process.argv[2]));
