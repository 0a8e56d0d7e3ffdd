import { hashBytes, sameBytes } from "./bytes";
import { Owner, alloc } from "./heap";

/**
 * UTF-8 text is an address and a length; nothing is terminated. `Text` is the pair as a record, and a formatter when
 * it has a capacity: what does not fit is dropped and `cut` is set.
 *
 *      0 data      address of the first byte
 *      4 length    bytes in use
 *      8 capacity  bytes that fit, 0 for a text that is only read
 *     12 cut       set when something did not fit
 */
@unmanaged
export class Text {
  data: usize;
  length: u32;
  capacity: u32;
  cut: bool;

  /** Points at text that is only read. */
  @inline
  over(p: usize, n: u32): Text {
    this.data = p;
    this.length = n;
    this.capacity = 0;
    this.cut = false;
    return this;
  }

  /** Starts an empty text in a buffer. */
  @inline
  into(p: usize, capacity: u32): Text {
    this.data = p;
    this.length = 0;
    this.capacity = capacity;
    this.cut = false;
    return this;
  }

  byte(c: u32): void {
    if (this.length >= this.capacity) {
      this.cut = true;
      return;
    }
    store<u8>(this.data + this.length, c);
    this.length++;
  }

  put(p: usize, n: u32): void {
    const room = this.capacity - min<u32>(this.length, this.capacity);
    if (n > room) {
      this.cut = true;
      n = room;
    }
    memory.copy(this.data + this.length, p, n);
    this.length += n;
  }

  u64(v: u64): void {
    if (v >= 10) this.u64(v / 10);
    this.byte(48 + <u32>(v % 10));
  }

  i64(v: i64): void {
    if (v < 0) {
      this.byte(45);
      this.u64(0 - <u64>v);
    } else this.u64(v);
  }

  /** Lower-case hexadecimal with at least `digits` digits, at most 16. */
  hex(v: u64, digits: u32): void {
    let n = min<u32>(max<u32>(digits, 1), 16);
    while (n < 16 && v >> ((<u64>n) << 2)) n++;
    while (n--) {
      const d = (<u32>(v >> ((<u64>n) << 2))) & 15;
      this.byte(d < 10 ? 48 + d : 87 + d);
    }
  }

  same(p: usize, n: u32): bool {
    return this.length == n && sameBytes(this.data, p, n);
  }
}

/** Bytes that a Text takes inside another record. */
export const TEXT_SIZE: u32 = 16;

@inline
export function isSpace(c: u32): bool {
  return c == 32 || (c >= 9 && c <= 13);
}

@inline
export function isDigit(c: u32): bool {
  return c - 48 < 10;
}

@inline
export function isAlpha(c: u32): bool {
  return (c | 32) - 97 < 26;
}

/** The length of the valid UTF-8 sequence at `p`, or 0; overlong forms, surrogates and values over 10FFFF are invalid. */
export function utf8Length(p: usize, end: usize): u32 {
  if (p >= end) return 0;
  const a = <u32>load<u8>(p);
  if (a < 0x80) return 1;
  const n: u32 = a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
  if (!n || <u32>(end - p) < n) return 0;
  for (let i: u32 = 1; i < n; i++) if (((<u32>load<u8>(p + i)) & 0xc0) != 0x80) return 0;
  const b = <u32>load<u8>(p, 1);
  if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) || (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f))
    return 0;
  return n;
}

/** Whether all `n` bytes are valid UTF-8. */
export function isUtf8(p: usize, n: u32): bool {
  const end = p + n;
  while (p < end) {
    const k = utf8Length(p, end);
    if (!k) return false;
    p += k;
  }
  return true;
}

/** A copy of a text on the heap, or 0. */
export function copyText(p: usize, n: u32): usize {
  const q = alloc(max<u32>(n, 1), Owner.Text);
  if (q) memory.copy(q, p, n);
  return q;
}

/**
 * Reads a decimal integer that fills the text, with an optional sign, or hexadecimal after 0x, which gives the 64 bits as
 * they stand: 0xffffffffffffffff is -1.
 * @param into where the i64 goes
 * @returns false when the text is something else or does not fit
 */
export function parseInt64(p: usize, n: u32, into: usize): bool {
  let i: u32 = 0;
  let negative = false;
  if (n && (load<u8>(p) == 45 || load<u8>(p) == 43)) {
    negative = load<u8>(p) == 45;
    i++;
  }
  let v: u64 = 0;
  if (n - i > 2 && load<u8>(p + i) == 48 && ((<u32>load<u8>(p + i, 1)) | 32) == 120) {
    i += 2;
    if (n - i > 16) return false;
    for (; i < n; i++) {
      const c = (<u32>load<u8>(p + i)) | 32;
      const d: u32 = isDigit(c) ? c - 48 : c - 97 < 6 ? c - 87 : 16;
      if (d > 15) return false;
      v = (v << 4) | d;
    }
  } else {
    if (i >= n) return false;
    for (; i < n; i++) {
      const d = <u32>load<u8>(p + i) - 48;
      if (d > 9) return false;
      if (v > (u64.MAX_VALUE - d) / 10) return false;
      v = v * 10 + d;
    }
    if (v > (negative ? 0x8000000000000000 : 0x7fffffffffffffff)) return false;
  }
  store<i64>(into, negative ? 0 - <i64>v : <i64>v);
  return true;
}

/**
 * Reads a decimal number with an optional fraction and exponent that fills the text. The result is the nearest f64 for
 * up to 15 digits and a power of ten within 22; beyond that the last bits may differ.
 * @param into where the f64 goes
 * @returns false when the text is something else or the number is too large
 */
export function parseDouble(p: usize, n: u32, into: usize): bool {
  let i: u32 = 0;
  let negative = false;
  if (n && (load<u8>(p) == 45 || load<u8>(p) == 43)) {
    negative = load<u8>(p) == 45;
    i++;
  }
  let digits: u32 = 0;
  let v: f64 = 0;
  let scale: i32 = 0;
  for (; i < n && isDigit(load<u8>(p + i)); i++, digits++) v = v * 10 + <f64>(<u32>load<u8>(p + i) - 48);
  if (i < n && load<u8>(p + i) == 46) {
    i++;
    for (; i < n && isDigit(load<u8>(p + i)); i++, digits++, scale--) v = v * 10 + <f64>(<u32>load<u8>(p + i) - 48);
  }
  if (!digits) return false;
  if (i < n && ((<u32>load<u8>(p + i)) | 32) == 101) {
    i++;
    let sign: i32 = 1;
    if (i < n && (load<u8>(p + i) == 45 || load<u8>(p + i) == 43)) {
      if (load<u8>(p + i) == 45) sign = -1;
      i++;
    }
    let e: i32 = 0;
    if (i >= n) return false;
    for (; i < n && isDigit(load<u8>(p + i)); i++) if (e < 1000) e = e * 10 + <i32>(<u32>load<u8>(p + i) - 48);
    scale += sign * e;
  }
  if (i != n) return false;
  // Powers of ten up to 22 are exact, so that one operation rounds once.
  for (; scale > 0 && v && v < f64.MAX_VALUE; scale -= min(scale, 22)) v *= power10(min(scale, 22));
  for (; scale < 0 && v; scale += min(-scale, 22)) v /= power10(min(-scale, 22));
  if (v == Infinity) return false;
  store<f64>(into, negative ? -v : v);
  return true;
}

/** 10 to the power of `n`, at most 22. */
function power10(n: i32): f64 {
  let v: f64 = 1;
  while (n--) v *= 10;
  return v;
}

/** A hash of a text, never 0. */
@inline
export function textHash(p: usize, n: u32): u32 {
  return hashBytes(p, n) | 1;
}

/**
 * How many letters must be added, removed, changed or swapped to make one text of the other, case ignored; 255 when it
 * is certainly over `limit` or a text is over 63 bytes long.
 */
export function editDistance(a: usize, na: u32, b: usize, nb: u32, limit: u32, scratch: usize): u32 {
  if (na > 63 || nb > 63) return 255;
  if ((na > nb ? na - nb : nb - na) > limit) return 255;
  // Three rows of 64 bytes: two before, one before, this one (optimal string alignment).
  let two = scratch;
  let one = scratch + 64;
  let row = scratch + 128;
  for (let j: u32 = 0; j <= nb; j++) store<u8>(one + j, j);
  for (let i: u32 = 1; i <= na; i++) {
    const ca = lower(load<u8>(a + i - 1));
    store<u8>(row, i);
    for (let j: u32 = 1; j <= nb; j++) {
      const cb = lower(load<u8>(b + j - 1));
      let d = <u32>load<u8>(one + j - 1) + <u32>(ca != cb);
      d = min<u32>(d, <u32>load<u8>(one + j) + 1);
      d = min<u32>(d, <u32>load<u8>(row + j - 1) + 1);
      if (i > 1 && j > 1 && ca == lower(load<u8>(b + j - 2)) && cb == lower(load<u8>(a + i - 2))) {
        d = min<u32>(d, <u32>load<u8>(two + j - 2) + 1);
      }
      store<u8>(row + j, d);
    }
    const t = two;
    two = one;
    one = row;
    row = t;
  }
  return load<u8>(one + nb);
}

/** Bytes of scratch that editDistance needs. */
export const EDIT_SCRATCH: u32 = 192;

@inline
function lower(c: u32): u32 {
  return c - 65 < 26 ? c | 32 : c;
}
