import { Owner, heap } from "../heap";
import { MAX_PIECE, givePiece, pieceSize, releasePieces, takePiece } from "../store";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

describe("store", () => {
  test("pieces are the smallest power of two from 64 that fits", () => {
    for (let size: u32 = 0; size <= 5000; size++) {
      let expected: u32 = 64;
      while (expected < size) expected <<= 1;
      must(pieceSize(size) == expected, "size of a piece");
    }
    expect<u32>(pieceSize(MAX_PIECE)).toBe(MAX_PIECE);
    expect<u32>(pieceSize(MAX_PIECE - 1)).toBe(MAX_PIECE);
  });

  test("a piece has all of its bytes", () => {
    freshHeap();
    const pieces = new Array<usize>();
    for (let size: u32 = 64; size <= MAX_PIECE; size <<= 1) {
      const p = takePiece(size, Owner.Slices);
      expect<usize>(p).not.toBe(0);
      memory.fill(p, <u8>ctz(size), size);
      pieces.push(p);
    }
    for (let size: u32 = 64; size <= MAX_PIECE; size <<= 1) {
      const p = pieces.shift();
      for (let i: u32 = 0; i < size; i++) must(load<u8>(p + i) == <u8>ctz(size), "nobody else's bytes");
      givePiece(p, size);
    }
    mustBeEmpty();
  });

  test("more than the largest piece is refused", () => {
    freshHeap();
    expect<usize>(takePiece(MAX_PIECE + 1, Owner.Slices)).toBe(0);
    expect<usize>(takePiece(0xffffffff, Owner.Slices)).toBe(0);
    mustBeEmpty();
  });

  test("a heap without room gives 0", () => {
    freshHeap(4096);
    expect<usize>(takePiece(8192, Owner.Slices)).toBe(0);
    mustBeEmpty();
  });

  test("a size that was used before touches the heap no more", () => {
    freshHeap();
    const random = new Random(5);
    const taken = new Array<usize>();
    const sizes = new Array<u32>();
    let allocs: u32 = 0;
    for (let round = 0; round < 50; round++) {
      // The same sizes every round, in another order.
      for (let i: u32 = 0; i < 40; i++) {
        const size = ((i * 7 + <u32>round * 3) % 40) * 97;
        taken.push(takePiece(size, Owner.Slices));
        sizes.push(size);
      }
      if (round == 0) allocs = heap().allocs;
      while (taken.length) {
        const i = random.below(taken.length);
        // Any size of the class names it.
        givePiece(taken[i], pieceSize(sizes[i]) - random.below(max<u32>(pieceSize(sizes[i]) / 2, 1)));
        taken.splice(i, 1);
        sizes.splice(i, 1);
      }
    }
    expect<u32>(heap().allocs).toBe(allocs);
    mustBeEmpty();
  });

  test("a new heap forgets the pieces of the old one", () => {
    freshHeap();
    givePiece(takePiece(100, Owner.Slices), 100);
    freshHeap();
    releasePieces(true);
    expect<u32>(heap().live).toBe(0);
    const p = takePiece(100, Owner.Slices);
    expect<u32>(heap().live).toBe(1, "the piece comes from the new heap");
    givePiece(p, 100);
    mustBeEmpty();
  });
});
