/**
 * The A-law of ITU-T G.711 (table 1a and 1b). A sample of 16 bits becomes a sign, one of eight segments and a step of 4
 * bits inside it, with every other bit inverted.
 *
 * Encoding compares all 16 bits of the magnitude with the decision values, as GStreamer does. FFmpeg looks at the upper 14
 * bits of the sample, and decides at the middle between two values also where segments meet: 849 of the 65536 samples get
 * the code beside. The reference of ITU-T G.191 takes magnitudes from one's complement. The decoders are all the same.
 */

/** Bits that are inverted, with the sign set for what is positive. */
const EVEN: u32 = 0xd5;

/**
 * What a code is without its sign and its inversion: 0 to 128, where 128 is a magnitude beyond the last segment. The mask
 * changes nothing: it tells a compiler that nothing here overflows or is 0.
 */
@inline
function step(s: i32): u32 {
  const sign = s >> 31;
  const v: u32 = (<u32>(((s ^ sign) - sign) & 0xffff)) >> 4;
  // The first two segments have the same steps.
  const segment: u32 = 27 - <u32>clz<u32>(v | 16);
  return (segment << 4) + (v >> segment);
}

/** The code of one sample. */
@inline
export function alawOf(s: i32): u32 {
  return min<u32>(step(s), 127) ^ EVEN ^ (((<u32>s) >> 24) & 0x80);
}

/** The sample that a code stands for. */
@inline
export function fromAlaw(code: u32): i32 {
  const c = code ^ EVEN;
  const segment = (c >> 4) & 7;
  // Half a step is added, and in all but the first segment the leading one.
  const one = (segment + 7) >> 3;
  const magnitude = <i32>((((c & 15) << 4) + 8 + (one << 8)) << (segment - one));
  const sign = -((<i32>c) >> 7);
  return (magnitude ^ sign) - sign;
}

/** Encodes `n` samples, little-endian, to `n` bytes. The codes may be put where the samples are, from the same address on. */
export function encodeAlaw(to: usize, from: usize, n: u32): void {
  for (; n >= 4; n -= 4) {
    const a = load<u32>(from);
    const b = load<u32>(from, 4);
    let codes = step((<i32>(a << 16)) >> 16) + (step((<i32>a) >> 16) << 8);
    codes += (step((<i32>(b << 16)) >> 16) << 16) + (step((<i32>b) >> 16) << 24);
    codes -= (codes >> 7) & 0x01010101;
    const signs = ((a >> 8) & 0x80) | ((a >> 16) & 0x8000) | ((b << 8) & 0x800000) | (b & 0x80000000);
    store<u32>(to, codes ^ signs ^ 0xd5d5d5d5);
    from += 8;
    to += 4;
  }
  for (; n; n--) {
    store<u8>(to, alawOf(load<i16>(from)));
    from += 2;
    to++;
  }
}

/** Decodes `n` bytes to `n` samples, little-endian; the two do not overlap. */
export function decodeAlaw(to: usize, from: usize, n: u32): void {
  for (; n >= 4; n -= 4) {
    const c = load<u32>(from);
    store<u32>(to, (fromAlaw(c & 255) & 0xffff) | (fromAlaw((c >> 8) & 255) << 16));
    store<u32>(to, (fromAlaw((c >> 16) & 255) & 0xffff) | (fromAlaw(c >> 24) << 16), 4);
    from += 4;
    to += 8;
  }
  for (; n; n--) {
    store<i16>(to, fromAlaw(load<u8>(from)));
    from++;
    to += 2;
  }
}
