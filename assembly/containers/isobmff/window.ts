import { POOL_SIZE, Pool } from "../../base/pool";
import { VEC_SIZE, Vec } from "../../base/vec";
import { Frame, frameUnref } from "../../core/frame";
import { Slices, appendSlices, sliceBytes } from "../../core/slices";

/**
 * Pieces of a file that have been read and may still be needed, by their place in the file. They may lie apart and
 * overlap. A piece holds the frame it came in.
 */
@unmanaged
export class Piece {
  start: i64;
  end: i64;
  frame: Frame;
}

@unmanaged
export class Window {
  /** Bytes of all pieces. */
  bytes: u64;
  /** The piece that the last search found. */
  hint: u32;
  /** Where the bytes that `stretch` found lie, and how many follow in one stretch. */
  address: usize;
  length: u32;
  nested: u32;

  @inline
  get pieces(): Vec<Piece> {
    return changetype<Vec<Piece>>(changetype<usize>(this) + PIECES_AT);
  }

  @inline
  private get pool(): Pool {
    return changetype<Pool>(changetype<usize>(this) + POOL_AT);
  }

  /** Starts empty. */
  prepare(): void {
    memory.fill(changetype<usize>(this), 0, WINDOW_SIZE);
    this.pool.prepare(offsetof<Piece>(), 32);
  }

  /** Gives everything back. */
  release(): void {
    this.clear();
    this.pieces.release();
    this.pool.release();
  }

  clear(): void {
    while (this.pieces.length) this.remove(this.pieces.length - 1);
  }

  /** Adds a frame whose first byte stands at `start`, taking it over; false, with the frame dropped, when there is no room. */
  add(frame: Frame, start: i64): bool {
    const p = this.pool.take();
    const list = this.pieces;
    let i = list.length;
    while (i && list.get(i - 1).start > start) i--;
    const piece = changetype<Piece>(p);
    if (!p || !list.insert(i, piece)) {
      if (p) this.pool.give(p);
      frameUnref(frame);
      return false;
    }
    piece.start = start;
    piece.end = start + frame.size;
    piece.frame = frame;
    this.bytes += frame.size;
    return true;
  }

  /** Drops piece `i`. */
  remove(i: u32): void {
    const piece = this.pieces.get(i);
    this.pieces.removeAt(i);
    this.bytes -= piece.frame.size;
    frameUnref(piece.frame);
    this.pool.give(changetype<usize>(piece));
    this.hint = 0;
  }

  /** Drops pieces that end at or before `offset`. */
  dropBefore(offset: i64): void {
    let i: u32 = 0;
    while (i < this.pieces.length) {
      if (this.pieces.get(i).end <= offset) this.remove(i);
      else i++;
    }
  }

  /** A piece that has the byte at `offset`, or null. */
  find(offset: i64): Piece | null {
    const list = this.pieces;
    const n = list.length;
    if (this.hint < n) {
      const p = list.get(this.hint);
      if (offset >= p.start && offset < p.end) return p;
    }
    for (let i: u32 = 0; i < n; i++) {
      const p = list.get(i);
      if (offset < p.start || offset >= p.end) continue;
      this.hint = i;
      return p;
    }
    return null;
  }

  /** Where the bytes from `offset` on that are there without a gap end; `offset` when there are none. */
  endOf(offset: i64): i64 {
    let p = this.find(offset);
    while (p) {
      offset = p.end;
      p = this.find(offset);
    }
    return offset;
  }

  /** Whether `n` bytes from `offset` on are there. */
  has(offset: i64, n: u32): bool {
    const end = offset + n;
    while (offset < end) {
      const p = this.find(offset);
      if (!p) return false;
      offset = p.end;
    }
    return true;
  }

  /** Appends `n` bytes from `offset` on, which are there, as slices; false when there is no room. */
  give(into: Slices, offset: i64, n: u32): bool {
    while (n) {
      const p = this.find(offset)!;
      const k = <u32>min<i64>(p.end - offset, n);
      if (!appendSlices(into, p.frame.slices, <u32>(offset - p.start), k)) return false;
      offset += k;
      n -= k;
    }
    return true;
  }

  /** Finds the bytes from `offset` on that lie in one stretch of memory: `address`, `length`; false when there are none. */
  stretch(offset: i64): bool {
    const p = this.find(offset);
    if (!p) return false;
    let pos = <u32>(offset - p.start);
    const slices = p.frame.slices;
    for (let i: u32 = 0; i < slices.count; i++) {
      const s = slices.at(i);
      const bytes = sliceBytes(s);
      if (pos >= bytes) {
        pos -= bytes;
        continue;
      }
      const part = s.run ? pos / s.length : 0;
      const off = pos - part * s.length;
      this.address = s.data + part * (s.run & 255) + off;
      this.length = s.length - off;
      return true;
    }
    return false;
  }
}

const PIECES_AT: usize = offsetof<Window>("nested");
const POOL_AT: usize = PIECES_AT + VEC_SIZE;

/** Bytes that a Window takes inside another record. */
export const WINDOW_SIZE: u32 = (<u32>POOL_AT + POOL_SIZE + 7) & ~7;
