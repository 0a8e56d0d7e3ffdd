import { EventType, newEvent } from "../core/event";
import { Format } from "../core/segment";
import { failMemory } from "./bus";
import { Element, pushEvent, pushStreamStart } from "./element";
import { negotiate } from "./negotiate";
import { Pad } from "./pad";
import { pipeline } from "./pipeline";
import { capsOfPad } from "./relation";
import { Caps, capsUnref } from "../caps/caps";

/** A number for a new stream. */
export function newStream(): u32 {
  return ++pipeline().streams;
}

/**
 * Begins the stream of a source with one src pad: stream-start, caps negotiated from what its pad can give, and a segment
 * that starts at 0.
 * @returns false after an error was posted
 */
export function startStream(e: Element, format: Format): bool {
  const pad = e.src!;
  const caps = capsOfPad(pad);
  const ok = startPad(pad, caps);
  capsUnref(caps);
  if (ok) startSegment(pad, format, 0);
  return ok;
}

/** Sends stream-start and negotiates caps on a pad; false after an error was posted. */
export function startPad(pad: Pad, caps: Caps): bool {
  pushStreamStart(pad, newStream());
  return negotiate(pad, caps);
}

/** Sends a segment that starts at `start`, running time 0. */
export function startSegment(pad: Pad, format: Format, start: i64): void {
  const event = newEvent(EventType.Segment);
  if (!event) {
    failMemory(pad.element);
    return;
  }
  const s = event.segment.init(format);
  s.start = start;
  s.position = start;
  s.time = start;
  pushEvent(pad, event);
}
