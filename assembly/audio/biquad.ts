/**
 * A filter of second order over samples of 16 bits, direct form I:
 *
 *     y[n] = (b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2] + 2^13) >> 14, no farther than 16 bits go
 *
 * The sum is exact, whatever the coefficients and samples.
 *
 *      0 b0, b1, b2, a1, a2  coefficients, 1.0 is 16384
 *     20 x1, x2, y1, y2      the last two samples that went in and came out
 *     36 narrow              no sum exceeds 32 bits
 */
@unmanaged
export class Biquad {
  b0: i32;
  b1: i32;
  b2: i32;
  a1: i32;
  a2: i32;
  x1: i32;
  x2: i32;
  y1: i32;
  y2: i32;
  narrow: bool;
}

/** Bytes that a Biquad takes inside another record. */
export const BIQUAD_SIZE: u32 = offsetof<Biquad>();

/** Bits behind the point of a coefficient, and half of its last one. */
const BITS: i32 = 14;
const HALF: i32 = 1 << (BITS - 1);

/** Sets the coefficients, 1.0 is 16384, a0 is 1.0; what went in before stays. */
export function setBiquad(f: Biquad, b0: i32, b1: i32, b2: i32, a1: i32, a2: i32): void {
  f.b0 = b0;
  f.b1 = b1;
  f.b2 = b2;
  f.a1 = a1;
  f.a2 = a2;
  const sum = abs<i64>(b0) + abs<i64>(b1) + abs<i64>(b2) + abs<i64>(a1) + abs<i64>(a2);
  f.narrow = sum * 32768 + HALF <= i32.MAX_VALUE;
}

/** Forgets what went in. */
export function resetBiquad(f: Biquad): void {
  f.x1 = 0;
  f.x2 = 0;
  f.y1 = 0;
  f.y2 = 0;
}

/** What fits 16 bits, in one comparison. */
@inline
function clip(y: i32): i32 {
  return <u32>(y + 32768) > 0xffff ? (y >> 31) ^ 0x7fff : y;
}

/** Filters `n` samples, little-endian; `to` may be `from`. */
export function runBiquad(f: Biquad, to: usize, from: usize, n: u32): void {
  if (f.narrow) runNarrow(f, to, from, n);
  else runWide(f, to, from, n);
}

/** Two samples at a time, so that none has to be moved from one variable to the next. */
function runNarrow(f: Biquad, to: usize, from: usize, n: u32): void {
  const b0 = f.b0;
  const b1 = f.b1;
  const b2 = f.b2;
  const a1 = f.a1;
  const a2 = f.a2;
  let x1 = f.x1;
  let x2 = f.x2;
  let y1 = f.y1;
  let y2 = f.y2;
  for (; n >= 2; n -= 2) {
    const two = load<u32>(from);
    const x = (<i32>(two << 16)) >> 16;
    y2 = clip((HALF + b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2) >> BITS);
    x2 = x;
    const z = (<i32>two) >> 16;
    y1 = clip((HALF + b0 * z + b1 * x + b2 * x1 - a1 * y2 - a2 * y1) >> BITS);
    x1 = z;
    store<u32>(to, (y2 & 0xffff) | (y1 << 16));
    from += 4;
    to += 4;
  }
  if (n) {
    const x: i32 = load<i16>(from);
    const y = clip((HALF + b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2) >> BITS);
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    store<i16>(to, y);
  }
  f.x1 = x1;
  f.x2 = x2;
  f.y1 = y1;
  f.y2 = y2;
}

function runWide(f: Biquad, to: usize, from: usize, n: u32): void {
  const b0 = <i64>f.b0;
  const b1 = <i64>f.b1;
  const b2 = <i64>f.b2;
  const a1 = <i64>f.a1;
  const a2 = <i64>f.a2;
  let x1 = f.x1;
  let x2 = f.x2;
  let y1 = f.y1;
  let y2 = f.y2;
  for (; n; n--) {
    const x: i32 = load<i16>(from);
    const sum = (HALF + b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2) >> BITS;
    const y = <i32>max<i64>(min<i64>(sum, 32767), -32768);
    x2 = x1;
    x1 = x;
    y2 = y1;
    y1 = y;
    store<i16>(to, y);
    from += 2;
    to += 2;
  }
  f.x1 = x1;
  f.x2 = x2;
  f.y1 = y1;
  f.y2 = y2;
}
