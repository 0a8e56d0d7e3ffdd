import { RUNS_SIZE, Runs } from "../../audio/runs";
import { Block, BlockPool, closeBlockPool } from "../../core/block";
import { Event, EventType, segmentEvent } from "../../core/event";
import { Frame, copyProperties, frameOf, frameUnref } from "../../core/frame";
import { MetaFlag } from "../../core/meta";
import { Format } from "../../core/segment";
import { newTags, tagsUnref } from "../../core/tags";
import { NONE, ticksToNs } from "../../core/time";
import { Post } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../../graph/allocation";
import { addInt, beginReport, failMemory, isTold, sendMessage } from "../../graph/bus";
import { pushTags } from "../../graph/demux";
import { Element, ElementFlag, Work, push, pushEvent, room } from "../../graph/element";
import { handleEvent } from "../../graph/filter";
import { asEvent, asFrame, isEvent, peek, take } from "../../graph/link";
import { Pad } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";

/**
 * What the encoders and decoders of G.711 have in common: each frame becomes one of as many samples. Frames whose bytes
 * nobody else holds are encoded where they are.
 */
@unmanaged
export class Compander extends Element {
  pool: BlockPool | null;
  /** (to: usize, from: usize, samples: u32): void */
  convert: u32;
  /** From 16 bits to 8, not back. */
  encodes: bool;
  /** The bitrate is told when caps have come, and has still to be. */
  tellsRate: bool;
  untold: bool;
  channels: u32;
  rate: u32;
  warnings: u32;
  /** Time of the last frame that had one, ns or NONE, and samples of each channel since. */
  time: i64;
  since: i64;
}

/** To be called at start. */
export function startCompander(self: Compander, convert: u32, encodes: bool, tellsRate: bool): i32 {
  self.pool = null;
  self.convert = convert;
  self.encodes = encodes;
  self.tellsRate = tellsRate;
  self.untold = false;
  self.channels = 1;
  self.rate = 8000;
  self.warnings = 0;
  self.time = NONE;
  return 0;
}

export function stopCompander(e: Element): void {
  const self = changetype<Compander>(e);
  closeBlockPool(self.pool);
  self.pool = null;
}

export function compandEvent(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<Compander>(e);
  if (event.type == EventType.Caps) {
    const caps = event.caps!;
    self.channels = <u32>max<i32>(caps.getInt(Atom.channels, 1), 1);
    self.rate = <u32>max<i32>(caps.getInt(Atom.rate, 8000), 1);
    self.untold = self.tellsRate;
    // What is downstream may want other blocks now.
    stopCompander(e);
    return false;
  }
  if (event.type != EventType.Segment) return false;
  self.time = NONE;
  if (pad.segment.format != Format.Time) {
    // Bytes without times are counted from their start.
    pad.segment.init(Format.Time);
    self.time = 0;
    self.since = 0;
  }
  pushEvent(e.src!, segmentEvent(pad.segment));
  if (self.untold) tellRate(self);
  self.untold = false;
  return true;
}

/** Sends the bitrate as tags, those of GStreamer's encoder. */
function tellRate(self: Compander): void {
  const caps = self.sink!.caps;
  const tags = newTags();
  if (!caps || !tags) return;
  const rate = <i64>caps.getInt(Atom.rate, 0) * self.channels * 8;
  tags.int(Atom.maximum_bitrate, rate);
  tags.int(Atom.minimum_bitrate, rate);
  tags.int(Atom.bitrate, rate);
  pushTags(self, self.src!, tags);
  tagsUnref(tags);
}

export function compand(e: Element): i32 {
  const self = changetype<Compander>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  while (link.head != link.tail && room(e.src!) && !e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    const packet = peek(link);
    if (isEvent(packet)) {
      spend(1);
      handleEvent(e, pad, asEvent(take(link)));
      continue;
    }
    const frame = asFrame(packet);
    const samples = samplesOf(self, frame);
    spend(1 + <i32>(samples >> 8));
    const stays = canStay(self, frame);
    const block = samples && !stays ? blockOf(self, self.encodes ? samples : samples << 1) : null;
    if (samples && !stays && !block) return Work.Idle;
    take(link);
    if (frame.size != (self.encodes ? samples << 1 : samples)) warnCut(self, frame);
    if (!samples) frameUnref(frame);
    else if (block) give(self, frame, block, samples);
    else {
      const s = frame.slices.at(0);
      call_indirect<void>(self.convert, s.data, s.data, samples);
      s.length = samples;
      frame.size = samples;
      send(self, frame, samples);
    }
  }
  return Work.Idle;
}

/** Samples of all channels that a frame has, whole ones in each channel. */
@inline
function samplesOf(self: Compander, frame: Frame): u32 {
  const samples = self.encodes ? frame.size >> 1 : frame.size;
  return self.channels == 1 ? samples : samples - (samples % self.channels);
}

/** Whether the codes can be put where the samples are. */
function canStay(self: Compander, frame: Frame): bool {
  if (!self.encodes || frame.count != 1 || frame.refs != 1 || frame.metas) return false;
  const s = frame.slices.at(0);
  return !s.run && s.block.refs == 1;
}

/** A block for `bytes`; null while there is none, or after an error. The pool is as large as frames have been. */
function blockOf(self: Compander, bytes: u32): Block | null {
  const pool = self.pool;
  if (!pool || pool.size < bytes) {
    closeBlockPool(pool);
    self.pool = bytes >= 0x80000000 ? null : choosePool(self.src!, bytes, 1, BLOCK_ALIGN);
    if (!self.pool) {
      failMemory(self);
      return null;
    }
  }
  return blockFor(self, self.pool!);
}

const RUNS: usize = memory.data(RUNS_SIZE, 8);

/** Converts a frame, which it drops, into a block, whose reference it takes over, and sends that. */
function give(self: Compander, frame: Frame, block: Block, samples: u32): void {
  const out = frameOf(block, self.encodes ? samples : samples << 1);
  if (!out) {
    frameUnref(frame);
    failMemory(self);
    return;
  }
  const runs = changetype<Runs>(RUNS).over(frame.slices, self.encodes ? 2 : 1, samples);
  for (let to = block.data; runs.next(); to += self.encodes ? runs.count : runs.count << 1) {
    call_indirect<void>(self.convert, to, runs.data, runs.count);
  }
  copyProperties(out, frame, MetaFlag.Content);
  frameUnref(frame);
  send(self, out, samples);
}

/** Sends a frame; one without times goes on from the frame before it, if that had any. */
function send(self: Compander, frame: Frame, samples: u32): void {
  const units: i64 = self.channels == 1 ? samples : samples / self.channels;
  if (frame.pts != NONE) {
    self.time = frame.pts;
    self.since = units;
  } else {
    if (self.time != NONE) {
      frame.pts = self.time + ticksToNs(self.since, self.rate);
      if (frame.duration == NONE) frame.duration = ticksToNs(units, self.rate);
    }
    self.since += units;
  }
  push(self.src!, frame);
}

/** Tells of bytes that make no whole sample: the first times, then ever less often. */
function warnCut(self: Compander, frame: Frame): void {
  const sample = self.encodes ? self.channels << 1 : self.channels;
  const cut = frame.size % sample;
  if (!cut) return;
  if (!isTold(++self.warnings)) return;
  beginReport(self, Code.CutSample, frame.offset, frame.pts);
  addInt(cut);
  sendMessage(Post.Warning);
}
