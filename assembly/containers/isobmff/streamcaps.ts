import { BITS_SIZE, Bits } from "../../base/bits";
import { be16, be32, putBe32 } from "../../base/bytes";
import { TEXT_SIZE, Text } from "../../base/text";
import { Caps, capsOf } from "../../caps/caps";
import { AAC_CONFIG_SIZE, AacConfig, ObjectType as AacObject, readConfig } from "../../codecs/aac/config";
import { levelName, profileName } from "../../codecs/h264/h264caps";
import { Atom } from "../../generated/words";
import { atomOf } from "../../registry/atom";
import { colorimetryOf } from "../../video/colorimetry";
import { Fourcc } from "./boxes";
import { Description, Format, Pcm } from "./entries";
import { ObjectType } from "./esds";
import { Track } from "./track";

/**
 * The caps of a sample description, GStreamer's names, and which pad they are for; a new reference. What is not known
 * gets a generic media type: `known` tells.
 */

const KNOWN: usize = memory.data(4, 4);
/** Codec data of the caps being made: where they are, their length. */
const DATA: usize = memory.data(8, 4);
const TEXT: usize = memory.data(16, 4);
const OUT: usize = memory.data(TEXT_SIZE, 4);
const BITS: usize = memory.data(BITS_SIZE, 4);
const SCRATCH: usize = memory.data(320, 4);
const AAC: usize = memory.data(AAC_CONFIG_SIZE, 8);

/** Bytes of an AudioSpecificConfig that are looked at. */
const MAX_CONFIG: u32 = 512;

/** Whether streamCaps knew the format that it was last asked for. */
export function isKnownFormat(): bool {
  return load<u32>(KNOWN) != 0;
}

/** Caps of sample description `d` of a track. */
export function streamCaps(track: Track, d: Description): Caps {
  store<u32>(KNOWN, 1);
  store<u32>(DATA, 0, 4);
  let caps: Caps;
  if (track.isVideo) caps = videoCaps(track, d);
  else if (track.isAudio) caps = audioCaps(d);
  else caps = textCaps(d);
  // Codec data come last, so that a text of caps that is cut tells the rest.
  if (load<u32>(DATA, 4)) caps.setBytes(Atom.codec_data, load<usize>(DATA), load<u32>(DATA, 4));
  if (d.scheme) conceal(caps, d.scheme);
  return caps;
}

/** Makes caps those of encrypted data: the media type moves into a field. */
function conceal(caps: Caps, scheme: u32): void {
  if (!caps.count) return;
  const s = caps.at(0);
  caps.setString(Atom.original_media_type, s.media);
  caps.at(0).media = Atom.application_x_cenc;
  const mode = schemeName(scheme);
  if (mode) caps.setString(Atom.cipher_mode, mode);
}

/** The name of a protection scheme, 0 for one without. */
export function schemeName(scheme: u32): u32 {
  switch (scheme) {
    case 0x63656e63:
      return Atom.cenc;
    case 0x63656e73:
      return Atom.cens;
    case 0x63626331:
      return Atom.cbc1;
    case 0x63626373:
      return Atom.cbcs;
    case 0x70696666:
      return Atom.piff;
    default:
      return 0;
  }
}

/** Has `n` bytes at `p` be the codec data of the caps being made. */
function withData(caps: Caps, p: usize, n: u32): Caps {
  store<usize>(DATA, p);
  store<u32>(DATA, n, 4);
  return caps;
}

function withConfig(caps: Caps, d: Description): Caps {
  return withData(caps, d.config, d.configLength);
}

function videoCaps(track: Track, d: Description): Caps {
  const caps = videoFormat(d);
  if (d.width && d.height && d.width <= 0xffff) caps.setInt(Atom.width, d.width).setInt(Atom.height, d.height);
  frameRate(caps, track);
  pixelAspect(caps, track, d);
  if (d.primaries) {
    const c = colorimetryOf(d.fullRange, d.matrix, d.transfer, d.primaries);
    if (c) caps.setString(Atom.colorimetry, c);
  }
  if (d.fields == 1) caps.setString(Atom.interlace_mode, Atom.progressive);
  else if (d.fields == 2) {
    caps.setString(Atom.interlace_mode, Atom.interleaved);
    if (d.fieldOrder)
      caps.setString(Atom.field_order, d.fieldOrder == 1 ? Atom.top_field_first : Atom.bottom_field_first);
  }
  return caps;
}

/** The frame rate, where all samples but perhaps the last are equally long. */
function frameRate(caps: Caps, track: Track): void {
  const t = track.tables;
  const delta = t.samples ? t.commonDuration() : track.trexDuration;
  if (delta && delta <= 0x7fffffff && track.timescale <= 0x7fffffff) {
    caps.setFraction(Atom.framerate, <i32>track.timescale, <i32>delta);
  }
}

/** The shape of a pixel: as pasp has it, else as the size at which the track is shown needs it. */
function pixelAspect(caps: Caps, track: Track, d: Description): void {
  if (d.parNum != d.parDen) {
    if (d.parNum <= 0x7fffffff && d.parDen <= 0x7fffffff) {
      caps.setFraction(Atom.pixel_aspect_ratio, <i32>d.parNum, <i32>d.parDen);
    }
    return;
  }
  let num: i32 = 1;
  let den: i32 = 1;
  if (track.width && track.height && d.width && d.height && !d.paspGiven) {
    num = <i32>(track.width * d.height);
    den = <i32>(track.height * d.width);
  }
  if (num > 0 && den > 0) caps.setFraction(Atom.pixel_aspect_ratio, num, den);
}

function videoFormat(d: Description): Caps {
  switch (d.format) {
    case Format.avc1:
    case Format.avc2:
    case Format.dva1:
      return avc(d, Atom.avc);
    case Format.avc3:
    case Format.avc4:
    case Format.dvav:
      return avc(d, Atom.avc3);
    case Format.hvc1:
    case Format.dvh1:
      return hevc(d, Atom.hvc1);
    case Format.hev1:
    case Format.dvhe:
      return hevc(d, Atom.hev1);
    case Format.vvc1:
      return withConfig(
        capsOf(Atom.video_x_h266).setString(Atom.stream_format, Atom.vvc1).setString(Atom.alignment, Atom.au),
        d,
      );
    case Format.vvi1:
      return withConfig(
        capsOf(Atom.video_x_h266).setString(Atom.stream_format, Atom.vvi1).setString(Atom.alignment, Atom.au),
        d,
      );
    case Format.vp08:
      return capsOf(Atom.video_x_vp8);
    case Format.vp09:
      return vp9(d);
    case Format.av01:
      return withConfig(
        capsOf(Atom.video_x_av1).setString(Atom.stream_format, Atom.obu_stream).setString(Atom.alignment, Atom.tu),
        d,
      );
    case Format.mp4v:
      return mp4v(d);
    case Format.mp1v:
      return mpegVideo(1, d);
    case Format.mp2v:
      return mpegVideo(2, d);
    case Format.jpeg:
    case Format.mjpa:
    case Format.mjpb:
      return capsOf(Atom.image_jpeg);
    case Format.mjp2:
      return capsOf(Atom.image_x_j2c);
    case Format.png:
      return capsOf(Atom.image_png);
    case Format.s263:
    case Format.h263:
    case Format.H263:
      return capsOf(Atom.video_x_h263).setString(Atom.variant, Atom.itu);
    case Format.apcn:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom.standard);
    case Format.apch:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom.hq);
    case Format.apcs:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom.lt);
    case Format.apco:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom.proxy);
    case Format.ap4h:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom._4444);
    case Format.ap4x:
      return capsOf(Atom.video_x_prores).setString(Atom.variant, Atom._4444xq);
    default:
      store<u32>(KNOWN, 0);
      return capsOf(Atom.video_x_unknown);
  }
}

function avc(d: Description, form: u32): Caps {
  const caps = capsOf(Atom.video_x_h264).setString(Atom.stream_format, form).setString(Atom.alignment, Atom.au);
  if (d.configType == Fourcc.avcC && d.configLength >= 7) {
    const profile = profileName(load<u8>(d.config, 1), load<u8>(d.config, 2));
    const level = levelName(load<u8>(d.config, 1), load<u8>(d.config, 2), load<u8>(d.config, 3));
    if (level) caps.setString(Atom.level, level);
    if (profile) caps.setString(Atom.profile, profile);
  }
  return withConfig(caps, d);
}

function hevc(d: Description, form: u32): Caps {
  const caps = capsOf(Atom.video_x_h265).setString(Atom.stream_format, form).setString(Atom.alignment, Atom.au);
  if (d.configType == Fourcc.hvcC && d.configLength >= 23) {
    const byte = <u32>load<u8>(d.config, 1);
    const level = <u32>load<u8>(d.config, 12);
    if (level) caps.setString(Atom.level, levelText(level / 30, (level % 30) / 3));
    caps.setString(Atom.tier, byte & 0x20 ? Atom.high : Atom.main);
    const profile = byte & 31;
    if (profile == 1) caps.setString(Atom.profile, Atom.main);
    else if (profile == 2) caps.setString(Atom.profile, Atom.main_10);
    else if (profile == 3) caps.setString(Atom.profile, Atom.main_still_picture);
  }
  return withConfig(caps, d);
}

/** A level as text: 4, 4.1. */
function levelText(whole: u32, part: u32): u32 {
  const t = changetype<Text>(OUT).into(TEXT, 16);
  t.u64(whole);
  if (part) {
    t.byte(46);
    t.u64(part);
  }
  return atomOf(TEXT, t.length);
}

function vp9(d: Description): Caps {
  const caps = capsOf(Atom.video_x_vp9);
  if (d.configType != Fourcc.vpcC || d.configLength < 3) return caps;
  const t = changetype<Text>(OUT).into(TEXT, 16);
  t.u64(load<u8>(d.config) & 3);
  caps.setString(Atom.profile, atomOf(TEXT, t.length));
  const form = <u32>load<u8>(d.config, 2);
  caps.setInt(Atom.bit_depth_luma, form >> 4).setInt(Atom.bit_depth_chroma, form >> 4);
  const chroma = (form >> 1) & 7;
  caps.setString(Atom.chroma_format, chroma < 2 ? Atom._4_2_0 : chroma == 2 ? Atom._4_2_2 : Atom._4_4_4);
  return withConfig(caps, d);
}

function mpegVideo(version: i32, d: Description): Caps {
  return withConfig(capsOf(Atom.video_mpeg).setInt(Atom.mpegversion, version).setBool(Atom.systemstream, false), d);
}

function mp4v(d: Description): Caps {
  const type = d.objectType;
  if (type >= <u32>ObjectType.Mpeg2Simple && type <= <u32>ObjectType.Mpeg2_422) return mpegVideo(2, d);
  switch (type) {
    case ObjectType.Mpeg1Video:
      return mpegVideo(1, d);
    case ObjectType.Jpeg:
      return capsOf(Atom.image_jpeg);
    case ObjectType.Png:
      return capsOf(Atom.image_png);
    case ObjectType.Jpeg2000:
      return capsOf(Atom.image_x_j2c);
    default:
      return mpegVideo(4, d);
  }
}

function audioCaps(d: Description): Caps {
  const caps = audioFormat(d);
  if (d.rate && d.rate <= 0x7fffffff && !caps.find(Atom.rate)) caps.setInt(Atom.rate, <i32>d.rate);
  if (d.channels && d.channels <= 255 && !caps.find(Atom.channels)) caps.setInt(Atom.channels, <i32>d.channels);
  return caps;
}

function audioFormat(d: Description): Caps {
  if (d.pcm) return pcm(d);
  switch (d.format) {
    case Format.mp4a:
      return mp4a(d);
    case Format.mp3:
    case Format.ms55:
      return mp3();
    case Format.Opus:
      return opus(d);
    case Format.ac3:
    case Format.AC3:
    case Format.sac3:
      return withConfig(capsOf(Atom.audio_x_ac3).setBool(Atom.framed, true), d);
    case Format.ec3:
    case Format.EC3:
      return withConfig(capsOf(Atom.audio_x_eac3).setBool(Atom.framed, true), d);
    case Format.ac4:
      return withConfig(capsOf(Atom.audio_x_ac4), d);
    case Format.dtsc:
    case Format.dtsh:
    case Format.dtse:
    case Format.dtsl:
      return capsOf(Atom.audio_x_dts).setBool(Atom.framed, true);
    case Format.alac:
      return alac(d);
    case Format.fLaC:
      return flac(d);
    case Format.mha1:
    case Format.mhm1:
      return withConfig(capsOf(Atom.audio_x_mpeg_h), d);
    case Format.ulaw:
      return capsOf(Atom.audio_x_mulaw);
    case Format.alaw:
      return capsOf(Atom.audio_x_alaw);
    case Format.ima4:
      return capsOf(Atom.audio_x_adpcm).setString(Atom.layout, Atom.quicktime);
    case Format.samr:
      return amr(capsOf(Atom.audio_AMR).setInt(Atom.rate, 8000), d);
    case Format.sawb:
      return amr(capsOf(Atom.audio_AMR_WB).setInt(Atom.rate, 16000), d);
    default:
      store<u32>(KNOWN, 0);
      return capsOf(Atom.audio_x_unknown);
  }
}

function pcm(d: Description): Caps {
  const format = pcmFormat(d.pcm, d.bits, d.little);
  const caps = capsOf(Atom.audio_x_raw).setString(Atom.format, format).setString(Atom.layout, Atom.interleaved);
  // Without positions channels beyond stereo need a mask that says so.
  if (d.channels > 2) caps.setMask(Atom.channel_mask, 0);
  return caps;
}

/** The name of a raw audio format. */
function pcmFormat(kind: Pcm, bits: u32, little: bool): u32 {
  if (kind == Pcm.Float) {
    if (bits == 32) return little ? Atom.F32LE : Atom.F32BE;
    return little ? Atom.F64LE : Atom.F64BE;
  }
  switch (bits) {
    case 8:
      return kind == Pcm.Unsigned ? Atom.U8 : Atom.S8;
    case 16:
      return little ? Atom.S16LE : Atom.S16BE;
    case 24:
      return little ? Atom.S24LE : Atom.S24BE;
    default:
      return little ? Atom.S32LE : Atom.S32BE;
  }
}

function mp3(): Caps {
  return capsOf(Atom.audio_mpeg).setInt(Atom.mpegversion, 1).setInt(Atom.layer, 3).setBool(Atom.parsed, true);
}

function mp4a(d: Description): Caps {
  switch (d.objectType) {
    case ObjectType.Mp3:
    case ObjectType.Mp3InMpeg2:
      return mp3();
    case ObjectType.Ac3:
      return capsOf(Atom.audio_x_ac3).setBool(Atom.framed, true);
    case ObjectType.Eac3:
      return capsOf(Atom.audio_x_eac3).setBool(Atom.framed, true);
    case ObjectType.Dts:
    case ObjectType.DtsHd:
    case ObjectType.DtsHdMaster:
      return capsOf(Atom.audio_x_dts).setBool(Atom.framed, true);
    case ObjectType.Opus:
      return capsOf(Atom.audio_x_opus);
    case ObjectType.Vorbis:
      return withConfig(capsOf(Atom.audio_x_vorbis), d);
    case ObjectType.Qcelp:
      return capsOf(Atom.audio_qcelp);
    default:
      break;
  }
  const caps = capsOf(Atom.audio_mpeg);
  // MPEG-2 AAC has object types of its own and the configuration of MPEG-4's.
  const mpeg2 = d.objectType >= <u32>ObjectType.Aac2Main && d.objectType <= <u32>ObjectType.Aac2Ssr;
  caps
    .setInt(Atom.mpegversion, mpeg2 ? 2 : 4)
    .setBool(Atom.framed, true)
    .setString(Atom.stream_format, Atom.raw);
  if (d.configLength >= 2) aacConfig(caps, d.config, d.configLength);
  return withConfig(caps, d);
}

/** Rate and channels as the AudioSpecificConfig has them, which decides over the sample entry. */
function aacConfig(caps: Caps, p: usize, n: u32): void {
  const c = changetype<AacConfig>(AAC);
  if (!readConfig(changetype<Bits>(BITS).over(p, min<u32>(n, MAX_CONFIG)), c)) return;
  caps.setInt(Atom.rate, <i32>(c.extensionRate ? c.extensionRate : c.rate));
  if (c.channels) caps.setInt(Atom.channels, c.channels);
  const profile = aacProfile(c.objectType);
  if (profile) caps.setString(Atom.base_profile, profile).setString(Atom.profile, profile);
}

function aacProfile(objectType: u32): u32 {
  switch (objectType) {
    case AacObject.Main:
      return Atom.main;
    case AacObject.Lc:
      return Atom.lc;
    case AacObject.Ssr:
      return Atom.ssr;
    case AacObject.Ltp:
      return Atom.ltp;
    default:
      return 0;
  }
}

/** Opus: codec_data is the identification header of RFC 7845, which dOps holds with its numbers the other way round. */
function opus(d: Description): Caps {
  const caps = capsOf(Atom.audio_x_opus).setInt(Atom.rate, 48000);
  if (d.configType != Fourcc.dOps || d.configLength < 11) return caps;
  const p = d.config;
  const channels = <u32>load<u8>(p, 1);
  const family = <u32>load<u8>(p, 10);
  if (!channels) return caps;
  caps.setInt(Atom.channels, channels).setInt(Atom.channel_mapping_family, family);
  const table: u32 = family ? 2 + channels : 0;
  if (d.configLength < 11 + table) return caps;
  caps.setInt(Atom.stream_count, family ? <i32>load<u8>(p, 11) : 1);
  caps.setInt(Atom.coupled_count, family ? <i32>load<u8>(p, 12) : <i32>(channels > 1));
  const head = SCRATCH;
  putBe32(head, 0x4f707573);
  putBe32(head + 4, 0x48656164);
  store<u8>(head, 1, 8);
  store<u8>(head, channels, 9);
  store<u16>(head, be16(p + 2), 10);
  store<u32>(head, be32(p + 4), 12);
  store<u16>(head, be16(p + 8), 16);
  memory.copy(head + 18, p + 10, 1 + table);
  return withData(caps, head, 19 + table);
}

/** ALAC: codec_data is the whole box, which decoders expect. */
function alac(d: Description): Caps {
  const caps = capsOf(Atom.audio_x_alac);
  if (d.configType != Fourcc.alac || d.configLength < 24) return caps;
  caps.setInt(Atom.samplesize, load<u8>(d.config, 5));
  caps.setInt(Atom.rate, <i32>min<u32>(be32(d.config + 20), 0x7fffffff)).setInt(Atom.channels, load<u8>(d.config, 9));
  return withData(caps, d.config - 12, d.configLength + 12);
}

/** AMR has one channel, whatever the entry says; codec_data is the whole box. */
function amr(caps: Caps, d: Description): Caps {
  caps.setInt(Atom.channels, 1);
  return d.configType == Fourcc.damr ? withData(caps, d.config - 8, d.configLength + 8) : caps;
}

/** FLAC: codec_data is the start of a FLAC file, the marker and the metadata blocks. */
function flac(d: Description): Caps {
  const caps = capsOf(Atom.audio_x_flac).setBool(Atom.framed, true);
  if (d.configType != Fourcc.dfLa || d.configLength < 38) return caps;
  const rate = (be32(d.config + 14) >> 12) & 0xfffff;
  if (rate) caps.setInt(Atom.rate, rate);
  const n = min<u32>(d.configLength, 316);
  putBe32(SCRATCH, Format.fLaC);
  memory.copy(SCRATCH + 4, d.config, n);
  return withData(caps, SCRATCH, n + 4);
}

function textCaps(d: Description): Caps {
  switch (d.format) {
    case Format.tx3g:
    case Format.text:
      return capsOf(Atom.text_x_raw).setString(Atom.format, Atom.utf8);
    case Format.wvtt:
      return withConfig(capsOf(Atom.application_x_subtitle_vtt).setString(Atom.stream_format, Atom.wvtt), d);
    case Format.stpp:
      return capsOf(Atom.application_ttml_xml);
    case Format.c608:
      return capsOf(Atom.closedcaption_x_cea_608).setString(Atom.format, Atom.raw);
    case Format.c708:
      return capsOf(Atom.closedcaption_x_cea_708).setString(Atom.format, Atom.cdp);
    default:
      store<u32>(KNOWN, 0);
      return capsOf(Atom.text_x_unknown);
  }
}
