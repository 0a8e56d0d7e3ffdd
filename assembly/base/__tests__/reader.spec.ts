import { READER_SIZE, Reader } from "../reader";
import { must } from "./region";

const BUFFER: usize = memory.data(64, 16);
const READER: usize = memory.data(16, 8);

function over(at: u32, n: u32): Reader {
  for (let i: u32 = 0; i < 64; i++) store<u8>(BUFFER + i, i + 1);
  return changetype<Reader>(READER).over(BUFFER + at, n);
}

/** Reads a number of `size` bytes. */
function take(r: Reader, size: u32): u64 {
  if (size == 1) return r.u8();
  if (size == 2) return r.u16();
  if (size == 3) return r.u24();
  if (size == 4) return r.u32();
  return r.u64();
}

describe("reader", () => {
  test("its record has the size that it states", () => {
    expect<u32>(READER_SIZE).toBe((<u32>offsetof<Reader>() + 3) & ~3);
  });

  test("numbers of all sizes, one after the other", () => {
    const r = over(0, 18);
    expect<u32>(r.u8()).toBe(0x01);
    expect<u32>(r.u16()).toBe(0x0203);
    expect<u32>(r.u24()).toBe(0x040506);
    expect<u32>(r.u32()).toBe(0x0708090a);
    expect<u64>(r.u64()).toBe(0x0b0c0d0e0f101112);
    expect<u32>(r.left()).toBe(0);
    expect<bool>(r.short).toBe(false);
  });

  test("a number that is not whole gives 0, is noted, and nothing follows", () => {
    for (let size: u32 = 1; size <= 8; size += size < 4 ? 1 : 4) {
      for (let n: u32 = 0; n < size; n++) {
        const r = over(0, n);
        must(take(r, size) == 0 && r.short, "short");
        must(r.left() == 0 && r.u8() == 0, "at the end");
      }
      const r = over(3, size);
      must(take(r, size) != 0 && !r.short, "exactly enough");
    }
  });

  test("skip stops at the end, whatever the number", () => {
    const r = over(0, 10);
    expect<bool>(r.skip(4)).toBe(true);
    expect<u32>(r.u8()).toBe(5);
    expect<bool>(r.skip(0xffffffff)).toBe(false);
    expect<usize>(r.pos).toBe(BUFFER + 10);
    expect<bool>(r.short).toBe(true);
    expect<bool>(r.skip(0)).toBe(true);
    expect<bool>(r.over(BUFFER, 5).short).toBe(false, "a new start forgets");
  });
});
