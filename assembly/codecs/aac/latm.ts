import { BitWriter, Bits } from "../../base/bits";
import { AacConfig, readConfig, writeConfig } from "./config";

/** Bytes of the sync word and length of an AudioSyncStream (LOAS) frame. */
export const LOAS_HEADER: u32 = 3;

/** Length of the element behind a LOAS header (ISO/IEC 14496-3 1.7.2.1), or -1 when there is no sync word. */
export function loasLength(p: usize): i32 {
  const h = ((<u32>load<u8>(p)) << 16) | ((<u32>load<u8>(p, 1)) << 8) | (<u32>load<u8>(p, 2));
  return h >> 13 == 0x2b7 ? <i32>(h & 0x1fff) : -1;
}

/** What was wrong with an element. */
export const enum LatmResult {
  Ok = 0,
  /** No config has come yet. */
  NoConfig,
  /** It is damaged. */
  Damaged,
  /** More than one program, layer or subframe. */
  Unsupported,
}

/**
 * Reads AudioMuxElements (1.7.3) of one program with one layer, which is what broadcasts use.
 */
@unmanaged
export class LatmReader {
  known: bool;
  changed: bool;
  version: u32;
  frameLengthType: u32;
  otherBits: u32;
  fixedBits: u32;
  /** Where the payload starts, bits from the element's start, and its bytes. */
  payloadAt: u32;
  payloadLength: u32;

  /** Reads an element; then the payload is `payloadLength` bytes from bit `payloadAt` on. */
  read(b: Bits, c: AacConfig): LatmResult {
    if (!b.bit()) {
      const r = this.readStreamMuxConfig(b, c);
      if (r != LatmResult.Ok) {
        this.known = false;
        return r;
      }
      this.known = true;
    } else if (!this.known) return LatmResult.NoConfig;
    let length: u32 = 0;
    if (this.frameLengthType == 0) {
      let part: u32 = 255;
      while (part == 255 && !b.short) {
        part = b.read(8);
        length += part;
      }
      length <<= 3;
    } else length = this.fixedBits;
    if (b.short || length > b.left()) return LatmResult.Damaged;
    this.payloadAt = b.pos;
    this.payloadLength = length >> 3;
    return LatmResult.Ok;
  }

  private readStreamMuxConfig(b: Bits, c: AacConfig): LatmResult {
    this.version = b.bit();
    if (this.version && b.bit()) return LatmResult.Unsupported;
    if (this.version) readLatmValue(b);
    if (!b.bit()) return LatmResult.Unsupported;
    // numSubFrames, numProgram, numLayer
    if (b.read(6) || b.read(4) || b.read(3)) return LatmResult.Unsupported;
    if (this.version) {
      const bits = readLatmValue(b);
      const from = b.pos;
      if (bits > b.left() || !this.takeConfig(b, c)) return LatmResult.Damaged;
      if (b.pos - from > bits) return LatmResult.Damaged;
      b.pos = from + bits;
    } else if (!this.takeConfig(b, c)) return LatmResult.Damaged;
    this.frameLengthType = b.read(3);
    if (this.frameLengthType == 0) b.read(8);
    else if (this.frameLengthType == 1) this.fixedBits = (b.read(9) + 20) << 3;
    else return LatmResult.Unsupported;
    this.otherBits = 0;
    if (b.bit()) {
      if (this.version) this.otherBits = readLatmValue(b);
      else {
        let more: u32 = 1;
        while (more && !b.short) {
          more = b.bit();
          this.otherBits = (this.otherBits << 8) | b.read(8);
        }
      }
    }
    if (b.bit()) b.read(8);
    return b.short ? LatmResult.Damaged : LatmResult.Ok;
  }

  private takeConfig(b: Bits, c: AacConfig): bool {
    const rate = c.rate;
    const channels = c.channelConfig;
    const type = c.objectType;
    if (!readConfig(b, c)) return false;
    if (!this.known || c.rate != rate || c.channelConfig != channels || c.objectType != type) this.changed = true;
    return true;
  }
}

/** LatmGetValue (1.7.3.1). */
function readLatmValue(b: Bits): u32 {
  let bytes = b.read(2) + 1;
  let v: u32 = 0;
  while (bytes--) v = (v << 8) | b.read(8);
  return v;
}

/**
 * Writes a LOAS frame of one raw data block.
 * @param w over cleared memory of at least latmRoom(size) bytes
 * @param payload address of the block's bytes, in one piece
 * @returns bytes written, 0 when the block is too large for a frame
 */
export function writeLoas(w: BitWriter, c: AacConfig, payload: usize, size: u32): u32 {
  w.pos = LOAS_HEADER << 3;
  w.write(0, 1);
  // version 0, all streams framed alike, one subframe, program and layer
  w.write(0, 1);
  w.write(1, 1);
  w.write(0, 13);
  writeConfig(w, c);
  w.write(0, 3);
  w.write(0xff, 8);
  w.write(0, 2);
  let left = size;
  while (left >= 255) {
    w.write(255, 8);
    left -= 255;
  }
  w.write(left, 8);
  for (let i: u32 = 0; i < size; i++) w.write(load<u8>(payload + i), 8);
  const n = w.bytes();
  const element = n - LOAS_HEADER;
  if (w.full || element > 0x1fff) return 0;
  const h = (0x2b7 << 13) | element;
  store<u8>(w.base, h >> 16);
  store<u8>(w.base, h >> 8, 1);
  store<u8>(w.base, h, 2);
  return n;
}

/** Bytes that a LOAS frame of a block of `size` bytes takes at most. */
export function latmRoom(size: u32): u32 {
  return size + size / 255 + 160;
}
