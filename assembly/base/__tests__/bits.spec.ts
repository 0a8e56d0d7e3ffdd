import { BITS_SIZE, BITWRITER_SIZE, BitWriter, Bits } from "../bits";
import { Random } from "./random";
import { must } from "./region";

const BUFFER: usize = memory.data(1024, 16);
const BITS: usize = memory.data(32, 8);
const WRITER: usize = memory.data(32, 8);

function reader(bytes: u32): Bits {
  return changetype<Bits>(BITS).over(BUFFER, bytes);
}

function writer(bytes: u32): BitWriter {
  memory.fill(BUFFER, 0, 1024);
  return changetype<BitWriter>(WRITER).over(BUFFER, bytes);
}

function bitAt(i: u32): u32 {
  return (load<u8>(BUFFER + (i >> 3)) >> (7 - (i & 7))) & 1;
}

/** Writes an Exp-Golomb code as 9.1 of ISO/IEC 14496-10 defines it. */
function writeUe(w: BitWriter, v: u32): void {
  const length = 64 - <u32>clz<u64>(<u64>v + 1);
  w.write(0, length - 1);
  if (length == 33) w.write(1, 1);
  w.write(v + 1, min<u32>(length, 32));
}

describe("bits", () => {
  test("the records have the sizes that they state", () => {
    expect<u32>(BITS_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<Bits>());
    expect<u32>(BITWRITER_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<BitWriter>());
  });

  test("reads of every width at every place agree with single bits", () => {
    new Random(1).fill(BUFFER, 64);
    for (let n: u32 = 0; n <= 32; n++) {
      for (let at: u32 = 0; at + n <= 12 * 8; at++) {
        const bits = reader(12);
        bits.skip(at);
        let expected: u32 = 0;
        for (let i: u32 = 0; i < n; i++) expected = (expected << 1) | bitAt(at + i);
        must(bits.read(n) == expected, "value");
        must(bits.pos == at + n && !bits.short, "place");
        must(bits.left() == 12 * 8 - at - n, "left");
      }
    }
  });

  test("reading past the end gives 0, notes it and stays at the end", () => {
    memory.fill(BUFFER, 0xff, 64);
    for (let n: u32 = 1; n <= 32; n++) {
      const bits = reader(3);
      bits.skip(25 - min<u32>(n, 25));
      must(bits.read(n) == 0 && bits.short, "nothing");
      must(bits.left() == 0 && bits.bit() == 0 && bits.read(8) == 0, "at the end");
    }
    const bits = reader(0);
    expect<u32>(bits.bit()).toBe(0);
    expect<bool>(bits.short).toBe(true);
    const skipping = reader(2);
    skipping.skip(16);
    expect<bool>(skipping.short).toBe(false);
    skipping.skip(1);
    expect<bool>(skipping.short).toBe(true);
    skipping.skip(0xffffffff);
    expect<u32>(skipping.pos).toBe(16);
  });

  test("nothing behind the data is read: at the end of memory that would trap", () => {
    for (let bytes: u32 = 0; bytes < 8; bytes++) {
      const base = ((<usize>memory.size()) << 16) - bytes;
      for (let n: u32 = 0; n <= 32; n++) {
        for (let at: u32 = 0; at + n <= bytes * 8; at++) {
          const bits = changetype<Bits>(BITS).over(base, bytes);
          bits.skip(at);
          let expected: u32 = 0;
          for (let i = at; i < at + n; i++) {
            expected = (expected << 1) | ((load<u8>(base + (i >> 3)) >> (7 - (i & 7))) & 1);
          }
          must(bits.read(n) == expected, "value");
        }
      }
    }
  });

  test("align goes to the next byte and not beyond the end", () => {
    for (let at: u32 = 0; at <= 24; at++) {
      const bits = reader(3);
      bits.skip(at);
      bits.align();
      must(bits.pos == ((at + 7) & ~7), "aligned");
    }
  });

  test("fields that are written are read back", () => {
    const random = new Random(2);
    for (let round = 0; round < 200; round++) {
      const w = writer(256);
      const values = new Array<u32>();
      const widths = new Array<u32>();
      let bits: u32 = 0;
      while (bits < 1500) {
        const n = random.below(33);
        const v = <u32>random.next();
        w.write(v, n);
        values.push(v);
        widths.push(n);
        bits += n;
      }
      must(w.bytes() == (bits + 7) / 8 && !w.full, "bytes");
      const r = reader(256);
      for (let i = 0; i < values.length; i++) {
        const n = widths[i];
        must(r.read(n) == (n == 32 ? values[i] : values[i] & ((1 << n) - 1)), "field");
      }
    }
  });

  test("a writer takes exactly what fits", () => {
    const w = writer(2);
    w.write(0x5, 3);
    w.write(0x1fff, 13);
    expect<bool>(w.full).toBe(false);
    expect<u32>(w.bytes()).toBe(2);
    w.write(0, 0);
    expect<bool>(w.full).toBe(false, "nothing fits always");
    w.write(0, 1);
    expect<bool>(w.full).toBe(true);
  });

  test("a full writer drops whole fields and notes it", () => {
    const w = writer(2);
    w.write(0x1ff, 9);
    w.write(0xff, 8);
    expect<bool>(w.full).toBe(true);
    expect<u32>(w.pos).toBe(9);
    expect<u32>(w.bytes()).toBe(2);
    expect<u8>(load<u8>(BUFFER + 1)).toBe(0x80);
    expect<u8>(load<u8>(BUFFER + 2)).toBe(0);
  });
});

describe("exp-golomb", () => {
  test("the first codes are those of table 9-2", () => {
    // 1, 010, 011, 00100, 00101, 00110, 00111, 0001000 in a row.
    const w = writer(8);
    w.write(0b1_010_011_00100_00101_00110_00111, 27);
    w.write(0b0001000, 7);
    const r = reader(8);
    for (let v: u32 = 0; v < 8; v++) expect<u32>(r.ue()).toBe(v);
    expect<u32>(r.pos).toBe(34);
  });

  test("signed values alternate, as in table 9-3", () => {
    const expected: StaticArray<i32> = [0, 1, -1, 2, -2, 3, -3, 4];
    const w = writer(64);
    for (let v: u32 = 0; v < 8; v++) writeUe(w, v);
    const r = reader(64);
    for (let v = 0; v < 8; v++) expect<i32>(r.se()).toBe(expected[v]);
  });

  test("values of every length, at every place of a byte", () => {
    const random = new Random(3);
    for (let n = 0; n < 3000; n++) {
      const v = min<u32>(<u32>random.spread(32), 0xfffffffe);
      const lead = random.below(8);
      const w = writer(64);
      w.write(0, lead);
      writeUe(w, v);
      w.write(0x2a, 6);
      const r = reader(64);
      r.skip(lead);
      must(r.ue() == v, "value");
      must(r.read(6) == 0x2a && !r.short, "place");
    }
  });

  test("the largest code and signed values at the edges", () => {
    const w = writer(64);
    writeUe(w, 0xffffffff);
    writeUe(w, 0xfffffffd);
    writeUe(w, 0xfffffffe);
    const r = reader(64);
    expect<u32>(r.ue()).toBe(0xffffffff);
    expect<i32>(r.se()).toBe(i32.MAX_VALUE);
    expect<i32>(r.se()).toBe(-i32.MAX_VALUE);
    expect<bool>(r.short).toBe(false);
  });

  test("codes that end too soon or never are noted", () => {
    writer(64);
    const zeros = reader(64);
    expect<u32>(zeros.ue()).toBe(0);
    expect<bool>(zeros.short).toBe(true);
    const few = reader(2);
    expect<u32>(few.ue()).toBe(0);
    expect<bool>(few.short).toBe(true);
    const w = writer(64);
    w.write(1, 12);
    const cut = reader(2);
    cut.ue();
    expect<bool>(cut.short).toBe(true, "the end comes inside of the code's second half");
  });
});
