import { Component } from "./format";
import { VideoInfo } from "./info";

/**
 * Lines of one component, 16 bits a value whatever the depth, and the way between them and the rows of pictures. Components
 * of up to 12 bits.
 */

/** Bits of a component's values. */
@inline
function maskOf(c: Component): u32 {
  return (1 << c.depth) - 1;
}

/**
 * Takes component `i` of a row out of a picture; a value that pixels share is there for each of them.
 * @param row of the component
 * @param to room for 16 bits a pixel
 */
export function unpackRow(v: VideoInfo, data: usize, i: u32, row: u32, to: usize): void {
  const c = v.info.component(i);
  const from = v.at(data, i, row);
  if (c.depth > 8) unpackDeep(c, from, to, v.width);
  else if (c.wSub) unpackShared(c, from, to, v.width);
  else unpackBytes(c, from, to, v.width);
}

function unpackDeep(c: Component, from: usize, to: usize, width: u32): void {
  const stride: usize = c.stride;
  const shift: u32 = c.shift;
  // Bits above the depth may hold anything.
  const mask = maskOf(c);
  const end = to + ((<usize>width) << 1);
  if (!c.wSub) {
    for (; to < end; to += 2, from += stride) store<u16>(to, ((<u32>load<u16>(from)) >> shift) & mask);
    return;
  }
  for (; to + 4 <= end; to += 4, from += stride) {
    const x = ((<u32>load<u16>(from)) >> shift) & mask;
    store<u32>(to, x | (x << 16));
  }
  if (to < end) store<u16>(to, ((<u32>load<u16>(from)) >> shift) & mask);
}

function unpackShared(c: Component, from: usize, to: usize, width: u32): void {
  const stride: usize = c.stride;
  const end = to + ((<usize>width) << 1);
  if (ASC_FEATURE_SIMD) {
    if (stride == 1) {
      for (; to + 32 <= end; to += 32, from += 8) {
        const x = v128.load_ext<u8>(from);
        v128.store(to, v128.shuffle<u16>(x, x, 0, 0, 1, 1, 2, 2, 3, 3));
        v128.store(to, v128.shuffle<u16>(x, x, 4, 4, 5, 5, 6, 6, 7, 7), 16);
      }
    }
  }
  for (; to + 4 <= end; to += 4, from += stride) {
    const x: u32 = load<u8>(from);
    store<u32>(to, x | (x << 16));
  }
  if (to < end) store<u16>(to, <u16>load<u8>(from));
}

function unpackBytes(c: Component, from: usize, to: usize, width: u32): void {
  const stride: usize = c.stride;
  const end = to + ((<usize>width) << 1);
  if (ASC_FEATURE_SIMD) {
    if (stride == 1) {
      for (; to + 16 <= end; to += 16, from += 8) v128.store(to, v128.load_ext<u8>(from));
    } else if (stride == 4) {
      const offset: usize = c.offset;
      const shift = (<i32>offset) << 3;
      const mask = i32x4.splat(0xff);
      const pixels = from - offset;
      let x: usize = 0;
      for (; to + 16 <= end; to += 16, x += 32) {
        const low = v128.and(i32x4.shr_u(v128.load(pixels + x), shift), mask);
        const high = v128.and(i32x4.shr_u(v128.load(pixels + x, 16), shift), mask);
        v128.store(to, i16x8.narrow_i32x4_u(low, high));
      }
      from += x;
    }
  }
  for (; to < end; to += 2, from += stride) store<u16>(to, <u16>load<u8>(from));
}

/**
 * Puts a line into component `i` of a row of a picture, a value for each sample that the row has.
 * @param row of the component
 */
export function packRow(v: VideoInfo, data: usize, i: u32, row: u32, from: usize): void {
  const c = v.info.component(i);
  const stride: usize = c.stride;
  const end = from + ((<usize>v.columnsOf(i)) << 1);
  let to = v.at(data, i, row);
  if (c.depth > 8) {
    const shift: u32 = c.shift;
    for (; from < end; from += 2, to += stride) store<u16>(to, (<u32>load<u16>(from)) << shift);
    return;
  }
  if (ASC_FEATURE_SIMD) {
    if (stride == 1) {
      for (; from + 32 <= end; from += 32, to += 16) {
        v128.store(to, i8x16.narrow_i16x8_u(v128.load(from), v128.load(from, 16)));
      }
    }
  }
  for (; from < end; from += 2, to += stride) store<u8>(to, <u8>load<u16>(from));
}

/** Puts two lines of 8 bits into bytes that lie in turn, `n` of each. */
export function packTurns(to: usize, first: usize, second: usize, n: u32): void {
  const bytes = (<usize>n) << 1;
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; x + 16 <= bytes; x += 16) {
      v128.store(to + x, v128.or(v128.load(first + x), i16x8.shl(v128.load(second + x), 8)));
    }
  }
  for (; x < bytes; x += 2) store<u16>(to + x, (<u32>load<u16>(first + x)) | ((<u32>load<u16>(second + x)) << 8));
}

/** Sets component `i` of a row, of 8 bits, to one value. */
export function fillRow(v: VideoInfo, data: usize, i: u32, row: u32, value: u32): void {
  const stride: usize = v.info.component(i).stride;
  let to = v.at(data, i, row);
  for (const end = to + <usize>v.columnsOf(i) * stride; to < end; to += stride) store<u8>(to, value);
}

/** Sets a line of `n` values to one. */
export function fillLine(to: usize, value: u32, n: u32): void {
  for (const end = to + ((<usize>n) << 1); to < end; to += 2) store<u16>(to, value);
}

/**
 * Puts lines of R, G and B, and of alpha, into a row of pixels of 4 bytes.
 * @param i0 the component that stands in byte 0 of a pixel, and so on; 3 is alpha
 */
export function packPixels(to: usize, lines: usize, line: usize, order: u32, width: u32): void {
  const l0 = lines + <usize>(order & 3) * line;
  const l1 = lines + <usize>((order >> 2) & 3) * line;
  const l2 = lines + <usize>((order >> 4) & 3) * line;
  const l3 = lines + <usize>((order >> 6) & 3) * line;
  const bytes = (<usize>width) << 1;
  let x: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; x + 16 <= bytes; x += 16, to += 32) {
      // Values have 8 bits: the second of two goes above the first.
      const low = v128.or(v128.load(l0 + x), i16x8.shl(v128.load(l1 + x), 8));
      const high = v128.or(v128.load(l2 + x), i16x8.shl(v128.load(l3 + x), 8));
      v128.store(to, v128.shuffle<u16>(low, high, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(to, v128.shuffle<u16>(low, high, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    }
  }
  for (; x < bytes; x += 2, to += 4) {
    const low = (<u32>load<u16>(l0 + x)) | ((<u32>load<u16>(l1 + x)) << 8);
    const high = (<u32>load<u16>(l2 + x)) | ((<u32>load<u16>(l3 + x)) << 8);
    store<u32>(to, low | (high << 16));
  }
}
