import { NONE } from "./time";

/** What the numbers of a segment count. */
export const enum Format {
  Undefined = 0,
  Bytes = 1,
  Time = 2,
}

/** The bits of 1.0. */
const ONE: i64 = 0x3ff0000000000000;

/**
 * A segment maps timestamps of a stream to running time, GStreamer's rules (rate, base, start, stop, time, position).
 *
 *      0 format
 *      4 flags
 *      8 rate     f64; negative plays backwards
 *     16 base     running time where the segment starts
 *     24 offset   what has already been subtracted from start
 *     32 start    first timestamp that counts
 *     40 stop     first timestamp that counts no more, or NONE
 *     48 time     stream time of start
 *     56 position last known position
 */
@unmanaged
export class Segment {
  format: Format;
  flags: u32;
  rate: f64;
  base: i64;
  offset: i64;
  start: i64;
  stop: i64;
  time: i64;
  position: i64;

  init(format: Format): Segment {
    this.format = format;
    this.flags = 0;
    this.rate = 1;
    this.base = 0;
    this.offset = 0;
    this.start = 0;
    this.stop = NONE;
    this.time = 0;
    this.position = 0;
    return this;
  }

  copyFrom(s: Segment): void {
    memory.copy(changetype<usize>(this), changetype<usize>(s), offsetof<Segment>());
  }

  /**
   * Running time of a timestamp, also for those outside the segment (negative before its start, when that comes first);
   * NONE for NONE.
   */
  runningTime(t: i64): i64 {
    if (t == NONE) return NONE;
    // Nearly always; without a double, which small processors have to work out in software.
    if (reinterpret<i64>(this.rate) == ONE) return this.base + (t - (this.start + this.offset));
    return atRate(this, t);
  }

  /** Stream time of a timestamp; NONE for NONE. */
  streamTime(t: i64): i64 {
    return t == NONE ? NONE : this.time + (t - this.start);
  }

  /** Whether a stretch of `duration` (NONE: 0) from `t` lies outside the segment altogether. */
  outside(t: i64, duration: i64): bool {
    if (t == NONE) return false;
    if (this.stop != NONE && t >= this.stop && !(t == this.start && this.stop == t)) return true;
    const end = duration == NONE ? t : t + duration;
    return end < this.start || (duration != NONE && duration > 0 && end == this.start);
  }
}

/** The running time of a stream that is not played at its own rate. */
function atRate(s: Segment, t: i64): i64 {
  let d: i64;
  if (s.rate >= 0) d = t - (s.start + s.offset);
  else d = (s.stop == NONE ? t : s.stop - s.offset) - t;
  const r = s.rate < 0 ? -s.rate : s.rate;
  if (r != 1) d = <i64>(<f64>d / r);
  return s.base + d;
}

/** Bytes that a Segment takes inside another record. */
export const SEGMENT_SIZE: u32 = 64;
