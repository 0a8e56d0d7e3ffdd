import {
  be16,
  be24,
  be32,
  be64,
  compareBytes,
  fourcc,
  hashBytes,
  putBe16,
  putBe24,
  putBe32,
  putBe64,
  sameBytes,
} from "../bytes";
import { copyStretches } from "../copy";
import { crc32Mpeg } from "../crc";
import { Random } from "./random";
import { must } from "./region";

const A: usize = memory.data(4096, 16);
const B: usize = memory.data(4096, 16);

/** Puts ASCII text at A; its length. */
function ascii(text: string): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, A);
}

/** CRC-32/MPEG-2, a bit at a time. */
function slowCrc(p: usize, n: u32): u32 {
  let crc: u32 = 0xffffffff;
  for (let i: u32 = 0; i < n; i++) {
    crc ^= (<u32>load<u8>(p + i)) << 24;
    for (let k = 0; k < 8; k++) crc = crc >> 31 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

describe("bytes", () => {
  test("big-endian numbers, unaligned", () => {
    for (let i: u32 = 0; i < 16; i++) store<u8>(A + i, 0x11 * i);
    expect<u32>(be16(A + 1)).toBe(0x1122);
    expect<u32>(be24(A + 1)).toBe(0x112233);
    expect<u32>(be32(A + 1)).toBe(0x11223344);
    expect<u64>(be64(A + 1)).toBe(0x1122334455667788);
    expect<u32>(be16(A + 14)).toBe(0xeeff);
    expect<u32>(be24(A + 13)).toBe(0xddeeff);
  });

  test("what is put is read back, and no byte more is written", () => {
    const random = new Random(1);
    for (let n = 0; n < 1000; n++) {
      const v = random.spread(64);
      const p = A + 8 + random.below(8);
      for (let size: u32 = 2; size <= 8; size += size < 4 ? 1 : 4) {
        memory.fill(A, 0x5a, 32);
        if (size == 2) putBe16(p, <u32>v);
        else if (size == 3) putBe24(p, <u32>v);
        else if (size == 4) putBe32(p, <u32>v);
        else putBe64(p, v);
        const mask = size == 8 ? u64.MAX_VALUE : ((<u64>1) << (size * 8)) - 1;
        const back = size == 2 ? <u64>be16(p) : size == 3 ? <u64>be24(p) : size == 4 ? <u64>be32(p) : be64(p);
        must(back == (v & mask), "read back");
        must(load<u8>(p - 1) == 0x5a && load<u8>(p + size) == 0x5a, "nothing around it");
      }
    }
  });

  test("sameBytes sees a difference at every place, and only within the length", () => {
    const random = new Random(2);
    random.fill(A, 64);
    for (let n: u32 = 0; n <= 40; n++) {
      memory.copy(B + 3, A + 5, 64);
      must(sameBytes(A + 5, B + 3, n), "equal");
      for (let i: u32 = 0; i < 41; i++) {
        store<u8>(B + 3 + i, load<u8>(B + 3 + i) ^ 0x80);
        must(sameBytes(A + 5, B + 3, n) == i >= n, "a difference at one place");
        store<u8>(B + 3 + i, load<u8>(B + 3 + i) ^ 0x80);
      }
    }
  });

  test("compareBytes orders as unsigned bytes, the shorter first", () => {
    store<u8>(A, 0x7f);
    store<u8>(B, 0x80);
    must(compareBytes(A, 1, B, 1) < 0 && compareBytes(B, 1, A, 1) > 0, "unsigned");
    must(compareBytes(A, 0, B, 0) == 0, "empty texts are the same");
    must(compareBytes(A, 1, A, 1) == 0, "the same");
    must(compareBytes(A, 0, A, 1) < 0 && compareBytes(A, 1, A, 0) > 0, "a prefix comes first");
    must(compareBytes(B, 1, A, 5) > 0, "the first difference decides, not the length");
    const random = new Random(7);
    for (let n = 0; n < 2000; n++) {
      const na = random.below(12);
      const nb = random.below(12);
      const same = random.below(12);
      random.fill(A, 16);
      random.fill(B, 16);
      memory.copy(B, A, same);
      let expected = <i32>na - <i32>nb;
      for (let i = <i32>min(na, nb) - 1; i >= 0; i--) {
        const d = <i32>load<u8>(A + i) - <i32>load<u8>(B + i);
        if (d) expected = d;
      }
      const order = compareBytes(A, na, B, nb);
      must(order < 0 == expected < 0 && order > 0 == expected > 0, "the order");
    }
  });

  test("hashBytes is FNV-1a", () => {
    expect<u32>(hashBytes(A, 0)).toBe(0x811c9dc5);
    expect<u32>(hashBytes(A, ascii("a"))).toBe(0xe40c292c);
    expect<u32>(hashBytes(A, ascii("foobar"))).toBe(0xbf9cf968);
  });

  test("fourcc reads as be32 does", () => {
    const n = ascii("moov");
    expect<u32>(n).toBe(4);
    expect<u32>(fourcc(0x6d, 0x6f, 0x6f, 0x76)).toBe(be32(A));
  });
});

describe("copy", () => {
  test("stretches become consecutive, of every length", () => {
    const random = new Random(4);
    random.fill(A, 4096);
    for (let n = 0; n < 400; n++) {
      const length: u32 = n % 3 == 0 ? 184 : random.below(200);
      const stride = length + random.below(30);
      const count = random.below(10);
      memory.fill(B, 0x5a, 4096);
      copyStretches(B + 1, A + 4, length, count, stride);
      for (let i: u32 = 0; i < count; i++) {
        for (let k: u32 = 0; k < length; k++) {
          must(load<u8>(B + 1 + i * length + k) == load<u8>(A + 4 + i * stride + k), "copied");
        }
      }
      must(load<u8>(B) == 0x5a && load<u8>(B + 1 + count * length) == 0x5a, "nothing around it");
    }
  });
});

describe("crc", () => {
  test("the check value that is published for CRC-32/MPEG-2", () => {
    expect<u32>(crc32Mpeg(0xffffffff, A, ascii("123456789"))).toBe(0x0376e6e7);
  });

  test("agrees with the definition, in one go and in pieces", () => {
    const random = new Random(6);
    for (let n: u32 = 0; n < 300; n++) {
      random.fill(A, n);
      const expected = slowCrc(A, n);
      const cut = random.below(n + 1);
      must(crc32Mpeg(0xffffffff, A, n) == expected, "in one go");
      must(crc32Mpeg(crc32Mpeg(0xffffffff, A, cut), A + cut, n - cut) == expected, "in pieces");
      putBe32(A + n, expected);
      must(crc32Mpeg(0xffffffff, A, n + 4) == 0, "0 over data with its CRC");
    }
  });
});
