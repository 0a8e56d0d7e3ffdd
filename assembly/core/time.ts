/** Timestamps are i64 nanoseconds; NONE stands where there is none. */
export const NONE: i64 = i64.MIN_VALUE;

export const SECOND: i64 = 1_000_000_000;
export const MILLISECOND: i64 = 1_000_000;

/**
 * value * num / den, rounded to the nearest, halves away from zero; exact while the result fits, whatever the product
 * needs. `den` is positive, `num` not negative.
 */
export function scale(value: i64, num: i64, den: i64): i64 {
  const negative = value < 0;
  const v: u64 = negative ? 0 - <u64>value : <u64>value;
  const r = scaleUnsigned(v, <u64>num, <u64>den, (<u64>den) >> 1);
  return negative ? 0 - <i64>r : <i64>r;
}

/** As `scale`, rounded down (towards negative infinity). */
export function scaleFloor(value: i64, num: i64, den: i64): i64 {
  if (value >= 0) return <i64>scaleUnsigned(<u64>value, <u64>num, <u64>den, 0);
  return 0 - <i64>scaleUnsigned(0 - <u64>value, <u64>num, <u64>den, <u64>den - 1);
}

/** (v * num + add) / den with a 128-bit product. */
function scaleUnsigned(v: u64, num: u64, den: u64, add: u64): u64 {
  if (v <= 0xffffffff && num <= 0xffffffff) return (v * num + add) / den;
  const vl = v & 0xffffffff;
  const vh = v >> 32;
  const nl = num & 0xffffffff;
  const nh = num >> 32;
  const ll = vl * nl;
  const lh = vl * nh;
  const hl = vh * nl;
  const mid = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);
  let low = (mid << 32) | (ll & 0xffffffff);
  let high = vh * nh + (lh >> 32) + (hl >> 32) + (mid >> 32);
  low += add;
  if (low < add) high++;
  if (!high) return low / den;
  if (high >= den) return 0x7fffffffffffffff;
  // Long division of the 128-bit value, a bit at a time.
  let q: u64 = 0;
  for (let i = 0; i < 64; i++) {
    const carry = high >> 63;
    high = (high << 1) | (low >> 63);
    low <<= 1;
    q <<= 1;
    if (carry || high >= den) {
      high -= den;
      q |= 1;
    }
  }
  return q;
}

/** Nanoseconds of `ticks` at `rate` ticks a second. */
@inline
export function ticksToNs(ticks: i64, rate: u32): i64 {
  return scale(ticks, SECOND, rate);
}

/** Ticks at `rate` ticks a second nearest to `ns`. */
@inline
export function nsToTicks(ns: i64, rate: u32): i64 {
  return scale(ns, rate, SECOND);
}
