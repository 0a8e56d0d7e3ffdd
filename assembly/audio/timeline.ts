import { NONE, SECOND, scale } from "../core/time";

/**
 * Times of media that is cut in another way than it came: what is taken has the time of the piece in which it begins, and
 * of how far into it. Units are samples or bytes at a fixed rate. Exact, however much comes without times.
 *
 *      0 first  time of the first unit that has not been taken, ns, or NONE
 *      8 time   of the last piece that had one, ns, or NONE
 *     16 at     units from the first that has not been taken to where that piece begins; negative behind it
 *     24 units  in
 *     32 span   ns
 *     40 asked  how long how many units last was worked out last, and the answer: pieces are mostly of one length
 *     48 answer
 */
@unmanaged
export class Timeline {
  first: i64;
  time: i64;
  at: i64;
  units: i64;
  span: i64;
  asked: i64;
  answer: i64;

  /** Units a second; nothing is held. */
  setRate(rate: u32): void {
    this.setPace(rate, SECOND);
  }

  /** `units` last `span` ns; nothing is held. */
  setPace(units: i64, span: i64): void {
    this.units = units;
    this.span = span;
    this.asked = 0;
    this.answer = 0;
  }

  /** Starts over, with nothing held: the next unit is at `time`, ns or NONE. */
  reset(time: i64): void {
    this.first = time;
    this.time = time;
    this.at = 0;
  }

  /** A piece comes in behind `held` units; its time is ns or NONE. */
  mark(time: i64, held: u32): void {
    if (time == NONE) return;
    this.time = time;
    this.at = held;
    if (!held) this.first = time;
    else if (this.first == NONE) this.first = time - this.lasts(held);
  }

  /** Units are taken. */
  advance(n: u32): void {
    this.at -= n;
    if (this.time != NONE) this.first = this.time + this.lasts(-this.at);
  }

  /** How long units last, ns. */
  lasts(n: i64): i64 {
    if (!n) return 0;
    if (n != this.asked) {
      this.asked = n;
      this.answer = scale(n, this.span, this.units);
    }
    return this.answer;
  }
}

/** Bytes that a Timeline takes inside another record. */
export const TIMELINE_SIZE: u32 = offsetof<Timeline>();
