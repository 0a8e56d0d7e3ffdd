/** Numbers and small formats of ISO/IEC 13818-1. */

export const SYNC_BYTE: u32 = 0x47;

/** Bytes of a transport packet proper. */
export const PACKET: u32 = 188;

/** PIDs there are. */
export const PIDS: u32 = 8192;
export const PID_PAT: u32 = 0;
export const PID_NULL: u32 = 0x1fff;

/** Timestamps count 90 kHz in 33 bits (2.4.3.7). */
export const TIMESTAMP_RATE: u32 = 90000;
export const TIMESTAMP_WRAP: i64 = 1 << 33;

/** stream_type, table 2-34 and what is registered for others. */
export const enum StreamType {
  Mpeg1Video = 0x01,
  Mpeg2Video = 0x02,
  Mpeg1Audio = 0x03,
  Mpeg2Audio = 0x04,
  PrivateSections = 0x05,
  PrivateData = 0x06,
  DsmCcA = 0x0a,
  DsmCcB = 0x0b,
  DsmCcC = 0x0c,
  DsmCcD = 0x0d,
  AacAdts = 0x0f,
  Mpeg4Video = 0x10,
  AacLatm = 0x11,
  Metadata = 0x15,
  H264 = 0x1b,
  Mpeg4Raw = 0x1c,
  H265 = 0x24,
  H266 = 0x33,
  Jpeg2000 = 0x21,
  JpegXs = 0x32,
  Avs = 0x42,
  Dc2Video = 0x80,
  Ac3 = 0x81,
  Dts = 0x82,
  TrueHd = 0x83,
  Eac3Bluray = 0x84,
  DtsHd = 0x85,
  Scte35 = 0x86,
  Eac3 = 0x87,
  DtsHdMaster = 0x88,
  Pgs = 0x90,
  Eac3Secondary = 0xa1,
  Dirac = 0xd1,
  Vc1 = 0xea,
}

/** Descriptor tags, table 2-45 and DVB's (ETSI EN 300 468). */
export const enum Descriptor {
  Registration = 0x05,
  Language = 0x0a,
  Teletext = 0x56,
  Subtitling = 0x59,
  Ac3 = 0x6a,
  EnhancedAc3 = 0x7a,
  Dts = 0x7b,
  Aac = 0x7c,
  Extension = 0x7f,
}

/** Whether a stream of this type is sections rather than PES packets. */
export function isSections(type: u32): bool {
  const t = <StreamType>type;
  return (
    t == StreamType.PrivateSections || t == StreamType.Scte35 || (t >= StreamType.DsmCcA && t <= StreamType.DsmCcD)
  );
}

/** Whether a PES packet of this stream_id has no optional header (2.4.3.7). */
export function isBarePes(id: u32): bool {
  return id == 0xbc || id == 0xbe || id == 0xbf || id == 0xf0 || id == 0xf1 || id == 0xff || id == 0xf2 || id == 0xf8;
}

/** stream_id of padding. */
export const PADDING_STREAM: u32 = 0xbe;

/** A timestamp of 33 bits in five bytes (2.4.3.7); -1 when its marker bits are wrong. */
export function readTimestamp(p: usize): i64 {
  const a = <u32>load<u8>(p);
  const b = <u32>load<u8>(p, 2);
  const c = <u32>load<u8>(p, 4);
  if (!(a & b & c & 1)) return -1;
  return (
    ((<i64>(a & 14)) << 29) |
    ((<i64>load<u8>(p, 1)) << 22) |
    ((<i64>(b & 254)) << 14) |
    ((<i64>load<u8>(p, 3)) << 7) |
    (<i64>(c >> 1))
  );
}

/** Writes a timestamp; `prefix` are the four bits in front of it. */
export function writeTimestamp(p: usize, prefix: u32, ticks: i64): void {
  const t = (<u64>ticks) & 0x1ffffffff;
  store<u8>(p, (prefix << 4) | ((<u32>(t >> 29)) & 14) | 1);
  store<u8>(p, <u32>(t >> 22), 1);
  store<u8>(p, ((<u32>(t >> 14)) & 254) | 1, 2);
  store<u8>(p, <u32>(t >> 7), 3);
  store<u8>(p, (((<u32>t) << 1) & 254) | 1, 4);
}

/** The value congruent to `ticks` modulo 2^33 that is nearest to `near`. */
@inline
export function unwrap(ticks: i64, near: i64): i64 {
  const d = (ticks - near) & (TIMESTAMP_WRAP - 1);
  return near + (d >= TIMESTAMP_WRAP >> 1 ? d - TIMESTAMP_WRAP : d);
}
