import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { blockUnref, blocksInit, blocksRelease, blocksUsed, newBlock } from "../../../core/block";
import { Frame, frameUnref, framesInit, framesRelease, framesUsed, newFrame } from "../../../core/frame";
import { WINDOW_SIZE, Window } from "../window";

const WINDOW: usize = memory.data(WINDOW_SIZE, 8);
const OUT: usize = memory.data(65536, 8);

const w = changetype<Window>(WINDOW);

/** The byte that stands at a place of the file. */
function byteAt(offset: i64): u8 {
  return <u8>((offset * 2654435761) >> 13);
}

/** A frame with bytes [from, from + n) of the file, in one block or two. */
function piece(random: Random, from: i64, n: u32): Frame {
  const f = newFrame()!;
  let at: u32 = 0;
  while (at < n) {
    const part: u32 = random.bool() ? n - at : 1 + random.below(n - at);
    const b = newBlock(part)!;
    for (let i: u32 = 0; i < part; i++) store<u8>(b.data + i, byteAt(from + at + i));
    must(f.append(b.data, b, part, 0), "there is room for a slice");
    blockUnref(b);
    at += part;
  }
  return f;
}

describe("window", () => {
  test("its record has the size that it states", () => {
    expect<u32>(WINDOW_SIZE).toBeGreaterThan(<u32>offsetof<Window>());
    expect<u32>(WINDOW_SIZE & 7).toBe(0);
  });

  test("pieces in any order, overlapping or apart, give the bytes of the file where they are", () => {
    for (let seed = 1; seed <= 100; seed++) {
      freshHeap();
      blocksInit();
      framesInit();
      w.prepare();
      const random = new Random(seed);
      const there = new StaticArray<bool>(2000);
      let low: u32 = 0;
      for (let round = 0; round < 30; round++) {
        const from = random.below(1900);
        const n: u32 = 1 + random.below(100);
        must(w.add(piece(random, from, n), from), "there is room for a piece");
        for (let i: u32 = 0; i < n; i++) there[from + i] = true;
        if (random.below(10) == 0) {
          low += random.below(100);
          w.dropBefore(low);
        }
        for (let k = 0; k < 20; k++) {
          const at = low + random.below(1999 - low);
          let end = at;
          while (end < 2000 && there[end]) end++;
          must(w.endOf(at) == <i64>end, "where the bytes end");
          const n: u32 = 1 + random.below(2000 - at);
          must(w.has(at, n) == at + n <= end, "whether they are there");
          must(w.stretch(at) == end > at, "whether there is one");
          if (end > at) {
            must(w.length >= 1 && at + w.length <= end, "a stretch lies in what is there");
            for (let i: u32 = 0; i < w.length; i++) must(load<u8>(w.address + i) == byteAt(at + i), "its bytes");
            const take = end - at;
            const f = newFrame()!;
            must(w.give(f.slices, at, take), "there is room for slices");
            must(f.size == take, "as many as were asked for");
            f.slices.copyOut(0, OUT, take);
            for (let i: u32 = 0; i < take; i++) must(load<u8>(OUT + i) == byteAt(at + i), "the bytes of the file");
            frameUnref(f);
          }
        }
      }
      w.release();
      expect<u32>(framesUsed()).toBe(0);
      expect<u32>(blocksUsed()).toBe(0);
      framesRelease();
      blocksRelease();
      mustBeEmpty();
    }
  });
});
