import { be16, be32, putBe16, putBe32 } from "../../base/bytes";

/** Bytes of a header without sources and extension. */
export const RTP_HEADER: u32 = 12;

/** Bytes at the start of a packet in which all lies that a header says, the data of its extension aside. */
export const RTP_LOOK: u32 = 76;

/** Contributing sources that a header can name. */
export const MAX_CSRCS: u32 = 15;

/** Why bytes are no RTP packet; the numbers are those of the choices of Code.BadPacket. */
export const enum RtpFault {
  None = -1,
  /** Fewer bytes than a header has. */
  Short = 0,
  /** The version is not 2. */
  Version,
  /** The contributing sources go on behind the end. */
  Sources,
  /** The extension goes on behind the end. */
  Extension,
  /** There is no padding, or more than bytes. */
  Padding,
}

/**
 * The header of an RTP packet (RFC 3550 5.1), checked once and then read by name.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *     |                           timestamp                           |
 *     |                             SSRC                              |
 *     |                        CSRCs, CC of them                      |
 *     |  defined by the profile       |  length in words of 32 bits   |  with X
 *     |                        extension                              |
 */
@unmanaged
export class RtpHeader {
  marker: bool;
  extended: bool;
  payloadType: u32;
  sequence: u32;
  timestamp: u32;
  ssrc: u32;
  csrcs: u32;
  /** The 16 bits in front of the extension's length, and the words of 32 bits that the extension has. */
  profile: u32;
  extensionWords: u32;
  /** Bytes at the end that are no payload, the one that counts them included. */
  padding: u32;
  /** Bytes before the payload, and of the payload. */
  size: u32;
  payload: u32;
  csrc_: u32;

  /** A header with nothing in it. */
  clear(): RtpHeader {
    memory.fill(changetype<usize>(this), 0, RTPHEADER_SIZE);
    this.size = RTP_HEADER;
    return this;
  }

  @inline
  csrc(i: u32): u32 {
    return load<u32>(changetype<usize>(this) + ((<usize>i) << 2), offsetof<RtpHeader>("csrc_"));
  }

  @inline
  private setCsrc(i: u32, source: u32): void {
    store<u32>(changetype<usize>(this) + ((<usize>i) << 2), source, offsetof<RtpHeader>("csrc_"));
  }

  /** Names one more contributing source; false when there are MAX_CSRCS. */
  addCsrc(source: u32): bool {
    if (this.csrcs == MAX_CSRCS) return false;
    this.setCsrc(this.csrcs++, source);
    this.size += 4;
    return true;
  }

  /** Gives it an extension of `words` words of 32 bits, at most 65535, behind `profile`. */
  extend(profile: u32, words: u32): void {
    this.extended = true;
    this.profile = profile;
    this.extensionWords = words;
    this.size += 4 + (words << 2);
  }

  /**
   * Reads a packet.
   * @param p its first bytes: RTP_LOOK of them, or all
   * @param bytes that the packet has
   * @param last its last byte
   */
  parse(p: usize, bytes: u32, last: u32): RtpFault {
    if (bytes < RTP_HEADER) return RtpFault.Short;
    const first: u32 = load<u8>(p);
    if (first >> 6 != 2) return RtpFault.Version;
    const second: u32 = load<u8>(p, 1);
    const csrcs = first & 15;
    let size = RTP_HEADER + (csrcs << 2);
    if (size > bytes) return RtpFault.Sources;
    this.extended = (first & 0x10) != 0;
    this.profile = 0;
    this.extensionWords = 0;
    if (this.extended) {
      if (size + 4 > bytes) return RtpFault.Extension;
      this.profile = be16(p + size);
      this.extensionWords = be16(p + size + 2);
      size += 4 + (this.extensionWords << 2);
      if (size > bytes) return RtpFault.Extension;
    }
    this.padding = first & 0x20 ? last : 0;
    if (first & 0x20 && (!last || last > bytes - size)) return RtpFault.Padding;
    this.marker = (second & 0x80) != 0;
    this.payloadType = second & 0x7f;
    this.sequence = be16(p + 2);
    this.timestamp = be32(p + 4);
    this.ssrc = be32(p + 8);
    this.csrcs = csrcs;
    for (let i: u32 = 0; i < csrcs; i++) this.setCsrc(i, be32(p + RTP_HEADER + ((<usize>i) << 2)));
    this.size = size;
    this.payload = bytes - size - this.padding;
    return RtpFault.None;
  }

  /**
   * Writes the header to `p`, `size` bytes less those of the extension's data, which come next.
   * @returns bytes written
   */
  emit(p: usize): u32 {
    putRtpHeader(p, this.marker, this.payloadType, this.sequence, this.timestamp, this.ssrc);
    store<u8>(p, 0x80 | (this.padding ? 0x20 : 0) | (this.extended ? 0x10 : 0) | this.csrcs);
    let at: usize = p + RTP_HEADER;
    for (let i: u32 = 0; i < this.csrcs; i++, at += 4) putBe32(at, this.csrc(i));
    if (this.extended) {
      putBe16(at, this.profile);
      putBe16(at + 2, this.extensionWords);
      at += 4;
    }
    return <u32>(at - p);
  }
}

/** Bytes that an RtpHeader takes inside another record. */
export const RTPHEADER_SIZE: u32 = offsetof<RtpHeader>("csrc_") + (MAX_CSRCS << 2);

/** Writes a header of RTP_HEADER bytes. */
export function putRtpHeader(p: usize, marker: bool, type: u32, sequence: u32, timestamp: u32, ssrc: u32): void {
  store<u8>(p, 0x80);
  store<u8>(p, (marker ? 0x80 : 0) | type, 1);
  putBe16(p + 2, sequence);
  putBe32(p + 4, timestamp);
  putBe32(p + 8, ssrc);
}
