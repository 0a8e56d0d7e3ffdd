import { must } from "../../base/__tests__/region";
import { COMPONENTS, FormatFlag, PixelFormat, formatInfo, pixelFormatAtom, pixelFormatOf } from "../format";

describe("pixel formats", () => {
  test("each has a name of its own, which leads back to it", () => {
    for (let f = 1; f < PixelFormat.Count; f++) {
      must(pixelFormatAtom(f) != 0, "a name");
      must(pixelFormatOf(pixelFormatAtom(f)) == f, "the way back");
    }
    expect<i32>(pixelFormatOf(0)).toBe(PixelFormat.Unknown);
    expect<i32>(pixelFormatOf(0x7fffffff)).toBe(PixelFormat.Unknown);
  });

  test("each is exactly one of Y, U, V or R, G, B or gray", () => {
    for (let f = 1; f < PixelFormat.Count; f++) {
      const kinds = formatInfo(f).flags & (FormatFlag.Yuv | FormatFlag.Rgb | FormatFlag.Gray);
      must(popcnt<u32>(kinds) == 1, "one kind");
      must(formatInfo(f).hasComponent(1) == !(kinds & FormatFlag.Gray), "gray has one component");
    }
  });

  test("samples fit into their words and words into their pixels", () => {
    for (let f = 1; f < PixelFormat.Count; f++) {
      const info = formatInfo(f);
      let planes: u32 = 0;
      let deepest: u32 = 0;
      for (let i: u32 = 0; i < COMPONENTS; i++) {
        if (!info.hasComponent(i)) continue;
        const c = info.component(i);
        const word: u32 = info.has(FormatFlag.Packed) ? c.stride : c.depth > 8 ? 2 : 1;
        must(c.depth > 0 && <u32>c.depth + c.shift <= word << 3, "bits");
        must(<u32>c.offset + word <= c.stride, "bytes");
        must(c.wSub <= 1 && c.hSub <= 1, "subsampling");
        planes |= 1 << c.plane;
        deepest = max<u32>(deepest, c.depth);
      }
      must(planes == ((<u32>1) << info.planes) - 1, "every plane has samples and no other is named");
      must((info.bits == 8) == deepest <= 8, "working depth");
      if (info.step) must(info.component(0).stride == info.step, "bytes of a pixel");
    }
  });

  test("alpha is a component, and a filler byte is none", () => {
    for (let f = 1; f < PixelFormat.Count; f++) {
      if (formatInfo(f).has(FormatFlag.Alpha)) must(formatInfo(f).hasComponent(3), "alpha");
    }
    expect<bool>(formatInfo(PixelFormat.RGBx).has(FormatFlag.Alpha)).toBe(false);
    expect<bool>(formatInfo(PixelFormat.RGBA).has(FormatFlag.Alpha)).toBe(true);
  });

  test("rows and columns that share chroma", () => {
    expect<u32>(formatInfo(PixelFormat.I420).rows).toBe(1);
    expect<u32>(formatInfo(PixelFormat.I420).columns).toBe(1);
    expect<u32>(formatInfo(PixelFormat.YUY2).rows).toBe(0);
    expect<u32>(formatInfo(PixelFormat.YUY2).columns).toBe(1);
    expect<u32>(formatInfo(PixelFormat.RGB).columns).toBe(0);
  });
});
