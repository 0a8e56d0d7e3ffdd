import { Atom } from "../generated/words";

/** Formats of raw samples, named as GStreamer's. */
export const enum AudioFormat {
  Unknown = 0,
  S8,
  U8,
  S16LE,
  S16BE,
  S24LE,
  S24BE,
  S24_32LE,
  S24_32BE,
  S32LE,
  S32BE,
  F32LE,
  F32BE,
  F64LE,
  F64BE,
  Count,
}

export const enum AudioFlag {
  None = 0,
  Float = 1,
  Signed = 2,
  BigEndian = 4,
}

/**
 * What a format is.
 *
 *      0 flags  AudioFlag
 *      1 bytes  of a sample
 *      2 depth  bits that count, the lowest of the sample
 */
@unmanaged
export class AudioFormatInfo {
  flags: u8;
  bytes: u8;
  depth: u8;

  @inline
  has(flag: AudioFlag): bool {
    return (this.flags & flag) != 0;
  }
}

// prettier-ignore
const ATOMS: usize = memory.data<u32>([
  0, Atom.S8, Atom.U8, Atom.S16LE, Atom.S16BE, Atom.S24LE, Atom.S24BE, Atom.S24_32LE, Atom.S24_32BE, Atom.S32LE,
  Atom.S32BE, Atom.F32LE, Atom.F32BE, Atom.F64LE, Atom.F64BE,
]);

// A row a format, in the order of AudioFormat: flags, bytes, depth.
// prettier-ignore
const ROWS: usize = memory.data<u8>([
  0, 0, 0,
  2, 1, 8,    // S8
  0, 1, 8,    // U8
  2, 2, 16,   // S16LE
  6, 2, 16,   // S16BE
  2, 3, 24,   // S24LE
  6, 3, 24,   // S24BE
  2, 4, 24,   // S24_32LE
  6, 4, 24,   // S24_32BE
  2, 4, 32,   // S32LE
  6, 4, 32,   // S32BE
  3, 4, 32,   // F32LE
  7, 4, 32,   // F32BE
  3, 8, 64,   // F64LE
  7, 8, 64,   // F64BE
]);

/** The format of a name, or Unknown. */
export function audioFormatOf(atom: u32): AudioFormat {
  for (let i = 1; i < AudioFormat.Count; i++) if (load<u32>(ATOMS + ((<usize>i) << 2)) == atom) return i;
  return AudioFormat.Unknown;
}

/** The atom of a format's name. */
export function audioFormatAtom(format: AudioFormat): u32 {
  return load<u32>(ATOMS + ((<usize>format) << 2));
}

/** What a format is. */
@inline
export function audioFormatInfo(format: AudioFormat): AudioFormatInfo {
  return changetype<AudioFormatInfo>(ROWS + <usize>format * 3);
}

/** GStreamer's positions of `channels` channels where nothing says otherwise, as a mask; 0: no positions. */
export function defaultChannelMask(channels: u32): u64 {
  switch (channels) {
    case 2:
      return 0x3;
    case 3:
      return 0xb;
    case 4:
      return 0x33;
    case 5:
      return 0x37;
    case 6:
      return 0x3f;
    case 7:
      return 0x13f;
    case 8:
      return 0xc3f;
    default:
      return 0;
  }
}
