import { be16, be32, be64 } from "../../base/bytes";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";
import { Esds, readEsds } from "./esds";
import { Track } from "./track";

/** Formats of sample entries. */
export const enum Format {
  avc1 = 0x61766331,
  avc2 = 0x61766332,
  avc3 = 0x61766333,
  avc4 = 0x61766334,
  dvav = 0x64766176,
  dva1 = 0x64766131,
  hvc1 = 0x68766331,
  hev1 = 0x68657631,
  dvh1 = 0x64766831,
  dvhe = 0x64766865,
  vvc1 = 0x76766331,
  vvi1 = 0x76766931,
  vp08 = 0x76703038,
  vp09 = 0x76703039,
  av01 = 0x61763031,
  mp4v = 0x6d703476,
  jpeg = 0x6a706567,
  mjpa = 0x6d6a7061,
  mjpb = 0x6d6a7062,
  mjp2 = 0x6d6a7032,
  png = 0x706e6720,
  s263 = 0x73323633,
  h263 = 0x68323633,
  H263 = 0x48323633,
  apcn = 0x6170636e,
  apch = 0x61706368,
  apcs = 0x61706373,
  apco = 0x6170636f,
  ap4h = 0x61703468,
  ap4x = 0x61703478,
  mp1v = 0x6d703176,
  mp2v = 0x6d703276,
  mp4a = 0x6d703461,
  mp3 = 0x2e6d7033,
  ms55 = 0x6d730055,
  Opus = 0x4f707573,
  ac3 = 0x61632d33,
  AC3 = 0x41432d33,
  sac3 = 0x73616333,
  ec3 = 0x65632d33,
  EC3 = 0x45432d33,
  ac4 = 0x61632d34,
  dtsc = 0x64747363,
  dtsh = 0x64747368,
  dtse = 0x64747365,
  dtsl = 0x6474736c,
  alac = 0x616c6163,
  fLaC = 0x664c6143,
  mhm1 = 0x6d686d31,
  mha1 = 0x6d686131,
  twos = 0x74776f73,
  sowt = 0x736f7774,
  raw = 0x72617720,
  NONE = 0x4e4f4e45,
  in24 = 0x696e3234,
  in32 = 0x696e3332,
  fl32 = 0x666c3332,
  fl64 = 0x666c3634,
  lpcm = 0x6c70636d,
  ipcm = 0x6970636d,
  fpcm = 0x6670636d,
  ulaw = 0x756c6177,
  alaw = 0x616c6177,
  ima4 = 0x696d6134,
  samr = 0x73616d72,
  sawb = 0x73617762,
  tx3g = 0x74783367,
  text = 0x74657874,
  wvtt = 0x77767474,
  stpp = 0x73747070,
  c608 = 0x63363038,
  c708 = 0x63373038,
}

/** What the samples of uncompressed audio are. */
export const enum Pcm {
  None = 0,
  Signed,
  Unsigned,
  Float,
}

/**
 * A sample description (ISO/IEC 14496-12 §8.5.2, §12; QuickTime's versions 1 and 2 of sound descriptions), read from where
 * it lies. Addresses point into the movie box; 0 where there is nothing.
 */
@unmanaged
export class Description {
  /** Format of the stream, under any encryption. */
  format: u32;
  /** Scheme of the encryption, 0 for none. */
  scheme: u32;
  /** The box with the decoder's configuration: its type, content and length; for esds the DecoderSpecificInfo. */
  configType: u32;
  config: usize;
  configLength: u32;
  /** Of an esds, else 0. */
  objectType: u32;
  /** Bits a second on average, 0 where not said. */
  bitrate: u32;
  maxBitrate: u32;

  // Video
  width: u32;
  height: u32;
  depth: u32;
  parNum: u32;
  parDen: u32;
  /** There is a pasp. */
  paspGiven: bool;
  /** colr of type nclx or nclc: primaries, transfer, matrix, full range; primaries 0 when there is none. */
  primaries: u32;
  transfer: u32;
  matrix: u32;
  fullRange: bool;
  /** clap: crop to this size at this place, pixels; width 0 when there is none. */
  cropX: u32;
  cropY: u32;
  cropWidth: u32;
  cropHeight: u32;
  /** fiel: 0 not said, 1 progressive, 2 interlaced; and which field is shown first: 1 top, 2 bottom. */
  fields: u32;
  fieldOrder: u32;

  // Audio
  rate: u32;
  channels: u32;
  bits: u32;
  pcm: Pcm;
  little: bool;
  /** QuickTime: audio frames in a packet, and bytes of a packet of all channels; 0 where they are not said. */
  framesPerPacket: u32;
  bytesPerPacket: u32;

  /**
   * Reads sample description `number` of a track.
   * @returns false when there is not even a format
   */
  read(track: Track, number: u32): bool {
    memory.fill(changetype<usize>(this), 0, offsetof<Description>());
    const p = track.descriptionAt(number);
    const n = boxSize(p, track.stsdEnd);
    if (n < 16) return false;
    this.format = boxType(p);
    this.parNum = 1;
    this.parDen = 1;
    const end = p + n;
    let from = p + 16;
    if (track.isAudio) from = this.readAudio(p, end, track.stsdVersion);
    else if (track.isVideo) from = this.readVideo(p, end);
    else if (this.format == Format.stpp) from = end;
    else if (this.format == Format.tx3g) from = min<usize>(p + 46, end);
    this.extensions(from, end, 0);
    if (track.isAudio) this.decidePcm();
    return true;
  }

  private readVideo(p: usize, end: usize): usize {
    if (end - p < 86) return end;
    this.width = be16(p + 32);
    this.height = be16(p + 34);
    this.depth = be16(p + 82);
    return p + 86;
  }

  private readAudio(p: usize, end: usize, stsdVersion: u32): usize {
    if (end - p < 36) return end;
    const version = be16(p + 16);
    this.channels = be16(p + 24);
    this.bits = be16(p + 26);
    this.rate = be16(p + 32);
    // Version 1 of the entry in a version 1 stsd is that of ISO/IEC 14496-12, without QuickTime's fields.
    if (stsdVersion || !version) return p + 36;
    if (version == 1) {
      if (end - p < 52) return end;
      this.framesPerPacket = be32(p + 36);
      this.bytesPerPacket = be32(p + 44);
      return p + 52;
    }
    if (end - p < 72) return end;
    this.rate = <u32>max<f64>(min<f64>(reinterpret<f64>(be64(p + 40)), 4294967295.0), 0);
    this.channels = be32(p + 48);
    this.bits = be32(p + 56);
    const flags = be32(p + 60);
    this.bytesPerPacket = be32(p + 64);
    this.framesPerPacket = be32(p + 68);
    if (this.format == Format.lpcm) {
      this.pcm = flags & 1 ? Pcm.Float : flags & 4 || this.bits > 8 ? Pcm.Signed : Pcm.Unsigned;
      this.little = !(flags & 2);
    }
    return p + 72;
  }

  /** Reads the boxes behind the fixed fields; `depth` counts QuickTime's nested wave atoms. */
  private extensions(from: usize, end: usize, depth: u32): void {
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) {
      const body = boxBody(p);
      const left = <u32>(p + n - body);
      switch (boxType(p)) {
        case Fourcc.wave:
          if (!depth) this.extensions(body, p + n, 1);
          break;
        case Fourcc.sinf:
          this.protection(body, p + n);
          break;
        case Fourcc.frma:
          if (depth && left >= 4 && this.format == Format.mp4a) this.format = be32(body);
          break;
        case Fourcc.esds: {
          if (left < 4 || this.configType) break;
          const esds = changetype<Esds>(ESDS);
          if (!readEsds(body + 4, left - 4, esds)) break;
          this.configType = Fourcc.esds;
          this.config = esds.info;
          this.configLength = esds.infoLength;
          this.objectType = esds.objectType;
          this.bitrate = esds.avgBitrate;
          this.maxBitrate = esds.maxBitrate;
          break;
        }
        case Fourcc.avcC:
        case Fourcc.hvcC:
        case Fourcc.av1C:
        case Fourcc.dOps:
        case Fourcc.dac3:
        case Fourcc.dec3:
        case Fourcc.dac4:
        case Fourcc.d263:
        case Fourcc.damr:
        case Fourcc.ddts:
        case Fourcc.vttC:
        case Fourcc.glbl:
          this.take(boxType(p), body, left);
          break;
        case Fourcc.vpcC:
        case Fourcc.vvcC:
        case Fourcc.alac:
        case Fourcc.dfLa:
          // Full boxes: version and flags stand in front of the configuration.
          if (left >= 4) this.take(boxType(p), body + 4, left - 4);
          break;
        case Fourcc.pcmC:
          if (left < 6) break;
          this.little = (load<u8>(body, 4) & 1) != 0;
          this.bits = load<u8>(body, 5);
          break;
        case Fourcc.enda:
          if (left >= 2) this.little = be16(body) == 1;
          break;
        case Fourcc.srat:
          if (left >= 8) this.rate = be32(body + 4);
          break;
        case Fourcc.btrt:
          if (left < 12) break;
          this.maxBitrate = be32(body + 4);
          this.bitrate = be32(body + 8);
          break;
        case Fourcc.pasp:
          if (left < 8 || !be32(body) || !be32(body + 4)) break;
          this.paspGiven = true;
          this.parNum = be32(body);
          this.parDen = be32(body + 4);
          break;
        case Fourcc.colr:
          this.colour(body, left);
          break;
        case Fourcc.clap:
          this.aperture(body, left);
          break;
        case Fourcc.fiel:
          if (left < 2) break;
          this.fields = load<u8>(body);
          this.fieldOrder = load<u8>(body, 1) == 1 || load<u8>(body, 1) == 9 ? 1 : load<u8>(body, 1) ? 2 : 0;
          break;
        default:
          break;
      }
    }
  }

  private take(type: u32, p: usize, n: u32): void {
    if (this.configType) return;
    this.configType = type;
    this.config = p;
    this.configLength = n;
  }

  /** Protection scheme information (§8.12): the format as it was before, and who can undo it. */
  private protection(from: usize, end: usize): void {
    const frma = findBox(from, end, Fourcc.frma);
    if (frma && boxSize(frma, end) >= 12) this.format = be32(boxBody(frma));
    const schm = findBox(from, end, Fourcc.schm);
    this.scheme = schm && boxSize(schm, end) >= 16 ? be32(boxBody(schm) + 4) : Fourcc.sinf;
  }

  private colour(p: usize, n: u32): void {
    if (n < 10 || this.primaries) return;
    const type = be32(p);
    if (type != NCLX && type != NCLC) return;
    this.primaries = be16(p + 4);
    this.transfer = be16(p + 6);
    this.matrix = be16(p + 8);
    this.fullRange = type == NCLX && n >= 11 && (load<u8>(p, 10) & 0x80) != 0;
  }

  /** Clean aperture (§12.1.4): fractions of width, height and of the offset of the centre. */
  private aperture(p: usize, n: u32): void {
    if (n < 32) return;
    const width = ratio(p);
    const height = ratio(p + 8);
    const wide = <i64>this.width;
    const high = <i64>this.height;
    if (width < 1 || height < 1 || width > wide || height > high) return;
    const x = (wide - width) / 2 + signedRatio(p + 16);
    const y = (high - height) / 2 + signedRatio(p + 24);
    if (x < 0 || y < 0 || x + width > wide || y + height > high) return;
    this.cropX = <u32>x;
    this.cropY = <u32>y;
    this.cropWidth = <u32>width;
    this.cropHeight = <u32>height;
  }

  /** What uncompressed audio is made of, by its format. */
  private decidePcm(): void {
    switch (this.format) {
      case Format.twos:
        this.pcm = Pcm.Signed;
        break;
      case Format.sowt:
        this.pcm = Pcm.Signed;
        this.little = true;
        break;
      case Format.raw:
      case Format.NONE:
        this.pcm = this.bits == 16 ? Pcm.Signed : Pcm.Unsigned;
        break;
      case Format.in24:
        this.pcm = Pcm.Signed;
        this.bits = 24;
        break;
      case Format.in32:
        this.pcm = Pcm.Signed;
        this.bits = 32;
        break;
      case Format.fl32:
        this.pcm = Pcm.Float;
        this.bits = 32;
        break;
      case Format.fl64:
        this.pcm = Pcm.Float;
        this.bits = 64;
        break;
      case Format.ipcm:
        this.pcm = Pcm.Signed;
        break;
      case Format.fpcm:
        this.pcm = Pcm.Float;
        break;
      case Format.ulaw:
      case Format.alaw:
        this.bits = 8;
        return;
      default:
        if (this.format != Format.lpcm) return;
    }
    const bits = this.bits;
    const known = bits == 8 || bits == 16 || bits == 24 || bits == 32 || bits == 64;
    if (!known || this.channels - 1 > 254 || (this.pcm == Pcm.Float && bits < 32)) this.pcm = Pcm.None;
  }

  /** Bytes of one frame of all channels where samples of the track are single frames of audio; 0 elsewhere. */
  get frameBytes(): u32 {
    if (this.pcm || this.format == Format.ulaw || this.format == Format.alaw) return (this.bits >> 3) * this.channels;
    return 0;
  }
}

const ESDS: usize = memory.data(offsetof<Esds>(), 4);
const NCLX: u32 = 0x6e636c78;
const NCLC: u32 = 0x6e636c63;

/** A fraction of two 32-bit numbers, rounded down; 0 without a denominator. */
function ratio(p: usize): i64 {
  const d = be32(p + 4);
  return d ? <i64>be32(p) / d : 0;
}

function signedRatio(p: usize): i64 {
  const d = be32(p + 4);
  return d ? <i64>(<i32>be32(p)) / d : 0;
}

/** Bytes of a Description. */
export const DESCRIPTION_SIZE: u32 = offsetof<Description>();

/**
 * Lets samples of a track that are single frames of audio leave in stretches. That is so where every sample lasts one tick
 * of the sample rate (QuickTime's constant bit rate audio).
 */
export function groupFrames(track: Track, d: Description, most: u32): void {
  const tables = track.tables;
  if (!track.isAudio || !tables.singleTicks()) return;
  const frames = max<u32>(d.framesPerPacket, 1);
  const bytes = d.frameBytes ? d.frameBytes * frames : d.framesPerPacket > 1 ? d.bytesPerPacket : 0;
  if (!bytes || bytes > 0x10000 || frames > most) return;
  tables.group = (most / frames) * frames;
  tables.frames = frames;
  tables.bytes = bytes;
}
