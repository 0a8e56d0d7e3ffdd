/**
 * The mu-law of ITU-T G.711 (table 2a and 2b). A sample of 16 bits becomes a sign, one of eight segments and a step
 * of 4 bits inside it, all inverted.
 *
 * Encoding compares all 16 bits of the magnitude with the decision values, as GStreamer does. FFmpeg looks at the upper 14
 * bits of the sample, and decides at the middle between two values also where segments meet: 851 of the 65536 samples get
 * the code beside. The reference of ITU-T G.191 takes magnitudes from one's complement. The decoders are all the same.
 */

/** Added to magnitudes, so that each segment begins at a power of two. */
const BIAS: i32 = 132;

/**
 * What a code is without its sign and its inversion, and 16 too much: 16 to 144, where 144 is a magnitude beyond the last
 * segment. The mask changes nothing: it tells a compiler that nothing here overflows or is 0.
 */
@inline
function step(s: i32): u32 {
  const sign = s >> 31;
  const v: u32 = (<u32>(((s ^ sign) - sign) & 0xffff) + BIAS) >> 3;
  const segment: u32 = 27 - <u32>clz<u32>(v);
  return (segment << 4) + (v >> segment);
}

/** The code of one sample. */
@inline
export function mulawOf(s: i32): u32 {
  return min<u32>(step(s) - 16, 127) ^ 0xff ^ (((<u32>s) >> 24) & 0x80);
}

/** The sample that a code stands for. */
@inline
export function fromMulaw(code: u32): i32 {
  const c = code ^ 0xff;
  const magnitude = <i32>((((c & 15) << 3) + BIAS) << ((c >> 4) & 7)) - BIAS;
  const sign = -((<i32>c) >> 7);
  return (magnitude ^ sign) - sign;
}

/** The codes of four samples. */
@inline
function fourCodes(from: usize): u32 {
  const a = load<u32>(from);
  const b = load<u32>(from, 4);
  let codes = step((<i32>(a << 16)) >> 16) + (step((<i32>a) >> 16) << 8);
  codes += (step((<i32>(b << 16)) >> 16) << 16) + (step((<i32>b) >> 16) << 24) - 0x10101010;
  codes -= (codes >> 7) & 0x01010101;
  const signs = ((a >> 8) & 0x80) | ((a >> 16) & 0x8000) | ((b << 8) & 0x800000) | (b & 0x80000000);
  return codes ^ ~signs;
}

/** Encodes `n` samples, little-endian, to `n` bytes. The codes may be put where the samples are, from the same address on. */
export function encodeMulaw(to: usize, from: usize, n: u32): void {
  for (; n >= 8; n -= 8) {
    store<u32>(to, fourCodes(from));
    store<u32>(to, fourCodes(from + 8), 4);
    from += 16;
    to += 8;
  }
  for (; n; n--) {
    store<u8>(to, mulawOf(load<i16>(from)));
    from += 2;
    to++;
  }
}

/** Decodes `n` bytes to `n` samples, little-endian; the two do not overlap. */
export function decodeMulaw(to: usize, from: usize, n: u32): void {
  for (; n >= 4; n -= 4) {
    const c = load<u32>(from);
    store<u32>(to, (fromMulaw(c & 255) & 0xffff) | (fromMulaw((c >> 8) & 255) << 16));
    store<u32>(to, (fromMulaw((c >> 16) & 255) & 0xffff) | (fromMulaw(c >> 24) << 16), 4);
    from += 4;
    to += 8;
  }
  for (; n; n--) {
    store<i16>(to, fromMulaw(load<u8>(from)));
    from++;
    to += 2;
  }
}
