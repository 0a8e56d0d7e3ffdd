import { Caps } from "../caps/caps";
import { Kind } from "../caps/value";
import { Atom } from "../generated/words";
import { AudioFormat, AudioFormatInfo, audioFormatInfo, audioFormatOf, defaultChannelMask } from "./format";

/** Channels that a stream can have. */
export const MAX_CHANNELS: u32 = 1024;

/**
 * A stream of raw samples.
 *
 *      0 format    AudioFormat
 *      4 rate      samples a second
 *      8 channels
 *     12 frame     bytes of one sample of all channels
 *     16 planar    each channel's samples lie together, not those of one time
 *     24 mask      positions of the channels, 0: none
 */
@unmanaged
export class AudioInfo {
  format: AudioFormat;
  rate: u32;
  channels: u32;
  frame: u32;
  planar: bool;
  mask: u64;

  @inline
  get info(): AudioFormatInfo {
    return audioFormatInfo(this.format);
  }

  /** Describes an interleaved stream; false when there is no such format, rate 0, no channel or more than MAX_CHANNELS. */
  set(format: AudioFormat, rate: u32, channels: u32): bool {
    memory.fill(changetype<usize>(this), 0, AUDIOINFO_SIZE);
    if (!format || !rate || !channels || channels > MAX_CHANNELS) return false;
    this.format = format;
    this.rate = rate;
    this.channels = channels;
    this.frame = channels * this.info.bytes;
    this.mask = defaultChannelMask(channels);
    return true;
  }

  /** Reads fixed caps of raw samples; false for others, and for what `set` refuses. */
  fromCaps(caps: Caps): bool {
    if (caps.media != Atom.audio_x_raw) return false;
    const rate = caps.getInt(Atom.rate, 0);
    const channels = caps.getInt(Atom.channels, 0);
    if (rate <= 0 || channels <= 0) return false;
    if (!this.set(audioFormatOf(caps.getString(Atom.format)), rate, channels)) return false;
    this.planar = caps.getString(Atom.layout) == Atom.non_interleaved;
    const mask = caps.find(Atom.channel_mask);
    if (mask && mask.kind == Kind.Bitmask) this.mask = mask.mask;
    return true;
  }
}

/** Bytes that an AudioInfo takes inside another record. */
export const AUDIOINFO_SIZE: u32 = offsetof<AudioInfo>();
