import { Owner, alloc, free } from "./heap";

/**
 * Records of one size, taken and given back in a few instructions. Slabs come from the heap when the free list is empty
 * (counted there, so a steady state shows none) and go back together.
 *
 *      0 size    bytes of a record, a multiple of 8
 *      4 batch   records a slab
 *      8 head    free list, linked through the first word
 *     12 slabs   list of slabs, linked through the first word
 *     16 made    records there are
 *     20 used    records taken
 */
@unmanaged
export class Pool {
  size: u32;
  batch: u32;
  head: usize;
  slabs: usize;
  made: u32;
  used: u32;

  /** Sets sizes; takes no memory yet. */
  prepare(size: u32, batch: u32): void {
    this.size = (size + 7) & ~7;
    this.batch = batch;
    this.head = 0;
    this.slabs = 0;
    this.made = 0;
    this.used = 0;
  }

  /** A record with undefined contents, or 0 when the heap has no room. */
  @inline
  take(): usize {
    let p = this.head;
    if (!p) {
      if (!this.grow()) return 0;
      p = this.head;
    }
    this.head = load<usize>(p);
    this.used++;
    return p;
  }

  @inline
  give(p: usize): void {
    store<usize>(p, this.head);
    this.head = p;
    this.used--;
  }

  /** Makes one more slab of free records. */
  grow(): bool {
    const slab = alloc(16 + this.size * this.batch, Owner.Pool);
    if (!slab) return false;
    store<usize>(slab, this.slabs);
    this.slabs = slab;
    for (let i = <i32>this.batch - 1; i >= 0; i--) {
      const p = slab + 16 + <usize>i * this.size;
      store<usize>(p, this.head);
      this.head = p;
    }
    this.made += this.batch;
    return true;
  }

  /** Gives all slabs back; every record must be free. */
  release(): void {
    let slab = this.slabs;
    while (slab) {
      const next = load<usize>(slab);
      free(slab);
      slab = next;
    }
    this.head = 0;
    this.slabs = 0;
    this.made = 0;
    this.used = 0;
  }
}

/** Bytes that a Pool takes inside another record. */
export const POOL_SIZE: u32 = 24;
