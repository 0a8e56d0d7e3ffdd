import { RealMix } from "./mixer";

/**
 * Y, U and V of 8 bits, chroma shared by two pixels of a row and if wanted by two rows, to pixels of 4 bytes: what displays
 * want of what decoders and cameras give. Sums have 6 bits behind the point and fit 16 bits, so 16 pixels go at once; the
 * plain code rounds in the same places.
 *
 * A color that pixels begin with is made of Y and P, the one that follows of Y, P and Q, the last of Y and Q: for R, G, B
 * P is V and Q is U, for B, G, R it is the other way round.
 */

/** Bits behind the point of a sum. */
const POINT: i32 = 6;

/**
 *      0 fy      of Y in all colors, times 2^14
 *      4 add     offset and rounding, times 2^6
 *      8 first   of P in the first color, times 2^13
 *     12 second  of P in the second
 *     16 second2 of Q in the second
 *     20 third   of Q in the third
 *     24 ahead   alpha is the first byte of a pixel and not the last
 */
@unmanaged
export class YuvToRgb {
  fy: i32;
  add: i32;
  first: i32;
  second: i32;
  second2: i32;
  third: i32;
  ahead: bool;

  /**
   * @param blueFirst pixels begin with B and not with R, alpha aside
   * @param ahead alpha is the first byte
   */
  set(real: RealMix, blueFirst: bool, ahead: bool): void {
    const p: u32 = blueFirst ? 1 : 2;
    const q = 3 - p;
    this.fy = factor(real.factor(0, 0), 16384);
    this.add =
      <i32>nearest<f64>((real.offsetOut(0) - real.factor(0, 0) * real.offsetIn(0)) * 64.0) + (1 << (POINT - 1));
    this.first = factor(real.factor(blueFirst ? 2 : 0, p), 8192);
    this.second = factor(real.factor(1, p), 8192);
    this.second2 = factor(real.factor(1, q), 8192);
    this.third = factor(real.factor(blueFirst ? 0 : 2, q), 8192);
    this.ahead = ahead;
  }
}

/** Bytes that a YuvToRgb takes inside another record. */
export const YUVTORGB_SIZE: u32 = 28;

@inline
function factor(real: f64, one: f64): i32 {
  return <i32>nearest<f64>(real * one);
}

/**
 * Converts one row, or two that share their chroma.
 * @param y0 bytes of Y; y1 of the second row, 0: there is none
 * @param p address of the first P; q of the first Q
 * @param step bytes from one P or Q to the next: 1, or 2 where they lie in turn
 * @param to0 pixels of the first row; to1 of the second
 */
export function rowsToRgb(
  m: YuvToRgb,
  y0: usize,
  y1: usize,
  p: usize,
  q: usize,
  step: usize,
  to0: usize,
  to1: usize,
  width: u32,
): void {
  let x: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    x = width & ~15;
    if (x) wide(m, y0, y1, p, q, step, to0, to1, x);
  }
  const fy = m.fy;
  const add = m.add;
  const first = m.first;
  const second = m.second;
  const second2 = m.second2;
  const third = m.third;
  const ahead = m.ahead;
  p += <usize>(x >> 1) * step;
  q += <usize>(x >> 1) * step;
  for (; x < width; x += 2, p += step, q += step) {
    const vp = (<i32>load<u8>(p) - 128) << 8;
    const vq = (<i32>load<u8>(q) - 128) << 8;
    const a = product(vp, first) + add;
    const b = product(vp, second) + product(vq, second2) + add;
    const c = product(vq, third) + add;
    const both = x + 1 < width;
    put(to0, y0, x, a, b, c, fy, ahead);
    if (both) put(to0, y0, x + 1, a, b, c, fy, ahead);
    if (y1) {
      put(to1, y1, x, a, b, c, fy, ahead);
      if (both) put(to1, y1, x + 1, a, b, c, fy, ahead);
    }
  }
}

/** The product of two numbers with 15 bits behind the point, rounded to as many: what i16x8.q15mulr_sat_s gives. */
@inline
function product(a: i32, b: i32): i32 {
  return (a * b + 0x4000) >> 15;
}

@inline
function byteOf(v: i32): u32 {
  v >>= POINT;
  return v < 0 ? 0 : v > 255 ? 255 : v;
}

@inline
function put(to: usize, from: usize, x: u32, a: i32, b: i32, c: i32, fy: i32, ahead: bool): void {
  const y = product((<i32>load<u8>(from + x)) << 7, fy);
  const rgb = byteOf(y + a) | (byteOf(y + b) << 8) | (byteOf(y + c) << 16);
  store<u32>(to + ((<usize>x) << 2), ahead ? (rgb << 8) | 0xff : rgb | 0xff000000);
}

/** A number of pixels that is a multiple of 16. */
function wide(
  m: YuvToRgb,
  y0: usize,
  y1: usize,
  p: usize,
  q: usize,
  step: usize,
  to0: usize,
  to1: usize,
  width: u32,
): void {
  const fy = i16x8.splat(<i16>m.fy);
  const add = i16x8.splat(<i16>m.add);
  const first = i16x8.splat(<i16>m.first);
  const second = i16x8.splat(<i16>m.second);
  const second2 = i16x8.splat(<i16>m.second2);
  const third = i16x8.splat(<i16>m.third);
  const middle = i16x8.splat(i16.MIN_VALUE);
  const ahead = m.ahead;
  const pairs = min<usize>(p, q);
  const pFirst = pairs == p;
  for (let x: u32 = 0; x < width; x += 16) {
    let vp: v128;
    let vq: v128;
    if (step == 1) {
      vp = i16x8.shl(v128.load_ext<u8>(p + (x >> 1)), 8);
      vq = i16x8.shl(v128.load_ext<u8>(q + (x >> 1)), 8);
    } else {
      const both = v128.load(pairs + x);
      const even = i16x8.shl(both, 8);
      const odd = v128.and(both, i16x8.splat(<i16>0xff00));
      vp = pFirst ? even : odd;
      vq = pFirst ? odd : even;
    }
    // Less 128, in the upper byte.
    vp = v128.xor(vp, middle);
    vq = v128.xor(vq, middle);
    const a = i16x8.add(i16x8.q15mulr_sat_s(vp, first), add);
    const b = i16x8.add(i16x8.add(i16x8.q15mulr_sat_s(vp, second), i16x8.q15mulr_sat_s(vq, second2)), add);
    const c = i16x8.add(i16x8.q15mulr_sat_s(vq, third), add);
    const a0 = v128.shuffle<u16>(a, a, 0, 0, 1, 1, 2, 2, 3, 3);
    const a1 = v128.shuffle<u16>(a, a, 4, 4, 5, 5, 6, 6, 7, 7);
    const b0 = v128.shuffle<u16>(b, b, 0, 0, 1, 1, 2, 2, 3, 3);
    const b1 = v128.shuffle<u16>(b, b, 4, 4, 5, 5, 6, 6, 7, 7);
    const c0 = v128.shuffle<u16>(c, c, 0, 0, 1, 1, 2, 2, 3, 3);
    const c1 = v128.shuffle<u16>(c, c, 4, 4, 5, 5, 6, 6, 7, 7);
    putWide(to0 + ((<usize>x) << 2), v128.load(y0 + x), a0, a1, b0, b1, c0, c1, fy, ahead);
    if (y1) putWide(to1 + ((<usize>x) << 2), v128.load(y1 + x), a0, a1, b0, b1, c0, c1, fy, ahead);
  }
}

@inline
function narrowed(y0: v128, y1: v128, c0: v128, c1: v128): v128 {
  // Where the sum is more than 16 bits it is more than 255 either way.
  const low = i16x8.shr_s(i16x8.add_sat_s(y0, c0), POINT);
  const high = i16x8.shr_s(i16x8.add_sat_s(y1, c1), POINT);
  return i8x16.narrow_i16x8_u(low, high);
}

@inline
function putWide(
  to: usize,
  y: v128,
  a0: v128,
  a1: v128,
  b0: v128,
  b1: v128,
  c0: v128,
  c1: v128,
  fy: v128,
  ahead: bool,
): void {
  const y0 = i16x8.q15mulr_sat_s(i16x8.shl(i16x8.extend_low_i8x16_u(y), 7), fy);
  const y1 = i16x8.q15mulr_sat_s(i16x8.shl(i16x8.extend_high_i8x16_u(y), 7), fy);
  const a = narrowed(y0, y1, a0, a1);
  const b = narrowed(y0, y1, b0, b1);
  const c = narrowed(y0, y1, c0, c1);
  const alpha = i8x16.splat(-1);
  if (ahead) interleave(to, alpha, a, b, c);
  else interleave(to, a, b, c, alpha);
}

/** Stores 16 pixels of four bytes each. */
@inline
function interleave(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab0 = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const ab1 = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const cd0 = i8x16.shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const cd1 = i8x16.shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(to, v128.shuffle<u16>(ab0, cd0, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(to, v128.shuffle<u16>(ab0, cd0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  v128.store(to, v128.shuffle<u16>(ab1, cd1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
  v128.store(to, v128.shuffle<u16>(ab1, cd1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
}

/** Makes pixels of 3 bytes of pixels of 4, whose last goes. */
export function dropFourth(to: usize, from: usize, width: u32): void {
  let x: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    for (; x + 16 <= width; x += 16, from += 64, to += 48) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      v128.store(to, i8x16.shuffle(a, b, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20));
      v128.store(to, i8x16.shuffle(b, c, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25), 16);
      v128.store(to, i8x16.shuffle(c, d, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29, 30), 32);
    }
  }
  for (; x < width; x++, from += 4, to += 3) {
    const rgb = load<u32>(from);
    store<u16>(to, rgb);
    store<u8>(to, rgb >> 16, 2);
  }
}
