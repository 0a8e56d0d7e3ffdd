import { putBe32 } from "../../base/bytes";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { TEXT_SIZE, Text } from "../../base/text";
import { Caps, capsUnref } from "../../caps/caps";
import { Event, EventType, SeekFlag, eventUnref, gapEvent, newEvent } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { Format, SEGMENT_SIZE, Segment } from "../../core/segment";
import { Slices } from "../../core/slices";
import { newTags, tagsUnref } from "../../core/tags";
import { NONE, SECOND } from "../../core/time";
import { CopyReason, Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Template } from "../../generated/elements/mp4demux";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { addAtom, addInt, addText, beginReport, fail, failMemory, sendError, sendMessage } from "../../graph/bus";
import { noMorePads, openPad, pushSegment, pushTags } from "../../graph/demux";
import {
  Element,
  ElementFlag,
  Work,
  bookCopy,
  noteEvent,
  push,
  pushEos,
  pushEvent,
  room,
  wake,
} from "../../graph/element";
import { flushDownstream } from "../../graph/flow";
import { asEvent, asFrame, isEvent, take } from "../../graph/link";
import { negotiate } from "../../graph/negotiate";
import { Pad, PadFlag } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { Query, QueryType, askPeer, beginQuery, endQuery } from "../../graph/query";
import { atomData, atomLength, atomOf } from "../../registry/atom";
import { newFactory } from "../../registry/factory";
import { failWrongType } from "../wrongtype";
import { HEADER } from "./boxes";
import { DEMUXER_SIZE, Demuxer, Step } from "./demuxer";
import { NO_END } from "./edits";
import { DESCRIPTION_SIZE, Description, Format as SampleFormat } from "./entries";
import { orientationName, readCreation, readMeta, readUserData } from "./filetags";
import { languageText } from "./misc";
import { READER_SIZE, REQUESTS_SIZE, Reader, Requests } from "./reading";
import { Sample, SampleFlag } from "./sample";
import { isKnownFormat, schemeName, streamCaps } from "./streamcaps";
import { Track } from "./track";
import { WINDOW_SIZE, Window } from "./window";

/** A source that pushes is waited for when what is needed lies at most this far ahead, bytes. */
const FAR: i64 = 4 << 20;

/** Bytes given out after which ranges are planned anew. */
const REPLAN: u32 = 1 << 18;

/** The largest movie box, bytes, where the ceiling allows it. */
const MAX_MOOV: u32 = 64 << 20;

/** A stream is told to be silent when it is for longer, ns. */
const SILENCE: i64 = SECOND / 2;

/** Boxes of a sample with captions that are looked at. */
const MAX_CAPTION_BOXES: u32 = 16;

/** What of a sample is given out. */
const enum Content {
  Whole = 0,
  /** Timed text (3GPP TS 26.245 §5.17): the first two bytes are the length of the text that follows. */
  Text,
  /** QuickTime's closed captions: boxes, of which one of these types holds the captions (cdat: those of field 1). */
  Cea608 = 0x63646174,
  Cea708 = 0x63636470,
}

/** The content of samples of a format. */
function contentOf(format: u32): Content {
  switch (format) {
    case SampleFormat.tx3g:
    case SampleFormat.text:
      return Content.Text;
    case SampleFormat.c608:
      return Content.Cea608;
    case SampleFormat.c708:
      return Content.Cea708;
    default:
      return Content.Whole;
  }
}

/** What the element keeps of a track that has a pad. */
@unmanaged
class Mp4Pad {
  pad: Pad;
  /** Sample description whose caps are on the pad. */
  description: u32;
  content: Content;
  sequence: u32;
  /** Time up to which what it carries is known, ns. */
  until: i64;
  reader_: u64;

  @inline
  get reader(): Reader {
    return changetype<Reader>(changetype<usize>(this) + offsetof<Mp4Pad>("reader_"));
  }
}

const MP4PAD_SIZE: u32 = offsetof<Mp4Pad>("reader_") + READER_SIZE;

@unmanaged
class Mp4Demux extends Element {
  demuxer: Demuxer;
  begun: bool;
  /** The source serves ranges, and they are being asked for. */
  ranged: bool;
  ranging: bool;
  /** The input has ended; all has been given out. */
  ended: bool;
  finished: bool;
  /** A sample of the demuxer's waits for its bytes. */
  waiting: bool;
  /** Bytes given out since ranges were planned. */
  given: u32;
  /** Bytes that may be held. */
  limit: u32;
  /** Where the next pushed byte stands. */
  position: i64;
  /** Last time given out, ns. */
  time: i64;
  /** Where the segment in force starts, ns. */
  start: i64;
  nested: u64;

  @inline
  get window(): Window {
    return changetype<Window>(changetype<usize>(this) + WINDOW_AT);
  }

  @inline
  get requests(): Requests {
    return changetype<Requests>(changetype<usize>(this) + REQUESTS_AT);
  }

  /** Reads boxes, and samples that come in the order of the file. */
  @inline
  get reader(): Reader {
    return changetype<Reader>(changetype<usize>(this) + READER_AT);
  }
}

const WINDOW_AT: usize = offsetof<Mp4Demux>("nested");
const REQUESTS_AT: usize = WINDOW_AT + WINDOW_SIZE;
const READER_AT: usize = REQUESTS_AT + REQUESTS_SIZE;
const SIZE: u32 = <u32>READER_AT + READER_SIZE;

const DESCRIPTION: usize = memory.data(DESCRIPTION_SIZE, 8);
const FOURCC: usize = memory.data(4, 4);
const NAME: usize = memory.data(32, 4);
const NAME_TEXT: usize = memory.data(TEXT_SIZE, 4);
const SEGMENT: usize = memory.data(SEGMENT_SIZE, 8);

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.flush = flush.index;
  f.query = query.index;
  f.upstream = upstream.index;
}

function start(e: Element): i32 {
  const self = changetype<Mp4Demux>(e);
  self.demuxer = changetype<Demuxer>(alloc(DEMUXER_SIZE, Owner.Parser));
  if (!changetype<usize>(self.demuxer)) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.demuxer.prepare(false, -1, min<u32>(MAX_MOOV, pipeline().ceiling >> 2));
  self.window.prepare();
  self.requests.prepare();
  self.reader.reach = 0;
  self.reader.step = 0;
  self.begun = false;
  self.ranged = false;
  self.ranging = false;
  self.ended = false;
  self.finished = false;
  self.waiting = false;
  self.given = 0;
  self.position = 0;
  self.time = NONE;
  self.start = 0;
  self.limit = pipeline().ceiling >> 2;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<Mp4Demux>(e);
  if (!changetype<usize>(self.demuxer)) return;
  const tracks = self.demuxer.movie.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) free(tracks.get(i).user);
  self.demuxer.release();
  free(changetype<usize>(self.demuxer));
  self.demuxer = changetype<Demuxer>(0);
  self.window.release();
}

/** What is in flight from upstream is void; boxes that were begun cannot be finished, so the input starts anew. */
function flush(e: Element, pad: Pad): void {
  const self = changetype<Mp4Demux>(e);
  self.window.clear();
  self.ended = false;
}

/** Asks what the source can do, before anything of it has been taken. */
function begin(self: Mp4Demux): void {
  self.begun = true;
  const q = beginQuery(QueryType.Ranges, Format.Bytes);
  if (askPeer(self.sink!, q) && q.a) {
    self.ranged = true;
    self.demuxer.seekable = true;
    if (q.b >= 0) self.demuxer.length = q.b;
  }
  endQuery();
}

function work(e: Element): i32 {
  const self = changetype<Mp4Demux>(e);
  if (!self.begun) begin(self);
  const d = self.demuxer;
  if (self.ranging) takeAll(self);
  while (!self.finished && !e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    if (self.waiting) {
      if (!giveSample(self)) return Work.Idle;
      continue;
    }
    spend(1);
    switch (d.next()) {
      case Step.Need:
        if (!feed(self)) return Work.Idle;
        break;
      case Step.Movie:
        openPads(self);
        break;
      case Step.Sample:
        self.waiting = true;
        break;
      case Step.Warning:
        report(self, Post.Warning);
        break;
      case Step.End:
        finish(self);
        break;
      case Step.Error:
        report(self, Post.Error);
        break;
      default:
        spend(200);
        break;
    }
  }
  if (self.sink!.link) while (self.sink!.link!.head != self.sink!.link!.tail) takeOne(self);
  return Work.Idle;
}

/** Ends all streams. */
function finish(self: Mp4Demux): void {
  self.finished = true;
  self.waiting = false;
  self.window.clear();
  pushEos(self);
}

/** Posts what the demuxer found. */
function report(self: Mp4Demux, kind: Post): void {
  const d = self.demuxer;
  if (d.code == Code.NoMemory) {
    failMemory(self);
    return;
  }
  // What broke off because the pipeline is being ended is no fault of the file.
  if (kind == Post.Error && self.ended && askedToEnd(self)) {
    finish(self);
    return;
  }
  if (d.code == Code.WrongType) {
    const w = self.window;
    const n: u32 = w.stretch(0) ? w.length : 0;
    failWrongType(self, Atom.video_quicktime, w.address, n);
    return;
  }
  beginReport(self, <Code>d.code, d.at, self.time);
  switch (d.code) {
    case Code.Truncated:
      if (d.what) addFourcc(d.what);
      else addAtom(Atom.sample);
      addInt(d.amount);
      break;
    case Code.BoxTooLarge:
    case Code.BadBox:
    case Code.Unsupported:
      addFourcc(d.what);
      addInt(d.amount);
      break;
    default:
      addInt(d.amount);
      break;
  }
  if (kind == Post.Error) sendError(self);
  else sendMessage(kind);
}

function addFourcc(type: u32): void {
  putBe32(FOURCC, type);
  addText(FOURCC, 4);
}

/** Whether the source that feeds this element was asked to end early, or failed. */
function askedToEnd(self: Mp4Demux): bool {
  let pad: Pad | null = self.sink;
  while (pad && pad.link) {
    const e = pad.link!.src.element;
    if (e.flags & (ElementFlag.Ending | ElementFlag.Failed)) return true;
    pad = e.sink;
  }
  return false;
}

/** Gives the demuxer the bytes that it asked for; false when they are not there yet. */
function feed(self: Mp4Demux): bool {
  const d = self.demuxer;
  const w = self.window;
  if (w.stretch(d.offset)) {
    const n = min<u32>(w.length, d.need);
    spend(<i32>(n >> 12));
    bookCopy(self, CopyReason.Index, n);
    if (!d.feed(w.address, w.length, d.offset)) failMemory(self);
    return true;
  }
  if (self.ended && !self.ranging) {
    d.endsAt(self.position);
    return true;
  }
  return fetch(self, self.reader, d.offset, d.need);
}

/** The lowest byte that is still needed. */
function lowest(self: Mp4Demux): i64 {
  const d = self.demuxer;
  // What comes before the index is known will be needed once it is.
  if (!d.hasMovie && self.ranged && self.window.bytes < self.limit) return 0;
  if (!d.indexed) return self.waiting ? d.floor : max<i64>(d.offset, d.floor);
  const tracks = d.movie.tracks;
  let low: i64 = self.waiting ? d.sample.offset : i64.MAX_VALUE;
  for (let i: u32 = 0; i < tracks.length; i++) {
    const t = tracks.get(i);
    if (!t.ignored && t.ready) low = min<i64>(low, t.head.offset);
  }
  return low;
}

/**
 * Sees to it that bytes come: takes what has arrived, and asks for ranges when the source would not come to them soon.
 * @returns whether anything has changed
 */
function fetch(self: Mp4Demux, reader: Reader, offset: i64, n: u32): bool {
  const d = self.demuxer;
  const w = self.window;
  if (!self.ranging) {
    const missing = w.endOf(offset);
    const far = missing < self.position || missing > self.position + FAR;
    if (!self.ranged || !(far || (d.indexed && w.bytes > self.limit))) return takeOne(self);
    self.ranging = true;
  }
  const before = w.pieces.length;
  takeAll(self);
  if (self.ended) return true;
  if (!self.requests.follow(reader, w, self.sink!, offset, n, d.length, self.limit)) {
    fail(self, Code.NotSeekable, offset);
    return true;
  }
  if (d.indexed) readAhead(self);
  return w.pieces.length != before;
}

/** Asks for what the tracks need next. */
function readAhead(self: Mp4Demux): void {
  self.given = 0;
  const d = self.demuxer;
  const tracks = d.movie.tracks;
  for (let i: u32 = 0; i < tracks.length && !self.requests.full; i++) {
    const t = tracks.get(i);
    const p = changetype<Mp4Pad>(t.user);
    if (t.ignored || !changetype<usize>(p)) continue;
    const current = self.waiting && d.track == t;
    if (!current && !t.ready) continue;
    self.requests.follow(p.reader, self.window, self.sink!, t.head.offset, 0, d.length, self.limit);
  }
}

/** Takes all that has come. */
function takeAll(self: Mp4Demux): void {
  const link = self.sink!.link;
  if (link) while (link.head != link.tail && takeOne(self)) {}
}

/** Takes a packet of the input; false when there is none. */
function takeOne(self: Mp4Demux): bool {
  const link = self.sink!.link;
  if (!link || link.head == link.tail) return false;
  const packet = take(link);
  if (!isEvent(packet)) {
    keep(self, asFrame(packet));
    return true;
  }
  const event = asEvent(packet);
  noteEvent(self.sink!, event);
  if (event.type == EventType.Eos) {
    self.ended = true;
    // Where nobody wants anything any more, the input has not come to its end.
    if ((self.ranging || link.src.has(PadFlag.Unwanted)) && !self.finished) finish(self);
  }
  eventUnref(event);
  return true;
}

/** Puts a frame of the input among what is held. */
function keep(self: Mp4Demux, frame: Frame): void {
  const d = self.demuxer;
  const offset = frame.offset >= 0 ? frame.offset : self.position;
  const size = frame.size;
  const end = self.requests.arrive(offset, size, frame.has(FrameFlag.Marker));
  // The file turned out to be shorter than it was.
  if (end >= 0) d.endsAt(end);
  self.position = offset + size;
  if (!self.window.add(frame, offset)) {
    failMemory(self);
    return;
  }
  const low = lowest(self);
  self.window.dropBefore(low);
  if (d.indexed && self.window.bytes > self.limit) dropIdle(self);
}

/** Drops pieces that no track comes to soon. */
function dropIdle(self: Mp4Demux): void {
  const d = self.demuxer;
  const tracks = d.movie.tracks;
  const pieces = self.window.pieces;
  for (let i = <i32>pieces.length - 1; i >= 0; i--) {
    const piece = pieces.get(i);
    let wanted = false;
    for (let k: u32 = 0; k < tracks.length && !wanted; k++) {
      const t = tracks.get(k);
      if (t.ignored || !(t.ready || (self.waiting && d.track == t))) continue;
      const s = t.head;
      wanted = piece.end > s.offset && piece.start < s.offset + max<i64>(s.size, FAR);
    }
    if (!wanted) self.window.remove(i);
  }
}

/** Opens a pad for each track that has something to give. */
function openPads(self: Mp4Demux): void {
  const d = self.demuxer;
  const movie = d.movie;
  const tracks = movie.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) {
    const t = tracks.get(i);
    for (let k: u32 = 0; k < tracks.length; k++) if (tracks.get(k).chapters == t.id) t.ignored = true;
    if (!(t.isVideo || t.isAudio || t.isText)) t.ignored = true;
    if (!t.ignored && !checkTables(self, t)) return;
    if (!t.tables.samples && !movie.fragmented && movie.hasSamples) t.ignored = true;
    if (!t.ignored && !openTrack(self, t)) return;
  }
  if (movie.skipped) warn(self, Code.TracksSkipped, movie.skipped, 0);
  if (movie.short) warn(self, Code.ShortTables, 0, 0);
  movieTags(self);
  noMorePads(self);
}

/** Tells what the sample tables of a track lack; false after the error that they are of no use. */
function checkTables(self: Mp4Demux, t: Track): bool {
  const missing = t.tables.missing();
  if (!missing) return true;
  beginReport(self, Code.BrokenTables, self.demuxer.pos, NONE);
  addInt(t.id);
  addInt(missing);
  if (missing < t.tables.samples) {
    sendMessage(Post.Warning);
    return true;
  }
  sendError(self);
  return false;
}

function warn(self: Mp4Demux, code: Code, a: i64, b: i64): void {
  beginReport(self, code, self.demuxer.pos, NONE);
  addInt(a);
  addInt(b);
  sendMessage(Post.Warning);
}

/** The caps of a sample description, with warnings about what cannot be used. */
function capsOfDescription(self: Mp4Demux, t: Track, number: u32): Caps | null {
  const desc = changetype<Description>(DESCRIPTION);
  if (!desc.read(t, number)) return null;
  const caps = streamCaps(t, desc);
  if (!isKnownFormat()) {
    beginReport(self, Code.UnknownFormat, self.demuxer.pos, NONE);
    addFourcc(desc.format);
    addInt(t.id);
    sendMessage(Post.Warning);
  }
  if (desc.scheme) {
    beginReport(self, Code.Encrypted, self.demuxer.pos, NONE);
    addInt(t.id);
    const name = schemeName(desc.scheme);
    if (name) addAtom(name);
    else addFourcc(desc.scheme);
    sendMessage(Post.Warning);
  }
  return caps;
}

/** The name of a track's pad: what its template says, with its number among those of its kind. */
function streamName(self: Mp4Demux, t: Track, template: u32): u32 {
  const tracks = self.demuxer.movie.tracks;
  let number: u32 = 0;
  for (let i: u32 = 0; i < t.index; i++) {
    const before = tracks.get(i);
    if (before.user && changetype<Mp4Pad>(before.user).pad.template == template) number++;
  }
  const word = self.factory.template(template).name;
  const text = changetype<Text>(NAME_TEXT).into(NAME, 32);
  for (let i: u32 = 0; i < atomLength(word) && load<u8>(atomData(word) + i) != 37; i++)
    text.byte(load<u8>(atomData(word) + i));
  text.u64(number);
  return atomOf(NAME, text.length);
}

function openTrack(self: Mp4Demux, t: Track): bool {
  const caps = capsOfDescription(self, t, 1);
  const p = changetype<Mp4Pad>(allocZero(MP4PAD_SIZE, Owner.Parser));
  if (!caps || !changetype<usize>(p)) {
    if (caps) capsUnref(caps);
    free(changetype<usize>(p));
    if (caps) failMemory(self);
    t.ignored = true;
    return caps == null;
  }
  const format = changetype<Description>(DESCRIPTION).format;
  const template: u32 = t.isVideo ? Template.video__u : t.isAudio ? Template.audio__u : Template.subtitle__u;
  const pad = openPad(self, template, streamName(self, t, template), caps);
  capsUnref(caps);
  if (!pad) {
    free(changetype<usize>(p));
    return false;
  }
  t.user = changetype<usize>(p);
  p.pad = pad;
  p.description = 1;
  p.content = contentOf(format);
  if (t.edits.media > 1 && !self.demuxer.indexed) warn(self, Code.EditsLeft, t.id, t.edits.media);
  // Nobody listens: its samples need not even be read.
  if (!pad.link) t.ignored = true;
  startTrack(self, t, p);
  trackTags(self, t, pad);
  return true;
}

/** Sends the segment that a track's samples lie in. */
function startTrack(self: Mp4Demux, t: Track, p: Mp4Pad): void {
  p.until = self.start;
  const s = changetype<Segment>(SEGMENT).init(Format.Time);
  s.start = self.start;
  s.time = self.start;
  s.position = self.start;
  if (t.edits.media == 1 && t.edit.end != NO_END) s.stop = t.edit.endTime(t.timescale);
  pushSegment(p.pad, s);
}

function trackTags(self: Mp4Demux, t: Track, pad: Pad): void {
  const tags = newTags();
  if (!tags) return;
  if (languageText(t.language, FOURCC)) tags.text(Atom.language_code, FOURCC, 3);
  const desc = changetype<Description>(DESCRIPTION);
  if (desc.bitrate) tags.int(Atom.bitrate, desc.bitrate);
  if (desc.maxBitrate) tags.int(Atom.maximum_bitrate, desc.maxBitrate);
  if (t.isVideo && t.orientation > 1) {
    const name = orientationName(t.orientation);
    tags.text(Atom.image_orientation, atomData(name), atomLength(name));
  }
  if (t.udta) readUserData(tags, t.udta, t.udtaEnd);
  if (t.meta) readMeta(tags, t.meta, t.metaEnd);
  pushTags(self, pad, tags);
  tagsUnref(tags);
}

function movieTags(self: Mp4Demux): void {
  const movie = self.demuxer.movie;
  const tags = newTags();
  if (!tags) return;
  if (movie.udta) readUserData(tags, movie.udta, movie.udtaEnd);
  if (movie.meta) readMeta(tags, movie.meta, movie.metaEnd);
  if (movie.created) readCreation(tags, movie.created);
  pushTags(self, null, tags);
  tagsUnref(tags);
}

/** Sends the sample that waits; false when its bytes or room for it are not there. */
function giveSample(self: Mp4Demux): bool {
  const d = self.demuxer;
  const t = d.track!;
  const s = d.sample;
  const p = changetype<Mp4Pad>(t.user);
  const w = self.window;
  if (!room(p.pad)) return false;
  if (!w.has(s.offset, s.size)) {
    if (s.size > self.limit << 1) {
      beginReport(self, Code.TooMuch, s.offset, s.ptsNs);
      addAtom(Atom.sample);
      addInt(s.size);
      addInt(self.limit << 1);
      sendError(self);
      return true;
    }
    if (self.ended && !self.ranging) {
      d.endsAt(self.position);
      d.lose();
      self.waiting = false;
      return true;
    }
    return fetch(self, changetype<usize>(p) && d.indexed ? p.reader : self.reader, s.offset, s.size);
  }
  self.waiting = false;
  if (s.description != p.description && !changeCaps(self, t, p, s.description)) return true;
  const f = newFrame();
  if (!f || !fill(self, p, s, f)) {
    failMemory(self);
    return true;
  }
  setTimes(self, t, s, f);
  self.given += s.size;
  // A sample without content is there for its time alone.
  if (f.size) {
    f.sequence = p.sequence++;
    push(p.pad, f);
  } else frameUnref(f);
  p.until = max<i64>(p.until, s.dtsNs + s.durationNs);
  followSilence(self, s.dtsNs);
  if (self.ranging && self.given >= REPLAN && d.indexed) readAhead(self);
  return true;
}

/**
 * Tells streams that have nothing for a while that there is nothing, so that nobody waits for them: up to their next sample
 * where that is known, else up to a second before `now`. One that has no more samples ends.
 */
function followSilence(self: Mp4Demux, now: i64): void {
  const d = self.demuxer;
  const tracks = d.movie.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) {
    const t = tracks.get(i);
    const p = changetype<Mp4Pad>(t.user);
    if (t.ignored || !changetype<usize>(p)) continue;
    if (d.indexed && t.ended && !t.ready) {
      if (!p.pad.has(PadFlag.Eos)) pushEvent(p.pad, newEvent(EventType.Eos));
      continue;
    }
    let until = now - SECOND;
    if (d.indexed) {
      // The head of the track of this very sample is not loaded yet.
      if (!t.ready) continue;
      until = t.head.dtsNs;
    }
    if (until - p.until < SILENCE) continue;
    pushEvent(p.pad, gapEvent(p.until, until - p.until));
    p.until = until;
  }
}

/** Gives a frame the bytes of a sample that are its content; false when there is no room. */
function fill(self: Mp4Demux, p: Mp4Pad, s: Sample, f: Frame): bool {
  const slices = f.slices;
  if (!self.window.give(slices, s.offset, s.size)) return false;
  let at: u32 = 0;
  let n: u32 = 0;
  if (p.content == Content.Whole) return true;
  if (p.content == Content.Text) {
    if (s.size < 2) return true;
    at = 2;
    n = min<u32>(wordAt(slices, 0) >> 16, s.size - 2);
  } else {
    for (let i: u32 = 0; i < MAX_CAPTION_BOXES && at + HEADER <= s.size; i++) {
      const size = min<u32>(wordAt(slices, at), s.size - at);
      if (size < HEADER) break;
      at += size;
      if (wordAt(slices, at - size + 4) != <u32>p.content) continue;
      n = size - HEADER;
      break;
    }
    at -= n;
  }
  slices.clear();
  return !n || self.window.give(slices, s.offset + at, n);
}

/** Four bytes of a list of slices as a number, zeros where it ends. */
function wordAt(slices: Slices, at: u32): u32 {
  let word: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) word = (word << 8) | (at + i < slices.size ? slices.byteAt(at + i) : 0);
  return word;
}

function setTimes(self: Mp4Demux, t: Track, s: Sample, f: Frame): void {
  f.pts = s.ptsNs;
  f.dts = s.dtsNs;
  f.duration = s.durationNs;
  f.offset = s.offset;
  self.time = s.ptsNs;
  if (s.has(SampleFlag.Key)) f.flags |= FrameFlag.Key;
  else f.flags |= FrameFlag.Delta;
  if (s.has(SampleFlag.Droppable)) f.flags |= FrameFlag.Droppable;
  if (s.has(SampleFlag.Hidden) || s.ptsNs + s.durationNs <= self.start) f.flags |= FrameFlag.DecodeOnly;
  if (s.has(SampleFlag.Discont)) f.flags |= FrameFlag.Discont;
}

/** Changes a pad to another sample description; false after an error was posted. */
function changeCaps(self: Mp4Demux, t: Track, p: Mp4Pad, number: u32): bool {
  const caps = capsOfDescription(self, t, number);
  p.description = number;
  if (!caps) return true;
  const ok = negotiate(p.pad, caps);
  capsUnref(caps);
  return ok;
}

function query(e: Element, pad: Pad, q: Query): bool {
  const self = changetype<Mp4Demux>(e);
  if (pad.isSink || q.format == Format.Bytes || q.type == QueryType.Ranges) {
    // What lies in front of this element are bytes of another kind.
    q.a = 0;
    return q.type == QueryType.Ranges || q.type == QueryType.Seeking;
  }
  if (!changetype<usize>(self.demuxer)) return false;
  switch (q.type) {
    case QueryType.Duration:
      q.a = self.demuxer.duration();
      return q.a != NONE;
    case QueryType.Position:
      q.a = self.time;
      return q.a != NONE;
    case QueryType.Seeking:
      q.a = self.demuxer.canSeek() ? 1 : 0;
      q.b = self.demuxer.duration();
      return true;
    default:
      return false;
  }
}

function upstream(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<Mp4Demux>(e);
  if (event.type == EventType.Range) return true;
  if (event.type != EventType.Seek || event.format != Format.Time) return false;
  const d = self.demuxer;
  if (!changetype<usize>(d) || !d.canSeek() || event.rate != 1 || !(event.flags & SeekFlag.Flush)) return false;
  const target = event.start == NONE ? 0 : event.start;
  // An end that the source was asked for is not that of what is read from now on.
  takeAll(self);
  for (let p = e.src; p; p = p!.next) if (!p.has(PadFlag.Pending)) flushDownstream(p);
  const start = d.seek(target, (event.flags & SeekFlag.SnapAfter) != 0);
  self.start = event.flags & SeekFlag.Accurate ? target : start;
  self.time = self.start;
  self.waiting = false;
  self.finished = false;
  self.ended = false;
  self.ranging = true;
  e.clear(ElementFlag.Eos);
  const tracks = d.movie.tracks;
  for (let i: u32 = 0; i < tracks.length; i++) {
    const p = changetype<Mp4Pad>(tracks.get(i).user);
    if (changetype<usize>(p)) startTrack(self, tracks.get(i), p);
  }
  wake(e);
  return true;
}
