import { be16, be32, sameBytes } from "../../base/bytes";
import { TEXT_SIZE, Text, isDigit, parseDouble } from "../../base/text";
import { Writer } from "../../base/writer";
import { Tags, findNumber, findTag } from "../../core/tags";
import { Atom } from "../../generated/words";
import { findAtom } from "../../registry/atom";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";

/**
 * Tags of the file: iTunes' item list (udta/meta/ilst), QuickTime's keys (meta with mdta) and user data, 3GPP's user
 * data. Names are GStreamer's. A genre that is a number is given as such: the number of ID3v1.
 */

// Types that start with the copyright sign, which no letter of an enum can be.
const C_NAM: u32 = 0xa96e616d;
const C_ART: u32 = 0xa9415254;
const C_ALB: u32 = 0xa9616c62;
const C_CMT: u32 = 0xa9636d74;
const C_GEN: u32 = 0xa967656e;
const C_DAY: u32 = 0xa9646179;
const C_TOO: u32 = 0xa9746f6f;
const C_SWR: u32 = 0xa9737772;
const C_WRT: u32 = 0xa9777274;
const C_COM: u32 = 0xa9636f6d;
const C_LYR: u32 = 0xa96c7972;
const C_GRP: u32 = 0xa9677270;
const C_DES: u32 = 0xa9646573;
const C_INF: u32 = 0xa9696e66;
const C_CPY: u32 = 0xa9637079;
const C_XYZ: u32 = 0xa978797a;
const C_MAK: u32 = 0xa96d616b;
const C_MOD: u32 = 0xa96d6f64;

const enum Item {
  aART = 0x61415254,
  trkn = 0x74726b6e,
  disk = 0x6469736b,
  gnre = 0x676e7265,
  cprt = 0x63707274,
  desc = 0x64657363,
  ldes = 0x6c646573,
  tmpo = 0x746d706f,
  keyw = 0x6b657977,
  titl = 0x7469746c,
  perf = 0x70657266,
  auth = 0x61757468,
  dscp = 0x64736370,
  albm = 0x616c626d,
  yrrc = 0x79727263,
  mdta = 0x6d647461,
  keys = 0x6b657973,
}

/** Forms of an item's value (QuickTime's well-known types): bytes of a form that the item has, UTF-8, a signed integer. */
const FORM_BYTES: u32 = 0;
const FORM_TEXT: u32 = 1;
const FORM_INTEGER: u32 = 21;

const PREFIX: usize = memory.data<u8>([
  99, 111, 109, 46, 97, 112, 112, 108, 101, 46, 113, 117, 105, 99, 107, 116, 105, 109, 101, 46,
]);
const PREFIX_LENGTH: u32 = 20;
const NUMBER: usize = memory.data(8, 8);
const TEXT: usize = memory.data(24, 4);
const OUT: usize = memory.data(TEXT_SIZE, 4);
const LENGTH: usize = memory.data(4, 4);

/** The name of the tag that a text item is, 0 for one that has none. */
function nameOf(type: u32): u32 {
  switch (type) {
    case C_NAM:
    case Item.titl:
      return Atom.title;
    case C_ART:
    case Item.perf:
    case Item.auth:
      return Atom.artist;
    case Item.aART:
      return Atom.album_artist;
    case C_ALB:
    case Item.albm:
      return Atom.album;
    case C_CMT:
    case C_INF:
      return Atom.comment;
    case C_GEN:
      return Atom.genre;
    case C_DAY:
      return Atom.datetime;
    case C_TOO:
    case C_SWR:
      return Atom.encoder;
    case C_WRT:
    case C_COM:
      return Atom.composer;
    case C_LYR:
      return Atom.lyrics;
    case C_GRP:
      return Atom.grouping;
    case C_CPY:
    case Item.cprt:
      return Atom.copyright;
    case C_DES:
    case Item.desc:
    case Item.ldes:
    case Item.dscp:
      return Atom.description;
    case Item.keyw:
      return Atom.keywords;
    case C_MAK:
      return Atom.device_manufacturer;
    case C_MOD:
      return Atom.device_model;
    default:
      return 0;
  }
}

/** Adds the tags in the content of a `udta` box. */
export function readUserData(tags: Tags, from: usize, end: usize): void {
  let n: u32 = 0;
  for (let p = from; (n = boxSize(p, end)); p += n) {
    const body = boxBody(p);
    const left = <u32>(p + n - body);
    const type = boxType(p);
    if (type == Fourcc.meta) readMeta(tags, body, p + n);
    else if (type >> 24 == 0xa9) {
      // QuickTime: length, language, text.
      if (left >= 4) textTag(tags, type, body + 4, min<u32>(be16(body), left - 4));
    } else if (type == Item.yrrc) {
      if (left >= 6) tags.int(Atom.datetime, be16(body + 4));
    } else if (nameOf(type) && left > 6) {
      // 3GPP: version, flags, language, text up to a zero.
      let length: u32 = 0;
      while (length < left - 6 && load<u8>(body + 6 + length)) length++;
      textTag(tags, type, body + 6, length);
    }
  }
}

function textTag(tags: Tags, type: u32, p: usize, n: u32): void {
  if (type == C_XYZ) location(tags, p, n);
  else if (nameOf(type)) tags.text(nameOf(type), p, n);
}

/** Adds the tags in the content of a `meta` box. */
export function readMeta(tags: Tags, from: usize, end: usize): void {
  // QuickTime's is no full box: then a box starts where version and flags would be.
  if (end - from >= 8 && boxType(from) != Fourcc.hdlr) from += 4;
  const ilst = findBox(from, end, Fourcc.ilst);
  if (!ilst) return;
  const keys = findBox(from, end, Item.keys);
  const keysEnd: usize = keys ? keys + boxSize(keys, end) : 0;
  const stop = ilst + boxSize(ilst, end);
  let n: u32 = 0;
  for (let p = boxBody(ilst); (n = boxSize(p, stop)); p += n) {
    const data = findBox(boxBody(p), p + n, Fourcc.data);
    if (!data) continue;
    const body = boxBody(data);
    const left = <u32>(data + boxSize(data, p + n) - body);
    if (left < 8) continue;
    if (keys && boxType(p) <= 0xffff) readKeyed(tags, keys, keysEnd, boxType(p), body + 8, left - 8);
    else readItem(tags, boxType(p), be32(body) & 0xffffff, body + 8, left - 8);
  }
}

function readItem(tags: Tags, type: u32, form: u32, p: usize, n: u32): void {
  switch (type) {
    case Item.trkn:
      pair(tags, Atom.track_number, Atom.track_count, p, n);
      break;
    case Item.disk:
      pair(tags, Atom.album_disc_number, Atom.album_disc_count, p, n);
      break;
    case Item.gnre:
      // Counts from 1 where ID3v1 counts from 0.
      if (n >= 2 && be16(p)) tags.int(Atom.genre, be16(p) - 1);
      break;
    case Item.tmpo:
      if (n >= 2 && be16(p)) tags.double(Atom.beats_per_minute, <f64>be16(p));
      break;
    default:
      if (form == FORM_TEXT) textTag(tags, type, p, n);
      else if (type == C_GEN && form == FORM_BYTES && n >= 2) tags.int(Atom.genre, be16(p) - 1);
      break;
  }
}

/** A number and how many there are. */
function pair(tags: Tags, number: u32, count: u32, p: usize, n: u32): void {
  if (n < 6) return;
  if (be16(p + 2)) tags.int(number, be16(p + 2));
  if (be16(p + 4)) tags.int(count, be16(p + 4));
}

/** An item whose type is the number of a key, from 1 on. */
function readKeyed(tags: Tags, keys: usize, end: usize, number: u32, p: usize, n: u32): void {
  let q = boxBody(keys) + 8;
  let size: u32 = 0;
  for (let i: u32 = 1; i < number && (size = boxSize(q, end)); i++) q += size;
  size = boxSize(q, end);
  if (size <= 8 || boxType(q) != Item.mdta) return;
  let key = q + 8;
  let length = size - 8;
  if (length > PREFIX_LENGTH && sameBytes(key, PREFIX, PREFIX_LENGTH)) {
    key += PREFIX_LENGTH;
    length -= PREFIX_LENGTH;
  }
  const name = keyName(findAtom(key, length));
  if (name == Atom.geo_location_name) location(tags, p, n);
  else if (name) tags.text(name, p, n);
}

/** The name of the tag for a key that is known as a word; findAtom makes none, so foreign keys cost nothing. */
function keyName(key: u32): u32 {
  switch (key) {
    case Atom.title:
    case Atom.artist:
    case Atom.album:
    case Atom.comment:
    case Atom.description:
    case Atom.copyright:
    case Atom.genre:
    case Atom.keywords:
    case Atom.composer:
    case Atom.encoder:
      return key;
    case Atom.software:
      return Atom.encoder;
    case Atom.creationdate:
      return Atom.datetime;
    case Atom.make:
      return Atom.device_manufacturer;
    case Atom.model:
      return Atom.device_model;
    case Atom.location_ISO6709:
      return Atom.geo_location_name;
    default:
      return 0;
  }
}

/** A place as ISO 6709 writes it: +40.6800-074.5000+012.000/. */
function location(tags: Tags, p: usize, n: u32): void {
  let at: u32 = 0;
  for (let field: u32 = 0; field < 3 && at < n; field++) {
    const sign = <u32>load<u8>(p + at);
    if (sign != 43 && sign != 45) return;
    let length: u32 = 1;
    while (at + length < n && (isDigit(load<u8>(p + at + length)) || load<u8>(p + at + length) == 46)) length++;
    if (!parseDouble(p + at, length, NUMBER)) return;
    const name =
      field == 0 ? Atom.geo_location_latitude : field == 1 ? Atom.geo_location_longitude : Atom.geo_location_elevation;
    tags.double(name, load<f64>(NUMBER));
    at += length;
  }
}

/** Adds when the movie was made: seconds since the start of 1904, UTC, as text in the form of ISO 8601. */
export function readCreation(tags: Tags, seconds: u64): void {
  // Before 1970 stands what was not set, or counted from 1970 instead.
  if (seconds < EPOCH_1970 || seconds > EPOCH_1970 + MAX_SECONDS) return;
  const unix = seconds - EPOCH_1970;
  const days = <u32>(unix / 86400);
  const second = <u32>(unix % 86400);
  // Days to a date, by years that start in March.
  const z = days + 719468;
  const era = z / 146097;
  const dayOfEra = z - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const m = (5 * dayOfYear + 2) / 153;
  const month = m < 10 ? m + 3 : m - 9;
  const t = changetype<Text>(OUT).into(TEXT, 24);
  t.u64(yearOfEra + era * 400 + <u32>(month <= 2));
  part(t, 45, month);
  part(t, 45, dayOfYear - (153 * m + 2) / 5 + 1);
  part(t, 84, second / 3600);
  part(t, 58, (second / 60) % 60);
  part(t, 58, second % 60);
  t.byte(90);
  tags.text(Atom.datetime, TEXT, t.length);
}

const EPOCH_1970: u64 = 2082844800;
const MAX_SECONDS: u64 = 253402300799;

function part(t: Text, separator: u32, value: u32): void {
  t.byte(separator);
  t.byte(48 + value / 10);
  t.byte(48 + (value % 10));
}

/** Appends those of a list of tags that have an item, unless it is there already, as items of an item list. */
export function writeItems(w: Writer, tags: Tags): void {
  writeItem(w, tags, Atom.title, C_NAM);
  writeItem(w, tags, Atom.artist, C_ART);
  writeItem(w, tags, Atom.album_artist, Item.aART);
  writeItem(w, tags, Atom.album, C_ALB);
  writeItem(w, tags, Atom.comment, C_CMT);
  writeItem(w, tags, Atom.genre, C_GEN);
  writeItem(w, tags, Atom.datetime, C_DAY);
  writeItem(w, tags, Atom.encoder, C_TOO);
  writeItem(w, tags, Atom.composer, C_WRT);
  writeItem(w, tags, Atom.lyrics, C_LYR);
  writeItem(w, tags, Atom.grouping, C_GRP);
  writeItem(w, tags, Atom.copyright, Item.cprt);
  writeItem(w, tags, Atom.description, Item.desc);
  writeItem(w, tags, Atom.keywords, Item.keyw);
  writePair(w, tags, Atom.track_number, Atom.track_count, Item.trkn, 8);
  writePair(w, tags, Atom.album_disc_number, Atom.album_disc_count, Item.disk, 6);
  const genre = findNumber(tags, Atom.genre);
  if (genre >= 0 && genre < 65535) writeNumber(w, Item.gnre, FORM_BYTES, <u32>genre + 1);
  const tempo = findNumber(tags, Atom.beats_per_minute);
  if (tempo >= 0.5 && tempo < 65535.5) writeNumber(w, Item.tmpo, FORM_INTEGER, <u32>nearest<f64>(tempo));
}

function writeItem(w: Writer, tags: Tags, name: u32, type: u32): void {
  const p = findTag(tags, name, LENGTH);
  if (!p || !beginItem(w, type, FORM_TEXT, load<u32>(LENGTH))) return;
  w.bytes(p, load<u32>(LENGTH));
}

/** Writes the head of an item whose value has `n` bytes, which follow; false when there is one of its type. */
function beginItem(w: Writer, type: u32, form: u32, n: u32): bool {
  if (findBox(w.data, w.data + w.length, type)) return false;
  w.u32(n + 24);
  w.u32(type);
  w.u32(n + 16);
  w.u32(Fourcc.data);
  w.u32(form);
  w.u32(0);
  return true;
}

/** A number and how many there are, in a value of `n` bytes. */
function writePair(w: Writer, tags: Tags, number: u32, count: u32, type: u32, n: u32): void {
  const a = findNumber(tags, number);
  const b = findNumber(tags, count);
  const first: u32 = a >= 1 && a < 65536 ? <u32>a : 0;
  const all: u32 = b >= 1 && b < 65536 ? <u32>b : 0;
  if (!(first | all) || !beginItem(w, type, FORM_BYTES, n)) return;
  w.u32(first);
  w.u16(all);
  w.zeros(n - 6);
}

function writeNumber(w: Writer, type: u32, form: u32, value: u32): void {
  if (beginItem(w, type, form, 2)) w.u16(value);
}

/** The EXIF number of an image-orientation tag; 1, upright, for what is none. */
export function orientationNumber(p: usize, n: u32): u32 {
  const atom = findAtom(p, n);
  for (let i: u32 = 2; i <= 8; i++) if (atom && orientationName(i) == atom) return i;
  return 1;
}

/** GStreamer's name of an EXIF orientation. */
export function orientationName(exif: u32): u32 {
  switch (exif) {
    case 2:
      return Atom.flip_rotate_0;
    case 3:
      return Atom.rotate_180;
    case 4:
      return Atom.flip_rotate_180;
    case 5:
      return Atom.flip_rotate_270;
    case 6:
      return Atom.rotate_90;
    case 7:
      return Atom.flip_rotate_90;
    default:
      return Atom.rotate_270;
  }
}
