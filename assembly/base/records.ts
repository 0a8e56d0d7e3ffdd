import { Writer } from "./writer";

/**
 * Records carry values between core and host: a byte for the type, then the value, little-endian, unaligned.
 *
 *     1  i64
 *     2  text: u32 length, UTF-8
 *     3  f64
 *     4  bytes: u32 length, data
 *     5  i8
 *     6  text: u8 length, UTF-8
 *
 * Types 5 and 6 are read wherever 1 and 2 are; the core writes only the long forms.
 */
export const enum RecordType {
  Int = 1,
  Text = 2,
  Double = 3,
  Bytes = 4,
  Small = 5,
  Short = 6,
}

export function recordInt(w: Writer, v: i64): void {
  const p = w.extend(9);
  if (!p) return;
  store<u8>(p, RecordType.Int);
  store<i64>(p, v, 1);
}

export function recordDouble(w: Writer, v: f64): void {
  const p = w.extend(9);
  if (!p) return;
  store<u8>(p, RecordType.Double);
  store<f64>(p, v, 1);
}

export function recordText(w: Writer, text: usize, length: u32): void {
  const p = w.extend(5 + length);
  if (!p) return;
  store<u8>(p, RecordType.Text);
  store<u32>(p, length, 1);
  memory.copy(p + 5, text, length);
}

/** Reads records one after the other; a record of another type than asked for, or a short one, sets `bad`. */
@unmanaged
export class RecordReader {
  pos: usize;
  end: usize;
  bad: bool;
  /** The text or bytes read last. */
  data: usize;
  length: u32;

  @inline
  over(p: usize, n: u32): RecordReader {
    this.pos = p;
    this.end = p + n;
    this.bad = false;
    return this;
  }

  /** Whether records remain. */
  @inline
  get more(): bool {
    return this.pos < this.end && !this.bad;
  }

  /** The type of the next record, or 0. */
  @inline
  get type(): u32 {
    return this.pos < this.end ? load<u8>(this.pos) : 0;
  }

  int(): i64 {
    if (this.type == RecordType.Small && this.end - this.pos >= 2) {
      const v = <i64>load<i8>(this.pos, 1);
      this.pos += 2;
      return v;
    }
    if (this.end - this.pos < 9 || load<u8>(this.pos) != RecordType.Int) {
      this.bad = true;
      return 0;
    }
    const v = load<i64>(this.pos, 1);
    this.pos += 9;
    return v;
  }

  double(): f64 {
    if (this.end - this.pos < 9 || load<u8>(this.pos) != RecordType.Double) {
      this.bad = true;
      return 0;
    }
    const v = load<f64>(this.pos, 1);
    this.pos += 9;
    return v;
  }

  /** Reads a text (or bytes) into `data` and `length`. */
  text(): bool {
    this.data = this.pos;
    this.length = 0;
    const left = <u32>(this.end - this.pos);
    const type = this.type;
    let head: u32 = 5;
    let n: u32 = 0;
    if (type == RecordType.Short && left >= 2) {
      head = 2;
      n = load<u8>(this.pos, 1);
    } else if ((type == RecordType.Text || type == RecordType.Bytes) && left >= 5) n = load<u32>(this.pos, 1);
    else head = left + 1;
    if (head > left || n > left - head) {
      this.bad = true;
      return false;
    }
    this.data = this.pos + head;
    this.length = n;
    this.pos += head + n;
    return true;
  }
}

/** Bytes that a RecordReader takes inside another record. */
export const RECORDREADER_SIZE: u32 = 20;
