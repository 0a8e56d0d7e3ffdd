/**
 * IMA ADPCM in blocks as in WAV files ("DVI ADPCM", RFC 3551 4.5.1; IMA Recommended Practices 3.0). A block begins with
 * four bytes for each channel: the first sample, little-endian, the step index and 0. Then come groups of eight samples:
 * four bytes for each channel in turn, the earlier sample in the lower half of a byte.
 *
 * The difference that a code stands for is (2 * code + 1) * step / 8, rounded once, as GStreamer and FFmpeg have it; IMA's
 * text adds up step / 8, / 4, / 2 that are each rounded, which is up to 2 less.
 */

/** Step sizes by index. */
// prettier-ignore
const STEPS: usize = memory.data<u16>([
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166,
  1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845,
  8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
]);

/** The largest step index. */
export const MAX_INDEX: i32 = 88;

/** Bytes of a channel's header, and of a group of eight samples of a channel. */
export const IMA_HEADER: u32 = 4;
const GROUP: u32 = 4;

/** Samples of each channel in a block of so many bytes; 0 when they are fewer than the headers. */
export function imaSamples(bytes: u32, channels: u32): u32 {
  const head = channels * IMA_HEADER;
  return bytes < head ? 0 : 1 + ((bytes - head) / (channels * GROUP)) * 8;
}

/** Bytes of a block that has at least so many samples of each channel, 1 or more. */
export function imaBytes(samples: u32, channels: u32): u32 {
  return channels * (IMA_HEADER + ((samples + 6) >> 3) * GROUP);
}

@inline
function stepOf(index: i32): i32 {
  return load<u16>(STEPS + ((<usize>index) << 1));
}

/** The sample that a code makes of the one before it. */
@inline
function predict(sample: i32, step: i32, code: u32): i32 {
  const difference = ((((<i32>(code & 7)) << 1) | 1) * step) >> 3;
  return code & 8 ? max<i32>(sample - difference, -32768) : min<i32>(sample + difference, 32767);
}

/** The step index that follows a code. */
@inline
function follow(index: i32, code: u32): i32 {
  return code & 4 ? min<i32>(index + ((<i32>(code & 3) + 1) << 1), MAX_INDEX) : max<i32>(index - 1, 0);
}

/**
 * Encodes one channel, run by run.
 *
 *      0 sample  as the decoder has it
 *      4 index   of the step
 *      8 word    codes of the group, the first lowest
 *     12 shift   where the next code goes
 *     16 to      where the group goes
 */
@unmanaged
export class ImaEncoder {
  sample: i32;
  index: i32;
  word: u32;
  shift: u32;
  to: usize;

  /**
   * Begins a block with its first sample; the step goes on as it was.
   * @param block address of the block
   */
  begin(block: usize, channel: u32, channels: u32, sample: i32): void {
    const p = block + channel * IMA_HEADER;
    store<u32>(p, (sample & 0xffff) | (this.index << 16));
    this.sample = sample;
    this.word = 0;
    this.shift = 0;
    this.to = p + channels * IMA_HEADER;
  }

  /** Encodes `n` samples that lie `stride` bytes apart; groups are `apart` bytes apart. */
  encode(from: usize, n: u32, stride: u32, apart: u32): void {
    let sample = this.sample;
    let index = this.index;
    let word = this.word;
    let shift = this.shift;
    let to = this.to;
    for (; n; n--, from += stride) {
      const step = stepOf(index);
      let distance = <i32>load<i16>(from) - sample;
      let code: u32 = 0;
      if (distance < 0) {
        distance = -distance;
        code = 8;
      }
      // The code is distance * 4 / step, 7 at the most: bit by bit, since a division may be dear.
      distance <<= 2;
      if (distance >= step << 2) {
        code |= 4;
        distance -= step << 2;
      }
      if (distance >= step << 1) {
        code |= 2;
        distance -= step << 1;
      }
      if (distance >= step) code |= 1;
      sample = predict(sample, step, code);
      index = follow(index, code);
      word |= code << shift;
      shift += 4;
      if (shift < 32) continue;
      store<u32>(to, word);
      to += apart;
      word = 0;
      shift = 0;
    }
    this.sample = sample;
    this.index = index;
    this.word = word;
    this.shift = shift;
    this.to = to;
  }

  /** Ends a group that is not full; what is missing stays near the last sample. */
  end(): void {
    if (!this.shift) return;
    for (let code: u32 = 0; this.shift; code ^= 8) {
      this.word |= code << this.shift;
      this.sample = predict(this.sample, stepOf(this.index), code);
      this.index = follow(this.index, code);
      this.shift = (this.shift + 4) & 31;
    }
    store<u32>(this.to, this.word);
  }
}

/** Bytes that an ImaEncoder takes inside another record. */
export const IMAENCODER_SIZE: u32 = offsetof<ImaEncoder>();

/**
 * Decodes a block to interleaved samples.
 * @param samples of each channel, no more than `imaSamples` says
 * @returns false, with nothing of use written, when a header has a step index that there is not
 */
export function decodeIma(to: usize, from: usize, samples: u32, channels: u32): bool {
  const stride = channels << 1;
  for (let c: u32 = 0; c < channels; c++) {
    const head = load<u32>(from + c * IMA_HEADER);
    let sample = (<i32>(head << 16)) >> 16;
    let index = <i32>((head >> 16) & 255);
    if (index > MAX_INDEX) return false;
    let p = from + channels * IMA_HEADER + c * GROUP;
    let q = to + (c << 1);
    store<i16>(q, sample);
    q += stride;
    for (let left = samples - 1; left; p += channels * GROUP) {
      let word = load<u32>(p);
      const n = min<u32>(left, 8);
      left -= n;
      for (let i: u32 = 0; i < n; i++, word >>= 4, q += stride) {
        sample = predict(sample, stepOf(index), word & 15);
        index = follow(index, word);
        store<i16>(q, sample);
      }
    }
  }
  return true;
}
