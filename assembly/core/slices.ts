import { Owner } from "../base/heap";
import { MAX_PIECE, givePiece, pieceSize, takePiece } from "../base/store";
import { Block, blockRef, blockUnref } from "./block";

/**
 * A slice names bytes of a block without copying them: one stretch, or a run of equal stretches at a fixed distance
 * (the payloads of consecutive transport packets), so that a whole run costs one record.
 *
 *      0 data    address of the first byte
 *      4 block   the block it lies in, one reference
 *      8 length  bytes of a stretch
 *     12 run     0 for one stretch, else stretches << 8 | distance between their starts
 */
@unmanaged
export class Slice {
  data: usize;
  block: Block;
  length: u32;
  run: u32;
}

export const SLICE_SIZE: u32 = 16;

/** Stretches that one run can have. */
export const MAX_RUN: u32 = 0xffffff;

/** Slices that one list can have. */
export const MAX_SLICES: u32 = MAX_PIECE / SLICE_SIZE;

/** The `run` field of `count` stretches at `stride`, at most 255, bytes. */
@inline
export function runOf(count: u32, stride: u32): u32 {
  return count > 1 ? (count << 8) | stride : 0;
}

/** Bytes that a slice names in all. */
@inline
export function sliceBytes(s: Slice): u32 {
  return s.run ? (s.run >> 8) * s.length : s.length;
}

/**
 * An ordered list of slices. It stands inside another record, which may give it `inlined` room of its own.
 *
 *      0 items  address of the slices
 *      4 count  slices in use
 *      8 room   slices that fit
 *     12 size   bytes that all slices name
 */
@unmanaged
export class Slices {
  items: usize;
  count: u32;
  room: u32;
  size: u32;

  @inline
  at(i: u32): Slice {
    return changetype<Slice>(this.items + ((<usize>i) << 4));
  }

  /** Appends a slice and takes a reference on its block; false when the list is full or the heap has no room. */
  append(data: usize, block: Block, length: u32, run: u32): bool {
    const n = this.count;
    if (n) {
      const last = this.at(n - 1);
      if (!run && !last.run && last.data + last.length == data && last.block == block) {
        last.length += length;
        this.size += length;
        return true;
      }
    }
    if (n == this.room && !this.grow()) return false;
    const s = this.at(n);
    s.data = data;
    s.block = block;
    s.length = length;
    s.run = run;
    blockRef(block);
    this.count = n + 1;
    this.size += run ? (run >> 8) * length : length;
    return true;
  }

  /** Puts a stretch in front and takes a reference on its block; false when the list is full or the heap has no room. */
  prepend(data: usize, block: Block, length: u32): bool {
    if (this.count == this.room && !this.grow()) return false;
    // Mostly one or two: a call would take longer than moving them does.
    for (let to = this.items + ((<usize>this.count) << 4); to != this.items; to -= SLICE_SIZE) {
      store<u64>(to, load<u64>(to - SLICE_SIZE));
      store<u64>(to, load<u64>(to - SLICE_SIZE, 8), 8);
    }
    const s = this.at(0);
    s.data = data;
    s.block = block;
    s.length = length;
    s.run = 0;
    blockRef(block);
    this.count++;
    this.size += length;
    return true;
  }

  /** Makes room for more slices; the room that the owner of the list gave stays the owner's. */
  grow(): bool {
    const old = this.items;
    const bytes = this.room ? (this.room << 4) + SLICE_SIZE : SLICE_SIZE << 2;
    const p: usize = bytes > MAX_PIECE ? 0 : takePiece(bytes, Owner.Slices);
    if (!p) return false;
    memory.copy(p, old, (<usize>this.count) << 4);
    if (old && !this.inlined()) givePiece(old, this.room << 4);
    this.items = p;
    this.room = pieceSize(bytes) >> 4;
    return true;
  }

  @inline
  inlined(): bool {
    return this.items == changetype<usize>(this) + offsetof<Slices>();
  }

  /** Drops all slices with their references and keeps the room. */
  clear(): void {
    for (let i: u32 = 0; i < this.count; i++) blockUnref(this.at(i).block);
    this.count = 0;
    this.size = 0;
  }

  /** Drops all slices and the room, of a list that is used no more. */
  @inline
  end(): void {
    for (let i: u32 = 0; i < this.count; i++) blockUnref(this.at(i).block);
    if (this.items && !this.inlined()) givePiece(this.items, this.room << 4);
  }

  /** Drops all slices and the room. */
  release(): void {
    this.end();
    this.count = 0;
    this.size = 0;
    this.items = 0;
    this.room = 0;
  }

  /**
   * Moves the first `n` bytes (at most `size`) to the end of `into`; a slice that is cut is referenced by both.
   * @returns false when `into` is full or the heap has no room; then what was moved stays moved
   */
  moveTo(into: Slices, n: u32): bool {
    if (!this.spare()) return false;
    let i: u32 = 0;
    let ok = true;
    while (n && ok) {
      const s = this.at(i);
      const bytes = sliceBytes(s);
      if (bytes <= n) {
        ok = into.append(s.data, s.block, s.length, s.run);
        if (!ok) break;
        blockUnref(s.block);
        n -= bytes;
        this.size -= bytes;
        i++;
        continue;
      }
      ok = appendRange(into, s, 0, n);
      if (!ok) break;
      this.size -= n;
      i += this.advance(i, n);
      n = 0;
    }
    if (i) this.shift(i);
    return ok;
  }

  /** Drops the first `n` bytes, at most `size`; false, with nothing dropped, when the heap has no room for a cut. */
  drop(n: u32): bool {
    if (!this.spare()) return false;
    let i: u32 = 0;
    this.size -= n;
    while (n) {
      const s = this.at(i);
      const bytes = sliceBytes(s);
      if (bytes <= n) {
        blockUnref(s.block);
        n -= bytes;
        i++;
        continue;
      }
      i += this.advance(i, n);
      break;
    }
    if (i) this.shift(i);
    return true;
  }

  /** Drops what is behind the first `n` bytes, at most `size`. */
  truncate(n: u32): void {
    while (this.size > n) {
      const s = this.at(this.count - 1);
      const bytes = sliceBytes(s);
      let excess = this.size - n;
      if (bytes <= excess) {
        blockUnref(s.block);
        this.count--;
        this.size -= bytes;
        continue;
      }
      if (s.run) {
        // Whole stretches first; the last one is then a slice of its own, which there is room for.
        const pieces = (bytes - excess + s.length - 1) / s.length;
        const stride = s.run & 255;
        const cut = bytes - pieces * s.length;
        s.run = runOf(pieces, stride);
        this.size -= cut;
        excess -= cut;
        if (!excess) return;
        if (s.run) {
          if (!this.spare()) return;
          const head = this.at(this.count - 1);
          const tail = this.at(this.count);
          tail.data = head.data + (pieces - 1) * stride;
          tail.block = head.block;
          tail.length = head.length;
          tail.run = 0;
          blockRef(head.block);
          head.run = runOf(pieces - 1, stride);
          this.count++;
          this.at(this.count - 1).length -= excess;
          this.size -= excess;
          return;
        }
      }
      s.length -= excess;
      this.size -= excess;
    }
  }

  /** Copies `n` bytes from position `pos` to `to`; the caller has checked that they are there. */
  copyOut(pos: u32, to: usize, n: u32): void {
    for (let i: u32 = 0; n; i++) {
      const s = this.at(i);
      const bytes = sliceBytes(s);
      if (pos >= bytes) {
        pos -= bytes;
        continue;
      }
      if (!s.run) {
        const k = min<u32>(bytes - pos, n);
        memory.copy(to, s.data + pos, k);
        to += k;
        n -= k;
      } else {
        const length = s.length;
        const stride = s.run & 255;
        let piece = pos / length;
        let off = pos - piece * length;
        for (const pieces = s.run >> 8; piece < pieces && n; piece++) {
          const k = min<u32>(length - off, n);
          memory.copy(to, s.data + piece * stride + off, k);
          to += k;
          n -= k;
          off = 0;
        }
      }
      pos = 0;
    }
  }

  /** The byte at position `pos`, which the caller has checked. */
  byteAt(pos: u32): u32 {
    for (let i: u32 = 0; ; i++) {
      const s = this.at(i);
      const bytes = sliceBytes(s);
      if (pos >= bytes) {
        pos -= bytes;
        continue;
      }
      if (!s.run) return load<u8>(s.data + pos);
      const piece = pos / s.length;
      return load<u8>(s.data + piece * (s.run & 255) + (pos - piece * s.length));
    }
  }

  /**
   * The address of `n` bytes at position `pos` when they lie in one stretch, else 0.
   */
  stretch(pos: u32, n: u32): usize {
    for (let i: u32 = 0; i < this.count; i++) {
      const s = this.at(i);
      const bytes = sliceBytes(s);
      if (pos >= bytes) {
        pos -= bytes;
        continue;
      }
      if (!s.run) return pos + n <= bytes ? s.data + pos : 0;
      const piece = pos / s.length;
      const off = pos - piece * s.length;
      return off + n <= s.length ? s.data + piece * (s.run & 255) + off : 0;
    }
    return 0;
  }

  /** Moves the start of slice `i` by `n` bytes that it has; gives how many slots in front of it fell free. */
  private advance(i: u32, n: u32): u32 {
    const s = this.at(i);
    if (!s.run) {
      s.data += n;
      s.length -= n;
      return 0;
    }
    const length = s.length;
    const stride = s.run & 255;
    const pieces = s.run >> 8;
    const piece = n / length;
    const off = n - piece * length;
    s.data += piece * stride;
    if (!off) {
      s.run = runOf(pieces - piece, stride);
      return 0;
    }
    const after = pieces - piece - 1;
    const data = s.data;
    if (after) {
      // The rest of the cut stretch and the whole ones behind it are two slices now.
      if (i) {
        const head = this.at(i - 1);
        head.data = data + off;
        head.block = s.block;
        head.length = length - off;
        head.run = 0;
        blockRef(s.block);
        s.data = data + stride;
        s.run = runOf(after, stride);
        return <u32>-1;
      }
      memory.copy(this.items + SLICE_SIZE, this.items, (<usize>this.count) << 4);
      this.count++;
      const head = this.at(0);
      head.data = data + off;
      head.length = length - off;
      head.run = 0;
      blockRef(head.block);
      const rest = this.at(1);
      rest.data = data + stride;
      rest.run = runOf(after, stride);
      return 0;
    }
    s.data = data + off;
    s.length = length - off;
    s.run = 0;
    return 0;
  }

  /** One free slot, which cutting a run in its middle takes. */
  private spare(): bool {
    return this.count < this.room || this.grow();
  }

  private shift(n: u32): void {
    this.count -= n;
    memory.copy(this.items, this.items + ((<usize>n) << 4), (<usize>this.count) << 4);
  }
}

/** Bytes that Slices takes inside another record, room of its own not counted. */
export const SLICES_SIZE: u32 = 16;

/** Appends bytes [from, to) of one slice to a list. */
function appendRange(into: Slices, s: Slice, from: u32, to: u32): bool {
  if (!s.run) return into.append(s.data + from, s.block, to - from, 0);
  const length = s.length;
  const stride = s.run & 255;
  let piece = from / length;
  const off = from - piece * length;
  if (off) {
    const k = min<u32>(length - off, to - from);
    if (!into.append(s.data + piece * stride + off, s.block, k, 0)) return false;
    from += k;
    piece++;
  }
  const whole = (to - from) / length;
  if (whole) {
    if (!into.append(s.data + piece * stride, s.block, length, runOf(whole, stride))) return false;
    from += whole * length;
    piece += whole;
  }
  if (from < to) return into.append(s.data + piece * stride, s.block, to - from, 0);
  return true;
}

/**
 * Appends bytes [pos, pos + n) of `from` to `into`, each taking references of its own; `from` is unchanged.
 * @returns false when `into` is full or the heap has no room
 */
export function appendSlices(into: Slices, from: Slices, pos: u32, n: u32): bool {
  for (let i: u32 = 0; n; i++) {
    const s = from.at(i);
    const bytes = sliceBytes(s);
    if (pos >= bytes) {
      pos -= bytes;
      continue;
    }
    const k = min<u32>(bytes - pos, n);
    if (!appendRange(into, s, pos, pos + k)) return false;
    n -= k;
    pos = 0;
  }
  return true;
}
