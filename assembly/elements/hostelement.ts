import { Owner, heap } from "../base/heap";
import { recordDouble, recordInt, recordText } from "../base/records";
import { givePiece, pieceSize, takePiece } from "../base/store";
import { sized } from "../base/tuning";
import { WRITER_SIZE, Writer } from "../base/writer";
import { TEXT_SIZE, Text } from "../base/text";
import { intersectCaps } from "../caps/algebra";
import { Caps, capsRef, capsUnref, sameCaps } from "../caps/caps";
import { parseCaps } from "../caps/parse";
import { printCaps } from "../caps/print";
import { Block, BlockPool, blockRef, blockUnref, closeBlockPool, handleBlock, ownedBlock } from "../core/block";
import { Event, EventType, eventRef, eventUnref, segmentEvent } from "../core/event";
import { Frame, frameOf, frameUnref, newFrame } from "../core/frame";
import { Format, SEGMENT_SIZE } from "../core/segment";
import { NONE } from "../core/time";
import { release } from "../abi/imports";
import { Completed, HostError, Op, OpenKind, State } from "../generated/abi";
import { Code } from "../generated/errors";
import { Atom } from "../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../graph/allocation";
import { addAtom, addInt, beginReport, failMemory, sendError } from "../graph/bus";
import {
  Element,
  ElementFlag,
  Work,
  noteEvent,
  push,
  pushEos,
  pushEvent,
  pushStreamStart,
  templateOf,
} from "../graph/element";
import { forwardCaps, forwardEvent } from "../graph/filter";
import { wantNoMore } from "../graph/flow";
import { updateLatency } from "../graph/latency";
import { asEvent, asFrame, isEvent, peek, queued, take } from "../graph/link";
import { negotiate } from "../graph/negotiate";
import {
  Completion,
  Operation,
  cancelSome,
  closeHandle,
  endOperation,
  openHandle,
  start as startOperation,
} from "../graph/operations";
import { Pad, PadFlag } from "../graph/pad";
import { PipelineFlag, pipeline } from "../graph/pipeline";
import { Query, QueryType } from "../graph/query";
import { dueTime, mayRender, sinkEnded } from "../graph/sink";
import { capsOfPad } from "../graph/relation";
import { newStream, startPad, startSegment } from "../graph/source";
import { atomData, atomLength } from "../registry/atom";
import { FactoryFlag, describeFactory } from "../registry/factory";
import { PropertyFlag, recordProperty } from "../registry/property";

/**
 * An element that the host serves: see DESIGN.md, "Host elements". Everything goes through operations on the handle of its
 * instance; the host answers late, many times or never, and the graph goes on meanwhile.
 */

/** Frames that the host may hold of one pad. */
const MAX_HELD: u32 = 256;

/** The same where memory is scarce. */
const SMALL_HELD: u32 = 4;

/** Bytes that the text of caps mostly needs on its way to the host, and that it may have: codec data can be large. */
const CAPS_TEXT: u32 = 4096;
const MAX_CAPS: u32 = 0x40000;

/** Stretches that a frame may have when it is handed over. */
const MAX_STRETCHES: u32 = 8192;

/** Credits that a pad has at most, however much room its link has. */
const MAX_CREDITS: u32 = 64;

/** Credits of a pad that cannot have a link's. */
const LOOSE_CREDITS: u32 = 4;

/** Bytes of a frame record. */
const RECORD: u32 = 80;

/** What is kept of a pad. */
@unmanaged
class HostPad {
  /** Number among all pads: sinks first. */
  number: u32;
  /** Frames that the host has. */
  held: u32;
  /** Data that may still come. */
  credits: u32;
  /** Bytes of the blocks that the host wants to fill, 0 when it brings its own memory. */
  blockSize: u32;
  /** Address of a frame record that the last frame left, 0 for none, and the bytes of its piece. */
  record: usize;
  recordSize: u32;
  pool: BlockPool | null;
  /** Counts the times that the caps were told to the host; only the answer to the last one counts. */
  told: u32;
  /** The host has answered to caps. */
  configured: bool;
  /** No more data comes. */
  ended: bool;
}

@unmanaged
class HostElement extends Element {
  handle: i32;
  epoch: u32;
  /** The host takes no frames until something completes. */
  busy: bool;
  /** Frames have gone in since the host last had nothing left. */
  fed: bool;
  /** It gives what is left; `heldEvent` waits for that. */
  draining: bool;
  /** Counts drains, so that the end of one that a flush has voided is recognised. */
  drains: u32;
  heldEvent: Event | null;
  heldPad: Pad | null;
  started: bool;
  /** The element has a property `sync`, and it is set. */
  sync: bool;
  /** Configure operations that have not been answered. */
  configuring: u32;
}

const SCRATCH: usize = memory.data(WRITER_SIZE, 4);
const PRINTED: usize = memory.data(TEXT_SIZE, 4);

@inline
function scratch(): Writer {
  const w = changetype<Writer>(SCRATCH);
  w.clear();
  return w;
}

/** Gives the memory of records back. */
export function hostElementsRelease(): void {
  changetype<Writer>(SCRATCH).release();
}

/** Registers an element by its descriptor; false when the descriptor is damaged or there is no room. */
export function describeElement(ptr: usize, length: u32): bool {
  const f = describeFactory(ptr, length, offsetof<HostElement>());
  if (!f) return false;
  f.init = init.index;
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.complete = complete.index;
  f.flush = flush.index;
  f.changed = changed.index;
  f.query = query.index;
  f.upstream = upstream.index;
  f.dispose = dispose.index;
  if (f.findProperty(Atom.caps) >= 0) f.padCaps = padCaps.index;
  return true;
}

@inline
function stateOf(pad: Pad): HostPad {
  return changetype<HostPad>(pad.state);
}

function init(e: Element): i32 {
  for (let p = e.sink; p; p = p!.next) if (!addState(p, p.index)) return Code.NoMemory;
  for (let p = e.src; p; p = p!.next) if (!addState(p, e.sinks + p.index)) return Code.NoMemory;
  return 0;
}

function addState(pad: Pad, number: u32): bool {
  const p = takePiece(offsetof<HostPad>(), Owner.Element);
  if (!p) return false;
  memory.fill(p, 0, offsetof<HostPad>());
  changetype<HostPad>(p).number = number;
  pad.state = p;
  return true;
}

function dispose(e: Element): void {
  for (let p = e.sink; p; p = p!.next) if (p.state) givePiece(p.state, offsetof<HostPad>());
  for (let p = e.src; p; p = p!.next) if (p.state) givePiece(p.state, offsetof<HostPad>());
}

function padCaps(e: Element, pad: Pad): Caps {
  const caps = e.propCaps(<u32>e.factory.findProperty(Atom.caps));
  return caps ? intersectCaps(caps, templateOf(pad).caps) : capsRef(templateOf(pad).caps);
}

/** A property of the element by its name, or `otherwise` where it has none. */
function flagOf(e: Element, name: u32, otherwise: bool): bool {
  const i = e.factory.findProperty(name);
  return i < 0 ? otherwise : e.propBool(i);
}

/** Posts the error of an operation. What was cancelled has not failed. */
function report(e: Element, error: i32): void {
  if (e.has(ElementFlag.Failed) || error == HostError.Cancelled) return;
  if (error == HostError.NoMemory && heap().failedOwner) {
    failMemory(e);
    return;
  }
  beginReport(e, Code.HostElement, -1, NONE);
  addInt(-error);
  sendError(e);
}

/** Starts an operation without data; its result as from submit, after an error was posted. */
function tell(self: HostElement, op: Op, w: Writer, aux: i64, user: u32): i32 {
  if (w.full) {
    failMemory(self);
    return HostError.NoMemory;
  }
  const r = startOperation(self, self.handle, op, w.data, w.length, aux, user, null, null, 0);
  if (r < 0 && r != HostError.Pending) report(self, r);
  return r;
}

@inline
function failed(result: i32): bool {
  return result < 0 && result != HostError.Pending;
}

function start(e: Element): i32 {
  const self = changetype<HostElement>(e);
  const w = scratch();
  recordText(w, atomData(e.factory.name), atomLength(e.factory.name));
  recordText(w, atomData(e.name), atomLength(e.name));
  self.handle = openHandle(OpenKind.Element, w.data, w.length);
  if (self.handle < 0) {
    report(e, self.handle);
    return Code.HostElement;
  }
  self.epoch = 0;
  self.busy = false;
  self.fed = false;
  self.draining = false;
  self.started = false;
  self.configuring = 0;
  e.minLatency = 0;
  e.maxLatency = 0;
  self.sync = flagOf(e, Atom.sync, false);
  if (flagOf(e, Atom.is_live, false)) e.set(ElementFlag.Live);
  else e.clear(ElementFlag.Live);
  for (let p = e.sink; p; p = p!.next) resetPad(p);
  for (let p = e.src; p; p = p!.next) resetPad(p);
  for (let i: u32 = 0; i < e.factory.properties; i++) if (failed(sendProperty(self, i))) return Code.HostElement;
  return 0;
}

function resetPad(pad: Pad): void {
  const s = stateOf(pad);
  s.held = 0;
  s.credits = 0;
  s.blockSize = 0;
  s.told = 0;
  s.configured = false;
  s.ended = false;
}

function sendProperty(self: HostElement, property: u32): i32 {
  const spec = self.factory.property(property);
  if (spec.flags & PropertyFlag.ReadOnly) return 0;
  const w = scratch();
  recordText(w, atomData(spec.name), atomLength(spec.name));
  recordProperty(w, spec, self.slot(property));
  return tell(self, Op.Property, w, 0, 0);
}

function changed(e: Element, property: u32): i32 {
  const self = changetype<HostElement>(e);
  self.sync = flagOf(e, Atom.sync, false);
  if (self.handle > 0) sendProperty(self, property);
  return 0;
}

function stop(e: Element): void {
  const self = changetype<HostElement>(e);
  dropHeld(self);
  closeHandle(self.handle);
  self.handle = 0;
  for (let p = e.sink; p; p = p!.next) dropRecord(stateOf(p));
  for (let p = e.src; p; p = p!.next) {
    closeBlockPool(stateOf(p).pool);
    stateOf(p).pool = null;
  }
}

function dropHeld(self: HostElement): void {
  if (self.heldEvent) eventUnref(self.heldEvent!);
  self.heldEvent = null;
  self.heldPad = null;
  self.draining = false;
}

function work(e: Element): i32 {
  const self = changetype<HostElement>(e);
  if (e.has(ElementFlag.Live) && pipeline().state != State.Playing) return Work.Idle;
  if (!e.sinks && !self.started) {
    self.started = true;
    if (!e.factory.has(FactoryFlag.LateCaps) && !startSource(self)) {
      e.set(ElementFlag.Failed);
      return Work.Idle;
    }
  }
  for (let p = e.sink; p && !e.has(ElementFlag.Failed); p = p!.next) takeInput(self, p);
  for (let p = e.src; p && !e.has(ElementFlag.Failed); p = p!.next) giveCredits(self, p);
  return Work.Idle;
}

/** Settles the caps of a source's pads before it gives anything. */
function startSource(self: HostElement): bool {
  for (let p = self.src; p; p = p!.next) {
    const caps = capsOfPad(p);
    const ok = startPad(p, caps);
    capsUnref(caps);
    if (!ok) return false;
    startSegment(p, Format.Time, 0);
    if (!configure(self, p)) return false;
  }
  return true;
}

/** Hands what has come on a sink pad to the host, as long as it takes it. */
function takeInput(self: HostElement, pad: Pad): void {
  const link = pad.link;
  if (!link) return;
  const sink = !self.srcs;
  while (link.head != link.tail && !self.has(ElementFlag.Failed)) {
    if (self.draining || self.configuring) return;
    const packet = peek(link);
    if (isEvent(packet)) {
      take(link);
      takeEvent(self, pad, asEvent(packet));
      continue;
    }
    if (!sink && self.has(ElementFlag.Eos)) {
      // It has ended its streams by itself.
      frameUnref(asFrame(take(link)));
      continue;
    }
    if (self.busy || stateOf(pad).held >= sized(MAX_HELD, SMALL_HELD)) return;
    if (sink) {
      if (pipeline().state != State.Playing) {
        self.set(ElementFlag.Prerolled);
        return;
      }
      if (self.sync && !self.factory.has(FactoryFlag.Timed) && !mayRender(self, pad, true, 0)) return;
    }
    const r = sendFrame(self, pad, asFrame(packet));
    if (r == HostError.Busy) {
      self.busy = true;
      return;
    }
    frameUnref(asFrame(take(link)));
  }
}

/**
 * Deals with an event of the input. What the host still has comes out before an event that takes its place among the
 * frames: tags alone may overtake them. The end is told to every element, whether it has anything left or not.
 */
function takeEvent(self: HostElement, pad: Pad, event: Event): void {
  if (event.type != EventType.Eos && !mustDrain(self, pad, event)) {
    deliver(self, pad, event);
    return;
  }
  self.heldEvent = event;
  self.heldPad = pad;
  self.draining = true;
  self.drains++;
  const r = tell(self, Op.Drain, scratch(), stateOf(pad).number, self.drains);
  if (r >= 0) drained(self);
}

function mustDrain(self: HostElement, pad: Pad, event: Event): bool {
  if (!self.fed || !self.srcs) return false;
  switch (event.type) {
    case EventType.Caps:
      return !pad.caps || !sameCaps(pad.caps!, event.caps!);
    case EventType.Segment:
      return memory.compare(changetype<usize>(pad.segment), changetype<usize>(event.segment), SEGMENT_SIZE) != 0;
    case EventType.Tags:
      return false;
    default:
      return true;
  }
}

/** Lets an event take effect. */
function deliver(self: HostElement, pad: Pad, event: Event): void {
  const known = event.type == EventType.Caps && pad.caps != null && sameCaps(pad.caps!, event.caps!);
  noteEvent(pad, event);
  switch (event.type) {
    case EventType.Caps:
      if (!known || !stateOf(pad).told) acceptCaps(self, pad, event.caps!);
      break;
    case EventType.Eos: {
      let open = false;
      for (let p = self.sink; p; p = p!.next) if (p.link && !p.has(PadFlag.Eos)) open = true;
      if (open) break;
      if (!self.srcs) sinkEnded(self);
      else if (!self.has(ElementFlag.Eos)) pushEos(self);
      break;
    }
    case EventType.Segment:
      // Where the caps are still to come from the host, it follows them.
      for (let p = self.src; p && self.sinks == 1; p = p!.next) {
        if (!p.caps) continue;
        eventRef(event);
        pushEvent(p, event);
      }
      break;
    case EventType.StreamStart:
    case EventType.Gap:
      // A stream that is made of several is none of them.
      if (self.sinks > 1) break;
      forwardEvent(self, pad, event);
      return;
    default:
      forwardEvent(self, pad, event);
      return;
  }
  eventUnref(event);
}

/** The caps of an input are others: the host is told, and what follows from them for the outputs. */
function acceptCaps(self: HostElement, pad: Pad, caps: Caps): void {
  if (!configure(self, pad) || !self.srcs || self.factory.has(FactoryFlag.LateCaps)) return;
  for (let p = self.src; p; p = p!.next) beginStream(self, p);
  if (!forwardCaps(self, pad, caps)) {
    self.set(ElementFlag.Failed);
    return;
  }
  for (let p = self.src; p; p = p!.next) {
    configure(self, p);
    beginSegment(self, p);
  }
}

/** Sends stream-start on a src pad unless the input's has come through. */
function beginStream(self: HostElement, pad: Pad): void {
  if (self.sinks != 1) pushStreamStart(pad, newStream());
}

/** Sends the segment of a src pad that has none: the input's, or one of its own. */
function beginSegment(self: HostElement, pad: Pad): void {
  if (pad.has(PadFlag.Segment)) return;
  const from = self.sink;
  if (self.sinks != 1) startSegment(pad, Format.Time, 0);
  else if (from && from.has(PadFlag.Segment)) pushEvent(pad, segmentEvent(from.segment));
}

/** Writes caps as text; false after an error. */
function recordCaps(self: HostElement, w: Writer, caps: Caps): bool {
  const t = changetype<Text>(PRINTED);
  for (let size = CAPS_TEXT; size <= MAX_CAPS; size <<= 1) {
    const text = takePiece(size, Owner.Text);
    if (!text) {
      failMemory(self);
      return false;
    }
    printCaps(t.into(text, size), caps);
    if (!t.cut) recordText(w, text, t.length);
    givePiece(text, size);
    if (!t.cut) return true;
  }
  beginReport(self, Code.TooMuch, -1, NONE);
  addAtom(Atom.caps);
  addInt(MAX_CAPS + 1);
  addInt(MAX_CAPS);
  sendError(self);
  return false;
}

/** Tells the host the caps of a pad; false after an error. */
function configure(self: HostElement, pad: Pad): bool {
  const caps = pad.caps;
  if (!caps) return true;
  const w = scratch();
  recordInt(w, stateOf(pad).number);
  if (!recordCaps(self, w, caps)) return false;
  const s = stateOf(pad);
  s.told++;
  self.configuring++;
  const user = configureUser(s);
  const r = startOperation(self, self.handle, Op.Configure, w.data, w.length, 0, user, null, null, 0);
  if (r != HostError.Pending) configured(self, pad, user, r);
  return !self.has(ElementFlag.Failed);
}

/** What names the answer that counts: the pad's number and how often it was told its caps. */
@inline
function configureUser(s: HostPad): u32 {
  return s.number | (s.told << 8);
}

/** The host has answered to the caps of a pad: bytes of the blocks it wants, 0, or an error. */
function configured(self: HostElement, pad: Pad, user: u32, result: i32): void {
  self.configuring--;
  const s = stateOf(pad);
  if (user != configureUser(s)) return;
  if (result < 0) {
    report(self, result);
    return;
  }
  s.configured = true;
  if (s.blockSize == <u32>result) return;
  s.blockSize = <u32>result;
  closeBlockPool(s.pool);
  s.pool = null;
  // Credits with blocks of the old size are of no use.
  if (s.credits) cancelSome(self, Op.Credit, s.number);
}

function padOf(self: HostElement, number: u32): Pad | null {
  if (number < self.sinks) {
    for (let p = self.sink; p; p = p!.next) if (stateOf(p).number == number) return p;
  }
  for (let p = self.src; p; p = p!.next) if (stateOf(p).number == number) return p;
  return null;
}

/** Hands a frame over; Busy when the host takes none now, which leaves all as it was. */
function sendFrame(self: HostElement, pad: Pad, f: Frame): i32 {
  const state = stateOf(pad);
  let room = f.count;
  let p = recordFor(state, room);
  let pairs = p ? stretchesOf(f, p + RECORD, room) : 0;
  if (pairs > room) {
    // Runs, which are rare, have more stretches than there are slices.
    room = pairs;
    p = recordFor(state, room);
    if (p) stretchesOf(f, p + RECORD, room);
  }
  if (!p) {
    if (room > MAX_STRETCHES) tellTooMuch(self, f, room);
    else failMemory(self);
    return HostError.NoMemory;
  }
  store<u32>(p, state.number);
  store<u32>(p, f.flags, 4);
  store<i64>(p, f.pts, 8);
  store<i64>(p, f.dts, 16);
  store<i64>(p, f.duration, 24);
  store<i64>(p, f.capture, 32);
  const running = pad.segment.runningTime(f.pts);
  store<i64>(p, dueTime(f.pts != NONE ? running : pad.segment.runningTime(f.dts)), 40);
  store<u32>(p, f.size, 48);
  // In system memory a block has none.
  store<i32>(p, f.count ? f.slices.at(f.count - 1).block.handle : 0, 52);
  store<u32>(p, pairs, 56);
  store<usize>(p, p + RECORD, 60);
  store<u32>(p, f.sequence, 64);
  store<u32>(p, RECORD + (room << 3), 68);
  store<i64>(p, running, 72);
  const r = startOperation(self, self.handle, Op.Frame, p, RECORD, 0, <u32>p, null, f, 0);
  if (r == HostError.Pending) {
    // The record is the host's now.
    state.record = 0;
    state.held++;
    self.fed = true;
    return 0;
  }
  if (r >= 0) self.fed = true;
  else if (r != HostError.Busy) report(self, r);
  return r;
}

function tellTooMuch(self: HostElement, f: Frame, stretches: u32): void {
  beginReport(self, Code.TooMuch, f.offset, f.pts);
  addAtom(Atom.frame);
  addInt(stretches);
  addInt(MAX_STRETCHES);
  sendError(self);
}

/** Writes the stretches of a frame that lie in linear memory, as far as there is room; how many there are. */
function stretchesOf(f: Frame, to: usize, room: u32): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < f.count; i++) {
    const s = f.slices.at(i);
    if (s.block.domain) continue;
    const stretches: u32 = s.run ? s.run >> 8 : 1;
    n += stretches;
    if (n > room) continue;
    let data = s.data;
    for (let k = stretches; k; k--) {
      store<usize>(to, data);
      store<u32>(to, s.length, 4);
      to += 8;
      data += s.run & 255;
    }
  }
  return n;
}

/**
 * A piece for a frame record with room for so many stretches, which stays the pad's: mostly the one of the frame before. 0 when
 * that is too much, or there is none.
 */
@inline
function recordFor(s: HostPad, stretches: u32): usize {
  const bytes = pieceSize(RECORD + (stretches << 3));
  if (s.recordSize == bytes && s.record) return s.record;
  return newRecord(s, stretches);
}

function newRecord(s: HostPad, stretches: u32): usize {
  dropRecord(s);
  if (stretches > MAX_STRETCHES) return 0;
  s.recordSize = pieceSize(RECORD + (stretches << 3));
  s.record = takePiece(s.recordSize, Owner.Host);
  return s.record;
}

function dropRecord(s: HostPad): void {
  if (s.record) givePiece(s.record, s.recordSize);
  s.record = 0;
}

/** Lets the host give as much on a src pad as its link has room for. */
function giveCredits(self: HostElement, pad: Pad): void {
  const s = stateOf(pad);
  // The answer to Configure says whether credits bring blocks.
  if (s.ended || self.configuring || pad.has(PadFlag.Eos) || self.has(ElementFlag.Eos)) return;
  const link = pad.link;
  let limit = link ? link.limit : LOOSE_CREDITS;
  if (!s.configured) {
    // Caps of the host's come with a credit, of which one is enough.
    if (!self.factory.has(FactoryFlag.LateCaps)) return;
    limit = 1;
  }
  // A packet taken from the link makes room for another credit.
  if (link) link.blocked = true;
  const used = link ? queued(link) + s.credits : s.credits;
  if (used >= limit || s.credits >= MAX_CREDITS) return;
  let n = min<u32>(limit - used, MAX_CREDITS - s.credits);
  if (!s.blockSize) {
    s.credits += n;
    const r = startOperation(self, self.handle, Op.Credit, 0, s.number, n, s.number, null, null, n);
    if (r == HostError.Pending) return;
    s.credits -= n;
    if (r < 0) report(self, r);
    return;
  }
  if (!s.pool) s.pool = choosePool(pad, s.blockSize, limit, BLOCK_ALIGN);
  if (!s.pool) {
    failMemory(self);
    return;
  }
  for (; n; n--) {
    const b = blockFor(self, s.pool!);
    if (!b) return;
    s.credits++;
    const r = startOperation(self, self.handle, Op.Credit, b.data, b.size, s.number, s.number, b, null, 1);
    blockUnref(b);
    if (r == HostError.Pending) continue;
    s.credits--;
    if (r < 0) report(self, r);
    return;
  }
}

function complete(e: Element, op: Operation, c: Completion): void {
  const self = changetype<HostElement>(e);
  self.busy = false;
  const closing = pipeline().has(PipelineFlag.Closing);
  switch (<Completed>c.kind) {
    case Completed.Data:
      data(self, op, c);
      return;
    case Completed.Caps:
      if (!closing) newCaps(self, c);
      return;
    case Completed.Latency:
      e.minLatency = max<i64>(c.pts, 0);
      e.maxLatency = c.dts;
      if (pipeline().state == State.Playing && !closing) updateLatency();
      return;
    default:
      break;
  }
  if (op.op == Op.Frame) frameDone(self, op, c);
  // On the way down only what is the host's comes back.
  if (closing) return;
  switch (op.op) {
    case Op.Frame:
      break;
    case Op.Configure: {
      const pad = padOf(self, op.user & 255);
      if (pad) configured(self, pad, op.user, c.result);
      break;
    }
    case Op.Credit: {
      const pad = padOf(self, op.user);
      if (!pad) break;
      stateOf(pad).credits -= op.credits;
      if (c.kind == Completed.End) endPad(self, pad);
      else if (c.result < 0) report(e, c.result);
      break;
    }
    case Op.Drain:
      if (op.user != self.drains || !self.draining) break;
      if (c.kind != Completed.End && c.result < 0) report(self, c.result);
      drained(self);
      break;
    default:
      if (c.result < 0) report(e, c.result);
  }
}

function frameDone(self: HostElement, op: Operation, c: Completion): void {
  const record = <usize>op.user;
  const pad = padOf(self, load<u32>(record));
  if (pad) stateOf(pad).held--;
  givePiece(record, load<u32>(record, 68));
  if (c.result < 0) report(self, c.result);
}

/** Everything that had gone in has come out: the event that waited for that takes effect. */
function drained(self: HostElement): void {
  const event = self.heldEvent!;
  const pad = self.heldPad!;
  self.draining = false;
  self.fed = false;
  self.heldEvent = null;
  self.heldPad = null;
  if (self.has(ElementFlag.Failed)) eventUnref(event);
  else deliver(self, pad, event);
}

/** A pad gives nothing any more. */
function endPad(self: HostElement, pad: Pad): void {
  stateOf(pad).ended = true;
  let open = false;
  for (let p = self.src; p; p = p!.next) if (!stateOf(p).ended) open = true;
  if (open || self.has(ElementFlag.Eos)) return;
  pushEos(self);
  wantNoMore(self);
}

/** What the host can do that the contract does not allow, by its place in the table of errors. */
const enum Breach {
  NoCredit = 0,
  TooMuch,
  Caps,
  Domain,
}

/** Data of the host: a frame for the src pad of its credit. */
function data(self: HostElement, op: Operation, c: Completion): void {
  const number = self.sinks + c.pad;
  const pad = padOf(self, number);
  if (op.op != Op.Credit || !op.credits || !pad || number != op.user) {
    if (c.handle) release(c.handle);
    broken(self, Breach.NoCredit);
    return;
  }
  const s = stateOf(pad);
  s.credits--;
  const last = --op.credits == 0;
  const over = s.ended || self.has(ElementFlag.Failed) || self.has(ElementFlag.Eos);
  if (over || c.epoch != self.epoch || pipeline().has(PipelineFlag.Closing)) {
    if (c.handle) release(c.handle);
  } else giveData(self, pad, op, c);
  if (last) endOperation(op);
}

function broken(self: HostElement, breach: Breach): void {
  if (self.has(ElementFlag.Failed)) return;
  // What could not be read for want of memory is no fault of the host's.
  if (breach == Breach.Caps && heap().failedOwner) {
    failMemory(self);
    return;
  }
  beginReport(self, Code.HostProtocol, -1, NONE);
  addInt(breach);
  sendError(self);
}

function giveData(self: HostElement, pad: Pad, op: Operation, c: Completion): void {
  if (!pad.caps && !negotiateLate(self, pad)) {
    if (c.handle) release(c.handle);
    return;
  }
  const domain = pad.caps!.feature;
  let b: Block | null = null;
  let n = <u32>c.result;
  if (c.handle) {
    if (!domain) {
      release(c.handle);
      broken(self, Breach.Domain);
      return;
    }
    b = handleBlock(domain, c.handle, n);
    if (!b) release(c.handle);
  } else if (c.extra) {
    n = c.length;
    b = ownedBlock(c.extra, n);
    if (b) c.extra = 0;
  } else if (op.block) {
    b = op.block;
    if (n > b!.size) {
      broken(self, Breach.TooMuch);
      return;
    }
    blockRef(b!);
  } else if (n) {
    broken(self, Breach.TooMuch);
    return;
  }
  if (b && domain && !b.domain && n) {
    blockUnref(b);
    broken(self, Breach.Domain);
    return;
  }
  const f = b ? frameOf(b, n) : n ? null : newFrame();
  if (!f) {
    failMemory(self);
    return;
  }
  f.flags = c.flags;
  f.pts = c.pts;
  f.dts = c.dts;
  f.duration = c.duration;
  f.capture = c.capture;
  push(pad, f);
}

/** Data came before caps: those that the pad can have are settled now; false after an error. */
function negotiateLate(self: HostElement, pad: Pad): bool {
  const caps = capsOfPad(pad);
  const ok = settleCaps(self, pad, caps);
  capsUnref(caps);
  return ok;
}

/** The host says what it gives from now on. Caps count whatever was flushed. */
function newCaps(self: HostElement, c: Completion): void {
  if (self.has(ElementFlag.Failed) || self.has(ElementFlag.Eos)) return;
  heap().failedOwner = 0;
  const pad = padOf(self, self.sinks + c.pad);
  const caps = pad ? parseCaps(c.extra, c.length) : null;
  if (!pad || !caps) {
    broken(self, Breach.Caps);
    return;
  }
  const both = intersectCaps(caps, templateOf(pad).caps);
  capsUnref(caps);
  if (both.isEmpty) broken(self, Breach.Caps);
  else settleCaps(self, pad, both);
  capsUnref(both);
}

/** Negotiates a src pad and tells the host what came of it; false after an error was posted. */
function settleCaps(self: HostElement, pad: Pad, caps: Caps): bool {
  beginStream(self, pad);
  if (!negotiate(pad, caps)) {
    // What it gives would go out under caps that it does not have.
    self.set(ElementFlag.Failed);
    return false;
  }
  const ok = configure(self, pad);
  beginSegment(self, pad);
  return ok;
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<HostElement>(e);
  self.epoch++;
  self.busy = false;
  self.fed = false;
  dropHeld(self);
  for (let p = e.src; p; p = p!.next) stateOf(p).ended = false;
  tell(self, Op.Flush, scratch(), self.epoch, 0);
}

function query(e: Element, pad: Pad, q: Query): bool {
  if (q.type != QueryType.Latency || e.sinks) return false;
  q.a = e.has(ElementFlag.Live) ? 1 : 0;
  q.b = e.minLatency;
  q.c = e.maxLatency;
  return true;
}

/** Events against the stream that concern devices go to the host as well. */
function upstream(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<HostElement>(e);
  if (self.handle <= 0) return false;
  if (event.type != EventType.ForceKeyUnit && event.type != EventType.Qos) return false;
  const w = scratch();
  recordInt(w, event.type);
  recordInt(w, stateOf(pad).number);
  recordDouble(w, event.rate);
  recordInt(w, event.start);
  recordInt(w, event.stop);
  tell(self, Op.Event, w, 0, 0);
  return event.type == EventType.ForceKeyUnit;
}
