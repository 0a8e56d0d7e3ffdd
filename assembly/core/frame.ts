import { Pool } from "../base/pool";
import { sized } from "../base/tuning";
import { FrameFlag } from "../generated/abi";
import { Block, blockUnref } from "./block";
import { Meta, copyMetas, freeMetas } from "./meta";
import { Slices, SLICE_SIZE } from "./slices";
import { NONE } from "./time";

/**
 * A frame is one unit of data on a link: an access unit, a picture, a stretch of samples or bytes. It names its bytes by
 * slices and never owns them alone. A frame is writable (its properties and its list) while it has one reference.
 *
 *      0 refs      references
 *      4 flags     FrameFlag
 *      8 pts       presentation time, ns, or NONE
 *     16 dts       decoding time, ns, or NONE
 *     24 duration  ns, or NONE
 *     32 offset    where the data stood in its file or stream, bytes, or -1
 *     40 capture   when the first byte was captured on the host's monotonic clock, ns, or NONE
 *     48 sequence  counts the frames of its link's source
 *     52 metas     list of metas
 *     56 slices    Slices with INLINE_SLICES of their own
 */
@unmanaged
export class Frame {
  refs: u32;
  flags: u32;
  pts: i64;
  dts: i64;
  duration: i64;
  offset: i64;
  capture: i64;
  sequence: u32;
  metas: Meta | null;
  items: usize;
  count: u32;
  room: u32;
  size: u32;

  @inline
  get slices(): Slices {
    return changetype<Slices>(changetype<usize>(this) + offsetof<Frame>("items"));
  }

  @inline
  has(flag: FrameFlag): bool {
    return (this.flags & flag) != 0;
  }

  /** Appends bytes of a block, taking a reference; false when there is no room. */
  @inline
  append(data: usize, block: Block, length: u32, run: u32): bool {
    return this.slices.append(data, block, length, run);
  }
}

export { FrameFlag };

/** Slices that fit into a frame itself. */
export const INLINE_SLICES: u32 = 4;

const FRAME_SIZE: u32 = offsetof<Frame>() + INLINE_SLICES * SLICE_SIZE;
const FRAMES: usize = memory.data(24, 8);

@inline
function frames(): Pool {
  return changetype<Pool>(FRAMES);
}

/** Prepares the store of frame records; called once when the heap is new. */
export function framesInit(): void {
  frames().prepare(FRAME_SIZE, sized(32, 8));
}

/** Gives the frame records back. */
export function framesRelease(): void {
  frames().release();
}

/** The store of frame records, for those that measure it. */
export function frameRecords(): Pool {
  return frames();
}

/** Frames in use. */
export function framesUsed(): u32 {
  return frames().used;
}

/** An empty frame with one reference and no times; null when the heap has no room. */
export function newFrame(): Frame | null {
  const p = frames().take();
  if (!p) return null;
  const f = changetype<Frame>(p);
  f.refs = 1;
  f.flags = 0;
  f.pts = NONE;
  f.dts = NONE;
  f.duration = NONE;
  f.offset = -1;
  f.capture = NONE;
  f.sequence = 0;
  f.metas = null;
  f.items = p + offsetof<Frame>();
  f.count = 0;
  f.room = INLINE_SLICES;
  f.size = 0;
  return f;
}

/** A frame of `length` bytes of a block, without times; null when the heap has no room. The caller's reference goes with it. */
export function frameOf(block: Block, length: u32): Frame | null {
  const f = newFrame();
  if (!f) {
    blockUnref(block);
    return null;
  }
  const s = f.slices.at(0);
  s.data = block.data;
  s.block = block;
  s.length = length;
  s.run = 0;
  f.count = 1;
  f.size = length;
  return f;
}

@inline
export function frameRef(f: Frame): Frame {
  f.refs++;
  return f;
}

@inline
export function frameUnref(f: Frame): void {
  if (--f.refs == 0) frameFree(f);
}

function frameFree(f: Frame): void {
  f.slices.end();
  if (f.metas) freeMetas(f.metas);
  frames().give(changetype<usize>(f));
}

/** Copies times, flags and metas (without metas that have a flag of `without`), not the bytes. */
export function copyProperties(to: Frame, from: Frame, without: u32): void {
  to.flags = from.flags;
  to.pts = from.pts;
  to.dts = from.dts;
  to.duration = from.duration;
  to.offset = from.offset;
  to.capture = from.capture;
  to.sequence = from.sequence;
  if (from.metas) to.metas = copyMetas(from.metas, without);
}

/**
 * A frame that may be changed: the one given when nobody else holds it, else a copy of its properties and its list of
 * slices (the bytes are shared); the reference given is used up. Null when the heap has no room; then it is dropped.
 */
export function writableFrame(f: Frame): Frame | null {
  if (f.refs == 1) return f;
  const c = newFrame();
  if (c) {
    copyProperties(c, f, 0);
    for (let i: u32 = 0; i < f.count; i++) {
      const s = f.slices.at(i);
      if (!c.append(s.data, s.block, s.length, s.run)) {
        frameUnref(c);
        frameUnref(f);
        return null;
      }
    }
  }
  frameUnref(f);
  return c;
}
