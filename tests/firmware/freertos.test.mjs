// The firmware core in programs in C: the example of firmware/c under FreeRTOS in QEMU, and its header against the library.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { launch, within } from "../support/g2g.mjs";
import { boardText, folder, has, noGcc, noQemu, noRust, root, tool } from "./support.mjs";

const ENGINES = ["aot", "wasm3"];
const HEADER = path.join(root, "firmware/c/include/g2g.h");
const noCargo = noRust("thumbv7em-none-eabihf");
const skip = noQemu || noCargo;

/** Instructions take 32 ns, which is slower than the board, and time passes with them alone: each run is like the other. */
const CLOCK = ["-icount", "shift=5,sleep=off"];

/** The example for an engine; built once. */
const built = {};
async function example(engine) {
  const { buildExample } = await import("../../firmware/c/example/build.mjs");
  return (built[engine] ??= buildExample(engine));
}

function run({ board, elf }, more = CLOCK) {
  const args = tool.qemuArgs(board, elf, [], more);
  const { status, stdout } = spawnSync("qemu-system-arm", args, { encoding: "utf8", timeout: 60_000 });
  return { status, said: stdout };
}

/** CRC-32 of ISO 3309, as zlib has it. */
function crc32(parts) {
  let crc = -1;
  for (const byte of Buffer.concat(parts)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}

/** The same line in Node, with the same elements. */
async function atTheDesk(t) {
  const { LINE, tables } = await import("../../firmware/c/example/build.mjs");
  const [crcsink, i2ssrc] = tables();
  const parts = [];
  const create = {
    i2ssrc(context) {
      let frames = -1;
      let given = 0;
      return {
        property: (name, value) => void (name === "num-buffers" && (frames = Number(value))),
        configure: () => 160,
        credit() {
          while (given < frames) {
            const samples = Int16Array.from({ length: 80 }, (_, i) => Math.imul(given * 80 + i, 0x9e3779b1) >>> 16);
            const pts = BigInt(given) * 10_000_000n;
            if (!context.data(0, new Uint8Array(samples.buffer), { pts, duration: 10_000_000n })) return;
            given++;
          }
          context.end(0);
        },
      };
    },
    crcsink: () => ({
      frame(frame) {
        parts.push(Buffer.from(frame.copy()));
        frame.release();
      },
    }),
  };
  const elements = [i2ssrc, crcsink].map((table) => ({ table, create: create[table.name] }));
  const p = await launch(t, LINE, { elements });
  await within(p.play(), "the start");
  await within(p.done, "the end");
  return `frames ${parts.length} bytes ${Buffer.concat(parts).length} crc ${crc32(parts)} lost 0`;
}

for (const engine of ENGINES) {
  test(`a task of FreeRTOS runs a pipeline over C drivers as Node does (${engine})`, { skip }, async (t) => {
    const image = await example(engine);
    const { status, said } = run(image);
    assert.match(said, /^eos\r$/m);
    assert.ok(said.includes(await atTheDesk(t)), said);
    assert.equal(status, 0);
    // No stack was used up, and the pipeline's is what the library tells.
    const stacks = [...said.matchAll(/^task (\w+) priority \d stack (\d+) of (\d+)\r$/gm)];
    assert.deepEqual(
      stacks.map(([, name]) => name),
      ["pipeline", "sink", "monitor"],
    );
    for (const [row, , used, all] of stacks) assert.ok(Number(used) < Number(all) - 200, row);
    assert.equal(run(image).said, said);
  });

  test(`samples that come too fast are lost and counted, and the pipeline goes on (${engine})`, { skip }, async () => {
    // A processor of a million instructions a second.
    const { status, said } = run(await example(engine), ["-icount", "shift=10,sleep=off"]);
    const [, frames, lost] = /^frames (\d+) .* lost (\d+)\r$/m.exec(said) ?? assert.fail(said);
    assert.deepEqual([status, frames], [0, "50"]);
    if (engine === "wasm3") assert.ok(Number(lost) > 0, said);
  });
}

test("a frame that a driver in C fails at is offered to it again, in order", { skip }, async (t) => {
  const { LINE, buildExample } = await import("../../firmware/c/example/build.mjs");
  const line = `${LINE} error-after=20`;
  const { status, said } = run(await buildExample("aot", { line, name: "freertos-fault" }));
  assert.match(said, /^fault crcsink0: frame failed -7 at 0\.\d+ s: retry\r$/m);
  assert.ok(said.includes(await atTheDesk(t)), said);
  assert.equal(status, 0);
});

test("the header says what the library has", { skip: noGcc || noCargo }, async (t) => {
  const { board, library } = await example("aot");
  const { Elf, archiveMembers } = tool;
  const words = (elf, name) => {
    const symbol = elf.symbols().find((s) => s.name === name);
    if (!symbol) return null;
    const bytes = elf.content(elf.sections[symbol.section]).subarray(symbol.address, symbol.address + symbol.size);
    return [...new Int32Array(Uint8Array.from(bytes).buffer)];
  };
  const object = path.join(folder(t), "layout.o");
  const source = path.join(root, "firmware/c/tests/layout.c");
  const flags = [...board.gcc, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", `-I${path.dirname(HEADER)}`];
  execFileSync("arm-none-eabi-gcc", [...flags, "-c", source, "-o", object], { stdio: ["ignore", "ignore", "inherit"] });
  const c = words(new Elf(fs.readFileSync(object)), "g2g_layout_c");
  const objects = archiveMembers(fs.readFileSync(library)).filter((m) => m.data[0] === 0x7f);
  const rust = objects.map((m) => words(new Elf(m.data), "G2G_LAYOUT")).find((w) => w);
  assert.ok(c.length > 100);
  assert.deepEqual(c, rust);
});

test("every function of the header is in the library", { skip: noGcc || noCargo }, async () => {
  const { library } = await example("aot");
  const text = fs.readFileSync(HEADER, "utf8").replace(/\/\*[^]*?\*\//g, "");
  const declared = [...text.matchAll(/^(?!static)\w[\w *]* \*?(g2g_\w+)\([^;{]*\);$/gm)].map(([, name]) => name);
  const { Elf, archiveMembers } = tool;
  const objects = archiveMembers(fs.readFileSync(library)).filter((m) => m.data[0] === 0x7f);
  const there = new Set(objects.flatMap((m) => new Elf(m.data).symbols().map((s) => (s.section ? s.name : ""))));
  assert.ok(declared.length >= 15, declared.join(" "));
  assert.deepEqual(
    declared.filter((name) => !there.has(name)),
    [],
  );
});

test("the header is C++ too", { skip: has("arm-none-eabi-g++") ? false : "there is no arm-none-eabi-g++" }, () => {
  const flags = ["-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
  execFileSync("arm-none-eabi-g++", [...flags, "-include", HEADER, "/dev/null"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
});

test("tables and boards that are none are refused, and say why", async (t) => {
  const dir = folder(t);
  const write = (name, text) => (fs.writeFileSync(path.join(dir, name), text), path.join(dir, name));
  const pads = [{ name: "sink", direction: "sink" }];
  const good = write("good.json", JSON.stringify({ name: "a", pads }));
  assert.deepEqual(
    tool.elementTables([good]).map((table) => table.name),
    ["a"],
  );
  for (const [text, why] of [
    ["{", /bad\.json: /],
    ['{"pads": []}', /bad\.json: name or pads/],
    ['{"name": "b"}', /bad\.json: name or pads/],
    ["null", /bad\.json: name or pads/],
    ['{"name": "b", "pads": [{"name": "x", "direction": "up"}]}', /unknown word "up"/],
    [JSON.stringify({ name: "a", pads }), /two tables of a/],
  ]) {
    write("bad.json", text);
    assert.throws(() => tool.elementTables([dir]), { exitCode: 2, message: why }, text);
  }
  assert.throws(() => tool.elementTables([path.join(dir, "none")]), { exitCode: 2, message: /no file or folder/ });
  assert.throws(() => tool.libraryBoard("no-such-board"), { exitCode: 2 });
  assert.throws(() => tool.libraryBoard(path.join(dir, "none.json")), { exitCode: 2, message: /no file/ });
  fs.mkdirSync(path.join(dir, "small"));
  assert.equal(tool.libraryBoard(write("small/board.json", boardText())).name, "small");
  write("small/board.json", boardText({ clock: -1 }));
  assert.throws(() => tool.libraryBoard(path.join(dir, "small/board.json")), { message: /small.board\.json: clock/ });
});
