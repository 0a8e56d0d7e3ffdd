import { BITS_SIZE, BITWRITER_SIZE, BitWriter, Bits } from "../../base/bits";
import { Owner, alloc, free } from "../../base/heap";
import { givePiece, takePiece } from "../../base/store";
import { Caps, capsOf, capsUnref, copyCaps } from "../../caps/caps";
import { Kind } from "../../caps/value";
import { Arena } from "../../core/arena";
import { Block, blockUnref, newBlock } from "../../core/block";
import { Event, EventType, segmentEvent } from "../../core/event";
import { Frame, FrameFlag, copyProperties, frameUnref, newFrame } from "../../core/frame";
import { Format, SEGMENT_SIZE, Segment } from "../../core/segment";
import { appendSlices } from "../../core/slices";
import { NONE, SECOND, scale } from "../../core/time";
import { CopyReason, Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../../generated/elements/aacparse";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { addAtom, addInt, beginReport, fail, failMemory, isTold, sendError, sendMessage } from "../../graph/bus";
import { Element, ElementFlag, Work, bookCopy, push, pushEvent, room } from "../../graph/element";
import { handleEvent } from "../../graph/filter";
import { asEvent, asFrame, isEvent, take } from "../../graph/link";
import { negotiate, plan } from "../../graph/negotiate";
import { Pad } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { newFactory } from "../../registry/factory";
import { Head } from "../../containers/head";
import { failIfOther, failWrongType } from "../../containers/wrongtype";
import { ADTS_HEADER, MAX_ADTS_BLOCK, fitsAdts, writeAdtsHeader } from "./adts";
import { AAC_CONFIG_SIZE, AacConfig, ObjectType, readConfig, readProgramConfig, writeConfig } from "./config";
import { AacFramer, FramerEvent, Framing } from "./framer";
import { LOAS_HEADER, LatmReader, LatmResult, latmRoom, loasLength, writeLoas } from "./latm";

const enum StreamFormat {
  Raw = 0,
  Adts = 1,
  Loas = 2,
}

@unmanaged
class AacParse extends Element {
  framer: AacFramer;
  config: AacConfig;
  latm: LatmReader;
  input: StreamFormat;
  output: StreamFormat;
  mpegVersion: u32;
  negotiated: bool;
  heldSegment: bool;
  configKnown: bool;
  arena_pool: u32;
  arena_block: u32;
  sequence: u32;
  warnings: u32;
  /** LOAS frames in a row that have more than one program or layer. */
  unsupported: u32;
  /** Where times are counted from: that of a frame that had one, and samples since, at a rate. */
  clock: i64;
  samples: i64;
  rate: u32;
  /** The input is bytes without times: they are counted from its start. */
  untimed: bool;
  /** The caps do not say whether it is ADTS or LOAS. */
  undecided: bool;
  /** While no frame has been given of a stream that nothing has said the type of. */
  head_bytes: usize;
  head_length: u32;

  @inline
  get head(): Head {
    return changetype<Head>(changetype<usize>(this) + offsetof<AacParse>("head_bytes"));
  }

  @inline
  get arena(): Arena {
    return changetype<Arena>(changetype<usize>(this) + offsetof<AacParse>("arena_pool"));
  }
}

const BITS: usize = memory.data(BITS_SIZE, 4);
const WRITER: usize = memory.data(BITWRITER_SIZE, 4);

/** LOAS frames of a kind that is not supported after which the stream is taken to be of that kind. */
const MAX_UNSUPPORTED: u32 = 4;

/** Bytes that the config of a raw stream may take. */
const MAX_CONFIG: u32 = 128;
const CONFIG: usize = memory.data(128, 8);

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<AacParse>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.flush = flush.index;
}

function start(e: Element): i32 {
  const self = changetype<AacParse>(e);
  const p = alloc(offsetof<AacFramer>() + AAC_CONFIG_SIZE + offsetof<LatmReader>(), Owner.Parser);
  self.framer = changetype<AacFramer>(p);
  if (!p || !self.framer.init()) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.config = changetype<AacConfig>(p + offsetof<AacFramer>());
  self.latm = changetype<LatmReader>(p + offsetof<AacFramer>() + AAC_CONFIG_SIZE);
  memory.fill(p + offsetof<AacFramer>(), 0, AAC_CONFIG_SIZE + offsetof<LatmReader>());
  self.negotiated = false;
  self.heldSegment = false;
  self.configKnown = false;
  self.sequence = 0;
  self.warnings = 0;
  self.unsupported = 0;
  self.clock = NONE;
  self.samples = 0;
  self.rate = 0;
  self.untimed = false;
  self.undecided = false;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<AacParse>(e);
  if (changetype<usize>(self.framer)) {
    self.framer.release();
    free(changetype<usize>(self.framer));
    self.framer = changetype<AacFramer>(0);
  }
  self.arena.release();
  self.head.drop();
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<AacParse>(e);
  self.framer.reset();
  self.clock = NONE;
}

function work(e: Element): i32 {
  const self = changetype<AacParse>(e);
  const src = e.src!;
  const link = e.sink!.link;
  if (!link) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    if (!room(src)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
    spend(1);
    if (self.input != StreamFormat.Raw && step(self)) continue;
    if (link.head == link.tail) return Work.Idle;
    const packet = take(link);
    if (isEvent(packet)) handleEvent(e, e.sink!, asEvent(packet));
    else if (self.input == StreamFormat.Raw) takeRaw(self, asFrame(packet));
    else {
      const f = asFrame(packet);
      if (self.untimed && !self.sequence) self.head.keepFrame(f);
      else if (self.head.bytes) self.head.drop();
      if (!self.framer.feed(f)) failMemory(e);
      frameUnref(f);
      if (self.undecided) decide(self);
    }
  }
  return Work.Idle;
}

/** Deals with what the framer has next; false when it needs more input. */
function step(self: AacParse): bool {
  const f = self.framer;
  switch (f.next()) {
    case FramerEvent.Frame:
      // Frames behind something else may lie in a container.
      if (!self.sequence && self.warnings && failIfOther(self, Atom.audio_mpeg, self.head.bytes, self.head.length)) {
        return false;
      }
      if (self.input == StreamFormat.Adts) giveAdts(self);
      else giveLoas(self);
      return true;
    case FramerEvent.Skipped:
      report(self, Code.SkippedBytes, f.lost, f.offset - f.lost);
      if (!self.untimed) self.clock = NONE;
      return true;
    default:
      return false;
  }
}

/** Tells of damage in the frame that the framer has. */
function warn(self: AacParse, code: Code, n: u32): void {
  report(self, code, n, self.framer.offset);
}

/** The first damages are told one by one, then ever fewer. */
function report(self: AacParse, code: Code, n: u32, offset: i64): void {
  if (!isTold(++self.warnings)) return;
  beginReport(self, code, offset, timeOf(self));
  addInt(n);
  sendMessage(Post.Warning);
}

function drain(self: AacParse): void {
  if (self.input == StreamFormat.Raw) return;
  self.framer.finish();
  while (!self.has(ElementFlag.Failed) && step(self)) {}
  self.framer.reset();
}

function event(e: Element, pad: Pad, ev: Event): bool {
  const self = changetype<AacParse>(e);
  switch (ev.type) {
    case EventType.Caps:
      drain(self);
      takeCaps(self, ev.caps!);
      return true;
    case EventType.Segment:
      drain(self);
      self.untimed = pad.segment.format == Format.Bytes && !pad.segment.start;
      self.clock = self.untimed ? 0 : NONE;
      self.samples = 0;
      self.heldSegment = true;
      if (self.negotiated) giveSegment(self);
      return true;
    case EventType.Gap:
      drain(self);
      return !self.negotiated;
    case EventType.Eos:
      drain(self);
      // Nothing but skipped bytes: it is something else.
      if (self.warnings && !self.sequence && !e.has(ElementFlag.Failed)) {
        failWrongType(e, Atom.audio_mpeg, self.head.bytes, self.head.length);
      }
      return false;
    default:
      return false;
  }
}

function takeCaps(self: AacParse, caps: Caps): void {
  const format = caps.getString(Atom.stream_format);
  const data = caps.getBytes(Atom.codec_data);
  self.mpegVersion = caps.getInt(Atom.mpegversion, 4);
  self.negotiated = false;
  self.configKnown = false;
  self.input =
    format == Atom.raw || (!format && data)
      ? StreamFormat.Raw
      : format == Atom.loas || format == Atom.latm_mcp1
        ? StreamFormat.Loas
        : StreamFormat.Adts;
  self.undecided = !format && !data;
  self.framer.framing = self.input == StreamFormat.Loas ? Framing.Loas : Framing.Adts;
  if (self.input != StreamFormat.Raw) return;
  const b = changetype<Bits>(BITS);
  if (!data || !readConfig(b.over(<usize>data.a, <u32>data.b), self.config)) {
    fail(self, Code.BadCodecData, -1);
    return;
  }
  self.configKnown = true;
  giveCaps(self);
}

function nameOf(form: StreamFormat): u32 {
  return form == StreamFormat.Raw ? Atom.raw : form == StreamFormat.Adts ? Atom.adts : Atom.loas;
}

function profileOf(type: u32): u32 {
  switch (type) {
    case ObjectType.Main:
      return Atom.main;
    case ObjectType.Lc:
      return Atom.lc;
    case ObjectType.Ssr:
      return Atom.ssr;
    case ObjectType.Ltp:
      return Atom.ltp;
    default:
      return 0;
  }
}

/** Sends caps for the config that is known, in the form that downstream takes; false after an error. */
function giveCaps(self: AacParse): bool {
  const c = self.config;
  const src = self.src!;
  const caps = capsOf(Atom.audio_mpeg).setBool(Atom.framed, true).setInt(Atom.mpegversion, 4);
  caps.setInt(Atom.rate, c.extensionRate ? c.extensionRate : c.rate);
  if (c.channels) caps.setInt(Atom.channels, c.channels);
  const profile = profileOf(c.objectType);
  if (profile) caps.setString(Atom.base_profile, profile).setString(Atom.profile, profile);
  caps.setString(Atom.stream_format, nameOf(self.input));
  for (let form = 0; form < 3; form++) {
    if (form == self.input || (form == StreamFormat.Adts && !fitsAdts(c))) continue;
    const more = caps.addCopy(caps.at(0));
    const slot = more ? more.slot(Atom.stream_format) : null;
    if (slot) slot.set(Kind.String, <i32>nameOf(form), 0);
  }
  const planned = src.link ? plan(src, caps) : null;
  const chosen = copyCaps(planned ? planned : caps);
  capsUnref(caps);
  if (src.link && !planned) {
    capsUnref(chosen);
    self.set(ElementFlag.Failed);
    return false;
  }
  while (chosen.count > 1) chosen.dropLast();
  const form = chosen.getString(Atom.stream_format);
  self.output = form == Atom.raw ? StreamFormat.Raw : form == Atom.adts ? StreamFormat.Adts : StreamFormat.Loas;
  if (self.output == StreamFormat.Raw) setConfig(self, chosen);
  const ok = negotiate(src, chosen);
  capsUnref(chosen);
  if (!ok) {
    self.set(ElementFlag.Failed);
    return false;
  }
  self.negotiated = true;
  giveSegment(self);
  return true;
}

const SEGMENT: usize = memory.data(SEGMENT_SIZE, 8);

/** Sends the segment that was held, in time. */
function giveSegment(self: AacParse): void {
  if (!self.heldSegment) return;
  self.heldSegment = false;
  const s = self.untimed ? changetype<Segment>(SEGMENT).init(Format.Time) : self.sink!.segment;
  pushEvent(self.src!, segmentEvent(s));
}

/** Tells LOAS from ADTS by the first bytes. */
function decide(self: AacParse): void {
  const bytes = self.framer.bytes;
  if (bytes.size < LOAS_HEADER) return;
  self.undecided = false;
  bytes.copyOut(0, CONFIG, LOAS_HEADER);
  if (loasLength(CONFIG) < 0) return;
  self.input = StreamFormat.Loas;
  self.framer.framing = Framing.Loas;
}

/** Puts the config into the caps: as it came, or written from what headers told. */
function setConfig(self: AacParse, caps: Caps): void {
  const incoming = self.sink!.caps;
  const data = self.input == StreamFormat.Raw && incoming ? incoming.getBytes(Atom.codec_data) : null;
  if (data) {
    caps.setBytes(Atom.codec_data, <usize>data.a, <u32>data.b);
    return;
  }
  memory.fill(CONFIG, 0, MAX_CONFIG);
  const w = changetype<BitWriter>(WRITER).over(CONFIG, MAX_CONFIG);
  writeConfig(w, self.config);
  caps.setBytes(Atom.codec_data, CONFIG, w.bytes());
}

/** Gives a frame its times: those that came with it, or counted from the last that did. */
function stamp(self: AacParse, f: Frame, blocks: u32): void {
  const m = self.framer.marks.take(0);
  f.offset = m.offset;
  f.capture = m.capture;
  f.flags |= m.flags & FrameFlag.Discont;
  count(self, f, m.pts, blocks);
}

/** Time of the next frame, or NONE. */
function timeOf(self: AacParse): i64 {
  if (self.clock == NONE || !self.samples) return self.clock;
  return self.clock + scale(self.samples, SECOND, self.rate);
}

function count(self: AacParse, f: Frame, pts: i64, blocks: u32): void {
  if (pts != NONE) {
    self.clock = pts;
    self.samples = 0;
  }
  const c = self.config;
  if (self.rate != c.rate) {
    if (self.clock != NONE && self.samples) self.clock += scale(self.samples, SECOND, self.rate);
    self.samples = 0;
    self.rate = c.rate;
  }
  const from = timeOf(self);
  self.samples += <i64>blocks * c.frameLength;
  f.pts = from;
  f.dts = from;
  if (from != NONE) f.duration = timeOf(self) - from;
  else f.duration = scale(<i64>blocks * c.frameLength, SECOND, c.rate);
}

function newUnit(self: AacParse): Frame | null {
  const f = newFrame();
  if (!f) {
    failMemory(self);
    return null;
  }
  f.flags = FrameFlag.Key | FrameFlag.Marker;
  if (self.input != StreamFormat.Raw && self.framer.corrupt) f.flags |= FrameFlag.Corrupt;
  return f;
}

function send(self: AacParse, f: Frame, ok: bool): void {
  if (!ok) {
    frameUnref(f);
    if (!self.has(ElementFlag.Failed)) failMemory(self);
    return;
  }
  f.sequence = self.sequence++;
  push(self.src!, f);
}

const PCE: usize = memory.data(160, 8);

/** Learns from the header of an ADTS frame; false when there are no caps for it. */
function learnAdts(self: AacParse): bool {
  const h = self.framer.header;
  const c = self.config;
  const same =
    self.configKnown &&
    c.objectType == h.objectType &&
    c.rate == h.rate &&
    c.channelConfig == h.channelConfig &&
    (c.channelConfig != 0 || c.pceBits != 0);
  if (!same) {
    h.toConfig(c);
    if (!c.channelConfig) learnChannels(self);
    self.configKnown = true;
    self.negotiated = false;
  }
  return self.negotiated || giveCaps(self);
}

/** Without a channel configuration the first element of the block says what the channels are (4.5.1.2). */
function learnChannels(self: AacParse): void {
  const h = self.framer.header;
  const n = min<u32>(h.length - h.headerLength, 160);
  self.framer.bytes.copyOut(h.headerLength, PCE, n);
  const b = changetype<Bits>(BITS).over(PCE, n);
  // ID_PCE
  if (b.read(3) == 5) self.config.channels = readProgramConfig(b, self.config);
}

function giveAdts(self: AacParse): void {
  const framer = self.framer;
  const h = framer.header;
  if (!learnAdts(self)) {
    framer.taken(false);
    return;
  }
  const f = newUnit(self);
  if (!f) return;
  stamp(self, f, h.blocks);
  let ok: bool;
  if (self.output == StreamFormat.Adts) {
    ok = framer.bytes.moveTo(f.slices, h.length);
    ok = framer.taken(true) && ok;
  } else {
    const head = h.headerLength;
    // The CRC behind a lone block's header is the header's; blocks in a row cannot be told apart without reading them.
    if (h.blocks > 1) warn(self, Code.BlocksInRow, h.blocks);
    ok = putBlock(self, f, framer.bytes.size ? head : 0, h.length - head);
    ok = framer.taken(false) && ok;
  }
  send(self, f, ok);
}

/** Puts the raw data block at `pos` of the framer's bytes into a frame, in the form of the output. */
function putBlock(self: AacParse, f: Frame, pos: u32, n: u32): bool {
  if (self.output == StreamFormat.Raw) return appendSlices(f.slices, self.framer.bytes, pos, n);
  const p = takePiece(n, Owner.Parser);
  if (!p) return false;
  self.framer.bytes.copyOut(pos, p, n);
  const ok = putLoas(self, f, p, n);
  givePiece(p, n);
  return ok;
}

/** Writes a block, in one piece at `p`, as a LOAS frame into a frame. */
function putLoas(self: AacParse, f: Frame, p: usize, n: u32): bool {
  const roomFor = latmRoom(n);
  const b: Block | null = newBlock(roomFor);
  if (!b) return false;
  memory.fill(b.data, 0, roomFor);
  const w = changetype<BitWriter>(WRITER).over(b.data, roomFor);
  const size = writeLoas(w, self.config, p, n);
  if (!size) {
    beginReport(self, Code.TooMuch, f.offset, f.pts);
    addAtom(Atom.LOAS_frame);
    addInt(n);
    addInt(0x1fff);
    sendError(self);
  } else bookCopy(self, CopyReason.Align, n);
  const ok = size != 0 && f.append(b.data, b, size, 0);
  blockUnref(b);
  return ok;
}

/** Reads the LOAS frame that the framer has. */
function giveLoas(self: AacParse): void {
  const framer = self.framer;
  const n = framer.length - LOAS_HEADER;
  const p = takePiece(n, Owner.Parser);
  if (!p) {
    failMemory(self);
    return;
  }
  framer.bytes.copyOut(LOAS_HEADER, p, n);
  const b = changetype<Bits>(BITS).over(p, n);
  const result = self.latm.read(b, self.config);
  if (result == LatmResult.Ok) {
    self.unsupported = 0;
    if (self.latm.changed) self.negotiated = false;
    self.latm.changed = false;
    self.configKnown = true;
    if (self.negotiated || giveCaps(self)) giveLatm(self, p, b);
    else framer.taken(false);
  } else {
    // One alone may be damage.
    if (result == LatmResult.Unsupported && ++self.unsupported == MAX_UNSUPPORTED) {
      beginReport(self, Code.Unsupported, framer.offset, NONE);
      addAtom(Atom.LATM_with_layers);
      sendError(self);
    } else if (result != LatmResult.NoConfig) warn(self, Code.SkippedBytes, framer.length);
    framer.marks.take(0);
    framer.taken(false);
  }
  givePiece(p, n);
}

/** Sends the payload that the reader has found in the element at `p`. */
function giveLatm(self: AacParse, p: usize, b: Bits): void {
  const framer = self.framer;
  const f = newUnit(self);
  if (!f) return;
  stamp(self, f, 1);
  let ok: bool;
  if (self.output == StreamFormat.Loas) {
    ok = framer.bytes.moveTo(f.slices, framer.length);
    ok = framer.taken(true) && ok;
    send(self, f, ok);
    return;
  }
  const n = self.latm.payloadLength;
  const adts = self.output == StreamFormat.Adts;
  const head = adts ? ADTS_HEADER : 0;
  const out: Block | null = newBlock(n + head);
  ok = out != null;
  if (out) {
    if (adts) writeAdtsHeader(out.data, self.config, n);
    // The payload starts anywhere in a byte, so it has to be shifted into place.
    b.pos = self.latm.payloadAt;
    for (let i: u32 = 0; i < n; i++) store<u8>(out.data + head + i, b.read(8));
    bookCopy(self, CopyReason.Align, n);
    ok = f.append(out.data, out, n + head, 0);
    blockUnref(out);
  }
  ok = framer.taken(false) && ok;
  send(self, f, ok);
}

/** A raw data block with its times. */
function takeRaw(self: AacParse, frame: Frame): void {
  const f = newUnit(self);
  if (!f || (!self.negotiated && !giveCaps(self))) {
    if (f) frameUnref(f);
    frameUnref(frame);
    return;
  }
  const flags = f.flags;
  copyProperties(f, frame, 0);
  f.flags |= flags;
  if (f.duration == NONE || f.pts == NONE) {
    const dts = f.dts;
    count(self, f, f.pts, 1);
    if (dts != NONE) f.dts = dts;
  }
  const n = frame.size;
  let ok = true;
  if (self.output == StreamFormat.Loas) {
    const p = takePiece(n, Owner.Parser);
    ok = p != 0;
    if (ok) {
      frame.slices.copyOut(0, p, n);
      ok = putLoas(self, f, p, n);
      givePiece(p, n);
    }
  } else {
    if (self.output == StreamFormat.Adts) ok = putAdtsHeader(self, f, n);
    ok = ok && appendSlices(f.slices, frame.slices, 0, n);
  }
  frameUnref(frame);
  send(self, f, ok);
}

function putAdtsHeader(self: AacParse, f: Frame, n: u32): bool {
  if (n > MAX_ADTS_BLOCK) {
    beginReport(self, Code.TooMuch, f.offset, f.pts);
    addAtom(Atom.ADTS_frame);
    addInt(n);
    addInt(MAX_ADTS_BLOCK);
    sendError(self);
    return false;
  }
  const p = self.arena.take(ADTS_HEADER);
  if (!p) return false;
  writeAdtsHeader(p, self.config, n);
  return f.append(p, self.arena.block!, ADTS_HEADER, 0);
}
