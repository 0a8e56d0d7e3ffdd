import { Owner, alloc, free } from "../../base/heap";
import { Frame, FrameFlag } from "../../core/frame";
import { Slices } from "../../core/slices";
import { MARKS_SIZE, Marks } from "../marks";
import { ADTS_HEADER, AdtsHeader } from "./adts";
import { LOAS_HEADER, loasLength } from "./latm";

/** Bytes that may wait for their frame to be whole; more without one are damaged. */
const MAX_WAITING: u32 = 1 << 20;

export const enum Framing {
  Adts,
  Loas,
}

export const enum FramerEvent {
  /** More input is needed; at the end, that was all. */
  Need = 0,
  /** A frame is whole: `length` bytes at the start of `bytes`. */
  Frame,
  /** `lost` bytes that are no frames were dropped. */
  Skipped,
}

/**
 * Cuts ADTS or LOAS into frames across pieces of any size; after something else it looks for two frames in a row.
 */
@unmanaged
export class AacFramer {
  items: usize;
  count: u32;
  room: u32;
  size: u32;
  marks: Marks;
  framing: Framing;
  /** The last frame was followed by another where it should be. */
  synced: bool;
  ended: bool;
  corrupt: bool;
  /** Where the first of `bytes` stood in the input: by the last frame that said so, else counted from the start. */
  offset: i64;
  length: u32;
  lost: u32;
  header: AdtsHeader;
  next_: AdtsHeader;

  @inline
  get bytes(): Slices {
    return changetype<Slices>(changetype<usize>(this));
  }

  init(): bool {
    memory.fill(changetype<usize>(this), 0, offsetof<AacFramer>());
    const p = alloc(MARKS_SIZE + 2 * offsetof<AdtsHeader>(), Owner.Parser);
    if (!p) return false;
    memory.fill(p, 0, MARKS_SIZE + 2 * offsetof<AdtsHeader>());
    this.marks = changetype<Marks>(p);
    this.header = changetype<AdtsHeader>(p + MARKS_SIZE);
    this.next_ = changetype<AdtsHeader>(p + MARKS_SIZE + offsetof<AdtsHeader>());
    return true;
  }

  release(): void {
    this.bytes.release();
    free(changetype<usize>(this.marks));
    this.marks = changetype<Marks>(0);
  }

  reset(): void {
    this.offset += this.bytes.size;
    this.bytes.clear();
    this.marks.reset();
    this.synced = false;
    this.ended = false;
    this.corrupt = false;
    this.lost = 0;
  }

  /** Takes all slices of a frame; false when the heap has no room. */
  feed(f: Frame): bool {
    this.marks.add(this.size, f);
    if (f.offset >= <i64>this.size) this.offset = f.offset - this.size;
    if (f.has(FrameFlag.Corrupt)) this.corrupt = true;
    return f.slices.moveTo(this.bytes, f.size);
  }

  finish(): void {
    this.ended = true;
  }

  /** The next event; after Frame, `taken` goes on behind the frame. */
  next(): FramerEvent {
    const least = this.framing == Framing.Adts ? ADTS_HEADER : LOAS_HEADER;
    let dropped: u32 = 0;
    while (this.size - dropped >= least) {
      const n = this.lengthAt(dropped);
      if (n && dropped + n <= this.size) {
        const follows = this.followsAt(dropped, n);
        if (follows > 0) {
          if (dropped) return this.skip(dropped);
          this.length = n;
          this.synced = true;
          return FramerEvent.Frame;
        }
        if (follows < 0 && dropped + n < MAX_WAITING) break;
      } else if (n && this.size - dropped < MAX_WAITING && !this.ended) {
        // The frame is not whole yet.
        break;
      }
      this.synced = false;
      dropped++;
    }
    if (this.ended && this.size) return this.skip(this.size);
    return dropped ? this.skip(dropped) : FramerEvent.Need;
  }

  private skip(n: u32): FramerEvent {
    this.lost = n;
    this.corrupt = true;
    this.bytes.drop(n);
    this.goOn(n);
    return FramerEvent.Skipped;
  }

  /** Length of the frame whose header is at `pos`, 0 without one. */
  private lengthAt(pos: u32): u32 {
    this.bytes.copyOut(pos, HEAD, this.framing == Framing.Adts ? ADTS_HEADER : LOAS_HEADER);
    if (this.framing == Framing.Adts) return this.header.read(HEAD) ? this.header.length : 0;
    const n = loasLength(HEAD);
    return n > 0 ? <u32>n + LOAS_HEADER : 0;
  }

  /** 1 when another frame follows the one of `n` bytes at `pos`, or need not; 0 when something else does; -1: not known. */
  private followsAt(pos: u32, n: u32): i32 {
    if (this.synced && !pos) return 1;
    const at = pos + n;
    if (at == this.size && this.ended) return 1;
    if (this.framing == Framing.Adts) {
      if (at + ADTS_HEADER > this.size) return this.ended ? 0 : -1;
      this.bytes.copyOut(at, HEAD, ADTS_HEADER);
      // Segments that were put together have an ID3 tag each in front.
      if ((load<u32>(HEAD) & 0xffffff) == ID3) return 1;
      return this.next_.read(HEAD) && this.next_.agrees(this.header) ? 1 : 0;
    }
    if (at + LOAS_HEADER > this.size) return this.ended ? 0 : -1;
    this.bytes.copyOut(at, HEAD, LOAS_HEADER);
    return loasLength(HEAD) > 0 ? 1 : 0;
  }

  private goOn(n: u32): void {
    this.marks.shift(n);
    this.offset += n;
  }

  /** Goes on behind the frame; its bytes are dropped unless they were moved away. */
  taken(moved: bool): bool {
    this.corrupt = false;
    this.goOn(this.length);
    return moved || this.bytes.drop(this.length);
  }
}

const HEAD: usize = memory.data(16, 4);

/** "ID3", what a tag starts with. */
const ID3: u32 = 0x334449;
