import { AacConfig, channelsOf, rateIndex, rateOf } from "./config";

/** Bytes of a header without and with a CRC. */
export const ADTS_HEADER: u32 = 7;
export const ADTS_HEADER_CRC: u32 = 9;

/** The header of an ADTS frame (ISO/IEC 14496-3 1.A.2), checked once, then read by name. */
@unmanaged
export class AdtsHeader {
  /** 2 or 4 */
  mpegVersion: u32;
  hasCrc: bool;
  objectType: u32;
  rate: u32;
  rateIndex: u32;
  channelConfig: u32;
  /** Bytes of the frame with its header. */
  length: u32;
  /** Raw data blocks in it, 1 to 4. */
  blocks: u32;

  /** Bytes in front of the first block. */
  get headerLength(): u32 {
    if (!this.hasCrc) return ADTS_HEADER;
    // Positions of the blocks and one CRC for all, then one behind each.
    return this.blocks == 1 ? ADTS_HEADER_CRC : ADTS_HEADER_CRC + 2 * (this.blocks - 1);
  }

  /** Reads seven bytes; false when they are no header. */
  read(p: usize): bool {
    const b1 = <u32>load<u8>(p, 1);
    if (load<u8>(p) != 0xff || (b1 & 0xf6) != 0xf0) return false;
    const b2 = <u32>load<u8>(p, 2);
    const b3 = <u32>load<u8>(p, 3);
    this.mpegVersion = b1 & 8 ? 2 : 4;
    this.hasCrc = !(b1 & 1);
    this.objectType = (b2 >> 6) + 1;
    this.rateIndex = (b2 >> 2) & 15;
    this.rate = rateOf(this.rateIndex);
    this.channelConfig = ((b2 & 1) << 2) | (b3 >> 6);
    this.length = ((b3 & 3) << 11) | ((<u32>load<u8>(p, 4)) << 3) | ((<u32>load<u8>(p, 5)) >> 5);
    this.blocks = ((<u32>load<u8>(p, 6)) & 3) + 1;
    return this.rate != 0 && this.length >= this.headerLength;
  }

  /** Whether a header of the same stream. */
  agrees(o: AdtsHeader): bool {
    return (
      this.objectType == o.objectType &&
      this.rateIndex == o.rateIndex &&
      this.channelConfig == o.channelConfig &&
      this.mpegVersion == o.mpegVersion
    );
  }

  /** Fills in the config of the stream, but for a program config element. */
  toConfig(c: AacConfig): void {
    c.objectType = this.objectType;
    c.extension = 0;
    c.extensionRate = 0;
    c.rate = this.rate;
    c.channelConfig = this.channelConfig;
    c.channels = channelsOf(this.channelConfig);
    c.frameLength = 1024;
    c.pceBits = 0;
  }
}

/** Whether a config can be told by an ADTS header: object types up to 4 at a rate of the table. */
export function fitsAdts(c: AacConfig): bool {
  return (
    c.objectType >= 1 && c.objectType <= 4 && rateIndex(c.rate) < 13 && c.channelConfig < 8 && c.frameLength == 1024
  );
}

/** Writes a header without CRC for a raw data block of `size` bytes, at most 8184. */
export function writeAdtsHeader(p: usize, c: AacConfig, size: u32): void {
  const length = size + ADTS_HEADER;
  store<u8>(p, 0xff);
  store<u8>(p, 0xf1, 1);
  store<u8>(p, ((c.objectType - 1) << 6) | (rateIndex(c.rate) << 2) | (c.channelConfig >> 2), 2);
  store<u8>(p, ((c.channelConfig & 3) << 6) | (length >> 11), 3);
  store<u8>(p, length >> 3, 4);
  store<u8>(p, ((length & 7) << 5) | 0x1f, 5);
  store<u8>(p, 0xfc, 6);
}

/** The largest raw data block that an ADTS frame can hold, bytes. */
export const MAX_ADTS_BLOCK: u32 = 8191 - ADTS_HEADER;
