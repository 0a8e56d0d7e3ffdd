import { Atom } from "../../generated/words";
import { Probability, TypeFinder } from "./finder";

/**
 * Streams with start codes, 00 00 01: MPEG program streams and video, H.264, H.265, H.266. A stream is what has all that
 * such a stream begins with, and nothing that it cannot have.
 */

/** What was seen of a kind of stream, in this order. */
const enum Seen {
  None = 0,
  /** VPS, or the object sequence of MPEG-4. */
  First = 1,
  /** SPS, or the header of MPEG video. */
  Sequence = 2,
  /** PPS, or an extension. */
  Picture = 4,
  /** A slice, or picture. */
  Slice = 8,
  /** Something that cannot be there. */
  Wrong = 16,
}

/** Start codes that are looked at. */
const MAX_CODES: u32 = 400;

/** Looks at the start codes of the head. */
export function findStartCodes(f: TypeFinder): void {
  const first = nextCode(f, 0);
  if (first == f.length) return;
  let lead = first;
  while (lead && !f.u8(lead - 1)) lead--;
  // Anything but zeros in front makes it less likely.
  const penalty = lead ? 35 : 0;
  if (!first && f.u8(3) == 0xba) {
    findProgram(f);
    return;
  }
  let avc: u32 = 0;
  let hevc: u32 = 0;
  let vvc: u32 = 0;
  let mpeg: u32 = 0;
  let visual: u32 = 0;
  let codes: u32 = 0;
  for (let at = first; at < f.length && codes < MAX_CODES; at = nextCode(f, at + 3), codes++) {
    if (!f.has(at, 6)) break;
    avc |= avcUnit(f, at + 3, avc);
    hevc |= hevcUnit(f, at + 3, hevc);
    vvc |= vvcUnit(f, at + 3, vvc);
    mpeg |= mpegUnit(f, at + 3, mpeg);
    visual |= visualUnit(f.u8(at + 3), visual);
  }
  give(f, avc, Seen.Sequence | Seen.Picture, penalty, Atom.video_x_h264);
  give(f, hevc, Seen.First | Seen.Sequence | Seen.Picture, penalty, Atom.video_x_h265);
  give(f, vvc, Seen.Sequence | Seen.Picture, penalty, Atom.video_x_h266);
  // An extension makes MPEG-1 video MPEG-2.
  if (f.offer(Atom.video_mpeg, score(f, mpeg, Seen.Sequence, penalty))) {
    videoFields(f, mpeg & Seen.Picture ? 2 : 1);
  }
  if (f.offer(Atom.video_mpeg, score(f, visual, Seen.Sequence, penalty))) videoFields(f, 4);
}

function videoFields(f: TypeFinder, version: i32): void {
  f.int(Atom.mpegversion, version);
  f.flag(Atom.systemstream, false);
  f.flag(Atom.parsed, false);
}

/** How sure what was seen makes it; `wanted` has to come before a slice does. */
function score(f: TypeFinder, seen: u32, wanted: u32, penalty: i32): i32 {
  if (seen & Seen.Wrong || !(seen & Seen.Sequence)) return 0;
  let p = 60;
  if ((seen & wanted) == wanted) p = seen & Seen.Slice ? Probability.NearlyCertain : 90;
  if (p < Probability.NearlyCertain) f.want(f.length << 1, Probability.NearlyCertain);
  p -= penalty;
  return p < Probability.Possible ? 0 : p;
}

function give(f: TypeFinder, seen: u32, wanted: u32, penalty: i32, media: u32): void {
  const p = score(f, seen, wanted, penalty);
  if (f.offer(media, p)) f.text(Atom.stream_format, Atom.byte_stream);
}

/** Where the next start code begins, from `at`; the length when there is none. */
function nextCode(f: TypeFinder, at: u32): u32 {
  const end = f.length;
  while (at + 4 <= end) {
    const last = f.u8(at + 2);
    if (last > 1) at += 3;
    else if (last == 1 && !f.u16(at)) return at;
    else at++;
  }
  return end;
}

/** A NAL unit as H.264 has it (ISO/IEC 14496-10, 7.4.1). */
function avcUnit(f: TypeFinder, at: u32, seen: u32): u32 {
  const h = f.u8(at);
  const type = h & 31;
  const reference = (h & 0x60) != 0;
  if (h & 0x80 || !type || type > 23 || type == 17 || type == 18) return Seen.Wrong;
  switch (type) {
    case 1:
      return seen & Seen.Picture ? Seen.Slice : 0;
    case 5:
      if (!reference) return Seen.Wrong;
      return seen & Seen.Picture ? Seen.Slice : 0;
    case 7:
      return reference && avcProfile(f, at + 1) ? Seen.Sequence : Seen.Wrong;
    case 8:
      if (!reference) return Seen.Wrong;
      return seen & Seen.Sequence ? Seen.Picture : 0;
    case 6:
    case 9:
    case 10:
    case 11:
    case 12:
      return reference ? Seen.Wrong : 0;
    default:
      return 0;
  }
}

/** Whether profile, reserved bits and level of a sequence parameter set can be; what is not there can. */
function avcProfile(f: TypeFinder, at: u32): bool {
  if (!f.has(at, 3)) return true;
  if (f.u8(at + 1) & 3 || f.u8(at + 2) < 9 || f.u8(at + 2) > 62) return false;
  switch (f.u8(at)) {
    case 44:
    case 66:
    case 77:
    case 83:
    case 86:
    case 88:
    case 100:
    case 110:
    case 118:
    case 122:
    case 128:
    case 134:
    case 135:
    case 138:
    case 139:
    case 244:
      return true;
    default:
      return false;
  }
}

/** A NAL unit as H.265 has it (ISO/IEC 23008-2, 7.3.1.2). */
function hevcUnit(f: TypeFinder, at: u32, seen: u32): u32 {
  const h = f.u16(at);
  const type = (h >> 9) & 63;
  const layer = (h >> 3) & 63;
  if (h & 0x8000 || !(h & 7) || layer == 63 || (type > 40 && type < 48)) return Seen.Wrong;
  if (type <= 9 || (type >= 16 && type <= 21)) return seen & Seen.Picture ? Seen.Slice : 0;
  if (type == 32) return layer || !(h & 1) ? Seen.Wrong : Seen.First;
  if (type == 33) {
    // Sub-layers, profile space and profile.
    if (!layer && f.has(at, 4) && (((f.u8(at + 2) >> 1) & 7) > 6 || f.u8(at + 3) >> 6)) return Seen.Wrong;
    return seen & Seen.First ? Seen.Sequence : 0;
  }
  if (type == 34) return seen & Seen.Sequence ? Seen.Picture : 0;
  return 0;
}

/** A NAL unit as H.266 has it (ISO/IEC 23090-3, 7.3.1.2). */
function vvcUnit(f: TypeFinder, at: u32, seen: u32): u32 {
  const h = f.u16(at);
  const type = (h >> 3) & 31;
  if (h & 0xc000 || !(h & 7) || h >> 8 > 55) return Seen.Wrong;
  if (type <= 3 || (type >= 7 && type <= 10)) return seen & Seen.Picture ? Seen.Slice : 0;
  if (type == 15) return Seen.Sequence;
  if (type == 16) return seen & Seen.Sequence ? Seen.Picture : 0;
  return 0;
}

/** A start code as MPEG-1 and MPEG-2 video have it (ISO/IEC 13818-2, table 6-1). */
function mpegUnit(f: TypeFinder, at: u32, seen: u32): u32 {
  const code = f.u8(at);
  if (code == 0xb3) {
    // A size and, by codes, an aspect ratio and a rate.
    if (f.has(at, 5) && (!(f.u8(at + 4) >> 4) || !(f.u8(at + 4) & 15) || (f.u8(at + 4) & 15) > 8)) return Seen.Wrong;
    return Seen.Sequence;
  }
  if (!(seen & Seen.Sequence)) return Seen.Wrong;
  if (code == 0xb5) return Seen.Picture;
  if (!code) return Seen.Slice;
  return code <= 0xaf || code == 0xb2 || code == 0xb7 || code == 0xb8 || code == 0xb4 ? 0 : Seen.Wrong;
}

/** A start code as MPEG-4 video has it (ISO/IEC 14496-2, table 6-3). */
function visualUnit(code: u32, seen: u32): u32 {
  if (code >= 0x20 && code <= 0x2f) return seen & Seen.First ? Seen.Sequence : Seen.Wrong;
  if (code <= 0x1f || code == 0xb0) return Seen.First;
  if (code == 0xb6) return seen & Seen.Sequence ? Seen.Slice : Seen.Wrong;
  return code == 0xb1 || code == 0xb2 || code == 0xb3 || code == 0xb5 ? 0 : Seen.Wrong;
}

/** MPEG program streams, both versions: a pack header, and behind it another start code (ISO/IEC 13818-1, 2.5.3.3). */
function findProgram(f: TypeFinder): void {
  if (!f.has(0, 14)) {
    f.want(64, Probability.NearlyCertain);
    return;
  }
  const second = (f.u8(4) & 0xc4) == 0x44;
  if (!second && (f.u8(4) & 0xf1) != 0x21) return;
  const next: u32 = second ? 14 + (f.u8(13) & 7) : 12;
  let p: i32 = Probability.Likely;
  if (f.has(next, 4)) {
    if (f.u24(next) != 1 || f.u8(next + 3) < 0xb9) return;
    p = Probability.NearlyCertain;
  } else f.want(next + 4, Probability.NearlyCertain);
  if (!f.offer(Atom.video_mpeg, p)) return;
  f.int(Atom.mpegversion, second ? 2 : 1);
  f.flag(Atom.systemstream, true);
}
