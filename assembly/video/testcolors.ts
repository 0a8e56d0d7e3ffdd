import { FormatFlag, FormatInfo } from "./format";
import { Matrix } from "./colorimetry";

/** Colors of the test patterns, in the order of the bars. */
export const enum TestColor {
  White = 0,
  Yellow,
  Cyan,
  Green,
  Magenta,
  Red,
  Blue,
  Black,
  /** The -I and +Q of NTSC. */
  MinusI,
  PlusQ,
  SuperBlack,
  DarkGrey,
}

// Y, U and V or R, G and B of each color; the 75 % sets have the bars alone.
// prettier-ignore
const YUV_601: usize = memory.data<u8>([
  235, 128, 128,  210, 16, 146,  170, 166, 16,  145, 54, 34,  106, 202, 222,  81, 90, 240,  41, 240, 110,  16, 128, 128,
  16, 198, 21,  16, 235, 198,  0, 128, 128,  32, 128, 128,
]);
// prettier-ignore
const YUV_709: usize = memory.data<u8>([
  235, 128, 128,  219, 16, 138,  188, 154, 16,  173, 42, 26,  78, 214, 230,  63, 102, 240,  32, 240, 118,  16, 128, 128,
  16, 198, 21,  16, 235, 198,  0, 128, 128,  32, 128, 128,
]);
// prettier-ignore
const RGB: usize = memory.data<u8>([
  255, 255, 255,  255, 255, 0,  0, 255, 255,  0, 255, 0,  255, 0, 255,  255, 0, 0,  0, 0, 255,  0, 0, 0,
  0, 0, 128,  0, 128, 255,  0, 0, 0,  19, 19, 19,
]);
// prettier-ignore
const YUV_601_75: usize = memory.data<u8>([
  180, 128, 128,  162, 44, 142,  131, 156, 44,  112, 72, 58,  84, 184, 198,  65, 100, 212,  35, 212, 114,
]);
// prettier-ignore
const YUV_709_75: usize = memory.data<u8>([
  180, 128, 128,  168, 44, 136,  145, 147, 44,  133, 63, 52,  63, 193, 204,  51, 109, 212,  28, 212, 120,
]);
// prettier-ignore
const RGB_75: usize = memory.data<u8>([
  191, 191, 191,  191, 191, 0,  0, 191, 191,  0, 191, 0,  191, 0, 191,  191, 0, 0,  0, 0, 191,
]);

/** A pixel of a line: alpha in the lowest byte, then Y, U, V or R, G, B. */
@inline
export function pixelOf(alpha: u32, x: u32, y: u32, z: u32): u32 {
  return alpha | (x << 8) | (y << 16) | (z << 24);
}

/** The pixel of a test color, at full strength or at 75 %. */
export function testColor(info: FormatInfo, matrix: Matrix, color: TestColor, strong: bool): u32 {
  let set: usize;
  if (info.has(FormatFlag.Rgb)) set = strong ? RGB : RGB_75;
  else if (matrix == Matrix.Bt601) set = strong ? YUV_601 : YUV_601_75;
  else set = strong ? YUV_709 : YUV_709_75;
  const p = set + <usize>color * 3;
  return pixelOf(255, load<u8>(p), load<u8>(p, 1), load<u8>(p, 2));
}

/** The pixel of a color that is given as 0xAARRGGBB; in Y, U and V with the coefficients that GStreamer uses here. */
export function pixelOfArgb(info: FormatInfo, matrix: Matrix, argb: u32): u32 {
  const a = argb >> 24;
  const r: i32 = (argb >> 16) & 255;
  const g: i32 = (argb >> 8) & 255;
  const b: i32 = argb & 255;
  if (info.has(FormatFlag.Rgb)) return pixelOf(a, r, g, b);
  const old = matrix == Matrix.Bt601;
  const y = old ? 263 * r + 516 * g + 100 * b : 187 * r + 629 * g + 63 * b;
  const u = old ? 450 * b - 152 * r - 298 * g : 450 * b - 103 * r - 347 * g;
  const v = old ? 450 * r - 377 * g - 73 * b : 450 * r - 409 * g - 41 * b;
  return pixelOf(a, ((y + 512) >> 10) + 16, ((u + 511) >> 10) + 128, ((v + 511) >> 10) + 128);
}
