// board.json: what is read, and how what is wrong is told.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { boardText, folder, tool } from "./support.mjs";

const { parseBoard, loadBoard, parseNumber, memoryX } = tool;
const parse = (changes) => parseBoard(boardText(changes), "small");

test("numbers are read in all their forms", () => {
  const forms = [0, 4096, "4096", "0x1000", "4K", "4k", "2M"].map(parseNumber);
  assert.deepEqual(forms, [0, 4096, 4096, 4096, 4096, 4096, 2097152]);
  for (const bad of ["", "K", "-1", "1G", "0x", "0x123456789", "4 K", null, [], true]) {
    assert.ok(Number.isNaN(parseNumber(bad)), String(bad));
  }
});

test("a board is read", () => {
  const board = parse();
  assert.deepEqual(board.flash, { origin: 0, length: 262144 });
  assert.deepEqual(board.ram, { origin: 0x20000000, length: 65536 });
  assert.equal(board.cacheLine, 0);
  assert.deepEqual(board.flashWith[1], { method: "uf2", family: 0xe48bff56, boardId: "RPI-RP2" });
});

for (const [what, changes, message] of [
  ["a missing field", { cpu: undefined }, "cpu is missing"],
  ["a field of another type", { clock: "fast" }, /^clock must be a number/],
  ["a field that nobody knows", { stak: 1 }, 'stak is not known; did you mean "stack"?'],
  ["another name than its folder's", { name: "other" }, 'name must be that of the folder, "small"'],
  ["a part of a region", { flash: { origin: 0 } }, "flash.length is missing"],
  [
    "a region that leaves the address space",
    { flash: { origin: "0xffff0000", length: "128K" } },
    /^flash\.length must/,
  ],
  [
    "regions that overlap",
    { ram: { origin: "0x1000", length: "64K" } },
    /flash at 0x00000000 and ram at 0x00001000 overlap/,
  ],
  [
    "a further region that overlaps",
    { regions: [{ name: "CCM", origin: "0x20008000", length: "64K", kind: "ram" }] },
    /ram at 0x20000000 and CCM at 0x20008000 overlap/,
  ],
  ["a stack larger than the RAM", { stack: "65K" }, "stack is larger than the RAM"],
  ["an emulator without the image", { emulator: { program: "qemu", args: [] } }, /^emulator\.args must have "\{elf\}"/],
  ["neither an emulator nor hardware", { emulator: undefined }, /^hardware-only must be true/],
  ["hardware only with an emulator", { "hardware-only": true }, /^hardware-only must not be set/],
  [
    "a way to flash that nobody knows",
    { "flash-with": [{ method: "magic" }] },
    /^flash-with\[0\]\.method must be probe-rs/,
  ],
  ["a way to flash with a part missing", { "flash-with": [{ method: "probe-rs" }] }, "flash-with[0].chip is missing"],
  ["a flag for gcc that is none", { gcc: ["-mthumb", "; rm"] }, /^gcc\[1\] must be a flag/],
  ["an element that is no name", { elements: ["../x"] }, /^elements\[0\] must be a name/],
]) {
  test(`${what} is told by its place`, () => {
    assert.throws(() => parse(changes), { message, exitCode: 1 });
  });
}

test("what is no JSON is told", () => {
  assert.throws(() => parseBoard("{", "small"), /it is no JSON/);
  assert.throws(() => parseBoard("[]", "small"), /the file must be an object/);
});

test("an unknown board is a wrong use, and the nearest is named", (t) => {
  const dir = folder(t);
  fs.mkdirSync(path.join(dir, "small"));
  fs.writeFileSync(path.join(dir, "small/board.json"), boardText());
  assert.equal(loadBoard("small", dir).name, "small");
  assert.throws(() => loadBoard("smal", dir), { message: /did you mean small\?/, exitCode: 2 });
  assert.throws(() => loadBoard("../small", dir), { exitCode: 2 });
  fs.writeFileSync(path.join(dir, "small/board.json"), boardText({ clock: 0 }));
  assert.throws(() => loadBoard("small", dir), { message: /small\/board\.json: clock must/, exitCode: 1 });
});

test("the stack lies below what it could run into", () => {
  const text = memoryX(parse({ regions: [{ name: "CCM", origin: "0x10000000", length: "64K", kind: "ram" }] }));
  assert.match(text, /STACK : ORIGIN = 0x20000000, LENGTH = 2048\n {2}RAM : ORIGIN = 0x20000800, LENGTH = 63488\n/);
  assert.match(text, /CCM : ORIGIN = 0x10000000, LENGTH = 65536/);
  assert.match(text, /_stack_start = ORIGIN\(STACK\) \+ LENGTH\(STACK\);/);
});
