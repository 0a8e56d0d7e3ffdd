import { release } from "../abi/imports";
import { Owner, allocAligned, free, make } from "../base/heap";
import { Pool } from "../base/pool";
import { givePiece, takePiece } from "../base/store";
import { sized } from "../base/tuning";
import { setReady } from "./ready";

/**
 * A block is a piece of memory with a reference count: bytes of a pool in linear memory, or a handle to memory that
 * the host holds (any domain but system). Slices of frames and pending host operations are its references. It is
 * writable while it has one reference.
 *
 *      0 refs    references
 *      4 pool    the pool it returns to, or null: it is freed
 *      8 data    address of the bytes, 0 in another domain
 *     12 size    bytes that fit
 *     16 domain  0 for system memory, else the atom of the caps feature
 *     20 handle  host handle, 0 in system memory
 *     24 next    next free block of the pool
 *     28 fill    bytes handed out, for blocks that are filled piece by piece
 *     32 piece   outside a pool: bytes of the piece of the store that it is, or 0 when it is none
 *     36         SMALL bytes, which a small block outside a pool has for its own
 */
@unmanaged
export class Block {
  refs: u32;
  pool: BlockPool | null;
  data: usize;
  size: u32;
  domain: u32;
  handle: i32;
  next: Block | null;
  fill: u32;
  piece: u32;
}

/** What an allocation asks for: the answer to the allocation query, and the shape of a pool. */
@unmanaged
export class PoolShape {
  /** Bytes of a block. */
  size: u32;
  /** A power of two that block addresses are multiples of. */
  align: u32;
  /** Bytes behind each block that a decoder may read past the end. */
  padding: u32;
  /** Blocks that are made at once. */
  min: u32;
  /** Blocks that may be made in all. */
  max: u32;
}

/**
 * Blocks of one size. Made when the shape is settled, grown on demand up to `max`; the element that waits for one is
 * woken when a block returns.
 */
@unmanaged
export class BlockPool {
  free: Block | null;
  size: u32;
  align: u32;
  padding: u32;
  max: u32;
  made: u32;
  used: u32;
  /** Index of the element that found the pool empty, or -1. */
  waiter: i32;
  /** Set when the owner is gone; the last block that returns frees the pool. */
  closed: bool;
  /** The pool that was made before this one, of those that are open. */
  older: BlockPool | null;
}

/** Bytes that the record of a block has room for: a header in front of a packet. */
const SMALL: u32 = 16;

const BLOCKS: usize = memory.data(24, 8);

@inline
function blocks(): Pool {
  return changetype<Pool>(BLOCKS);
}

/** Prepares the store of block records; called once when the heap is new. */
export function blocksInit(): void {
  blocks().prepare(offsetof<Block>() + SMALL, sized(32, 8));
  store<usize>(NEWEST, 0);
}

/** The store of block records, for those that measure it. */
export function blockRecords(): Pool {
  return blocks();
}

/** Gives the block records back. */
export function blocksRelease(): void {
  blocks().release();
}

/** Block records in use. */
export function blocksUsed(): u32 {
  return blocks().used;
}

/** The newest of the open pools. */
const NEWEST: usize = memory.data(4, 4);

/** The pool that was made last; the others follow by `older`. */
export function newestPool(): BlockPool | null {
  return load<BlockPool | null>(NEWEST);
}

function forget(pool: BlockPool): void {
  if (changetype<usize>(newestPool()) == changetype<usize>(pool)) {
    store<BlockPool | null>(NEWEST, pool.older);
    return;
  }
  for (let p = newestPool(); p; p = p!.older) {
    if (changetype<usize>(p.older) != changetype<usize>(pool)) continue;
    p.older = pool.older;
    return;
  }
}

/** Where the bytes of a small block lie. */
@inline
function small(b: Block): usize {
  return changetype<usize>(b) + offsetof<Block>();
}

/** A block outside any pool with one reference; null when the heap has no room for its record. */
function record(data: usize, size: u32): Block | null {
  const p = blocks().take();
  if (!p) return null;
  const b = changetype<Block>(p);
  b.refs = 1;
  b.pool = null;
  b.data = data;
  b.size = size;
  b.domain = 0;
  b.handle = 0;
  b.next = null;
  b.fill = 0;
  b.piece = 0;
  return b;
}

/**
 * A block outside any pool with `size` bytes, at most MAX_PIECE, one reference; null when the heap has no room. Its memory
 * is kept for the next one of about that size.
 */
export function newBlock(size: u32): Block | null {
  const b = record(0, size);
  if (!b) return null;
  if (size <= SMALL) {
    b.data = small(b);
    return b;
  }
  const data = takePiece(size, Owner.Block);
  if (!data) {
    blocks().give(changetype<usize>(b));
    return null;
  }
  b.piece = size;
  b.data = data;
  return b;
}

/** A block over `size` bytes from the heap, which it takes over from the caller; null when there is no room for it. */
export function ownedBlock(data: usize, size: u32): Block | null {
  return record(data, size);
}

/** A block for a host handle in `domain`; it takes over the caller's reference on the handle. */
export function handleBlock(domain: u32, handle: i32, size: u32): Block | null {
  const b = record(0, size);
  if (!b) return null;
  b.domain = domain;
  b.handle = handle;
  return b;
}

/** A pool with `shape.min` blocks made; null when the heap has no room. */
export function newBlockPool(shape: PoolShape): BlockPool | null {
  const pool = make<BlockPool>(Owner.Block);
  if (!changetype<usize>(pool)) return null;
  pool.size = shape.size;
  pool.align = max<u32>(shape.align, 16);
  pool.padding = shape.padding;
  pool.max = max<u32>(shape.max, shape.min);
  pool.waiter = -1;
  pool.older = newestPool();
  store<BlockPool | null>(NEWEST, pool);
  for (let i: u32 = 0; i < shape.min; i++) {
    if (!growBlockPool(pool)) {
      closeBlockPool(pool);
      return null;
    }
  }
  return pool;
}

/** Makes one more free block; false at the pool's maximum or when the heap has no room. */
export function growBlockPool(pool: BlockPool): bool {
  if (pool.made >= pool.max) return false;
  const b = record(0, pool.size);
  if (!b) return false;
  b.refs = 0;
  b.data = allocAligned(pool.size + pool.padding, pool.align, Owner.Block);
  if (!b.data) {
    blocks().give(changetype<usize>(b));
    return false;
  }
  b.pool = pool;
  b.next = pool.free;
  pool.free = b;
  pool.made++;
  return true;
}

/**
 * Takes a free block with one reference, making it if the maximum allows. Null when none is free: then the element
 * `waiter` (if not -1) becomes ready as soon as one returns.
 */
export function takeBlock(pool: BlockPool, waiter: i32): Block | null {
  let b = pool.free;
  if (!b) {
    if (!growBlockPool(pool)) {
      pool.waiter = waiter;
      return null;
    }
    b = pool.free!;
  }
  pool.free = b.next;
  pool.used++;
  b.refs = 1;
  b.fill = 0;
  return b;
}

@inline
export function blockRef(b: Block): void {
  b.refs++;
}

@inline
export function blockUnref(b: Block): void {
  if (--b.refs == 0) blockFree(b);
}

function blockFree(b: Block): void {
  const pool = b.pool;
  if (pool) {
    pool.used--;
    if (!pool.closed) {
      b.next = pool.free;
      pool.free = b;
      if (pool.waiter >= 0) {
        setReady(pool.waiter);
        pool.waiter = -1;
      }
      return;
    }
    pool.made--;
    if (!pool.made) free(changetype<usize>(pool));
  }
  if (b.domain) release(b.handle);
  if (b.piece) givePiece(b.data, b.piece);
  else if (b.data != small(b)) free(b.data);
  blocks().give(changetype<usize>(b));
}

/** Ends a pool: free blocks go now, those in use as they return. */
export function closeBlockPool(pool: BlockPool | null): void {
  if (!pool) return;
  forget(pool);
  pool.closed = true;
  pool.waiter = -1;
  let b = pool.free;
  pool.free = null;
  while (b) {
    const next = b.next;
    pool.made--;
    free(b.data);
    blocks().give(changetype<usize>(b));
    b = next;
  }
  if (!pool.made) free(changetype<usize>(pool));
}
