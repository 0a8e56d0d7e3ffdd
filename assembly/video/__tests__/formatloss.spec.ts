import { must } from "../../base/__tests__/region";
import { PixelFormat } from "../format";
import { formatLoss } from "../formatloss";

/** Checks that the formats are each worse than the one before. */
function ordered(from: PixelFormat, formats: StaticArray<PixelFormat>): void {
  for (let i = 1; i < formats.length; i++) {
    must(formatLoss(from, formats[i - 1]) < formatLoss(from, formats[i]), i.toString());
  }
}

test("what is lost is weighed as GStreamer does", () => {
  expect<u32>(formatLoss(PixelFormat.NV12, PixelFormat.NV12)).toBe(0);
  expect<u32>(formatLoss(PixelFormat.NV12, PixelFormat.I420)).toBe(1);
  expect<u32>(formatLoss(PixelFormat.RGBA, PixelFormat.RGBx)).toBe(10);
  expect<u32>(formatLoss(PixelFormat.RGB, PixelFormat.I420)).toBe(53);
  expect<u32>(formatLoss(PixelFormat.I420, PixelFormat.Unknown)).toBe(u32.MAX_VALUE);
  ordered(PixelFormat.I420, [PixelFormat.I420, PixelFormat.NV12, PixelFormat.Y42B, PixelFormat.Y444, PixelFormat.RGB]);
  ordered(PixelFormat.I420_10LE, [PixelFormat.P010_10LE, PixelFormat.I420_12LE, PixelFormat.I420, PixelFormat.RGB]);
  ordered(PixelFormat.RGBA, [
    PixelFormat.BGRA,
    PixelFormat.AYUV,
    PixelFormat.RGB,
    PixelFormat.Y444,
    PixelFormat.YUY2,
    PixelFormat.I420,
  ]);
  must(formatLoss(PixelFormat.I420, PixelFormat.GRAY8) > formatLoss(PixelFormat.I420, PixelFormat.RGB), "gray is last");
});
