/**
 * Sine, cosine and logarithm from the basic operations alone, so that every engine gives the same bits. Sine and cosine
 * are within one unit in the last place of the result, or 1e-25 where that is more, for arguments up to a million.
 */

export const PI: f64 = 3.141592653589793;

/** Half of pi in two parts: 33 bits, so that small multiples are exact, and the rest. */
const HALF_HIGH: f64 = 1.5707963267341256;
const HALF_LOW: f64 = 6.077100506506192e-11;

/** The Taylor series, which below a quarter of pi ends under the last bit. `tail` is what `r` had no bits for. */
@inline
function sineOf(r: f64, tail: f64): f64 {
  const z = r * r;
  let p = 1.0 / 355687428096000.0;
  p = z * p - 1.0 / 1307674368000.0;
  p = z * p + 1.0 / 6227020800.0;
  p = z * p - 1.0 / 39916800.0;
  p = z * p + 1.0 / 362880.0;
  p = z * p - 1.0 / 5040.0;
  p = z * p + 1.0 / 120.0;
  p = z * p - 1.0 / 6.0;
  return r + (r * z * p + tail * (1.0 - 0.5 * z));
}

@inline
function cosineOf(r: f64, tail: f64): f64 {
  const z = r * r;
  let p = 1.0 / 20922789888000.0;
  p = z * p - 1.0 / 87178291200.0;
  p = z * p + 1.0 / 479001600.0;
  p = z * p - 1.0 / 3628800.0;
  p = z * p + 1.0 / 40320.0;
  p = z * p - 1.0 / 720.0;
  p = z * p + 1.0 / 24.0;
  const half = 0.5 * z;
  const w = 1.0 - half;
  return w + (1.0 - w - half + (z * z * p - r * tail));
}

/** The sine of `x` plus `quarter` quarters of a turn. */
function turned(x: f64, quarter: i64): f64 {
  const k = nearest<f64>(x * (2.0 / PI));
  const high = x - k * HALF_HIGH;
  const low = k * HALF_LOW;
  const r = high - low;
  const tail = high - r - low;
  switch ((<u32>(<i64>k + quarter)) & 3) {
    case 0:
      return sineOf(r, tail);
    case 1:
      return cosineOf(r, tail);
    case 2:
      return -sineOf(r, tail);
    default:
      return -cosineOf(r, tail);
  }
}

export function sine(x: f64): f64 {
  return turned(x, 0);
}

export function cosine(x: f64): f64 {
  return turned(x, 1);
}

/** The natural logarithm of a positive normal number, within 1e-15 of the result or absolutely. */
export function logarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const f = (m - 1.0) / (m + 1.0);
  const z = f * f;
  let sum = 0.0;
  for (let n = 23; n > 0; n -= 2) sum = sum * z + 1.0 / <f64>n;
  return 2.0 * f * sum + <f64>exponent * 0.6931471805599453;
}
