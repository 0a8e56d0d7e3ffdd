import { putBe32, putBe64 } from "../../../base/bytes";
import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { Fourcc, boxBody, boxSize, boxType, findBox, isBoxType, isTopLevel } from "../boxes";

const BUFFER: usize = memory.data(256, 16);

/** Writes a box header with a 32-bit size. */
function header(at: u32, size: u32, type: u32): void {
  putBe32(BUFFER + at, size);
  putBe32(BUFFER + at + 4, type);
}

describe("boxes", () => {
  test("a box that fits has the size that it states", () => {
    header(0, 24, Fourcc.free);
    expect<u32>(boxSize(BUFFER, BUFFER + 24)).toBe(24);
    expect<u32>(boxSize(BUFFER, BUFFER + 100)).toBe(24);
    expect<u32>(boxType(BUFFER)).toBe(Fourcc.free);
    expect<usize>(boxBody(BUFFER)).toBe(BUFFER + 8);
  });

  test("a box that claims more than there is ends where its parent ends", () => {
    header(0, 0xffffffff, Fourcc.free);
    for (let n: u32 = 8; n < 64; n++) must(boxSize(BUFFER, BUFFER + n) == n, "cut to what there is");
  });

  test("without a whole header there is no box", () => {
    header(0, 8, Fourcc.free);
    for (let n: u32 = 0; n < 8; n++) must(boxSize(BUFFER, BUFFER + n) == 0, "no box in fewer than 8 bytes");
    expect<u32>(boxSize(BUFFER + 16, BUFFER + 8)).toBe(0, "behind the end");
  });

  test("a size below that of the header is no box, so that walking a list always goes on", () => {
    for (let size: u32 = 2; size < 8; size++) {
      header(0, size, Fourcc.free);
      must(boxSize(BUFFER, BUFFER + 64) == 0, "too small");
    }
  });

  test("size 0 reaches to the end", () => {
    header(0, 0, Fourcc.mdat);
    expect<u32>(boxSize(BUFFER, BUFFER + 99)).toBe(99);
  });

  test("a 64-bit size needs 16 bytes, is at least 16 and is cut to what there is", () => {
    header(0, 1, Fourcc.mdat);
    putBe64(BUFFER + 8, 40);
    expect<u32>(boxSize(BUFFER, BUFFER + 100)).toBe(40);
    expect<usize>(boxBody(BUFFER)).toBe(BUFFER + 16);
    expect<u32>(boxSize(BUFFER, BUFFER + 15)).toBe(0);
    putBe64(BUFFER + 8, 0xffffffffffffffff);
    expect<u32>(boxSize(BUFFER, BUFFER + 100)).toBe(100);
    putBe64(BUFFER + 8, 0x100000000);
    expect<u32>(boxSize(BUFFER, BUFFER + 100)).toBe(100);
    for (let size: u64 = 0; size < 16; size++) {
      putBe64(BUFFER + 8, size);
      must(boxSize(BUFFER, BUFFER + 100) == 0, "a 64-bit size below 16");
    }
  });

  test("boxes are found in lists and one level down", () => {
    header(0, 16, Fourcc.free);
    header(16, 40, Fourcc.trak);
    header(24, 16, Fourcc.tkhd);
    header(40, 16, Fourcc.mdia);
    header(56, 8, Fourcc.mdat);
    const end = BUFFER + 64;
    expect<usize>(findBox(BUFFER, end, Fourcc.mdat)).toBe(BUFFER + 56);
    expect<usize>(findBox(BUFFER, end, Fourcc.mdia)).toBe(0, "not one level down");
  });

  test("walking random bytes comes to an end inside them", () => {
    const random = new Random(7);
    for (let round = 0; round < 2000; round++) {
      random.fill(BUFFER, 256);
      // Small sizes, so that lists have more than one box.
      for (let i: u32 = 0; i < 256; i += 16) if (random.bool()) putBe32(BUFFER + i, random.below(48));
      const end = BUFFER + random.below(257);
      let steps = 0;
      let n: u32 = 0;
      for (let p = BUFFER; (n = boxSize(p, end)); p += n) {
        must(p + n <= end, "a box lies inside");
        must(boxBody(p) <= p + n, "its body too");
        steps++;
      }
      must(steps <= 32, "at least eight bytes a box");
    }
  });

  test("types are letters, and the top of a file knows its own", () => {
    expect<bool>(isBoxType(Fourcc.moov)).toBe(true);
    expect<bool>(isBoxType(0xa96e616d)).toBe(true, "the copyright sign of QuickTime's tags");
    expect<bool>(isBoxType(0x00000000)).toBe(false);
    expect<bool>(isBoxType(0x6d6f6f7f)).toBe(false);
    expect<bool>(isTopLevel(Fourcc.moof)).toBe(true);
    expect<bool>(isTopLevel(Fourcc.trak)).toBe(false);
  });
});
