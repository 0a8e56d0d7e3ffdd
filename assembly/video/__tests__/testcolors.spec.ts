import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { Matrix } from "../colorimetry";
import { FormatInfo, PixelFormat, formatInfo } from "../format";
import { TestColor, pixelOf, pixelOfArgb, testColor } from "../testcolors";

@inline
function yuv(): FormatInfo {
  return formatInfo(PixelFormat.I420);
}

@inline
function rgb(): FormatInfo {
  return formatInfo(PixelFormat.RGB);
}

test("colors come in the kind of the format", () => {
  expect<u32>(testColor(rgb(), Matrix.Rgb, TestColor.Yellow, true)).toBe(pixelOf(255, 255, 255, 0));
  expect<u32>(testColor(rgb(), Matrix.Rgb, TestColor.Yellow, false)).toBe(pixelOf(255, 191, 191, 0));
  expect<u32>(testColor(yuv(), Matrix.Bt601, TestColor.White, true)).toBe(pixelOf(255, 235, 128, 128));
  expect<u32>(testColor(yuv(), Matrix.Bt709, TestColor.Red, true)).toBe(pixelOf(255, 63, 102, 240));
  expect<u32>(testColor(yuv(), Matrix.Bt601, TestColor.Red, true)).toBe(pixelOf(255, 81, 90, 240));
});

test("black and white of 0xAARRGGBB are those of the range", () => {
  for (let m = 0; m < 2; m++) {
    const matrix = m ? Matrix.Bt709 : Matrix.Bt601;
    expect<u32>(pixelOfArgb(yuv(), matrix, 0xff000000)).toBe(pixelOf(255, 16, 128, 128));
    expect<u32>(pixelOfArgb(yuv(), matrix, 0x7fffffff)).toBe(pixelOf(127, 235, 128, 128));
  }
  expect<u32>(pixelOfArgb(rgb(), Matrix.Rgb, 0x12345678)).toBe(pixelOf(0x12, 0x34, 0x56, 0x78));
});

test("grays have no color, and brighter ones more light", () => {
  let last: u32 = 0;
  for (let v: u32 = 0; v < 256; v++) {
    const p = pixelOfArgb(yuv(), Matrix.Bt601, (v << 16) | (v << 8) | v);
    must(p >> 16 == 0x8080, "no color");
    must(((p >> 8) & 255) >= last && ((p >> 8) & 255) <= 235, "light");
    last = (p >> 8) & 255;
  }
});

/** A component with its coefficients, as it would be without rounding. */
function ideal(offset: f64, r: f64, g: f64, b: f64, argb: u32): f64 {
  return offset + (r * <f64>((argb >> 16) & 255) + g * <f64>((argb >> 8) & 255) + b * <f64>(argb & 255)) / 255.0;
}

test("colors are those of the standards, rounded", () => {
  const random = new Random(1);
  for (let n = 0; n < 5000; n++) {
    const argb = <u32>random.next();
    let p = pixelOfArgb(yuv(), Matrix.Bt601, argb);
    must(abs<f64>(<f64>((p >> 8) & 255) - ideal(16.0, 65.481, 128.553, 24.966, argb)) < 0.65, "Y of BT.601");
    must(abs<f64>(<f64>((p >> 16) & 255) - ideal(128.0, -37.797, -74.203, 112.0, argb)) < 0.7, "U of BT.601");
    must(abs<f64>(<f64>(p >> 24) - ideal(128.0, 112.0, -93.786, -18.214, argb)) < 0.7, "V of BT.601");
    p = pixelOfArgb(yuv(), Matrix.Bt709, argb);
    must(abs<f64>(<f64>((p >> 8) & 255) - ideal(16.0, 46.559, 156.629, 15.812, argb)) < 0.7, "Y of BT.709");
    must(abs<f64>(<f64>((p >> 16) & 255) - ideal(128.0, -25.664, -86.336, 112.0, argb)) < 0.75, "U of BT.709");
    must(abs<f64>(<f64>(p >> 24) - ideal(128.0, 112.0, -101.73, -10.27, argb)) < 0.75, "V of BT.709");
    must((p & 255) == argb >> 24, "alpha");
  }
});
