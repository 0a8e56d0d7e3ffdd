import { Matrix, isLimitedRange } from "./colorimetry";
import { FormatFlag, FormatInfo } from "./format";
import { VideoInfo } from "./info";

/**
 * How components become others: out = clamp((f0 * x0 + f1 * x1 + f2 * x2 + add) >> shift), in whole numbers, so that every
 * engine gives the same. Factors are rounded from doubles once, when the formats are known (Rec. ITU-R BT.601, BT.709,
 * BT.2020 with non-constant luminance, SMPTE 240M; ranges as in ISO/IEC 23091-2 §8.3).
 */

/** Least and most bits behind the point of a factor. */
const MIN_SHIFT: i32 = 1;
const MAX_SHIFT: i32 = 15;

/** One row of a Mixer: factors of 16 bits, and what is added, which rounds too. */
@unmanaged
export class MixRow {
  f0: i32;
  f1: i32;
  f2: i32;
  add: i32;
}

/**
 *      0 shift  bits behind the point
 *      4 max    largest value that comes out
 *      8 three rows, 16 bytes each
 */
@unmanaged
export class Mixer {
  shift: i32;
  max: i32;

  /** Row `i`, 0 to 2. */
  @inline
  row(i: u32): MixRow {
    return changetype<MixRow>(changetype<usize>(this) + 8 + ((<usize>i) << 4));
  }
}

/** Bytes that a Mixer takes inside another record. */
export const MIXER_SIZE: u32 = 56;

/**
 * Factors between two formats as doubles: offsets of what comes in, offsets of what goes out, then nine factors by rows.
 */
@unmanaged
export class RealMix {
  @inline
  offsetIn(i: u32): f64 {
    return load<f64>(changetype<usize>(this) + ((<usize>i) << 3));
  }

  @inline
  offsetOut(i: u32): f64 {
    return load<f64>(changetype<usize>(this) + ((<usize>i) << 3), 24);
  }

  @inline
  factor(row: u32, column: u32): f64 {
    return load<f64>(changetype<usize>(this) + ((<usize>(row * 3 + column)) << 3), 48);
  }
}

const REAL: usize = memory.data(120, 8);
const FROM: usize = memory.data(72, 8);
const INTO: usize = memory.data(72, 8);
const PRODUCT: usize = memory.data(72, 8);

@inline
function at(m: usize, row: u32, column: u32): usize {
  return m + ((<usize>(row * 3 + column)) << 3);
}

function setRow(m: usize, row: u32, a: f64, b: f64, c: f64): void {
  store<f64>(at(m, row, 0), a);
  store<f64>(at(m, row, 1), b);
  store<f64>(at(m, row, 2), c);
}

function setIdentity(m: usize): void {
  setRow(m, 0, 1, 0, 0);
  setRow(m, 1, 0, 1, 0);
  setRow(m, 2, 0, 0, 1);
}

/** The weight of red in Y. */
function redOf(matrix: Matrix): f64 {
  switch (matrix) {
    case Matrix.Fcc:
      return 0.3;
    case Matrix.Bt709:
      return 0.2126;
    case Matrix.Smpte240m:
      return 0.212;
    case Matrix.Bt2020:
      return 0.2627;
    default:
      return 0.299;
  }
}

/** The weight of blue in Y. */
function blueOf(matrix: Matrix): f64 {
  switch (matrix) {
    case Matrix.Fcc:
      return 0.11;
    case Matrix.Bt709:
      return 0.0722;
    case Matrix.Smpte240m:
      return 0.087;
    case Matrix.Bt2020:
      return 0.0593;
    default:
      return 0.114;
  }
}

/** Y from 0 to 1, U and V from -1/2 to 1/2, to R, G and B from 0 to 1. */
function setToRgb(m: usize, matrix: Matrix): void {
  const r = redOf(matrix);
  const b = blueOf(matrix);
  const g = 1.0 - r - b;
  setRow(m, 0, 1, 0, 2.0 * (1.0 - r));
  setRow(m, 1, 1, (-2.0 * b * (1.0 - b)) / g, (-2.0 * r * (1.0 - r)) / g);
  setRow(m, 2, 1, 2.0 * (1.0 - b), 0);
}

/** The way back. */
function setToYuv(m: usize, matrix: Matrix): void {
  const r = redOf(matrix);
  const b = blueOf(matrix);
  const g = 1.0 - r - b;
  setRow(m, 0, r, g, b);
  setRow(m, 1, -r / (2.0 * (1.0 - b)), -g / (2.0 * (1.0 - b)), 0.5);
  setRow(m, 2, 0.5, -g / (2.0 * (1.0 - r)), -b / (2.0 * (1.0 - r)));
}

/** What stands for 0 in component `i`. */
function zeroOf(info: FormatInfo, limited: bool, i: u32): f64 {
  const depth = info.component(0).depth;
  if (i && !info.has(FormatFlag.Rgb)) return <f64>(1 << (depth - 1));
  return limited ? <f64>(16 << (depth - 8)) : 0;
}

/** How many values there are between 0 and 1 of component `i`. */
function scaleOf(info: FormatInfo, limited: bool, i: u32): f64 {
  const depth = info.component(0).depth;
  if (!limited) return <f64>((1 << depth) - 1);
  return <f64>((i && !info.has(FormatFlag.Rgb) ? 224 : 219) << (depth - 8));
}

@inline
function isGray(info: FormatInfo): bool {
  return info.has(FormatFlag.Gray);
}

/** Whether two pictures have the same colors for the same values, their depths aside. */
export function sameColors(from: VideoInfo, to: VideoInfo): bool {
  if (isLimitedRange(from.colorimetry) != isLimitedRange(to.colorimetry)) return false;
  if (from.isRgb != to.isRgb) return false;
  return from.isRgb || isGray(from.info) || isGray(to.info) || from.matrix == to.matrix;
}

/** Factors from the values of one picture to those of another; valid until the next call. */
export function realMix(from: VideoInfo, to: VideoInfo): RealMix {
  const colors = from.isRgb != to.isRgb;
  const other = colors || !(from.isRgb || isGray(from.info) || isGray(to.info) || from.matrix == to.matrix);
  setIdentity(FROM);
  setIdentity(INTO);
  if (other && !from.isRgb) setToRgb(FROM, from.matrix);
  if (other && !to.isRgb) setToYuv(INTO, to.matrix);
  const limitedIn = isLimitedRange(from.colorimetry);
  const limitedOut = isLimitedRange(to.colorimetry);
  for (let i: u32 = 0; i < 3; i++) {
    store<f64>(REAL + ((<usize>i) << 3), zeroOf(from.info, limitedIn, i));
    store<f64>(REAL + 24 + ((<usize>i) << 3), zeroOf(to.info, limitedOut, i));
    for (let k: u32 = 0; k < 3; k++) {
      let sum: f64 = 0;
      for (let j: u32 = 0; j < 3; j++) sum += load<f64>(at(INTO, i, j)) * load<f64>(at(FROM, j, k));
      // Gray stays gray: Y has no share in U and V, whatever rounding says.
      if (i && !k && !from.isRgb && !to.isRgb) sum = 0;
      store<f64>(at(PRODUCT, i, k), (sum * scaleOf(to.info, limitedOut, i)) / scaleOf(from.info, limitedIn, k));
    }
  }
  memory.copy(REAL + 48, PRODUCT, 72);
  return changetype<RealMix>(REAL);
}

/** Sets a mixer from the values of one picture to those of another, of at most 12 bits. */
export function setMixer(mixer: Mixer, from: VideoInfo, to: VideoInfo): void {
  const real = realMix(from, to);
  let most: f64 = 0;
  for (let i: u32 = 0; i < 3; i++) {
    for (let k: u32 = 0; k < 3; k++) most = max<f64>(most, abs<f64>(real.factor(i, k)));
  }
  let shift = MAX_SHIFT;
  while (shift > MIN_SHIFT && most * <f64>(1 << shift) > 32767.0) shift--;
  mixer.shift = shift;
  mixer.max = (1 << to.info.component(0).depth) - 1;
  const one = <f64>(1 << shift);
  for (let i: u32 = 0; i < 3; i++) {
    const row = mixer.row(i);
    row.f0 = <i32>nearest<f64>(real.factor(i, 0) * one);
    row.f1 = <i32>nearest<f64>(real.factor(i, 1) * one);
    row.f2 = <i32>nearest<f64>(real.factor(i, 2) * one);
    // With whole factors black stays black, and gray gray.
    row.add =
      ((<i32>real.offsetOut(i)) << shift) +
      (1 << (shift - 1)) -
      row.f0 * <i32>real.offsetIn(0) -
      row.f1 * <i32>real.offsetIn(1) -
      row.f2 * <i32>real.offsetIn(2);
  }
}

/**
 * Mixes `n` values.
 * @param to where 16-bit values go, which may be one of the lines that come in
 * @param a values of 16 bits for f0, below 2^15; b, c for f1 and f2
 * @param scaled log2 of what the values were multiplied by
 */
export function mix(mixer: Mixer, row: u32, to: usize, a: usize, b: usize, c: usize, n: u32, scaled: i32): void {
  const r = mixer.row(row);
  const f0 = r.f0;
  const f1 = r.f1;
  const f2 = r.f2;
  const add = r.add << scaled;
  const shift = mixer.shift + scaled;
  const max = mixer.max;
  const bytes = (<usize>n) << 1;
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const f01 = i32x4.splat((f0 & 0xffff) | (f1 << 16));
    const factor = i16x8.splat(<i16>f2);
    const adds = i32x4.splat(add);
    const zero = i16x8.splat(0);
    const most = i16x8.splat(<i16>max);
    for (; x + 16 <= bytes; x += 16) {
      const va = v128.load(a + x);
      const vb = v128.load(b + x);
      const vc = v128.load(c + x);
      const low = v128.shuffle<u16>(va, vb, 0, 8, 1, 9, 2, 10, 3, 11);
      const high = v128.shuffle<u16>(va, vb, 4, 12, 5, 13, 6, 14, 7, 15);
      let l = i32x4.add(i32x4.dot_i16x8_s(low, f01), i32x4.extmul_low_i16x8_s(vc, factor));
      let h = i32x4.add(i32x4.dot_i16x8_s(high, f01), i32x4.extmul_high_i16x8_s(vc, factor));
      l = i32x4.shr_s(i32x4.add(l, adds), shift);
      h = i32x4.shr_s(i32x4.add(h, adds), shift);
      v128.store(to + x, i16x8.min_s(i16x8.max_s(i16x8.narrow_i32x4_s(l, h), zero), most));
    }
  }
  for (; x < bytes; x += 2) {
    const sum = f0 * <i32>load<u16>(a + x) + f1 * <i32>load<u16>(b + x) + f2 * <i32>load<u16>(c + x) + add;
    const v = sum >> shift;
    store<u16>(to + x, v < 0 ? 0 : v > max ? max : v);
  }
}
