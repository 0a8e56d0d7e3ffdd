import { putBe16, putBe24, putBe32, putBe64 } from "./bytes";
import { MAX_ALLOC, Owner, free, resize } from "./heap";

/**
 * A growable buffer that big-endian numbers and bytes are appended to. When the heap has no room it sets `full` and
 * drops what follows, so a caller may write a whole structure and check once.
 *
 *      0 data      heap address, 0 while empty
 *      4 length    bytes written
 *      8 capacity  bytes that fit
 *     12 full      set when something was dropped
 */
@unmanaged
export class Writer {
  data: usize;
  length: u32;
  capacity: u32;
  full: bool;

  /** Makes room for `n` more bytes and gives their address, or 0. */
  extend(n: u32): usize {
    if (n > this.capacity - this.length && !this.grow(n)) this.full = true;
    if (this.full) return 0;
    const p = this.data + this.length;
    this.length += n;
    return p;
  }

  private grow(n: u32): bool {
    if (this.full || n > MAX_ALLOC - this.length) return false;
    const need = this.length + n;
    const capacity = max<u32>(min<u32>(need + (need >> 1), MAX_ALLOC), 256);
    const grown = resize(this.data, capacity, Owner.Writer);
    if (!grown) return false;
    this.data = grown;
    this.capacity = capacity;
    return true;
  }

  u8(v: u32): void {
    const p = this.extend(1);
    if (p) store<u8>(p, v);
  }

  u16(v: u32): void {
    const p = this.extend(2);
    if (p) putBe16(p, v);
  }

  u24(v: u32): void {
    const p = this.extend(3);
    if (p) putBe24(p, v);
  }

  u32(v: u32): void {
    const p = this.extend(4);
    if (p) putBe32(p, v);
  }

  u64(v: u64): void {
    const p = this.extend(8);
    if (p) putBe64(p, v);
  }

  bytes(from: usize, n: u32): void {
    const p = this.extend(n);
    if (p) memory.copy(p, from, n);
  }

  zeros(n: u32): void {
    const p = this.extend(n);
    if (p) memory.fill(p, 0, n);
  }

  /** Replaces the number that was written at offset `at`. */
  patch32(at: u32, v: u32): void {
    if (this.length >= 4 && at <= this.length - 4) putBe32(this.data + at, v);
  }

  /** Forgets what was written and keeps the memory. */
  @inline
  clear(): void {
    this.length = 0;
    this.full = false;
  }

  /** Gives the memory back. */
  release(): void {
    free(this.data);
    this.data = 0;
    this.length = 0;
    this.capacity = 0;
    this.full = false;
  }
}

/** Bytes that a Writer takes inside another record. */
export const WRITER_SIZE: u32 = 16;
