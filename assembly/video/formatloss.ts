import { FormatFlag, PixelFormat, formatInfo } from "./format";

// The weights of GStreamer's videoconvert: what is lost counts more than what changes, colors most of all.
const CHANGE: u32 = 1;
const COLORSPACE: u32 = 2;
const DEPTH: u32 = 4;
const ALPHA: u32 = 8;
const COLUMNS: u32 = 16;
const ROWS: u32 = 32;
const COLOR: u32 = 128;

/** What is lost from one format to another: 0 for the same, more for more, the largest number for what is no format. */
export function formatLoss(from: PixelFormat, to: PixelFormat): u32 {
  if (!to) return u32.MAX_VALUE;
  if (from == to) return 0;
  const a = formatInfo(from);
  const b = formatInfo(to);
  let loss = CHANGE;
  const kinds: u32 = FormatFlag.Yuv | FormatFlag.Rgb | FormatFlag.Gray;
  if ((a.flags & kinds) != (b.flags & kinds)) {
    loss += COLORSPACE;
    if (b.has(FormatFlag.Gray)) loss += COLOR;
  }
  if (a.has(FormatFlag.Alpha) != b.has(FormatFlag.Alpha)) loss += a.has(FormatFlag.Alpha) ? CHANGE + ALPHA : CHANGE;
  if (a.rows != b.rows) loss += a.rows < b.rows ? CHANGE + ROWS : CHANGE;
  if (a.columns != b.columns) loss += a.columns < b.columns ? CHANGE + COLUMNS : CHANGE;
  const deep: u32 = a.component(0).depth;
  const deepness: u32 = b.component(0).depth;
  if (deep != deepness) loss += deep > deepness ? CHANGE + DEPTH : CHANGE;
  return loss;
}
