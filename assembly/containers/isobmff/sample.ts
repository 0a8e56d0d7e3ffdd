/**
 * A sample of a track as the demuxer finds it: where its bytes stand, and its times.
 *
 *      0 offset       of the first byte in the file
 *      8 dts          decoding time, ticks of the track's media
 *     16 size         bytes
 *     20 duration     ticks
 *     24 cts          presentation time - decoding time, ticks
 *     28 description  number of its sample description, from 1 on
 *     32 flags        SampleFlag
 *     40 ptsNs        presentation time on the movie's time line, ns
 *     48 dtsNs        decoding time there, ns
 *     56 durationNs
 */
@unmanaged
export class Sample {
  offset: i64;
  dts: i64;
  size: u32;
  duration: u32;
  cts: i32;
  description: u32;
  flags: u32;
  ptsNs: i64;
  dtsNs: i64;
  durationNs: i64;

  @inline
  has(flag: SampleFlag): bool {
    return (this.flags & flag) != 0;
  }
}

/** Bytes that a Sample takes inside another record. */
export const SAMPLE_SIZE: u32 = 64;

export const enum SampleFlag {
  None = 0,
  /** Can be decoded without samples before it. */
  Key = 1,
  /** No other sample needs it. */
  Droppable = 2,
  /** Lies outside the edit: decoded for those that follow, not to be shown. */
  Hidden = 4,
  /** Does not follow from the sample before it: a new edit, a seek, or lost samples. */
  Discont = 8,
}
