import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { capsUnref } from "../../caps/caps";
import { ChromaSite } from "../chromasite";
import { Matrix } from "../colorimetry";
import { COMPONENTS, FormatFlag, PixelFormat } from "../format";
import { VIDEOINFO_SIZE, VideoInfo } from "../info";
import { capsOfText } from "./caps";

const INFO: usize = memory.data(VIDEOINFO_SIZE, 8);

function info(): VideoInfo {
  return changetype<VideoInfo>(INFO);
}

function sizeOf(format: PixelFormat, width: u32, height: u32, interlaced: bool = false): u32 {
  expect<bool>(info().set(format, width, height, interlaced)).toBe(true);
  return info().size;
}

/** Reads caps into info(). */
function read(text: string): bool {
  const caps = capsOfText(text);
  const ok = info().fromCaps(caps);
  capsUnref(caps);
  return ok;
}

describe("layout of pictures", () => {
  test("sizes are GStreamer's", () => {
    expect<u32>(sizeOf(PixelFormat.I420, 320, 240)).toBe(115200);
    expect<u32>(sizeOf(PixelFormat.I420, 33, 17)).toBe(1008);
    expect<u32>(sizeOf(PixelFormat.NV12, 33, 17)).toBe(972);
    expect<u32>(sizeOf(PixelFormat.Y42B, 33, 17)).toBe(1292);
    expect<u32>(sizeOf(PixelFormat.YUY2, 7, 5)).toBe(80);
    expect<u32>(sizeOf(PixelFormat.RGB, 7, 5)).toBe(120);
    expect<u32>(sizeOf(PixelFormat.A420, 1, 1)).toBe(24);
    expect<u32>(sizeOf(PixelFormat.I422_10LE, 33, 17)).toBe(2520);
    expect<u32>(sizeOf(PixelFormat.P010_10LE, 320, 240)).toBe(230400);
    expect<u32>(sizeOf(PixelFormat.ARGB64, 3, 2)).toBe(48);
  });

  test("interlaced pictures have an even number of chroma rows", () => {
    expect<u32>(sizeOf(PixelFormat.I420, 8, 6, true)).toBe(8 * 6 + 2 * 4 * 4);
    expect<u32>(sizeOf(PixelFormat.I420, 8, 6, false)).toBe(8 * 6 + 2 * 4 * 3);
    expect<u32>(sizeOf(PixelFormat.P010_10LE, 8, 6, true)).toBe(16 * 9);
  });

  test("no two samples share bytes, and all lie in the picture", () => {
    const random = new Random(1);
    const used = new Uint8Array(40000);
    for (let f = 1; f < PixelFormat.Count; f++) {
      for (let n = 0; n < 12; n++) {
        const v = info();
        must(v.set(f, 1 + random.below(40), 1 + random.below(40), random.bool()), "set");
        must(v.size <= 40000 && v.size % 4 == 0, "size");
        used.fill(0);
        const packed = v.info.has(FormatFlag.Packed);
        for (let i: u32 = 0; i < COMPONENTS; i++) {
          if (packed && i) break;
          if (!v.info.hasComponent(i)) continue;
          const c = v.info.component(i);
          const bytes: u32 = packed ? c.stride : c.depth > 8 ? 2 : 1;
          for (let y: u32 = 0; y < v.rowsOf(i); y++) {
            for (let x: u32 = 0; x < v.columnsOf(i); x++) {
              for (let b: u32 = 0; b < bytes; b++) {
                const at = <u32>v.at(0, i, y) + x * c.stride + b;
                must(at < v.size, "in the picture");
                must(!used[at], "used once");
                used[at] = 1;
              }
            }
          }
        }
        for (let p: u32 = 0; p < v.info.planes; p++) must(v.stride(p) % 4 == 0 && v.offset(p) % 4 == 0, "aligned");
      }
    }
  });

  test("what cannot be is refused", () => {
    expect<bool>(info().set(PixelFormat.Unknown, 8, 8, false)).toBe(false);
    expect<bool>(info().set(PixelFormat.I420, 0, 8, false)).toBe(false);
    expect<bool>(info().set(PixelFormat.I420, 8, 0, false)).toBe(false);
    expect<bool>(info().set(PixelFormat.RGBA, 0x7fffffff, 0x7fffffff, false)).toBe(false);
    expect<bool>(info().set(PixelFormat.RGBA, 0x20000000, 1, false)).toBe(false, "a byte too many");
    expect<bool>(info().set(PixelFormat.GRAY8, 0x7ffffffc, 1, false)).toBe(true);
  });

  test("planes whose rows serve two rows of the picture are told", () => {
    info().set(PixelFormat.A420, 8, 8, false);
    expect<bool>(info().sharesRows(0)).toBe(false);
    expect<bool>(info().sharesRows(1)).toBe(true);
    expect<bool>(info().sharesRows(2)).toBe(true);
    expect<bool>(info().sharesRows(3)).toBe(false);
  });
});

describe("caps of pictures", () => {
  test("fields are taken over", () => {
    freshHeap();
    expect<bool>(
      read(
        "video/x-raw,format=NV12,width=10,height=6,framerate=30000/1001,pixel-aspect-ratio=4/3,interlace-mode=interleaved",
      ),
    ).toBe(true);
    const v = info();
    expect<i32>(v.format).toBe(PixelFormat.NV12);
    expect<u32>(v.width).toBe(10);
    expect<u32>(v.height).toBe(6);
    expect<i32>(v.rateN).toBe(30000);
    expect<i32>(v.rateD).toBe(1001);
    expect<i32>(v.aspectN).toBe(4);
    expect<i32>(v.aspectD).toBe(3);
    expect<bool>(v.interlaced).toBe(true);
    expect<bool>(v.isRgb).toBe(false);
    mustBeEmpty();
  });

  test("caps of something else are refused", () => {
    freshHeap();
    expect<bool>(read("audio/x-raw,format=S16LE,width=8,height=8")).toBe(false);
    expect<bool>(read("video/x-raw,format=I420,width=8")).toBe(false);
    expect<bool>(read("video/x-raw,format=I420,width=0,height=8")).toBe(false);
    expect<bool>(read("video/x-raw,format=WHAT,width=8,height=8")).toBe(false);
    expect<bool>(read("video/x-raw,width=8,height=8")).toBe(false);
  });

  test("defaults of color go by the height", () => {
    freshHeap();
    read("video/x-raw,format=I420,width=8,height=576");
    expect<i32>(info().matrix).toBe(Matrix.Bt601);
    expect<i32>(info().site).toBe(ChromaSite.None);
    read("video/x-raw,format=I420,width=8,height=578");
    expect<i32>(info().matrix).toBe(Matrix.Bt709);
    expect<i32>(info().site).toBe(ChromaSite.Horizontal);
    read("video/x-raw,format=RGB,width=8,height=578");
    expect<i32>(info().matrix).toBe(Matrix.Rgb);
    expect<i32>(info().site).toBe(ChromaSite.Unknown);
  });

  test("a colorimetry is taken when the format can have it, with the place of chroma or none", () => {
    freshHeap();
    read("video/x-raw,format=I420,width=8,height=8,colorimetry=bt709");
    expect<i32>(info().matrix).toBe(Matrix.Bt709);
    expect<i32>(info().site).toBe(ChromaSite.Unknown);
    read("video/x-raw,format=I420,width=8,height=8,colorimetry=bt709,chroma-site=cosited");
    expect<i32>(info().site).toBe(ChromaSite.Horizontal | ChromaSite.Vertical);
    read("video/x-raw,format=I420,width=8,height=8,colorimetry=sRGB");
    expect<i32>(info().matrix).toBe(Matrix.Bt601, "sRGB is not for Y, U, V");
    expect<i32>(info().site).toBe(ChromaSite.None);
    read("video/x-raw,format=RGB,width=8,height=8,colorimetry=bt709");
    expect<i32>(info().matrix).toBe(Matrix.Rgb);
    read('video/x-raw,format=I420,width=8,height=8,colorimetry="2:6:11:7"');
    expect<i32>(info().matrix).toBe(Matrix.Bt2020);
    read("video/x-raw,format=I420,width=8,height=8,chroma-site=mpeg2");
    expect<i32>(info().site).toBe(ChromaSite.Horizontal);
  });
});
