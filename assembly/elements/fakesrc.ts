import { BlockPool, blockUnref, closeBlockPool } from "../core/block";
import { Frame, frameUnref, newFrame } from "../core/frame";
import { Format } from "../core/segment";
import { SECOND, scale } from "../core/time";
import { State } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Filltype, Prop, Sizetype } from "../generated/elements/fakesrc";
import { BLOCK_ALIGN, blockFor, choosePool } from "../graph/allocation";
import { failMemory } from "../graph/bus";
import { Element, ElementFlag, Work, push, pushEos, room } from "../graph/element";
import { startStream } from "../graph/source";
import { pipeline, wakeAt } from "../graph/pipeline";
import { newFactory } from "../registry/factory";

@unmanaged
class FakeSrc extends Element {
  made: u32;
  random: u32;
  started: bool;
  pool: BlockPool | null;
  bytes: u64;
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<FakeSrc>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
}

function start(e: Element): i32 {
  const self = changetype<FakeSrc>(e);
  self.made = 0;
  self.random = 0x9e3779b9;
  self.started = false;
  self.bytes = 0;
  if (e.propBool(Prop.is_live)) e.set(ElementFlag.Live);
  return 0;
}

function stop(e: Element): void {
  const self = changetype<FakeSrc>(e);
  closeBlockPool(self.pool);
  self.pool = null;
}

function next(self: FakeSrc): u32 {
  let x = self.random;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  self.random = x;
  return x;
}

function work(e: Element): i32 {
  const self = changetype<FakeSrc>(e);
  const src = e.src!;
  if (e.has(ElementFlag.Eos)) return Work.Idle;
  if (!self.started) {
    self.started = true;
    if (!startStream(e, Format.Bytes)) return Work.Idle;
  }
  const count = e.propInt(Prop.num_buffers);
  const sized = e.propInt(Prop.sizetype) != Sizetype.empty;
  const rate = e.propInt(Prop.datarate);
  while (room(src)) {
    if (count >= 0 && <i64>self.made >= count) {
      pushEos(e);
      return Work.Idle;
    }
    if (e.has(ElementFlag.Live) && !due(self, rate)) return Work.Idle;
    const f = newFrame();
    if (!f) {
      failMemory(e);
      return Work.Idle;
    }
    if (sized && !fill(self, f)) {
      frameUnref(f);
      return Work.Idle;
    }
    f.offset = self.bytes;
    if (rate > 0) {
      f.pts = scale(<i64>self.bytes, SECOND, rate);
      f.duration = scale(<i64>f.size, SECOND, rate);
    }
    self.bytes += f.size;
    f.sequence = self.made++;
    push(src, f);
  }
  return Work.Idle;
}

/** Whether it is time for the next frame of a live source; if not, asks to be woken then. */
function due(self: FakeSrc, rate: i64): bool {
  const p = pipeline();
  if (p.state != State.Playing) return false;
  if (rate <= 0) return true;
  const t = p.baseTime + scale(<i64>self.bytes, SECOND, rate);
  if (t <= p.now) return true;
  wakeAt(self, t);
  return false;
}

/** Gives a frame its bytes; false when none are free now, or after an error. */
function fill(self: FakeSrc, f: Frame): bool {
  const low = <u32>self.propInt(Prop.sizemin);
  const high = max<u32>(<u32>self.propInt(Prop.sizemax), 1);
  let pool = self.pool;
  if (!pool) {
    pool = choosePool(self.src!, max<u32>(low, high), 2, BLOCK_ALIGN);
    self.pool = pool;
    if (!pool) {
      failMemory(self);
      return false;
    }
  }
  const block = blockFor(self, pool);
  if (!block) return false;
  const random = self.propInt(Prop.sizetype) == Sizetype.random;
  const size = random && low < high ? low + (next(self) % (high - low + 1)) : high;
  switch (<i32>self.propInt(Prop.filltype)) {
    case Filltype.zero:
      memory.fill(block.data, 0, size);
      break;
    case Filltype.random:
      for (let i: u32 = 0; i < size; i++) store<u8>(block.data + i, next(self) >> 24);
      break;
    case Filltype.pattern:
      for (let i: u32 = 0; i < size; i++) store<u8>(block.data + i, i);
      break;
    default:
      break;
  }
  f.append(block.data, block, size, 0);
  blockUnref(block);
  return true;
}
