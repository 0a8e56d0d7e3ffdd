import { fourcc, putBe32 } from "../../base/bytes";
import { Caps } from "../../caps/caps";
import { Atom } from "../../generated/words";
import { Descriptor, StreamType } from "./misc";
import { MAX_DESCRIPTORS, TsOutput } from "./muxer";

/** What goes in front of each unit of a stream. */
export const enum Wrapping {
  None = 0,
  /** An access unit delimiter, where there is none. */
  H264 = 1,
  H265 = 2,
  /** The control header of Opus in transport streams. */
  Opus = 3,
}

/** Appends a descriptor of `n` bytes; its data is at the address given, 0 when there is no room. */
export function addDescriptor(o: TsOutput, tag: u32, n: u32): usize {
  if (o.descriptorLength + 2 + n > MAX_DESCRIPTORS) return 0;
  const p = o.descriptors + o.descriptorLength;
  store<u8>(p, tag);
  store<u8>(p, n, 1);
  o.descriptorLength += 2 + n;
  return p + 2;
}

function register(o: TsOutput, id: u32): void {
  const p = addDescriptor(o, Descriptor.Registration, 4);
  if (p) putBe32(p, id);
}

function set(o: TsOutput, type: u32, id: u32): Wrapping {
  o.type = type;
  o.id = id;
  return Wrapping.None;
}

/**
 * Sets type, stream_id and descriptors of a stream by its caps.
 * @param video number of video streams before it; `audio` likewise
 * @returns what goes in front of its units, or -1 when the caps cannot be carried
 */
export function describeOutput(o: TsOutput, caps: Caps, video: u32, audio: u32): i32 {
  o.descriptorLength = 0;
  const v = 0xe0 + min<u32>(video, 15);
  const a = 0xc0 + min<u32>(audio, 31);
  switch (caps.media) {
    case Atom.video_x_h264:
      set(o, StreamType.H264, v);
      return Wrapping.H264;
    case Atom.video_x_h265:
      set(o, StreamType.H265, v);
      register(o, fourcc(72, 69, 86, 67));
      return Wrapping.H265;
    case Atom.video_x_h266:
      return set(o, StreamType.H266, v);
    case Atom.video_mpeg: {
      const version = caps.getInt(Atom.mpegversion, 2);
      return set(
        o,
        version == 1 ? StreamType.Mpeg1Video : version == 2 ? StreamType.Mpeg2Video : StreamType.Mpeg4Video,
        v,
      );
    }
    case Atom.audio_mpeg:
      if (caps.getInt(Atom.mpegversion, 1) == 1) return set(o, StreamType.Mpeg1Audio, a);
      return set(o, caps.getString(Atom.stream_format) == Atom.loas ? StreamType.AacLatm : StreamType.AacAdts, a);
    case Atom.audio_x_ac3:
      register(o, fourcc(65, 67, 45, 51));
      return set(o, StreamType.Ac3, 0xbd);
    case Atom.audio_x_eac3:
      register(o, fourcc(69, 65, 67, 51));
      return set(o, StreamType.Eac3, 0xbd);
    case Atom.audio_x_dts:
      register(o, fourcc(68, 84, 83, 49));
      return set(o, StreamType.PrivateData, 0xbd);
    case Atom.audio_x_opus: {
      register(o, fourcc(79, 112, 117, 115));
      const p = addDescriptor(o, Descriptor.Extension, 2);
      const channels = caps.getInt(Atom.channels, 2);
      if (channels < 1 || channels > 8) return -1;
      if (p) {
        store<u8>(p, 0x80);
        store<u8>(p, caps.getInt(Atom.channel_mapping_family, 0) == 255 ? 0 : channels, 1);
      }
      set(o, StreamType.PrivateData, 0xbd);
      return Wrapping.Opus;
    }
    case Atom.subpicture_x_dvb:
      addDescriptor(o, Descriptor.Subtitling, 0);
      return set(o, StreamType.PrivateData, 0xbd);
    case Atom.application_x_teletext:
      addDescriptor(o, Descriptor.Teletext, 0);
      return set(o, StreamType.PrivateData, 0xbd);
    case Atom.meta_x_klv:
      register(o, fourcc(75, 76, 86, 65));
      return set(o, StreamType.PrivateData, 0xbd);
    case Atom.meta_x_id3:
      register(o, fourcc(73, 68, 51, 32));
      return set(o, StreamType.Metadata, 0xbd);
    default:
      return -1;
  }
}

/** Adds the language of a stream, three letters, to its descriptors. */
export function addLanguage(o: TsOutput, p: usize, n: u32): void {
  if (n != 3) return;
  const d = addDescriptor(o, Descriptor.Language, 4);
  if (!d) return;
  memory.copy(d, p, 3);
  store<u8>(d, 0, 3);
}
