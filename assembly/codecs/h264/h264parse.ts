import { Owner, alloc, free } from "../../base/heap";
import { be16, be32, putBe32 } from "../../base/bytes";
import { WRITER_SIZE, Writer } from "../../base/writer";
import { Caps, capsOf, capsUnref, copyCaps } from "../../caps/caps";
import { Kind } from "../../caps/value";
import { ARENA_PIECE, Arena } from "../../core/arena";
import { Event, EventType, segmentEvent } from "../../core/event";
import { Frame, FrameFlag, copyProperties, frameUnref, newFrame } from "../../core/frame";
import { Format } from "../../core/segment";
import { appendSlices } from "../../core/slices";
import { NONE, SECOND, scale } from "../../core/time";
import { Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../../generated/elements/h264parse";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { addAtom, addInt, beginReport, failMemory, sendError, sendMessage } from "../../graph/bus";
import { Element, ElementFlag, Work, push, pushEvent, room } from "../../graph/element";
import { handleEvent } from "../../graph/filter";
import { asEvent, asFrame, isEvent, take } from "../../graph/link";
import { negotiate, plan } from "../../graph/negotiate";
import { Pad } from "../../graph/pad";
import { PipelineFlag, pipeline, spend } from "../../graph/pipeline";
import { newFactory } from "../../registry/factory";
import { Head } from "../../containers/head";
import { failIfOther, failWrongType } from "../../containers/wrongtype";
import { ACCESS_UNITS_SIZE, AccessUnits } from "./accessunit";
import { describeSps, isSaneRate } from "./h264caps";
import { NalType, isVcl, nalType } from "./nal";

const enum StreamFormat {
  ByteStream = 0,
  Avc = 1,
  Avc3 = 2,
}

@unmanaged
class H264Parse extends Element {
  units: AccessUnits;
  /** Form of what comes and of what is given. */
  input: StreamFormat;
  output: StreamFormat;
  /** Bytes of a length in front of NAL units that come. */
  lengthSize: u32;
  /** Caps have been sent; the segment that came before them has not. */
  negotiated: bool;
  heldSegment: bool;
  arena_pool: u32;
  arena_block: u32;
  sequence: u32;
  /** Units left out because their parameter sets have not come yet. */
  skipped: u32;
  /** Where times that are missing are counted from: a decode time, and units since. */
  clock: i64;
  ticks: u32;
  /** Running seconds of the last key frame that parameter sets were put in front of. */
  lastConfig: i64;
  /** No unit has gone out since the parameter sets came in codec data, so that the next one takes them along. */
  setsOwed: bool;
  /** While no unit has been given of a stream that nothing has said the type of. */
  head_bytes: usize;
  head_length: u32;
  untyped: bool;

  @inline
  get head(): Head {
    return changetype<Head>(changetype<usize>(this) + offsetof<H264Parse>("head_bytes"));
  }

  @inline
  get arena(): Arena {
    return changetype<Arena>(changetype<usize>(this) + offsetof<H264Parse>("arena_pool"));
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<H264Parse>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.flush = flush.index;
}

function start(e: Element): i32 {
  const self = changetype<H264Parse>(e);
  const p = alloc(ACCESS_UNITS_SIZE, Owner.Parser);
  self.units = changetype<AccessUnits>(p);
  if (!p || !self.units.init()) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.input = StreamFormat.ByteStream;
  self.negotiated = false;
  self.heldSegment = false;
  self.sequence = 0;
  self.skipped = 0;
  self.setsOwed = false;
  self.untyped = false;
  forgetTimes(self);
  return 0;
}

function forgetTimes(self: H264Parse): void {
  self.clock = NONE;
  self.ticks = 0;
  self.lastConfig = NONE;
}

function stop(e: Element): void {
  const self = changetype<H264Parse>(e);
  if (changetype<usize>(self.units)) {
    self.units.release();
    free(changetype<usize>(self.units));
    self.units = changetype<AccessUnits>(0);
  }
  self.arena.release();
  self.head.drop();
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<H264Parse>(e);
  self.units.reset();
  forgetTimes(self);
}

function work(e: Element): i32 {
  const self = changetype<H264Parse>(e);
  const src = e.src!;
  const link = e.sink!.link;
  if (!link) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    if (!room(src)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
    spend(1);
    if (self.input == StreamFormat.ByteStream && self.units.next()) {
      giveUnit(self);
      continue;
    }
    if (link.head == link.tail) return Work.Idle;
    const packet = take(link);
    if (isEvent(packet)) handleEvent(e, e.sink!, asEvent(packet));
    else if (self.input == StreamFormat.ByteStream) takeBytes(self, asFrame(packet));
    else takeUnit(self, asFrame(packet));
  }
  return Work.Idle;
}

/** A piece of a byte stream. */
function takeBytes(self: H264Parse, f: Frame): void {
  spend(<i32>(f.size >> 13));
  if (self.untyped) self.head.keepFrame(f);
  const ok = self.units.feed(f);
  frameUnref(f);
  if (!ok) failMemory(self);
}

/** Gives the units that are complete because the stream ends or jumps here. */
function drain(self: H264Parse): void {
  if (self.input != StreamFormat.ByteStream) return;
  self.units.finish();
  while (!self.has(ElementFlag.Failed) && self.units.next()) giveUnit(self);
  self.units.reset();
}

function event(e: Element, pad: Pad, ev: Event): bool {
  const self = changetype<H264Parse>(e);
  switch (ev.type) {
    case EventType.Caps:
      drain(self);
      takeCaps(self, ev.caps!);
      return true;
    case EventType.Segment:
      drain(self);
      forgetTimes(self);
      self.untyped = pad.segment.format == Format.Bytes && !pad.segment.start && !self.sequence;
      self.heldSegment = !self.negotiated;
      return self.heldSegment;
    case EventType.Gap:
      drain(self);
      // Without caps there is nothing that a gap could be in.
      return !self.negotiated && !giveCaps(self);
    case EventType.Eos:
      drain(self);
      if (self.skipped) reportSkipped(self);
      return false;
    default:
      return false;
  }
}

function reportSkipped(self: H264Parse): void {
  beginReport(self, Code.NoParameterSets, -1, NONE);
  addInt(self.skipped);
  self.skipped = 0;
  sendMessage(Post.Warning);
}

function takeCaps(self: H264Parse, caps: Caps): void {
  const format = caps.getString(Atom.stream_format);
  const data = caps.getBytes(Atom.codec_data);
  self.input =
    format == Atom.avc || (!format && data)
      ? StreamFormat.Avc
      : format == Atom.avc3
        ? StreamFormat.Avc3
        : StreamFormat.ByteStream;
  self.units.sets.changed = true;
  if (self.input == StreamFormat.ByteStream) {
    self.negotiated = false;
    return;
  }
  self.lengthSize = data ? self.units.sets.readRecord(<usize>data.a, <u32>data.b) : 0;
  if (!self.lengthSize) {
    beginReport(self, Code.BadCodecData, -1, NONE);
    sendError(self);
    return;
  }
  self.setsOwed = true;
  giveCaps(self);
}

/** Chooses the form of the output and sends caps for what is known of the stream; false when that is not enough. */
function giveCaps(self: H264Parse): bool {
  const src = self.src!;
  const sets = self.units.sets;
  const caps = capsOf(Atom.video_x_h264).setBool(Atom.parsed, true).setString(Atom.alignment, Atom.au);
  const s = sets.sps;
  const incoming = self.sink!.caps;
  const rate = incoming ? incoming.find(Atom.framerate) : null;
  if (s) {
    describeSps(caps, s, !rate);
    self.units.sets.changed = false;
  } else if (incoming) {
    caps.setInt(Atom.width, incoming.getInt(Atom.width, 0)).setInt(Atom.height, incoming.getInt(Atom.height, 0));
    if (!incoming.find(Atom.width)) caps.at(0).unset(Atom.width);
    if (!incoming.find(Atom.height)) caps.at(0).unset(Atom.height);
  }
  if (rate && rate.kind == Kind.Fraction) caps.setFraction(Atom.framerate, rate.a, rate.b);
  const offers = copyCaps(caps);
  capsUnref(caps);
  // Form by form, what comes in first: changing nothing is best.
  offers.setString(Atom.stream_format, nameOf(self.input));
  for (let form = 0; form < 3; form++) {
    if (form == self.input) continue;
    const more = offers.addCopy(offers.at(0));
    if (more) {
      const slot = more.slot(Atom.stream_format);
      if (slot) slot.set(Kind.String, <i32>nameOf(form), 0);
    }
  }
  const ok = settleFormat(self, offers);
  capsUnref(offers);
  return ok && src.caps != null;
}

function nameOf(form: StreamFormat): u32 {
  return form == StreamFormat.Avc ? Atom.avc : form == StreamFormat.Avc3 ? Atom.avc3 : Atom.byte_stream;
}

const RECORD: usize = memory.data(WRITER_SIZE, 4);

/** Negotiates among the forms, adds codec data where the chosen one has it, and sends the caps. */
function settleFormat(self: H264Parse, offers: Caps): bool {
  const src = self.src!;
  const planned = src.link ? plan(src, offers) : null;
  if (src.link && !planned) return false;
  const form = planned ? planned.getString(Atom.stream_format) : nameOf(self.input);
  self.output = form == Atom.avc ? StreamFormat.Avc : form == Atom.avc3 ? StreamFormat.Avc3 : StreamFormat.ByteStream;
  const chosen = planned ? copyCaps(planned) : copyCaps(offers);
  while (chosen.count > 1) chosen.dropLast();
  if (self.output != StreamFormat.ByteStream) {
    const sets = self.units.sets;
    if (!sets.sps || !sets.ppsCount) {
      // Decoders cannot start without codec data; what comes before it is left out.
      capsUnref(chosen);
      return false;
    }
    const w = changetype<Writer>(RECORD);
    w.clear();
    sets.writeRecord(w);
    chosen.setBytes(Atom.codec_data, w.data, w.length);
    w.release();
  }
  const ok = negotiate(src, chosen);
  capsUnref(chosen);
  if (!ok) return false;
  self.negotiated = true;
  if (self.heldSegment) {
    self.heldSegment = false;
    pushEvent(src, segmentEvent(self.sink!.segment));
  }
  return true;
}

/** Posts an error if the first unit shows that this is no H.264: it has no start code, or is something that holds H.264. */
function failIfElse(self: H264Parse): bool {
  const head = self.head;
  if (self.units.nalCount) return self.untyped && failIfOther(self, Atom.video_x_h264, head.bytes, head.length);
  failWrongType(self, Atom.video_x_h264, head.bytes, head.length);
  return true;
}

/** Sends the access unit that the byte stream has come to. */
function giveUnit(self: H264Parse): void {
  const u = self.units;
  if (!self.sequence && failIfElse(self)) {
    u.taken(false);
    return;
  }
  if (self.untyped) {
    self.untyped = false;
    self.head.drop();
  }
  if ((u.sets.changed || !self.negotiated) && !giveCaps(self)) {
    if (pipeline().has(PipelineFlag.Failed)) {
      self.set(ElementFlag.Failed);
      return;
    }
    self.skipped++;
    u.taken(false);
    return;
  }
  if (self.skipped) reportSkipped(self);
  const f = newFrame();
  if (!f) {
    failMemory(self);
    return;
  }
  const m = u.marks.current;
  f.pts = m.pts;
  f.dts = m.dts;
  f.duration = m.duration;
  f.offset = m.offset;
  f.capture = m.capture;
  f.flags = u.unitFlags | FrameFlag.Marker;
  if (!u.sawVcl) f.flags |= FrameFlag.Header;
  else f.flags |= u.isKey ? FrameFlag.Key : FrameFlag.Delta;
  if (u.sawVcl && !u.reference) f.flags |= FrameFlag.Droppable;
  if (u.partial) f.flags &= ~FrameFlag.Marker;
  fillTimes(self, f, u.field);
  let ok: bool;
  if (self.output == StreamFormat.ByteStream) {
    ok = !wantsConfig(self, f, u.parameterSets) || putSets(self, f);
    ok = ok && u.bytes.moveTo(f.slices, u.unitSize);
    ok = u.taken(true) && ok;
  } else {
    ok = putLengths(self, f);
    ok = u.taken(false) && ok;
  }
  if (!ok) {
    frameUnref(f);
    failMemory(self);
    return;
  }
  if (!f.size) {
    // Nothing is left of a unit of parameter sets alone.
    frameUnref(f);
    return;
  }
  f.sequence = self.sequence++;
  push(self.src!, f);
}

/** Gives a unit without times those that follow from the one before and the frame rate, and its duration. */
function fillTimes(self: H264Parse, f: Frame, field: bool): void {
  const s = self.units.sets.sps;
  const known = s != null && isSaneRate(s);
  if (known && f.duration == NONE) f.duration = scale(field ? 1 : 2, <i64>s!.unitsInTick * SECOND, s!.timeScale);
  if (f.dts != NONE || f.pts != NONE) {
    self.clock = f.dts != NONE ? f.dts : f.pts;
    self.ticks = 0;
  } else if (self.clock != NONE && known) {
    f.dts = self.clock + scale(self.ticks, <i64>s!.unitsInTick * SECOND, s!.timeScale);
    // Without reordering units are shown as they are decoded.
    if (s!.reorder == 0 || s!.pocType == 2 || s!.profile == 66) f.pts = f.dts;
  }
  self.ticks += field ? 1 : 2;
}

/** Whether parameter sets go in front of this unit, which has none. */
function wantsConfig(self: H264Parse, f: Frame, has: bool): bool {
  const owed = self.setsOwed;
  self.setsOwed = false;
  if (has || !(owed || f.has(FrameFlag.Key))) return false;
  const every = self.propInt(Prop.config_interval);
  if (self.input != StreamFormat.ByteStream || every < 0) return true;
  if (!every) return false;
  const t = f.pts != NONE ? f.pts : f.dts;
  if (self.lastConfig != NONE && t != NONE && t - self.lastConfig < every * SECOND) return false;
  self.lastConfig = t;
  return true;
}

/** Appends the parameter sets to a frame in the form of the output. */
function putSets(self: H264Parse, f: Frame): bool {
  const w = changetype<Writer>(RECORD);
  w.clear();
  if (self.output == StreamFormat.ByteStream) self.units.sets.writeByteStream(w);
  else self.units.sets.writeLengths(w);
  const p: usize = w.length > ARENA_PIECE ? 0 : self.arena.take(w.length);
  if (p) memory.copy(p, w.data, w.length);
  const ok = p != 0 && f.append(p, self.arena.block!, w.length, 0);
  w.release();
  return ok;
}

/** Whether a NAL unit is left out of units with lengths: delimiters, fillers, and what codec data holds. */
function isLeftOut(self: H264Parse, type: u32): bool {
  if (type == NalType.AccessUnitDelimiter || type == NalType.Filler) return true;
  return (
    self.output == StreamFormat.Avc && (type == NalType.Sps || type == NalType.Pps || type == NalType.SpsExtension)
  );
}

/** Puts the unit's NAL units into a frame, each with its length in front; the bytes stay where they are. */
function putLengths(self: H264Parse, f: Frame): bool {
  const u = self.units;
  for (let i: u32 = 0; i < u.nalCount; i++) {
    const n = u.nal(i);
    if (isLeftOut(self, n.type)) continue;
    const p = self.arena.take(4);
    if (!p) return false;
    putBe32(p, n.end - n.start);
    if (!f.append(p, self.arena.block!, 4, 0)) return false;
    if (!appendSlices(f.slices, u.bytes, n.start, n.end - n.start)) return false;
  }
  return true;
}

/** An access unit with lengths in front of its NAL units. */
function takeUnit(self: H264Parse, f: Frame): void {
  const out = newFrame();
  if (!out) {
    frameUnref(f);
    failMemory(self);
    return;
  }
  copyProperties(out, f, 0);
  out.flags |= FrameFlag.Marker;
  const ok = rewriteUnit(self, f, out);
  frameUnref(f);
  if (self.has(ElementFlag.Failed) || !ok) {
    frameUnref(out);
    if (!self.has(ElementFlag.Failed)) failMemory(self);
    return;
  }
  out.sequence = self.sequence++;
  push(self.src!, out);
}

const LENGTH: usize = memory.data(8, 4);

/** Walks the NAL units of a frame into another in the form of the output; false when the heap has no room. */
function rewriteUnit(self: H264Parse, f: Frame, out: Frame): bool {
  const from = f.slices;
  const size = self.lengthSize;
  let at: u32 = 0;
  let key = false;
  let vcl = false;
  let sets = false;
  // A first walk tells what is in it.
  while (at + size < f.size) {
    const n = lengthAt(self, f, at);
    if (n > f.size - at - size) {
      beginReport(self, Code.Truncated, f.offset >= 0 ? f.offset + at : -1, f.pts);
      addAtom(Atom.NAL_unit);
      addInt(n - (f.size - at - size));
      out.flags |= FrameFlag.Corrupt;
      sendMessage(Post.Warning);
      break;
    }
    if (n) {
      const type = nalType(from.byteAt(at + size));
      if (isVcl(type)) vcl = true;
      if (type == NalType.Idr) key = true;
      if (type == NalType.Sps || type == NalType.Pps) {
        sets = true;
        takeSet(self, f, at + size, n);
      }
    }
    at += size + n;
  }
  if (self.units.sets.changed && !giveCaps(self)) return true;
  if (vcl && !(out.flags & (FrameFlag.Key | FrameFlag.Delta))) out.flags |= key ? FrameFlag.Key : FrameFlag.Delta;
  if (!vcl) out.flags |= FrameFlag.Header;
  if (self.output == self.input && size == 4) return appendSlices(out.slices, from, 0, f.size);
  if (self.output == StreamFormat.ByteStream && wantsConfig(self, out, sets) && !putSets(self, out)) return false;
  const end = at;
  at = 0;
  while (at < end) {
    const n = lengthAt(self, f, at);
    at += size;
    if (n && (self.output == StreamFormat.ByteStream || !isLeftOut(self, nalType(from.byteAt(at))))) {
      const p = self.arena.take(4);
      if (!p) return false;
      putBe32(p, self.output == StreamFormat.ByteStream ? 1 : n);
      if (!out.append(p, self.arena.block!, 4, 0) || !appendSlices(out.slices, from, at, n)) return false;
    }
    at += n;
  }
  return true;
}

function lengthAt(self: H264Parse, f: Frame, at: u32): u32 {
  f.slices.copyOut(at, LENGTH, self.lengthSize);
  return self.lengthSize == 4 ? be32(LENGTH) : self.lengthSize == 2 ? be16(LENGTH) : <u32>load<u8>(LENGTH);
}

const SET: usize = memory.data(4096, 8);

function takeSet(self: H264Parse, f: Frame, at: u32, n: u32): void {
  if (n > 4096) return;
  f.slices.copyOut(at, SET, n);
  self.units.sets.take(SET, n);
}
