import { ChromaSite } from "./chromasite";
import { Halving, WEIGHT, gatherChroma } from "./chromafilter";
import { COMPONENTS, FormatFlag, FormatInfo } from "./format";
import { VIDEOINFO_SIZE, VideoInfo } from "./info";
import { fillLine, fillRow, packPixels, packRow, packTurns, unpackRow } from "./lines";
import { MIXER_SIZE, Mixer, mix, realMix, sameColors, setMixer } from "./mixer";
import { clearPadding } from "./padding";
import { Moves, moveRows, movesOf, sameSamples } from "./rearrange";
import { YUVTORGB_SIZE, YuvToRgb, dropFourth, rowsToRgb } from "./yuvtorgb";

/** How a picture is converted. */
export const enum Way {
  /** It is what is wanted. */
  Nothing = 0,
  /** Samples keep their values. */
  Rearrange,
  /** Y, U and V of 8 bits whose chroma two pixels of a row share, to pixels of 4 or 3 bytes. */
  Rgb,
  /** Line by line, whatever it is. */
  Lines,
}

/** Bytes that a VideoInfo has here. */
const INFO: u32 = (VIDEOINFO_SIZE + 7) & ~7;

/** Bits that components may have. */
const MAX_DEPTH: u32 = 12;

/** Lines that a conversion works with. */
const LINES: u32 = 12;

// Numbers of lines: three of each of two rows, of alpha, of chroma that was gathered, and of what comes out. Alpha comes
// behind what comes out.
const FIRST: u32 = 0;
const SECOND: u32 = 3;
const GATHERED: u32 = 6;
const OUT: u32 = 8;
const ALPHA: u32 = 11;

/**
 * Converts pictures of one format into another, of the same size, in steps of a few rows. Nothing is allocated; `scratch`
 * is memory of the owner's.
 *
 * Rows go in pairs that share chroma where anything does: neighbours, or the next of the same field in interlaced pictures.
 * Chroma that pixels share holds for each of them; chroma that they will share is the mean of theirs, or around the pixel it
 * lies on, and is rounded once. Chroma that is shared alike on both sides stays as it is, whatever its place.
 */
@unmanaged
export class VideoConverter {
  from_: u64;

  /** What comes in. */
  @inline
  get from(): VideoInfo {
    return changetype<VideoInfo>(changetype<usize>(this));
  }

  /** What goes out. */
  @inline
  get to(): VideoInfo {
    return changetype<VideoInfo>(changetype<usize>(this) + INFO);
  }

  @inline
  private get mixer(): Mixer {
    return changetype<Mixer>(changetype<usize>(this) + 2 * INFO);
  }

  @inline
  private get rgb(): YuvToRgb {
    return changetype<YuvToRgb>(changetype<usize>(this) + 2 * INFO + MIXER_SIZE);
  }

  @inline
  private get plan(): Plan {
    return changetype<Plan>(changetype<usize>(this) + 2 * INFO + MIXER_SIZE + YUVTORGB_SIZE);
  }

  /** How pictures are converted. */
  @inline
  get way(): Way {
    return this.plan.way;
  }

  /** Pairs of rows of a picture. */
  @inline
  get pairs(): u32 {
    return this.plan.pairs;
  }

  /** Bytes of scratch that `prepare` wants. */
  @inline
  get scratchSize(): u32 {
    return this.plan.line * LINES;
  }

  /**
   * Chooses how to convert `from` to `to`, which have been set.
   * @param halves whether chroma that pixels will share is filtered; else it is that of the first of them
   * @returns false when the formats cannot be converted or the sizes differ
   */
  choose(halves: bool): bool {
    const from = this.from;
    const to = this.to;
    const plan = this.plan;
    if (from.width != to.width || from.height != to.height || from.interlaced != to.interlaced) return false;
    if (!canConvert(from.info) || !canConvert(to.info)) return false;
    plan.pairs = from.interlaced ? ((from.height + 3) >> 2) << 1 : (from.height + 1) >> 1;
    // Whole vectors, so that none is across the end of a line.
    plan.line = (((from.width + 15) & ~15) << 1) + 32;
    plan.scratch = 0;
    const same = sameColors(from, to);
    if (from.format == to.format && same) plan.way = Way.Nothing;
    else if (same && sameSamples(from.info, to.info)) {
      plan.way = Way.Rearrange;
      plan.moves = movesOf(from.info, to.info);
    } else if (sharesPairs(from.info) && !keepsAlpha(from.info, to.info) && to.isRgb && to.info.step >= 3) {
      plan.way = Way.Rgb;
      const r = to.info.component(0).offset;
      const b = to.info.component(2).offset;
      this.rgb.set(realMix(from, to), b < r, to.info.step == 4 && to.info.component(3).offset == 0);
    } else plan.way = Way.Lines;
    setMixer(this.mixer, from, to);
    plan.lastIn = lastChroma(from);
    plan.lastOut = lastChroma(to);
    plan.order = 0;
    if (to.isRgb && to.info.step == 4) {
      for (let i: u32 = 0; i < COMPONENTS; i++) plan.order |= i << (to.info.component(i).offset << 1);
    }
    plan.halving = halvingOf(from, to, halves);
    plan.mean = to.info.rows > from.info.rows && halves && !(to.site & ChromaSite.Vertical);
    return true;
  }

  /** Takes scratch of `scratchSize` bytes, aligned to 16, which stays the owner's. */
  prepare(scratch: usize): void {
    const plan = this.plan;
    plan.scratch = scratch;
    const width = this.from.width;
    fillLine(this.line(ALPHA), 255, width);
    if (!this.from.info.has(FormatFlag.Gray)) return;
    const middle: u32 = 1 << (this.from.info.component(0).depth - 1);
    for (let i: u32 = 1; i < 3; i++) {
      fillLine(this.line(FIRST + i), middle, width);
      fillLine(this.line(SECOND + i), middle, width);
    }
  }

  /** Prepares the memory of a picture that is to be made. */
  begin(target: usize): void {
    clearPadding(this.to, target);
  }

  /**
   * Converts one pair of rows.
   * @param source the picture, `from.size` bytes
   * @param target room for `to.size` bytes, after `begin`
   * @param pair below `pairs`
   */
  convert(source: usize, target: usize, pair: u32): void {
    const height = this.from.height;
    const interlaced = this.from.interlaced;
    const first = interlaced ? ((pair >> 1) << 2) + (pair & 1) : pair << 1;
    if (first >= height) return;
    const next = first + (interlaced ? 2 : 1);
    const second: i32 = next < height ? next : -1;
    switch (this.plan.way) {
      case Way.Rearrange:
        moveRows(
          this.from,
          this.to,
          this.plan.moves,
          source,
          target,
          first,
          second,
          this.sharedIn(pair),
          min<u32>(pair, this.plan.lastOut),
        );
        break;
      case Way.Rgb:
        this.toRgb(source, target, first, second, pair);
        break;
      default:
        this.byLines(source, target, first, second, pair);
        break;
    }
  }

  /** The row of chroma that a pair of rows has in what comes in. */
  @inline
  private sharedIn(pair: u32): u32 {
    return min<u32>(pair, this.plan.lastIn);
  }

  /** The address of a line. */
  @inline
  private line(i: u32): usize {
    return this.plan.scratch + <usize>i * this.plan.line;
  }

  private toRgb(source: usize, target: usize, first: u32, second: i32, pair: u32): void {
    if (this.from.info.rows) this.rowsToRgb(source, target, first, second, this.sharedIn(pair));
    else {
      this.rowsToRgb(source, target, first, -1, first);
      if (second >= 0) this.rowsToRgb(source, target, second, -1, second);
    }
  }

  private rowsToRgb(source: usize, target: usize, first: u32, second: i32, shared: u32): void {
    const from = this.from;
    const to = this.to;
    const width = from.width;
    let y0 = from.at(source, 0, first);
    const y1: usize = second >= 0 ? from.at(source, 0, second) : 0;
    let u = from.at(source, 1, shared);
    let v = from.at(source, 2, shared);
    let step: usize = from.info.component(1).stride;
    if (from.info.component(0).stride == 2) {
      // All three in turn: Y goes to a line of its own, which leaves U and V in turn.
      const pixels = from.at(source, 0, first) - from.info.component(0).offset;
      const luma = this.line(0);
      const chroma = this.line(1);
      split(pixels, from.info.component(0).offset, luma, chroma, width);
      y0 = luma;
      const uFirst = from.info.component(1).offset < from.info.component(2).offset;
      u = uFirst ? chroma : chroma + 1;
      v = uFirst ? chroma + 1 : chroma;
      step = 2;
    }
    const blueFirst = to.info.component(2).offset < to.info.component(0).offset;
    const p = blueFirst ? u : v;
    const q = blueFirst ? v : u;
    const to0 = to.at(target, 0, first) - to.info.component(0).offset;
    const to1: usize = second >= 0 ? to.at(target, 0, second) - to.info.component(0).offset : 0;
    if (to.info.step == 4) {
      rowsToRgb(this.rgb, y0, y1, p, q, step, to0, to1, width);
      return;
    }
    // A row of pixels of 4 bytes takes two lines.
    const pixels0 = this.line(2);
    const pixels1 = this.line(4);
    rowsToRgb(this.rgb, y0, y1, p, q, step, pixels0, pixels1, width);
    dropFourth(to0, pixels0, width);
    if (y1) dropFourth(to1, pixels1, width);
  }

  private byLines(source: usize, target: usize, first: u32, second: i32, pair: u32): void {
    const to = this.to;
    const shared = this.sharedIn(pair);
    this.unpack(source, FIRST, first, shared);
    this.row(source, target, FIRST, first);
    if (second >= 0) {
      this.unpack(source, SECOND, second, shared);
      this.row(source, target, SECOND, second);
    }
    if (!to.info.has(FormatFlag.Yuv)) return;
    if (to.info.rows) {
      this.chroma(target, FIRST, second >= 0 && this.plan.mean ? SECOND : FIRST, min<u32>(pair, this.plan.lastOut));
    } else {
      this.chroma(target, FIRST, FIRST, first);
      if (second >= 0) this.chroma(target, SECOND, SECOND, second);
    }
  }

  /** Takes a row apart into three lines. */
  private unpack(source: usize, lines: u32, row: u32, shared: u32): void {
    const from = this.from;
    const n: u32 = from.info.has(FormatFlag.Gray) || (this.to.info.has(FormatFlag.Gray) && !from.isRgb) ? 1 : 3;
    for (let i: u32 = 0; i < n; i++) {
      unpackRow(from, source, i, from.info.component(i).hSub ? shared : row, this.line(lines + i));
    }
  }

  /** Makes what every pixel of a row has for itself. */
  private row(source: usize, target: usize, lines: u32, row: u32): void {
    const to = this.to;
    const width = to.width;
    const a = this.line(lines);
    const b = this.line(lines + 1);
    const c = this.line(lines + 2);
    const n: u32 = to.isRgb ? 3 : 1;
    const hasAlpha = keepsAlpha(this.from.info, to.info);
    for (let i: u32 = 0; i < n; i++) mix(this.mixer, i, this.line(OUT + i), a, b, c, width, 0);
    if (hasAlpha) unpackRow(this.from, source, 3, row, this.line(ALPHA));
    if (to.isRgb && to.info.step == 4) {
      packPixels(
        to.at(target, 0, row) - to.info.component(0).offset,
        this.line(OUT),
        this.plan.line,
        this.plan.order,
        width,
      );
      return;
    }
    for (let i: u32 = 0; i < n; i++) packRow(to, target, i, row, this.line(OUT + i));
    if (!to.info.hasComponent(3)) return;
    if (hasAlpha) packRow(to, target, 3, row, this.line(ALPHA));
    else fillRow(to, target, 3, row, 255);
  }

  /** Makes a row of U and V of two rows of lines, which may be the same. */
  private chroma(target: usize, lines: u32, others: u32, row: u32): void {
    const to = this.to;
    const from = this.from;
    const width = from.width;
    const halving = this.plan.halving;
    const n = to.columnsOf(1);
    const a = this.line(GATHERED);
    const b = this.line(GATHERED + 1);
    // What comes out of R, G and B has been packed, and its lines are free.
    const c = this.line(OUT + 1);
    const out = this.line(OUT);
    gatherChroma(b, this.line(lines + 1), this.line(others + 1), width, halving);
    gatherChroma(c, this.line(lines + 2), this.line(others + 2), width, halving);
    // Y has no share in U and V.
    if (from.isRgb) gatherChroma(a, this.line(lines), this.line(others), width, halving);
    // The second takes the place of what it is made of.
    mix(this.mixer, 1, out, from.isRgb ? a : b, b, c, n, WEIGHT);
    mix(this.mixer, 2, c, from.isRgb ? a : b, b, c, n, WEIGHT);
    const info = to.info;
    if (info.component(1).stride == 2 && info.component(1).depth == 8) {
      const swapped = info.component(1).offset > info.component(2).offset;
      packTurns(to.at(target, swapped ? 2 : 1, row), swapped ? c : out, swapped ? out : c, n);
      return;
    }
    packRow(to, target, 1, row, out);
    packRow(to, target, 2, row, c);
  }
}

/**
 *      0 way
 *      4 pairs    of rows
 *      8 line     bytes of a line
 *     12 scratch  address of the lines
 *     16 moves
 *     20 order    which component each byte of a pixel of 4 has, two bits each
 *     24 halving
 *     28 mean     chroma of two rows is averaged
 *     32 lastIn   the last row of chroma that comes in, where rows share it
 *     36 lastOut  the same of what goes out
 */
@unmanaged
class Plan {
  way: Way;
  pairs: u32;
  line: u32;
  scratch: usize;
  moves: Moves;
  order: u32;
  halving: Halving;
  mean: bool;
  lastIn: u32;
  lastOut: u32;
}

/** Bytes that a VideoConverter takes inside another record. */
export const CONVERTER_SIZE: u32 = 2 * INFO + MIXER_SIZE + YUVTORGB_SIZE + 40;

/** Whether pictures of a format can be converted. */
export function canConvert(info: FormatInfo): bool {
  if (info.has(FormatFlag.Packed) || info.has(FormatFlag.BigEndian)) return false;
  return info.component(0).stride != 0 && info.component(0).depth <= MAX_DEPTH;
}

/** Whether alpha goes from one format to another. */
@inline
function keepsAlpha(from: FormatInfo, to: FormatInfo): bool {
  return from.has(FormatFlag.Alpha) && to.has(FormatFlag.Alpha);
}

/** Whether two pixels of a row share chroma, all of 8 bits. */
function sharesPairs(info: FormatInfo): bool {
  return info.has(FormatFlag.Yuv) && info.columns == 1 && info.component(0).depth == 8;
}

/** The last row of chroma: the planes of some formats lack one for the last row of interlaced pictures. */
function lastChroma(v: VideoInfo): u32 {
  return v.info.rows ? v.planeRows(v.info.component(1).plane) - 1 : 0;
}

function halvingOf(from: VideoInfo, to: VideoInfo, halves: bool): Halving {
  if (!to.info.columns) return Halving.Whole;
  if (from.info.columns || !halves) return Halving.First;
  return to.site & ChromaSite.Horizontal ? Halving.Cosited : Halving.Between;
}

/** Takes Y out of rows in which U and V lie between: bytes of Y at `luma`, of U and V at `chroma`. */
function split(from: usize, offset: usize, luma: usize, chroma: usize, width: u32): void {
  let x: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    const mask = i16x8.splat(255);
    for (; x + 16 <= width; x += 16) {
      const a = v128.load(from + ((<usize>x) << 1));
      const b = v128.load(from + ((<usize>x) << 1), 16);
      const even = i8x16.narrow_i16x8_u(v128.and(a, mask), v128.and(b, mask));
      const odd = i8x16.narrow_i16x8_u(i16x8.shr_u(a, 8), i16x8.shr_u(b, 8));
      v128.store(luma + x, offset ? odd : even);
      v128.store(chroma + x, offset ? even : odd);
    }
  }
  // The chroma of the last pair is there even if its second pixel is not.
  for (const end = (width + 1) & ~1; x < end; x++) {
    const both: u32 = load<u16>(from + ((<usize>x) << 1));
    store<u8>(luma + x, offset ? both >> 8 : both);
    store<u8>(chroma + x, offset ? both : both >> 8);
  }
}
