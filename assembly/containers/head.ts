import { Owner, alloc, free } from "../base/heap";
import { Frame } from "../core/frame";

/** Bytes that are kept: as many as tell one type from another. */
const MAX_HEAD: u32 = 4096;

/**
 * The first bytes of a stream, kept until it is certain that the stream is what an element takes, for the error that says
 * what else it is.
 */
@unmanaged
export class Head {
  bytes: usize;
  length: u32;

  /** Keeps more bytes, those behind the ones before. */
  keep(data: usize, n: u32): void {
    const k = min<u32>(n, MAX_HEAD - this.length);
    if (!k || !this.room()) return;
    memory.copy(this.bytes + this.length, data, k);
    this.length += k;
  }

  /** Keeps the bytes of a frame. */
  keepFrame(f: Frame): void {
    const k = min<u32>(f.size, MAX_HEAD - this.length);
    if (!k || !this.room()) return;
    f.slices.copyOut(0, this.bytes + this.length, k);
    this.length += k;
  }

  drop(): void {
    free(this.bytes);
    this.bytes = 0;
    this.length = 0;
  }

  private room(): bool {
    if (!this.bytes) this.bytes = alloc(MAX_HEAD, Owner.Parser);
    return this.bytes != 0;
  }
}
