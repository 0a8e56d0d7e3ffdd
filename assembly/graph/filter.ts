import { heap } from "../base/heap";
import { failMemory } from "./bus";
import { Caps, capsUnref } from "../caps/caps";
import { subsetCaps } from "../caps/algebra";
import { Event, EventType, eventUnref, segmentEvent } from "../core/event";
import { Format } from "../core/segment";
import { Element, ElementFlag, Work, noteEvent, push, pushEvent, pushEventAll, room, roomAll } from "./element";
import { asEvent, asFrame, isEvent, take } from "./link";
import { negotiate } from "./negotiate";
import { Pad } from "./pad";
import { spend } from "./pipeline";
import { transformCaps } from "./relation";

/**
 * The turn of an element that takes one input and gives what comes of it at once: takes packets while all outputs have
 * room, hands frames to `chain` (e: Element, pad: Pad, frame: Frame): void, which owns them, and deals with events.
 */
export function filterWork(e: Element, chain: u32): i32 {
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  const from = link.head;
  while (link.head != link.tail && roomAll(e)) {
    const packet = take(link);
    if (isEvent(packet)) handleEvent(e, pad, asEvent(packet));
    else call_indirect<void>(chain, e, pad, asFrame(packet));
    if (e.has(ElementFlag.Failed)) break;
  }
  spend(<i32>(link.head - from));
  return Work.Idle;
}

/** The turn of an element with one input and one output that changes no frame. */
export function handOn(e: Element): i32 {
  const link = e.sink!.link;
  if (!link) return Work.Idle;
  const src = e.src!;
  while (link.head != link.tail && room(src)) {
    const packet = take(link);
    if (isEvent(packet)) {
      handleEvent(e, e.sink!, asEvent(packet));
      if (e.has(ElementFlag.Failed)) break;
    } else push(src, asFrame(packet));
  }
  return Work.Idle;
}

/** Deals with an event that was taken at a sink pad: the element's own way first. */
export function handleEvent(e: Element, pad: Pad, event: Event): void {
  noteEvent(pad, event);
  if (e.factory.event && call_indirect<bool>(e.factory.event, e, pad, event)) {
    eventUnref(event);
    return;
  }
  forwardEvent(e, pad, event);
}

/** Hands a segment that came at a sink pad on as one of time, if it is none; whether it did. */
export function passAsTime(e: Element, pad: Pad): bool {
  if (pad.segment.format == Format.Time) return false;
  pad.segment.init(Format.Time);
  pushEvent(e.src!, segmentEvent(pad.segment));
  return true;
}

/** Hands an event on to all src pads; caps as the negotiation planned them. Uses the reference up. */
export function forwardEvent(e: Element, pad: Pad, event: Event): void {
  if (event.type == EventType.Caps) {
    // What follows would go out under caps that it does not have.
    if (event.caps && !forwardCaps(e, pad, event.caps!)) e.set(ElementFlag.Failed);
    eventUnref(event);
    return;
  }
  if (event.type == EventType.Eos) e.set(ElementFlag.Eos);
  pushEventAll(e, event);
}

/**
 * Sends on each src pad the caps that were planned for the caps that came in, planning anew when those were for others.
 * @returns false after an error was posted
 */
export function forwardCaps(e: Element, pad: Pad, caps: Caps): bool {
  heap().failedOwner = 0;
  for (let p = e.src; p; p = p!.next) {
    const image = transformCaps(e, pad, caps, p);
    if (heap().failedOwner) {
      capsUnref(image);
      failMemory(e);
      return false;
    }
    const planned = p.link ? p.link!.planned : null;
    const ok = negotiate(p, planned && planned.isFixed() && subsetCaps(planned, image) ? planned : image);
    capsUnref(image);
    if (!ok) return false;
  }
  return true;
}
