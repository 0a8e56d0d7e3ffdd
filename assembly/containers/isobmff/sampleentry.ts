import { BITS_SIZE, BITWRITER_SIZE, BitWriter, Bits } from "../../base/bits";
import { be16, be32 } from "../../base/bytes";
import { Writer } from "../../base/writer";
import { Caps } from "../../caps/caps";
import { Kind, Value } from "../../caps/value";
import { Code } from "../../generated/errors";
import { Atom } from "../../generated/words";
import { Fourcc } from "./boxes";
import { begin, beginFull, end, putWord } from "./boxwriter";
import { Format, Pcm } from "./entries";
import { ObjectType, writeEsds } from "./esds";

/**
 * Sample entries from caps (ISO/IEC 14496-12 §8.5.2, §12, and the mappings of each codec).
 */

/** What a sample entry needs of its first sample, when codec data do not tell: its first bytes. */
export const HEAD_BYTES: u32 = 16;

/** Answered when the entry can only be written with the first sample at hand. */
export const NEEDS_FRAME: i32 = -1;

/** Frames in the form of text that a length stands in front of. */
export const enum Framing {
  Plain = 0,
  /** Timed text: two bytes with the length in front of each sample. */
  Text,
}

const BITS: usize = memory.data(BITS_SIZE, 4);
const BIT_WRITER: usize = memory.data(BITWRITER_SIZE, 4);
const SCRATCH: usize = memory.data(16, 4);

/** Whether what caps describe is shown: has a width and a height. */
export function isVideoMedia(media: u32): bool {
  switch (media) {
    case Atom.video_x_h264:
    case Atom.video_x_h265:
    case Atom.video_x_h266:
    case Atom.video_x_av1:
    case Atom.video_x_vp8:
    case Atom.video_x_vp9:
    case Atom.video_x_h263:
    case Atom.video_mpeg:
    case Atom.video_x_prores:
    case Atom.image_jpeg:
    case Atom.image_png:
      return true;
    default:
      return false;
  }
}

/** Whether what caps describe is text. */
export function isTextMedia(media: u32): bool {
  return media == Atom.text_x_raw || media == Atom.application_x_subtitle_vtt || media == Atom.application_ttml_xml;
}

/** How the samples of a media type are framed in the file. */
export function framingOf(media: u32): Framing {
  return media == Atom.text_x_raw ? Framing.Text : Framing.Plain;
}

/** Bytes of a frame of all channels, for uncompressed audio, whose samples are frames; 0 for all else. */
export function frameBytesOf(caps: Caps): u32 {
  const channels = <u32>caps.getInt(Atom.channels, 0);
  if (caps.media == Atom.audio_x_mulaw || caps.media == Atom.audio_x_alaw) return channels;
  return caps.media == Atom.audio_x_raw ? (bitsOf(caps.getString(Atom.format)) >> 3) * channels : 0;
}

/**
 * Appends the sample entry for fixed caps.
 * @param head the first HEAD_BYTES bytes of the first sample, zeros where it is shorter; 0 when there is none yet
 * @returns 0, NEEDS_FRAME, or the Code of what is missing; then nothing was appended
 */
export function writeSampleEntry(w: Writer, caps: Caps, head: usize): i32 {
  const from = w.length;
  const code = isVideoMedia(caps.media)
    ? video(w, caps)
    : isTextMedia(caps.media)
      ? text(w, caps)
      : audio(w, caps, head);
  if (code) w.length = from;
  return code;
}

/** Appends a box that holds codec data as they are. */
function putBox(w: Writer, type: u32, data: Value): void {
  const at = begin(w, type);
  w.bytes(<usize>data.a, <u32>data.b);
  end(w, at);
}

function beginVideo(w: Writer, type: u32, caps: Caps): u32 {
  const at = begin(w, type);
  w.zeros(6);
  w.u16(1);
  w.zeros(16);
  w.u16(caps.getInt(Atom.width, 0));
  w.u16(caps.getInt(Atom.height, 0));
  w.u32(0x480000);
  w.u32(0x480000);
  w.u32(0);
  w.u16(1);
  w.zeros(32);
  w.u16(24);
  w.u16(0xffff);
  return at;
}

function video(w: Writer, caps: Caps): i32 {
  const data = caps.getBytes(Atom.codec_data);
  const form = caps.getString(Atom.stream_format);
  let type: u32 = 0;
  let config: u32 = 0;
  switch (caps.media) {
    case Atom.video_x_h264:
      type = form == Atom.avc3 ? Format.avc3 : Format.avc1;
      config = Fourcc.avcC;
      break;
    case Atom.video_x_h265:
      type = form == Atom.hev1 ? Format.hev1 : Format.hvc1;
      config = Fourcc.hvcC;
      break;
    case Atom.video_x_h266:
      type = form == Atom.vvi1 ? Format.vvi1 : Format.vvc1;
      config = Fourcc.vvcC;
      break;
    case Atom.video_x_av1:
      type = Format.av01;
      config = Fourcc.av1C;
      break;
    case Atom.video_x_vp8:
      type = Format.vp08;
      break;
    case Atom.video_x_vp9:
      type = Format.vp09;
      break;
    case Atom.video_x_h263:
      type = Format.s263;
      break;
    case Atom.video_mpeg:
      type = Format.mp4v;
      break;
    case Atom.image_jpeg:
      type = Format.jpeg;
      break;
    case Atom.image_png:
      type = Format.png;
      break;
    case Atom.video_x_prores:
      type = proresType(caps.getString(Atom.variant));
      break;
    default:
      return Code.NotMuxable;
  }
  if (config && (!data || !data.b)) return Code.NoCodecData;
  const at = beginVideo(w, type, caps);
  if (config == Fourcc.vvcC) {
    const box = beginFull(w, config, 0, 0);
    w.bytes(<usize>data!.a, <u32>data!.b);
    end(w, box);
  } else if (config) putBox(w, config, data!);
  else if (type == Format.mp4v) mpegVideo(w, caps, data);
  else if (type == Format.vp08 || type == Format.vp09) vpConfig(w, caps, data);
  else if (type == Format.s263) {
    const box = begin(w, Fourcc.d263);
    // Vendor, decoder version, then level 10 and profile 0: the least.
    w.u32(0);
    w.u8(0);
    w.u8(10);
    w.u8(0);
    end(w, box);
  }
  colour(w, caps.getString(Atom.colorimetry));
  pixelAspect(w, caps.find(Atom.pixel_aspect_ratio));
  end(w, at);
  return 0;
}

function proresType(variant: u32): u32 {
  switch (variant) {
    case Atom.hq:
      return Format.apch;
    case Atom.lt:
      return Format.apcs;
    case Atom.proxy:
      return Format.apco;
    case Atom._4444:
      return Format.ap4h;
    case Atom._4444xq:
      return Format.ap4x;
    default:
      return Format.apcn;
  }
}

function mpegVideo(w: Writer, caps: Caps, data: Value | null): void {
  const version = caps.getInt(Atom.mpegversion, 4);
  const type: u32 =
    version == 1 ? ObjectType.Mpeg1Video : version == 2 ? ObjectType.Mpeg2Simple + 1 : ObjectType.Mpeg4Video;
  const at = beginFull(w, Fourcc.esds, 0, 0);
  writeEsds(w, type, 4, data ? <usize>data.a : 0, data ? <u32>data.b : 0, 0);
  end(w, at);
}

/** VP codec configuration: as it came, or from the caps with level 1.0 standing for any. */
function vpConfig(w: Writer, caps: Caps, data: Value | null): void {
  const at = beginFull(w, Fourcc.vpcC, 1, 0);
  if (data && data.b >= 8) w.bytes(<usize>data.a, <u32>data.b);
  else {
    const depth = <u32>caps.getInt(Atom.bit_depth_luma, 8);
    const chroma = caps.getString(Atom.chroma_format);
    w.u8(depth > 8 ? 2 : 0);
    w.u8(10);
    w.u8((depth << 4) | ((chroma == Atom._4_2_2 ? 2 : chroma == Atom._4_4_4 ? 3 : 1) << 1));
    w.u8(2);
    w.u8(2);
    w.u8(2);
    w.u16(0);
  }
  end(w, at);
}

/** colr of type nclx, for the colorimetries that have a name. */
function colour(w: Writer, name: u32): void {
  let primaries: u32 = 9;
  let transfer: u32 = 0;
  let matrix: u32 = 9;
  let full: u32 = 0;
  switch (name) {
    case Atom.bt709:
      primaries = 1;
      transfer = 1;
      matrix = 1;
      break;
    case Atom.bt601:
      primaries = 6;
      transfer = 6;
      matrix = 6;
      break;
    case Atom.smpte240m:
      primaries = 7;
      transfer = 7;
      matrix = 7;
      break;
    case Atom.sRGB:
      primaries = 1;
      transfer = 13;
      matrix = 0;
      full = 0x80;
      break;
    case Atom.bt2020:
      transfer = 15;
      break;
    case Atom.bt2020_10:
      transfer = 14;
      break;
    case Atom.bt2100_pq:
      transfer = 16;
      break;
    case Atom.bt2100_hlg:
      transfer = 18;
      break;
    default:
      return;
  }
  const at = begin(w, Fourcc.colr);
  w.u32(NCLX);
  w.u16(primaries);
  w.u16(transfer);
  w.u16(matrix);
  w.u8(full);
  end(w, at);
}

const NCLX: u32 = 0x6e636c78;

function pixelAspect(w: Writer, v: Value | null): void {
  if (!v || v.kind != Kind.Fraction || v.a == v.b || v.a < 1) return;
  const at = begin(w, Fourcc.pasp);
  w.u32(v.a);
  w.u32(v.b);
  end(w, at);
}

function beginAudio(w: Writer, type: u32, caps: Caps, bits: u32): u32 {
  const rate = <u32>caps.getInt(Atom.rate, 0);
  const at = begin(w, type);
  w.zeros(6);
  w.u16(1);
  w.zeros(8);
  w.u16(caps.getInt(Atom.channels, 2));
  w.u16(bits);
  w.u32(0);
  // 16.16; rates that do not fit stand in the codec's configuration and in the time scale.
  w.u32(rate < 65536 ? rate << 16 : 0);
  return at;
}

function audio(w: Writer, caps: Caps, head: usize): i32 {
  const data = caps.getBytes(Atom.codec_data);
  switch (caps.media) {
    case Atom.audio_mpeg:
      return mpegAudio(w, caps, data);
    case Atom.audio_x_ac3:
    case Atom.audio_x_eac3:
      return dolby(w, caps, data, head);
    case Atom.audio_x_opus:
      return opus(w, caps, data);
    case Atom.audio_x_flac:
      return flac(w, caps, data);
    case Atom.audio_x_alac: {
      if (!data || data.b < 36) return Code.NoCodecData;
      const at = beginAudio(w, Format.alac, caps, 16);
      w.bytes(<usize>data.a, <u32>data.b);
      end(w, at);
      return 0;
    }
    case Atom.audio_AMR:
    case Atom.audio_AMR_WB:
      amr(w, caps, data);
      return 0;
    case Atom.audio_x_mulaw:
    case Atom.audio_x_alaw: {
      const at = beginAudio(w, caps.media == Atom.audio_x_alaw ? Format.alaw : Format.ulaw, caps, 16);
      end(w, at);
      return 0;
    }
    case Atom.audio_x_raw:
      return raw(w, caps);
    default:
      return Code.NotMuxable;
  }
}

function mpegAudio(w: Writer, caps: Caps, data: Value | null): i32 {
  const mp3 = caps.getInt(Atom.mpegversion, 4) == 1;
  if (!mp3 && (!data || data.b < 2)) return Code.NoCodecData;
  const rate = caps.getInt(Atom.rate, 44100);
  const at = beginAudio(w, Format.mp4a, caps, 16);
  const esds = beginFull(w, Fourcc.esds, 0, 0);
  if (!mp3) writeEsds(w, ObjectType.Aac, 5, <usize>data!.a, <u32>data!.b, 0);
  // Rates below 32 kHz are those of MPEG-2.
  else writeEsds(w, rate < 32000 ? ObjectType.Mp3InMpeg2 : ObjectType.Mp3, 5, 0, 0, 0);
  end(w, esds);
  end(w, at);
  return 0;
}

/** AC-3 and E-AC-3 (ETSI TS 102 366 Annex F): the configuration as it came, else from the first frame. */
function dolby(w: Writer, caps: Caps, data: Value | null, head: usize): i32 {
  const enhanced = caps.media == Atom.audio_x_eac3;
  let p: usize = data ? <usize>data.a : 0;
  let n: u32 = data ? <u32>data.b : 0;
  if (n < <u32>(enhanced ? 5 : 3)) {
    if (!head) return NEEDS_FRAME;
    n = enhanced ? eac3Config(head) : ac3Config(head);
    p = SCRATCH;
    if (!n) return Code.NoCodecData;
  }
  const at = beginAudio(w, enhanced ? Format.ec3 : Format.ac3, caps, 16);
  const box = begin(w, enhanced ? Fourcc.dec3 : Fourcc.dac3);
  w.bytes(p, n);
  end(w, box);
  end(w, at);
  return 0;
}

function bitsTo(n: u32): BitWriter {
  memory.fill(SCRATCH, 0, n);
  return changetype<BitWriter>(BIT_WRITER).over(SCRATCH, n);
}

/** Content of dac3 from a sync frame, in SCRATCH; its length, 0 when it is none. */
function ac3Config(head: usize): u32 {
  if (be16(head) != 0x0b77) return 0;
  const b = changetype<Bits>(BITS).over(head, HEAD_BYTES);
  b.skip(32);
  const fscod = b.read(2);
  const frmsizecod = b.read(6);
  const bsid = b.read(5);
  const bsmod = b.read(3);
  const acmod = b.read(3);
  if (acmod & 1 && acmod != 1) b.skip(2);
  if (acmod & 4) b.skip(2);
  if (acmod == 2) b.skip(2);
  const lfeon = b.bit();
  const w = bitsTo(3);
  w.write(fscod, 2);
  w.write(bsid, 5);
  w.write(bsmod, 3);
  w.write(acmod, 3);
  w.write(lfeon, 1);
  w.write(frmsizecod >> 1, 5);
  return 3;
}

/** Content of dec3 for one independent substream from its sync frame, in SCRATCH; its length, 0 when it is none. */
function eac3Config(head: usize): u32 {
  if (be16(head) != 0x0b77) return 0;
  const b = changetype<Bits>(BITS).over(head, HEAD_BYTES);
  b.skip(16 + 5);
  const bytes = (b.read(11) + 1) << 1;
  const fscod = b.read(2);
  const code = b.read(2);
  // fscod 3: half the rates, six blocks always.
  const blocks: u32 = fscod == 3 || code == 3 ? 6 : code + 1;
  const acmod = b.read(3);
  const lfeon = b.bit();
  const bsid = b.read(5);
  const rate: u32 =
    fscod == 0 ? 48000 : fscod == 1 ? 44100 : fscod == 2 ? 32000 : code == 0 ? 24000 : code == 1 ? 22050 : 16000;
  const w = bitsTo(5);
  w.write(min<u32>((bytes * 8 * (rate / 100)) / (blocks * 256 * 10), 0x1fff), 13);
  w.write(0, 3);
  w.write(fscod, 2);
  w.write(bsid, 5);
  w.write(0, 5);
  w.write(acmod, 3);
  w.write(lfeon, 1);
  return 5;
}

/** Opus (Encapsulation of Opus in ISO Base Media File Format §4.3.2) from the identification header, or plain. */
function opus(w: Writer, caps: Caps, data: Value | null): i32 {
  const channels = <u32>caps.getInt(Atom.channels, 2);
  const at = beginAudio(w, Format.Opus, caps, 16);
  const box = begin(w, Fourcc.dOps);
  w.u8(0);
  if (data && data.b >= 19 && be32(<usize>data.a) == 0x4f707573) {
    const p = <usize>data.a;
    w.u8(load<u8>(p, 9));
    w.u16(load<u16>(p, 10));
    w.u32(load<u32>(p, 12));
    w.u16(load<u16>(p, 16));
    w.bytes(p + 18, <u32>data.b - 18);
  } else {
    if (channels > 2) return Code.NoCodecData;
    w.u8(channels);
    w.u16(0);
    w.u32(48000);
    w.u16(0);
    w.u8(0);
  }
  end(w, box);
  end(w, at);
  return 0;
}

function flac(w: Writer, caps: Caps, data: Value | null): i32 {
  if (!data || data.b < 42 || be32(<usize>data.a) != Format.fLaC) return Code.NoCodecData;
  const at = beginAudio(w, Format.fLaC, caps, 16);
  const box = beginFull(w, Fourcc.dfLa, 0, 0);
  w.bytes(<usize>data.a + 4, <u32>data.b - 4);
  end(w, box);
  end(w, at);
  return 0;
}

function amr(w: Writer, caps: Caps, data: Value | null): void {
  const wide = caps.media == Atom.audio_AMR_WB;
  const at = beginAudio(w, wide ? Format.sawb : Format.samr, caps, 16);
  if (data && data.b >= 17 && be32(<usize>data.a + 4) == Fourcc.damr) {
    w.bytes(<usize>data.a, <u32>data.b);
  } else {
    const box = begin(w, Fourcc.damr);
    // Vendor, decoder version, all modes, no mode changes said, a frame a sample.
    w.u32(0);
    w.u8(0);
    w.u16(wide ? 0x83ff : 0x81ff);
    w.u8(0);
    w.u8(1);
    end(w, box);
  }
  end(w, at);
}

/** Bits of a sample of a raw format, 0 for one that has no place in the file. */
function bitsOf(format: u32): u32 {
  switch (format) {
    case Atom.U8:
    case Atom.S8:
      return 8;
    case Atom.S16LE:
    case Atom.S16BE:
      return 16;
    case Atom.S24LE:
    case Atom.S24BE:
      return 24;
    case Atom.S32LE:
    case Atom.S32BE:
    case Atom.F32LE:
    case Atom.F32BE:
      return 32;
    case Atom.F64LE:
    case Atom.F64BE:
      return 64;
    default:
      return 0;
  }
}

/** Uncompressed audio: 16 bits in the form that every reader knows, others as ISO/IEC 23003-5 has them. */
function raw(w: Writer, caps: Caps): i32 {
  const format = caps.getString(Atom.format);
  const bits = bitsOf(format);
  if (!bits || !caps.getInt(Atom.channels, 0)) return Code.NotMuxable;
  if (bits <= 16 && format != Atom.S8) {
    const type: u32 = format == Atom.U8 ? Format.raw : format == Atom.S16LE ? Format.sowt : Format.twos;
    end(w, beginAudio(w, type, caps, bits));
    return 0;
  }
  const kind =
    format == Atom.F32LE || format == Atom.F32BE || format == Atom.F64LE || format == Atom.F64BE
      ? Pcm.Float
      : Pcm.Signed;
  const little = format == Atom.S24LE || format == Atom.S32LE || format == Atom.F32LE || format == Atom.F64LE;
  const at = beginAudio(w, kind == Pcm.Float ? Format.fpcm : Format.ipcm, caps, bits);
  const box = beginFull(w, Fourcc.pcmC, 0, 0);
  w.u8(little ? 1 : 0);
  w.u8(bits);
  end(w, box);
  end(w, at);
  return 0;
}

function text(w: Writer, caps: Caps): i32 {
  const data = caps.getBytes(Atom.codec_data);
  if (caps.media == Atom.text_x_raw) {
    timedText(w);
    return 0;
  }
  const vtt = caps.media == Atom.application_x_subtitle_vtt;
  if (vtt && caps.getString(Atom.stream_format) != Atom.wvtt) return Code.NotMuxable;
  const at = begin(w, vtt ? Format.wvtt : Format.stpp);
  w.zeros(6);
  w.u16(1);
  if (vtt) {
    const box = begin(w, Fourcc.vttC);
    if (data && data.b) w.bytes(<usize>data.a, <u32>data.b);
    else putWord(w, Atom.WEBVTT);
    end(w, box);
  } else {
    // Namespace, no schema location, no auxiliary types.
    putWord(w, Atom.http___www_w3_org_ns_ttml);
    w.zeros(3);
  }
  end(w, at);
  return 0;
}

/** 3GPP timed text (TS 26.245 §5.16): at the bottom, centred, one font. */
function timedText(w: Writer): void {
  const at = begin(w, Format.tx3g);
  w.zeros(6);
  w.u16(1);
  w.u32(0);
  w.u8(1);
  w.u8(0xff);
  w.u32(0);
  w.zeros(8);
  w.zeros(4);
  w.u16(1);
  w.u8(0);
  w.u8(18);
  w.u32(0xffffffff);
  const box = begin(w, FTAB);
  w.u16(1);
  w.u16(1);
  w.u8(5);
  putWord(w, Atom.Serif);
  end(w, box);
  end(w, at);
}

const FTAB: u32 = 0x66746162;
