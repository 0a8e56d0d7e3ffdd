import { Owner, allocZero, free } from "../base/heap";
import { Caps, capsRef, capsUnref } from "../caps/caps";
import { Event, EventType, capsEvent, eventUnref, newEvent } from "../core/event";
import { Frame, frameUnref } from "../core/frame";
import { Format } from "../core/segment";
import { NONE } from "../core/time";
import { setReady } from "../core/ready";
import { Factory, PadTemplate } from "../registry/factory";
import { SLOT_SIZE, releaseSlot, setFromText } from "../registry/property";
import { failMemory } from "./bus";
import { count, put } from "./link";
import { Direction, PAD_SIZE, Pad, PadFlag, Presence } from "./pad";
import { CopyReason } from "../generated/abi";

export const enum ElementFlag {
  None = 0,
  /** Has failed: what arrives is dropped. */
  Failed = 1,
  /** The end of its stream has been sent, or for a sink dealt with. */
  Eos = 2,
  /** A source that has been asked to end. */
  Ending = 4,
  /** Holds its first frame until the pipeline plays. */
  Prerolled = 8,
  /** Waits for data on one pad while others have some. */
  Waiting = 16,
  /** Produces in its own time, not on demand. */
  Live = 32,
  /** start has been called and stop not yet. */
  Started = 64,
  /** What it reads is random-access. */
  RandomAccess = 128,
}

/** What a work function answers. */
export const enum Work {
  /** Nothing more can be done until something changes. */
  Idle = 0,
  /** There is more to do; the turn was long enough. */
  Again = 1,
}

/**
 * An element of a pipeline. Elements of a kind extend this with their own fields; the factory knows the size.
 *
 *      0 index      number in the order of the graph, higher further downstream
 *      4 factory
 *      8 name       atom
 *     12 flags      ElementFlag
 *     16 sink       first sink pad
 *     20 src        first src pad
 *     24 sinks      sink pads
 *     28 srcs       src pads
 *     32 props      slots of the properties
 *     36 pending    operations that the host works on
 *     40 wake       when it wants to be woken, ns of the pipeline's clock, or NONE
 *     48 turns      calls of work
 *     52 sampled    calls of work that were timed
 *     56 spent      ns that the timed calls took
 *     64 minLatency ns that it adds at least
 *     72 maxLatency ns that it adds at most, or NONE
 *     80 ledger     the copy ledger: for each CopyReason bytes and count as u64, or 0 while there is none
 */
@unmanaged
export class Element {
  index: u32;
  factory: Factory;
  name: u32;
  flags: u32;
  sink: Pad | null;
  src: Pad | null;
  sinks: u32;
  srcs: u32;
  props: usize;
  pending: u32;
  wake: i64;
  turns: u32;
  sampled: u32;
  spent: u64;
  minLatency: i64;
  maxLatency: i64;
  ledger: usize;
  /** Numbers its pads have been given so far, for names of pads made as needed. */
  serial: u32;

  @inline
  has(flag: ElementFlag): bool {
    return (this.flags & flag) != 0;
  }

  @inline
  set(flag: ElementFlag): void {
    this.flags |= flag;
  }

  @inline
  clear(flag: ElementFlag): void {
    this.flags &= ~flag;
  }

  /** The address of a property's slot. */
  @inline
  slot(property: u32): usize {
    return this.props + ((<usize>property) << 3);
  }

  @inline
  propInt(property: u32): i64 {
    return load<i64>(this.slot(property));
  }

  @inline
  propBool(property: u32): bool {
    return load<i64>(this.slot(property)) != 0;
  }

  @inline
  propDouble(property: u32): f64 {
    return load<f64>(this.slot(property));
  }

  /** Address of a string property's text; its length is before it. 0 when it is not set. */
  @inline
  propText(property: u32): usize {
    const s = load<usize>(this.slot(property));
    return s ? s + 4 : 0;
  }

  /** Bytes of a string property's text. */
  @inline
  propLength(property: u32): u32 {
    const s = load<usize>(this.slot(property));
    return s ? load<u32>(s) : 0;
  }

  @inline
  propCaps(property: u32): Caps | null {
    return changetype<Caps | null>(load<usize>(this.slot(property)));
  }
}

/** Copy reasons that the ledger knows. */
const REASONS: u32 = 7;

/** Books bytes that an element copied, with the reason. */
export function bookCopy(e: Element, reason: CopyReason, bytes: u32): void {
  if (!e.ledger) {
    e.ledger = allocZero(REASONS << 4, Owner.Element);
    if (!e.ledger) return;
  }
  const p = e.ledger + ((<usize>reason) << 4);
  store<u64>(p, load<u64>(p) + bytes);
  store<u64>(p, load<u64>(p, 8) + 1, 8);
}

/** Makes an element with its always pads and the defaults of its properties; null when the heap has no room. */
export function newElement(f: Factory, name: u32): Element | null {
  const p = allocZero(max<u32>(f.size, offsetof<Element>()), Owner.Element);
  if (!p) return null;
  const e = changetype<Element>(p);
  e.factory = f;
  e.name = name;
  e.wake = NONE;
  e.maxLatency = 0;
  if (f.properties) {
    e.props = allocZero(f.properties * SLOT_SIZE, Owner.Property);
    if (!e.props) {
      free(p);
      return null;
    }
  }
  for (let i: u32 = 0; i < f.properties; i++) {
    const spec = f.property(i);
    if (spec.initialLength) setFromText(spec, e.slot(i), spec.initial, spec.initialLength);
  }
  for (let i: u32 = 0; i < f.pads; i++) {
    const t = f.template(i);
    if (t.presence == Presence.Always && !addPad(e, i, t.name)) {
      freeElement(e);
      return null;
    }
  }
  return e;
}

/** Adds a pad of a template at the end of its direction's list; null when the heap has no room. */
export function addPad(e: Element, template: u32, name: u32): Pad | null {
  const p = allocZero(PAD_SIZE, Owner.Pad);
  if (!p) return null;
  const t = e.factory.template(template);
  const pad = changetype<Pad>(p);
  pad.element = e;
  pad.template = template;
  pad.name = name;
  pad.silent = NONE;
  pad.segment.init(Format.Undefined);
  if (t.presence == Presence.Request) pad.flags |= PadFlag.Request;
  if (t.presence == Presence.Sometimes) pad.flags |= PadFlag.Sometimes;
  const isSink = t.direction == Direction.Sink;
  if (isSink) pad.flags |= PadFlag.Sink;
  pad.index = isSink ? e.sinks++ : e.srcs++;
  const first = isSink ? e.sink : e.src;
  if (!first) {
    if (isSink) e.sink = pad;
    else e.src = pad;
    return pad;
  }
  let last = first;
  while (last.next) last = last.next!;
  last.next = pad;
  return pad;
}

/** Takes an unlinked pad away. */
export function removePad(pad: Pad): void {
  const e = pad.element;
  let before: Pad | null = null;
  let p = pad.isSink ? e.sink : e.src;
  while (p && changetype<usize>(p) != changetype<usize>(pad)) {
    before = p;
    p = p.next;
  }
  if (!p) return;
  if (before) before.next = pad.next;
  else if (pad.isSink) e.sink = pad.next;
  else e.src = pad.next;
  if (pad.isSink) e.sinks--;
  else e.srcs--;
  freePad(pad);
}

function freePad(pad: Pad): void {
  capsUnref(pad.caps);
  free(changetype<usize>(pad));
}

/** Gives an element back; its links are gone and no operation is pending. */
export function freeElement(e: Element): void {
  const f = e.factory;
  if (f.dispose) call_indirect<void>(f.dispose, e);
  let p = e.sink;
  while (p) {
    const next = p.next;
    freePad(p);
    p = next;
  }
  p = e.src;
  while (p) {
    const next = p.next;
    freePad(p);
    p = next;
  }
  for (let i: u32 = 0; i < f.properties; i++) releaseSlot(f.property(i), e.slot(i));
  free(e.props);
  free(e.ledger);
  free(changetype<usize>(e));
}

/** The template of a pad. */
@inline
export function templateOf(pad: Pad): PadTemplate {
  return pad.element.factory.template(pad.template);
}

/** A pad of an element by name, or null. */
export function findPad(e: Element, name: u32, sink: bool): Pad | null {
  let p = sink ? e.sink : e.src;
  while (p && p.name != name) p = p.next;
  return p;
}

/** Whether a frame may be pushed; when not, the element gets its turn again as soon as there is room. */
@inline
export function room(pad: Pad): bool {
  const l = pad.link;
  if (!l || l.tail - l.head < l.limit) return true;
  l.blocked = true;
  return false;
}

/** Whether all src pads of an element have room. */
export function roomAll(e: Element): bool {
  for (let p = e.src; p; p = p!.next) if (!room(p)) return false;
  return true;
}

/** Sends a frame; the caller's reference goes with it. */
@inline
export function push(pad: Pad, frame: Frame): void {
  const l = pad.link;
  if (!l) {
    frameUnref(frame);
    return;
  }
  count(l, frame.size);
  put(l, changetype<usize>(frame));
}

/** Sends an event downstream; the caller's reference goes with it. Null, for one there was no room for, is an error. */
export function pushEvent(pad: Pad, event: Event | null): void {
  if (!event) {
    failMemory(pad.element);
    return;
  }
  noteEvent(pad, event);
  const l = pad.link;
  if (!l) eventUnref(event);
  else put(l, changetype<usize>(event) | 1);
}

/** Keeps what a pad must know of an event that goes through it. */
export function noteEvent(pad: Pad, event: Event): void {
  switch (event.type) {
    case EventType.StreamStart:
      pad.flags |= PadFlag.Started;
      pad.flags &= ~PadFlag.Eos;
      pad.stream = event.sub;
      break;
    case EventType.Caps: {
      const caps = event.caps;
      if (!caps) break;
      capsRef(caps);
      capsUnref(pad.caps);
      pad.caps = caps;
      break;
    }
    case EventType.Segment:
      pad.segment.copyFrom(event.segment);
      pad.flags |= PadFlag.Segment;
      pad.silent = NONE;
      break;
    case EventType.Gap:
      pad.silent = pad.segment.runningTime(event.stop == NONE ? event.start : event.start + event.stop);
      break;
    case EventType.Eos:
      pad.flags |= PadFlag.Eos;
      break;
    default:
      break;
  }
}

/** Sends an event on all src pads, a reference each; the caller's goes too. */
export function pushEventAll(e: Element, event: Event | null): void {
  if (!event) {
    failMemory(e);
    return;
  }
  for (let p = e.src; p; p = p!.next) {
    event.refs++;
    pushEvent(p, event);
  }
  eventUnref(event);
}

/** Sends the end of the stream on all src pads that have not had it. */
export function pushEos(e: Element): void {
  for (let p = e.src; p; p = p!.next) if (!p.has(PadFlag.Eos)) pushEvent(p, newEvent(EventType.Eos));
  e.set(ElementFlag.Eos);
}

/** Sends stream-start unless the pad has had it. */
export function pushStreamStart(pad: Pad, stream: u32): void {
  if (pad.has(PadFlag.Started)) return;
  const ev = newEvent(EventType.StreamStart);
  if (ev) ev.sub = stream;
  pushEvent(pad, ev);
}

/** Sends caps unless they are the pad's already. */
export function pushCaps(pad: Pad, caps: Caps): void {
  pushEvent(pad, capsEvent(caps));
}

/** Gives an element a turn when the runner comes round. */
@inline
export function wake(e: Element): void {
  setReady(e.index);
}
