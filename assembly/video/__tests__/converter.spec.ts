import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { COMPONENTS, PixelFormat, formatInfo } from "../format";
import { Way, canConvert } from "../converter";
import { convertAll, converter, fillNoise, source, target } from "./pictures";

const KEPT: usize = memory.data(0x10000, 8);

/** Prepares a conversion. */
function between(from: PixelFormat, to: PixelFormat, width: u32, height: u32, interlaced: bool = false): void {
  const c = converter();
  must(c.from.set(from, width, height, interlaced) && c.to.set(to, width, height, interlaced), "layout");
  must(c.choose(true), "can be converted");
}

function sampleOf(data: usize, i: u32, x: u32, y: u32, out: bool): u32 {
  const v = out ? converter().to : converter().from;
  const c = v.info.component(i);
  const at = v.at(data, i, y) + <usize>x * c.stride;
  return c.depth > 8 ? ((<u32>load<u16>(at)) >> c.shift) & ((1 << c.depth) - 1) : load<u8>(at);
}

describe("conversion of pictures", () => {
  test("all formats of all small sizes stay within their pictures and lines", () => {
    const random = new Random(7);
    for (let f = 1; f < PixelFormat.Count; f++) {
      if (!canConvert(formatInfo(f))) continue;
      for (let t = 1; t < PixelFormat.Count; t++) {
        if (!canConvert(formatInfo(t))) continue;
        between(f, t, 1 + random.below(37), 1 + random.below(13), random.bool());
        if (converter().way == Way.Nothing) continue;
        fillNoise(random);
        convertAll();
      }
    }
  });

  test("bytes that no sample lies in are the same whatever the block held, and so is the rest", () => {
    const random = new Random(8);
    for (let f = 1; f < PixelFormat.Count; f++) {
      if (!canConvert(formatInfo(f))) continue;
      between(PixelFormat.I420, f, 1 + random.below(37), 1 + random.below(13), random.bool());
      const c = converter();
      if (c.way == Way.Nothing) continue;
      fillNoise(random);
      convertAll();
      memory.copy(KEPT, target(), c.to.size);
      memory.fill(target(), 0xee, c.to.size);
      c.begin(target());
      for (let pair: u32 = 0; pair < c.pairs; pair++) c.convert(source(), target(), pair);
      must(memory.compare(KEPT, target(), c.to.size) == 0, "the same bytes");
    }
  });

  test("samples that only move are there again on the way back", () => {
    const random = new Random(9);
    const kin: StaticArray<PixelFormat> = [
      PixelFormat.I420,
      PixelFormat.YV12,
      PixelFormat.NV12,
      PixelFormat.NV21,
      PixelFormat.I420_10LE,
      PixelFormat.P010_10LE,
      PixelFormat.YUY2,
      PixelFormat.UYVY,
      PixelFormat.Y42B,
      PixelFormat.NV16,
      PixelFormat.Y444,
      PixelFormat.VUYA,
      PixelFormat.BGRA,
      PixelFormat.ARGB,
      PixelFormat.RGB,
      PixelFormat.GBR,
    ];
    let moved = 0;
    for (let i = 0; i < kin.length; i++) {
      for (let k = 0; k < kin.length; k++) {
        // GStreamer's layout of P010 lacks a row of chroma for some interlaced heights.
        between(kin[i], kin[k], 1 + random.below(70), 1 + random.below(12));
        const c = converter();
        if (c.way != Way.Rearrange) continue;
        moved++;
        fillNoise(random);
        convertAll();
        for (let n: u32 = 0; n < 3; n++) {
          const rows = c.from.rowsOf(n);
          const columns = c.from.columnsOf(n);
          for (let y: u32 = 0; y < rows; y++) {
            for (let x: u32 = 0; x < columns; x++) {
              must(sampleOf(source(), n, x, y, false) == sampleOf(target(), n, x, y, true), "the same sample");
            }
          }
        }
      }
    }
    expect<i32>(moved).toBe(40);
  });

  test("the last row of interlaced pictures has chroma where a layout has room for it", () => {
    between(PixelFormat.I420_10LE, PixelFormat.P010_10LE, 8, 6, true);
    fillNoise(new Random(1));
    convertAll();
    // P010 has three rows; the last serves rows 4 and 5.
    must(sampleOf(source(), 1, 0, 3, false) == sampleOf(target(), 1, 0, 2, true), "of row 5");
    between(PixelFormat.P010_10LE, PixelFormat.I420_10LE, 8, 6, true);
    fillNoise(new Random(2));
    convertAll();
    must(sampleOf(source(), 1, 0, 2, false) == sampleOf(target(), 1, 0, 2, true), "of row 4");
    must(sampleOf(source(), 1, 0, 2, false) == sampleOf(target(), 1, 0, 3, true), "of row 5 too");
  });

  test("the way is the cheapest there is", () => {
    between(PixelFormat.NV12, PixelFormat.NV12, 8, 8);
    expect<i32>(converter().way).toBe(Way.Nothing);
    between(PixelFormat.NV12, PixelFormat.I420, 8, 8);
    expect<i32>(converter().way).toBe(Way.Rearrange);
    between(PixelFormat.NV12, PixelFormat.RGBA, 8, 8);
    expect<i32>(converter().way).toBe(Way.Rgb);
    between(PixelFormat.A420, PixelFormat.RGBA, 8, 8);
    expect<i32>(converter().way).toBe(Way.Lines, "alpha goes along");
    between(PixelFormat.RGBA, PixelFormat.NV12, 8, 8);
    expect<i32>(converter().way).toBe(Way.Lines);
  });

  test("what cannot be is refused", () => {
    const c = converter();
    c.from.set(PixelFormat.I420, 8, 8, false);
    c.to.set(PixelFormat.RGBA, 8, 9, false);
    expect<bool>(c.choose(true)).toBe(false, "another height");
    c.to.set(PixelFormat.RGBA, 8, 8, true);
    expect<bool>(c.choose(true)).toBe(false, "interlaced");
    c.to.set(PixelFormat.RGB16, 8, 8, false);
    expect<bool>(c.choose(true)).toBe(false, "bits of words");
    c.to.set(PixelFormat.AYUV64, 8, 8, false);
    expect<bool>(c.choose(true)).toBe(false, "16 bits");
    c.to.set(PixelFormat.RGBA, 8, 8, false);
    expect<bool>(c.choose(true)).toBe(true);
  });

  test("black is black, white is white and gray is gray", () => {
    const yuv: StaticArray<PixelFormat> = [PixelFormat.I420, PixelFormat.NV12, PixelFormat.YUY2, PixelFormat.Y444];
    for (let i = 0; i < yuv.length; i++) {
      between(yuv[i], PixelFormat.RGBA, 33, 4);
      const c = converter();
      for (let luma: u32 = 16; luma <= 235; luma++) {
        memory.fill(source(), 128, c.from.size);
        for (let y: u32 = 0; y < 4; y++) {
          for (let x: u32 = 0; x < 33; x++) {
            store<u8>(c.from.at(source(), 0, y) + <usize>x * c.from.info.component(0).stride, luma);
          }
        }
        convertAll();
        const gray = (<f64>(luma - 16) * 255.0) / 219.0;
        for (let x: u32 = 0; x < 33; x++) {
          const v = sampleOf(target(), 1, x, 3, true);
          must(abs<f64>(<f64>v - gray) < 0.55, "the brightness");
          must(sampleOf(target(), 0, x, 3, true) == v && sampleOf(target(), 2, x, 3, true) == v, "no color");
        }
      }
    }
    for (let i = 0; i < yuv.length; i++) {
      between(PixelFormat.RGBA, yuv[i], 33, 4);
      for (let v: u32 = 0; v < 256; v++) {
        memory.fill(source(), <u8>v, converter().from.size);
        convertAll();
        for (let x: u32 = 0; x < 17; x++) {
          must(sampleOf(target(), 1, x, 0, true) == 128 && sampleOf(target(), 2, x, 0, true) == 128, "no color");
        }
        const luma = 16.0 + (<f64>v * 219.0) / 255.0;
        must(abs<f64>(<f64>sampleOf(target(), 0, 32, 3, true) - luma) < 0.55, "luma");
      }
    }
  });

  test("pictures as wide as there may be have room for their lines", () => {
    const c = converter();
    must(c.from.set(PixelFormat.NV12, 32767, 2, false) && c.to.set(PixelFormat.I420_10LE, 32767, 2, false), "layout");
    must(c.choose(true), "can be converted");
    expect<bool>(c.scratchSize >= 12 * 2 * 32767 && c.scratchSize < 1 << 20).toBe(true);
  });

  test("every component is filled, alpha and fillers too", () => {
    for (let t = 1; t < PixelFormat.Count; t++) {
      const info = formatInfo(t);
      if (!canConvert(info) || !info.hasComponent(3)) continue;
      between(PixelFormat.I420, t, 18, 5);
      fillNoise(new Random(t));
      convertAll();
      for (let i: u32 = 3; i < COMPONENTS; i++) {
        for (let x: u32 = 0; x < 18; x++) must(sampleOf(target(), i, x, 4, true) == 255, "opaque");
      }
    }
  });
});
