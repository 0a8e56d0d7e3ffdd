import { fourcc } from "../../base/bytes";
import { Caps, capsOf } from "../../caps/caps";
import { Template } from "../../generated/elements/tsdemux";
import { Atom } from "../../generated/words";
import { Descriptor, StreamType } from "./misc";
import { writeOpusHead } from "./opus";
import { descriptorLength, findDescriptor, registrationOf } from "./psi";

/** Template of the pad for the caps that streamCaps made last. */
const TEMPLATE: usize = memory.data(4, 4);

export function streamTemplate(): u32 {
  return load<u32>(TEMPLATE);
}

function as(template: u32, caps: Caps): Caps {
  store<u32>(TEMPLATE, template);
  return caps;
}

function video(media: u32): Caps {
  return as(Template.video__01x__05x, capsOf(media));
}

function audio(media: u32): Caps {
  return as(Template.audio__01x__05x, capsOf(media));
}

function mpegVideo(version: i32): Caps {
  return video(Atom.video_mpeg).setInt(Atom.mpegversion, version).setBool(Atom.systemstream, false);
}

function byteStream(media: u32): Caps {
  return video(media).setString(Atom.stream_format, Atom.byte_stream);
}

/**
 * The caps of a stream by its stream_type and descriptors, GStreamer's names; a new reference. What is not known is
 * private data with its stream_type.
 * @param info descriptors of the stream in the PMT
 * @param bluray the program is registered as HDMV, which gives types from 0x80 on other meanings
 */
export function streamCaps(type: u32, info: usize, infoLength: u32, bluray: bool): Caps {
  switch (type) {
    case StreamType.Mpeg1Video:
      return mpegVideo(1);
    case StreamType.Mpeg2Video:
      return mpegVideo(2);
    case StreamType.Mpeg4Video:
      return mpegVideo(4);
    case StreamType.Mpeg1Audio:
    case StreamType.Mpeg2Audio:
      return audio(Atom.audio_mpeg).setInt(Atom.mpegversion, 1);
    case StreamType.AacAdts:
      return audio(Atom.audio_mpeg).setInt(Atom.mpegversion, 2).setString(Atom.stream_format, Atom.adts);
    case StreamType.AacLatm:
      return audio(Atom.audio_mpeg).setInt(Atom.mpegversion, 4).setString(Atom.stream_format, Atom.loas);
    case StreamType.H264:
      return byteStream(Atom.video_x_h264);
    case StreamType.H265:
      return byteStream(Atom.video_x_h265);
    case StreamType.H266:
      return byteStream(Atom.video_x_h266);
    case StreamType.Jpeg2000:
      return video(Atom.image_x_jpc);
    case StreamType.JpegXs:
      return video(Atom.image_x_jxsc);
    case StreamType.Avs:
      return video(Atom.video_x_cavs);
    case StreamType.Dirac:
      return video(Atom.video_x_dirac);
    case StreamType.Vc1:
      return video(Atom.video_x_wmv).setInt(Atom.wmvversion, 3).setString(Atom.format, Atom.WVC1);
    case StreamType.Metadata:
      return metadata(type, info, infoLength);
    case StreamType.Scte35:
      return as(Template.private__01x__05x, capsOf(Atom.application_x_scte_35));
    case StreamType.PrivateSections:
    case StreamType.DsmCcA:
    case StreamType.DsmCcB:
    case StreamType.DsmCcC:
    case StreamType.DsmCcD:
      return as(Template.private__01x__05x, capsOf(Atom.application_x_mpegts_sections).setInt(Atom.stream_type, type));
    case StreamType.PrivateData:
      return privateData(type, info, infoLength);
    case StreamType.Ac3:
      return audio(Atom.audio_x_ac3);
    case StreamType.Eac3:
      return audio(Atom.audio_x_eac3);
    default:
      break;
  }
  if (bluray) {
    switch (type) {
      case StreamType.Dc2Video:
        return audio(Atom.audio_x_lpcm);
      case StreamType.Dts:
      case StreamType.DtsHd:
      case StreamType.DtsHdMaster:
        return audio(Atom.audio_x_dts);
      case StreamType.TrueHd:
        return audio(Atom.audio_x_true_hd);
      case StreamType.Eac3Bluray:
      case StreamType.Eac3Secondary:
        return audio(Atom.audio_x_eac3);
      case StreamType.Pgs:
        return as(Template.subpicture__01x__05x, capsOf(Atom.subpicture_x_pgs));
      default:
        break;
    }
  }
  return privateData(type, info, infoLength);
}

function metadata(type: u32, info: usize, n: u32): Caps {
  const id = registrationOf(info, n);
  if (id == fourcc(75, 76, 86, 65)) return as(Template.private__01x__05x, capsOf(Atom.meta_x_klv));
  return as(Template.private__01x__05x, capsOf(Atom.meta_x_id3));
}

/** Streams whose type says nothing: the registration and DVB's descriptors tell. */
function privateData(type: u32, info: usize, n: u32): Caps {
  switch (registrationOf(info, n)) {
    case fourcc(65, 67, 45, 51): // AC-3
      return audio(Atom.audio_x_ac3);
    case fourcc(69, 65, 67, 51): // EAC3
      return audio(Atom.audio_x_eac3);
    case fourcc(65, 67, 45, 52): // AC-4
      return audio(Atom.audio_x_ac4);
    case fourcc(68, 84, 83, 49): // DTS1
    case fourcc(68, 84, 83, 50): // DTS2
    case fourcc(68, 84, 83, 51): // DTS3
    case fourcc(68, 84, 83, 72): // DTSH
      return audio(Atom.audio_x_dts);
    case fourcc(79, 112, 117, 115): // Opus
      return opus(info, n);
    case fourcc(72, 69, 86, 67): // HEVC
      return byteStream(Atom.video_x_h265);
    case fourcc(65, 86, 48, 49): // AV01
      return video(Atom.video_x_av1).setString(Atom.stream_format, Atom.obu_stream);
    case fourcc(86, 67, 45, 49): // VC-1
      return video(Atom.video_x_wmv).setInt(Atom.wmvversion, 3).setString(Atom.format, Atom.WVC1);
    case fourcc(66, 83, 83, 68): // BSSD
      return audio(Atom.audio_x_smpte_302m);
    case fourcc(75, 76, 86, 65): // KLVA
      return as(Template.private__01x__05x, capsOf(Atom.meta_x_klv));
    case fourcc(73, 68, 51, 32): // ID3
      return as(Template.private__01x__05x, capsOf(Atom.meta_x_id3));
    default:
      break;
  }
  if (findDescriptor(info, n, Descriptor.EnhancedAc3, 0)) return audio(Atom.audio_x_eac3);
  if (findDescriptor(info, n, Descriptor.Ac3, 0)) return audio(Atom.audio_x_ac3);
  if (findDescriptor(info, n, Descriptor.Dts, 0)) return audio(Atom.audio_x_dts);
  if (findDescriptor(info, n, Descriptor.Aac, 0)) {
    return audio(Atom.audio_mpeg).setInt(Atom.mpegversion, 4).setString(Atom.stream_format, Atom.adts);
  }
  if (findDescriptor(info, n, Descriptor.Subtitling, 0)) {
    return as(Template.subpicture__01x__05x, capsOf(Atom.subpicture_x_dvb));
  }
  if (findDescriptor(info, n, Descriptor.Teletext, 0)) {
    return as(Template.subpicture__01x__05x, capsOf(Atom.application_x_teletext));
  }
  return as(Template.private__01x__05x, capsOf(Atom.application_x_mpegts_private).setInt(Atom.stream_type, type));
}

const OPUS_HEAD: usize = memory.data(32, 4);

/** Opus by the extension descriptor 0x80 (ETSI TS 103 491), which has a code for the channels. */
function opus(info: usize, n: u32): Caps {
  const caps = audio(Atom.audio_x_opus);
  const d = findDescriptor(info, n, Descriptor.Extension, 2);
  if (!d || load<u8>(d) != 0x80 || descriptorLength(d) < 2) return caps;
  const length = writeOpusHead(OPUS_HEAD, load<u8>(d, 1));
  if (!length) return caps;
  const family = <i32>load<u8>(OPUS_HEAD, 18);
  caps.setInt(Atom.rate, 48000).setInt(Atom.channels, <i32>load<u8>(OPUS_HEAD, 9));
  caps.setInt(Atom.channel_mapping_family, family);
  caps.setInt(Atom.stream_count, family ? <i32>load<u8>(OPUS_HEAD, 19) : 1);
  caps.setInt(Atom.coupled_count, family ? <i32>load<u8>(OPUS_HEAD, 20) : <i32>load<u8>(OPUS_HEAD, 9) - 1);
  return caps.setBytes(Atom.codec_data, OPUS_HEAD, length);
}
