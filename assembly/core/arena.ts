import { sized } from "../base/tuning";
import { Block, BlockPool, PoolShape, blockUnref, closeBlockPool, newBlockPool, takeBlock } from "./block";

/**
 * Small pieces of memory for headers that frames point to, handed out one after the other from pool blocks: a block goes
 * back to its pool when the last slice of it does.
 *
 *      0 pool
 *      4 block  being handed out, one reference
 */
@unmanaged
export class Arena {
  pool: BlockPool | null;
  block: Block | null;

  /**
   * `size` bytes, at most ARENA_PIECE, undefined contents, in `block`; 0 when the heap has no room. The bytes are the
   * caller's while a slice references the block.
   */
  take(size: u32): usize {
    let b = this.block;
    if (!b || b.fill + size > b.size) {
      if (b) blockUnref(b);
      this.block = null;
      if (this.pool && this.pool!.size < size) {
        closeBlockPool(this.pool);
        this.pool = null;
      }
      if (!this.pool && !this.prepare(size)) return 0;
      b = takeBlock(this.pool!, -1);
      if (!b) return 0;
      this.block = b;
    }
    const p = b.data + b.fill;
    b.fill += size;
    return p;
  }

  private prepare(least: u32): bool {
    const shape = changetype<PoolShape>(SHAPE);
    shape.size = sized(ARENA_PIECE, max<u32>(SMALL_PIECE, least));
    shape.align = sized(64, 16);
    shape.padding = sized(64, 16);
    shape.min = 0;
    shape.max = 0xffff;
    this.pool = newBlockPool(shape);
    return this.pool != null;
  }

  release(): void {
    if (this.block) blockUnref(this.block!);
    this.block = null;
    closeBlockPool(this.pool);
    this.pool = null;
  }
}

const SHAPE: usize = memory.data(20, 4);

/** Bytes of an arena's blocks, and of its largest piece. */
export const ARENA_PIECE: u32 = 16384;

/** Bytes of its blocks where memory is scarce; a larger piece makes them larger. */
const SMALL_PIECE: u32 = 512;

/** Bytes that an Arena takes inside another record. */
export const ARENA_SIZE: u32 = 8;
