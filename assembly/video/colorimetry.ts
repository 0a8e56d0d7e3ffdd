import { TEXT_SIZE, Text, isDigit } from "../base/text";
import { Atom } from "../generated/words";
import { atomData, atomLength, atomOf } from "../registry/atom";
import { FormatFlag, FormatInfo } from "./format";

/**
 * Colorimetry as caps have it: a name for the usual combinations, else range:matrix:transfer:primaries in GStreamer's
 * numbers. Codecs give the code points of ISO/IEC 23091-2, which the tables translate; -1 and 0 are not known.
 */

// Indexed by code point.
const MATRIX: usize = memory.data<u8>([1, 3, 0, 0, 2, 4, 4, 5, 0, 6, 6]);
const TRANSFER: usize = memory.data<u8>([0, 5, 0, 0, 4, 8, 16, 6, 1, 9, 10, 0, 0, 7, 13, 11, 14, 0, 15]);
const PRIMARIES: usize = memory.data<u8>([0, 1, 0, 0, 2, 3, 4, 5, 6, 7, 9, 10, 11]);

// prettier-ignore
const NAMES: usize = memory.data<u32>([
  Atom.bt709, Atom.bt601, Atom.smpte240m, Atom.bt2020, Atom.bt2020_10, Atom.bt2100_pq, Atom.bt2100_hlg, Atom.sRGB,
]);
const NAMED: u32 = 8;

const TEXT: usize = memory.data(32, 4);
const OUT: usize = memory.data(TEXT_SIZE, 4);

/** The atom of a colorimetry, 0 when nothing is known of it. */
export function colorimetryOf(fullRange: bool, matrix: u32, transfer: u32, primaries: u32): u32 {
  const m: u32 = matrix < 11 ? load<u8>(MATRIX + matrix) : 0;
  const t: u32 = transfer < 19 ? load<u8>(TRANSFER + transfer) : 0;
  const p: u32 = primaries < 13 ? load<u8>(PRIMARIES + primaries) : primaries == 22 ? 12 : 0;
  if (!m && !t && !p) return 0;
  return colorimetryAtom(pack(fullRange ? 1 : 2, m, t, p));
}

/** The caps value of a packed colorimetry: a name for the usual ones, else numbers; 0 when there is no room for it. */
export function colorimetryAtom(colorimetry: u32): u32 {
  for (let i: u32 = 0; i < NAMED; i++) {
    const atom = load<u32>(NAMES + ((<usize>i) << 2));
    if (parseColorimetry(atom) == colorimetry) return atom;
  }
  const text = changetype<Text>(OUT).into(TEXT, 32);
  for (let i: u32 = 0; i < 32; i += 8) {
    if (i) text.byte(58);
    text.u64((colorimetry >> i) & 255);
  }
  return atomOf(TEXT, text.length);
}

/** How Y, U and V are made from R, G and B: GStreamer's numbers. */
export const enum Matrix {
  Unknown = 0,
  Rgb = 1,
  Fcc = 2,
  Bt709 = 3,
  Bt601 = 4,
  Smpte240m = 5,
  Bt2020 = 6,
}

/** A colorimetry as a number: range, matrix, transfer and primaries, a byte each from the lowest. */
@inline
function pack(range: u32, matrix: u32, transfer: u32, primaries: u32): u32 {
  return range | (matrix << 8) | (transfer << 16) | (primaries << 24);
}

/** The transfer function and primaries of one colorimetry with the range and matrix of another, both packed. */
@inline
export function withRange(colors: u32, range: u32): u32 {
  return (colors & 0xffff0000) | (range & 0xffff);
}

/** The matrix of a colorimetry that was packed. */
@inline
export function matrixOf(colorimetry: u32): Matrix {
  return (colorimetry >> 8) & 255;
}

/** Whether a colorimetry that was packed has the full range. */
@inline
export function isFullRange(colorimetry: u32): bool {
  return (colorimetry & 255) == 1;
}

/** Whether one has the limited range; one whose range is not known has the full range, as GStreamer has it. */
@inline
export function isLimitedRange(colorimetry: u32): bool {
  return (colorimetry & 255) == 2;
}

/** The colorimetry of a caps value as a packed number; 0 when it is none. */
export function parseColorimetry(atom: u32): u32 {
  switch (atom) {
    case Atom.bt601:
      return pack(2, 4, 16, 4);
    case Atom.bt709:
      return pack(2, 3, 5, 1);
    case Atom.smpte240m:
      return pack(2, 5, 6, 5);
    case Atom.bt2020:
      return pack(2, 6, 11, 7);
    case Atom.bt2020_10:
      return pack(2, 6, 13, 7);
    case Atom.bt2100_pq:
      return pack(2, 6, 14, 7);
    case Atom.bt2100_hlg:
      return pack(2, 6, 15, 7);
    case Atom.sRGB:
      return pack(1, 1, 7, 1);
    default:
      return parseNumbers(atom);
  }
}

/** Four numbers with colons between them. */
function parseNumbers(atom: u32): u32 {
  const p = atomData(atom);
  const n = atomLength(atom);
  let out: u32 = 0;
  let value: u32 = 0;
  let digits: u32 = 0;
  let parts: u32 = 0;
  for (let i: u32 = 0; i <= n; i++) {
    const c: u32 = i < n ? load<u8>(p + i) : 58;
    if (isDigit(c)) {
      value = value * 10 + c - 48;
      if (++digits > 3 || value > 255) return 0;
    } else {
      if (c != 58 || !digits || parts == 4) return 0;
      out |= value << (parts++ << 3);
      value = 0;
      digits = 0;
    }
  }
  return parts == 4 ? out : 0;
}

/** What holds where caps say nothing: sRGB, and for Y, U and V BT.601 up to 576 rows and BT.709 above. */
export function defaultColorimetry(info: FormatInfo, height: u32): u32 {
  if (info.has(FormatFlag.Rgb)) return pack(1, 1, 7, 1);
  if (info.has(FormatFlag.Gray)) return pack(1, 4, 0, 0);
  return height > 576 ? pack(2, 3, 5, 1) : pack(2, 4, 16, 4);
}
