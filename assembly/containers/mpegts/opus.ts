import { be16 } from "../../base/bytes";
import { Slices } from "../../core/slices";

/** Opus in transport streams (ETSI TS 103 491; RFC 6716 for the packets): units with a control header each. */

/** Samples a second that Opus counts in. */
export const OPUS_RATE: u32 = 48_000;

/** A control header: its bytes, those of the packet behind it, and the packet's samples, 0 when it does not say. */
@unmanaged
export class OpusUnit {
  head: u32;
  size: u32;
  samples: u32;
}

const AT: usize = memory.data(2, 2);

/**
 * Reads the control header at `pos` of a PES packet's payload. How much a decoder trims is passed over.
 * @returns false when there is none, or when less than it announces follows
 */
export function readOpusUnit(list: Slices, pos: u32, u: OpusUnit): bool {
  const end = list.size;
  let p = pos;
  if (p + 2 > end) return false;
  list.copyOut(p, AT, 2);
  const word = be16(AT);
  if (word >> 5 != 0x3ff) return false;
  p += 2;
  let size: u32 = 0;
  let part: u32 = 255;
  while (part == 255) {
    if (p >= end) return false;
    part = list.byteAt(p++);
    size += part;
  }
  // start_trim_flag, end_trim_flag, control_extension_flag
  if (word & 0x10) p += 2;
  if (word & 0x08) p += 2;
  if (word & 0x04) {
    if (p >= end) return false;
    p += 1 + list.byteAt(p);
  }
  if (p > end || !size || size > end - p) return false;
  u.head = p - pos;
  u.size = size;
  u.samples = samplesOf(list.byteAt(p), size > 1 ? list.byteAt(p + 1) : 0);
  return true;
}

/** Samples of a packet by its first two bytes (RFC 6716 3.1 and 3.2). */
function samplesOf(toc: u32, next: u32): u32 {
  const config = toc >> 3;
  const step = config & 3;
  let samples: u32;
  if (config < 12) samples = step == 3 ? 2880 : 480 << step;
  else if (config < 16) samples = 480 << (config & 1);
  else samples = 120 << step;
  const code = toc & 3;
  return samples * (code == 0 ? 1 : code == 3 ? next & 63 : 2);
}

/** Coupled streams by channel_config_code; of the others there is one a channel. */
const COUPLED: usize = memory.data<u8>([1, 0, 1, 1, 2, 2, 2, 3, 3]);

/** Streams' channels in the order of Vorbis (RFC 7845 5.1.1.2), eight by number of channels from 1 on. */
// prettier-ignore
const CHANNEL_MAP: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 0, 0, 0, 0, 0,
  0, 2, 1, 0, 0, 0, 0, 0,
  0, 1, 2, 3, 0, 0, 0, 0,
  0, 4, 1, 2, 3, 0, 0, 0,
  0, 4, 1, 2, 3, 5, 0, 0,
  0, 4, 1, 2, 3, 5, 6, 0,
  0, 6, 1, 2, 3, 4, 5, 7,
]);

/**
 * Writes the identification header (RFC 7845 5.1) that a channel_config_code stands for.
 * @param to room for 32 bytes
 * @returns bytes written, 0 for a code that stands for none
 */
export function writeOpusHead(to: usize, code: u32): u32 {
  if (code > 8) return 0;
  // 0 is dual mono: two channels that belong to no common picture.
  const channels = code ? code : 2;
  const family: u32 = code == 0 ? 255 : channels > 2 ? 1 : 0;
  memory.fill(to, 0, 32);
  // "OpusHead"
  store<u64>(to, 0x646165487375704f);
  store<u8>(to, 1, 8);
  store<u8>(to, channels, 9);
  store<u32>(to, OPUS_RATE, 12);
  store<u8>(to, family, 18);
  if (!family) return 19;
  const coupled = <u32>load<u8>(COUPLED + code);
  store<u8>(to, code ? channels - coupled : 1, 19);
  store<u8>(to, coupled, 20);
  memory.copy(to + 21, CHANNEL_MAP + ((<usize>channels - 1) << 3), channels);
  return 21 + channels;
}
