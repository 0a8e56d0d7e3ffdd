/**
 * Chroma for pixels that share it: of two rows of lines, with eight times the weight, so that there is one rounding only,
 * when the values are mixed.
 */

/** How a row of chroma comes of lines that have a value for every pixel. */
export const enum Halving {
  /** Every pixel has a value of its own. */
  Whole = 0,
  /** The value of the first pixel of two: what both had in common, or as chroma-mode says. */
  First,
  /** The mean of two pixels: chroma lies between them. */
  Between,
  /** 1, 2, 1 around the first pixel: chroma lies on it. */
  Cosited,
}

/** log2 of the weight. */
export const WEIGHT: i32 = 3;

@inline
function sum(a: usize, b: usize, x: usize): u32 {
  return <u32>load<u16>(a + (x << 1)) + <u32>load<u16>(b + (x << 1));
}

/**
 * @param to where the values go, 16 bits each
 * @param a line of the first row, b of the second, or the first again
 * @param width pixels of a line
 */
export function gatherChroma(to: usize, a: usize, b: usize, width: u32, halving: Halving): void {
  const n: usize = width;
  if (halving == Halving.Whole) {
    let x: usize = 0;
    if (ASC_FEATURE_SIMD) {
      for (; x + 8 <= n; x += 8, to += 16) {
        v128.store(to, i16x8.shl(i16x8.add(v128.load(a + (x << 1)), v128.load(b + (x << 1))), 2));
      }
    }
    for (; x < n; x++, to += 2) store<u16>(to, sum(a, b, x) << 2);
  } else if (halving == Halving.First) {
    for (let x: usize = 0; x < n; x += 2, to += 2) store<u16>(to, sum(a, b, x) << 2);
  } else if (halving == Halving.Between) between(to, a, b, n);
  else cosited(to, a, b, n);
}

function between(to: usize, a: usize, b: usize, n: usize): void {
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; x + 16 <= n; x += 16, to += 16) {
      const low = i16x8.add(v128.load(a + (x << 1)), v128.load(b + (x << 1)));
      const high = i16x8.add(v128.load(a + (x << 1), 16), v128.load(b + (x << 1), 16));
      const pairs = i16x8.narrow_i32x4_u(i32x4.extadd_pairwise_i16x8_u(low), i32x4.extadd_pairwise_i16x8_u(high));
      v128.store(to, i16x8.shl(pairs, 1));
    }
  }
  for (; x + 2 <= n; x += 2, to += 2) store<u16>(to, (sum(a, b, x) + sum(a, b, x + 1)) << 1);
  if (x < n) store<u16>(to, sum(a, b, x) << 2);
}

function cosited(to: usize, a: usize, b: usize, n: usize): void {
  let before = sum(a, b, 0);
  for (let x: usize = 0; x < n; x += 2, to += 2) {
    const here = sum(a, b, x);
    const next = x + 1 < n ? sum(a, b, x + 1) : here;
    store<u16>(to, before + 2 * here + next);
    before = next;
  }
}
