import { RUNS_SIZE, Runs } from "../../audio/runs";
import { TIMELINE_SIZE, Timeline } from "../../audio/timeline";
import { Owner, allocZero, free } from "../../base/heap";
import { Caps, copyCaps } from "../../caps/caps";
import { Block, BlockPool, blockUnref, closeBlockPool } from "../../core/block";
import { Event, EventType } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { NONE, SECOND } from "../../core/time";
import { Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../../generated/elements/adpcmenc";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../../graph/allocation";
import { addInt, beginReport, failMemory, isTold, sendMessage } from "../../graph/bus";
import { Element, ElementFlag, Work, push, room, templateOf } from "../../graph/element";
import { handleEvent } from "../../graph/filter";
import { asEvent, asFrame, isEvent, peek, take } from "../../graph/link";
import { Pad } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { newFactory } from "../../registry/factory";
import { IMAENCODER_SIZE, IMA_HEADER, ImaEncoder, imaBytes, imaSamples } from "./ima";

const MAX_CHANNELS: u32 = 2;

@unmanaged
class AdpcmEnc extends Element {
  pool: BlockPool | null;
  channels: u32;
  rate: u32;
  blockBytes: u32;
  /** Samples of each channel in a full block, and in the one that is being made. */
  perBlock: u32;
  filled: u32;
  block: Block | null;
  /** What is being encoded, the runs of its samples, and times of what is not yet in a block that was sent. */
  frame: Frame | null;
  runs: Runs;
  timeline: Timeline;
  encoders: usize;
  broken: bool;
  /** When the first frame of the block was captured, ns or NONE. */
  capture: i64;
  sequence: u32;
  warnings: u32;

  @inline
  encoder(channel: u32): ImaEncoder {
    return changetype<ImaEncoder>(this.encoders + channel * IMAENCODER_SIZE);
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<AdpcmEnc>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.flush = flush.index;
  f.padCaps = padCaps.index;
}

function padCaps(e: Element, pad: Pad): Caps {
  const caps = copyCaps(templateOf(pad).caps);
  if (!pad.isSink) caps.setInt(Atom.block_align, <i32>e.propInt(Prop.blockalign));
  return caps;
}

function start(e: Element): i32 {
  const self = changetype<AdpcmEnc>(e);
  const p = allocZero(RUNS_SIZE + TIMELINE_SIZE + MAX_CHANNELS * IMAENCODER_SIZE, Owner.Element);
  if (!p) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.runs = changetype<Runs>(p);
  self.timeline = changetype<Timeline>(p + RUNS_SIZE);
  self.encoders = p + RUNS_SIZE + TIMELINE_SIZE;
  self.timeline.reset(NONE);
  self.timeline.setRate(8000);
  self.filled = 0;
  self.broken = true;
  self.sequence = 0;
  self.warnings = 0;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<AdpcmEnc>(e);
  flush(e, e.sink!);
  closeBlockPool(self.pool);
  self.pool = null;
  free(changetype<usize>(self.runs));
  self.runs = changetype<Runs>(0);
}

/** Forgets what is being encoded. */
function flush(e: Element, pad: Pad): void {
  const self = changetype<AdpcmEnc>(e);
  if (self.frame) frameUnref(self.frame!);
  self.frame = null;
  if (self.block) blockUnref(self.block!);
  self.block = null;
  self.filled = 0;
  self.broken = true;
  if (changetype<usize>(self.runs)) self.timeline.reset(NONE);
}

function event(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<AdpcmEnc>(e);
  switch (event.type) {
    case EventType.Caps:
      finish(self);
      takeCaps(self, event.caps!);
      return false;
    case EventType.Segment:
      finish(self);
      self.timeline.reset(NONE);
      return false;
    case EventType.Gap:
    case EventType.Eos:
      finish(self);
      return false;
    default:
      return false;
  }
}

function takeCaps(self: AdpcmEnc, caps: Caps): void {
  self.channels = <u32>caps.getInt(Atom.channels, 1);
  self.rate = <u32>caps.getInt(Atom.rate, 8000);
  self.blockBytes = <u32>self.propInt(Prop.blockalign);
  self.perBlock = imaSamples(self.blockBytes, self.channels);
  for (let c: u32 = 0; c < self.channels; c++) self.encoder(c).index = 0;
  self.timeline.setRate(self.rate);
  closeBlockPool(self.pool);
  self.pool = null;
}

function work(e: Element): i32 {
  const self = changetype<AdpcmEnc>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  while (room(e.src!) && !e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    if (self.frame) {
      if (!self.block && !takeRoom(self)) return Work.Idle;
      fill(self);
      continue;
    }
    if (link.head == link.tail) return Work.Idle;
    spend(1);
    const packet = peek(link);
    if (isEvent(packet)) {
      handleEvent(e, pad, asEvent(take(link)));
      continue;
    }
    // What follows a break begins a block: the one before it goes first, and then this is looked at again.
    if (asFrame(packet).has(FrameFlag.Discont) && self.block) finish(self);
    else takeFrame(self, asFrame(take(link)));
  }
  return Work.Idle;
}

/** Begins to encode a frame. */
function takeFrame(self: AdpcmEnc, f: Frame): void {
  const unit = self.channels << 1;
  const samples = f.size / unit;
  if (f.size % unit) warnCut(self, f, f.size % unit);
  if (f.has(FrameFlag.Discont)) {
    self.broken = true;
    self.timeline.reset(NONE);
  }
  if (!samples) {
    frameUnref(f);
    return;
  }
  self.timeline.mark(f.pts, self.filled);
  self.frame = f;
  self.runs.over(f.slices, unit, samples);
}

/** Takes a block to fill; false while there is none, or after an error. */
function takeRoom(self: AdpcmEnc): bool {
  if (!self.pool) self.pool = choosePool(self.src!, self.blockBytes, 1, BLOCK_ALIGN);
  if (!self.pool) {
    failMemory(self);
    return false;
  }
  self.block = blockFor(self, self.pool!);
  return self.block != null;
}

/** Encodes what the block and the run have in common. */
function fill(self: AdpcmEnc): void {
  const runs = self.runs;
  if (!runs.count && !runs.next()) {
    frameUnref(self.frame!);
    self.frame = null;
    return;
  }
  const channels = self.channels;
  if (!self.filled) {
    self.capture = self.frame!.capture;
    for (let c: u32 = 0; c < channels; c++) {
      self.encoder(c).begin(self.block!.data, c, channels, load<i16>(runs.data + (c << 1)));
    }
    runs.skip(1);
    self.filled = 1;
  }
  const n = min<u32>(runs.count, self.perBlock - self.filled);
  for (let c: u32 = 0; c < channels; c++) {
    self.encoder(c).encode(runs.data + (c << 1), n, channels << 1, channels * IMA_HEADER);
  }
  runs.skip(n);
  self.filled += n;
  spend(<i32>(n >> 6));
  if (self.filled == self.perBlock) give(self, self.blockBytes);
}

/** Sends what the last block holds, as a shorter one. */
function finish(self: AdpcmEnc): void {
  if (!self.filled) return;
  for (let c: u32 = 0; c < self.channels; c++) self.encoder(c).end();
  give(self, imaBytes(self.filled, self.channels));
}

/** Sends the block, of so many bytes. */
function give(self: AdpcmEnc, bytes: u32): void {
  const block = self.block!;
  const used = imaBytes(self.filled, self.channels);
  if (used < bytes) memory.fill(block.data + used, 0, bytes - used);
  const f = newFrame();
  const ok = f != null && f.append(block.data, block, bytes, 0);
  blockUnref(block);
  self.block = null;
  if (!ok) {
    if (f) frameUnref(f);
    failMemory(self);
    return;
  }
  const t = self.timeline;
  f!.flags = FrameFlag.Key;
  if (self.broken) f!.flags |= FrameFlag.Discont;
  self.broken = false;
  f!.pts = t.first;
  f!.duration = t.lasts(self.filled);
  f!.capture = self.capture;
  f!.sequence = self.sequence++;
  t.advance(self.filled);
  self.filled = 0;
  push(self.src!, f!);
}

/** Tells of bytes that make no whole sample: the first times, then ever less often. */
function warnCut(self: AdpcmEnc, f: Frame, bytes: u32): void {
  if (!isTold(++self.warnings)) return;
  beginReport(self, Code.CutSample, f.offset, f.pts);
  addInt(bytes);
  sendMessage(Post.Warning);
}
