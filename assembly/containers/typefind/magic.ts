import { fourcc, sameBytes } from "../../base/bytes";
import { Atom } from "../../generated/words";
import { Probability, TypeFinder } from "./finder";

/**
 * Types that say what they are in their first bytes. A row: how many bytes, the bytes themselves from the start of the
 * stream; the types stand in MEDIA in the same order.
 */
// prettier-ignore
const MAGIC: usize = memory.data<u8>([
  8, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a,
  6, 0x47, 0x49, 0x46, 0x38, 0x37, 0x61,                          // GIF87a
  6, 0x47, 0x49, 0x46, 0x38, 0x39, 0x61,                          // GIF89a
  8, 0x63, 0x61, 0x66, 0x66, 0x00, 0x01, 0x00, 0x00,              // caff, version 1
  4, 0x66, 0x4c, 0x61, 0x43,                                      // fLaC
  8, 0x44, 0x4b, 0x49, 0x46, 0x00, 0x00, 0x20, 0x00,              // DKIF, version 0, 32 bytes of header
  16, 0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11, 0xa6, 0xd9, 0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c,
  6, 0x23, 0x21, 0x41, 0x4d, 0x52, 0x0a,                          // #!AMR
  9, 0x23, 0x21, 0x41, 0x4d, 0x52, 0x2d, 0x57, 0x42, 0x0a,        // #!AMR-WB
  10, 0x59, 0x55, 0x56, 0x34, 0x4d, 0x50, 0x45, 0x47, 0x32, 0x20, // YUV4MPEG2
  6, 0xa1, 0xb2, 0xc3, 0xd4, 0x00, 0x02,                          // capture files of version 2, both orders, µs and ns
  6, 0xd4, 0xc3, 0xb2, 0xa1, 0x02, 0x00,
  6, 0xa1, 0xb2, 0x3c, 0x4d, 0x00, 0x02,
  6, 0x4d, 0x3c, 0xb2, 0xa1, 0x02, 0x00,
  4, 0x4d, 0x54, 0x68, 0x64,                                      // MThd
  4, 0x77, 0x76, 0x70, 0x6b,                                      // wvpk
  4, 0x4d, 0x41, 0x43, 0x20,                                      // MAC
  4, 0x4d, 0x50, 0x43, 0x4b,                                      // MPCK, MP+
  3, 0x4d, 0x50, 0x2b,
  4, 0x54, 0x54, 0x41, 0x31,                                      // TTA1
  4, 0x2e, 0x73, 0x6e, 0x64,                                      // .snd
  4, 0x2e, 0x52, 0x4d, 0x46,                                      // .RMF
  4, 0x49, 0x49, 0x2a, 0x00,
  4, 0x4d, 0x4d, 0x00, 0x2a,
  0,
]);

// prettier-ignore
const MEDIA: usize = memory.data<u32>([
  Atom.image_png, Atom.image_gif, Atom.image_gif, Atom.audio_x_caf, Atom.audio_x_flac, Atom.video_x_ivf, Atom.video_x_ms_asf, Atom.audio_x_amr_nb_sh, Atom.audio_x_amr_wb_sh, Atom.application_x_yuv4mpeg,
  Atom.raw_x_pcap, Atom.raw_x_pcap, Atom.raw_x_pcap, Atom.raw_x_pcap, Atom.audio_midi, Atom.audio_x_wavpack,
  Atom.application_x_ape, Atom.audio_x_musepack, Atom.audio_x_musepack, Atom.audio_x_ttafile, Atom.audio_x_au, Atom.application_vnd_rn_realmedia, Atom.image_tiff, Atom.image_tiff,
]);

/** Bytes before the first partition of an MXF file (SMPTE ST 377-1, 6.5). */
const RUN_IN: u32 = 65536;

/** Looks at the first bytes. */
export function findMagic(f: TypeFinder): void {
  let p = MAGIC;
  for (let i: usize = 0; load<u8>(p); i++) {
    const n: u32 = load<u8>(p);
    if (f.has(0, n) && sameBytes(f.data, p + 1, n)) {
      f.offer(load<u32>(MEDIA + (i << 2)), Probability.Maximum);
      if (f.media == Atom.application_x_yuv4mpeg) f.int(Atom.y4mversion, 2);
    }
    p += 1 + n;
  }
  if (!f.has(0, 16)) f.want(16, Probability.Maximum);
  findChunks(f);
  findEbml(f);
  findMxf(f);
  findOgg(f);
  if (f.has(0, 4) && f.u24(0) == 0xffd8ff && f.u8(3) >= 0xc0) f.offer(Atom.image_jpeg, Probability.Maximum);
  if (f.has(0, 9) && f.u32(0) == fourcc(70, 76, 86, 1) && !(f.u8(4) & 0xfa) && f.u32(5) == 9) {
    f.offer(Atom.video_x_flv, Probability.Maximum);
  }
  // The header section of a frame, of either system.
  if (f.has(0, 4) && (f.u32(0) & 0xffffff7f) == 0x1f07003f && f.offer(Atom.video_x_dv, Probability.Likely)) {
    f.flag(Atom.systemstream, true);
  }
  // A section header block with its length before the mark for the byte order.
  if (f.is(0, 0x0a0d0d0a) && (f.is(8, 0x1a2b3c4d) || f.is(8, 0x4d3c2b1a))) {
    f.offer(Atom.raw_x_pcapng, Probability.Maximum);
  }
  if (f.is(0, fourcc(65, 68, 73, 70)) && f.offer(Atom.audio_mpeg, Probability.NearlyCertain)) {
    f.int(Atom.mpegversion, 4);
    f.text(Atom.stream_format, Atom.adif);
  }
  // Reserved words 0, and an offset of the pixels that comes after the headers.
  if (f.has(0, 18) && f.u16(0) == 0x424d && !f.u32(6) && !f.u16(12) && f.u8(14) >= 12) {
    f.offer(Atom.image_bmp, Probability.Likely);
  }
}

/** RIFF, RF64, FORM: a size and a kind follow. */
function findChunks(f: TypeFinder): void {
  if (!f.has(0, 12)) return;
  const outer = f.u32(0);
  const kind = f.u32(8);
  let media: u32 = 0;
  if (outer == fourcc(82, 73, 70, 70)) {
    if (kind == fourcc(87, 65, 86, 69)) media = Atom.audio_x_wav;
    else if (kind == fourcc(65, 86, 73, 32)) media = Atom.video_x_msvideo;
    else if (kind == fourcc(87, 69, 66, 80)) media = Atom.image_webp;
    else if (kind == fourcc(82, 77, 73, 68)) media = Atom.audio_riff_midi;
  } else if (outer == fourcc(82, 70, 54, 52) || outer == fourcc(66, 87, 54, 52)) {
    if (kind == fourcc(87, 65, 86, 69)) media = Atom.audio_x_rf64;
  } else if (outer == fourcc(70, 79, 82, 77)) {
    if (kind == fourcc(65, 73, 70, 70) || kind == fourcc(65, 73, 70, 67)) media = Atom.audio_x_aiff;
  }
  if (media) f.offer(media, Probability.Maximum);
}

/** The EBML header of Matroska and WebM: the element DocType (RFC 8794, 11.2.7) says which. */
function findEbml(f: TypeFinder): void {
  if (!f.is(0, 0x1a45dfa3)) return;
  const size = ebmlSize(f, 4);
  let at: u32 = 4 + sizeLength(f, 4);
  const end = size < 1024 ? at + size : f.length;
  if (!f.has(0, end)) f.want(end, Probability.Maximum);
  while (at + 3 <= end && f.has(at, 3)) {
    const id = f.u16(at);
    const long = (id & 0xf000) == 0x4000;
    at += long ? 2 : 1;
    const n = ebmlSize(f, at);
    at += sizeLength(f, at);
    if (n > 1024 || !f.has(at, n)) break;
    if (long && id == 0x4282) {
      if (n >= 4 && f.is(at, fourcc(119, 101, 98, 109))) f.offer(Atom.video_webm, Probability.Maximum);
      else if (n >= 8 && f.is(at, fourcc(109, 97, 116, 114))) f.offer(Atom.video_x_matroska, Probability.Maximum);
    }
    at += n;
  }
  f.offer(Atom.video_x_matroska, Probability.Likely);
}

/** Bytes of the size at `at`. */
@inline
function sizeLength(f: TypeFinder, at: u32): u32 {
  return f.has(at, 1) ? <u32>clz<u32>(f.u8(at) | 1) - 23 : 1;
}

/** The size at `at`; the largest number when it is not there, not known or large. */
function ebmlSize(f: TypeFinder, at: u32): u32 {
  const n = sizeLength(f, at);
  if (n > 8 || !f.has(at, n)) return 0xffffffff;
  let v: u64 = f.u8(at) & (0xff >> n);
  for (let i: u32 = 1; i < n; i++) v = (v << 8) | f.u8(at + i);
  return v > 0x7fffffff ? 0xffffffff : <u32>v;
}

/** Pages of Ogg (RFC 3533) that begin a stream; all stand in front. Their first bytes say what it is. */
function findOgg(f: TypeFinder): void {
  let at: u32 = 0;
  let audio = false;
  let video = false;
  // Capture pattern, version 0, beginning of a stream.
  while (f.is(at, fourcc(79, 103, 103, 83)) && f.has(at, 27) && !f.u8(at + 4) && f.u8(at + 5) & 2) {
    const segments = f.u8(at + 26);
    const body = at + 27 + segments;
    if (!f.has(body, 8)) break;
    const word = f.u32(body);
    // OpusHead, Speex, vorbis, FLAC; theora, dirac, OVP80.
    if (word == fourcc(79, 112, 117, 115) || word == fourcc(83, 112, 101, 101)) audio = true;
    else if (word == fourcc(1, 118, 111, 114) || word == fourcc(127, 70, 76, 65)) audio = true;
    else if (word == fourcc(128, 116, 104, 101) || word == fourcc(66, 66, 67, 68)) video = true;
    else if (word == fourcc(79, 86, 80, 56)) video = true;
    at = body;
    for (let i: u32 = 0; i < segments; i++) at += f.u8(body - segments + i);
  }
  if (!f.is(0, fourcc(79, 103, 103, 83)) || !f.has(0, 5) || f.u8(4)) return;
  const media = video ? Atom.video_ogg : audio ? Atom.audio_ogg : Atom.application_ogg;
  // Cut off before the last of these pages, a video stream may be missing.
  const whole = f.has(at, 6);
  f.offer(media, whole ? Probability.Maximum : 95);
  if (!whole) f.want(at + 64, Probability.Maximum);
}

/** The key of a header partition pack (SMPTE ST 377-1, 7.1), after a run-in. */
function findMxf(f: TypeFinder): void {
  const end = min<u32>(f.length, RUN_IN + 16);
  for (let at: u32 = 0; at + 16 <= end; at++) {
    if (f.u8(at) != 6 || f.u32(at) != 0x060e2b34 || f.u32(at + 4) != 0x02050101) continue;
    if (f.u32(at + 8) != 0x0d010201 || f.u16(at + 12) != 0x0102) continue;
    f.offer(Atom.application_mxf, at ? Probability.NearlyCertain : Probability.Maximum);
    return;
  }
}
