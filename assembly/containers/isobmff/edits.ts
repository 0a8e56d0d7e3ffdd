import { be32, be64 } from "../../base/bytes";
import { nsToTicks, scale, ticksToNs } from "../../core/time";

/**
 * Edit lists (ISO/IEC 14496-12 §8.6.6): how the time line of a track's media lies on that of the movie. An edit is a
 * stretch of media, or empty, in which case what follows starts later.
 */

/** The end of an edit that has none, ticks. */
export const NO_END: i64 = i64.MAX_VALUE;

/**
 * The edits of a track, read where they lie.
 *
 *      0 at      address of the first entry
 *      4 count   entries that are really there
 *      8 large   entries of 20 bytes (version 1), else of 12
 *     12 media   entries that are not empty
 */
@unmanaged
export class Edits {
  at: usize;
  count: u32;
  large: bool;
  media: u32;

  /** Looks at the body of an `elst` box; bytes that are no whole entry are left. */
  read(p: usize, end: usize): void {
    this.count = 0;
    this.media = 0;
    if (end - p < 8) return;
    this.large = load<u8>(p) == 1;
    this.at = p + 8;
    this.count = min<u32>(be32(p + 4), <u32>(end - this.at) / this.entrySize);
    for (let i: u32 = 0; i < this.count; i++) if (this.mediaTime(i) >= 0) this.media++;
  }

  @inline
  get entrySize(): u32 {
    return this.large ? 20 : 12;
  }

  @inline
  private entry(i: u32): usize {
    return this.at + <usize>(i * this.entrySize);
  }

  /** Length of an entry in ticks of the movie. */
  duration(i: u32): i64 {
    const v = this.large ? be64(this.entry(i)) : <u64>be32(this.entry(i));
    return <i64>min<u64>(v, i64.MAX_VALUE);
  }

  /** Where an entry starts in the media, ticks of the track; negative for an empty one. */
  mediaTime(i: u32): i64 {
    return this.large ? <i64>be64(this.entry(i) + 8) : <i64>(<i32>be32(this.entry(i) + 4));
  }

  /** Speed of an entry, 16.16. */
  rate(i: u32): i32 {
    return <i32>be32(this.entry(i) + (this.large ? 16 : 8));
  }
}

/** Bytes that Edits takes inside another record. */
export const EDITS_SIZE: u32 = 16;

/**
 * One edit: media from `start` up to `end`, ticks of the track, shows from `base`, ns of the movie, on.
 *
 *      0 start
 *      8 end    NO_END: to the end of the media
 *     16 base
 *     24 clips  media before `start` is not shown; not so without an edit list
 */
@unmanaged
export class Edit {
  start: i64;
  end: i64;
  base: i64;
  clips: bool;

  /** The edit of a track without a list. */
  whole(): void {
    this.start = 0;
    this.end = NO_END;
    this.base = 0;
    this.clips = false;
  }

  /**
   * Takes edit number `n` of those that are not empty; false when there are fewer.
   * @param timescale of the track
   * @param movieTimescale that lengths of edits count in
   */
  take(list: Edits, n: u32, timescale: u32, movieTimescale: u32): bool {
    let before: i64 = 0;
    for (let i: u32 = 0; i < list.count; i++) {
      const mediaTime = list.mediaTime(i);
      const duration = list.duration(i);
      if (mediaTime >= 0 && n-- == 0) {
        this.start = mediaTime;
        this.end = duration ? clampAdd(mediaTime, scale(duration, timescale, movieTimescale)) : NO_END;
        // In ns, which are finer than the ticks of either: an offset between two tracks is kept to the tick.
        this.base = ticksToNs(before, movieTimescale);
        this.clips = true;
        return true;
      }
      before = clampAdd(before, duration);
    }
    return false;
  }

  /** The time on the movie's time line, ns, of media time `t`. */
  @inline
  toMovie(t: i64, timescale: u32): i64 {
    return ticksToNs(t - this.start, timescale) + this.base;
  }

  /** The media time of a time on the movie's time line, ns. */
  @inline
  toMedia(ns: i64, timescale: u32): i64 {
    return nsToTicks(ns - this.base, timescale) + this.start;
  }

  /** Where the edit ends on the movie's time line, ns, or NO_END. */
  endTime(timescale: u32): i64 {
    return this.end == NO_END ? NO_END : this.toMovie(this.end, timescale);
  }
}

/** Bytes that an Edit takes inside another record. */
export const EDIT_SIZE: u32 = 32;

/** The sum of two numbers that are not negative, at most the largest there is. */
function clampAdd(a: i64, b: i64): i64 {
  const sum = a + b;
  return sum < 0 ? NO_END : sum;
}
