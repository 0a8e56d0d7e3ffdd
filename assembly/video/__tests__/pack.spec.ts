import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { ChromaSite } from "../chromasite";
import { COMPONENTS, Component, FormatFlag, PixelFormat } from "../format";
import { VIDEOINFO_SIZE, VideoInfo } from "../info";
import { packLines } from "../pack";

const WIDTH: u32 = 24;
const INFO: usize = memory.data(VIDEOINFO_SIZE, 8);
const LINES: usize = memory.data(2 * 4 * 24, 8);
const PICTURE: usize = memory.data(4096, 8);
const UNTOUCHED: u8 = 0xa5;

function info(): VideoInfo {
  return changetype<VideoInfo>(INFO);
}

@inline
function line(i: u32): usize {
  return LINES + <usize>i * 4 * WIDTH;
}

/** Byte `i` of pixel `x` of line `l`: alpha, then the components. */
function given(l: u32, x: u32, i: u32): u32 {
  return load<u8>(line(l) + <usize>x * 4 + ((i + 1) & 3));
}

/** A sample of the picture. */
function sample(i: u32, x: u32, y: u32): u32 {
  const c: Component = info().info.component(i);
  const at = info().at(PICTURE, i, y) + <usize>x * c.stride;
  const deep = c.depth > 8 || info().info.has(FormatFlag.Packed);
  let word: u32 = deep ? load<u16>(at) : load<u8>(at);
  if (info().info.has(FormatFlag.BigEndian)) word = bswap<u16>(<u16>word);
  return (word >> c.shift) & ((1 << c.depth) - 1);
}

/** What a value of 8 bits is in a component: its bits again and again, or the highest of them. */
function scaled(i: u32, v: u32): u32 {
  const depth: u32 = info().info.component(i).depth;
  return depth <= 8 ? v >> (8 - depth) : (v * 257) >> (16 - depth);
}

function pack(width: u32, format: PixelFormat): void {
  must(info().set(format, width, 2, false), "set");
  must(info().size <= 4096, "size");
  memory.fill(PICTURE, UNTOUCHED, 4096);
  if (info().info.rows) packLines(info(), PICTURE, 0, line(0), line(1));
  else {
    packLines(info(), PICTURE, 0, line(0), 0);
    packLines(info(), PICTURE, 1, line(1), 0);
  }
}

test("samples that a pixel has for itself are found where the format says", () => {
  const random = new Random(1);
  for (let f = 1; f < PixelFormat.Count; f++) {
    for (let n = 0; n < 4; n++) {
      random.fill(LINES, 8 * WIDTH);
      const width: u32 = 1 + random.below(WIDTH);
      pack(width, f);
      for (let i: u32 = 0; i < COMPONENTS; i++) {
        const c = info().info.component(i);
        if (!info().info.hasComponent(i) || c.wSub || c.hSub) continue;
        for (let y: u32 = 0; y < 2; y++) {
          for (let x: u32 = 0; x < width; x++) must(sample(i, x, y) == scaled(i, given(y, x, i)), "sample");
        }
      }
      must(load<u8>(PICTURE + info().size) == UNTOUCHED, "nothing behind the picture");
    }
  }
});

test("one color stays that color where samples are shared", () => {
  const random = new Random(2);
  for (let f = 1; f < PixelFormat.Count; f++) {
    for (let n = 0; n < 8; n++) {
      const color = <u32>random.next();
      for (let x: usize = 0; x < 2 * WIDTH; x++) store<u32>(LINES + x * 4, color);
      const width: u32 = 1 + random.below(WIDTH);
      pack(width, f);
      for (let i: u32 = 0; i < COMPONENTS; i++) {
        if (!info().info.hasComponent(i)) continue;
        for (let y: u32 = 0; y < info().rowsOf(i); y++) {
          for (let x: u32 = 0; x < info().columnsOf(i); x++) {
            must(sample(i, x, y) == scaled(i, given(0, 0, i)), "sample");
          }
        }
      }
    }
  }
});

test("shared samples lie within the values that they stand for", () => {
  const random = new Random(3);
  for (let n = 0; n < 400; n++) {
    random.fill(LINES, 8 * WIDTH);
    must(info().set(PixelFormat.I420, 1 + random.below(WIDTH), 2, false), "set");
    const v = info();
    v.site = <ChromaSite>random.below(8);
    packLines(v, PICTURE, 0, line(0), line(1));
    for (let i: u32 = 1; i < 3; i++) {
      for (let x: u32 = 0; x < v.columnsOf(i); x++) {
        let low: u32 = 255;
        let high: u32 = 0;
        for (let p: u32 = x ? x * 2 - 1 : 0; p < min<u32>(x * 2 + 2, v.width); p++) {
          for (let l: u32 = 0; l < 2; l++) {
            low = min<u32>(low, given(l, p, i));
            high = max<u32>(high, given(l, p, i));
          }
        }
        must(sample(i, x, 0) >= low && sample(i, x, 0) <= high, "between");
      }
    }
  }
});

test("the place of chroma decides which pixels count", () => {
  memory.fill(LINES, 0, 8 * WIDTH);
  // U of pixels 2 and 3 of both rows.
  store<u8>(line(0) + 2 * 4 + 2, 100);
  store<u8>(line(0) + 3 * 4 + 2, 200);
  store<u8>(line(1) + 2 * 4 + 2, 60);
  must(info().set(PixelFormat.I420, 6, 2, false), "set");
  info().site = ChromaSite.None;
  packLines(info(), PICTURE, 0, line(0), line(1));
  expect<u32>(sample(1, 1, 0)).toBe(90, "all four");
  info().site = ChromaSite.Horizontal;
  packLines(info(), PICTURE, 0, line(0), line(1));
  expect<u32>(sample(1, 1, 0)).toBe(65, "the pixel itself and its neighbours");
  info().site = ChromaSite.Horizontal | ChromaSite.Vertical;
  packLines(info(), PICTURE, 0, line(0), line(1));
  expect<u32>(sample(1, 1, 0)).toBe(100, "the first row");
  info().site = ChromaSite.None;
  packLines(info(), PICTURE, 0, line(0), 0);
  expect<u32>(sample(1, 1, 0)).toBe(150, "the last row has no partner");
});
