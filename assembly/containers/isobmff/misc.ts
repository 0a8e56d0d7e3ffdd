import { be32 } from "../../base/bytes";

/** Language codes and transformation matrices of ISO/IEC 14496-12 and the QuickTime file format. */

/** The language of a track that has none, "und". */
export const UNDETERMINED: u32 = 0x55c4;

/** Languages of QuickTime's Macintosh codes, three letters each, from code 0 on. */
const MACINTOSH: usize = memory.data<u8>([
  101, 110, 103, 102, 114, 97, 100, 101, 117, 105, 116, 97, 110, 108, 100, 115, 119, 101, 115, 112, 97, 100, 97, 110,
  112, 111, 114, 110, 111, 114, 104, 101, 98, 106, 112, 110, 97, 114, 97, 102, 105, 110, 101, 108, 108, 105, 115, 108,
  109, 108, 116, 116, 117, 114, 104, 114, 118, 122, 104, 111, 117, 114, 100, 104, 105, 110, 116, 104, 97, 107, 111, 114,
  108, 105, 116, 112, 111, 108, 104, 117, 110, 101, 115, 116, 108, 97, 118,
]);
const MACINTOSH_COUNT: u32 = 29;

/**
 * Writes the three letters of a media header's language: ISO 639-2 packed in three times five bits, or below 0x400 a
 * Macintosh code.
 * @param into room for three bytes
 * @returns false when the language is not known
 */
export function languageText(code: u32, into: usize): bool {
  if (code < 0x400) {
    if (code >= MACINTOSH_COUNT) return false;
    memory.copy(into, MACINTOSH + code * 3, 3);
    return true;
  }
  if (code == 0x7fff || code == UNDETERMINED) return false;
  for (let i: u32 = 0; i < 3; i++) {
    const c = ((code >> (10 - 5 * i)) & 31) + 0x60;
    if (c < 97 || c > 122) return false;
    store<u8>(into + i, c);
  }
  return true;
}

/** Packs a language of three lower-case letters; anything else is undetermined. */
export function packLanguage(p: usize, n: u32): u32 {
  if (n != 3) return UNDETERMINED;
  let code: u32 = 0;
  for (let i: u32 = 0; i < 3; i++) {
    const c = <u32>load<u8>(p + i);
    if (c < 97 || c > 122) return UNDETERMINED;
    code = (code << 5) | (c - 0x60);
  }
  return code;
}

/** Sign of a 16.16 number that is 1, 0 or -1; 2 for any other. */
function unit(p: usize): i32 {
  const v = <i32>be32(p);
  return v == 0 ? 0 : v == 0x10000 ? 1 : v == -0x10000 ? -1 : 2;
}

/**
 * The orientation, as EXIF counts it, that a transformation matrix turns the picture to: 1 upright, 2 mirrored, 3 turned by
 * 180 degrees, 4 mirrored and turned by 180, 5 mirrored and turned by 270, 6 turned by 90 clockwise, 7 mirrored and turned
 * by 90, 8 turned by 270; 1 for a matrix that does more than turn and mirror.
 */
export function orientationOf(matrix: usize): u32 {
  const a = unit(matrix);
  const b = unit(matrix + 4);
  const c = unit(matrix + 12);
  const d = unit(matrix + 16);
  if (!b && !c) {
    if (a == 1) return d == -1 ? 4 : 1;
    if (a == -1) return d == 1 ? 2 : d == -1 ? 3 : 1;
  } else if (!a && !d) {
    if (b == 1) return c == -1 ? 6 : c == 1 ? 5 : 1;
    if (b == -1) return c == 1 ? 8 : c == -1 ? 7 : 1;
  }
  return 1;
}
