import { cancel, close, open, release, submit } from "../abi/imports";
import { Owner, alloc, allocZero, free, heap } from "../base/heap";
import { Block, blockRef, blockUnref } from "../core/block";
import { Frame, frameUnref } from "../core/frame";
import { HostError, Op } from "../generated/abi";
import { Element } from "./element";
import { PipelineFlag, pipeline } from "./pipeline";

/**
 * Operations that the host works on. An operation names the block or frame it may touch and holds a reference on it
 * until its last completion; the bytes are the host's meanwhile. A token is the operation's number and a counter, so
 * that a completion for one that is over is recognised.
 *
 *      0 next     free list
 *      4 element  that started it
 *      8 op
 *     12 handle
 *     16 token
 *     20 block    or null
 *     24 frame    or null
 *     28 user     the element's own number
 *     32 credits  completions with data that may still come; an operation with credits stays armed
 *     40 aux      as submitted
 */
@unmanaged
export class Operation {
  next: Operation | null;
  element: Element;
  op: Op;
  handle: i32;
  token: u32;
  block: Block | null;
  frame: Frame | null;
  user: u32;
  credits: u32;
  cancelled: bool;
  aux: i64;
}

/** Operations that can be in flight at once. */
export const MAX_OPERATIONS: u32 = 4096;

/**
 * A completion, as the host writes it into the ring.
 *
 *      0 token
 *      4 kind      Completed
 *      6 pad       number of the element's src pad
 *      8 result    bytes, or a HostError
 *     12 epoch     of the last flush the host has seen
 *     16 handle    of the memory, or the address of a block that was provided, or 0
 *     20 flags     FrameFlag
 *     24 pts       ns or NONE
 *     32 dts
 *     40 duration
 *     48 capture
 *     56 extra     address of caps text or plane layout, from `alloc`; the core frees it
 *     60 length    bytes of it
 */
@unmanaged
export class Completion {
  token: u32;
  kind: u16;
  pad: u16;
  result: i32;
  epoch: u32;
  handle: i32;
  flags: u32;
  pts: i64;
  dts: i64;
  duration: i64;
  capture: i64;
  extra: usize;
  length: u32;
}

const COMPLETION_SIZE: u32 = 64;

/**
 * The completion ring: head (the core's), tail (the host's), slots, address of the first record.
 */
@unmanaged
export class Ring {
  head: u32;
  tail: u32;
  slots: u32;
  records: usize;
}

@unmanaged
class Operations {
  table: usize;
  capacity: u32;
  count: u32;
  free: Operation | null;
  ring: Ring;
}

const OPERATIONS: usize = memory.data(20, 4);
const RING: usize = memory.data(16, 8);

@inline
function ops(): Operations {
  return changetype<Operations>(OPERATIONS);
}

@inline
export function ring(): Ring {
  return changetype<Ring>(RING);
}

const OPERATION_SIZE: u32 = 48;

/** What a token grows by when its operation is over. */
const NEXT_USE: u32 = 0x10000;

@inline
function opAt(i: u32): Operation {
  return changetype<Operation>(load<usize>(ops().table + ((<usize>i) << 2)));
}

/** Makes the ring with `slots` records, a power of two; false when the heap has no room. */
export function operationsInit(slots: u32): bool {
  memory.fill(OPERATIONS, 0, 20);
  const r = ring();
  r.head = 0;
  r.tail = 0;
  r.slots = slots;
  r.records = allocZero(slots * COMPLETION_SIZE, Owner.Host);
  return r.records != 0;
}

/** Gives the ring and the table back; nothing is in flight. */
export function operationsRelease(): void {
  for (let i: u32 = 0; i < ops().count; i++) free(changetype<usize>(opAt(i)));
  free(ops().table);
  free(ring().records);
  memory.fill(OPERATIONS, 0, 20);
  ring().records = 0;
  ring().head = ring().tail;
}

/** Makes a record and puts it into the list of free ones; false when the heap has no room or there are too many. */
export function moreOperations(): bool {
  const o = ops();
  if (o.count == o.capacity) {
    const capacity = o.capacity ? o.capacity << 1 : 16;
    if (capacity > MAX_OPERATIONS) return false;
    const table = alloc(capacity << 2, Owner.Operation);
    if (!table) return false;
    memory.copy(table, o.table, (<usize>o.count) << 2);
    free(o.table);
    o.table = table;
    o.capacity = capacity;
  }
  const p = allocZero(OPERATION_SIZE, Owner.Operation);
  if (!p) return false;
  store<usize>(o.table + ((<usize>o.count) << 2), p);
  const op = changetype<Operation>(p);
  op.token = ++o.count;
  op.next = o.free;
  o.free = op;
  return true;
}

/** Operations that there are records for. */
export function operationRecords(): u32 {
  return ops().count;
}

/** Ends an operation: its references go back and its token is void. */
export function endOperation(op: Operation): void {
  if (op.block) blockUnref(op.block!);
  if (op.frame) frameUnref(op.frame!);
  op.block = null;
  op.frame = null;
  op.op = 0;
  op.cancelled = false;
  op.token += NEXT_USE;
  op.element.pending--;
  pipeline().pending--;
  op.next = ops().free;
  ops().free = op;
}

/** The operation in flight that a token names, or null. */
function findOperation(token: u32): Operation | null {
  const i = (token & 0xffff) - 1;
  if (i >= ops().count) return null;
  const op = opAt(i);
  return op.op && op.token == token ? op : null;
}

/** Opens something for an element; a handle, or a negative HostError. */
export function openHandle(kind: u32, spec: usize, length: u32): i32 {
  return open(kind, spec, length);
}

export function closeHandle(handle: i32): void {
  if (handle > 0) close(handle);
}

/**
 * Starts an operation on behalf of an element, which takes a reference on `block` and `frame` until it ends, if it is not over at
 * once.
 * @returns the result when it is done at once, Pending when completions will come, or a negative HostError
 */
export function start(
  e: Element,
  handle: i32,
  kind: Op,
  ptr: usize,
  length: u32,
  aux: i64,
  user: u32,
  block: Block | null,
  frame: Frame | null,
  credits: u32,
): i32 {
  // Nothing begins while everything else is being cancelled.
  if (pipeline().has(PipelineFlag.Closing)) return HostError.Cancelled;
  if (!ops().free && !moreOperations()) return heap().failedOwner ? HostError.NoMemory : HostError.TooMany;
  const op = ops().free!;
  const r = submit(handle, kind, ptr, length, aux, op.token);
  // What is over at once needs nothing but a token that is its own.
  if (r != HostError.Pending) {
    op.token += NEXT_USE;
    return r;
  }
  ops().free = op.next;
  op.element = e;
  op.op = kind;
  op.handle = handle;
  op.user = user;
  op.credits = credits;
  op.aux = aux;
  op.block = block;
  op.frame = frame;
  if (block) blockRef(block);
  if (frame) frame.refs++;
  e.pending++;
  pipeline().pending++;
  return r;
}

/** Asks the host to end all that it does. */
export function cancelAll(): void {
  for (let i: u32 = 0; i < ops().count; i++) if (opAt(i).op) cancelOperation(opAt(i));
}

/** Asks the host to end what it does of a kind for an element with a number of the element's own. */
export function cancelSome(e: Element, kind: Op, user: u32): void {
  for (let i: u32 = 0; i < ops().count; i++) {
    const op = opAt(i);
    if (op.op == kind && op.user == user && changetype<usize>(op.element) == changetype<usize>(e)) cancelOperation(op);
  }
}

function cancelOperation(op: Operation): void {
  if (op.cancelled) return;
  op.cancelled = true;
  cancel(op.token);
}

/** The next completion in the ring and its operation; see `nextCompletion`. */
const CURRENT: usize = memory.data(8, 4);

/** The operation of the completion that nextCompletion gave. */
@inline
export function currentOperation(): Operation {
  return changetype<Operation>(load<usize>(CURRENT));
}

/**
 * Takes the next completion out of the ring, or null when there is none. Those whose operation is over are passed over
 * and what they carry is given back.
 */
export function nextCompletion(): Completion | null {
  const r = ring();
  while (r.head != r.tail) {
    const c = changetype<Completion>(r.records + <usize>((r.head & (r.slots - 1)) * COMPLETION_SIZE));
    r.head++;
    const op = findOperation(c.token);
    if (op) {
      store<usize>(CURRENT, changetype<usize>(op));
      return c;
    }
    if (c.extra) free(c.extra);
    if (c.handle) release(c.handle);
  }
  return null;
}
