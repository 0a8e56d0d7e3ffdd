import { capsMeet } from "../caps/algebra";
import { Caps } from "../caps/caps";
import { Event, EventType, newEvent } from "../core/event";
import { Segment } from "../core/segment";
import { Tags, tagsRef } from "../core/tags";
import { NONE } from "../core/time";
import { Post } from "../generated/abi";
import { Code } from "../generated/errors";
import {
  addAtom,
  addCaps,
  addInt,
  beginMessage,
  beginReport,
  failMemory,
  messageWriter,
  sendError,
  sendMessage,
} from "./bus";
import { Element, addPad, pushEvent, pushStreamStart } from "./element";
import { negotiate } from "./negotiate";
import { Pad, PadFlag } from "./pad";
import { newStream } from "./source";

/**
 * Opens a src pad for a stream that was found: takes the first pad that was held open for one like it, else makes one,
 * tells the bus, and sends stream-start and caps.
 * @param template number of the pad's template
 * @param name atom
 * @param caps what the stream is, fixed or, where the element can still choose, not
 * @returns null after an error was posted
 */
export function openPad(e: Element, template: u32, name: u32, caps: Caps): Pad | null {
  let pad = adopt(e, name, caps);
  if (pad) {
    pad.flags &= ~PadFlag.Pending;
    pad.name = name;
    pad.template = template;
  } else {
    pad = addPad(e, template, name);
    if (!pad) {
      failMemory(e);
      return null;
    }
  }
  beginMessage(e);
  addAtom(name);
  addCaps(caps);
  addInt(pad.link ? 1 : 0);
  sendMessage(Post.PadAdded);
  pushStreamStart(pad, newStream());
  return negotiate(pad, caps) ? pad : null;
}

function adopt(e: Element, name: u32, caps: Caps): Pad | null {
  for (let p = e.src; p; p = p!.next) {
    if (!p.has(PadFlag.Pending) || !p.link || (p.name && p.name != name)) continue;
    const allowed = p.link!.allowed;
    if (!allowed || capsMeet(allowed, caps)) return p;
  }
  return null;
}

/** Sends a segment, a copy of `segment`, on a pad. */
export function pushSegment(pad: Pad, segment: Segment): void {
  const event = newEvent(EventType.Segment);
  if (!event) return;
  event.segment.copyFrom(segment);
  pushEvent(pad, event);
}

/**
 * Tells that all streams have been found. Pads that are still held open get the end of the stream at once, with a warning;
 * when no link at all found its stream, that is an error.
 */
export function noMorePads(e: Element): void {
  let found = false;
  let open: Pad | null = null;
  for (let p = e.src; p; p = p!.next) {
    if (p.has(PadFlag.Pending)) open = p;
    else if (p.link) found = true;
  }
  if (open && !found) {
    beginReport(e, Code.NoPads, -1, NONE);
    addAtom(e.name);
    if (open.link && open.link!.allowed) addCaps(open.link!.allowed!);
    else addAtom(0);
    for (let p = e.src; p; p = p!.next) if (!p.has(PadFlag.Pending) && p.caps) addCaps(p.caps!);
    sendError(e);
    return;
  }
  for (let p = e.src; p; p = p!.next) {
    if (!p.has(PadFlag.Pending)) continue;
    p.flags &= ~PadFlag.Pending;
    beginReport(e, Code.PadIdle, -1, NONE);
    addAtom(e.name);
    if (p.link && p.link!.allowed) addCaps(p.link!.allowed!);
    else addAtom(0);
    sendMessage(Post.Warning);
    pushStreamStart(p, newStream());
    pushEvent(p, newEvent(EventType.Eos));
  }
  beginMessage(e);
  sendMessage(Post.NoMorePads);
}

/** Tells the bus of tags and sends them on a pad, or with null on all. The caller keeps its reference. */
export function pushTags(e: Element, pad: Pad | null, tags: Tags): void {
  if (!tags.count) return;
  beginMessage(e);
  addAtom(pad ? pad.name : 0);
  messageWriter().bytes(tags.data.data, tags.data.length);
  sendMessage(Post.Tags);
  if (pad) pushEvent(pad, tagsEvent(tags));
  else {
    for (let p = e.src; p; p = p!.next) if (!p.has(PadFlag.Pending)) pushEvent(p, tagsEvent(tags));
  }
}

function tagsEvent(tags: Tags): Event | null {
  const event = newEvent(EventType.Tags);
  if (event) event.tags = tagsRef(tags);
  return event;
}
