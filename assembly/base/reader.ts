import { be16, be24, be32, be64 } from "./bytes";

/**
 * Reads big-endian numbers from [pos, end). Reading past the end gives 0 and sets `short`, so a caller may read a whole
 * structure and check once.
 *
 *      0 pos    address of the next byte
 *      4 end    address after the last byte
 *      8 short  set when a read went past the end
 */
@unmanaged
export class Reader {
  pos: usize;
  end: usize;
  short: bool;

  /** Starts over at `p` with `n` bytes. */
  @inline
  over(p: usize, n: u32): Reader {
    this.pos = p;
    this.end = p + n;
    this.short = false;
    return this;
  }

  /** Bytes that remain. */
  @inline
  left(): u32 {
    return <u32>(this.end - this.pos);
  }

  /** Moves over `n` bytes; false, at the end, when there are fewer. */
  skip(n: u32): bool {
    if (n > this.left()) {
      this.pos = this.end;
      this.short = true;
      return false;
    }
    this.pos += n;
    return true;
  }

  u8(): u32 {
    const p = this.pos;
    return this.skip(1) ? <u32>load<u8>(p) : 0;
  }

  u16(): u32 {
    const p = this.pos;
    return this.skip(2) ? be16(p) : 0;
  }

  u24(): u32 {
    const p = this.pos;
    return this.skip(3) ? be24(p) : 0;
  }

  u32(): u32 {
    const p = this.pos;
    return this.skip(4) ? be32(p) : 0;
  }

  u64(): u64 {
    const p = this.pos;
    return this.skip(8) ? be64(p) : 0;
  }
}

/** Bytes that a Reader takes inside another record. */
export const READER_SIZE: u32 = 12;
