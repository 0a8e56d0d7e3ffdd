import { fourcc } from "../../base/bytes";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { TEXT_SIZE, Text } from "../../base/text";
import { capsUnref } from "../../caps/caps";
import { Block, blockUnref, newBlock } from "../../core/block";
import { EventType, eventUnref, gapEvent, newEvent } from "../../core/event";
import { Frame, FrameFlag, copyProperties, frameUnref, newFrame } from "../../core/frame";
import { Format, Segment } from "../../core/segment";
import { appendSlices } from "../../core/slices";
import { newTags, tagsUnref } from "../../core/tags";
import { NONE, SECOND, ticksToNs } from "../../core/time";
import { Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../../generated/elements/tsdemux";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import {
  addAtom,
  addInt,
  beginMessage,
  beginReport,
  failMemory,
  isTold,
  sendError,
  sendMessage,
} from "../../graph/bus";
import { noMorePads, openPad, pushSegment, pushTags } from "../../graph/demux";
import { Element, ElementFlag, Work, noteEvent, push, pushEos, pushEvent, roomAll } from "../../graph/element";
import { asEvent, asFrame, isEvent, take } from "../../graph/link";
import { Pad, PadFlag } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { atomData, atomLength, atomOf } from "../../registry/atom";
import { newFactory } from "../../registry/factory";
import { TsDemuxer, TsEvent, TsProgram, TsStream } from "./demuxer";
import { Descriptor, TIMESTAMP_RATE, unwrap } from "./misc";
import { OPUS_RATE, OpusUnit, readOpusUnit } from "./opus";
import { Head } from "../head";
import { failWrongType } from "../wrongtype";
import { findDescriptor } from "./psi";
import { streamCaps, streamTemplate } from "./streamcaps";

/** Jumps of the timestamps that start a new timeline: announced by the stream, and not. 90 kHz. */
const JUMP_ANNOUNCED: i64 = 90_000;
const JUMP: i64 = 900_000;

/** How far a stream without data may lag behind the others before it is told to be silent, ns. */
const MAX_SILENCE: i64 = 1_500_000_000;

/** Bytes without a packet after which this is no transport stream. */
const MAX_UNSYNCED: u64 = 1 << 20;

/** Packets after which programs without a table are waited for no longer. */
const MAX_WAIT: u64 = 50000;

/**
 * The timeline of a program: maps its timestamps to running time. Timestamps may jump (a new time base); running time
 * goes on where it was.
 */
@unmanaged
class Timeline {
  /** Counts the jumps; streams cross them one after the other. */
  epoch: u32;
  known: bool;
  /** Last timestamp in this epoch, 90 kHz, unwrapped. */
  last: i64;
  /** Timestamp where the epoch starts, 90 kHz, and its running time, ns. */
  start: i64;
  base: i64;
  /** Highest running time so far, ns. */
  high: i64;
}

/** What the element keeps of a stream with a pad. */
@unmanaged
class TsPad {
  pad: Pad;
  stream: TsStream;
  timeline: Timeline;
  epoch: u32;
  timeBase: u32;
  started: bool;
  /** Last timestamp, 90 kHz, unwrapped, or NONE. */
  last: i64;
  /** Running time up to which it is known, ns. */
  running: i64;
  /** The segment in force. */
  start: i64;
  base: i64;
  sequence: u32;
  /** Its PES packets hold units with a header each. */
  bundled: bool;
}

@unmanaged
class TsDemux extends Element {
  demuxer: TsDemuxer;
  /** The frame being taken apart, and the stretch of it that comes next. */
  input: Frame | null;
  slice: u32;
  piece: u32;
  /** Offset of the next byte. */
  offset: i64;
  discont: bool;
  complete: bool;
  finished: bool;
  warnings: u32;
  lost: u64;
  /** While no packets have been found. */
  head_bytes: usize;
  head_length: u32;
  /** A PES packet of Opus whose units are given one by one, its pad, and where the next one starts. */
  bundle: Frame | null;
  bundlePad: TsPad;
  bundleAt: u32;
  bundleSamples: u32;

  @inline
  get head(): Head {
    return changetype<Head>(changetype<usize>(this) + offsetof<TsDemux>("head_bytes"));
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<TsDemux>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.flush = flush.index;
}

function start(e: Element): i32 {
  const self = changetype<TsDemux>(e);
  const p = alloc(offsetof<TsDemuxer>(), Owner.Parser);
  self.demuxer = changetype<TsDemuxer>(p);
  if (!p || !self.demuxer.init()) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.input = null;
  self.bundle = null;
  self.offset = 0;
  self.complete = false;
  self.finished = false;
  self.warnings = 0;
  self.lost = 0;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<TsDemux>(e);
  dropInput(self);
  dropBundle(self);
  self.head.drop();
  if (!changetype<usize>(self.demuxer)) return;
  const streams = self.demuxer.streams;
  for (let i: u32 = 0; i < streams.length; i++) {
    free(streams.get(i).user);
    streams.get(i).user = 0;
  }
  const programs = self.demuxer.programs;
  for (let i: u32 = 0; i < programs.length; i++) {
    free(programs.get(i).user);
    programs.get(i).user = 0;
  }
  self.demuxer.release();
  free(changetype<usize>(self.demuxer));
  self.demuxer = changetype<TsDemuxer>(0);
}

function dropInput(self: TsDemux): void {
  if (self.input) frameUnref(self.input!);
  self.input = null;
}

function dropBundle(self: TsDemux): void {
  if (self.bundle) frameUnref(self.bundle!);
  self.bundle = null;
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<TsDemux>(e);
  dropInput(self);
  dropBundle(self);
  self.finished = false;
  self.demuxer.flush();
  const streams = self.demuxer.streams;
  for (let i: u32 = 0; i < streams.length; i++) {
    const t = changetype<TsPad>(streams.get(i).user);
    if (!changetype<usize>(t)) continue;
    t.started = false;
    t.last = NONE;
    t.timeline.known = false;
  }
}

function work(e: Element): i32 {
  const self = changetype<TsDemux>(e);
  const d = self.demuxer;
  while (!e.has(ElementFlag.Failed)) {
    if (!roomAll(e)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
    spend(1);
    if (self.bundle) {
      giveBundled(self);
      continue;
    }
    switch (d.next()) {
      case TsEvent.Need:
        if (!feed(self)) return Work.Idle;
        break;
      case TsEvent.Programs:
        changePrograms(self);
        break;
      case TsEvent.Pes:
        givePes(self, d.stream!);
        break;
      case TsEvent.Section:
        giveSections(self, d.stream!);
        break;
      case TsEvent.Resync:
        warn(self, Code.Resynced, d.lostAt, d.lost);
        break;
      case TsEvent.Loss:
        self.lost += d.lost;
        store<i64>(e.slot(Prop.lost), self.lost);
        warn(self, Code.Lost, d.lostAt, d.lost);
        break;
      case TsEvent.Scrambled:
        beginReport(e, Code.Scrambled, d.lostAt, NONE);
        addInt(d.stream!.pid);
        sendMessage(Post.Warning);
        break;
      default:
        finish(self);
        return Work.Idle;
    }
    if (d.full) failMemory(e);
  }
  return Work.Idle;
}

/** The first damages are told one by one, then ever fewer. */
function warn(self: TsDemux, code: Code, offset: i64, count: u32): void {
  if (!isTold(++self.warnings)) return;
  beginReport(self, code, offset, NONE);
  addInt(count);
  sendMessage(Post.Warning);
}

/** Gives the demuxer its next piece; false when there is none now. */
function feed(self: TsDemux): bool {
  const d = self.demuxer;
  const link = self.sink!.link;
  if (!link || self.finished) return false;
  store<i64>(self.slot(Prop.packets), d.packets);
  store<i64>(self.slot(Prop.packet_size), d.stride);
  if (!d.stride && d.unsynced > MAX_UNSYNCED) {
    wrongType(self);
    return false;
  }
  if (!self.complete && d.packets > MAX_WAIT) completePads(self);
  while (!self.input) {
    if (link.head == link.tail) return false;
    const packet = take(link);
    if (isEvent(packet)) {
      if (!event(self, packet)) return true;
      continue;
    }
    const f = asFrame(packet);
    if (f.offset >= 0) self.offset = f.offset;
    self.input = f;
    self.slice = 0;
    self.piece = 0;
    if (!f.count) dropInput(self);
  }
  const f = self.input!;
  const s = f.slices.at(self.slice);
  const data = s.data + self.piece * (s.run & 255);
  const ok = d.feed(s.block, data, s.length, self.offset);
  if (!d.stride) self.head.keep(data, s.length);
  else if (self.head.bytes) self.head.drop();
  self.offset += s.length;
  spend(<i32>(s.length >> 12));
  if (++self.piece >= (s.run ? s.run >> 8 : 1)) {
    self.piece = 0;
    if (++self.slice == f.count) dropInput(self);
  }
  if (!ok) failMemory(self);
  return ok;
}

/** Deals with an event of the input; false when the stream has ended. */
function event(self: TsDemux, packet: usize): bool {
  const ev = asEvent(packet);
  noteEvent(self.sink!, ev);
  const type = ev.type;
  eventUnref(ev);
  if (type != EventType.Eos) return true;
  self.demuxer.finish();
  return false;
}

function wrongType(self: TsDemux): void {
  failWrongType(self, Atom.video_mpegts, self.head.bytes, self.head.length);
  self.head.drop();
}

/** Opens pads for new streams and ends those of streams that are gone. */
function changePrograms(self: TsDemux): void {
  const streams = self.demuxer.streams;
  for (let i: u32 = 0; i < streams.length; i++) {
    const s = streams.get(i);
    if (s.gone && s.user) closeStream(self, s);
  }
  const only = self.propInt(Prop.program_number);
  for (let i: u32 = 0; i < streams.length; i++) {
    const s = streams.get(i);
    if (s.gone || s.user || (only >= 0 && s.program.number != <u32>only)) continue;
    if (s.sections && !self.propBool(Prop.parse_private_sections)) continue;
    if (!openStream(self, s)) return;
  }
  const programs = self.demuxer.programs;
  for (let i: u32 = 0; i < programs.length; i++) {
    const p = programs.get(i);
    if (p.pid && p.version < 0 && (only < 0 || p.number == <u32>only)) return;
  }
  completePads(self);
}

function completePads(self: TsDemux): void {
  if (self.complete) return;
  self.complete = true;
  noMorePads(self);
}

function timelineOf(program: TsProgram): Timeline {
  if (!program.user) program.user = allocZero(offsetof<Timeline>(), Owner.Parser);
  return changetype<Timeline>(program.user);
}

const NAME: usize = memory.data(64, 4);
const NAME_TEXT: usize = memory.data(TEXT_SIZE, 4);

/** The name of a stream's pad: what its template says, with 0 and the PID in hexadecimal. */
function streamName(self: TsDemux, template: u32, pid: u32): u32 {
  const t = self.factory.template(template).name;
  const text = changetype<Text>(NAME_TEXT).into(NAME, 64);
  for (let i: u32 = 0; i < atomLength(t) && load<u8>(atomData(t) + i) != 37; i++) text.byte(load<u8>(atomData(t) + i));
  text.hex(0, 1);
  text.byte(95);
  text.hex(pid, 5);
  return atomOf(NAME, text.length);
}

function openStream(self: TsDemux, s: TsStream): bool {
  const p = allocZero(offsetof<TsPad>(), Owner.Parser);
  const timeline = timelineOf(s.program);
  if (!p || !changetype<usize>(timeline)) {
    free(p);
    failMemory(self);
    return false;
  }
  const caps = streamCaps(s.type, s.info, s.infoLength, s.program.registration == fourcc(72, 68, 77, 86));
  const template = streamTemplate();
  const pad = openPad(self, template, streamName(self, template, s.pid), caps);
  const bundled = caps.media == Atom.audio_x_opus;
  capsUnref(caps);
  if (!pad) {
    free(p);
    return false;
  }
  const t = changetype<TsPad>(p);
  t.pad = pad;
  t.stream = s;
  t.timeline = timeline;
  t.last = NONE;
  t.bundled = bundled;
  t.epoch = timeline.epoch;
  s.user = p;
  s.wanted = pad.link != null;
  const d = findDescriptor(s.info, s.infoLength, Descriptor.Language, 3);
  if (d) {
    const tags = newTags();
    if (tags) {
      tags.text(Atom.language_code, d, 3);
      pushTags(self, pad, tags);
      tagsUnref(tags);
    }
  }
  return true;
}

/** Ends the pad of a stream that its program no longer has. */
function closeStream(self: TsDemux, s: TsStream): void {
  const t = changetype<TsPad>(s.user);
  if (s.open && s.size) {
    s.more = false;
    givePes(self, s);
  }
  while (self.bundle) giveBundled(self);
  s.open = false;
  beginMessage(self);
  addAtom(t.pad.name);
  sendMessage(Post.PadRemoved);
  if (!t.pad.has(PadFlag.Eos)) pushEvent(t.pad, newEvent(EventType.Eos));
  t.pad.flags |= PadFlag.Gone;
  free(s.user);
  s.user = 0;
}

/** Sends what the demuxer has of a PES packet as a frame. */
function givePes(self: TsDemux, s: TsStream): void {
  const t = changetype<TsPad>(s.user);
  const d = self.demuxer;
  if (!changetype<usize>(t) || !s.wanted) {
    d.taken(s);
    return;
  }
  const f = newFrame();
  if (!f) {
    failMemory(self);
    return;
  }
  if (s.continued) f.flags |= FrameFlag.Continued;
  else if (s.pts >= 0) stamp(self, t, f, s);
  if (!t.started) startPad(self, t);
  if (s.corrupt) f.flags |= FrameFlag.Corrupt;
  if (s.discont) f.flags |= FrameFlag.Discont;
  if (!s.more) f.flags |= FrameFlag.Marker;
  f.offset = s.offset;
  f.sequence = t.sequence++;
  if (!s.pes.moveTo(f.slices, s.size)) d.full = true;
  d.taken(s);
  if (t.bundled) openBundle(self, t, f);
  else push(t.pad, f);
  followSilence(self, t);
}

/** Starts to give the units of a PES packet, which have a header of their own each. */
function openBundle(self: TsDemux, t: TsPad, f: Frame): void {
  // What a closed stream leaves is given at once: its pad ends behind it.
  while (self.bundle) giveBundled(self);
  self.bundle = f;
  self.bundlePad = t;
  self.bundleAt = 0;
  self.bundleSamples = 0;
}

const UNIT: usize = memory.data(offsetof<OpusUnit>(), 4);

/** Gives the next unit of the bundle. */
function giveBundled(self: TsDemux): void {
  const from = self.bundle!;
  const u = changetype<OpusUnit>(UNIT);
  if (!readOpusUnit(from.slices, self.bundleAt, u)) {
    if (self.bundleAt < from.size) warn(self, Code.SkippedBytes, from.offset, from.size - self.bundleAt);
    dropBundle(self);
    return;
  }
  const f = newFrame();
  if (!f || !appendSlices(f.slices, from.slices, self.bundleAt + u.head, u.size)) {
    if (f) frameUnref(f);
    dropBundle(self);
    failMemory(self);
    return;
  }
  copyProperties(f, from, 0);
  if (self.bundleAt) f.flags &= ~(FrameFlag.Discont | FrameFlag.Corrupt);
  const passed = ticksToNs(self.bundleSamples, OPUS_RATE);
  self.bundleSamples += u.samples;
  f.duration = ticksToNs(self.bundleSamples, OPUS_RATE) - passed;
  if (f.pts != NONE) {
    f.pts += passed;
    f.dts = f.pts;
  }
  f.sequence = self.bundlePad.sequence++;
  self.bundleAt += u.head + u.size;
  push(self.bundlePad.pad, f);
  if (self.bundleAt >= from.size) dropBundle(self);
}

/** Gives a frame its times: unwrapped, and on the timeline of the program. */
function stamp(self: TsDemux, t: TsPad, f: Frame, s: TsStream): void {
  const tl = t.timeline;
  const raw = s.dts >= 0 ? s.dts : s.pts;
  let time = t.last != NONE ? unwrap(raw, t.last) : tl.known ? unwrap(raw, tl.last) : raw;
  if (!tl.known) begin(self, t, s, time);
  const d = t.last != NONE ? time - t.last : time - tl.last;
  const announced = s.timeBase != t.timeBase;
  t.timeBase = s.timeBase;
  if (abs<i64>(d) > (announced ? JUMP_ANNOUNCED : JUMP)) {
    const near = unwrap(raw, tl.last);
    if (t.epoch != tl.epoch && abs<i64>(near - tl.last) <= JUMP) time = near;
    else {
      tl.epoch++;
      tl.start = time;
      tl.base = tl.high;
    }
  }
  if (t.epoch != tl.epoch || !t.started) {
    t.epoch = tl.epoch;
    t.start = tl.start;
    t.base = tl.base;
    startPad(self, t);
    if (t.sequence) f.flags |= FrameFlag.Discont;
  }
  t.last = time;
  tl.last = time;
  const pts = unwrap(s.pts, time);
  f.pts = ticksToNs(pts, TIMESTAMP_RATE);
  // Without a decoding time of its own it is the presentation time (2.4.3.7).
  f.dts = ticksToNs(time, TIMESTAMP_RATE);
  t.running = t.base + ticksToNs(time - t.start, TIMESTAMP_RATE);
  tl.high = max<i64>(tl.high, t.running);
}

/** Starts the timeline of a program: running time 0 is its clock when the first stamped packet comes. */
function begin(self: TsDemux, t: TsPad, s: TsStream, time: i64): void {
  const tl = t.timeline;
  tl.known = true;
  tl.last = time;
  tl.start = time;
  tl.base = tl.high;
  t.timeBase = s.timeBase;
  const pcr = s.program.pcr;
  if (pcr < 0 || self.propBool(Prop.ignore_pcr)) return;
  const clock = unwrap(pcr / 300, time);
  if (clock <= time && time - clock <= JUMP) tl.start = clock;
}

const SEGMENT: usize = memory.data(64, 8);

/** Sends the segment that maps a stream's timestamps to running time. */
function startPad(self: TsDemux, t: TsPad): void {
  t.started = true;
  const s = changetype<Segment>(SEGMENT).init(Format.Time);
  s.start = ticksToNs(t.start, TIMESTAMP_RATE);
  s.time = t.base;
  s.base = t.base;
  s.position = s.start;
  pushSegment(t.pad, s);
}

/** Tells streams that have had no data for long that there is none, so that nobody waits for them. */
function followSilence(self: TsDemux, active: TsPad): void {
  const tl = active.timeline;
  const streams = self.demuxer.streams;
  for (let i: u32 = 0; i < streams.length; i++) {
    const t = changetype<TsPad>(streams.get(i).user);
    if (!changetype<usize>(t) || changetype<usize>(t.timeline) != changetype<usize>(tl)) continue;
    if (!streams.get(i).wanted || tl.high - t.running < MAX_SILENCE) continue;
    if (!t.started || t.epoch != tl.epoch) {
      t.epoch = tl.epoch;
      t.start = tl.start;
      t.base = tl.base;
      t.running = t.base;
      t.last = NONE;
      startPad(self, t);
      if (tl.high - t.running < MAX_SILENCE) continue;
    }
    const until = tl.high - SECOND;
    const from = ticksToNs(t.start, TIMESTAMP_RATE) + (t.running - t.base);
    pushEvent(t.pad, gapEvent(from, until - t.running));
    t.running = until;
  }
}

/** Sends the whole sections of a packet, a frame each. */
function giveSections(self: TsDemux, s: TsStream): void {
  const d = self.demuxer;
  const t = changetype<TsPad>(s.user);
  let more = true;
  while (more) {
    if (changetype<usize>(t)) {
      if (!t.started) startPad(self, t);
      const f = newFrame();
      const b: Block | null = f ? newBlock(d.sectionLength) : null;
      if (!f || !b) {
        if (f) frameUnref(f);
        failMemory(self);
        return;
      }
      memory.copy(b.data, d.sectionAt, d.sectionLength);
      f.append(b.data, b, d.sectionLength, 0);
      blockUnref(b);
      f.offset = s.offset;
      f.sequence = t.sequence++;
      push(t.pad, f);
    }
    more = d.nextSection();
  }
}

/** The end: nothing is left in the demuxer. */
function finish(self: TsDemux): void {
  if (self.finished) return;
  const d = self.demuxer;
  self.finished = true;
  store<i64>(self.slot(Prop.packets), d.packets);
  store<i64>(self.slot(Prop.packet_size), d.stride);
  if (d.carried) {
    beginReport(self, Code.Truncated, d.waitOffset, NONE);
    addAtom(Atom.packet);
    addInt(d.stride - d.carried);
    sendMessage(Post.Warning);
  }
  if (!d.stride || !d.packets) {
    if (self.offset) wrongType(self);
    else {
      beginReport(self, Code.NoData, 0, NONE);
      sendError(self);
    }
    return;
  }
  if (!d.streams.length) {
    beginReport(self, Code.NoProgram, 0, NONE);
    addInt(d.packets);
    sendError(self);
    return;
  }
  completePads(self);
  if (!self.has(ElementFlag.Failed)) pushEos(self);
}
