import { be32 } from "./bytes";

/**
 * Reads bits, most significant first, from fewer than 2^29 bytes. Reading past the end gives 0 bits and sets `short`.
 *
 *      0 base   address of the first byte
 *      4 pos    bits read
 *      8 limit  bits there are
 *     12 short  set when a read went past the end
 */
@unmanaged
export class Bits {
  base: usize;
  pos: u32;
  limit: u32;
  short: bool;

  @inline
  over(p: usize, bytes: u32): Bits {
    this.base = p;
    this.pos = 0;
    this.limit = bytes << 3;
    this.short = false;
    return this;
  }

  /** Bits that remain. */
  @inline
  left(): u32 {
    return this.limit - this.pos;
  }

  bit(): u32 {
    const pos = this.pos;
    if (pos >= this.limit) {
      this.short = true;
      return 0;
    }
    this.pos = pos + 1;
    return ((<u32>load<u8>(this.base + (pos >> 3))) >> (7 - (pos & 7))) & 1;
  }

  /** The next `n` bits, at most 32. */
  read(n: u32): u32 {
    if (n > this.limit - this.pos) {
      this.short = true;
      this.pos = this.limit;
      return 0;
    }
    let value: u32 = 0;
    let pos = this.pos;
    this.pos = pos + n;
    // A whole word when it lies inside the data, else bit by bit through bytes.
    if (n <= 24 && (pos >> 3) + 4 <= this.limit >> 3) {
      if (!n) return 0;
      return (be32(this.base + (pos >> 3)) << (pos & 7)) >> (32 - n);
    }
    while (n) {
      const room = 8 - (pos & 7);
      const take = min<u32>(room, n);
      const byte = ((<u32>load<u8>(this.base + (pos >> 3))) >> (room - take)) & ((1 << take) - 1);
      value = (value << take) | byte;
      pos += take;
      n -= take;
    }
    return value;
  }

  skip(n: u32): void {
    if (n > this.limit - this.pos) {
      this.short = true;
      this.pos = this.limit;
    } else this.pos += n;
  }

  /** Unsigned Exp-Golomb code, ue(v) of ISO/IEC 14496-10 9.1. */
  ue(): u32 {
    let zeros: u32 = 0;
    while (!this.bit()) {
      if (this.short || ++zeros > 32) {
        this.short = true;
        return 0;
      }
    }
    if (zeros == 32) {
      this.read(32);
      return 0xffffffff;
    }
    return (1 << zeros) - 1 + this.read(zeros);
  }

  /** Signed Exp-Golomb code, se(v) of ISO/IEC 14496-10 9.1.1. */
  se(): i32 {
    const k = this.ue();
    return k & 1 ? <i32>((k >> 1) + 1) : -(<i32>(k >> 1));
  }

  @inline
  align(): void {
    this.pos = min<u32>((this.pos + 7) & ~7, this.limit);
  }
}

/** Bytes that Bits takes inside another record. */
export const BITS_SIZE: u32 = 16;

/**
 * Writes bits, most significant first, into a fixed buffer that was cleared to zero. Writing past the end sets `full`.
 */
@unmanaged
export class BitWriter {
  base: usize;
  pos: u32;
  limit: u32;
  full: bool;

  @inline
  over(p: usize, bytes: u32): BitWriter {
    this.base = p;
    this.pos = 0;
    this.limit = bytes << 3;
    this.full = false;
    return this;
  }

  /** Appends the low `n` bits of `v`, at most 32. */
  write(v: u32, n: u32): void {
    if (n > this.limit - this.pos) {
      this.full = true;
      return;
    }
    while (n--) {
      const pos = this.pos++;
      if ((v >> n) & 1) {
        const p = this.base + (pos >> 3);
        store<u8>(p, (<u32>load<u8>(p)) | (0x80 >> (pos & 7)));
      }
    }
  }

  /** Bytes written so far, the last one filled with zero bits. */
  @inline
  bytes(): u32 {
    return (this.pos + 7) >> 3;
  }
}

/** Bytes that a BitWriter takes inside another record. */
export const BITWRITER_SIZE: u32 = 16;
