import { Caps } from "../caps/caps";
import { Kind } from "../caps/value";
import { Atom } from "../generated/words";
import { ChromaSite, chromaSiteOf, defaultChromaSite } from "./chromasite";
import { Matrix, defaultColorimetry, matrixOf, parseColorimetry } from "./colorimetry";
import { COMPONENTS, FormatFlag, FormatInfo, PixelFormat, formatInfo, pixelFormatOf } from "./format";

/** Bytes that a picture can have. */
export const MAX_PICTURE: u64 = 0x7fffffff;

/**
 * A picture in memory: GStreamer's default layout. Rows are rounded up to 4 bytes; formats whose rows share chroma, and some
 * others, have an even number of rows; shared rows of interlaced pictures too.
 *
 *      0 format       PixelFormat
 *      4 width        pixels
 *      8 height       pixels
 *     12 size         bytes
 *     16 strides      bytes from row to row of each plane
 *     32 offsets      bytes to the first row of each plane
 *     48 rate         frames a second: numerator, denominator; 0/1 for no fixed rate
 *     56 aspect       shape of a pixel: numerator, denominator
 *     64 colorimetry  range, matrix, transfer, primaries, a byte each, in GStreamer's numbers
 *     68 site         ChromaSite
 *     72 interlaced   the picture is two fields
 */
@unmanaged
export class VideoInfo {
  format: PixelFormat;
  width: u32;
  height: u32;
  size: u32;
  stride0: u32;
  stride1: u32;
  stride2: u32;
  stride3: u32;
  offset0: u32;
  offset1: u32;
  offset2: u32;
  offset3: u32;
  rateN: i32;
  rateD: i32;
  aspectN: i32;
  aspectD: i32;
  colorimetry: u32;
  site: ChromaSite;
  interlaced: bool;

  @inline
  get info(): FormatInfo {
    return formatInfo(this.format);
  }

  @inline
  stride(plane: u32): u32 {
    return load<u32>(changetype<usize>(this) + ((<usize>plane) << 2), offsetof<VideoInfo>("stride0"));
  }

  @inline
  offset(plane: u32): u32 {
    return load<u32>(changetype<usize>(this) + ((<usize>plane) << 2), offsetof<VideoInfo>("offset0"));
  }

  @inline
  get matrix(): Matrix {
    return matrixOf(this.colorimetry);
  }

  @inline
  get isRgb(): bool {
    return this.info.has(FormatFlag.Rgb);
  }

  /** Whether a row of a plane serves two rows of the picture. */
  sharesRows(plane: u32): bool {
    const info = this.info;
    for (let i: u32 = 0; i < COMPONENTS; i++) {
      if (info.hasComponent(i) && info.component(i).plane == plane) return info.component(i).hSub != 0;
    }
    return false;
  }

  /** Samples in a row of component `i`. */
  columnsOf(i: u32): u32 {
    const sub = this.info.component(i).wSub;
    return (this.width + (1 << sub) - 1) >> sub;
  }

  /** Rows of component `i`. */
  rowsOf(i: u32): u32 {
    const sub = this.info.component(i).hSub;
    return (this.height + (1 << sub) - 1) >> sub;
  }

  /** Rows that a plane has room for, those that fill it up with them. */
  planeRows(plane: u32): u32 {
    const end = plane + 1 < <u32>this.info.planes ? this.offset(plane + 1) : this.size;
    return (end - this.offset(plane)) / this.stride(plane);
  }

  /** Address of component `i` in row `row` of that component, in a picture at `data`. */
  @inline
  at(data: usize, i: u32, row: u32): usize {
    const c = this.info.component(i);
    return data + this.offset(c.plane) + <usize>row * this.stride(c.plane) + c.offset;
  }

  /**
   * Lays a picture out, with the defaults of GStreamer for all else.
   * @returns false when there is no such format, a side is 0, or there are more than MAX_PICTURE bytes
   */
  set(format: PixelFormat, width: u32, height: u32, interlaced: bool): bool {
    memory.fill(changetype<usize>(this), 0, VIDEOINFO_SIZE);
    if (!format || !width || !height || width > 0x7fffffff || height > 0x7fffffff) return false;
    this.format = format;
    this.width = width;
    this.height = height;
    this.interlaced = interlaced;
    this.rateD = 1;
    this.aspectN = 1;
    this.aspectD = 1;
    this.colorimetry = defaultColorimetry(this.info, height);
    this.site = defaultChromaSite(this.info, height);
    return this.layOut();
  }

  private layOut(): bool {
    const info = this.info;
    const even = info.rows || info.has(FormatFlag.EvenRows);
    const rows: u64 = even ? (<u64>this.height + 1) & ~1 : this.height;
    let at: u64 = 0;
    for (let p: u32 = 0; p < info.planes; p++) {
      let stride: u64 = 0;
      let hSub: u32 = 0;
      for (let i: u32 = 0; i < COMPONENTS; i++) {
        const c = info.component(i);
        if (!c.stride || c.plane != p) continue;
        stride = max<u64>(stride, (<u64>this.columnsOf(i) * c.stride + 3) & ~3);
        hSub = c.hSub;
      }
      let planeRows = rows >> hSub;
      // GStreamer does so for all but P010 and its like.
      if (hSub && this.interlaced && (info.bits == 8 || info.planes > 2)) planeRows = (planeRows + 1) & ~1;
      const bytes = stride * planeRows;
      if (stride > MAX_PICTURE || at + bytes > MAX_PICTURE) return false;
      store<u32>(changetype<usize>(this) + ((<usize>p) << 2), <u32>stride, offsetof<VideoInfo>("stride0"));
      store<u32>(changetype<usize>(this) + ((<usize>p) << 2), <u32>at, offsetof<VideoInfo>("offset0"));
      at += bytes;
    }
    this.size = <u32>at;
    return true;
  }

  /** Reads fixed caps of raw pictures; false for others, and for what `set` refuses. */
  fromCaps(caps: Caps): bool {
    if (caps.media != Atom.video_x_raw) return false;
    const width = caps.getInt(Atom.width, 0);
    const height = caps.getInt(Atom.height, 0);
    if (width <= 0 || height <= 0) return false;
    const mode = caps.getString(Atom.interlace_mode);
    const interlaced = mode != 0 && mode != Atom.progressive;
    if (!this.set(pixelFormatOf(caps.getString(Atom.format)), width, height, interlaced)) return false;
    const rate = caps.find(Atom.framerate);
    if (rate && rate.kind == Kind.Fraction && rate.a > 0) {
      this.rateN = rate.a;
      this.rateD = rate.b;
    }
    const aspect = caps.find(Atom.pixel_aspect_ratio);
    if (aspect && aspect.kind == Kind.Fraction && aspect.a > 0) {
      this.aspectN = aspect.a;
      this.aspectD = aspect.b;
    }
    const info = this.info;
    const colors = parseColorimetry(caps.getString(Atom.colorimetry));
    const site = chromaSiteOf(caps.getString(Atom.chroma_site));
    if (fits(info, colors)) {
      this.colorimetry = colors;
      // As GStreamer has it, the default goes with that of the colors.
      this.site = site;
    } else if (site && info.has(FormatFlag.Yuv)) this.site = site;
    return true;
  }
}

/** Whether a format can have a colorimetry; for others the default holds. */
function fits(info: FormatInfo, colorimetry: u32): bool {
  if (!colorimetry) return false;
  const matrix = matrixOf(colorimetry);
  if (info.has(FormatFlag.Rgb)) return matrix == Matrix.Rgb;
  return matrix != Matrix.Rgb && (matrix != Matrix.Unknown || info.has(FormatFlag.Gray));
}

/** Bytes that a VideoInfo takes inside another record. */
export const VIDEOINFO_SIZE: u32 = offsetof<VideoInfo>();
