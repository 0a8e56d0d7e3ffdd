import fs from "node:fs";
import { HostFault, hostErrorText } from "../core/errors.js";
import { hostErrorOf } from "../host/errno.js";

const SIZE = 1 << 20;

/** Writes fields into a file, through a buffer. The first error of the file is thrown, as a HostFault. */
export class FieldWriter {
  private readonly fd: number;
  private readonly buffer = Buffer.allocUnsafe(SIZE);
  private fill = 0;
  /** Nothing is written any more. */
  private failed = false;

  /** @param path of the file, which is made or emptied */
  constructor(private readonly path: string) {
    this.fd = this.guard(() => fs.openSync(path, "w"));
  }

  byte(v: number): this {
    if (this.fill === SIZE) this.flush();
    this.buffer[this.fill++] = v;
    return this;
  }

  /** An unsigned number. */
  uint(v: number | bigint): this {
    if (typeof v === "number" && v < 0x80) return this.byte(v);
    let rest = BigInt(v);
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    return this.byte(Number(rest));
  }

  /** A signed number of 64 bits. */
  sint(v: number | bigint): this {
    const n = BigInt(v);
    return this.uint(BigInt.asUintN(64, (n << 1n) ^ (n >> 63n)));
  }

  /** Bytes with their length before them. */
  bytes(v: Uint8Array): this {
    return this.uint(v.length).raw(v);
  }

  /** Bytes as they are. */
  raw(v: Uint8Array): this {
    if (v.length > SIZE - this.fill) this.flush();
    if (v.length > SIZE) {
      this.out(v);
      return this;
    }
    this.buffer.set(v, this.fill);
    this.fill += v.length;
    return this;
  }

  text(v: string): this {
    return this.bytes(Buffer.from(v));
  }

  /** Writes what is left and closes the file. */
  close(): void {
    this.flush();
    fs.closeSync(this.fd);
  }

  private flush(): void {
    const full = this.buffer.subarray(0, this.fill);
    this.fill = 0;
    this.out(full);
  }

  private out(v: Uint8Array): void {
    for (let at = 0; at < v.length && !this.failed;) at += this.guard(() => fs.writeSync(this.fd, v, at));
  }

  private guard(run: () => number): number {
    try {
      return run();
    } catch (cause) {
      this.failed = true;
      const why = hostErrorText(hostErrorOf(cause));
      throw new HostFault(`the recording ${this.path} cannot be written: ${why}`, { cause });
    }
  }
}
