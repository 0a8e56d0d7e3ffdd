import { COMPONENTS, Component, FormatFlag, FormatInfo } from "./format";
import { VideoInfo } from "./info";
import { fillRow } from "./lines";

/** Samples that have other places in another format, with the values they had. */

/** Whether the samples of two formats differ by their places only. */
export function sameSamples(from: FormatInfo, to: FormatInfo): bool {
  const kinds: u32 = FormatFlag.Yuv | FormatFlag.Rgb | FormatFlag.Gray;
  if ((from.flags & kinds) != (to.flags & kinds)) return false;
  for (let i: u32 = 0; i < 3; i++) {
    const a = from.component(i);
    const b = to.component(i);
    if (a.depth != b.depth || a.wSub != b.wSub || a.hSub != b.hSub) return false;
  }
  return true;
}

/** What moves the samples of a row; chosen once. */
export const enum Moves {
  /** Component by component. */
  Plain = 0,
  /** U and V that lie in turn come from planes, or go to planes. */
  Zip,
  Unzip,
  /** The bytes of pixels of 4. */
  Pixels,
}

/** How the samples of `from`, which are those of `to`, get there. */
export function movesOf(from: FormatInfo, to: FormatInfo): Moves {
  if (from.step == 4 && to.step == 4) return Moves.Pixels;
  if (!from.has(FormatFlag.Yuv) || from.bits != 8) return Moves.Plain;
  const a = from.component(1).stride;
  const b = to.component(1).stride;
  if (a == 1 && b == 2) return Moves.Zip;
  return a == 2 && b == 1 ? Moves.Unzip : Moves.Plain;
}

/**
 * Moves rows that share their chroma, or one.
 * @param first row of the pictures; second another, or -1
 * @param shared row of chroma, where rows share it, in what comes in; into in what goes out
 */
export function moveRows(
  from: VideoInfo,
  to: VideoInfo,
  moves: Moves,
  source: usize,
  target: usize,
  first: u32,
  second: i32,
  shared: u32,
  into: u32,
): void {
  if (moves == Moves.Pixels) {
    movePixels(from, to, source, target, first);
    if (second >= 0) movePixels(from, to, source, target, second);
    return;
  }
  const info = to.info;
  for (let i: u32 = 0; i < COMPONENTS; i++) {
    if (!info.hasComponent(i)) continue;
    if (i == 1 && moves == Moves.Zip) {
      zipRow(from, to, source, target, info.rows ? shared : first, info.rows ? into : first);
      if (second >= 0 && !info.rows) zipRow(from, to, source, target, second, second);
      // V has gone with U.
      i = 2;
    } else if (i == 1 && moves == Moves.Unzip) {
      unzipRow(from, to, source, target, info.rows ? shared : first, info.rows ? into : first);
      if (second >= 0 && !info.rows) unzipRow(from, to, source, target, second, second);
      i = 2;
    } else if (info.component(i).hSub) moveRow(from, to, source, target, i, shared, into);
    else {
      moveRow(from, to, source, target, i, first, first);
      if (second >= 0) moveRow(from, to, source, target, i, second, second);
    }
  }
}

function moveRow(from: VideoInfo, to: VideoInfo, source: usize, target: usize, i: u32, row: u32, into: u32): void {
  const hasIt = i < 3 || (from.info.has(FormatFlag.Alpha) && to.info.has(FormatFlag.Alpha));
  if (!hasIt) {
    fillRow(to, target, i, into, 255);
    return;
  }
  const a = from.info.component(i);
  const b = to.info.component(i);
  const p = from.at(source, i, row);
  const q = to.at(target, i, into);
  const n = to.columnsOf(i);
  if (b.depth > 8) moveDeep(a, b, p, q, n);
  else if (a.stride == 1 && b.stride == 1) memory.copy(q, p, n);
  else moveBytes(a.stride, b.stride, p, q, n);
}

function moveBytes(a: usize, b: usize, p: usize, q: usize, n: u32): void {
  for (const end = q + <usize>n * b; q < end; q += b, p += a) store<u8>(q, load<u8>(p));
}

function moveDeep(a: Component, b: Component, p: usize, q: usize, n: u32): void {
  const down: u32 = a.shift;
  const up: u32 = b.shift;
  const mask: u32 = (1 << b.depth) - 1;
  const step: usize = a.stride;
  const stride: usize = b.stride;
  for (const end = q + <usize>n * stride; q < end; q += stride, p += step) {
    store<u16>(q, (((<u32>load<u16>(p)) >> down) & mask) << up);
  }
}

/** U and V of a row of planes, in turn. */
function zipRow(from: VideoInfo, to: VideoInfo, source: usize, target: usize, row: u32, into: u32): void {
  const swapped = to.info.component(1).offset > to.info.component(2).offset;
  const u = from.at(source, swapped ? 2 : 1, row);
  const v = from.at(source, swapped ? 1 : 2, row);
  const q = to.at(target, swapped ? 2 : 1, into);
  const n: usize = to.columnsOf(1);
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; x + 16 <= n; x += 16) {
      const a = v128.load(u + x);
      const b = v128.load(v + x);
      const low = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      v128.store(q + (x << 1), low);
      v128.store(q + (x << 1), high, 16);
    }
  }
  for (; x < n; x++) store<u16>(q + (x << 1), (<u32>load<u8>(u + x)) | ((<u32>load<u8>(v + x)) << 8));
}

/** U and V that lie in turn, to planes. */
function unzipRow(from: VideoInfo, to: VideoInfo, source: usize, target: usize, row: u32, into: u32): void {
  const swapped = from.info.component(1).offset > from.info.component(2).offset;
  const p = from.at(source, swapped ? 2 : 1, row);
  const u = to.at(target, swapped ? 2 : 1, into);
  const v = to.at(target, swapped ? 1 : 2, into);
  const n: usize = to.columnsOf(1);
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const mask = i16x8.splat(255);
    for (; x + 16 <= n; x += 16) {
      const a = v128.load(p + (x << 1));
      const b = v128.load(p + (x << 1), 16);
      v128.store(u + x, i8x16.narrow_i16x8_u(v128.and(a, mask), v128.and(b, mask)));
      v128.store(v + x, i8x16.narrow_i16x8_u(i16x8.shr_u(a, 8), i16x8.shr_u(b, 8)));
    }
  }
  for (; x < n; x++) {
    const both: u32 = load<u16>(p + (x << 1));
    store<u8>(u + x, both);
    store<u8>(v + x, both >> 8);
  }
}

/** The bits by which a pixel of 4 bytes is turned to the right to have component `i` at the bottom. */
@inline
function bitsOf(info: FormatInfo, i: u32): u32 {
  return (<u32>info.component(i).offset) << 3;
}

/** A row of pixels of 4 bytes. */
function movePixels(from: VideoInfo, to: VideoInfo, source: usize, target: usize, row: u32): void {
  const a = from.info;
  const b = to.info;
  let p = from.at(source, 0, row) - a.component(0).offset;
  let q = to.at(target, 0, row) - b.component(0).offset;
  const end = q + ((<usize>to.width) << 2);
  const copies = a.has(FormatFlag.Alpha) && b.has(FormatFlag.Alpha);
  const opaque: u32 = copies ? 0 : 255 << bitsOf(b, 3);
  if (ASC_FEATURE_SIMD) {
    let places: u32 = 0;
    for (let i: u32 = 0; i < COMPONENTS; i++) places |= (<u32>a.component(i).offset) << bitsOf(b, i);
    const lanes = i32x4.add(i32x4.splat(places), i32x4(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
    const alpha = i32x4.splat(opaque);
    for (; q + 16 <= end; q += 16, p += 16) v128.store(q, v128.or(v128.swizzle(v128.load(p), lanes), alpha));
  }
  const r = bitsOf(a, 0);
  const g = bitsOf(a, 1);
  const bl = bitsOf(a, 2);
  const al = bitsOf(a, 3);
  const toR = bitsOf(b, 0);
  const toG = bitsOf(b, 1);
  const toB = bitsOf(b, 2);
  const toA = bitsOf(b, 3);
  for (; q < end; q += 4, p += 4) {
    const v = load<u32>(p);
    const colors = (((v >> r) & 255) << toR) | (((v >> g) & 255) << toG) | (((v >> bl) & 255) << toB);
    store<u32>(q, colors | (((v >> al) & 255) << toA) | opaque);
  }
}
