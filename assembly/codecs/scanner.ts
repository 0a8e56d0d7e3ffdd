import { Owner } from "../base/heap";
import { givePiece, takePiece } from "../base/store";
import { Slices } from "../core/slices";

/** Start codes that can be found before they are used. */
const MAX_START_CODES: u32 = 65536;

/**
 * Finds start codes (00 00 01) in a byte stream that comes as slices, wherever stretches divide it. Used by H.264 and
 * H.265, whose byte streams are alike (Annex B of both).
 *
 * The whole stretch is looked at with one or two loads for 16 bytes: only where two zeros stand together is there a closer
 * look. The last eight bytes are carried from stretch to stretch.
 *
 *      0 tail    the last eight bytes, the newest lowest
 *      8 found   address of the records of start codes
 *     12 count   records in use
 *     16 room    records that fit
 *     20 pos     position of the next byte, counted from where the caller wants
 *     24 lost    start codes for which there was no room
 */
@unmanaged
export class StartCodeScanner {
  tail: u64;
  found: usize;
  count: u32;
  room: u32;
  pos: u32;
  lost: u32;

  reset(): void {
    this.tail = ~(<u64>0);
    this.count = 0;
    this.pos = 0;
    this.lost = 0;
  }

  release(): void {
    if (this.found) givePiece(this.found, this.room << 3);
    this.found = 0;
    this.room = 0;
    this.count = 0;
  }

  private grow(): bool {
    const room = this.room ? this.room << 1 : 64;
    const p: usize = room > MAX_START_CODES ? 0 : takePiece(room << 3, Owner.Parser);
    if (!p) return false;
    memory.copy(p, this.found, (<usize>this.count) << 3);
    if (this.found) givePiece(this.found, this.room << 3);
    this.found = p;
    this.room = room;
    return true;
  }

  @inline
  at(i: u32): StartCode {
    return changetype<StartCode>(this.found + ((<usize>i) << 3));
  }

  /** Looks through all bytes of a list; records are appended. */
  scan(list: Slices): void {
    for (let i: u32 = 0; i < list.count; i++) {
      const s = list.at(i);
      if (s.run) this.run(s.data, s.length, s.run >> 8, s.run & 255);
      else this.long(s.data, s.length);
    }
  }

  /** Equal short stretches, as transport packets leave them. */
  private run(p: usize, length: u32, count: u32, stride: u32): void {
    if (length < 16) {
      for (; count; count--, p += stride) this.bytes(p, length);
      return;
    }
    let tail = this.tail;
    for (; count; count--, p += stride) {
      if (isHot(<u32>tail) || (length == 184 ? hasPair184(p) : hasPair(p, length))) {
        this.tail = tail;
        this.look(p, length);
        tail = this.tail;
      } else {
        tail = bswap<u64>(load<u64>(p + length - 8));
        this.pos += length;
      }
    }
    this.tail = tail;
  }

  private long(p: usize, n: u32): void {
    while (n >= 16) {
      let k = min<u32>(n, 512);
      // What remains is never too short to be looked at in the same way.
      if (n - k && n - k < 16) k -= 16;
      if (isHot(<u32>this.tail) || hasPair(p, k)) this.look(p, k);
      else {
        this.tail = bswap<u64>(load<u64>(p + k - 8));
        this.pos += k;
      }
      p += k;
      n -= k;
    }
    if (n) this.bytes(p, n);
  }

  /** A stretch of 16 bytes or more that has two zeros together, or follows bytes that a start code may begin in. */
  private look(p: usize, n: u32): void {
    const before = this.tail;
    const base = this.pos;
    // Start codes that began before: those whose fifth byte is one of the first four here.
    if (isHot(<u32>before)) {
      let t = before;
      for (let i: u32 = 0; i < 4; i++) {
        t = (t << 8) | load<u8>(p + i);
        if (((t >> 16) & 0xffffff) == 1) this.note(base + i - 1, t);
      }
    }
    // Start codes that begin here with their header and the byte behind it.
    const limit = n - 4;
    for (let o: u32 = 0; o < limit; o += 8) {
      if (!pairs8(p + o)) continue;
      const end = min<u32>(o + 8, limit);
      for (let j = o; j < end; j++) {
        if ((load<u32>(p + j) & 0xffffff) != 0x010000) continue;
        const t = j >= 3 ? bswap<u64>(load<u64>(p + j - 3)) : joined(before, p, j);
        this.note(base + j + 3, t);
      }
    }
    this.tail = bswap<u64>(load<u64>(p + n - 8));
    this.pos = base + n;
  }

  /** Any stretch, byte by byte. */
  private bytes(p: usize, n: u32): void {
    let t = this.tail;
    for (let i: u32 = 0; i < n; i++) {
      t = (t << 8) | load<u8>(p + i);
      if (((t >> 16) & 0xffffff) == 1) this.note(this.pos + i - 1, t);
    }
    this.tail = t;
    this.pos += n;
  }

  /** Notes start codes at the very end that lack the byte behind their header: the stream ends here. */
  finish(): void {
    const t = this.tail << 8;
    if (((t >> 16) & 0xffffff) == 1) this.note(this.pos - 1, t);
  }

  /**
   * @param header position of the byte behind the start code
   * @param t eight bytes up to the one behind the header: three in front of the start code, the code, header, next
   */
  private note(header: u32, t: u64): void {
    if (this.count == this.room && !this.grow()) {
      this.lost++;
      return;
    }
    const r = this.at(this.count++);
    r.header = header;
    r.type = <u8>(t >> 8);
    r.next = <u8>t;
    // Zeros in front belong to the start code (zero_byte) or end what was before (trailing_zero_8bits).
    const b = <u32>(t >> 40);
    r.zeros = b & 0xff ? 0 : b & 0xff00 ? 1 : b & 0xff0000 ? 2 : 3;
  }
}

/** Bytes that a StartCodeScanner takes inside another record. */
export const SCANNER_SIZE: u32 = 32;

/**
 * A start code: position of the byte behind it, that byte, the one behind that, and how many zeros stand in front (3: or
 * more).
 */
@unmanaged
export class StartCode {
  header: u32;
  type: u8;
  next: u8;
  zeros: u8;
  spare: u8;
}

/** The eight bytes of which the sixth is the start code's last zero at p + j + 1, some of them before p. */
function joined(before: u64, p: usize, j: u32): u64 {
  let t = before;
  for (let i: u32 = 0; i < j + 5; i++) t = (t << 8) | load<u8>(p + i);
  return t;
}

/** Whether a start code may have begun in the last four bytes. */
@inline
function isHot(t: u32): bool {
  return (t & 0xff) == 0 || (t & 0xffffff) == 1 || t >> 8 == 1;
}

/** Not zero when one of the eight bytes is zero. */
@inline
function zero8(v: u64): u64 {
  return (v - 0x0101010101010101) & ~v & 0x8080808080808080;
}

@inline
function pairs8(p: usize): u64 {
  return zero8(load<u64>(p) | load<u64>(p, 1));
}

@inline
function or16(p: usize, at: usize): v128 {
  return v128.or(v128.load(p + at), v128.load(p + at + 1));
}

@inline
function least(a: v128, b: v128): v128 {
  return i8x16.min_u(a, b);
}

/** Whether two zeros stand together in `n` bytes, 16 or more; the byte behind counts as the second. */
function hasPair(p: usize, n: u32): bool {
  if (ASC_FEATURE_SIMD) {
    let m = or16(p, n - 16);
    let o: u32 = 0;
    for (; o + 64 <= n; o += 64) {
      m = least(m, least(least(or16(p, o), or16(p, o + 16)), least(or16(p, o + 32), or16(p, o + 48))));
    }
    for (; o + 16 < n; o += 16) m = least(m, or16(p, o));
    return !i8x16.all_true(m);
  }
  let z = pairs8(p + n - 8);
  let o: u32 = 0;
  for (; o + 32 <= n; o += 32) z |= pairs8(p + o) | pairs8(p + o + 8) | pairs8(p + o + 16) | pairs8(p + o + 24);
  for (; o + 8 <= n; o += 8) z |= pairs8(p + o);
  return z != 0;
}

/** As hasPair for the payload of a transport packet. */
function hasPair184(p: usize): bool {
  if (ASC_FEATURE_SIMD) {
    const a = least(least(or16(p, 0), or16(p, 16)), least(or16(p, 32), or16(p, 48)));
    const b = least(least(or16(p, 64), or16(p, 80)), least(or16(p, 96), or16(p, 112)));
    const c = least(least(or16(p, 128), or16(p, 144)), least(or16(p, 160), or16(p, 168)));
    return !i8x16.all_true(least(least(a, b), c));
  }
  return hasPair(p, 184);
}
