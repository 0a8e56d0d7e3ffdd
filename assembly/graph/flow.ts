import { Event, eventUnref } from "../core/event";
import { setReady } from "../core/ready";
import { NONE } from "../core/time";
import { Element, ElementFlag } from "./element";
import { drainLink } from "./link";
import { Pad, PadFlag } from "./pad";

/**
 * Sends an event against the stream from a sink pad; it is dealt with before this returns. Uses the reference up.
 * @returns whether an element took it
 */
export function sendUpstream(pad: Pad, event: Event): bool {
  const link = pad.link;
  const done = link != null && offer(link.src, event);
  eventUnref(event);
  return done;
}

/** Offers an upstream event to the element of a src pad, then to those that feed it. */
export function offer(pad: Pad, event: Event): bool {
  const e = pad.element;
  if (e.factory.upstream && call_indirect<bool>(e.factory.upstream, e, pad, event)) return true;
  let done = false;
  for (let p = e.sink; p; p = p!.next) if (p.link && offer(p.link!.src, event)) done = true;
  return done;
}

/**
 * Tells upstream that an element wants nothing any more although its streams have not ended. Elements all of whose outputs
 * are unwanted want nothing either, and sources among them send the end of their streams.
 */
export function wantNoMore(e: Element): void {
  for (let p = e.sink; p; p = p!.next) if (p.link) unwanted(p.link!.src);
}

function unwanted(pad: Pad): void {
  if (pad.has(PadFlag.Unwanted)) return;
  pad.flags |= PadFlag.Unwanted;
  const e = pad.element;
  for (let p = e.src; p; p = p!.next) {
    if (p.link && !p.has(PadFlag.Unwanted)) return;
  }
  if (e.sinks) {
    wantNoMore(e);
    return;
  }
  if (e.has(ElementFlag.Eos)) return;
  e.set(ElementFlag.Ending);
  setReady(e.index);
}

/** Takes `unwanted` back, from a pad whose stream starts anew to the sources. */
function wanted(pad: Pad): void {
  const e = pad.element;
  pad.flags &= ~PadFlag.Unwanted;
  e.clear(ElementFlag.Ending);
  for (let p = e.sink; p; p = p!.next) if (p.link && p.link!.src.has(PadFlag.Unwanted)) wanted(p.link!.src);
}

/**
 * Voids everything that is in flight downstream of a src pad: links are emptied and elements forget what they hold. The
 * stream goes on with a new segment.
 */
export function flushDownstream(pad: Pad): void {
  pad.flags &= ~(PadFlag.Eos | PadFlag.Segment);
  wanted(pad);
  const link = pad.link;
  if (!link) return;
  drainLink(link);
  const sink = link.sink;
  sink.flags &= ~(PadFlag.Eos | PadFlag.Segment);
  const e = sink.element;
  e.clear(ElementFlag.Eos);
  e.clear(ElementFlag.Prerolled);
  e.wake = NONE;
  if (e.factory.flush) call_indirect<void>(e.factory.flush, e, sink);
  for (let p = e.src; p; p = p!.next) flushDownstream(p);
  setReady(e.index);
}
