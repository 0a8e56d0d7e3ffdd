import { Owner, alloc, free } from "../../base/heap";
import { VEC_SIZE, Vec } from "../../base/vec";

/**
 * What a muxer must keep of the samples of a track until it writes their tables, in pages, so that nothing is ever moved:
 * 12 bytes a sample, 16 bytes a chunk.
 *
 *     sample  0 size   bytes; bit 31: it is a sync sample
 *             4 delta  ticks to the next sample's decoding time
 *             8 cts    presentation time - decoding time, ticks, signed
 *
 *     chunk   0 offset in the file, i64
 *             8 count  samples
 *            12 description
 */

export const SAMPLE_RECORD: u32 = 12;
export const CHUNK_RECORD: u32 = 16;

/** Bit of the size that marks a sync sample. */
export const SYNC: u32 = 0x80000000;

/** Records of a page, as a power of two. */
const PAGE_BITS: u32 = 12;
const PAGE_MASK: u32 = (1 << PAGE_BITS) - 1;

/** Records of one size in pages. */
@unmanaged
export class Pages {
  pages_data: usize;
  pages_length: u32;
  pages_capacity: u32;
  count: u32;
  size: u32;

  @inline
  private get pages(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this));
  }

  prepare(size: u32): void {
    memory.fill(changetype<usize>(this), 0, VEC_SIZE);
    this.count = 0;
    this.size = size;
  }

  /** Address of record `i`, which there is. */
  @inline
  at(i: u32): usize {
    return <usize>this.pages.get(i >> PAGE_BITS) + <usize>((i & PAGE_MASK) * this.size);
  }

  /** Address of a new record at the end, contents undefined; 0 when the heap has no room. */
  add(): usize {
    const i = this.count;
    if (i >> PAGE_BITS == this.pages.length) {
      const page = alloc(this.size << PAGE_BITS, Owner.Index);
      if (!page || !this.pages.push(<u32>page)) {
        free(page);
        return 0;
      }
    }
    this.count = i + 1;
    return this.at(i);
  }

  release(): void {
    for (let i: u32 = 0; i < this.pages.length; i++) free(this.pages.get(i));
    this.pages.release();
    this.count = 0;
  }
}

/** Bytes that Pages takes inside another record. */
export const PAGES_SIZE: u32 = offsetof<Pages>();
