/**
 * The heap: a two-level segregated-fit allocator over one fixed region of linear memory, without a collector.
 *
 * Every block carries the owner that asked for it, so that a leak report and an out-of-memory error can say who. All
 * operations take bounded time, but for those by a plan, which go through the blocks. The region is given once and never
 * grows.
 *
 *     header (16 bytes, in front of the payload)
 *       0 size    payload bytes, a multiple of 16; bit 0: this block is free, bit 1: the block before it is free
 *       4 prev    address of the header that lies physically before this one, 0 for the first
 *       8 owner   Owner, and above bit 8 which allocation it was, counted from 1
 *      12 asked   bytes asked for
 *     payload of a free block
 *       0 next    next free block of the same class
 *       4 prior   free block before it in the same class
 */

/** Who holds a piece of heap. Reported with leaks and with the error that ends a pipeline that needs too much. */
export const enum Owner {
  None = 0,
  Vec,
  Map,
  Text,
  Writer,
  Pool,
  Block,
  Slices,
  Caps,
  Event,
  Tags,
  Meta,
  Atom,
  Factory,
  Element,
  Property,
  Pad,
  Link,
  Operation,
  Launch,
  Negotiation,
  Message,
  Host,
  Index,
  Parser,
  Count,
}

const HEADER: u32 = 16;
const MIN_PAYLOAD: u32 = 16;
const FREE: u32 = 1;
const PREV_FREE: u32 = 2;
const FLAGS: u32 = 3;
/** Bits of a header's owner that are the Owner. */
const OWNER_BITS: u32 = 8;
const OWNER_MASK: u32 = 255;
/** Sizes below this are in the first row, in steps of 16. */
const SMALL: u32 = 256;
const SL_BITS: u32 = 4;
const SL_COUNT: u32 = 16;
const FL_COUNT: u32 = 25;
/** The largest size that can be asked for; larger ones fail without overflow. */
export const MAX_ALLOC: u32 = 0x7fff0000;

@unmanaged
class Header {
  size: u32;
  prev: usize;
  owner: u32;
  asked: u32;
  next: usize;
  prior: usize;
}

@unmanaged
export class Heap {
  start: usize;
  end: usize;
  /** Blocks in use. */
  live: u32;
  /** Bytes in use, headers not counted. */
  liveBytes: u32;
  /** Largest value that liveBytes had. */
  peakBytes: u32;
  /** Allocations since the start; a steady state does not move it. */
  allocs: u32;
  /** What the first failed request asked for, and for whom. */
  failedSize: u32;
  failedOwner: u32;
  flMap: u32;
  /** Address of a bit for each allocation to come, set when it stays, and how many there are; 0 without a plan. */
  plan: usize;
  planned: u32;
  // FL_COUNT words of second-level maps, then FL_COUNT * SL_COUNT list heads follow.
}

const SL_MAPS: usize = offsetof<Heap>();
const HEADS: usize = SL_MAPS + ((<usize>FL_COUNT) << 2);
const HEAP: usize = memory.data(1776, 16);

/** The heap's own record. */
@inline
export function heap(): Heap {
  return changetype<Heap>(HEAP);
}

@inline
function at(p: usize): Header {
  return changetype<Header>(p);
}

@inline
function sizeOf(h: Header): u32 {
  return h.size & ~FLAGS;
}

@inline
function following(h: Header): Header {
  return at(changetype<usize>(h) + HEADER + sizeOf(h));
}

@inline
function slMap(fl: u32): usize {
  return HEAP + SL_MAPS + ((<usize>fl) << 2);
}

@inline
function headOf(fl: u32, sl: u32): usize {
  return HEAP + HEADS + ((<usize>(fl * SL_COUNT + sl)) << 2);
}

@inline
function rowOf(size: u32): u32 {
  return size < SMALL ? 0 : 31 - <u32>clz<u32>(size) - 7;
}

@inline
function columnOf(size: u32): u32 {
  if (size < SMALL) return size >> 4;
  return (size >> (31 - <u32>clz<u32>(size) - SL_BITS)) ^ SL_COUNT;
}

function insert(h: Header): void {
  const size = sizeOf(h);
  const fl = rowOf(size);
  const sl = columnOf(size);
  const slot = headOf(fl, sl);
  const first = load<usize>(slot);
  h.next = first;
  h.prior = 0;
  if (first) at(first).prior = changetype<usize>(h);
  store<usize>(slot, changetype<usize>(h));
  heap().flMap |= 1 << fl;
  store<u32>(slMap(fl), load<u32>(slMap(fl)) | (1 << sl));
}

function remove(h: Header): void {
  const size = sizeOf(h);
  const fl = rowOf(size);
  const sl = columnOf(size);
  const next = h.next;
  const prior = h.prior;
  if (next) at(next).prior = prior;
  if (prior) {
    at(prior).next = next;
    return;
  }
  store<usize>(headOf(fl, sl), next);
  if (next) return;
  const map = load<u32>(slMap(fl)) & ~(1 << sl);
  store<u32>(slMap(fl), map);
  if (!map) heap().flMap &= ~(1 << fl);
}

/** Finds a free block of at least `size` bytes, or null; its list is left as it is. */
function find(size: u32): Header | null {
  // Round up to the next class, so that any block of the class found is large enough.
  if (size >= SMALL) size += (1 << (31 - <u32>clz<u32>(size) - SL_BITS)) - 1;
  let fl = rowOf(size);
  let sl = columnOf(size);
  if (fl >= FL_COUNT) return null;
  let map = load<u32>(slMap(fl)) & ((<u32>~0) << sl);
  if (!map) {
    const rows = heap().flMap & (fl + 1 < 32 ? (<u32>~0) << (fl + 1) : 0);
    if (!rows) return null;
    fl = <u32>ctz<u32>(rows);
    map = load<u32>(slMap(fl));
  }
  sl = <u32>ctz<u32>(map);
  return changetype<Header | null>(load<usize>(headOf(fl, sl)));
}

/** Gives the tail of an unlisted block back when it is worth a block of its own. */
function trim(h: Header, size: u32): void {
  const rest = sizeOf(h) - size;
  if (rest < HEADER + MIN_PAYLOAD) return;
  const after = following(h);
  h.size = size | (h.size & FLAGS);
  const tail = following(h);
  tail.size = (rest - HEADER) | FREE;
  tail.prev = changetype<usize>(h);
  after.prev = changetype<usize>(tail);
  after.size |= PREV_FREE;
  insert(tail);
}

/** Takes the region [start, end) as the heap. Whatever was in it is forgotten. */
export function heapInit(start: usize, end: usize): void {
  memory.fill(HEAP, 0, 1776);
  start = (start + 15) & ~(<usize>15);
  end = end & ~(<usize>15);
  const h = heap();
  h.start = start;
  h.end = end;
  if (end < start + 2 * HEADER + MIN_PAYLOAD) return;
  const first = at(start);
  first.size = (<u32>(end - start - 2 * HEADER)) | FREE;
  first.prev = 0;
  const guard = following(first);
  guard.size = PREV_FREE;
  guard.prev = start;
  insert(first);
}

function failed(size: u32, owner: Owner): usize {
  const h = heap();
  if (!h.failedOwner) {
    h.failedSize = size;
    h.failedOwner = owner;
  }
  return 0;
}

function book(h: Header, size: u32, owner: Owner): usize {
  h.size &= ~FREE;
  following(h).size &= ~PREV_FREE;
  const a = heap();
  a.live++;
  a.allocs++;
  h.owner = (<u32>owner) | (a.allocs << OWNER_BITS);
  h.asked = size;
  a.liveBytes += sizeOf(h);
  if (a.liveBytes > a.peakBytes) a.peakBytes = a.liveBytes;
  return changetype<usize>(h) + HEADER;
}

/**
 * Takes `size` bytes, aligned to 16, contents undefined.
 * @returns the address, or 0 when the region has no room; the first failure is kept for the error report.
 */
export function alloc(size: u32, owner: Owner): usize {
  if (size > MAX_ALLOC) return failed(size, owner);
  const need = max<u32>((size + 15) & ~15, MIN_PAYLOAD);
  if (heap().allocs < heap().planned) return allocPlanned(size, need, owner);
  const h = find(need);
  if (!h) return failed(size, owner);
  remove(h);
  trim(h, need);
  return book(h, size, owner);
}

/**
 * Allocates by the plan: what stays goes as low as it can, what does not as high, so that the end of the region is free when
 * the plan has been carried out.
 */
function allocPlanned(size: u32, need: u32, owner: Owner): usize {
  // A piece is as large as it was asked to be wherever it lies, so that another plan leads to the same allocations.
  let h = findPlanned(need + HEADER + MIN_PAYLOAD, need);
  if (!h) return failed(size, owner);
  remove(h);
  const rest = sizeOf(h) - need;
  if (nextStays() || !rest) trim(h, need);
  else {
    const after = following(h);
    h.size = (rest - HEADER) | (h.size & FLAGS);
    insert(h);
    const high = following(h);
    high.size = need | FREE | PREV_FREE;
    high.prev = changetype<usize>(h);
    after.prev = changetype<usize>(high);
    h = high;
  }
  return book(h, size, owner);
}

/** Whether the next allocation is one that stays. */
function nextStays(): bool {
  const a = heap();
  const bits: u32 = load<u8>(a.plan + (a.allocs >> 3));
  return ((bits >> (a.allocs & 7)) & 1) != 0;
}

/**
 * By the plan, a free block of at least `least` bytes, or of `exact`; null when there is none. It is the lowest for what stays,
 * else the highest.
 */
function findPlanned(least: u32, exact: u32): Header | null {
  const stays = nextStays();
  const a = heap();
  let found: Header | null = null;
  for (let h = at(a.start); changetype<usize>(h) + HEADER < a.end; h = following(h)) {
    if (!(h.size & FREE) || (sizeOf(h) < least && sizeOf(h) != exact)) continue;
    found = h;
    if (stays) break;
  }
  return found;
}

/**
 * Gives the allocations to come a plan.
 * @param bits a bit each, set for those that stay; outside the heap
 */
export function heapPlan(bits: usize, count: u32): void {
  heap().plan = bits;
  heap().planned = count;
}

/** Writes a plan: the bits of all allocations that are still in use. The caller has cleared `count` bits. */
export function heapSurvivors(bits: usize, count: u32): void {
  const a = heap();
  for (let h = at(a.start); changetype<usize>(h) + HEADER < a.end; h = following(h)) {
    const which = (h.owner >> OWNER_BITS) - 1;
    if (h.size & FREE || which >= count) continue;
    const p = bits + (which >> 3);
    const bit: u32 = 1 << (which & 7);
    store<u8>(p, load<u8>(p) | (<u8>bit));
  }
}

/** As `alloc`, with the bytes set to zero. */
export function allocZero(size: u32, owner: Owner): usize {
  const p = alloc(size, owner);
  if (p) memory.fill(p, 0, size);
  return p;
}

/** As `alloc`, with the address a multiple of `align`, a power of two. */
export function allocAligned(size: u32, align: u32, owner: Owner): usize {
  if (align <= 16) return alloc(size, owner);
  if (size > MAX_ALLOC || align > 0x100000) return failed(size, owner);
  const need = max<u32>((size + 15) & ~15, MIN_PAYLOAD);
  const most = need + align + HEADER + MIN_PAYLOAD;
  // With room for a block of its own behind it too, it is as large as it was asked to be wherever it lies.
  const h = heap().allocs < heap().planned ? findPlanned(most + HEADER + MIN_PAYLOAD, 0) : find(most);
  if (!h) return failed(size, owner);
  remove(h);
  const payload = changetype<usize>(h) + HEADER;
  let target = (payload + align - 1) & ~(<usize>align - 1);
  if (target != payload) {
    // The gap in front becomes a free block, so it must be able to hold one.
    if (target - payload < HEADER + MIN_PAYLOAD) target += align;
    const after = following(h);
    const moved = at(target - HEADER);
    moved.size = (<u32>(changetype<usize>(after) - target)) | FREE | PREV_FREE;
    moved.prev = changetype<usize>(h);
    after.prev = changetype<usize>(moved);
    h.size = (<u32>(target - payload - HEADER)) | (h.size & FLAGS);
    insert(h);
    trim(moved, need);
    return book(moved, size, owner);
  }
  trim(h, need);
  return book(h, size, owner);
}

/** Gives back what `alloc` gave; 0 is allowed and does nothing. */
export function free(p: usize): void {
  if (!p) return;
  let h = at(p - HEADER);
  const a = heap();
  a.live--;
  a.liveBytes -= sizeOf(h);
  const after = following(h);
  let size = sizeOf(h);
  const flags = h.size & PREV_FREE;
  if (after.size & FREE) {
    remove(after);
    size += HEADER + sizeOf(after);
  }
  h.size = size | FREE | flags;
  if (flags) {
    const before = at(h.prev);
    remove(before);
    before.size = (sizeOf(before) + HEADER + size) | FREE | (before.size & PREV_FREE);
    h = before;
  }
  const next = following(h);
  next.prev = changetype<usize>(h);
  next.size |= PREV_FREE;
  insert(h);
}

/**
 * Moves what lies at `p` (0: nothing) to a place of `size` bytes and gives the old one back.
 * @returns the new address, or 0, in which case the old one is untouched.
 */
export function resize(p: usize, size: u32, owner: Owner): usize {
  if (!p) return alloc(size, owner);
  const h = at(p - HEADER);
  const have = sizeOf(h);
  if (size <= have && size >= have >> 1) {
    h.asked = size;
    return p;
  }
  const q = alloc(size, owner);
  if (!q) return 0;
  memory.copy(q, p, min<u32>(h.asked, size));
  free(p);
  return q;
}

/**
 * Gives up the free room at the end of the region but for `spare` bytes, so that the memory behind it need not exist.
 * @returns the new end of the region
 */
export function heapShrink(spare: u32): usize {
  const a = heap();
  const last = at(at(a.end - HEADER).prev);
  const size = max<u32>((spare + 15) & ~15, MIN_PAYLOAD);
  if (!(last.size & FREE) || sizeOf(last) <= size) return a.end;
  remove(last);
  last.size = size | (last.size & FLAGS);
  const guard = following(last);
  guard.size = PREV_FREE;
  guard.prev = changetype<usize>(last);
  insert(last);
  a.end = changetype<usize>(guard) + HEADER;
  return a.end;
}

/** Sets what is free to zero but for what the heap itself keeps there. */
export function heapClear(): void {
  const a = heap();
  let h = at(a.start);
  while (changetype<usize>(h) + HEADER < a.end) {
    // The list of free blocks uses the first two words.
    if (h.size & FREE) memory.fill(changetype<usize>(h) + HEADER + 8, 0, sizeOf(h) - 8);
    h = following(h);
  }
}

/** A zeroed record of type T. */
@inline
export function make<T>(owner: Owner): T {
  return changetype<T>(allocZero(offsetof<T>(), owner));
}

/**
 * Walks all blocks in use and writes, for each owner, the count of blocks and of bytes as two u32.
 * @param into room for Owner.Count * 8 bytes
 */
export function heapCensus(into: usize): void {
  memory.fill(into, 0, (<usize>Owner.Count) << 3);
  const a = heap();
  let h = at(a.start);
  while (changetype<usize>(h) + HEADER < a.end) {
    const owner = h.owner & OWNER_MASK;
    if (!(h.size & FREE) && owner < <u32>Owner.Count) {
      const slot = into + ((<usize>owner) << 3);
      store<u32>(slot, load<u32>(slot) + 1);
      store<u32>(slot, load<u32>(slot, 4) + h.asked, 4);
    }
    h = following(h);
  }
}

/** Whether the block lists and the physical chain agree; for tests. */
export function heapSound(): bool {
  const a = heap();
  let h = at(a.start);
  let prev: usize = 0;
  let wasFree = false;
  let live: u32 = 0;
  while (changetype<usize>(h) + HEADER < a.end) {
    if (h.prev != prev) return false;
    if (<bool>(h.size & PREV_FREE) != wasFree && prev) return false;
    const isFree = <bool>(h.size & FREE);
    if (isFree && wasFree) return false;
    if (!isFree) live++;
    wasFree = isFree;
    prev = changetype<usize>(h);
    h = following(h);
  }
  return changetype<usize>(h) + HEADER == a.end && live == a.live;
}
