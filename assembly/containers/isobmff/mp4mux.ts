import { putBe16, sameBytes } from "../../base/bytes";
import { Owner, allocZero, free } from "../../base/heap";
import { WRITER_SIZE, Writer } from "../../base/writer";
import { unionCaps } from "../../caps/algebra";
import { Caps, capsRef, capsUnref } from "../../caps/caps";
import { Kind, gcd } from "../../caps/value";
import { Block, BlockPool, blockUnref, closeBlockPool, ownedBlock, takeBlock } from "../../core/block";
import { Event, EventType, newEvent } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { Format, SEGMENT_SIZE, Segment } from "../../core/segment";
import { appendSlices } from "../../core/slices";
import { Tags, findTag } from "../../core/tags";
import { MILLISECOND, NONE, SECOND, nsToTicks, scale } from "../../core/time";
import { CopyReason, Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, FragmentMode, Prop, Template } from "../../generated/elements/mp4mux";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { Aggregate, aggregate, nextPad } from "../../graph/aggregate";
import { choosePool } from "../../graph/allocation";
import { addAtom, addCaps, addInt, beginReport, failMemory, sendError, sendMessage } from "../../graph/bus";
import { pushSegment } from "../../graph/demux";
import { Element, ElementFlag, Work, addPad, bookCopy, push, pushEos, pushEvent, room } from "../../graph/element";
import { asFrame, dropPacket, isEvent, peek, take } from "../../graph/link";
import { Pad, PadFlag } from "../../graph/pad";
import { PipelineFlag, pipeline, spend, waitForData } from "../../graph/pipeline";
import { Query, QueryType, askPeer, beginQuery, endQuery } from "../../graph/query";
import { padName } from "../../graph/request";
import { startStream } from "../../graph/source";
import { newFactory } from "../../registry/factory";
import { Fourcc, HEADER, LARGE_HEADER, boxSize } from "./boxes";
import { isLarge } from "./boxwriter";
import { orientationNumber, writeItems } from "./filetags";
import { packLanguage } from "./misc";
import { FRAGMENT_WORDS, MUX_SAMPLE_SIZE, MuxSample, MuxTrack, newMuxTrack } from "./muxtrack";
import { MUXER_SIZE, Muxer } from "./muxer";
import {
  Framing,
  HEAD_BYTES,
  frameBytesOf,
  framingOf,
  isTextMedia,
  isVideoMedia,
  writeSampleEntry,
} from "./sampleentry";
import { Handler } from "./track";

/** Bytes of a block that headers are written into, and how far apart headers lie in it. */
const STAGING: u32 = 65536;
const STAGING_ALIGN: u32 = 16;

/** A chunk ends when it is longer, bytes and ns, also where only one stream is written. */
const MAX_CHUNK: u64 = 1 << 20;
const MAX_CHUNK_TIME: i64 = SECOND;

/** Ticks a second of media timestamps. */
const TICKS: u32 = 90000;

/** The longest sample, ticks. */
const MAX_DURATION: i64 = 0xffffffff;

/** The most that TICKS is multiplied by, so that frames fall on whole ticks. */
const MAX_MULTIPLE: i64 = 16;

/** What the element keeps of a sink pad. */
@unmanaged
class MuxPad {
  track: MuxTrack | null;
  framing: Framing;
  /** The caps have changed: a sample entry is to be written with the next frame. */
  renew: bool;
  /** Decoding time that the next frame has if it follows the last one, ticks; NONE before the first. */
  expected: i64;
  language: u32;
  orientation: u32;
}

@unmanaged
class Mp4Mux extends Element {
  begun: bool;
  finished: bool;
  fragmented: bool;
  /** The progressive file's index is kept: always but when fragments stay fragments. */
  indexed: bool;
  /** The header is written. */
  headed: bool;
  /** Bytes written, and where the box is that becomes the media's. */
  position: i64;
  mdat: i64;
  /** The pad whose chunk is being written, where it started (running time, ns), and its bytes. */
  last: Pad | null;
  chunkStart: i64;
  chunkBytes: u64;
  /** Where the turn of `last` started, during which the others wait, running time, ns, and its bytes; NONE when it is over. */
  turnStart: i64;
  turnBytes: u64;
  /** Where the fragment being made starts, running time, ns, and its bytes. */
  fragmentStart: i64;
  fragmentBytes: u64;
  /** Sending a fragment's samples: the track and the place in its list. */
  sending: bool;
  sendTrack: u32;
  sendAt: u32;
  pool: BlockPool | null;
  staging: Block | null;
  /** The sink was asked whether it can seek, and nobody knew. */
  unanswered: bool;
  /** Where the length of a fragmented movie goes at the end, bytes; 0: nowhere. */
  lengthAt: i64;
  warnedBack: bool;
  nested: u64;

  @inline
  get muxer(): Muxer {
    return changetype<Muxer>(changetype<usize>(this) + MUXER_AT);
  }

  @inline
  get writer(): Writer {
    return changetype<Writer>(changetype<usize>(this) + WRITER_AT);
  }
}

const MUXER_AT: usize = offsetof<Mp4Mux>("nested");
const WRITER_AT: usize = MUXER_AT + ((MUXER_SIZE + 7) & ~7);
const SIZE: u32 = <u32>WRITER_AT + WRITER_SIZE;

const SAMPLE: usize = memory.data(MUX_SAMPLE_SIZE, 8);
const SILENCE: usize = memory.data(MUX_SAMPLE_SIZE, 8);
const HEAD: usize = memory.data(HEAD_BYTES, 8);
const SEGMENT: usize = memory.data(SEGMENT_SIZE, 8);
const LENGTH: usize = memory.data(4, 4);

@inline
function sampleCell(): MuxSample {
  return changetype<MuxSample>(SAMPLE);
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.request = request.index;
  f.flush = flush.index;
  f.query = query.index;
  f.padCaps = padCaps.index;
}

function request(e: Element, template: u32, name: u32): Pad | null {
  return addPad(e, template, padName(e, template, name));
}

/** What a pad takes; one of any kind, which is what a link gets that does not say what it carries, what all others take. */
function padCaps(e: Element, pad: Pad): Caps {
  const f = e.factory;
  if (pad.template != Template.sink__u) return capsRef(f.template(pad.template).caps);
  const some = unionCaps(f.template(Template.video__u).caps, f.template(Template.audio__u).caps);
  const all = unionCaps(some, f.template(Template.subtitle__u).caps);
  capsUnref(some);
  return all;
}

@inline
function stateOf(pad: Pad): MuxPad {
  return changetype<MuxPad>(pad.state);
}

function start(e: Element): i32 {
  const self = changetype<Mp4Mux>(e);
  self.begun = false;
  self.finished = false;
  self.headed = false;
  self.position = 0;
  self.mdat = 0;
  self.last = null;
  self.chunkStart = NONE;
  self.chunkBytes = 0;
  self.turnStart = NONE;
  self.turnBytes = 0;
  self.fragmentStart = NONE;
  self.fragmentBytes = 0;
  self.sending = false;
  self.warnedBack = false;
  self.lengthAt = 0;
  self.fragmented = e.propInt(Prop.fragment_duration) > 0;
  self.indexed = !self.fragmented || e.propInt(Prop.fragment_mode) == FragmentMode.first_moov_then_finalise;
  self.muxer.prepare(self.fragmented, <u32>e.propInt(Prop.movie_timescale));
  self.muxer.notePoints = self.fragmented && !self.indexed && !e.propBool(Prop.streamable);
  memory.fill(changetype<usize>(self.writer), 0, WRITER_SIZE);
  for (let p = e.sink; p; p = p!.next) {
    const state = changetype<MuxPad>(allocZero(offsetof<MuxPad>(), Owner.Element));
    p.state = changetype<usize>(state);
    if (!p.state) {
      failMemory(e);
      return Code.NoMemory;
    }
    state.expected = NONE;
    state.orientation = 1;
  }
  return 0;
}

function stop(e: Element): void {
  const self = changetype<Mp4Mux>(e);
  for (let p = e.sink; p; p = p!.next) {
    free(p.state);
    p.state = 0;
  }
  dropFragment(self);
  self.muxer.release();
  self.writer.release();
  if (self.staging) blockUnref(self.staging!);
  self.staging = null;
  closeBlockPool(self.pool);
  self.pool = null;
}

/** Forgets the samples of the fragment that have not been sent. */
function dropFragment(self: Mp4Mux): void {
  const tracks = self.muxer.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) {
    const list = tracks.get(i).fragment;
    const sent =
      self.sending && i < self.sendTrack ? list.length : self.sending && i == self.sendTrack ? self.sendAt : 0;
    for (let k = sent; k < list.length; k += FRAGMENT_WORDS) frameUnref(changetype<Frame>(<usize>list.get(k)));
    list.length = 0;
  }
  self.sending = false;
}

function flush(e: Element, pad: Pad): void {
  const p = stateOf(pad);
  if (!pad.state) return;
  p.expected = NONE;
}

/** Bytes of another kind than those upstream: nobody may ask upstream for them. */
function query(e: Element, pad: Pad, q: Query): bool {
  if (pad.isSink || q.format != Format.Bytes) return false;
  if (q.type != QueryType.Seeking && q.type != QueryType.Duration && q.type != QueryType.Ranges) return false;
  changetype<Mp4Mux>(e).unanswered = true;
  q.a = 0;
  return true;
}

/** Starts the stream of the file; false after an error was posted. */
function begin(self: Mp4Mux): bool {
  self.begun = true;
  if (!startStream(self, Format.Bytes)) return false;
  const streamable = self.propBool(Prop.streamable);
  if (self.fragmented && !self.indexed && streamable) return true;
  const q = beginQuery(QueryType.Seeking, Format.Bytes);
  self.unanswered = false;
  const known = askPeer(self.src!, q) && !self.unanswered;
  const can = q.a != 0;
  endQuery();
  if (self.fragmented && !self.indexed) {
    self.muxer.lengthLater = known && can;
    return true;
  }
  // The index goes where something else has been written: the sink must be able to go back.
  if (!known || can) return true;
  beginReport(self, Code.SinkNotSeekable, 0, NONE);
  sendError(self);
  return false;
}

function work(e: Element): i32 {
  const self = changetype<Mp4Mux>(e);
  if (!self.begun && !begin(self)) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    if (self.finished) {
      drain(e);
      return Work.Idle;
    }
    if (self.sending && !sendFragment(self)) return Work.Idle;
    if (!room(e.src!)) return Work.Idle;
    const pad = choose(self);
    if (!pad) {
      if (self.sending || self.finished) continue;
      return Work.Idle;
    }
    spend(2);
    if (cutsHere(self, pad, asFrame(peek(pad.link!)))) startFragment(self);
    else mux(self, pad, asFrame(take(pad.link!)));
  }
  return Work.Idle;
}

function drain(e: Element): void {
  for (let pad = e.sink; pad; pad = pad!.next) {
    const link = pad.link;
    if (link) while (link.head != link.tail) dropPacket(take(link));
  }
}

/**
 * The pad whose frame comes next: that of the current chunk while it may go on, else the one with the earliest decoding
 * time. Null when data must be waited for, or when all streams have ended.
 */
function choose(self: Mp4Mux): Pad | null {
  const state = aggregate(self, takeEvent.index, decodingTime.index);
  if (self.has(ElementFlag.Failed)) return null;
  if (state == Aggregate.End) {
    finish(self);
    return null;
  }
  const last = self.last;
  const bytes = <u64>self.propInt(Prop.interleave_bytes);
  if (last && last.link && self.turnStart != NONE && (!bytes || self.turnBytes < bytes)) {
    const link = last.link!;
    const limit = self.turnStart + self.propInt(Prop.interleave_time);
    if (link.head != link.tail) {
      if (decodingTime(last, asFrame(peek(link))) < limit) {
        self.clear(ElementFlag.Waiting);
        return last;
      }
    } else if (!last.has(PadFlag.Eos) && last.silent < limit) {
      // The others are held up until its turn is over.
      if (state == Aggregate.Frame) waitForData(self);
      return null;
    }
  }
  if (state != Aggregate.Frame) return null;
  self.turnStart = NONE;
  return nextPad();
}

/** Running time at which a frame is decoded, ns; without any time that of the frame before. */
function decodingTime(pad: Pad, frame: Frame): i64 {
  const t = pad.segment.runningTime(frame.dts != NONE ? frame.dts : frame.pts);
  if (t != NONE) return t;
  const p = stateOf(pad);
  return p.track && p.expected != NONE ? scale(p.expected, SECOND, p.track!.timescale) : 0;
}

function takeEvent(e: Element, pad: Pad, event: Event): void {
  const self = changetype<Mp4Mux>(e);
  const p = stateOf(pad);
  switch (event.type) {
    case EventType.Caps:
      p.renew = true;
      break;
    case EventType.Tags:
      if (event.tags) takeTags(self, p, event.tags!);
      break;
    default:
      break;
  }
}

function takeTags(self: Mp4Mux, p: MuxPad, tags: Tags): void {
  const language = findTag(tags, Atom.language_code, LENGTH);
  if (language) p.language = packLanguage(language, load<u32>(LENGTH));
  const orientation = findTag(tags, Atom.image_orientation, LENGTH);
  if (orientation) p.orientation = orientationNumber(orientation, load<u32>(LENGTH));
  if (!self.fragmented || !self.headed) writeItems(self.muxer.tags, tags);
  if (p.track) describe(p, p.track!);
}

/** Gives a track what tags said about it. */
function describe(p: MuxPad, t: MuxTrack): void {
  if (p.language) t.language = p.language;
  t.orientation = p.orientation;
}

/** The pad that decides where fragments are cut: the first video, or the first stream. */
function leader(self: Mp4Mux): Pad | null {
  let first: Pad | null = null;
  for (let pad = self.sink; pad; pad = pad!.next) {
    const t = pad.link ? stateOf(pad).track : null;
    if (!t || (pad.has(PadFlag.Eos) && pad.link!.head == pad.link!.tail)) continue;
    if (t.isVideo) return pad;
    if (!first) first = pad;
  }
  return first;
}

/** Whether a new fragment starts with a frame. */
function cutsHere(self: Mp4Mux, pad: Pad, frame: Frame): bool {
  if (!self.fragmented || self.fragmentStart == NONE) return false;
  // Without key frames for long, memory decides.
  if (self.fragmentBytes > <u64>(pipeline().ceiling >> 2)) return true;
  const p = stateOf(pad);
  if (!p.track || leader(self) != pad || !isSync(p.track!, frame)) return false;
  return decodingTime(pad, frame) - self.fragmentStart >= self.propInt(Prop.fragment_duration) * MILLISECOND;
}

function isSync(t: MuxTrack, frame: Frame): bool {
  return !t.isVideo || !frame.has(FrameFlag.Delta);
}

/** Writes a frame into the file, or into the fragment; owns it. */
function mux(self: Mp4Mux, pad: Pad, frame: Frame): void {
  const p = stateOf(pad);
  if (!frame.size || (p.renew && !renew(self, pad, p, frame))) {
    frameUnref(frame);
    return;
  }
  const t = p.track;
  if (!t) {
    beginReport(self, Code.NoCaps, self.position, frame.pts);
    sendError(self);
    frameUnref(frame);
    return;
  }
  const s = sampleCell();
  if (!stamp(self, pad, p, t, s, frame)) {
    frameUnref(frame);
    return;
  }
  const time = decodingTime(pad, frame);
  if (p.framing == Framing.Text) {
    const end = s.dts + s.duration;
    if (p.expected != NONE && s.dts > p.expected && !silence(self, pad, p, t, time)) {
      frameUnref(frame);
      return;
    }
    p.expected = end;
    const framed = frameText(self, frame);
    frameUnref(frame);
    if (framed) put(self, pad, t, s, framed, time);
    else failMemory(self);
    return;
  }
  p.expected = s.dts + s.duration;
  put(self, pad, t, s, frame, time);
}

/** Writes an empty text for the time between two; false after an error was posted. */
function silence(self: Mp4Mux, pad: Pad, p: MuxPad, t: MuxTrack, time: i64): bool {
  const f = newFrame();
  const q: usize = f ? stage(self, 2, f) : 0;
  if (!f || !q) {
    if (f) frameUnref(f);
    failMemory(self);
    return false;
  }
  putBe16(q, 0);
  const s = changetype<MuxSample>(SILENCE);
  const next = sampleCell();
  s.dts = p.expected;
  s.pts = p.expected;
  s.ptsNs = scale(p.expected, SECOND, t.timescale);
  s.duration = <u32>min<i64>(next.dts - p.expected, MAX_DURATION);
  s.sync = true;
  s.hidden = false;
  put(self, pad, t, s, f, time);
  return !self.has(ElementFlag.Failed);
}

/** Adds a frame to the file, or to the fragment; owns it. */
function put(self: Mp4Mux, pad: Pad, t: MuxTrack, s: MuxSample, frame: Frame, time: i64): void {
  s.size = frame.size;
  if (self.fragmented) {
    if (self.fragmentStart == NONE) self.fragmentStart = time;
    self.fragmentBytes += s.size;
    if (!t.collect(s, <u32>changetype<usize>(frame))) failMemory(self);
    return;
  }
  if (!self.headed && !writeHead(self)) {
    frameUnref(frame);
    return;
  }
  const again = self.last == pad && self.chunkBytes < MAX_CHUNK && time - self.chunkStart < MAX_CHUNK_TIME;
  if (!again) {
    self.last = pad;
    self.chunkStart = time;
    self.chunkBytes = 0;
  }
  if (self.turnStart == NONE) {
    self.turnStart = time;
    self.turnBytes = 0;
  }
  self.chunkBytes += s.size;
  self.turnBytes += s.size;
  if (!t.index(s, self.position, again)) failMemory(self);
  self.position += s.size;
  push(self.src!, frame);
}

/** Makes a pad's track, or another sample entry of it, for its caps; false after an error was posted. */
function renew(self: Mp4Mux, pad: Pad, p: MuxPad, frame: Frame): bool {
  const caps = pad.caps!;
  p.renew = false;
  let t = p.track;
  if (!t) {
    t = makeTrack(self, pad, caps);
    if (!t) {
      failMemory(self);
      return false;
    }
    p.track = t;
  }
  const w = t.entries;
  const from = w.length;
  memory.fill(HEAD, 0, HEAD_BYTES);
  frame.slices.copyOut(0, HEAD, min<u32>(frame.size, HEAD_BYTES));
  const code = writeSampleEntry(w, caps, HEAD);
  if (code || w.full) {
    if (w.full) failMemory(self);
    else refuse(self, pad, caps, <Code>code);
    return false;
  }
  const known = knownEntry(w, from);
  if (known) {
    w.length = from;
    t.description = known;
    return true;
  }
  if (self.fragmented && self.headed) {
    beginReport(self, Code.NotInFragments, self.position, frame.pts);
    addAtom(pad.name);
    sendError(self);
    return false;
  }
  t.entryCount++;
  t.description = t.entryCount;
  return true;
}

/** Number of the sample entry before `from` that is the same as the one there, or 0. */
function knownEntry(w: Writer, from: u32): u32 {
  const end = w.data + from;
  const length = w.length - from;
  let number: u32 = 0;
  let n: u32 = 0;
  for (let q = w.data; (n = boxSize(q, end)); q += n) {
    number++;
    if (n == length && sameBytes(q, end, n)) return number;
  }
  return 0;
}

function refuse(self: Mp4Mux, pad: Pad, caps: Caps, code: Code): void {
  beginReport(self, code, self.position, NONE);
  if (code == Code.NoCodecData) {
    addAtom(pad.name);
    addAtom(caps.media);
  } else addCaps(caps);
  sendError(self);
}

function makeTrack(self: Mp4Mux, pad: Pad, caps: Caps): MuxTrack | null {
  const p = stateOf(pad);
  const media = caps.media;
  const video = isVideoMedia(media);
  const text = isTextMedia(media);
  const handler: u32 = video
    ? Handler.Video
    : !text
      ? Handler.Audio
      : media == Atom.application_ttml_xml
        ? Handler.Subtitle
        : media == Atom.text_x_raw
          ? Handler.SubtitleQt
          : Handler.Text;
  let timescale = <u32>self.propInt(Prop.trak_timescale);
  if (!timescale)
    timescale = video ? videoTimescale(caps) : text ? TICKS : <u32>max<i32>(caps.getInt(Atom.rate, 48000), 1);
  const t = newMuxTrack(pad.index, handler, timescale);
  if (!t) return null;
  if (!self.muxer.add(t)) {
    t.release();
    return null;
  }
  if (!self.muxer.timescale || (video && !self.propInt(Prop.movie_timescale) && !hasVideo(self, t))) {
    self.muxer.timescale = timescale;
  }
  t.frameBytes = frameBytesOf(caps);
  p.framing = framingOf(media);
  if (video) displaySize(t, caps);
  describe(p, t);
  return t;
}

/** Whether there is a video track before `t`. */
function hasVideo(self: Mp4Mux, t: MuxTrack): bool {
  const tracks = self.muxer.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) if (tracks.get(i) != t && tracks.get(i).isVideo) return true;
  return false;
}

/** The least multiple of 90000 on which frames of a known rate fall; timestamps of transport streams fall on all of them. */
function videoTimescale(caps: Caps): u32 {
  const rate = caps.find(Atom.framerate);
  if (!rate || rate.kind != Kind.Fraction || rate.a < 1) return TICKS;
  const multiple = <i64>rate.a / gcd(<i64>TICKS * rate.b, rate.a);
  return multiple <= MAX_MULTIPLE ? TICKS * <u32>multiple : TICKS;
}

/** The size at which a picture with other than square pixels is shown. */
function displaySize(t: MuxTrack, caps: Caps): void {
  const width = caps.getInt(Atom.width, 0);
  const par = caps.find(Atom.pixel_aspect_ratio);
  t.width = (<u32>width) & 0xffff;
  t.height = (<u32>caps.getInt(Atom.height, 0)) & 0xffff;
  if (par && par.kind == Kind.Fraction && par.a > 0) t.width = <u32>min<i64>(scale(width, par.a, par.b), 0xffff);
}

/** Fills in times; false after an error was posted. */
function stamp(self: Mp4Mux, pad: Pad, p: MuxPad, t: MuxTrack, s: MuxSample, frame: Frame): bool {
  const hasTime = frame.pts != NONE || frame.dts != NONE;
  if (!hasTime && p.expected == NONE) {
    beginReport(self, Code.NoTimestamp, self.position, NONE);
    addAtom(pad.name);
    sendError(self);
    return false;
  }
  s.sync = isSync(t, frame);
  s.hidden = frame.has(FrameFlag.DecodeOnly);
  s.dts = nextTicks(pad, p, t, frame);
  if (t.frameBytes) s.duration = frame.size / t.frameBytes;
  else
    s.duration =
      frame.duration != NONE ? <u32>min<i64>(nsToTicks(frame.duration, t.timescale), MAX_DURATION) : t.lastDuration;
  if (frame.pts == NONE || t.handler == Handler.Audio) {
    s.pts = s.dts;
    s.ptsNs = hasTime ? decodingTime(pad, frame) : scale(s.dts, SECOND, t.timescale);
  } else {
    s.ptsNs = pad.segment.runningTime(frame.pts);
    s.pts = nsToTicks(s.ptsNs, t.timescale);
  }
  if (t.begun && s.dts <= t.lastDts && !self.warnedBack) {
    self.warnedBack = true;
    beginReport(self, Code.TimeBack, self.position, frame.pts);
    addAtom(pad.name);
    addInt(scale(t.lastDts - s.dts, SECOND, t.timescale));
    sendMessage(Post.Warning);
  }
  return true;
}

/**
 * The decoding time of a frame in ticks of its track. Audio whose times differ from those of its frames laid end to end by
 * less than the ticks of a transport stream can tell is laid end to end.
 */
function nextTicks(pad: Pad, p: MuxPad, t: MuxTrack, frame: Frame): i64 {
  if (frame.pts == NONE && frame.dts == NONE) return p.expected;
  const ticks = nsToTicks(decodingTime(pad, frame), t.timescale);
  if (t.handler != Handler.Audio || p.expected == NONE) return ticks;
  const tolerance: i64 = t.frameBytes ? t.timescale : <i64>t.timescale / 45000 + 1;
  return abs<i64>(ticks - p.expected) <= tolerance ? p.expected : ticks;
}

/** A frame of text with its length in front; null when the heap has no room. */
function frameText(self: Mp4Mux, frame: Frame): Frame | null {
  const f = newFrame();
  if (!f) return null;
  const n = min<u32>(frame.size, 0xffff);
  const p = stage(self, 2, f);
  if (!p || !appendSlices(f.slices, frame.slices, 0, n)) {
    frameUnref(f);
    return null;
  }
  putBe16(p, n);
  f.pts = frame.pts;
  f.dts = frame.dts;
  return f;
}

/** Room for `n` bytes of headers in a block of the pool, appended to a frame; 0 when there is none. */
function stage(self: Mp4Mux, n: u32, into: Frame): usize {
  if (!self.pool) self.pool = choosePool(self.src!, STAGING, 1, STAGING_ALIGN);
  if (!self.pool) return 0;
  let b = self.staging;
  if (!b || b.fill + n > b.size) {
    if (b) blockUnref(b);
    b = takeBlock(self.pool!, -1);
    self.staging = b;
    if (!b) return 0;
  }
  const p = b.data + b.fill;
  b.fill += n;
  return into.append(p, b, n, 0) ? p : 0;
}

/** Sends what has been written into the writer; false after an error was posted. */
function emit(self: Mp4Mux): bool {
  const w = self.writer;
  const f = newFrame();
  if (!f || w.full || !give(self, w, f)) {
    if (f) frameUnref(f);
    failMemory(self);
    return false;
  }
  f.flags |= FrameFlag.Header;
  self.position += f.size;
  push(self.src!, f);
  return true;
}

/** Gives a frame the writer's bytes: a copy, or where they are many the memory itself. */
function give(self: Mp4Mux, w: Writer, f: Frame): bool {
  const n = w.length;
  if (n <= STAGING) {
    const p = stage(self, n, f);
    if (!p) return false;
    memory.copy(p, w.data, n);
    bookCopy(self, CopyReason.Index, n);
    w.clear();
    return true;
  }
  const b = ownedBlock(w.data, n);
  if (!b) return false;
  w.data = 0;
  w.capacity = 0;
  w.clear();
  const ok = f.append(b.data, b, n, 0);
  blockUnref(b);
  return ok;
}

/** What follows is written at `offset`. */
function seekTo(self: Mp4Mux, offset: i64): void {
  const s = changetype<Segment>(SEGMENT).init(Format.Bytes);
  s.start = offset;
  s.time = offset;
  s.position = offset;
  pushSegment(self.src!, s);
  self.position = offset;
}

/** Writes the head of a progressive file: its type, and a box of media whose size is to come. */
function writeHead(self: Mp4Mux): bool {
  self.headed = true;
  const w = self.writer;
  w.clear();
  self.muxer.writeFileType(w);
  self.mdat = w.length;
  // Together they have room for a size of 64 bits.
  w.u32(HEADER);
  w.u32(Fourcc.free);
  w.u32(HEADER);
  w.u32(Fourcc.mdat);
  return emit(self);
}

/** Starts sending the fragment: its boxes, behind those of the file if it is the first. */
function startFragment(self: Mp4Mux): void {
  const m = self.muxer;
  for (let pad = self.sink; pad; pad = pad!.next) {
    const link = pad.link;
    if (!link || link.head == link.tail) continue;
    // The last sample ends where the next one starts.
    const p = stateOf(pad);
    const packet = peek(link);
    if (!p.track || p.framing == Framing.Text || isEvent(packet)) continue;
    const left = nextTicks(pad, p, p.track!, asFrame(packet)) - p.track!.lastDts;
    if (left > 0 && left <= MAX_DURATION) p.track!.setLastDuration(<u32>left);
  }
  const w = self.writer;
  w.clear();
  if (!self.headed) {
    self.headed = true;
    m.writeFileType(w);
    if (self.indexed) {
      self.mdat = w.length;
      w.u32(LARGE_HEADER);
      w.u32(Fourcc.free);
      w.u64(0);
    }
    m.writeMovie(w, 0);
    self.lengthAt = self.position + m.lengthAt;
  }
  m.writeFragment(w, self.position + w.length);
  if (!emit(self)) return;
  self.sending = true;
  self.sendTrack = 0;
  self.sendAt = 0;
  let at = self.position;
  for (let i: u32 = 0; i < m.tracks.length && self.indexed; i++) {
    const t = m.tracks.get(i);
    if (t.fragment.length && !t.indexFragment(at)) failMemory(self);
    at += t.fragment.length ? t.fragmentBytes : 0;
  }
}

/** Sends the samples of the fragment while there is room; false when there is none. */
function sendFragment(self: Mp4Mux): bool {
  const tracks = self.muxer.tracks;
  const src = self.src!;
  while (self.sendTrack < tracks.length) {
    const list = tracks.get(self.sendTrack).fragment;
    while (self.sendAt < list.length) {
      if (!room(src)) return false;
      const frame = changetype<Frame>(<usize>list.get(self.sendAt));
      self.sendAt += FRAGMENT_WORDS;
      self.position += frame.size;
      push(src, frame);
    }
    self.sendTrack++;
    self.sendAt = 0;
  }
  self.muxer.endFragment();
  self.sending = false;
  self.fragmentStart = NONE;
  self.fragmentBytes = 0;
  return true;
}

/** All streams have ended: writes what is left. */
function finish(self: Mp4Mux): void {
  self.clear(ElementFlag.Waiting);
  if (self.fragmented && self.fragmentStart != NONE) {
    startFragment(self);
    return;
  }
  self.finished = true;
  if (!self.headed) {
    if (!pipeline().has(PipelineFlag.Failed)) {
      beginReport(self, Code.NoData, -1, NONE);
      sendError(self);
    } else pushEos(self);
    return;
  }
  const ok = !self.fragmented ? finishProgressive(self) : self.indexed ? finalise(self) : finishFragments(self);
  if (ok) pushEos(self);
}

/** Writes the index of a progressive file and the size of its media. */
function finishProgressive(self: Mp4Mux): bool {
  const w = self.writer;
  const m = self.muxer;
  const end = self.position;
  w.clear();
  m.writeMovie(w, 0);
  let length: u32 = 0;
  if (self.propBool(Prop.faststart)) {
    // The index moves the media, and offsets that grow over 32 bits by that make it larger.
    for (let i = 0; i < 3 && length != w.length; i++) {
      length = w.length;
      w.clear();
      m.writeMovie(w, length);
    }
    const event = newEvent(EventType.Insert);
    if (!event) {
      failMemory(self);
      return false;
    }
    event.start = self.mdat;
    event.stop = length;
    pushEvent(self.src!, event);
    seekTo(self, self.mdat);
  }
  if (!emit(self)) return false;
  return patch(self, self.mdat + length, end - self.mdat);
}

/** Turns what has been written from `mdat` on into one box of media, and writes an index for all of it. */
function finalise(self: Mp4Mux): bool {
  const end = self.position;
  const w = self.writer;
  w.clear();
  self.muxer.fragmented = false;
  self.muxer.writeMovie(w, 0);
  return emit(self) && patch(self, self.mdat, end - self.mdat);
}

/** Writes the header of the media's box, which stands at `at` and has `size` bytes with 16 for this. */
function patch(self: Mp4Mux, at: i64, size: i64): bool {
  const w = self.writer;
  seekTo(self, at);
  w.clear();
  if (!isLarge(size - HEADER) && !self.fragmented) {
    w.u32(HEADER);
    w.u32(Fourcc.free);
    w.u32(<u32>(size - HEADER));
    w.u32(Fourcc.mdat);
  } else {
    w.u32(1);
    w.u32(Fourcc.mdat);
    w.u64(size);
  }
  return emit(self);
}

/** Writes where fragments can be entered, and how long the movie has become. */
function finishFragments(self: Mp4Mux): bool {
  if (self.propBool(Prop.streamable)) return true;
  const w = self.writer;
  w.clear();
  self.muxer.writeRandomAccess(w);
  if (!emit(self)) return false;
  if (!self.muxer.lengthLater) return true;
  seekTo(self, self.lengthAt);
  w.clear();
  w.u64(<u64>self.muxer.length());
  return emit(self);
}
