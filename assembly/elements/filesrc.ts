import { Block, BlockPool, blockUnref, closeBlockPool } from "../core/block";
import { Event, EventType } from "../core/event";
import { FrameFlag, newFrame } from "../core/frame";
import { Format } from "../core/segment";
import { NONE } from "../core/time";
import { Op, OpenKind, HostError } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/filesrc";
import { Code } from "../generated/errors";
import { blockFor, choosePool } from "../graph/allocation";
import { addInt, addText, beginReport, fail, failMemory, sendError } from "../graph/bus";
import { Element, ElementFlag, Work, push, pushEos, room, wake } from "../graph/element";
import { setLimit } from "../graph/link";
import { Completion, Operation, closeHandle, openHandle, start as startOperation } from "../graph/operations";
import { Pad } from "../graph/pad";
import { Query, QueryType } from "../graph/query";
import { startStream } from "../graph/source";
import { newFactory } from "../registry/factory";

/** Pieces that are read ahead: enough to keep the disk busy while one is worked on. */
const DEPTH: u32 = 4;

/** A piece when nothing else is asked for: whole pages, and whole packets of 188, 192 and 204 bytes more often than not. */
const PIECE: u32 = 962560;

/** Ranges that may wait. */
const MAX_RANGES: u32 = 64;

const PAGE: u32 = 4096;

/**
 * A piece that is being read or waits for its turn to be sent.
 *
 *      0 block
 *      4 result   bytes, a HostError, or Pending
 *      8 offset   in the file, or -1 for a stream
 *     16 asked    bytes
 *     20 data     where they go
 *     24 last     the last piece of a range
 */
@unmanaged
class Piece {
  block: Block | null;
  result: i32;
  offset: i64;
  asked: u32;
  data: usize;
  last: bool;
}

const PIECE_SIZE: u32 = 32;

/** A stream that gives few bytes at a time fills the rest of a block, down to so many. */
const LEAST_REST: u32 = 4096;

@unmanaged
class FileSrc extends Element {
  handle: i32;
  /** Bytes of the file, -1 for a stream. */
  length: i64;
  /** Where the next sequential piece starts. */
  offset: i64;
  pool: BlockPool | null;
  piece: u32;
  /** The block that the next read of a stream goes on in, and the bytes of it that are taken. */
  rest: Block | null;
  taken: u32;
  started: bool;
  /** The end was seen. */
  ended: bool;
  /** Ranges are asked for; nothing is read by itself. */
  ranges: bool;
  first: u32;
  count: u32;
  rangeFirst: u32;
  rangeCount: u32;
  /** The pieces, then the ranges as pairs of i64. */
  pieces: u64;
}

const RANGES: u32 = offsetof<FileSrc>("pieces") + DEPTH * PIECE_SIZE;
const SIZE: u32 = RANGES + MAX_RANGES * 16;

@inline
function pieceAt(self: FileSrc, i: u32): Piece {
  return changetype<Piece>(
    changetype<usize>(self) + offsetof<FileSrc>("pieces") + <usize>(((self.first + i) & (DEPTH - 1)) * PIECE_SIZE),
  );
}

@inline
function rangeAt(self: FileSrc, i: u32): usize {
  return changetype<usize>(self) + RANGES + ((<usize>((self.rangeFirst + i) & (MAX_RANGES - 1))) << 4);
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, SIZE);
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.complete = complete.index;
  f.query = query.index;
  f.upstream = upstream.index;
}

function report(e: Element, code: Code, offset: i64, error: i32): void {
  beginReport(e, code, offset, NONE);
  addText(e.propText(Prop.location), e.propLength(Prop.location));
  addInt(-error);
  sendError(e);
}

function start(e: Element): i32 {
  const self = changetype<FileSrc>(e);
  if (!e.propLength(Prop.location)) {
    fail(e, Code.NoLocation, -1);
    return Code.NoLocation;
  }
  self.handle = openHandle(OpenKind.FileRead, e.propText(Prop.location), e.propLength(Prop.location));
  if (self.handle < 0) {
    report(e, Code.CannotOpen, -1, self.handle);
    return Code.CannotOpen;
  }
  self.length = -1;
  const at = changetype<usize>(self) + offsetof<FileSrc>("length");
  const r = startOperation(e, self.handle, Op.Size, at, 8, 0, 0, null, null, 0);
  if (r < 0) {
    report(e, Code.CannotRead, -1, r == HostError.Pending ? HostError.Unsupported : r);
    return Code.CannotRead;
  }
  self.offset = 0;
  self.started = false;
  self.ended = false;
  self.ranges = false;
  self.first = 0;
  self.count = 0;
  self.rangeFirst = 0;
  self.rangeCount = 0;
  const asked = <u32>e.propInt(Prop.blocksize);
  self.piece = asked ? asked : PIECE;
  if (self.length >= 0 && self.length < <i64>self.piece) self.piece = max<u32>(<u32>self.length, 1);
  return 0;
}

function stop(e: Element): void {
  const self = changetype<FileSrc>(e);
  dropPieces(self);
  closeHandle(self.handle);
  self.handle = 0;
  closeBlockPool(self.pool);
  self.pool = null;
}

/** Gives back pieces that are read; those being read are the host's. */
function dropPieces(self: FileSrc): void {
  for (let i: u32 = 0; i < self.count; i++) {
    const p = pieceAt(self, i);
    if (p.block) blockUnref(p.block!);
    p.block = null;
  }
  self.count = 0;
  if (self.rest) blockUnref(self.rest!);
  self.rest = null;
}

function work(e: Element): i32 {
  const self = changetype<FileSrc>(e);
  if (e.has(ElementFlag.Eos)) return Work.Idle;
  if (!self.started) {
    self.started = true;
    const pad = e.src!;
    if (!startStream(e, Format.Bytes)) return Work.Idle;
    // A piece is large: one that waits and one that is worked on are enough.
    if (pad.link) setLimit(pad.link!, 2);
    self.pool = choosePool(pad, (self.piece + PAGE - 1) & ~(PAGE - 1), 0, PAGE);
    if (!self.pool) failMemory(e);
  }
  while (send(self) || (!e.has(ElementFlag.Failed) && read(self))) {}
  return Work.Idle;
}

/** Sends the oldest piece if it is read and there is room; whether it did. */
function send(self: FileSrc): bool {
  if (self.ended && !self.count) {
    if (!self.ranges && !self.has(ElementFlag.Eos)) pushEos(self);
    return false;
  }
  if (!self.count) return false;
  const p = pieceAt(self, 0);
  if (p.result == HostError.Pending || !room(self.src!)) return false;
  const block = p.block!;
  p.block = null;
  self.first++;
  self.count--;
  if (p.result < 0) {
    blockUnref(block);
    if (p.result != HostError.Cancelled) report(self, Code.CannotRead, p.offset, p.result);
    return false;
  }
  const n = <u32>p.result;
  if (n < p.asked && p.offset >= 0) self.ended = true;
  if (!n && p.offset < 0) self.ended = true;
  if (n || self.ranges) {
    const f = newFrame();
    if (!f) {
      blockUnref(block);
      failMemory(self);
      return false;
    }
    f.offset = p.offset >= 0 ? p.offset : self.offset;
    if (p.offset < 0) self.offset += n;
    if (p.last || n < p.asked) f.flags |= FrameFlag.Marker;
    if (n) f.append(p.data, block, n, 0);
    push(self.src!, f);
  }
  const taken = <u32>(p.data - block.data) + n;
  if (n && p.offset < 0 && taken + LEAST_REST <= self.piece) {
    self.rest = block;
    self.taken = taken;
  } else blockUnref(block);
  return true;
}

/** Starts reading the next piece if one is wanted; whether it did. */
function read(self: FileSrc): bool {
  const stream = self.length < 0;
  if (self.count >= (stream ? 1 : DEPTH)) return false;
  let offset = self.offset;
  let n = self.piece;
  let last = false;
  if (self.ranges) {
    if (!self.rangeCount) return false;
    const range = rangeAt(self, 0);
    offset = load<i64>(range);
    const left = load<i64>(range, 8) - offset;
    if (left <= <i64>n) {
      n = <u32>max<i64>(left, 0);
      last = true;
    }
  } else if (self.ended) return false;
  else if (!stream) {
    if (offset >= self.length) {
      self.ended = true;
      return true;
    }
    n = <u32>min<i64>(n, self.length - offset);
  }
  let block = self.rest;
  let data: usize = 0;
  if (block) {
    self.rest = null;
    data = block.data + self.taken;
    n -= self.taken;
  } else {
    block = blockFor(self, self.pool!);
    if (!block) return false;
    data = block.data;
  }
  if (self.ranges) {
    if (last) {
      self.rangeFirst++;
      self.rangeCount--;
    } else store<i64>(rangeAt(self, 0), offset + n);
  } else if (!stream) self.offset += n;
  const p = pieceAt(self, self.count);
  self.count++;
  p.block = block;
  p.offset = stream ? -1 : offset;
  p.asked = n;
  p.data = data;
  p.last = last;
  p.result = HostError.Pending;
  const slot = (self.first + self.count - 1) & (DEPTH - 1);
  const r = n ? startOperation(self, self.handle, Op.Read, data, n, p.offset, slot, block, null, 0) : 0;
  p.result = r;
  return true;
}

function complete(e: Element, op: Operation, record: Completion): void {
  const self = changetype<FileSrc>(e);
  if (op.op != Op.Read) return;
  for (let i: u32 = 0; i < self.count; i++) {
    const p = pieceAt(self, i);
    if (((self.first + i) & (DEPTH - 1)) == op.user && p.block == op.block) p.result = record.result;
  }
}

function query(e: Element, pad: Pad, q: Query): bool {
  const self = changetype<FileSrc>(e);
  switch (q.type) {
    case QueryType.Ranges:
      q.a = self.handle > 0 && self.length >= 0 ? 1 : 0;
      if (self.length >= 0) q.b = self.length;
      return true;
    case QueryType.Seeking:
      if (q.format != Format.Bytes) return false;
      q.a = self.length >= 0 ? 1 : 0;
      if (self.length >= 0) q.b = self.length;
      return true;
    case QueryType.Duration:
      if (q.format != Format.Bytes || self.length < 0) return false;
      q.a = self.length;
      return true;
    default:
      return false;
  }
}

/** A range: start, stop; flags 1 forgets those that wait. What is being read is still sent. */
function upstream(e: Element, pad: Pad, event: Event): bool {
  const self = changetype<FileSrc>(e);
  if (event.type != EventType.Range || self.length < 0) return false;
  self.ranges = true;
  // A stream that was read to its end is read again where somebody goes back.
  self.ended = false;
  e.clear(ElementFlag.Eos);
  if (event.flags & 1) self.rangeCount = 0;
  if (self.rangeCount == MAX_RANGES) return false;
  const range = rangeAt(self, self.rangeCount++);
  store<i64>(range, max<i64>(event.start, 0));
  store<i64>(range, event.stop < 0 ? self.length : event.stop, 8);
  wake(e);
  return true;
}
