import { Owner, alloc, free } from "../base/heap";
import { Block, blockUnref, closeBlockPool } from "../core/block";
import { Event } from "../core/event";
import { FrameFlag, newFrame } from "../core/frame";
import { NONE, SECOND } from "../core/time";
import { AnimationMode, DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/videotestsrc";
import { Code } from "../generated/errors";
import { BLOCK_ALIGN, blockFor, choosePool } from "../graph/allocation";
import { addInt, beginReport, failMemory, sendError } from "../graph/bus";
import { Element, ElementFlag, Work, push, pushEos, room } from "../graph/element";
import { Pad } from "../graph/pad";
import { pipeline, spend } from "../graph/pipeline";
import { Query } from "../graph/query";
import { newFactory } from "../registry/factory";
import { VIDEOINFO_SIZE, VideoInfo } from "../video/info";
import { Motion, PAINTER_SIZE, Painter, Pattern } from "../video/testpattern";
import {
  TimedSource,
  endOf,
  isDue,
  negotiateTimed,
  queryTimed,
  sendSegment,
  setRate,
  setTimedLatency,
  stampFrame,
  startTimed,
  stopTimed,
  timeOf,
  upstreamTimed,
} from "./timedsource";

@unmanaged
class VideoTestSrc extends TimedSource {
  /** The picture of a pattern that does not move; all frames show the one block. */
  still: Block | null;
  /** A Painter and its VideoInfo. */
  painter_: u64;

  @inline
  get painter(): Painter {
    return changetype<Painter>(changetype<usize>(this) + offsetof<VideoTestSrc>("painter_"));
  }

  @inline
  get video(): VideoInfo {
    return changetype<VideoInfo>(changetype<usize>(this) + offsetof<VideoTestSrc>("painter_") + PAINTER_SIZE);
  }
}

const SIZE: u32 = offsetof<VideoTestSrc>("painter_") + PAINTER_SIZE + VIDEOINFO_SIZE;

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.query = query.index;
  f.upstream = upstream.index;
  f.changed = changed.index;
}

function start(e: Element): i32 {
  const self = changetype<VideoTestSrc>(e);
  startTimed(self, e.propBool(Prop.is_live));
  const p = self.painter;
  memory.fill(changetype<usize>(p), 0, PAINTER_SIZE);
  p.video = self.video;
  readProperties(self);
  return 0;
}

function stop(e: Element): void {
  const self = changetype<VideoTestSrc>(e);
  dropStill(self);
  free(self.painter.scratch);
  self.painter.scratch = 0;
  stopTimed(self);
}

function changed(e: Element, property: u32): i32 {
  if (e.has(ElementFlag.Started)) readProperties(changetype<VideoTestSrc>(e));
  return 0;
}

function readProperties(self: VideoTestSrc): void {
  const p = self.painter;
  p.pattern = <Pattern>self.propInt(Prop.pattern);
  p.motion = <Motion>self.propInt(Prop.motion);
  p.foreground = <u32>self.propInt(Prop.foreground_color);
  p.background = <u32>self.propInt(Prop.background_color);
  p.speed = <i32>self.propInt(Prop.horizontal_speed);
  const count = self.propInt(Prop.num_buffers);
  self.end = count < 0 ? -1 : count - self.unitsBefore;
  dropStill(self);
}

function dropStill(self: VideoTestSrc): void {
  if (self.still) blockUnref(self.still!);
  self.still = null;
}

/** Negotiates and prepares what the caps ask for; false after an error was posted. */
function prepare(self: VideoTestSrc): bool {
  if (!negotiateTimed(self)) return false;
  const caps = self.src!.caps!;
  const v = self.video;
  if (!v.fromCaps(caps)) {
    beginReport(self, Code.PictureTooLarge, -1, NONE);
    addInt(v.width);
    addInt(v.height);
    sendError(self);
    return false;
  }
  setRate(self, v.rateN, v.rateD);
  dropStill(self);
  closeBlockPool(self.pool);
  self.pool = null;
  const p = self.painter;
  free(p.scratch);
  p.scratch = alloc(Painter.scratchSize(v.width), Owner.Element);
  if (p.scratch) self.pool = choosePool(self.src!, v.size, 1, BLOCK_ALIGN);
  if (!self.pool) {
    failMemory(self);
    return false;
  }
  if (v.rateN > 0) setTimedLatency(self, timeOf(self, 1) - timeOf(self, 0));
  return true;
}

function work(e: Element): i32 {
  const self = changetype<VideoTestSrc>(e);
  const src = e.src!;
  if (e.has(ElementFlag.Eos)) return Work.Idle;
  if (!self.begun && !prepare(self)) return Work.Idle;
  sendSegment(self);
  while (room(src)) {
    // Without a frame rate there is one picture.
    if (self.next >= endOf(self) || (self.video.rateN == 0 && self.next)) {
      pushEos(e);
      return Work.Idle;
    }
    if (!isDue(self, timeOf(self, self.next)) || !give(self)) return Work.Idle;
    if (pipeline().budget <= 0) return Work.Again;
  }
  return Work.Idle;
}

/** Sends the next picture; false when there is no block for it now, or after an error. */
function give(self: VideoTestSrc): bool {
  let block = self.still;
  if (!block) {
    block = draw(self);
    if (!block) return false;
  }
  const f = newFrame();
  if (!f || !f.append(block.data, block, self.video.size, 0)) {
    failMemory(self);
    return false;
  }
  if (!self.still) blockUnref(block);
  stampFrame(self, f, 1, self.propInt(Prop.timestamp_offset), self.propBool(Prop.do_timestamp));
  f.flags |= FrameFlag.Key;
  if (self.discont) f.flags |= FrameFlag.Discont;
  self.discont = false;
  push(self.src!, f);
  return true;
}

/** Draws the next picture into a block; null when none is free now. One that never changes is kept. */
function draw(self: VideoTestSrc): Block | null {
  const block = blockFor(self, self.pool!);
  if (!block) return null;
  const p = self.painter;
  p.number = self.next;
  if (p.pattern == Pattern.Ball) place(self, p);
  p.paint(block.data);
  // Drawing takes about a nanosecond a byte.
  spend(<i32>(self.video.size >> 10));
  if (p.still) self.still = block;
  return block;
}

/** Where the ball is in the next picture. */
function place(self: VideoTestSrc, p: Painter): void {
  const flips = self.propBool(Prop.flip);
  const mode = <AnimationMode>self.propInt(Prop.animation_mode);
  if (mode == AnimationMode.frames) {
    p.phase = <f64>p.number / 200.0;
    p.flipped = flips && ((p.number / 50) & 1) != 0;
    return;
  }
  const wall = mode == AnimationMode.wall_time;
  const t = wall ? pipeline().now / 1000 : timeOf(self, self.next) + self.propInt(Prop.timestamp_offset);
  const second: i64 = wall ? 1000000 : SECOND;
  p.phase = <f64>t / <f64>second;
  p.flipped = flips && ((t / second) & 1) != 0;
}

function query(e: Element, pad: Pad, q: Query): bool {
  return queryTimed(changetype<VideoTestSrc>(e), q);
}

function upstream(e: Element, pad: Pad, event: Event): bool {
  return upstreamTimed(changetype<VideoTestSrc>(e), event);
}
