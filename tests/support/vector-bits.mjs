// Writes bits and draws numbers, the same on every machine: what the generators of vector inputs are made of.
import zlib from "node:zlib";

/** A sequence of pseudo-random numbers (xorshift32), fixed by its seed. */
export class Random {
  constructor(seed) {
    // A small seed would give small numbers first.
    this.state = Math.imul(seed, 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 32 bits. */
  next() {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    return Math.floor((this.next() / 2 ** 32) * n);
  }

  /** n bytes. */
  bytes(n) {
    const out = Buffer.alloc(n);
    for (let i = 0; i < n; i++) out[i] = this.next() >>> 24;
    return out;
  }
}

/** Writes bits, the highest first. */
export class BitWriter {
  constructor() {
    this.out = [];
    this.held = 0;
    this.count = 0;
  }

  /** The lowest n bits of v, n up to 32. */
  bits(n, v) {
    for (let i = n - 1; i >= 0; i--) {
      this.held = (this.held << 1) | ((v >>> i) & 1);
      if (++this.count < 8) continue;
      this.out.push(this.held);
      this.held = 0;
      this.count = 0;
    }
    return this;
  }

  /** Unsigned Exp-Golomb (ITU-T H.264 §9.1). */
  ue(v) {
    const n = 31 - Math.clz32(v + 1);
    return this.bits(n, 0).bits(n + 1, v + 1);
  }

  /** Signed Exp-Golomb (§9.1.1). */
  se(v) {
    return this.ue(v > 0 ? 2 * v - 1 : -2 * v);
  }

  /** Zeros up to a whole byte. */
  align() {
    return this.count ? this.bits(8 - this.count, 0) : this;
  }

  /** Bytes, at any bit. */
  bytes(data) {
    for (const b of data) this.bits(8, b);
    return this;
  }

  /** Everything, filled up to a whole byte. */
  done() {
    this.align();
    return Buffer.from(this.out);
  }
}

/** CRC of MPEG-2 sections (ISO/IEC 13818-1 Annex A). */
export function crcMpeg(data) {
  let crc = 0xffffffff;
  for (const b of data) {
    crc ^= b << 24;
    for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let i = 0; i < 8; i++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32ByTable(data) {
  let c = 0xffffffff;
  for (let i = 0; i < data.length; i++) c = CRC_TABLE[(c ^ data[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/** CRC of zlib and PNG; the first versions of Node 20 do not have it. */
export const crc32 = zlib.crc32 ?? crc32ByTable;
