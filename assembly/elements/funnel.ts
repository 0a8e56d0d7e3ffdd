import { Caps, capsRef } from "../caps/caps";
import { EventType, eventUnref, segmentEvent } from "../core/event";
import { frameUnref } from "../core/frame";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/funnel";
import {
  Element,
  ElementFlag,
  Work,
  addPad,
  noteEvent,
  push,
  pushEos,
  pushEvent,
  room,
  templateOf,
} from "../graph/element";
import { asEvent, asFrame, isEvent, take } from "../graph/link";
import { negotiate } from "../graph/negotiate";
import { Pad, PadFlag } from "../graph/pad";
import { acceptedCaps } from "../graph/relation";
import { padName } from "../graph/request";
import { newFactory } from "../registry/factory";

@unmanaged
class Funnel extends Element {
  /** The input that the last frame came from. */
  active: Pad | null;
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Funnel>());
  f.work = work.index;
  f.request = request.index;
  f.padCaps = padCaps.index;
  f.stop = stop.index;
}

function stop(e: Element): void {
  changetype<Funnel>(e).active = null;
}

function request(e: Element, template: u32, name: u32): Pad | null {
  return addPad(e, template, padName(e, template, name));
}

/**
 * Inputs differ from each other, and the output has the caps of whichever gave the last frame: so they are not related,
 * but each must be something that can be carried behind the output.
 */
function padCaps(e: Element, pad: Pad): Caps {
  return pad.isSink ? acceptedCaps(e.src!) : capsRef(templateOf(pad).caps);
}

function work(e: Element): i32 {
  const src = e.src!;
  let moved = true;
  // One packet from each input in turn, so that none is starved.
  while (moved) {
    moved = false;
    for (let pad = e.sink; pad; pad = pad!.next) {
      const link = pad.link;
      if (!link || link.head == link.tail) continue;
      if (!room(src)) return Work.Idle;
      moved = true;
      const packet = take(link);
      if (isEvent(packet)) {
        event(e, pad, packet);
        // What follows would go out under caps that it does not have.
        if (e.has(ElementFlag.Failed)) return Work.Again;
        continue;
      }
      if (!activate(changetype<Funnel>(e), pad)) {
        e.set(ElementFlag.Failed);
        frameUnref(asFrame(packet));
        return Work.Again;
      }
      push(src, asFrame(packet));
    }
  }
  return Work.Idle;
}

/** Makes an input the one whose caps and segment hold; false after an error was posted. */
function activate(self: Funnel, pad: Pad): bool {
  if (changetype<usize>(self.active) == changetype<usize>(pad)) return true;
  const first = self.active == null;
  self.active = pad;
  if (!first && !self.propBool(Prop.forward_sticky_events)) return true;
  if (pad.caps && !negotiate(self.src!, pad.caps!)) return false;
  if (pad.has(PadFlag.Segment)) pushEvent(self.src!, segmentEvent(pad.segment));
  return true;
}

function event(e: Element, pad: Pad, packet: usize): void {
  const ev = asEvent(packet);
  noteEvent(pad, ev);
  const src = e.src!;
  const active = changetype<usize>(changetype<Funnel>(e).active) == changetype<usize>(pad);
  switch (ev.type) {
    case EventType.StreamStart:
      if (!src.has(PadFlag.Started)) {
        pushEvent(src, ev);
        return;
      }
      break;
    case EventType.Caps:
      if (active && ev.caps && !negotiate(src, ev.caps!)) e.set(ElementFlag.Failed);
      break;
    case EventType.Segment:
      if (active) {
        pushEvent(src, ev);
        return;
      }
      break;
    case EventType.Eos: {
      let open = false;
      for (let p = e.sink; p; p = p!.next) if (p.link && !p.has(PadFlag.Eos)) open = true;
      if (!open && !e.has(ElementFlag.Eos)) pushEos(e);
      break;
    }
    default:
      pushEvent(src, ev);
      return;
  }
  eventUnref(ev);
}
