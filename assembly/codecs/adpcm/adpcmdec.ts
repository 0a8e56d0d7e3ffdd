import { TIMELINE_SIZE, Timeline } from "../../audio/timeline";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { Caps } from "../../caps/caps";
import { Block, BlockPool, blockUnref, closeBlockPool } from "../../core/block";
import { Event, EventType } from "../../core/event";
import { Frame, FrameFlag, frameUnref, newFrame } from "../../core/frame";
import { Slices, appendSlices } from "../../core/slices";
import { NONE, SECOND, ticksToNs } from "../../core/time";
import { CopyReason, Post } from "../../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH } from "../../generated/elements/adpcmdec";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { BLOCK_ALIGN, blockFor, choosePool } from "../../graph/allocation";
import { addInt, beginReport, failMemory, isTold, sendMessage } from "../../graph/bus";
import { Element, ElementFlag, Work, bookCopy, push, room } from "../../graph/element";
import { handleEvent, passAsTime } from "../../graph/filter";
import { asEvent, asFrame, isEvent, peek, take } from "../../graph/link";
import { Pad } from "../../graph/pad";
import { pipeline, spend } from "../../graph/pipeline";
import { newFactory } from "../../registry/factory";
import { decodeIma, imaSamples } from "./ima";

/** Bytes of the largest block that caps allow. */
const MAX_BLOCK: u32 = 8192;

@unmanaged
class AdpcmDec extends Element {
  held_items: usize;
  held_count: u32;
  held_room: u32;
  held_size: u32;
  pool: BlockPool | null;
  channels: u32;
  rate: u32;
  blockBytes: u32;
  /** Samples of each channel in a full block. */
  perBlock: u32;
  /** What is held ends here: the last block may be shorter. */
  ending: bool;
  broken: bool;
  /** Times of what is held, in bytes. */
  timeline: Timeline;
  /** A block whose bytes do not lie together, MAX_BLOCK bytes, 0 until there was one. */
  gathered: usize;
  /** Where what is held began in its file, bytes, or -1, and when its first frame was captured, ns or NONE. */
  offset: i64;
  capture: i64;
  sequence: u32;
  warnings: u32;

  /** What has come and has not been decoded. */
  @inline
  get held(): Slices {
    return changetype<Slices>(changetype<usize>(this) + offsetof<AdpcmDec>("held_items"));
  }
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<AdpcmDec>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.event = event.index;
  f.flush = flush.index;
}

function start(e: Element): i32 {
  const self = changetype<AdpcmDec>(e);
  const p = allocZero(TIMELINE_SIZE, Owner.Element);
  if (!p) {
    failMemory(e);
    return Code.NoMemory;
  }
  self.timeline = changetype<Timeline>(p);
  self.timeline.setRate(8000);
  self.timeline.reset(NONE);
  self.channels = 1;
  self.rate = 8000;
  self.blockBytes = MAX_BLOCK;
  self.perBlock = imaSamples(MAX_BLOCK, 1);
  self.ending = false;
  self.broken = true;
  self.sequence = 0;
  self.warnings = 0;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<AdpcmDec>(e);
  self.held.release();
  closeBlockPool(self.pool);
  self.pool = null;
  free(self.gathered);
  self.gathered = 0;
  free(changetype<usize>(self.timeline));
  self.timeline = changetype<Timeline>(0);
}

function flush(e: Element, pad: Pad): void {
  const self = changetype<AdpcmDec>(e);
  self.held.clear();
  self.timeline.reset(NONE);
  self.ending = false;
  self.broken = true;
}

function event(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<AdpcmDec>(e);
  if (event.type == EventType.Caps) takeCaps(self, event.caps!);
  if (event.type != EventType.Segment) return false;
  const untimed = passAsTime(e, pad);
  // Bytes without times are counted from their start.
  self.timeline.reset(untimed ? 0 : NONE);
  return untimed;
}

function takeCaps(self: AdpcmDec, caps: Caps): void {
  self.rate = <u32>caps.getInt(Atom.rate, 8000);
  self.channels = <u32>caps.getInt(Atom.channels, 1);
  self.blockBytes = <u32>caps.getInt(Atom.block_align, MAX_BLOCK);
  self.perBlock = imaSamples(self.blockBytes, self.channels);
  self.timeline.setPace(<i64>self.blockBytes * self.rate, SECOND * self.perBlock);
  closeBlockPool(self.pool);
  self.pool = null;
}

function work(e: Element): i32 {
  const self = changetype<AdpcmDec>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  while (room(e.src!) && !e.has(ElementFlag.Failed)) {
    if (pipeline().budget <= 0) return Work.Again;
    const size = self.held.size;
    if (size >= self.blockBytes || (self.ending && size)) {
      if (!decode(self, min<u32>(size, self.blockBytes))) return Work.Idle;
      continue;
    }
    self.ending = false;
    if (link.head == link.tail) return Work.Idle;
    spend(1);
    const packet = peek(link);
    // Before a break and before events the last block may be shorter; then this is looked at again.
    if (size && (isEvent(packet) ? endsBlocks(asEvent(packet)) : asFrame(packet).has(FrameFlag.Discont))) {
      self.ending = true;
    } else if (isEvent(packet)) handleEvent(e, pad, asEvent(take(link)));
    else takeFrame(self, asFrame(take(link)));
  }
  return Work.Idle;
}

@inline
function endsBlocks(event: Event): bool {
  return event.type != EventType.Tags && event.type != EventType.Custom;
}

function takeFrame(self: AdpcmDec, f: Frame): void {
  if (f.has(FrameFlag.Discont)) {
    self.broken = true;
    if (f.pts != NONE) self.timeline.reset(NONE);
  }
  const held = self.held;
  self.timeline.mark(f.pts, held.size);
  if (!held.size) {
    self.offset = f.offset;
    self.capture = f.capture;
  }
  if (!appendSlices(held, f.slices, 0, f.size)) failMemory(self);
  frameUnref(f);
}

/** Decodes the first `bytes` of what is held as a block; false while there is no room for it, or after an error. */
function decode(self: AdpcmDec, bytes: u32): bool {
  const channels = self.channels;
  const samples = imaSamples(bytes, channels);
  spend(1 + <i32>(samples >> 6));
  if (!samples) {
    drop(self, bytes);
    return true;
  }
  if (!self.pool) self.pool = choosePool(self.src!, (self.perBlock * channels) << 1, 1, BLOCK_ALIGN);
  if (!self.pool) {
    failMemory(self);
    return false;
  }
  const block = blockFor(self, self.pool!);
  if (!block) return false;
  const from = together(self, bytes);
  if (!from || !decodeIma(block.data, from, samples, channels)) {
    blockUnref(block);
    if (from) drop(self, bytes);
    else failMemory(self);
    return true;
  }
  give(self, block, samples);
  pass(self, bytes);
  return true;
}

/** Address of the first `bytes` of what is held, copied if they do not lie together; 0 when the heap has no room. */
function together(self: AdpcmDec, bytes: u32): usize {
  const p = self.held.stretch(0, bytes);
  if (p) return p;
  if (!self.gathered) self.gathered = alloc(MAX_BLOCK, Owner.Element);
  if (!self.gathered) return 0;
  self.held.copyOut(0, self.gathered, bytes);
  bookCopy(self, CopyReason.Gather, bytes);
  return self.gathered;
}

/** Sends samples of a block, whose reference it takes over. */
function give(self: AdpcmDec, block: Block, samples: u32): void {
  const f = newFrame();
  const ok = f != null && f.append(block.data, block, (samples * self.channels) << 1, 0);
  blockUnref(block);
  if (!ok) {
    if (f) frameUnref(f);
    failMemory(self);
    return;
  }
  f!.flags = FrameFlag.Key;
  if (self.broken) f!.flags |= FrameFlag.Discont;
  self.broken = false;
  f!.pts = self.timeline.first;
  f!.duration = ticksToNs(samples, self.rate);
  f!.offset = self.offset;
  f!.capture = self.capture;
  f!.sequence = self.sequence++;
  push(self.src!, f!);
}

/** Leaves a block out: the first times with a warning, then ever less often. */
function drop(self: AdpcmDec, bytes: u32): void {
  self.broken = true;
  if (isTold(++self.warnings)) {
    beginReport(self, Code.BadBlock, self.offset, self.timeline.first);
    addInt(bytes);
    sendMessage(Post.Warning);
  }
  pass(self, bytes);
}

/** Goes on behind a block. */
function pass(self: AdpcmDec, bytes: u32): void {
  self.timeline.advance(bytes);
  if (self.offset >= 0) self.offset += bytes;
  if (!self.held.drop(bytes)) failMemory(self);
}
