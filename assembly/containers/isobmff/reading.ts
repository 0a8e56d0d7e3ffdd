import { EventType, newEvent } from "../../core/event";
import { sendUpstream } from "../../graph/flow";
import { Pad } from "../../graph/pad";
import { Window } from "./window";

/**
 * Reading a file out of order: which ranges to ask for, so that a file whose streams lie close together is read once and
 * in order, in large pieces, and one whose streams lie far apart in small pieces that grow as long as they are used.
 */

/** Bytes of the largest range that is asked for at once, and of the first after a jump. */
export const PIECE: u32 = 917504;
const SMALL: u32 = 65536;

/** A reader that goes on at most this far behind what it has asked for has not jumped, bytes. */
const NEARBY: i64 = 1 << 18;

/** Ranges that are asked for at once, a power of two. */
const MAX_REQUESTS: u32 = 8;

/** A place in the file that is read on from: of a track, or of the boxes. */
@unmanaged
export class Reader {
  /** Where what it has asked for ends. */
  reach: i64;
  /** Bytes that it asks for next. */
  step: u32;
}

export const READER_SIZE: u32 = 16;

/** The ranges that have been asked for and have not come yet, in order: start, stop, and how far each has come. */
@unmanaged
export class Requests {
  first: u32;
  count: u32;
  /** Bytes that are still to come. */
  pending: i64;
  items: u64;

  @inline
  private at(i: u32): usize {
    return (
      changetype<usize>(this) + offsetof<Requests>("items") + <usize>(((this.first + i) & (MAX_REQUESTS - 1)) * 16)
    );
  }

  @inline
  private pos(i: u32): i64 {
    return load<i64>(this.at(i));
  }

  @inline
  private stop(i: u32): i64 {
    return load<i64>(this.at(i), 8);
  }

  prepare(): void {
    this.first = 0;
    this.count = 0;
    this.pending = 0;
  }

  @inline
  get full(): bool {
    return this.count == MAX_REQUESTS;
  }

  /** Asks for [start, stop); false when nobody serves ranges. */
  ask(pad: Pad, start: i64, stop: i64): bool {
    const event = newEvent(EventType.Range);
    if (!event) return false;
    event.start = start;
    event.stop = stop;
    if (!sendUpstream(pad, event)) return false;
    const p = this.at(this.count);
    store<i64>(p, start);
    store<i64>(p, stop, 8);
    this.count++;
    this.pending += stop - start;
    return true;
  }

  /**
   * Notes what has come. Pieces that the source was pushing before the first range was asked for are told from those of
   * ranges by their not being the last of one.
   * @param last whether it was the last piece of a range
   * @returns where the input ends when the range came short, else -1
   */
  arrive(offset: i64, size: u32, last: bool): i64 {
    if (!this.count) return -1;
    const pos = this.pos(0);
    const stop = this.stop(0);
    const end = offset + size;
    if (offset < pos || end > stop) return -1;
    this.pending -= end - pos;
    store<i64>(this.at(0), end);
    if (!last) return -1;
    this.pending -= stop - end;
    this.first++;
    this.count--;
    return end < stop ? end : -1;
  }

  /** Where the bytes from `offset` on that are there or on their way end. */
  coverage(window: Window, offset: i64): i64 {
    while (true) {
      let end = window.endOf(offset);
      for (let i: u32 = 0; i < this.count; i++) if (this.pos(i) <= end && this.stop(i) > end) end = this.stop(i);
      if (end == offset) return end;
      offset = end;
    }
    return offset;
  }

  /**
   * Asks for what a reader at `offset` needs next, and ahead of it while what is held stays below `limit`.
   * @param least bytes that it cannot do without
   * @returns false when nobody serves ranges
   */
  follow(reader: Reader, window: Window, pad: Pad, offset: i64, least: u32, length: i64, limit: u64): bool {
    let end = this.coverage(window, offset);
    if (end == offset && (offset < reader.reach || offset > reader.reach + NEARBY)) reader.step = SMALL;
    const step = max<u32>(reader.step, SMALL);
    const must = min<i64>(offset + least, length);
    const want = min<i64>(max<i64>(must, offset + 3 * <i64>step), length);
    while (end < want && !this.full && (end < must || window.bytes + <u64>this.pending < limit)) {
      const n = min<i64>(max<i64>(reader.step, min<i64>(must - end, PIECE)), length - end);
      if (!this.ask(pad, end, end + n)) return false;
      reader.step = min<u32>(max<u32>(reader.step, SMALL) << 1, PIECE);
      end = this.coverage(window, end + n);
      reader.reach = end;
    }
    return true;
  }
}

/** Bytes that Requests takes inside another record. */
export const REQUESTS_SIZE: u32 = offsetof<Requests>("items") + MAX_REQUESTS * 16;
