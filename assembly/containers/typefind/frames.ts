import { fourcc } from "../../base/bytes";
import { Atom } from "../../generated/words";
import { Probability, TypeFinder } from "./finder";

/**
 * Streams of frames that follow one another without a header. Each frame begins with a sync word and says how long it
 * is, so where it ends the next one has to begin: the longer the chain, the surer the answer.
 */

/** What a size function answers for bytes that are no frame, and when there are too few to tell. */
const NO_FRAME: u32 = 0;
const TOO_SHORT: u32 = 0xffffffff;

/** Frames after which a chain is long enough. */
const ENOUGH: u32 = 6;

/** Bytes in front of the first frame that are put up with. */
const MAX_LEAD: u32 = 4096;

/** Bytes of a frame header that are enough for all. */
const HEADER: u32 = 16;

/**
 * What came of looking for a chain.
 *
 *      0 at     where it begins
 *      4 score  Probability
 *      8 until  bytes of the head with which it would be longer, 0: it is broken or long enough
 */
@unmanaged
class Chain {
  at: u32;
  score: i32;
  until: u32;
}

const CHAIN: usize = memory.data(12, 4);

@inline
function chain(): Chain {
  return changetype<Chain>(CHAIN);
}

/** Whether what ends a chain is a tag that files may end with: ID3v1, APE, Lyrics3. */
function isTail(f: TypeFinder, at: u32): bool {
  return f.has(at, 3) && (f.u24(at) == 0x544147 || f.u24(at) == 0x415045 || f.u24(at) == 0x4c5952);
}

/**
 * Follows the chain that begins at `at`.
 * @param size function (f: TypeFinder, at: u32): u32 that gives the bytes of the frame at `at`
 * @param mask bits of the first four bytes that all frames have in common
 * @returns its score; `until` is set
 */
function follow(f: TypeFinder, at: u32, size: u32, mask: u32): i32 {
  chain().until = 0;
  const word = f.has(at, 4) ? f.u32(at) & mask : 0;
  let frames: u32 = 0;
  while (frames < ENOUGH) {
    if (at == f.length) {
      chain().until = at + HEADER;
      if (f.complete) return frames > 2 ? 95 : frames == 2 ? 90 : 60;
      return frames > 2 ? 90 : frames == 2 ? Probability.Likely : 40;
    }
    const n = call_indirect<u32>(size, f, at);
    if (n == TOO_SHORT) {
      chain().until = at + HEADER;
      return frames > 2 ? 90 : frames == 2 ? Probability.Likely : frames ? 40 : 0;
    }
    if (n == NO_FRAME || (f.has(at, 4) && (f.u32(at) & mask) != word)) {
      if (isTail(f, at)) return frames > 2 ? 95 : frames == 2 ? 90 : 60;
      return frames > 2 ? Probability.Likely : 0;
    }
    if (!f.has(at, n)) {
      // The header of a frame that is cut off counts too, but not alone.
      chain().until = at + n + HEADER;
      return frames > 2 ? 95 : frames == 2 ? 90 : frames ? Probability.Likely : 0;
    }
    frames++;
    at += n;
  }
  return Probability.NearlyCertain;
}

/** Looks for the best chain that begins at most `lead` bytes after `base`; the result is in chain(). */
function findChain(f: TypeFinder, base: u32, lead: u32, size: u32, mask: u32): bool {
  let score = 0;
  let where: u32 = 0;
  let until: u32 = 0;
  for (let at = base; at <= base + lead && f.has(at, 4); at++) {
    let p = follow(f, at, size, mask);
    const late = at - base;
    if (!late) until = chain().until;
    // One sync word in the middle of something is nothing.
    if (late) p = p < 90 ? 0 : p - (late > 64 ? 25 : 10);
    if (p > score) {
      score = p;
      where = at;
      until = chain().until;
    }
    if (score >= 90) break;
  }
  chain().at = where;
  chain().score = score;
  chain().until = until;
  if (until) f.want(until, Probability.NearlyCertain);
  return score > 0;
}

/** Looks for all kinds of frames from `base`, behind what tags there are. */
export function findFrames(f: TypeFinder, base: u32): void {
  findMpegAudio(f, base);
  if (findChain(f, base, MAX_LEAD, adtsSize.index, 0xfffefdc0) && f.offer(Atom.audio_mpeg, chain().score)) {
    f.int(Atom.mpegversion, f.u8(chain().at + 1) & 8 ? 2 : 4);
    f.text(Atom.stream_format, Atom.adts);
  }
  if (findChain(f, base, MAX_LEAD, loasSize.index, 0xffe00000) && f.offer(Atom.audio_mpeg, chain().score)) {
    f.int(Atom.mpegversion, 4);
    f.text(Atom.stream_format, Atom.loas);
  }
  if (findChain(f, base, MAX_LEAD, ac3Size.index, 0xffff0000)) {
    f.offer(f.u8(chain().at + 5) >> 3 > 10 ? Atom.audio_x_eac3 : Atom.audio_x_ac3, chain().score);
  }
  if (findChain(f, base, 0, ac4Size.index, 0xfffe0000)) f.offer(Atom.audio_x_ac4, chain().score);
  if (findChain(f, base, MAX_LEAD, dtsSize.index, 0)) f.offer(Atom.audio_x_dts, chain().score);
  // The same in words of 14 bits, both orders.
  const narrow = f.is(base, 0x1fffe800) || f.is(base, 0xff1f00e8);
  if (narrow && f.has(base, 6) && (f.u16(base + 4) == 0x07f0 || (f.u16(base + 4) & 0xf0ff) == 0xf007)) {
    f.offer(Atom.audio_x_dts, Probability.Likely);
  }
  findObus(f);
}

function findMpegAudio(f: TypeFinder, base: u32): void {
  if (!findChain(f, base, MAX_LEAD, mpegAudioSize.index, 0xfffe0c00)) return;
  const layer = 4 - ((f.u8(chain().at + 1) >> 1) & 3);
  if (!f.offer(Atom.audio_mpeg, chain().score)) return;
  f.int(Atom.mpegversion, 1);
  f.int(Atom.layer, layer);
  f.flag(Atom.parsed, false);
}

// Kilobits a second by index, ISO/IEC 11172-3, 2.4.2.3 and 13818-3: version 1 layers I, II, III; version 2 layers I, II and III.
// prettier-ignore
const BITRATES: usize = memory.data<u16>([
  0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0,
  0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0,
  0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0,
  0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0,
  0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0,
]);

const SAMPLE_RATES: usize = memory.data<u16>([44100, 48000, 32000]);

function mpegAudioSize(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 4)) return TOO_SHORT;
  const h = f.u32(at);
  const version = (h >> 19) & 3;
  const layer = 4 - ((h >> 17) & 3);
  const rate = (h >> 10) & 3;
  if (h >> 21 != 0x7ff || version == 1 || layer == 4 || rate == 3 || (h & 3) == 2) return NO_FRAME;
  const first = version == 3;
  const row = first ? layer - 1 : layer == 1 ? 3 : 4;
  const kbps: u32 = load<u16>(BITRATES + ((row << 5) + (((h >> 12) & 15) << 1)));
  if (!kbps) return NO_FRAME;
  // 2.5 has a quarter of the sample rates, 2 half.
  const hz = (<u32>load<u16>(SAMPLE_RATES + (rate << 1))) >> (first ? 0 : version == 2 ? 1 : 2);
  const padding = (h >> 9) & 1;
  if (layer == 1) return ((12 * kbps * 1000) / hz + padding) * 4;
  return ((layer == 3 && !first ? 72 : 144) * kbps * 1000) / hz + padding;
}

/** ISO/IEC 14496-3, 1.A.2.2. */
function adtsSize(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 6)) return TOO_SHORT;
  const h = f.u32(at);
  if (h >> 20 != 0xfff || (h >> 17) & 3 || ((h >> 10) & 15) > 12) return NO_FRAME;
  const n = ((h & 3) << 11) | (f.u16(at + 4) >> 5);
  return n < (h & 0x10000 ? 7 : 9) ? NO_FRAME : n;
}

/** AudioSyncStream, ISO/IEC 14496-3, 1.7.2. */
function loasSize(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 4)) return TOO_SHORT;
  const h = f.u24(at);
  if (h >> 13 != 0x2b7 || !(h & 0x1fff)) return NO_FRAME;
  return 3 + (h & 0x1fff);
}

// Kilobits a second by half the frame size code, ETSI TS 102 366, table 4.13.
// prettier-ignore
const AC3_RATES: usize = memory.data<u16>([
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
]);

/** AC-3 and Enhanced AC-3, ETSI TS 102 366. */
function ac3Size(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 6)) return TOO_SHORT;
  if (f.u16(at) != 0x0b77) return NO_FRAME;
  const bsid = f.u8(at + 5) >> 3;
  if (bsid > 16) return NO_FRAME;
  const code = f.u8(at + 4);
  if (bsid > 10) {
    const kind = f.u8(at + 2) >> 6;
    if (kind == 3 || code >> 4 == 15) return NO_FRAME;
    return ((f.u16(at + 2) & 0x7ff) + 1) << 1;
  }
  const rate = code >> 6;
  const size = code & 63;
  if (rate == 3 || size > 37) return NO_FRAME;
  const kbps: u32 = load<u16>(AC3_RATES + (size & ~1));
  if (rate == 0) return kbps << 2;
  if (rate == 2) return kbps * 6;
  return ((kbps * 320) / 147 + (size & 1)) << 1;
}

/** Sync frames of AC-4, ETSI TS 103 190-1, annex G. */
function ac4Size(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 7)) return TOO_SHORT;
  const sync = f.u16(at);
  if (sync != 0xac40 && sync != 0xac41) return NO_FRAME;
  const check: u32 = sync & 1 ? 2 : 0;
  const n = f.u16(at + 2);
  if (n == 0xffff) return 7 + f.u24(at + 4) + check;
  return n ? 4 + n + check : NO_FRAME;
}

/** Core frames of DTS in words of 16 bits, both orders, and its extension, ETSI TS 102 114. */
function dtsSize(f: TypeFinder, at: u32): u32 {
  if (!f.has(at, 10)) return TOO_SHORT;
  const sync = f.u32(at);
  const swapped = sync == 0xfe7f0180;
  if (swapped || sync == 0x7ffe8001) {
    const flip: u32 = swapped ? 1 : 0;
    const a = f.u8(at + (4 ^ flip));
    const b = f.u8(at + (5 ^ flip));
    const blocks = ((a & 1) << 6) | (b >> 2);
    const n = ((b & 3) << 12) | (f.u8(at + (6 ^ flip)) << 4) | (f.u8(at + (7 ^ flip)) >> 4);
    return blocks < 5 || n < 95 ? NO_FRAME : n + 1;
  }
  if (sync != 0x64582025) return NO_FRAME;
  // User bits, index; then whether the sizes are long.
  if (f.u8(at + 5) & 0x20) return (((f.u16(at + 6) & 1) << 19) | (f.u16(at + 7) << 3) | (f.u8(at + 9) >> 5)) + 1;
  return (((f.u8(at + 6) & 31) << 11) | (f.u8(at + 7) << 3) | (f.u8(at + 8) >> 5)) + 1;
}

/** The low-overhead form of AV1 (AV1 specification, 5.2): a temporal delimiter, then the sequence header. */
function findObus(f: TypeFinder): void {
  if (!f.has(0, 4) || f.u16(0) != 0x1200) {
    if (f.length < 4) f.want(4, Probability.Likely);
    return;
  }
  let at: u32 = 2;
  let obus: u32 = 0;
  let sequence = false;
  while (obus < 3 && f.has(at, 2)) {
    const h = f.u8(at);
    const type = (h >> 3) & 15;
    // Forbidden and reserved bits, a size field, a type that can follow.
    if (h & 0x81 || !(h & 2) || !type || (type > 8 && type != 15)) return;
    if (!obus && type != 1) return;
    if (!obus) sequence = true;
    at += h & 4 ? 2 : 1;
    let size: u32 = 0;
    let shift: u32 = 0;
    let b: u32 = 128;
    while (b & 128 && shift < 28 && f.has(at, 1)) {
      b = f.u8(at++);
      size |= (b & 127) << shift;
      shift += 7;
    }
    obus++;
    if (!f.has(at, size)) break;
    at += size;
  }
  if (!sequence || !f.offer(Atom.video_x_av1, obus > 1 ? 95 : Probability.Likely)) return;
  f.text(Atom.stream_format, Atom.obu_stream);
}

/** Packets after which a transport stream is certain, and how far in its first packet may begin. */
const PACKETS: u32 = 10;
const MAX_PHASE: u32 = 8192;

/** MPEG transport streams (ISO/IEC 13818-1), with packets of 188, 192 (after a time code), 204 and 208 bytes. */
export function findTransport(f: TypeFinder): void {
  let best: u32 = 0;
  let size: u32 = 0;
  let where: u32 = 0;
  const end = min<u32>(f.length, MAX_PHASE);
  for (let at: u32 = 0; at < end && best < PACKETS; at++) {
    if (f.u8(at) != 0x47) continue;
    for (let i: u32 = 0; i < 4; i++) {
      const stride: u32 = i == 0 ? 188 : i == 1 ? 192 : i == 2 ? 204 : 208;
      const n = packets(f, at, stride);
      if (n <= best) continue;
      best = n;
      size = stride;
      where = at;
    }
  }
  if (!best) {
    if (f.length < 188) f.want(188 * 4, Probability.NearlyCertain);
    return;
  }
  let score: i32 = Probability.Maximum;
  if (best < PACKETS) {
    // A few packets count when they are all there is; the first of 192 bytes begins after its time code.
    const whole = where == (size == 192 ? 4 : 0) && where + best * size >= f.length;
    score = best > 4 ? 90 : best > 1 ? (whole ? 85 : 60) : whole ? 55 : 0;
    f.want(where + PACKETS * size, Probability.Maximum);
  } else if (where > 208) score = 95;
  if (!score || !f.offer(Atom.video_mpegts, score)) return;
  f.flag(Atom.systemstream, true);
  f.int(Atom.packetsize, size);
}

/** Packets that follow one another from `at`, at most PACKETS: sync byte, no error, a payload or adaptation field. */
function packets(f: TypeFinder, at: u32, stride: u32): u32 {
  let n: u32 = 0;
  for (; n < PACKETS && f.has(at, 4); n++, at += stride) {
    if (f.u8(at) != 0x47 || f.u8(at + 1) & 0x80 || !(f.u8(at + 3) & 0x30)) return n > 4 ? n : 0;
  }
  return n;
}

/**
 * Bytes of the ID3 tags in front (ID3v2, 3.1), which may go on behind what there is.
 */
export function skipTags(f: TypeFinder): u32 {
  let at: u32 = 0;
  while (f.has(at, 10) && f.u24(at) == 0x494433 && f.u8(at + 3) < 0xff) {
    const footer: u32 = f.u8(at + 5) & 16 ? 10 : 0;
    const n = f.u32(at + 6);
    if (n & 0x80808080) break;
    at += 10 + footer + ((n & 0x7f) | ((n >> 1) & 0x3f80) | ((n >> 2) & 0x1fc000) | ((n >> 3) & 0xfe00000));
  }
  return at;
}

/** What follows ID3 tags that are `base` bytes long. */
export function findTagged(f: TypeFinder, base: u32): void {
  if (!f.has(base, 4)) f.want(base + 4096, Probability.NearlyCertain);
  else if (f.u32(base) == fourcc(102, 76, 97, 67)) f.offer(Atom.audio_x_flac, Probability.NearlyCertain);
  else if (f.u32(base) == fourcc(119, 118, 112, 107)) f.offer(Atom.audio_x_wavpack, Probability.NearlyCertain);
  else if (f.u32(base) == fourcc(77, 65, 67, 32)) f.offer(Atom.application_x_ape, Probability.NearlyCertain);
  // A tag says that it is audio; what kind is open until more is seen.
  f.offer(Atom.application_x_id3, Probability.Possible);
}
