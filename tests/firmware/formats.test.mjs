// The file formats of an image: against objcopy, and against readers that know nothing of the writers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import fc from "fast-check";
import { SEMIHOSTED, boardText, compile, noGcc, tool } from "./support.mjs";
import { readUf2 } from "./uf2.mjs";

const { Elf, parseBoard, memoryX, toBin, toHex, toUf2 } = tool;

/** Reads Intel HEX: address to byte, and the start address. */
function readHex(text) {
  const bytes = new Map();
  let bank = 0;
  let start = null;
  let ended = false;
  for (const row of text.split("\r\n").filter(Boolean)) {
    assert.match(row, /^:([0-9A-F]{2}){5,}$/);
    assert.ok(!ended);
    const r = Buffer.from(row.slice(1), "hex");
    assert.equal(r[0], r.length - 5);
    assert.equal(r.reduce((a, b) => a + b) & 0xff, 0, "checksum");
    const data = r.subarray(4, -1);
    const offset = r.readUInt16BE(1);
    if (r[3] === 0) {
      assert.ok(offset + data.length <= 0x10000, "a record goes over 64 KiB");
      data.forEach((b, i) => bytes.set(bank * 0x10000 + offset + i, b));
    } else if (r[3] === 1) ended = true;
    else if (r[3] === 4) bank = data.readUInt16BE(0);
    else if (r[3] === 5) start = data.readUInt32BE(0);
    else assert.fail(`type ${r[3]}`);
  }
  assert.ok(ended);
  return { bytes, start };
}

const pieces = fc
  .array(fc.tuple(fc.nat(400), fc.uint8Array({ maxLength: 700 })), { maxLength: 5 })
  .chain((list) => fc.tuple(fc.constant(list), fc.constantFrom(0, 0x0800fff0, 0x10000100, 0xfffe8000)))
  .map(([list, origin]) => {
    let at = origin;
    return list.map(([gap, data]) => {
      const address = at + gap;
      at = address + data.length;
      return { address, data };
    });
  });

test("every byte stands in each format where it belongs, and nothing else does", () => {
  fc.assert(
    fc.property(pieces, (list) => {
      const want = new Map(list.flatMap(({ address, data }) => [...data].map((b, i) => [address + i, b])));
      const hex = readHex(toHex([...list].reverse(), 0x1234));
      assert.deepEqual(new Map([...hex.bytes].sort()), new Map([...want].sort()));
      assert.equal(hex.start, 0x1234);
      const uf2 = readUf2(toUf2(list, 0xe48bff56), 0xe48bff56);
      const bin = toBin(list, 1 << 20);
      const origin = Math.min(...want.keys());
      assert.equal(bin.length, want.size ? Math.max(...want.keys()) - origin + 1 : 0);
      bin.forEach((b, i) => assert.equal(b, want.get(origin + i) ?? 0xff));
      for (const [at, b] of uf2) assert.equal(b, want.get(at) ?? 0xff);
      for (const at of want.keys()) assert.ok(uf2.has(at));
    }),
  );
});

test("a UF2 has the sectors of the RP2040 as a whole, and of others the pages", () => {
  const at = (address) => ({ address, data: Uint8Array.of(1) });
  const list = [at(0x10000ffe), at(0x10000fff), at(0x10003200)];
  const starts = (family) => [...readUf2(toUf2(list, family), family).keys()].filter((a) => a % 256 === 0);
  const sector = (from) => Array.from({ length: 16 }, (_, i) => from + i * 256);
  assert.deepEqual(starts(0xe48bff56), [...sector(0x10000000), ...sector(0x10003000)]);
  assert.deepEqual(starts(0x57755a57), [0x10000f00, 0x10003200]);
});

test("pieces that overlap, and a BIN with a huge gap, are refused", () => {
  const at = (address) => ({ address, data: Uint8Array.of(1, 2, 3, 4) });
  assert.throws(() => toHex([at(0), at(3)], 0), /overlap at 0x3/);
  assert.throws(() => toBin([at(0), at(0x20000000)], 1 << 20), /span 536870916 bytes/);
});

test("an ELF gives what objcopy makes of it", { skip: noGcc }, (t) => {
  const board = parseBoard(boardText({ flash: { origin: "0x0800f000", length: "256K" } }), "small");
  const elf = compile(t, board, memoryX(board), { main: SEMIHOSTED(0) });
  const parsed = new Elf(fs.readFileSync(elf));
  const out = path.join(path.dirname(elf), "out");
  const objcopy = (...args) => {
    execFileSync("arm-none-eabi-objcopy", [...args, elf, out]);
    return fs.readFileSync(out);
  };
  assert.ok(objcopy("-O", "binary", "--gap-fill=0xff").equals(toBin(parsed.pieces(), 1 << 20)));
  const theirs = readHex(objcopy("-O", "ihex").toString());
  const ours = readHex(toHex(parsed.pieces(), parsed.entry));
  assert.deepEqual(ours.bytes, theirs.bytes);
  assert.equal(ours.start, theirs.start);
});

test("a damaged ELF is refused, whatever is damaged", { skip: noGcc }, (t) => {
  const board = parseBoard(boardText(), "small");
  const file = fs.readFileSync(compile(t, board, memoryX(board), { main: SEMIHOSTED(0) }));
  const read = (data) => {
    const elf = new Elf(data);
    elf.symbols();
    elf.pieces();
    elf.sections.forEach((s) => elf.content(s));
  };
  read(file);
  for (let n = 0; n < file.length; n += 7) assert.throws(() => read(file.subarray(0, n)), RangeError);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), (at, value) => {
      const data = Buffer.from(file);
      data[at] = value;
      try {
        read(data);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
