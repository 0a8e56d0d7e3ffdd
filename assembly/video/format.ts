import { Atom } from "../generated/words";

/** Formats of raw pictures, named and laid out in memory as GStreamer's. */
export const enum PixelFormat {
  Unknown = 0,
  I420,
  YV12,
  NV12,
  NV21,
  Y42B,
  NV16,
  NV61,
  Y444,
  NV24,
  A420,
  YUY2,
  UYVY,
  YVYU,
  VYUY,
  AYUV,
  VUYA,
  RGB,
  BGR,
  RGBA,
  BGRA,
  ARGB,
  ABGR,
  RGBx,
  BGRx,
  xRGB,
  xBGR,
  RGB16,
  BGR16,
  RGB15,
  BGR15,
  GBR,
  GRAY8,
  GRAY16_LE,
  GRAY16_BE,
  I420_10LE,
  I422_10LE,
  Y444_10LE,
  GBR_10LE,
  I420_12LE,
  I422_12LE,
  Y444_12LE,
  P010_10LE,
  P012_LE,
  P016_LE,
  Y444_16LE,
  AYUV64,
  ARGB64,
  Count,
}

export const enum FormatFlag {
  None = 0,
  /** Y, U, V (and alpha). */
  Yuv = 1,
  /** R, G, B (and alpha). */
  Rgb = 2,
  /** Y alone. */
  Gray = 4,
  Alpha = 8,
  /** Components of more than 8 bits are big-endian. */
  BigEndian = 16,
  /** The components share the bits of one little-endian word, the size of the pixel stride. */
  Packed = 32,
  /** There is an even number of rows in memory, as GStreamer has it for some formats whose rows share nothing too. */
  EvenRows = 64,
}

/**
 * A component of a format: where its samples lie.
 *
 *      0 plane
 *      1 offset  bytes from the start of a row to the first sample
 *      2 stride  bytes from one sample of a row to the next; 0: the format has no such component
 *      3 wSub    log2 of the pixels of a row that share a sample
 *      4 hSub    log2 of the rows that share a sample
 *      5 depth   bits
 *      6 shift   bits below the value in its word
 */
@unmanaged
export class Component {
  plane: u8;
  offset: u8;
  stride: u8;
  wSub: u8;
  hSub: u8;
  depth: u8;
  shift: u8;
}

/**
 * What a format is. Components come in the order Y, U, V, alpha or R, G, B, alpha; a filler byte (RGBx) has the place of
 * alpha, without the flag.
 *
 *      0 flags   FormatFlag
 *      1 planes
 *      2 bits    8 or 16: what a component needs while it is worked on
 *      3 step    bytes of a pixel in the first plane, 0 where pixels share bytes
 *      4 four components, 7 bytes each
 */
@unmanaged
export class FormatInfo {
  flags: u8;
  planes: u8;
  bits: u8;
  step: u8;

  /** Component `i`, 0 to 3. */
  @inline
  component(i: u32): Component {
    return changetype<Component>(changetype<usize>(this) + 4 + <usize>i * 7);
  }

  @inline
  has(flag: FormatFlag): bool {
    return (this.flags & flag) != 0;
  }

  /** Whether there is a component `i`, or a filler byte in its place. */
  @inline
  hasComponent(i: u32): bool {
    return this.component(i).stride != 0;
  }

  /** Rows that share chroma samples, as log2. */
  @inline
  get rows(): u32 {
    return this.component(1).hSub;
  }

  /** Pixels of a row that share chroma samples, as log2. */
  @inline
  get columns(): u32 {
    return this.component(1).wSub;
  }
}

/** Components that a format can have. */
export const COMPONENTS: u32 = 4;

/** Planes that a format can have. */
export const PLANES: u32 = 4;

const ROW: usize = 32;

// prettier-ignore
const ATOMS: usize = memory.data<u32>([
  0, Atom.I420, Atom.YV12, Atom.NV12, Atom.NV21, Atom.Y42B, Atom.NV16, Atom.NV61, Atom.Y444, Atom.NV24, Atom.A420,
  Atom.YUY2, Atom.UYVY, Atom.YVYU, Atom.VYUY, Atom.AYUV, Atom.VUYA, Atom.RGB, Atom.BGR, Atom.RGBA, Atom.BGRA, Atom.ARGB,
  Atom.ABGR, Atom.RGBx, Atom.BGRx, Atom.xRGB, Atom.xBGR, Atom.RGB16, Atom.BGR16, Atom.RGB15, Atom.BGR15, Atom.GBR,
  Atom.GRAY8, Atom.GRAY16_LE, Atom.GRAY16_BE, Atom.I420_10LE, Atom.I422_10LE, Atom.Y444_10LE, Atom.GBR_10LE,
  Atom.I420_12LE, Atom.I422_12LE, Atom.Y444_12LE, Atom.P010_10LE, Atom.P012_LE, Atom.P016_LE, Atom.Y444_16LE,
  Atom.AYUV64, Atom.ARGB64,
]);

// A row a format, in the order of PixelFormat: flags, planes, bits, step; then for each component plane, offset, stride,
// wSub, hSub, depth, shift.
// prettier-ignore
const ROWS: usize = memory.data<u8>([
  0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,
  // I420
  1, 3, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 1, 1, 1, 8, 0,   2, 0, 1, 1, 1, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // YV12
  1, 3, 8, 1,   0, 0, 1, 0, 0, 8, 0,   2, 0, 1, 1, 1, 8, 0,   1, 0, 1, 1, 1, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // NV12
  1, 2, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 2, 1, 1, 8, 0,   1, 1, 2, 1, 1, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // NV21
  1, 2, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 1, 2, 1, 1, 8, 0,   1, 0, 2, 1, 1, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // Y42B
  1, 3, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 1, 1, 0, 8, 0,   2, 0, 1, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // NV16
  1, 2, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 2, 1, 0, 8, 0,   1, 1, 2, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // NV61
  1, 2, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 1, 2, 1, 0, 8, 0,   1, 0, 2, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // Y444
  1, 3, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 1, 0, 0, 8, 0,   2, 0, 1, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // NV24
  1, 2, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 2, 0, 0, 8, 0,   1, 1, 2, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // A420
  9, 4, 8, 1,   0, 0, 1, 0, 0, 8, 0,   1, 0, 1, 1, 1, 8, 0,   2, 0, 1, 1, 1, 8, 0,   3, 0, 1, 0, 0, 8, 0,
  // YUY2
  1, 1, 8, 0,   0, 0, 2, 0, 0, 8, 0,   0, 1, 4, 1, 0, 8, 0,   0, 3, 4, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // UYVY
  1, 1, 8, 0,   0, 1, 2, 0, 0, 8, 0,   0, 0, 4, 1, 0, 8, 0,   0, 2, 4, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // YVYU
  1, 1, 8, 0,   0, 0, 2, 0, 0, 8, 0,   0, 3, 4, 1, 0, 8, 0,   0, 1, 4, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // VYUY
  1, 1, 8, 0,   0, 1, 2, 0, 0, 8, 0,   0, 2, 4, 1, 0, 8, 0,   0, 0, 4, 1, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // AYUV
  9, 1, 8, 4,   0, 1, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,
  // VUYA
  9, 1, 8, 4,   0, 2, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,
  // RGB
  2, 1, 8, 3,   0, 0, 3, 0, 0, 8, 0,   0, 1, 3, 0, 0, 8, 0,   0, 2, 3, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // BGR
  2, 1, 8, 3,   0, 2, 3, 0, 0, 8, 0,   0, 1, 3, 0, 0, 8, 0,   0, 0, 3, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // RGBA
  10, 1, 8, 4,  0, 0, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,
  // BGRA
  10, 1, 8, 4,  0, 2, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,
  // ARGB
  10, 1, 8, 4,  0, 1, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,
  // ABGR
  10, 1, 8, 4,  0, 3, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,
  // RGBx
  2, 1, 8, 4,   0, 0, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,
  // BGRx
  2, 1, 8, 4,   0, 2, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,
  // xRGB
  2, 1, 8, 4,   0, 1, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 3, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,
  // xBGR
  2, 1, 8, 4,   0, 3, 4, 0, 0, 8, 0,   0, 2, 4, 0, 0, 8, 0,   0, 1, 4, 0, 0, 8, 0,   0, 0, 4, 0, 0, 8, 0,
  // RGB16
  34, 1, 8, 2,  0, 0, 2, 0, 0, 5, 11,  0, 0, 2, 0, 0, 6, 5,   0, 0, 2, 0, 0, 5, 0,   0, 0, 0, 0, 0, 0, 0,
  // BGR16
  34, 1, 8, 2,  0, 0, 2, 0, 0, 5, 0,   0, 0, 2, 0, 0, 6, 5,   0, 0, 2, 0, 0, 5, 11,  0, 0, 0, 0, 0, 0, 0,
  // RGB15
  34, 1, 8, 2,  0, 0, 2, 0, 0, 5, 10,  0, 0, 2, 0, 0, 5, 5,   0, 0, 2, 0, 0, 5, 0,   0, 0, 0, 0, 0, 0, 0,
  // BGR15
  34, 1, 8, 2,  0, 0, 2, 0, 0, 5, 0,   0, 0, 2, 0, 0, 5, 5,   0, 0, 2, 0, 0, 5, 10,  0, 0, 0, 0, 0, 0, 0,
  // GBR
  2, 3, 8, 1,   2, 0, 1, 0, 0, 8, 0,   0, 0, 1, 0, 0, 8, 0,   1, 0, 1, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,
  // GRAY8
  4, 1, 8, 1,   0, 0, 1, 0, 0, 8, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,
  // GRAY16_LE
  4, 1, 16, 2,  0, 0, 2, 0, 0, 16, 0,  0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,
  // GRAY16_BE
  20, 1, 16, 2, 0, 0, 2, 0, 0, 16, 0,  0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0, 0, 0,
  // I420_10LE
  1, 3, 16, 2,  0, 0, 2, 0, 0, 10, 0,  1, 0, 2, 1, 1, 10, 0,  2, 0, 2, 1, 1, 10, 0,  0, 0, 0, 0, 0, 0, 0,
  // I422_10LE
  65, 3, 16, 2, 0, 0, 2, 0, 0, 10, 0,  1, 0, 2, 1, 0, 10, 0,  2, 0, 2, 1, 0, 10, 0,  0, 0, 0, 0, 0, 0, 0,
  // Y444_10LE
  1, 3, 16, 2,  0, 0, 2, 0, 0, 10, 0,  1, 0, 2, 0, 0, 10, 0,  2, 0, 2, 0, 0, 10, 0,  0, 0, 0, 0, 0, 0, 0,
  // GBR_10LE
  2, 3, 16, 2,  2, 0, 2, 0, 0, 10, 0,  0, 0, 2, 0, 0, 10, 0,  1, 0, 2, 0, 0, 10, 0,  0, 0, 0, 0, 0, 0, 0,
  // I420_12LE
  1, 3, 16, 2,  0, 0, 2, 0, 0, 12, 0,  1, 0, 2, 1, 1, 12, 0,  2, 0, 2, 1, 1, 12, 0,  0, 0, 0, 0, 0, 0, 0,
  // I422_12LE
  65, 3, 16, 2, 0, 0, 2, 0, 0, 12, 0,  1, 0, 2, 1, 0, 12, 0,  2, 0, 2, 1, 0, 12, 0,  0, 0, 0, 0, 0, 0, 0,
  // Y444_12LE
  1, 3, 16, 2,  0, 0, 2, 0, 0, 12, 0,  1, 0, 2, 0, 0, 12, 0,  2, 0, 2, 0, 0, 12, 0,  0, 0, 0, 0, 0, 0, 0,
  // P010_10LE
  1, 2, 16, 2,  0, 0, 2, 0, 0, 10, 6,  1, 0, 4, 1, 1, 10, 6,  1, 2, 4, 1, 1, 10, 6,  0, 0, 0, 0, 0, 0, 0,
  // P012_LE
  1, 2, 16, 2,  0, 0, 2, 0, 0, 12, 4,  1, 0, 4, 1, 1, 12, 4,  1, 2, 4, 1, 1, 12, 4,  0, 0, 0, 0, 0, 0, 0,
  // P016_LE
  1, 2, 16, 2,  0, 0, 2, 0, 0, 16, 0,  1, 0, 4, 1, 1, 16, 0,  1, 2, 4, 1, 1, 16, 0,  0, 0, 0, 0, 0, 0, 0,
  // Y444_16LE
  1, 3, 16, 2,  0, 0, 2, 0, 0, 16, 0,  1, 0, 2, 0, 0, 16, 0,  2, 0, 2, 0, 0, 16, 0,  0, 0, 0, 0, 0, 0, 0,
  // AYUV64
  9, 1, 16, 8,  0, 2, 8, 0, 0, 16, 0,  0, 4, 8, 0, 0, 16, 0,  0, 6, 8, 0, 0, 16, 0,  0, 0, 8, 0, 0, 16, 0,
  // ARGB64
  10, 1, 16, 8, 0, 2, 8, 0, 0, 16, 0,  0, 4, 8, 0, 0, 16, 0,  0, 6, 8, 0, 0, 16, 0,  0, 0, 8, 0, 0, 16, 0,
]);

/** The format of a name, or Unknown. */
export function pixelFormatOf(atom: u32): PixelFormat {
  for (let i = 1; i < PixelFormat.Count; i++) if (load<u32>(ATOMS + ((<usize>i) << 2)) == atom) return i;
  return PixelFormat.Unknown;
}

/** The atom of a format's name. */
export function pixelFormatAtom(format: PixelFormat): u32 {
  return load<u32>(ATOMS + ((<usize>format) << 2));
}

/** What a format is. */
@inline
export function formatInfo(format: PixelFormat): FormatInfo {
  return changetype<FormatInfo>(ROWS + <usize>format * ROW);
}
