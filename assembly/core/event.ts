import { Pool } from "../base/pool";
import { sized } from "../base/tuning";
import { Caps, capsRef, capsUnref } from "../caps/caps";
import { SEGMENT_SIZE, Segment } from "./segment";
import { Tags, tagsUnref } from "./tags";
import { NONE } from "./time";

/** Events in the stream, in order with its frames, and events against the stream, which are answered at once. */
export const enum EventType {
  StreamStart = 1,
  Caps,
  Segment,
  Tags,
  Gap,
  Eos,
  /** Everything in flight is void; travels past the frames. */
  Flush,
  /** For elements that know it; `sub` is an atom. */
  Custom,
  // Upstream
  Seek = 32,
  Qos,
  Reconfigure,
  ForceKeyUnit,
  Latency,
  /** A reader out of order asks a byte source for a range: start, stop (-1: to the end). */
  Range,
  /** Put bytes into what is written: start = where, stop = how many; downstream of a muxer. */
  Insert,
}

export const enum SeekFlag {
  None = 0,
  Flush = 1,
  Accurate = 2,
  KeyUnit = 4,
  Segment = 8,
  SnapBefore = 16,
  SnapAfter = 32,
}

/**
 * An event. What the fields hold depends on its type:
 *
 *     StreamStart   stream number in sub
 *     Caps          caps
 *     Segment       segment
 *     Tags          tags
 *     Gap           start = timestamp, stop = duration or NONE
 *     Seek          rate, format, flags, start, stop (NONE: unchanged)
 *     Qos           rate = proportion, start = jitter, stop = timestamp
 *     ForceKeyUnit  start = running time or NONE, flags bit 0: all headers
 *     Latency       start = ns
 */
@unmanaged
export class Event {
  refs: u32;
  type: EventType;
  sub: u32;
  flags: u32;
  format: u32;
  caps: Caps | null;
  tags: Tags | null;
  sequence: u32;
  rate: f64;
  start: i64;
  stop: i64;
  segment_: u64;

  @inline
  get segment(): Segment {
    return changetype<Segment>(changetype<usize>(this) + offsetof<Event>("segment_"));
  }
}

const EVENT_SIZE: u32 = offsetof<Event>("segment_") + SEGMENT_SIZE;
const EVENTS: usize = memory.data(24, 8);

@inline
function events(): Pool {
  return changetype<Pool>(EVENTS);
}

/** Prepares the store of event records; called once when the heap is new. */
export function eventsInit(): void {
  events().prepare(EVENT_SIZE, sized(16, 4));
}

/** The store of event records, for those that measure it. */
export function eventRecords(): Pool {
  return events();
}

/** Gives the event records back. */
export function eventsRelease(): void {
  events().release();
}

/** Events in use. */
export function eventsUsed(): u32 {
  return events().used;
}

/** The end of a stream, for when there is no room for another event: without it nothing would ever end. */
const LAST: usize = memory.data(EVENT_SIZE, 8);
const STATIC_REFS: u32 = 0x40000000;

/** An event with one reference and nothing in it; null when the heap has no room, but never for Eos. */
export function newEvent(type: EventType): Event | null {
  let p = events().take();
  const last = !p && type == EventType.Eos;
  if (last) p = LAST;
  if (!p) return null;
  memory.fill(p, 0, EVENT_SIZE);
  const e = changetype<Event>(p);
  e.refs = last ? STATIC_REFS : 1;
  e.type = type;
  e.rate = 1;
  e.start = NONE;
  e.stop = NONE;
  return e;
}

export function capsEvent(caps: Caps): Event | null {
  const e = newEvent(EventType.Caps);
  if (e) e.caps = capsRef(caps);
  return e;
}

export function segmentEvent(segment: Segment): Event | null {
  const e = newEvent(EventType.Segment);
  if (e) e.segment.copyFrom(segment);
  return e;
}

export function gapEvent(start: i64, duration: i64): Event | null {
  const e = newEvent(EventType.Gap);
  if (!e) return null;
  e.start = start;
  e.stop = duration;
  return e;
}

@inline
export function eventRef(e: Event): Event {
  e.refs++;
  return e;
}

export function eventUnref(e: Event): void {
  if (--e.refs) return;
  capsUnref(e.caps);
  if (e.tags) tagsUnref(e.tags!);
  events().give(changetype<usize>(e));
}
