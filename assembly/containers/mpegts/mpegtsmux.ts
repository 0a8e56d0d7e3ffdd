import { putBe32 } from "../../base/bytes";
import { Owner, allocZero, free } from "../../base/heap";
import { Vec } from "../../base/vec";
import { Caps, capsOf, capsUnref } from "../../caps/caps";
import { Block, BlockPool, blockUnref, closeBlockPool, takeBlock } from "../../core/block";
import { Event, EventType } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { Format } from "../../core/segment";
import { findTag } from "../../core/tags";
import { NONE, nsToTicks, scale } from "../../core/time";
import { CopyReason } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../../generated/elements/mpegtsmux";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { Aggregate, aggregate, nextPad, orderTime } from "../../graph/aggregate";
import { BLOCK_ALIGN, choosePool } from "../../graph/allocation";
import { addCaps, addInt, beginReport, failMemory, sendError } from "../../graph/bus";
import { Element, ElementFlag, Work, addPad, bookCopy, push, pushEos, room } from "../../graph/element";
import { asFrame, take } from "../../graph/link";
import { Pad } from "../../graph/pad";
import { PipelineFlag, pipeline, spend } from "../../graph/pipeline";
import { padName } from "../../graph/request";
import { startPad, startSegment } from "../../graph/source";
import { newFactory } from "../../registry/factory";
import { atomData, atomLength } from "../../registry/atom";
import { PACKET, PIDS, PID_NULL, TIMESTAMP_RATE } from "./misc";
import { TS_OUTPUT_SIZE, TsOutput, TsWriter, isVideoType } from "./muxer";
import { Wrapping, addLanguage, describeOutput } from "./outputtype";

/** Packets of an output block: about a mebibyte, and a multiple of 7 where datagrams are cut from it. */
const BLOCK_PACKETS: u32 = 5120;

/** Running time 0 as a timestamp: what is decoded a little earlier still has one that counts up from 0. */
const BASE: i64 = 90_000;

/** How long before its decoding a unit is sent, 90 kHz. */
const LEAD: i64 = 63_000;

/** The longest time without a clock reference (2.7.2: 0.1 s), 90 kHz, with a margin. */
const MAX_PCR_GAP: i64 = 8_100;

/** First PID of streams that bring none of their own. */
const FIRST_PID: u32 = 0x100;

/** What is kept of a sink pad. */
@unmanaged
class TsInput {
  wrapping: i32;
  /** Its caps have come, so it is in the PMT. */
  known: bool;
  output_: u64;

  @inline
  get output(): TsOutput {
    return changetype<TsOutput>(changetype<usize>(this) + offsetof<TsInput>("output_"));
  }
}

const TS_INPUT_SIZE: u32 = offsetof<TsInput>("output_") + TS_OUTPUT_SIZE;

@unmanaged
class MpegTsMux extends Element {
  writer: TsWriter;
  pool: BlockPool | null;
  /** The block being filled, and what of it has been sent. */
  block: Block | null;
  sent: usize;
  started: bool;
  /** Streams in the PMT: addresses of their TsOutputs. */
  outputs_data: usize;
  outputs_length: u32;
  outputs_capacity: u32;
  tablesChanged: bool;
  /** Decoding times, 90 kHz, at which the tables and the clock were written last. */
  lastPat: i64;
  lastPmt: i64;
  lastPcr: i64;
  clockStarted: bool;
  /** Clock of the first packet, 27 MHz, where a bitrate gives the others theirs. */
  firstPcr: i64;
  packetStride: u32;
  sequence: u32;
  /** Time of what is in the block, ns. */
  pts: i64;

  @inline
  get outputs(): Vec<TsOutput> {
    return changetype<Vec<TsOutput>>(changetype<usize>(this) + offsetof<MpegTsMux>("outputs_data"));
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<MpegTsMux>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.request = request.index;
  f.padCaps = padCaps.index;
  f.flush = flush.index;
  f.dispose = dispose.index;
}

function request(e: Element, template: u32, name: u32): Pad | null {
  const pad = addPad(e, template, padName(e, template, name));
  if (!pad) return null;
  pad.state = allocZero(TS_INPUT_SIZE, Owner.Pad);
  return pad;
}

function dispose(e: Element): void {
  for (let p = e.sink; p; p = p!.next) free(p.state);
}

function padCaps(e: Element, pad: Pad): Caps {
  if (pad.isSink) {
    const c = e.factory.template(pad.template).caps;
    c.refs++;
    return c;
  }
  const stride = e.propBool(Prop.m2ts_mode) ? 192 : PACKET;
  return capsOf(Atom.video_mpegts).setBool(Atom.systemstream, true).setInt(Atom.packetsize, stride);
}

function inputOf(pad: Pad): TsInput {
  return changetype<TsInput>(pad.state);
}

function start(e: Element): i32 {
  const self = changetype<MpegTsMux>(e);
  const p = allocZero(offsetof<TsWriter>(), Owner.Parser);
  self.writer = changetype<TsWriter>(p);
  if (!p) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.packetStride = e.propBool(Prop.m2ts_mode) ? 192 : PACKET;
  self.writer.init(self.packetStride);
  self.writer.more = nextBlock.index;
  self.writer.owner = changetype<usize>(e);
  self.started = false;
  self.tablesChanged = false;
  self.clockStarted = false;
  self.sequence = 0;
  self.pts = NONE;
  for (let pad = e.sink; pad; pad = pad!.next) {
    if (!pad.state) {
      failMemory(e);
      return Code.NoMemory;
    }
    inputOf(pad).known = false;
  }
  return 0;
}

function stop(e: Element): void {
  const self = changetype<MpegTsMux>(e);
  if (self.block) blockUnref(self.block!);
  self.block = null;
  closeBlockPool(self.pool);
  self.pool = null;
  self.outputs.release();
  free(changetype<usize>(self.writer));
  self.writer = changetype<TsWriter>(0);
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<MpegTsMux>(e);
  self.clockStarted = false;
  self.tablesChanged = true;
}

function work(e: Element): i32 {
  const self = changetype<MpegTsMux>(e);
  if (e.has(ElementFlag.Eos)) return Work.Idle;
  while (!e.has(ElementFlag.Failed)) {
    if (!room(e.src!)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
    spend(1);
    switch (aggregate(e, event.index)) {
      case Aggregate.Frame: {
        const pad = nextPad();
        const f = asFrame(take(pad.link!));
        mux(self, pad, f);
        frameUnref(f);
        break;
      }
      case Aggregate.End:
        send(self, true);
        if (!e.has(ElementFlag.Failed)) pushEos(e);
        return Work.Idle;
      default:
        // In real time nothing waits for a block to be full.
        if (pipeline().has(PipelineFlag.Live)) send(self, false);
        return Work.Idle;
    }
  }
  return Work.Idle;
}

const LENGTH: usize = memory.data(4, 4);

function event(e: Element, pad: Pad, ev: Event): void {
  const self = changetype<MpegTsMux>(e);
  if (ev.type == EventType.Caps && ev.caps) addOutput(self, pad, ev.caps!);
  else if (ev.type == EventType.Tags && ev.tags) {
    const p = findTag(ev.tags!, Atom.language_code, LENGTH);
    if (!p) return;
    addLanguage(inputOf(pad).output, p, load<u32>(LENGTH));
    self.tablesChanged = true;
  }
}

/** Puts the stream of a pad into the program. */
function addOutput(self: MpegTsMux, pad: Pad, caps: Caps): void {
  const input = inputOf(pad);
  const o = input.output;
  let video: u32 = 0;
  let audio: u32 = 0;
  for (let p = self.sink; p && changetype<usize>(p) != changetype<usize>(pad); p = p!.next) {
    if (isVideoType(inputOf(p).output.type)) video++;
    else audio++;
  }
  const wrapping = describeOutput(o, caps, video, audio);
  if (wrapping < 0) {
    beginReport(self, Code.UnsupportedCaps, -1, NONE);
    addCaps(caps);
    sendError(self);
    return;
  }
  input.wrapping = wrapping;
  self.tablesChanged = true;
  if (input.known) return;
  input.known = true;
  o.pid = pidOf(self, pad);
  o.unbounded = isVideoType(o.type);
  if (!self.outputs.push(o)) {
    failMemory(self);
    return;
  }
  // The tables name streams in the order of their PIDs, whichever has its caps first.
  for (let i = self.outputs.length - 1; i > 0 && self.outputs.get(i - 1).pid > o.pid; i--) {
    self.outputs.set(i, self.outputs.get(i - 1));
    self.outputs.set(i - 1, o);
  }
  // The clock goes with the first video, else with the first stream.
  let clock = self.outputs.get(0);
  for (let i: u32 = 0; i < self.outputs.length; i++) {
    if (!isVideoType(self.outputs.get(i).type)) continue;
    clock = self.outputs.get(i);
    break;
  }
  self.writer.pcrPid = clock.pid;
}

/** The PID of a pad: the number in its name where that can be one, else by its place among the pads. */
function pidOf(self: MpegTsMux, pad: Pad): u32 {
  const p = atomData(pad.name);
  let n: u32 = 0;
  for (let i: u32 = 5; i < atomLength(pad.name); i++) n = n * 10 + (<u32>load<u8>(p + i) - 48);
  if (n >= 0x20 && n < PID_NULL && n != self.writer.pmtPid && !isTaken(self, n)) return n;
  n = FIRST_PID;
  for (let other = self.sink; other && changetype<usize>(other) != changetype<usize>(pad); other = other!.next) n++;
  while (isTaken(self, n)) n++;
  return n;
}

function isTaken(self: MpegTsMux, pid: u32): bool {
  for (let i: u32 = 0; i < self.outputs.length; i++) if (self.outputs.get(i).pid == pid) return true;
  return pid >= PIDS;
}

const HEAD: usize = memory.data(160, 8);

/** Writes one unit, with what is due before it. */
function mux(self: MpegTsMux, pad: Pad, f: Frame): void {
  const input = inputOf(pad);
  const o = input.output;
  const order = orderTime(pad, f);
  if (!input.known || order == NONE) {
    beginReport(self, input.known ? Code.NoTimestamp : Code.NoCaps, f.offset, f.pts);
    sendError(self);
    return;
  }
  if (!self.started && !begin(self)) return;
  const dts = nsToTicks(order, TIMESTAMP_RATE) + BASE;
  const shown = pad.segment.runningTime(f.pts);
  const pts = shown == NONE ? dts : nsToTicks(shown, TIMESTAMP_RATE) + BASE;
  const w = self.writer;
  if (self.pts == NONE) self.pts = order;
  const pcr = clockFor(self, dts);
  writeTables(self, dts);
  let reference: i64 = -1;
  if (!self.clockStarted || dts - self.lastPcr >= self.propInt(Prop.pcr_interval)) {
    if (o.pid == w.pcrPid) reference = pcr;
    else if (!self.clockStarted || dts - self.lastPcr >= MAX_PCR_GAP) {
      w.writePcr(clockOutput(self), pcr);
      self.clockStarted = true;
      self.lastPcr = dts;
    }
  }
  if (reference >= 0) {
    self.clockStarted = true;
    self.lastPcr = dts;
  }
  const wrapped = wrap(input.wrapping, f);
  const headLength = w.pesHeader(HEAD, o, f.size + wrapped, pts, pts == dts ? -1 : dts);
  memory.copy(HEAD + headLength, WRAP, wrapped);
  w.writePes(o, HEAD, headLength + wrapped, f.slices, reference, isVideoType(o.type) && f.has(FrameFlag.Key));
  bookCopy(self, CopyReason.Packetize, f.size);
  spend(<i32>(f.size >> 13));
}

const WRAP: usize = memory.data(128, 8);
const START: usize = memory.data(8, 4);

/** Puts what goes in front of a unit to WRAP; its bytes. */
function wrap(wrapping: i32, f: Frame): u32 {
  if (wrapping == Wrapping.Opus) {
    // Prefix of eleven ones, nothing trimmed; then the size.
    store<u8>(WRAP, 0x7f);
    store<u8>(WRAP, 0xe0, 1);
    let n: u32 = 2;
    let left = min<u32>(f.size, 255 * 120);
    while (left >= 255) {
      store<u8>(WRAP + n++, 255);
      left -= 255;
    }
    store<u8>(WRAP + n++, left);
    return n;
  }
  if (wrapping == Wrapping.None || f.size < 6) return 0;
  f.slices.copyOut(0, START, 5);
  const header = load<u8>(START, 2) == 1 ? <u32>load<u8>(START, 3) : <u32>load<u8>(START, 4);
  // Transport streams need delimiters (2.14.1 for H.264, 2.17.1 for H.265).
  putBe32(WRAP, 1);
  if (wrapping == Wrapping.H264) {
    if ((header & 31) == 9) return 0;
    store<u8>(WRAP, 0x09, 4);
    store<u8>(WRAP, 0xf0, 5);
    return 6;
  }
  if (((header >> 1) & 63) == 35) return 0;
  store<u8>(WRAP, 0x46, 4);
  store<u8>(WRAP, 0x01, 5);
  store<u8>(WRAP, 0x50, 6);
  return 7;
}

function begin(self: MpegTsMux): bool {
  self.started = true;
  const src = self.src!;
  const caps = padCaps(self, src);
  const ok = startPad(src, caps);
  capsUnref(caps);
  if (ok) startSegment(src, Format.Time, 0);
  return ok;
}

function clockOutput(self: MpegTsMux): TsOutput {
  for (let i: u32 = 0; i < self.outputs.length; i++) {
    if (self.outputs.get(i).pid == self.writer.pcrPid) return self.outputs.get(i);
  }
  return self.outputs.get(0);
}

/**
 * The clock, 27 MHz, at which a unit decoded at `dts` is sent. With a bitrate it follows from the packets written, and null
 * packets are written until it is time.
 */
function clockFor(self: MpegTsMux, dts: i64): i64 {
  const w = self.writer;
  const wanted = (dts - LEAD) * 300;
  const bitrate = self.propInt(Prop.bitrate);
  if (bitrate <= 0) {
    w.arrival = wanted;
    return wanted;
  }
  if (!w.packets) self.firstPcr = wanted;
  let now = self.firstPcr + clockOf(self, bitrate);
  while (now < wanted && !self.has(ElementFlag.Failed)) {
    w.arrival = now;
    if (self.clockStarted && (now - self.lastPcr * 300 + LEAD * 300) / 300 >= self.propInt(Prop.pcr_interval)) {
      w.writePcr(clockOutput(self), now);
      self.lastPcr = now / 300 + LEAD;
    } else w.writeNull();
    now = self.firstPcr + clockOf(self, bitrate);
  }
  w.arrival = now;
  return now;
}

function clockOf(self: MpegTsMux, bitrate: i64): i64 {
  return scale(<i64>self.writer.packets * (PACKET * 8), 27_000_000, bitrate);
}

/** Writes the tables when they are due or have changed. */
function writeTables(self: MpegTsMux, dts: i64): void {
  const w = self.writer;
  const first = !self.clockStarted;
  if (self.tablesChanged && !first) w.version = (w.version + 1) & 31;
  if (first || self.tablesChanged || dts - self.lastPat >= self.propInt(Prop.pat_interval)) {
    self.lastPat = dts;
    w.writePat();
  }
  if (first || self.tablesChanged || dts - self.lastPmt >= self.propInt(Prop.pmt_interval)) {
    self.lastPmt = dts;
    const registration = self.packetStride == 192 ? 0x48444d56 : 0;
    if (!w.writePmt(self.outputs.data, self.outputs.length, registration)) {
      beginReport(self, Code.TooManyStreams, -1, NONE);
      addInt(self.outputs.length);
      sendError(self);
    }
  }
  self.tablesChanged = false;
}

/** Gives the writer its next stretch of memory; the one before is sent. */
function nextBlock(owner: usize): void {
  const self = changetype<MpegTsMux>(owner);
  const w = self.writer;
  send(self, true);
  const alignment = self.propInt(Prop.alignment);
  const packets = alignment > 0 ? BLOCK_PACKETS - (BLOCK_PACKETS % <u32>alignment) : BLOCK_PACKETS;
  const size = packets * self.packetStride;
  if (!self.pool) self.pool = choosePool(self.src!, size, 0, BLOCK_ALIGN);
  const b = self.pool ? takeBlock(self.pool!, -1) : null;
  if (!b) {
    // The packets go nowhere until the element is stopped.
    if (!self.has(ElementFlag.Failed)) failMemory(self);
    w.out = NOWHERE;
    w.limit = NOWHERE + 192;
    return;
  }
  self.block = b;
  self.sent = b.data;
  w.out = b.data;
  w.limit = b.data + size;
}

const NOWHERE: usize = memory.data(192, 8);

/**
 * Sends what has been written: frames of `alignment` packets, or one.
 * @param all also a last one that is shorter; the block is given up
 */
function send(self: MpegTsMux, all: bool): void {
  const b = self.block;
  const w = self.writer;
  if (!b) return;
  const alignment = self.propInt(Prop.alignment);
  const step = alignment > 0 ? <u32>alignment * self.packetStride : 0;
  while (self.sent < w.out) {
    const left = <u32>(w.out - self.sent);
    const n = step && left >= step ? step : left;
    if (step && n < step && !all) break;
    const f = newFrame();
    if (!f || !f.append(self.sent, b, n, 0)) {
      if (f) frameUnref(f);
      failMemory(self);
      return;
    }
    f.pts = self.pts;
    f.sequence = self.sequence++;
    self.sent += n;
    push(self.src!, f);
    if (!step) break;
  }
  self.pts = NONE;
  if (!all) return;
  blockUnref(b);
  self.block = null;
  w.out = 0;
  w.limit = 0;
}
