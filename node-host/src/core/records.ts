/**
 * Records carry values between core and host: a byte for the type, then the value, little-endian, unaligned.
 *
 *     1  i64
 *     2  text: u32 length, UTF-8
 *     3  f64
 *     4  bytes: u32 length, data
 *     5  i8
 *     6  text: u8 length, UTF-8
 */
const enum RecordType {
  Int = 1,
  Text = 2,
  Double = 3,
  Bytes = 4,
  Small = 5,
  Short = 6,
}

/** A value of a record: whole numbers are bigint, others number. */
export type RecordValue = bigint | number | string | Uint8Array;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Text of UTF-8 bytes; the bytes may lie in the memory of a core. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** UTF-8 bytes of a text. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Reads records one after the other. The bytes stay the caller's; texts and bytes are copied out of them. */
export class RecordReader {
  private readonly view: DataView;
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether records remain. */
  get more(): boolean {
    return this.at < this.bytes.length;
  }

  /**
   * The next value.
   * @throws {RangeError} when the bytes are no records or have come to their end
   */
  next(): RecordValue {
    const type = this.view.getUint8(this.at++);
    switch (type) {
      case RecordType.Int: {
        const v = this.view.getBigInt64(this.at, true);
        this.at += 8;
        return v;
      }
      case RecordType.Small:
        return BigInt(this.view.getInt8(this.at++));
      case RecordType.Double: {
        const v = this.view.getFloat64(this.at, true);
        this.at += 8;
        return v;
      }
      case RecordType.Text:
        return decodeText(this.take(4));
      case RecordType.Short:
        return decodeText(this.take(1));
      case RecordType.Bytes:
        return this.take(4).slice();
      default:
        throw new RangeError(`record of unknown type ${type}`);
    }
  }

  /** The next value, which is a whole number that a double can hold. */
  int(): number {
    return Number(this.next());
  }

  /** The next value, which is a whole number. */
  big(): bigint {
    return BigInt(this.next() as bigint);
  }

  /** The next value, which is a text. */
  text(): string {
    return String(this.next());
  }

  /** All values that remain. */
  rest(): RecordValue[] {
    const out: RecordValue[] = [];
    while (this.more) out.push(this.next());
    return out;
  }

  private take(width: 1 | 4): Uint8Array {
    const n = width === 1 ? this.view.getUint8(this.at) : this.view.getUint32(this.at, true);
    const from = this.at + width;
    if (n > this.bytes.length - from) throw new RangeError("record is cut short");
    this.at = from + n;
    return this.bytes.subarray(from, from + n);
  }
}

/** Makes records. */
export class RecordWriter {
  private readonly parts: Uint8Array[] = [];
  private size = 0;

  /** Adds a whole number. */
  int(v: number | bigint): this {
    const value = BigInt(v);
    if (value >= -128n && value < 128n) {
      this.add(Uint8Array.of(RecordType.Small, Number(value) & 255));
      return this;
    }
    const b = new Uint8Array(9);
    b[0] = RecordType.Int;
    new DataView(b.buffer).setBigInt64(1, value, true);
    this.add(b);
    return this;
  }

  /** Adds a number with a fraction. */
  double(v: number): this {
    const b = new Uint8Array(9);
    b[0] = RecordType.Double;
    new DataView(b.buffer).setFloat64(1, v, true);
    this.add(b);
    return this;
  }

  /** Adds a text. */
  text(v: string): this {
    const data = encodeText(v);
    if (data.length < 256) {
      this.add(Uint8Array.of(RecordType.Short, data.length), data);
      return this;
    }
    const head = new Uint8Array(5);
    head[0] = RecordType.Text;
    new DataView(head.buffer).setUint32(1, data.length, true);
    this.add(head, data);
    return this;
  }

  /** All records, one after the other. */
  done(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const p of this.parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }

  private add(...parts: Uint8Array[]): void {
    for (const p of parts) {
      this.parts.push(p);
      this.size += p.length;
    }
  }
}
