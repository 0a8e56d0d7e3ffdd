import { Owner, alloc, free } from "../base/heap";
import { TEXT_SIZE, Text } from "../base/text";
import { Vec } from "../base/vec";
import { Caps, anyCaps, capsRef, capsUnref } from "../caps/caps";
import { MAX_HEAD, findType, hintFor, hintedCaps } from "../containers/typefind";
import { Probability, TypeFinder } from "../containers/typefind/finder";
import { setTypeFinder } from "../containers/wrongtype";
import { Event, EventType, eventRef, eventUnref } from "../core/event";
import { NONE } from "../core/time";
import { CopyReason, Post } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/typefind";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { addCaps, addInt, addText, beginMessage, beginReport, failMemory, sendError, sendMessage } from "../graph/bus";
import {
  Element,
  ElementFlag,
  Work,
  bookCopy,
  noteEvent,
  push,
  pushEvent,
  pushStreamStart,
  room,
} from "../graph/element";
import { forwardEvent, handOn } from "../graph/filter";
import { sendUpstream } from "../graph/flow";
import { asEvent, asFrame, dropPacket, isEvent, take } from "../graph/link";
import { negotiate } from "../graph/negotiate";
import { Pad, PadFlag } from "../graph/pad";
import { spend } from "../graph/pipeline";
import { newStream } from "../graph/source";
import { newFactory } from "../registry/factory";

/** Requests for ranges that are held back until the type is known. */
const MAX_ASKED: u32 = 16;

/** First bytes that the error for unknown data shows. */
const SHOWN: u32 = 16;

@unmanaged
class TypeFind extends Element {
  /** The type is known; what was held goes first. */
  found: bool;
  /** Packets that wait for the type, and how many of them have gone on. */
  held_: u64;
  held__: u32;
  given: u32;
  /** Requests for ranges that wait for it. */
  asked_: u64;
  asked__: u32;
  /** Bytes held, and how many it takes for the next look. */
  bytes: u32;
  wanted: u32;
  /** MAX_HEAD bytes with the head, once it is in more than one piece; how many are in it. */
  head: usize;
  filled: u32;
  /** Offset of the first byte. */
  offset: i64;

  @inline
  get held(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + offsetof<TypeFind>("held_"));
  }

  @inline
  get asked(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + offsetof<TypeFind>("asked_"));
  }
}

const FINDER: usize = memory.data(96, 8);

@inline
function finder(): TypeFinder {
  return changetype<TypeFinder>(FINDER);
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<TypeFind>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.upstream = upstream.index;
  f.flush = flush.index;
  f.padCaps = padCaps.index;
  setTypeFinder(findCaps.index);
}

/** What a stream is that another element cannot take, a new reference; null when its head does not tell. */
function findCaps(head: usize, n: u32): Caps | null {
  return hintFor(head, n) ? hintedCaps() : null;
}

function start(e: Element): i32 {
  const self = changetype<TypeFind>(e);
  self.found = false;
  self.offset = 0;
  self.wanted = 1;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<TypeFind>(e);
  forget(self);
  self.held.release();
  self.asked.release();
  keepCaps(self, null);
}

/** Drops what is held. */
function forget(self: TypeFind): void {
  for (let i = self.given; i < self.held.length; i++) dropPacket(<usize>self.held.get(i));
  for (let i: u32 = 0; i < self.asked.length; i++) eventUnref(changetype<Event>(<usize>self.asked.get(i)));
  self.held.length = 0;
  self.asked.length = 0;
  self.given = 0;
  self.bytes = 0;
  self.wanted = 1;
  self.filled = 0;
  free(self.head);
  self.head = 0;
}

function flush(e: Element, pad: Pad): void {
  forget(changetype<TypeFind>(e));
}

/** Keeps a reference as the property caps. */
function keepCaps(self: TypeFind, caps: Caps | null): void {
  const slot = self.slot(Prop.caps);
  capsUnref(changetype<Caps | null>(load<usize>(slot)));
  store<i64>(slot, caps ? changetype<usize>(capsRef(caps)) : 0);
}

function padCaps(e: Element, pad: Pad): Caps {
  const forced = e.propCaps(Prop.force_caps);
  return !pad.isSink && forced ? capsRef(forced) : anyCaps();
}

function work(e: Element): i32 {
  const self = changetype<TypeFind>(e);
  const link = e.sink!.link;
  if (!link) return Work.Idle;
  while (!self.found && link.head != link.tail) {
    const packet = take(link);
    if (isEvent(packet)) takeEvent(self, asEvent(packet));
    else takeFrame(self, packet);
    if (e.has(ElementFlag.Failed)) {
      forget(self);
      return Work.Idle;
    }
  }
  if (!self.found || !giveHeld(self)) return Work.Idle;
  return handOn(e);
}

function hold(self: TypeFind, packet: usize): bool {
  if (self.held.push(<u32>packet)) return true;
  dropPacket(packet);
  failMemory(self);
  return false;
}

/** Takes an event in before the type is known. */
function takeEvent(self: TypeFind, ev: Event): void {
  const pad = self.sink!;
  noteEvent(pad, ev);
  switch (ev.type) {
    case EventType.StreamStart:
      pushEvent(self.src!, ev);
      break;
    case EventType.Caps:
      // Somebody upstream knows already.
      if (ev.caps && ev.caps!.media != Atom.application_octet_stream) settle(self, ev.caps!, Probability.Maximum);
      eventUnref(ev);
      break;
    case EventType.Eos:
      if (hold(self, changetype<usize>(ev) | 1)) look(self, true);
      break;
    default:
      hold(self, changetype<usize>(ev) | 1);
      break;
  }
}

function takeFrame(self: TypeFind, packet: usize): void {
  const frame = asFrame(packet);
  const n = frame.size;
  if (!self.bytes) self.offset = max<i64>(frame.offset, 0);
  if (!hold(self, packet)) return;
  self.bytes += n;
  if (self.head) copyHead(self, packet);
  const forced = self.propCaps(Prop.force_caps);
  if (forced) settle(self, forced, Probability.Maximum);
  else if (self.bytes >= self.wanted) look(self, false);
}

/** Adds a frame's bytes to the head. */
function copyHead(self: TypeFind, packet: usize): void {
  const slices = asFrame(packet).slices;
  const n = min<u32>(slices.size, MAX_HEAD - self.filled);
  slices.copyOut(0, self.head + self.filled, n);
  self.filled += n;
  bookCopy(self, CopyReason.Index, n);
}

/** The head in one piece: where it lies, when that is one stretch, else a copy. 0 after an error was posted. */
function headOf(self: TypeFind): usize {
  const n = min<u32>(self.bytes, MAX_HEAD);
  if (!self.head) {
    for (let i: u32 = 0; i < self.held.length; i++) {
      const packet = <usize>self.held.get(i);
      if (isEvent(packet) || !asFrame(packet).size) continue;
      const p = asFrame(packet).slices.stretch(0, n);
      if (p) return p;
      break;
    }
    self.head = alloc(MAX_HEAD, Owner.Parser);
    if (!self.head) {
      failMemory(self);
      return 0;
    }
    for (let i: u32 = 0; i < self.held.length; i++) {
      if (!isEvent(<usize>self.held.get(i))) copyHead(self, <usize>self.held.get(i));
    }
  }
  return self.head;
}

/** Looks at what there is; `complete` when no more will come. */
function look(self: TypeFind, complete: bool): void {
  if (!self.bytes) {
    beginReport(self, Code.NoData, 0, NONE);
    sendError(self);
    return;
  }
  const data = headOf(self);
  if (!data) return;
  const n = min<u32>(self.bytes, MAX_HEAD);
  const f = finder().over(data, n, complete);
  findType(f);
  spend(<i32>(n >> 10));
  const low = <i32>self.propInt(Prop.minimum);
  if (f.need) {
    // Each look is at a good part more, so that there are few.
    self.wanted = max<u32>(f.need, min<u32>(n + (n >> 2), MAX_HEAD));
    return;
  }
  if (f.probability >= low) {
    const caps = f.caps();
    settle(self, caps, f.probability);
    capsUnref(caps);
    return;
  }
  beginReport(self, Code.UnknownType, self.offset, NONE);
  addBytes(data, min<u32>(n, SHOWN));
  sendError(self);
}

const SHOWN_TEXT: usize = memory.data(48, 4);
const TEXT: usize = memory.data(TEXT_SIZE, 4);

/** Adds bytes to a message as hexadecimal numbers. */
function addBytes(p: usize, n: u32): void {
  const text = changetype<Text>(TEXT).into(SHOWN_TEXT, 48);
  for (let i: u32 = 0; i < n; i++) {
    if (i) text.byte(32);
    text.hex(load<u8>(p + i), 2);
  }
  addText(SHOWN_TEXT, text.length);
}

/** The type is known: tells it and negotiates. */
function settle(self: TypeFind, caps: Caps, probability: i32): void {
  self.found = true;
  free(self.head);
  self.head = 0;
  keepCaps(self, caps);
  beginMessage(self);
  addCaps(caps);
  addInt(probability);
  sendMessage(Post.Element);
  if (!self.src!.has(PadFlag.Started)) pushStreamStart(self.src!, newStream());
  // What cannot go on must not be held for ever.
  if (!negotiate(self.src!, caps)) self.set(ElementFlag.Failed);
}

/** Hands on what was held, then asks for the ranges that wait; false when there is no room. */
function giveHeld(self: TypeFind): bool {
  const held = self.held;
  while (self.given < held.length) {
    if (!room(self.src!)) return false;
    const packet = <usize>held.get(self.given++);
    if (isEvent(packet)) forwardEvent(self, self.sink!, asEvent(packet));
    else push(self.src!, asFrame(packet));
  }
  held.length = 0;
  self.given = 0;
  const asked = self.asked;
  for (let i: u32 = 0; i < asked.length; i++) sendUpstream(self.sink!, changetype<Event>(<usize>asked.get(i)));
  asked.length = 0;
  return true;
}

/** Once the type is known, caps that only say that it is bytes are left out; others hold from there on. */
function event(e: Element, pad: Pad, ev: Event): bool {
  return ev.type == EventType.Caps && ev.caps != null && ev.caps!.media == Atom.application_octet_stream;
}

/** The first bytes come before any range: requests wait until the type is known and what was held has gone on. */
function upstream(e: Element, pad: Pad, ev: Event): bool {
  const self = changetype<TypeFind>(e);
  if (ev.type != EventType.Range || (self.found && !self.held.length)) return false;
  if (self.asked.length == MAX_ASKED || !self.asked.push(<u32>changetype<usize>(ev))) return false;
  eventRef(ev);
  return true;
}
