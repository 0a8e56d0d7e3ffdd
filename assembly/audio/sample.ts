import { AudioFlag, AudioFormat, audioFormatInfo } from "./format";

/** Stores a sample of 32 bits in an integer format: its highest bits, as GStreamer's packing does. */
export function putInteger(format: AudioFormat, p: usize, v: i32): void {
  const info = audioFormatInfo(format);
  let x: u32 = v >> (32 - info.depth);
  if (!info.has(AudioFlag.Signed)) x ^= 1 << (info.depth - 1);
  const bytes: u32 = info.bytes;
  // Into the highest bytes first, so that a swap leaves it at the start.
  if (info.has(AudioFlag.BigEndian)) x = bswap<u32>(x << ((4 - bytes) << 3));
  for (let i: u32 = 0; i < bytes; i++) store<u8>(p + i, x >> (i << 3));
}

/** Stores a sample in a float format. */
export function putFloat(format: AudioFormat, p: usize, v: f64): void {
  switch (format) {
    case AudioFormat.F32LE:
      store<f32>(p, <f32>v);
      break;
    case AudioFormat.F32BE:
      store<u32>(p, bswap<u32>(reinterpret<u32>(<f32>v)));
      break;
    case AudioFormat.F64LE:
      store<f64>(p, v);
      break;
    default:
      store<u64>(p, bswap<u64>(reinterpret<u64>(v)));
      break;
  }
}
