import { ChromaSite } from "./chromasite";
import { COMPONENTS, Component, FormatFlag } from "./format";
import { VideoInfo } from "./info";

/**
 * Pictures are drawn as lines of 4 bytes a pixel: alpha, then Y, U, V or R, G, B. Here they are packed into the formats.
 * An 8-bit value becomes a deeper one by repeating its bits; chroma that pixels share is filtered as GStreamer's
 * GstVideoChromaResample does, rows first.
 */

/** Bytes of a pixel of a line. */
export const LINE_PIXEL: u32 = 4;

/**
 * Packs row `y` of a picture, and with formats whose rows share chroma row `y` + 1 too.
 * @param v format and layout
 * @param data address of the picture
 * @param y row, even where rows share chroma
 * @param first line of row `y`
 * @param second line of row `y` + 1; 0 when there is none or rows share nothing
 */
export function packLines(v: VideoInfo, data: usize, y: u32, first: usize, second: usize): void {
  const info = v.info;
  if (info.has(FormatFlag.Packed)) {
    packWords(v, data, y, first);
    return;
  }
  for (let i: u32 = 0; i < COMPONENTS; i++) {
    if (!info.hasComponent(i)) continue;
    const c = info.component(i);
    // Alpha is the last component and the first byte.
    const at: usize = (i + 1) & 3;
    if (c.wSub) {
      const filtered = second && c.hSub && !(v.site & ChromaSite.Vertical);
      packShared(v, c, v.at(data, i, y >> c.hSub), first + at, filtered ? second + at : first + at);
    } else {
      packRow(v, c, v.at(data, i, y), first + at);
      if (second) packRow(v, c, v.at(data, i, y + 1), second + at);
    }
  }
}

/** A sample of up to 16 bits as it stands in memory. */
@inline
function putDeep(c: Component, bigEndian: bool, to: usize, v: u32): void {
  const x = <u16>((v >> (16 - c.depth)) << c.shift);
  store<u16>(to, bigEndian ? bswap<u16>(x) : x);
}

/** A component that every pixel has for itself. */
function packRow(v: VideoInfo, c: Component, to: usize, from: usize): void {
  const stride: usize = c.stride;
  const end = from + ((<usize>v.width) << 2);
  if (c.depth == 8) {
    for (; from < end; from += 4, to += stride) store<u8>(to, load<u8>(from));
    return;
  }
  const bigEndian = v.info.has(FormatFlag.BigEndian);
  for (; from < end; from += 4, to += stride) putDeep(c, bigEndian, to, <u32>load<u8>(from) * 257);
}

/** The value of a pixel averaged over both rows. */
@inline
function mixed(a: usize, b: usize, x: u32, scale: u32): u32 {
  const at = (<usize>x) << 2;
  return (<u32>load<u8>(a + at) * scale + <u32>load<u8>(b + at) * scale + 1) >> 1;
}

/** A component that two pixels of a row share, between rows `a` and `b`. */
function packShared(v: VideoInfo, c: Component, to: usize, a: usize, b: usize): void {
  const width = v.width;
  const stride: usize = c.stride;
  const deep = c.depth != 8;
  const scale: u32 = deep ? 257 : 1;
  const cosited = (v.site & ChromaSite.Horizontal) != 0;
  for (let x: u32 = 0; x < width; x += 2, to += stride) {
    let value = mixed(a, b, x, scale);
    if (!cosited) {
      if (x + 1 < width) value = (value + mixed(a, b, x + 1, scale) + 1) >> 1;
    } else if (!x) {
      if (width > 1) value = (3 * value + mixed(a, b, 1, scale) + 2) >> 2;
    } else {
      const before = mixed(a, b, x - 1, scale);
      if (x + 2 < width) value = (before + 2 * value + mixed(a, b, x + 1, scale) + 2) >> 2;
      else value = (before + 3 * value + 2) >> 2;
    }
    if (deep) putDeep(c, false, to, value);
    else store<u8>(to, value);
  }
}

/** Components that share a word. */
function packWords(v: VideoInfo, data: usize, y: u32, line: usize): void {
  const info = v.info;
  const r = info.component(0);
  const g = info.component(1);
  const b = info.component(2);
  let to = v.at(data, 0, y);
  const end = line + ((<usize>v.width) << 2);
  for (; line < end; line += 4, to += 2) {
    const word =
      (((<u32>load<u8>(line, 1)) >> (8 - r.depth)) << r.shift) |
      (((<u32>load<u8>(line, 2)) >> (8 - g.depth)) << g.shift) |
      (((<u32>load<u8>(line, 3)) >> (8 - b.depth)) << b.shift);
    store<u16>(to, word);
  }
}
