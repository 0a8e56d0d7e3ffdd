import { crc32 } from "node:zlib";

/** A packet of a recording: see firmware/recorder/src/packet.rs. */
export interface RecordingPacket {
  /** Tells one start of the board from the next. */
  readonly session: number;
  /** Counts packets from 0. */
  readonly sequence: number;
  /** Bytes of the payload up to the end of the last entry that ends in it. */
  readonly whole: number;
  /** Nothing follows. */
  readonly last: boolean;
  readonly payload: Uint8Array;
}

const MAGIC = 0x52473247;
const HEAD = 16;
const LAST = 0x8000;

/** Bytes of a payload at most. */
const PAYLOAD = 1024;

/** Bytes of a packet on a serial line at most, without the zero that ends it. */
const SERIAL = HEAD + PAYLOAD + 4 + Math.ceil((HEAD + PAYLOAD + 4) / 254);

/** Reads a packet; null when it is none. */
export function readPacket(bytes: Uint8Array): RecordingPacket | null {
  if (bytes.length < HEAD) return null;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = v.getUint16(14, true) & ~LAST;
  const whole = v.getUint16(12, true);
  if (v.getUint32(0, true) !== MAGIC || length > PAYLOAD || HEAD + length !== bytes.length || whole > length)
    return null;
  const last = (v.getUint16(14, true) & LAST) !== 0;
  const payload = bytes.slice(HEAD);
  return { session: v.getUint32(4, true), sequence: v.getUint32(8, true), whole, last, payload };
}

/** Takes COBS (Cheshire and Baker, 1999) back; null when the bytes are none. */
export function fromCobs(bytes: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(bytes.length);
  let n = 0;
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at];
    if (code === 0 || at + code > bytes.length) return null;
    out.set(bytes.subarray(at + 1, at + code), n);
    n += code - 1;
    at += code;
    if (code < 0xff && at < bytes.length) n++;
  }
  return out.subarray(0, n);
}

/** Finds packets in what comes over a serial line, wherever one begins to listen. */
export class SerialPackets {
  private readonly frame = new Uint8Array(SERIAL);
  private fill = 0;
  /** The frame is longer than any packet. */
  private long = false;
  /** Frames that were no packets. */
  damaged = 0;

  /** Takes bytes in; gives the packets that end in them. */
  *add(bytes: Uint8Array): Generator<RecordingPacket> {
    for (const byte of bytes) {
      if (byte !== 0) {
        if (this.fill < SERIAL) this.frame[this.fill++] = byte;
        else this.long = true;
        continue;
      }
      const packet = this.long ? null : this.end(fromCobs(this.frame.subarray(0, this.fill)));
      if (packet) yield packet;
      else if (this.fill) this.damaged++;
      this.fill = 0;
      this.long = false;
    }
  }

  private end(bytes: Uint8Array | null): RecordingPacket | null {
    if (!bytes || bytes.length < HEAD + 4) return null;
    const packet = bytes.subarray(0, bytes.length - 4);
    const sum = new DataView(bytes.buffer, bytes.byteOffset + packet.length).getUint32(0, true);
    return crc32(packet) >>> 0 === sum ? readPacket(packet) : null;
  }
}
