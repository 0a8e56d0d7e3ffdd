import { copyStretches } from "../base/copy";
import { Owner } from "../base/heap";
import { givePiece, takePiece } from "../base/store";
import { Block, BlockPool, blockUnref, closeBlockPool, takeBlock } from "../core/block";
import { Event, EventType, eventUnref } from "../core/event";
import { Frame, frameUnref, newFrame } from "../core/frame";
import { Format } from "../core/segment";
import { Slice } from "../core/slices";
import { NONE } from "../core/time";
import { CopyReason, HostError, Op, OpenKind } from "../generated/abi";
import { DESCRIPTOR, DESCRIPTOR_LENGTH, Prop } from "../generated/elements/filesink";
import { Code } from "../generated/errors";
import { choosePool } from "../graph/allocation";
import { addInt, addText, beginReport, fail, failMemory, sendError } from "../graph/bus";
import { Element, ElementFlag, Work, bookCopy, noteEvent } from "../graph/element";
import { asEvent, asFrame, dropPacket, isEvent, take } from "../graph/link";
import { Completion, Operation, closeHandle, openHandle, start as startOperation } from "../graph/operations";
import { Pad } from "../graph/pad";
import { Query, QueryType } from "../graph/query";
import { mayRender, sinkEnded } from "../graph/sink";
import { newFactory } from "../registry/factory";

/** A stretch this long leaves from where it lies; shorter ones cost less gathered in one place. */
const DIRECT: u32 = 32768;

/** Bytes of a gathering block, and bytes after which a write is started. */
const BATCH: u32 = 1 << 20;

/** Stretches of one write. */
const MAX_STRETCHES: u32 = 256;

/** Writes in flight. */
const DEPTH: u32 = 3;

const PAGE: u32 = 4096;

@unmanaged
class FileSink extends Element {
  handle: i32;
  seekable: bool;
  /** Writes in flight. */
  writing: u32;
  /** What the next write is made of: slices of staging blocks and of frames' blocks. */
  batch: Frame | null;
  /** The block that short stretches are gathered in. */
  staging: Block | null;
  pool: BlockPool | null;
  /** Where the next write goes, and where the file ends so far. */
  position: i64;
  end: i64;
  /** Where the stream begins: behind what the file had. */
  base: i64;
  /** Making room: bytes from `insertAt` up to `insertEnd` still have to move up by `insertBy`. */
  insertAt: i64;
  insertEnd: i64;
  insertBy: i64;
  inserting: bool;
  moving: Block | null;
  /** What follows goes to another place, perhaps one that is being written: it waits for all writes in flight. */
  settling: bool;
  /** The end of the stream came. */
  finishing: bool;
  synced: bool;
}

export function register(): void {
  const f = newFactory(DESCRIPTOR, DESCRIPTOR_LENGTH, offsetof<FileSink>());
  f.start = start.index;
  f.stop = stop.index;
  f.work = work.index;
  f.complete = complete.index;
  f.query = query.index;
}

function report(e: Element, code: Code, error: i32): void {
  beginReport(e, code, changetype<FileSink>(e).position, NONE);
  addText(e.propText(Prop.location), e.propLength(Prop.location));
  addInt(-error);
  sendError(e);
}

function start(e: Element): i32 {
  const self = changetype<FileSink>(e);
  if (!e.propLength(Prop.location)) {
    fail(e, Code.NoLocation, -1);
    return Code.NoLocation;
  }
  const kind = e.propBool(Prop.append) ? OpenKind.FileAppend : OpenKind.FileWrite;
  self.handle = openHandle(kind, e.propText(Prop.location), e.propLength(Prop.location));
  self.position = 0;
  self.end = 0;
  if (self.handle < 0) {
    report(e, Code.CannotOpen, self.handle);
    return Code.CannotOpen;
  }
  const at = changetype<usize>(self) + offsetof<FileSink>("end");
  const r = startOperation(e, self.handle, Op.Size, at, 8, 0, 0, null, null, 0);
  if (r < 0) {
    report(e, Code.CannotOpen, r == HostError.Pending ? HostError.Unsupported : r);
    return Code.CannotOpen;
  }
  self.seekable = self.end >= 0;
  self.position = max<i64>(self.end, 0);
  self.end = self.position;
  self.base = self.position;
  self.writing = 0;
  self.inserting = false;
  self.settling = false;
  self.finishing = false;
  self.synced = false;
  return 0;
}

function stop(e: Element): void {
  const self = changetype<FileSink>(e);
  if (self.batch) frameUnref(self.batch!);
  if (self.staging) blockUnref(self.staging!);
  if (self.moving) blockUnref(self.moving!);
  self.batch = null;
  self.staging = null;
  self.moving = null;
  closeBlockPool(self.pool);
  self.pool = null;
  closeHandle(self.handle);
  self.handle = 0;
}

function work(e: Element): i32 {
  const self = changetype<FileSink>(e);
  const pad = e.sink!;
  const link = pad.link;
  if (!link) return Work.Idle;
  if (self.inserting && !moveUp(self)) return Work.Idle;
  const sync = e.propBool(Prop.sync);
  while (link.head != link.tail) {
    if (e.has(ElementFlag.Eos)) {
      dropPacket(take(link));
      continue;
    }
    if (self.settling) {
      if (self.writing) return Work.Idle;
      self.settling = false;
    }
    if (self.writing >= DEPTH || !mayRender(e, pad, sync, e.propInt(Prop.ts_offset))) return Work.Idle;
    const packet = take(link);
    if (isEvent(packet)) {
      event(self, pad, asEvent(packet));
      if (self.inserting && !moveUp(self)) return Work.Idle;
      continue;
    }
    const frame = asFrame(packet);
    gather(self, frame);
    frameUnref(frame);
    if (e.has(ElementFlag.Failed)) return Work.Idle;
  }
  // With nothing more to come for now and nothing on its way, what has been gathered may as well leave.
  if (self.batch && (self.finishing || !self.writing)) flush(self);
  if (self.finishing && !self.writing && !self.batch && !e.has(ElementFlag.Failed)) finish(self);
  return Work.Idle;
}

function event(self: FileSink, pad: Pad, ev: Event): void {
  noteEvent(pad, ev);
  switch (ev.type) {
    case EventType.Eos:
      self.finishing = true;
      break;
    case EventType.Segment:
      if (ev.segment.format == Format.Bytes && self.base + ev.segment.start != self.position) {
        flush(self);
        self.settling = true;
        if (self.seekable) self.position = self.base + ev.segment.start;
        else report(self, Code.CannotWrite, HostError.Unsupported);
      }
      break;
    case EventType.Insert:
      flush(self);
      if (!self.seekable) {
        report(self, Code.CannotWrite, HostError.Unsupported);
        break;
      }
      self.inserting = true;
      self.insertAt = self.base + ev.start;
      self.insertBy = ev.stop;
      self.insertEnd = self.end;
      break;
    default:
      break;
  }
  eventUnref(ev);
}

/** Adds the bytes of a frame to the next write, which starts when it is large enough. */
function gather(self: FileSink, frame: Frame): void {
  const list = frame.slices;
  for (let i: u32 = 0; i < list.count; i++) {
    const s = list.at(i);
    if (s.length < DIRECT || s.run) {
      if (!stage(self, s)) return;
    } else if (!batchOf(self) || !self.batch!.append(s.data, s.block, s.length, 0)) {
      failMemory(self);
      return;
    }
    const batch = self.batch;
    if (batch && (batch.size >= BATCH || batch.count >= MAX_STRETCHES)) flush(self);
  }
}

function batchOf(self: FileSink): Frame | null {
  if (!self.batch) self.batch = newFrame();
  return self.batch;
}

/** Copies a slice behind what has been gathered; false after an error. */
function stage(self: FileSink, s: Slice): bool {
  let piece: u32 = 0;
  let off: u32 = 0;
  const pieces: u32 = s.run ? s.run >> 8 : 1;
  const stride = s.run & 255;
  while (piece < pieces) {
    let b = self.staging;
    if (!b || b.fill == b.size) {
      if (b) {
        blockUnref(b);
        self.staging = null;
        flush(self);
      }
      b = nextStaging(self);
      if (!b || !batchOf(self)) {
        failMemory(self);
        return false;
      }
      self.staging = b;
    }
    const to = b.data + b.fill;
    const space = b.size - b.fill;
    let n: u32;
    if (!off && space >= s.length) {
      const whole = min<u32>(pieces - piece, space / s.length);
      n = whole * s.length;
      copyStretches(to, s.data + piece * stride, s.length, whole, stride);
      piece += whole;
    } else {
      n = min<u32>(s.length - off, space);
      memory.copy(to, s.data + piece * stride + off, n);
      off += n;
      if (off == s.length) {
        off = 0;
        piece++;
      }
    }
    b.fill += n;
    if (!batchOf(self) || !self.batch!.append(to, b, n, 0)) {
      failMemory(self);
      return false;
    }
    bookCopy(self, CopyReason.Gather, n);
  }
  return true;
}

function nextStaging(self: FileSink): Block | null {
  if (!self.pool) self.pool = choosePool(self.sink!, BATCH, 0, PAGE);
  return self.pool ? takeBlock(self.pool!, -1) : null;
}

/** Starts writing what has been gathered. */
function flush(self: FileSink): void {
  const batch = self.batch;
  if (!batch) return;
  self.batch = null;
  const n = batch.count;
  const pairs = takePiece(n << 3, Owner.Element);
  if (!pairs) {
    frameUnref(batch);
    failMemory(self);
    return;
  }
  for (let i: u32 = 0; i < n; i++) {
    const s = batch.slices.at(i);
    store<usize>(pairs + ((<usize>i) << 3), s.data);
    store<u32>(pairs + ((<usize>i) << 3), s.length, 4);
  }
  const at = self.position;
  self.position += batch.size;
  if (self.position > self.end) self.end = self.position;
  self.writing++;
  const r = startOperation(self, self.handle, Op.Write, pairs, n, self.seekable ? at : -1, <u32>pairs, null, batch, 0);
  if (r != HostError.Pending) written(self, pairs, n, batch.size, r);
  frameUnref(batch);
}

function written(self: FileSink, pairs: usize, count: u32, size: u32, result: i32): void {
  givePiece(pairs, count << 3);
  self.writing--;
  if (self.has(ElementFlag.Failed) || result == size) return;
  report(self, Code.CannotWrite, result < 0 ? result : HostError.NoSpace);
}

function complete(e: Element, op: Operation, record: Completion): void {
  const self = changetype<FileSink>(e);
  if (op.op == Op.Write && op.frame) written(self, op.user, op.frame!.count, op.frame!.size, record.result);
  else if (op.op == Op.Sync) {
    self.writing--;
    if (record.result < 0) report(e, Code.CannotWrite, record.result);
  } else moved(self, op, record.result);
}

/**
 * Moves the end of the file up, piece by piece from behind; true when all of it has moved. Each piece is read and written
 * before the next.
 */
function moveUp(self: FileSink): bool {
  while (self.inserting) {
    if (self.writing) return false;
    const left = self.insertEnd - self.insertAt;
    if (left <= 0 || self.has(ElementFlag.Failed)) {
      self.inserting = false;
      if (self.moving) blockUnref(self.moving!);
      self.moving = null;
      self.end += self.insertBy;
      return !self.has(ElementFlag.Failed);
    }
    if (!self.moving) self.moving = nextStaging(self);
    const b = self.moving;
    if (!b) {
      failMemory(self);
      return false;
    }
    const n = <u32>min<i64>(left, b.size);
    self.insertEnd -= n;
    self.writing++;
    const r = startOperation(self, self.handle, Op.Read, b.data, n, self.insertEnd, n, b, null, 0);
    if (r != HostError.Pending) readBack(self, n, r);
  }
  return true;
}

function moved(self: FileSink, op: Operation, result: i32): void {
  if (op.op == Op.Read) readBack(self, op.user, result);
  else putBack(self, op.aux, op.user, result);
}

function readBack(self: FileSink, n: u32, result: i32): void {
  if (result != n) {
    self.writing--;
    report(self, Code.CannotWrite, result < 0 ? result : HostError.Io);
    return;
  }
  const pair = takePiece(8, Owner.Element);
  const b = self.moving;
  if (!pair || !b) {
    self.writing--;
    failMemory(self);
    return;
  }
  store<usize>(pair, b.data);
  store<u32>(pair, n, 4);
  const r = startOperation(self, self.handle, Op.Write, pair, 1, self.insertEnd + self.insertBy, <u32>pair, b, null, 0);
  if (r != HostError.Pending) putBack(self, self.insertEnd + self.insertBy, pair, r);
}

function putBack(self: FileSink, at: i64, pair: usize, result: i32): void {
  const n = load<u32>(pair, 4);
  givePiece(pair, 8);
  self.writing--;
  if (result != n) report(self, Code.CannotWrite, result < 0 ? result : HostError.NoSpace);
}

/** All is written: the end can be reported, after the data is on the medium if that is asked for. */
function finish(self: FileSink): void {
  if (self.propBool(Prop.o_sync) && !self.synced) {
    self.synced = true;
    self.writing++;
    const r = startOperation(self, self.handle, Op.Sync, 0, 0, 0, 0, null, null, 0);
    if (r == HostError.Pending) return;
    self.writing--;
    if (r < 0) {
      report(self, Code.CannotWrite, r);
      return;
    }
  }
  closeHandle(self.handle);
  self.handle = 0;
  sinkEnded(self);
}

function query(e: Element, pad: Pad, q: Query): bool {
  const self = changetype<FileSink>(e);
  if (q.type != QueryType.Seeking || q.format != Format.Bytes) return false;
  q.a = self.handle > 0 && self.seekable ? 1 : 0;
  return true;
}
