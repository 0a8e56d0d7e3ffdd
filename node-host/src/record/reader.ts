import fs from "node:fs";
import { HostFault, hostErrorText } from "../core/errors.js";
import { decodeText } from "../core/records.js";
import { hostErrorOf } from "../host/errno.js";

const SIZE = 1 << 20;

/** Reads fields out of a file. The end of the file in the middle of a field is an EndOfRecording. */
export class FieldReader {
  private readonly fd: number;
  private buffer = Buffer.allocUnsafe(SIZE);
  private from = 0;
  private to = 0;
  private before = 0;

  constructor(path: string) {
    this.fd = fs.openSync(path, "r");
  }

  /** Where the next field stands in the file, bytes. */
  get offset(): number {
    return this.before + this.from;
  }

  byte(): number {
    this.need(1);
    return this.buffer[this.from++];
  }

  /** An unsigned number that a double can hold. */
  uint(): number {
    return Number(this.big());
  }

  /** An unsigned number of 64 bits. */
  big(): bigint {
    let v = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const b = this.byte();
      v |= BigInt(b & 0x7f) << shift;
      if (b < 0x80) return v;
      if (shift > 63n) throw new RangeError(`a number at byte ${this.offset} is too long`);
    }
  }

  /** A signed number that a double can hold. */
  sint(): number {
    return Number(this.signed());
  }

  /** A signed number of 64 bits. */
  signed(): bigint {
    const v = this.big();
    return BigInt.asIntN(64, (v >> 1n) ^ -(v & 1n));
  }

  /** Bytes with their length before them; good until the next field is read. */
  bytes(): Uint8Array {
    return this.raw(this.uint());
  }

  /** Bytes as they are; good until the next field is read. */
  raw(n: number): Uint8Array {
    this.need(n);
    const at = this.from;
    this.from += n;
    return this.buffer.subarray(at, this.from);
  }

  text(): string {
    return decodeText(this.bytes());
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  private need(n: number): void {
    if (this.to - this.from >= n) return;
    const left = this.buffer.subarray(this.from, this.to);
    const room = Math.max(n, SIZE);
    if (n > this.buffer.length) this.checkSize(n);
    const next = room > this.buffer.length ? Buffer.allocUnsafe(room) : this.buffer;
    next.set(left);
    this.before += this.from;
    this.buffer = next;
    this.from = 0;
    this.to = left.length;
    while (this.to < n) {
      const got = this.read(next, this.to);
      if (!got) throw new EndOfRecording(`the recording ends at byte ${this.before + this.to}`);
      this.to += got;
    }
  }

  private read(to: Uint8Array, at: number): number {
    try {
      return fs.readSync(this.fd, to, at, to.length - at, null);
    } catch (cause) {
      throw new HostFault(`the recording cannot be read: ${hostErrorText(hostErrorOf(cause))}`, { cause });
    }
  }

  /** A length that the file cannot have is not allocated. */
  private checkSize(n: number): void {
    const size = fs.fstatSync(this.fd).size;
    if (this.offset + n > size) throw new EndOfRecording(`the recording ends at byte ${size}`);
  }
}

/** The recording has no more. */
export class EndOfRecording extends Error {}
