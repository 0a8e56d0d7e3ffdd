import { Caps } from "../caps/caps";
import { SEGMENT_SIZE, Segment } from "../core/segment";
import { Element } from "./element";
import { Link } from "./link";

export const enum Direction {
  Src = 1,
  Sink = 2,
}

export const enum Presence {
  Always = 1,
  Sometimes = 2,
  Request = 3,
}

export const enum PadFlag {
  None = 0,
  Sink = 1,
  /** The end of the stream went through. */
  Eos = 2,
  /** stream-start went through. */
  Started = 4,
  /** A segment went through. */
  Segment = 8,
  Request = 16,
  Sometimes = 32,
  /** The pad is being taken away. */
  Gone = 64,
  /** Holds a link open for a pad that will appear. */
  Pending = 128,
  /** Nothing of what it gives is wanted any more. */
  Unwanted = 256,
}

/**
 * A pad: where an element gives or takes a stream.
 *
 *      0 element   it belongs to
 *      4 link      null while unlinked; then frames pushed are dropped
 *      8 next      next pad of the same direction
 *     12 name      atom
 *     16 template  number of its template in the factory
 *     20 index     place among the pads of its direction, in the order they were made
 *     24 flags     PadFlag
 *     28 caps      of the last caps event that went through, or null
 *     32 state     the element's own record for this pad
 *     36 stream    the stream's number, from the demuxer that opened it
 *     40 silent    running time up to which a gap event said that nothing comes, ns, or NONE
 *     48 segment   of the last segment event that went through
 */
@unmanaged
export class Pad {
  element: Element;
  link: Link | null;
  next: Pad | null;
  name: u32;
  template: u32;
  index: u32;
  flags: u32;
  caps: Caps | null;
  state: usize;
  stream: u32;
  silent: i64;
  segment_: u64;

  @inline
  get isSink(): bool {
    return (this.flags & PadFlag.Sink) != 0;
  }

  @inline
  has(flag: PadFlag): bool {
    return (this.flags & flag) != 0;
  }

  @inline
  get segment(): Segment {
    return changetype<Segment>(changetype<usize>(this) + offsetof<Pad>("segment_"));
  }
}

/** Bytes of a pad's record. */
export const PAD_SIZE: u32 = offsetof<Pad>("segment_") + SEGMENT_SIZE;
