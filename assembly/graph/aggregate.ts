import { Frame } from "../core/frame";
import { NONE } from "../core/time";
import { Element, ElementFlag, noteEvent } from "./element";
import { asEvent, asFrame, isEvent, peek, take } from "./link";
import { Pad, PadFlag } from "./pad";
import { waitForData } from "./pipeline";
import { eventUnref } from "../core/event";

/** What an element with several inputs can do next. */
export const enum Aggregate {
  /** Nothing until more has come. */
  Wait = 0,
  /** A frame: nextPad() has the one that comes first at the head of its link. */
  Frame,
  /** All inputs have ended. */
  End,
}

const NEXT: usize = memory.data(4, 4);

/** The pad that aggregate() chose. */
@inline
export function nextPad(): Pad {
  return load<Pad>(NEXT);
}

/** Running time by which a frame is ordered among inputs: that of its decoding, else of its presentation. */
@inline
export function orderTime(pad: Pad, f: Frame): i64 {
  return pad.segment.runningTime(f.dts != NONE ? f.dts : f.pts);
}

/**
 * Looks at all linked sink pads: takes events that are next and hands them to `onEvent` (e: Element, pad: Pad, event: Event):
 * void, which does not own them; then finds the pad whose next frame has the smallest decoding time. Every pad must have a
 * frame, have ended, or be silent up to that time; while one has none the element is marked as waiting, so that the runner
 * can make room on the others.
 * @param timeOf gives the time that counts (pad: Pad, frame: Frame): i64; 0 for orderTime
 */
export function aggregate(e: Element, onEvent: u32, timeOf: u32 = 0): Aggregate {
  let first: Pad | null = null;
  let least: i64 = NONE;
  let open = false;
  for (let pad = e.sink; pad; pad = pad!.next) {
    const link = pad.link;
    if (!link) continue;
    while (link.head != link.tail && isEvent(peek(link))) {
      const event = asEvent(take(link));
      noteEvent(pad, event);
      call_indirect<void>(onEvent, e, pad, event);
      eventUnref(event);
      if (e.has(ElementFlag.Failed)) return Aggregate.Wait;
    }
    if (link.head == link.tail) {
      if (!pad.has(PadFlag.Eos)) open = true;
      continue;
    }
    const frame = asFrame(peek(link));
    const t = timeOf ? call_indirect<i64>(timeOf, pad, frame) : orderTime(pad, frame);
    // A frame without a time goes at once.
    if (!first || t < least || t == NONE) {
      first = pad;
      least = t;
    }
  }
  if (!first) {
    e.clear(ElementFlag.Waiting);
    return open ? Aggregate.Wait : Aggregate.End;
  }
  if (open && mustWait(e, least)) {
    waitForData(e);
    return Aggregate.Wait;
  }
  e.clear(ElementFlag.Waiting);
  store<Pad>(NEXT, first);
  return Aggregate.Frame;
}

/** Whether an input without a frame may still have one that comes before `t`. */
function mustWait(e: Element, t: i64): bool {
  for (let pad = e.sink; pad; pad = pad!.next) {
    const link = pad.link;
    if (!link || link.head != link.tail || pad.has(PadFlag.Eos)) continue;
    if (pad.silent == NONE || pad.silent < t) return true;
  }
  return false;
}
