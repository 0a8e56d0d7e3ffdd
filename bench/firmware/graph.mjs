// What a graph costs on a Cortex-M4, in instructions and bytes, beside the same program in C; in QEMU, twice, to be sure.
// node bench/firmware/graph.mjs [--only VARIANT]
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { bootstrap } from "../../scripts/bootstrap.mjs";
import { compile, engine, folder, here, link, root, run, sizeOf, toolModule, wasm2c } from "./cortex.mjs";

const { values: options } = parseArgs({ options: { only: { type: "string" } } });

const CAPS = "audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved";
const ELEMENTS = [
  {
    name: "capture",
    pads: [{ name: "src", direction: "src", caps: CAPS }],
    properties: [
      { name: "is-live", type: "boolean", default: "true" },
      { name: "blocksize", type: "uint", default: 160 },
    ],
    block: { pad: "src", bytes: "blocksize" },
  },
  { name: "sink", pads: [{ name: "sink", direction: "sink", caps: "ANY" }], properties: [] },
];
const PACKETS = "rtppcmupay ssrc=1 seqnum-offset=1 timestamp-offset=1";
const LINES = {
  graph: `capture ! mulawenc ! ${PACKETS} ! sink`,
  hops: `capture ! mulawenc ! identity ! identity ! ${PACKETS} ! sink`,
};
const HOPS = 2;

/** Frames of 10 ms a second, and cycles that a Cortex-M4 takes for an instruction out of flash with some waiting. */
const FRAMES_A_SECOND = 100;
const CYCLES = 1.5;

/** Files of wasm3 that are compiled, as in firmware/engine/build.rs. */
const WASM3 = ["bind", "code", "compile", "core", "emit", "env", "exec", "function", "info", "module", "parse"];

/** How the core is made a program: objects to link, in the folder; whether what no trial has called is left out. */
const VARIANTS = {
  wasm3: { make: interpreted },
  "aot, checked": { make: (image) => translated(image, true) },
  "aot, unchecked": { make: (image) => translated(image, false) },
  "aot, checked, tight": { make: (image) => translated(image, true), tight: true },
  "aot, unchecked, tight": { make: (image) => translated(image, false), tight: true },
};

const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);

/** The credits that are open where an image begins, for graph-core.c. */
async function writeBoot(image) {
  const { readBootLog } = await import("../../tests/firmware/desk.mjs");
  const open = readBootLog(image.bootLog).filter((e) => e.kind === 2 && e.op === 18 && e.result === -2147483648);
  const rows = open.map((e) => `{${e.token}u, ${e.ptr}u, ${e.length}u}`);
  write(
    "boot.h",
    `#define RING ${image.ring}u\n#define BOOT_CREDITS {${rows.join(", ")}}\n#define BOOT_COUNT ${rows.length}u\n`,
  );
}

async function translated(image, checked) {
  const { SLACK, compileToC } = await toolModule("aot");
  const { c, h } = compileToC(image.wasm, { wasm2c, memory: image.memory, checked, slack: SLACK });
  write("core.c", c);
  write("core.h", h);
  const include = `-I${folder}`;
  return [
    compile("core.c", "core.o", ["-O2", "-w", include]),
    compile(path.join(engine, "aot.c"), "aot.o", ["-Os", include]),
    compile(path.join(here, "graph-core.c"), "graph-core.o", ["-O2", include]),
  ];
}

async function interpreted(image) {
  const { interpreterHeader, interpreterSizes } = await toolModule("interpreter");
  const { strip } = await toolModule("seal");
  const { wasm3Sources } = await import(path.join(root, "firmware/engine/wasm3.mjs"));
  const sources = wasm3Sources();
  const wasm = strip(image.wasm);
  write("module.h", `${wasm.join(",")}\n`);
  write("interpreter.h", interpreterHeader(interpreterSizes(wasm, { memory: image.memory })));
  const flags = ["-O2", "-w", "-DNDEBUG", `-I${folder}`, `-I${sources}`, "-include", "interpreter_config.h"];
  return [
    ...WASM3.map((name) => compile(path.join(sources, `m3_${name}.c`), `m3_${name}.o`, flags)),
    ...["interpreter", "arena"].map((name) => compile(path.join(engine, `${name}.c`), `${name}.o`, flags)),
    compile(path.join(here, "graph-core.c"), "graph-core.o", ["-O2", "-DG2G_INTERPRETED", `-I${folder}`]),
  ];
}

function native() {
  return [
    compile(path.join(here, "native.c"), "native.o", ["-O3"]),
    compile(path.join(here, "graph-native.c"), "graph-native.o", ["-O3"]),
  ];
}

const harness = () => compile(path.join(here, "graph.c"), "graph.o", ["-O2"]);

/** Links and runs a graph twice; its numbers, with bytes beyond those of the program without a graph. */
function measure(name, objects, none) {
  const program = `${name.replace(/\W+/g, "-")}.elf`;
  link([harness(), ...objects], program);
  const first = run(program);
  assert.deepEqual(run(program), first, `${name}: two runs differ`);
  const size = sizeOf(program);
  return {
    ...Object.fromEntries(first.map(([k, n]) => [k, Number(n)])),
    rom: size.rom - none.rom,
    ram: size.ram - none.ram,
  };
}

await bootstrap();
link([harness(), compile(path.join(here, "graph-none.c"), "graph-none.o", ["-O2"])], "none.elf");
const none = sizeOf("none.elf");
const results = { "C -O3": measure("C -O3", native(), none) };

const { freezeLine } = await toolModule("freeze");
const board = { name: "bench", cacheLine: 0, elements: [] };
const images = new Map();

/** The image of a line, made once. */
async function imageOf(name, tight = false) {
  const key = `${name}${tight ? "-tight" : ""}`;
  const options = { engine: "aot", elements: ELEMENTS, tight };
  if (!images.has(key)) images.set(key, await freezeLine(board, LINES[name], path.join(folder, key), options));
  return images.get(key);
}

const hops = {};
for (const [name, { make, tight }] of Object.entries(VARIANTS)) {
  if (options.only && options.only !== name) continue;
  for (const line of Object.keys(LINES)) {
    const image = await imageOf(line, tight);
    await writeBoot(image);
    const r = measure(`${name} ${line}`, await make(image), none);
    const plain = results["C -O3"];
    for (const k of ["packets", "bytes", "hash"]) {
      assert.equal(r[k], plain[k], `${name}, ${line}: ${k} differs from that of the C`);
    }
    if (line === "graph") results[name] = { ...r, memory: image.memory };
    else hops[name] = (r.sum - results[name].sum) / r.frames / HOPS;
  }
}

const mean = (r) => r.sum / r.frames;
const table = {};
for (const [name, r] of Object.entries(results)) {
  table[name] = {
    "a frame": Math.round(mean(r)),
    "of the C": Number((mean(r) / mean(results["C -O3"])).toFixed(2)),
    least: r.least,
    most: r.most,
    first: r.first,
    "a hop": name in hops ? Math.round(hops[name]) : "",
    rom: r.rom,
    ram: r.ram,
    stack: r.stack,
    "linear memory": r.memory ?? "",
  };
}
console.log(LINES.graph);
console.table(table);
const slow = results.wasm3;
if (slow) {
  const clock = mean(slow) * FRAMES_A_SECOND * CYCLES;
  console.log(`wasm3 keeps up from ${(clock / 1e6).toFixed(2)} MHz on, at ${CYCLES} cycles an instruction`);
}
