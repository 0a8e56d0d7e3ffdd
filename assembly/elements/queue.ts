import { Owner, alloc, free } from "../base/heap";
import { EventType } from "../core/event";
import { Frame } from "../core/frame";
import { NONE } from "../core/time";
import { Post } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Leaky, Prop } from "../generated/elements/queue";
import { Atom } from "../generated/words";
import { addAtom, addInt, beginMessage, failMemory, sendMessage } from "../graph/bus";
import { Element, ElementFlag, Work, noteEvent, push, room } from "../graph/element";
import { forwardEvent } from "../graph/filter";
import { asEvent, asFrame, dropPacket, isEvent, peek, take } from "../graph/link";
import { Pad } from "../graph/pad";
import { QueryType, Query, askPeer } from "../graph/query";
import { newFactory } from "../registry/factory";

/**
 * The store is a ring of packets. Level in time is the running time between the newest and the oldest timestamp.
 */
@unmanaged
class Queue extends Element {
  ring: usize;
  mask: u32;
  head: u32;
  tail: u32;
  frames: u32;
  bytes: u64;
  /** Running time of the newest frame taken in and of the last one given out, or NONE. */
  newest: i64;
  oldest: i64;
  ended: bool;
  overrun: bool;
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<Queue>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.flush = flush.index;
  f.query = query.index;
}

function start(e: Element): i32 {
  const self = changetype<Queue>(e);
  let slots: u32 = 16;
  const frames = <u32>e.propInt(Prop.max_size_buffers);
  while (slots < min<u32>(frames, 4096) + 8) slots <<= 1;
  self.ring = alloc(slots << 2, Owner.Link);
  if (!self.ring) {
    failMemory(e);
    return 1;
  }
  self.mask = slots - 1;
  reset(self);
  return 0;
}

function reset(self: Queue): void {
  self.head = 0;
  self.tail = 0;
  self.frames = 0;
  self.bytes = 0;
  self.newest = NONE;
  self.oldest = NONE;
  self.ended = false;
  self.overrun = false;
  self.clear(ElementFlag.Waiting);
  publish(self);
}

function drain(self: Queue): void {
  while (self.head != self.tail) dropPacket(unqueue(self));
}

function stop(e: Element): void {
  const self = changetype<Queue>(e);
  drain(self);
  free(self.ring);
  self.ring = 0;
  reset(self);
}

function flush(e: Element, pad: Pad): void {
  drain(changetype<Queue>(e));
  reset(changetype<Queue>(e));
}

function publish(self: Queue): void {
  store<i64>(self.slot(Prop.current_level_buffers), self.frames);
  store<i64>(self.slot(Prop.current_level_bytes), self.bytes);
  store<i64>(self.slot(Prop.current_level_time), levelTime(self));
}

function levelTime(self: Queue): i64 {
  return self.newest != NONE && self.oldest != NONE && self.frames ? max<i64>(self.newest - self.oldest, 0) : 0;
}

function isFull(self: Queue): bool {
  const frames = <u32>self.propInt(Prop.max_size_buffers);
  const bytes = <u64>self.propInt(Prop.max_size_bytes);
  const time = self.propInt(Prop.max_size_time);
  return (
    (frames != 0 && self.frames >= frames) ||
    (bytes != 0 && self.bytes >= bytes) ||
    (time != 0 && levelTime(self) >= time)
  );
}

/** Whether it holds less than it must before it gives any. */
function belowThreshold(self: Queue): bool {
  if (self.ended) return false;
  return (
    self.frames < <u32>self.propInt(Prop.min_threshold_buffers) ||
    self.bytes < <u64>self.propInt(Prop.min_threshold_bytes) ||
    levelTime(self) < self.propInt(Prop.min_threshold_time)
  );
}

/** Whether it has something to give, may, and there is room for it. */
function mayGive(self: Queue): bool {
  return self.head != self.tail && !belowThreshold(self) && room(self.src!);
}

function timeOf(pad: Pad, f: Frame): i64 {
  return pad.segment.runningTime(f.dts != NONE ? f.dts : f.pts);
}

function enqueue(self: Queue, packet: usize): bool {
  if (self.tail - self.head > self.mask && !grow(self)) return false;
  store<usize>(self.ring + ((<usize>(self.tail & self.mask)) << 2), packet);
  self.tail++;
  if (isEvent(packet)) return true;
  const f = asFrame(packet);
  self.frames++;
  self.bytes += f.size;
  const t = timeOf(self.sink!, f);
  if (t != NONE) {
    if (self.newest == NONE || t > self.newest) self.newest = t;
    if (self.oldest == NONE || self.frames == 1) self.oldest = t;
  }
  return true;
}

function grow(self: Queue): bool {
  const slots = (self.mask + 1) << 1;
  if (slots > 0x20000) return false;
  const ring = alloc(slots << 2, Owner.Link);
  if (!ring) return false;
  const n = self.tail - self.head;
  for (let i: u32 = 0; i < n; i++) {
    store<usize>(ring + ((<usize>i) << 2), load<usize>(self.ring + ((<usize>((self.head + i) & self.mask)) << 2)));
  }
  free(self.ring);
  self.ring = ring;
  self.mask = slots - 1;
  self.head = 0;
  self.tail = n;
  return true;
}

function unqueue(self: Queue): usize {
  const packet = load<usize>(self.ring + ((<usize>(self.head & self.mask)) << 2));
  self.head++;
  if (isEvent(packet)) return packet;
  const f = asFrame(packet);
  self.frames--;
  self.bytes -= f.size;
  const t = timeOf(self.src!, f);
  if (t != NONE) self.oldest = t;
  return packet;
}

/** Drops the oldest frames until there is room; events among them are kept, in order, by being handed on. */
function leak(self: Queue): void {
  while (isFull(self) && self.frames) {
    const packet = unqueue(self);
    if (isEvent(packet)) giveEvent(self, packet);
    else dropPacket(packet);
  }
}

function announce(self: Queue, what: u32): void {
  if (self.propBool(Prop.silent)) return;
  beginMessage(self);
  addAtom(what);
  addInt(self.frames);
  addInt(self.bytes);
  addInt(levelTime(self));
  sendMessage(Post.Element);
}

function giveEvent(self: Queue, packet: usize): void {
  const event = asEvent(packet);
  forwardEvent(self, self.sink!, event);
}

function work(e: Element): i32 {
  const self = changetype<Queue>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  const leaky = <Leaky>e.propInt(Prop.leaky);
  const src = e.src!;
  let moved = true;
  while (moved) {
    moved = false;
    // Out first: what leaves makes room.
    while (mayGive(self)) {
      const packet = unqueue(self);
      moved = true;
      if (isEvent(packet)) {
        giveEvent(self, packet);
        if (e.has(ElementFlag.Failed)) return Work.Idle;
      } else push(src, asFrame(packet));
    }
    while (link.head != link.tail) {
      const next = peek(link);
      if (!isEvent(next) && isFull(self)) {
        // Nothing is dropped for want of room while what is held can go on.
        if (mayGive(self)) {
          moved = true;
          break;
        }
        if (!self.overrun) announce(self, Atom.overrun);
        self.overrun = true;
        if (leaky == Leaky.no) break;
        if (leaky == Leaky.upstream) {
          dropPacket(take(link));
          continue;
        }
        leak(self);
      } else self.overrun = false;
      moved = true;
      const packet = take(link);
      if (isEvent(packet)) {
        const event = asEvent(packet);
        noteEvent(pad, event);
        if (event.type == EventType.Eos) {
          if (e.propBool(Prop.flush_on_eos)) drain(self);
          self.ended = true;
        }
      }
      if (!enqueue(self, packet)) {
        dropPacket(packet);
        failMemory(e);
        return Work.Idle;
      }
    }
  }
  publish(self);
  return Work.Idle;
}

/** It keeps what it holds, and adds the time it may hold to the largest latency. */
function query(e: Element, pad: Pad, q: Query): bool {
  if (q.type != QueryType.Latency) return false;
  if (!askPeer(e.sink!, q) || !q.a) return false;
  const time = e.propInt(Prop.max_size_time);
  q.c = q.c == NONE || !time ? NONE : q.c + time;
  return true;
}
