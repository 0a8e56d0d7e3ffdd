import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { Halving, gatherChroma } from "../chromafilter";

const A: usize = memory.data(128, 16);
const B: usize = memory.data(128, 16);
const OUT: usize = memory.data(256, 16);
const SPARE: u16 = 0xbeef;

@inline
function sum(x: i32): u32 {
  return <u32>load<u16>(A + ((<usize>x) << 1)) + load<u16>(B + ((<usize>x) << 1));
}

/** What sample `k` is, with eight times the weight. */
function wanted(k: i32, width: i32, halving: Halving): u32 {
  const x = halving == Halving.Whole ? k : 2 * k;
  const next = min<i32>(x + 1, width - 1);
  switch (halving) {
    case Halving.Between:
      return 2 * (sum(x) + sum(next));
    case Halving.Cosited:
      return sum(max<i32>(x - 1, 0)) + 2 * sum(x) + sum(next);
    default:
      return 4 * sum(x);
  }
}

test("chroma of two rows is gathered at all widths, with the largest values there are", () => {
  const random = new Random(3);
  for (let halving = 0; halving <= Halving.Cosited; halving++) {
    for (let width = 1; width <= 50; width++) {
      for (let i: usize = 0; i < 128; i += 2) {
        store<u16>(A + i, random.bool() ? 4095 : random.below(4096));
        store<u16>(B + i, random.bool() ? 4095 : random.below(4096));
      }
      for (let i: usize = 0; i < 256; i += 2) store<u16>(OUT + i, SPARE);
      gatherChroma(OUT, A, B, width, halving);
      const n = halving == Halving.Whole ? width : (width + 1) >> 1;
      for (let k = 0; k < n; k++) must(load<u16>(OUT + ((<usize>k) << 1)) == wanted(k, width, halving), "sample");
      must(load<u16>(OUT + ((<usize>n) << 1)) == SPARE, "no more than there are");
    }
  }
});
