import { isAlpha, isDigit, isSpace, utf8Length } from "../../base/text";
import { sameBytes } from "../../base/bytes";
import { Atom } from "../../generated/words";
import { Probability, TypeFinder } from "./finder";

/** Texts: playlists, manifests, subtitles, and what is merely text. */

// prettier-ignore
const EXTM3U: usize = memory.data<u8>([35, 69, 88, 84, 77, 51, 85]); // #EXTM3U
const EXTX: usize = memory.data<u8>([35, 69, 88, 84, 45, 88, 45]); // #EXT-X-
const WEBVTT: usize = memory.data<u8>([87, 69, 66, 86, 84, 84]); // WEBVTT
const SDP: usize = memory.data<u8>([118, 61, 48]); // v=0
const ARROW: usize = memory.data<u8>([32, 45, 45, 62, 32]); // " --> "
const MPD: usize = memory.data<u8>([77, 80, 68]); // MPD
const TT: usize = memory.data<u8>([116, 116]); // tt
const SVG: usize = memory.data<u8>([115, 118, 103]); // svg
// prettier-ignore
const SMOOTH: usize = memory.data<u8>([
  83, 109, 111, 111, 116, 104, 83, 116, 114, 101, 97, 109, 105, 110, 103, 77, 101, 100, 105, 97, // SmoothStreamingMedia
]);

/** Bytes that are searched for what marks a playlist. */
const SEARCHED: u32 = 16384;

/** Whether a text stands at `at`. */
function starts(f: TypeFinder, at: u32, text: usize, n: u32): bool {
  return f.has(at, n) && sameBytes(f.data + at, text, n);
}

/** Looks at a head that may be text. */
export function findText(f: TypeFinder): void {
  // UTF-16 says so in its first two bytes.
  if (f.has(0, 4) && (f.u16(0) == 0xfeff || f.u16(0) == 0xfffe)) f.offer(Atom.text_plain, Probability.Possible);
  let at: u32 = f.has(0, 3) && f.u24(0) == 0xefbbbf ? 3 : 0;
  if (!isText(f, at)) return;
  if (starts(f, at, EXTM3U, 7)) {
    findPlaylist(f, at);
    return;
  }
  if (starts(f, at, WEBVTT, 6) && (!f.has(at, 7) || isSpace(f.u8(at + 6)))) {
    f.offer(Atom.application_x_subtitle_vtt, Probability.Maximum);
    return;
  }
  if (starts(f, at, SDP, 3) && f.has(at, 5) && (f.u8(at + 3) == 10 || f.u8(at + 3) == 13)) {
    f.offer(Atom.application_sdp, Probability.Likely);
  }
  while (f.has(at, 1) && isSpace(f.u8(at))) at++;
  if (f.has(at, 1) && f.u8(at) == 60) findXml(f, at);
  if (isSubRip(f, at)) f.offer(Atom.application_x_subtitle, Probability.Likely);
  f.offer(Atom.text_plain, Probability.Possible);
}

/** Whether all of the head from `at` is text in UTF-8: no control characters; the last one may be cut off. */
function isText(f: TypeFinder, at: u32): bool {
  const end = f.data + f.length;
  let p = f.data + at;
  if (p >= end) return false;
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c < 32 && c != 9 && c != 10 && c != 12 && c != 13 && c != 27) return false;
    const n: u32 = c < 128 ? 1 : utf8Length(p, end);
    // Up to three bytes of a character may be missing at the end.
    if (!n) return c >= 0xc2 && c < 0xf5 && end - p < 4;
    p += n;
  }
  return true;
}

/** RFC 8216, 4.1: an extended playlist, which tags of HTTP live streaming make one of its own. */
function findPlaylist(f: TypeFinder, at: u32): void {
  const end = min<u32>(f.length, SEARCHED);
  for (let p = at + 7; p + 7 <= end; p++) {
    if (f.u8(p) != 35 || !starts(f, p, EXTX, 7)) continue;
    f.offer(Atom.application_x_hls, Probability.Maximum);
    return;
  }
  f.offer(Atom.text_uri_list, Probability.Likely);
  f.want(SEARCHED, Probability.Maximum);
}

/** The name of the outermost element. */
function findXml(f: TypeFinder, at: u32): void {
  // Over the declaration, comments and the document type, to a letter.
  while (f.has(at, 2) && (f.u8(at + 1) == 63 || f.u8(at + 1) == 33)) {
    const comment = f.has(at, 4) && f.u24(at + 1) == 0x212d2d;
    at += 2;
    while (f.has(at, 1) && !(f.u8(at) == 62 && (!comment || f.u16(at - 2) == 0x2d2d))) at++;
    while (f.has(at, 1) && f.u8(at) != 60) at++;
  }
  if (!f.has(at, 64)) f.want(at + 64, Probability.Maximum);
  let from = at + 1;
  if (!f.has(from, 1) || !isAlpha(f.u8(from))) return;
  let to = from;
  while (f.has(to, 1) && (isAlpha(f.u8(to)) || isDigit(f.u8(to)) || f.u8(to) == 58 || f.u8(to) == 45)) {
    // A prefix says nothing.
    if (f.u8(to) == 58) from = to + 1;
    to++;
  }
  const n = to - from;
  if (n == 3 && starts(f, from, MPD, 3)) f.offer(Atom.application_dash_xml, Probability.Maximum);
  else if (n == 20 && starts(f, from, SMOOTH, 20)) f.offer(Atom.application_vnd_ms_sstr_xml, Probability.Maximum);
  else if (n == 2 && starts(f, from, TT, 2)) f.offer(Atom.application_ttml_xml, Probability.Likely);
  else if (n == 3 && starts(f, from, SVG, 3)) f.offer(Atom.image_svg_xml, Probability.Likely);
  else f.offer(Atom.application_xml, Probability.Possible + 5);
}

/** A number on a line, then a time, an arrow and a time. */
function isSubRip(f: TypeFinder, at: u32): bool {
  const first = at;
  while (f.has(at, 1) && isDigit(f.u8(at))) at++;
  if (at == first || at - first > 6) return false;
  while (f.has(at, 1) && isSpace(f.u8(at))) at++;
  const time = at;
  while (f.has(at, 1) && (isDigit(f.u8(at)) || f.u8(at) == 58 || f.u8(at) == 44 || f.u8(at) == 46)) at++;
  return at - time > 6 && starts(f, at, ARROW, 5);
}
