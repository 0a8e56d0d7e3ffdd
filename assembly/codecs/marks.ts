import { Frame, FrameFlag } from "../core/frame";
import { NONE } from "../core/time";

/** What came with a piece of input, at the position where it starts. */
@unmanaged
export class Mark {
  pts: i64;
  dts: i64;
  duration: i64;
  offset: i64;
  capture: i64;
  pos: u32;
  flags: u32;
}

/** Marks that are kept; when there are more, the newest replaces the one before it. */
const MARKS: u32 = 32;
const MARK_SIZE: u32 = 48;

/**
 * Times of input that is cut into units in another way than it came: each piece of input leaves a mark at its position,
 * and a unit takes the last one at or before its first byte (ISO/IEC 13818-1 2.4.3.7: a timestamp belongs to the first unit
 * that starts behind it).
 *
 *      0 count
 *      8 the current mark, of the unit taken last
 *     56 marks
 */
@unmanaged
export class Marks {
  count: u32;
  current_: u64;

  @inline
  get current(): Mark {
    return changetype<Mark>(changetype<usize>(this) + offsetof<Marks>("current_"));
  }

  @inline
  private at(i: u32): Mark {
    return changetype<Mark>(changetype<usize>(this) + offsetof<Marks>("current_") + <usize>((i + 1) * MARK_SIZE));
  }

  reset(): void {
    this.count = 0;
  }

  /** Notes a frame of input whose first byte is at `pos`; one without times or a break leaves no mark. */
  add(pos: u32, f: Frame): void {
    if (f.has(FrameFlag.Continued) || (f.pts == NONE && f.dts == NONE && !f.has(FrameFlag.Discont))) return;
    if (this.count == MARKS) this.count--;
    const m = this.at(this.count++);
    m.pos = pos;
    m.flags = f.flags;
    m.pts = f.pts;
    m.dts = f.dts;
    m.duration = f.duration;
    m.offset = f.offset;
    m.capture = f.capture;
  }

  /** Whether a piece of input starts exactly at `pos`. */
  startsAt(pos: u32): bool {
    for (let i: u32 = 0; i < this.count; i++) if (this.at(i).pos == pos) return true;
    return false;
  }

  /** Makes the mark for a unit that starts at `pos` the current one; without one its times are NONE. */
  take(pos: u32): Mark {
    const c = this.current;
    c.pts = NONE;
    c.dts = NONE;
    c.duration = NONE;
    c.offset = -1;
    c.capture = NONE;
    c.flags = 0;
    let k: u32 = 0;
    let flags: u32 = 0;
    while (k < this.count && this.at(k).pos <= pos) flags |= this.at(k++).flags;
    if (!k) return c;
    memory.copy(changetype<usize>(c), changetype<usize>(this.at(k - 1)), MARK_SIZE);
    c.flags |= flags & FrameFlag.Discont;
    this.count -= k;
    memory.copy(changetype<usize>(this.at(0)), changetype<usize>(this.at(k)), <usize>(this.count * MARK_SIZE));
    return c;
  }

  /** The first `n` bytes are gone: all positions are counted from behind them. */
  shift(n: u32): void {
    for (let i: u32 = 0; i < this.count; i++) {
      const m = this.at(i);
      m.pos = m.pos > n ? m.pos - n : 0;
    }
  }
}

/** Bytes that Marks take. */
export const MARKS_SIZE: u32 = 8 + (MARKS + 1) * MARK_SIZE;
