import { isAlpha, isDigit, isSpace, parseInt64 } from "../base/text";
import { Atom } from "../generated/words";
import { atomOf, findAtom } from "../registry/atom";
import { Owner, alloc, free } from "../base/heap";
import { ANY_FEATURE, Caps, Structure, anyCaps, capsUnref, emptyCaps, newCaps } from "./caps";
import { MAX_LIST } from "./sets";
import { Kind, Value, VALUE_SIZE, allocValues, freeValue } from "./value";

/** What was wrong with a caps text. */
export const enum CapsError {
  None = 0,
  /** A media type was expected. */
  Media,
  /** A field name was expected. */
  Field,
  /** "=" was expected after the field name. */
  Equals,
  /** The type in parentheses is unknown. */
  Type,
  /** The value does not fit its type or is no value. */
  Value,
  /** A list, range, array or string is not closed. */
  Open,
  /** Something stands behind the end. */
  Trailing,
  /** Too many fields, alternatives or characters, or the heap has no room. */
  Size,
}

/** Where a parse stands, and where and why it failed. */
@unmanaged
class Cursor {
  start: usize;
  pos: usize;
  end: usize;
  error: CapsError;
  depth: u32;
}

const CURSOR: usize = memory.data(20, 4);
const NUMBER: usize = memory.data(8, 8);
const WORD: usize = memory.data(256, 4);

@inline
function cursor(): Cursor {
  return changetype<Cursor>(CURSOR);
}

/** Why the last parse failed. */
export function capsError(): CapsError {
  return cursor().error;
}

/** Where the last parse failed, in bytes from the start of the text. */
export function capsErrorAt(): u32 {
  return <u32>(cursor().pos - cursor().start);
}

function fail(why: CapsError): bool {
  if (!cursor().error) cursor().error = why;
  return false;
}

@inline
function peek(): u32 {
  const c = cursor();
  return c.pos < c.end ? <u32>load<u8>(c.pos) : 0;
}

function space(): void {
  const c = cursor();
  while (c.pos < c.end && isSpace(load<u8>(c.pos))) c.pos++;
}

function accept(ch: u32): bool {
  space();
  if (peek() != ch) return false;
  cursor().pos++;
  return true;
}

/** Characters of an unquoted word. */
function isWord(c: u32): bool {
  return (
    isAlpha(c) || isDigit(c) || c == 45 || c == 95 || c == 43 || c == 46 || c == 47 || c == 58 || c == 37 || c > 127
  );
}

/** Moves over a word and gives its length. */
function word(): u32 {
  space();
  const c = cursor();
  const from = c.pos;
  while (c.pos < c.end && isWord(load<u8>(c.pos))) c.pos++;
  return <u32>(c.pos - from);
}

/** Types that may stand in parentheses. */
const enum Type {
  Guess,
  Int,
  Uint,
  Fraction,
  String,
  Bool,
  Bitmask,
  Bytes,
}

function typeOf(atom: u32): i32 {
  switch (atom) {
    case Atom.uint:
    case Atom.guint:
      return Type.Uint;
    case Atom.int:
    case Atom.i:
    case Atom.gint:
    case Atom.int64:
    case Atom.uint64:
      return Type.Int;
    case Atom.fraction:
      return Type.Fraction;
    case Atom.string:
    case Atom.str:
    case Atom.s:
      return Type.String;
    case Atom.boolean:
    case Atom.bool:
    case Atom.b:
      return Type.Bool;
    case Atom.bitmask:
      return Type.Bitmask;
    case Atom.buffer:
      return Type.Bytes;
    default:
      return -1;
  }
}

/**
 * Parses GStreamer's text form of caps.
 * @returns new caps, or null; then capsError() and capsErrorAt() tell why and where
 */
export function parseCaps(p: usize, n: u32): Caps | null {
  const c = cursor();
  c.start = p;
  c.pos = p;
  c.end = p + n;
  c.error = CapsError.None;
  c.depth = 0;
  const out = newCaps();
  while (true) {
    space();
    const from = c.pos;
    const length = word();
    if (!length) {
      fail(CapsError.Media);
      break;
    }
    const media = atomOf(from, length);
    if (!media) {
      c.pos = from;
      fail(CapsError.Size);
      break;
    }
    const alone = !out.count && from == skipped(p, c.end);
    if (alone && (media == Atom.ANY || media == Atom.EMPTY || media == Atom.NONE)) {
      space();
      if (c.pos < c.end) {
        fail(CapsError.Trailing);
        break;
      }
      capsUnref(out);
      return media == Atom.ANY ? anyCaps() : emptyCaps();
    }
    const s = out.add(media, 0);
    if (!s) {
      fail(CapsError.Size);
      break;
    }
    if (peek() == 40 && !features(s)) break;
    let ok = true;
    while (ok && accept(44)) ok = parseField(s);
    if (!ok) break;
    space();
    if (c.pos >= c.end) return out;
    if (!accept(59)) {
      fail(CapsError.Trailing);
      break;
    }
    space();
    // A semicolon may end the text.
    if (c.pos >= c.end) return out;
  }
  capsUnref(out);
  return null;
}

function skipped(p: usize, end: usize): usize {
  while (p < end && isSpace(load<u8>(p))) p++;
  return p;
}

/** The features in parentheses behind a media type; memory:SystemMemory is what their absence means. */
function features(s: Structure): bool {
  const c = cursor();
  c.pos++;
  space();
  const from = c.pos;
  while (c.pos < c.end && load<u8>(c.pos) != 41) c.pos++;
  if (c.pos >= c.end) return fail(CapsError.Open);
  let to = c.pos;
  while (to > from && isSpace(load<u8>(to - 1))) to--;
  const feature = atomOf(from, <u32>(to - from));
  if (!feature) return fail(CapsError.Size);
  s.feature = feature == Atom.ANY ? ANY_FEATURE : feature == Atom.memory_SystemMemory ? 0 : feature;
  c.pos++;
  return true;
}

function parseField(s: Structure): bool {
  const c = cursor();
  space();
  const from = c.pos;
  const length = word();
  if (!length) return fail(CapsError.Field);
  const field = atomOf(from, length);
  if (!field) return fail(CapsError.Size);
  if (!accept(61)) return fail(CapsError.Equals);
  const slot = s.slot(field);
  if (!slot) return fail(CapsError.Size);
  return parseValue(slot, Type.Guess);
}

/** A value with an optional type in front; on failure the slot owns nothing. */
function parseValue(v: Value, type: i32): bool {
  const c = cursor();
  v.kind = Kind.Bool;
  if (accept(40)) {
    const at = (space(), c.pos);
    const n = word();
    type = typeOf(findAtom(at, n));
    if (type < 0) {
      c.pos = at;
      return fail(CapsError.Type);
    }
    if (!accept(41)) return fail(CapsError.Open);
  }
  space();
  const ch = peek();
  if (ch == 123) return items(v, type, Kind.List, 125);
  if (ch == 60) return items(v, type, Kind.Array, 62);
  if (ch == 91) return range(v, type);
  return plain(v, type);
}

function items(v: Value, type: i32, kind: Kind, close: u32): bool {
  const c = cursor();
  c.pos++;
  // A list of lists is flat, so depth comes from arrays alone.
  if (++c.depth > 4) return fail(CapsError.Size);
  let room: u32 = 8;
  let data = allocValues(room);
  if (!data) return fail(CapsError.Size);
  v.set(kind, <i32>data, 0);
  let ok = true;
  if (!accept(close)) {
    while (ok) {
      if (<u32>v.b == room) {
        room <<= 1;
        const grown: usize = room > MAX_LIST ? 0 : allocValues(room);
        if (!grown) {
          ok = fail(CapsError.Size);
          break;
        }
        memory.copy(grown, data, <usize>v.b * VALUE_SIZE);
        free(data);
        data = grown;
        v.a = <i32>data;
      }
      const slot = v.item(v.b);
      slot.field = 0;
      ok = parseValue(slot, type);
      if (!ok) break;
      if (kind == Kind.List && slot.kind == Kind.List) {
        freeValue(slot);
        ok = fail(CapsError.Value);
        break;
      }
      v.b++;
      if (accept(close)) break;
      if (!accept(44)) ok = fail(CapsError.Open);
    }
  }
  c.depth--;
  if (ok && kind == Kind.List && !v.b) ok = fail(CapsError.Value);
  if (ok && kind == Kind.List && v.b == 1) {
    const only = v.item(0);
    v.set(only.kind, only.a, only.b);
    v.c = only.c;
    v.d = only.d;
    free(data);
    return true;
  }
  if (!ok) {
    freeValue(v);
    v.kind = Kind.Bool;
  }
  return ok;
}

const LOW: usize = memory.data(24, 8);
const HIGH: usize = memory.data(24, 8);

function range(v: Value, type: i32): bool {
  const c = cursor();
  c.pos++;
  const lo = changetype<Value>(LOW);
  const hi = changetype<Value>(HIGH);
  if (!number(lo, type)) return false;
  if (!accept(44)) return fail(CapsError.Open);
  if (!number(hi, lo.kind == Kind.Int ? Type.Int : Type.Fraction)) return false;
  let step: i64 = 1;
  if (accept(44)) {
    space();
    const from = c.pos;
    const n = word();
    if (lo.kind != Kind.Int || !parseInt64(from, n, NUMBER)) return fail(CapsError.Value);
    step = load<i64>(NUMBER);
    if (step < 1 || step > <i64>u32.MAX_VALUE) return fail(CapsError.Value);
  }
  if (!accept(93)) return fail(CapsError.Open);
  const ok = lo.kind == Kind.Int ? v.setRange(lo.a, hi.a, step) : v.setFractionRange(lo.a, lo.b, hi.a, hi.b);
  if (!ok) {
    v.kind = Kind.Bool;
    return fail(CapsError.Value);
  }
  return true;
}

function number(v: Value, type: i32): bool {
  if (type == Type.Uint) type = Type.Int;
  if (type != Type.Guess && type != Type.Int && type != Type.Fraction) return fail(CapsError.Value);
  space();
  const c = cursor();
  const from = c.pos;
  const n = word();
  if (type != Type.Fraction && simple(v, from, n, Type.Int)) return true;
  if (type != Type.Int && simple(v, from, n, Type.Fraction)) return true;
  c.pos = from;
  return fail(CapsError.Value);
}

/** A value that is a word or a quoted string. */
function plain(v: Value, type: i32): bool {
  const c = cursor();
  space();
  const from = c.pos;
  if (peek() == 34) {
    const n = quoted();
    if (n < 0) return fail(CapsError.Open);
    if (type == Type.Guess) type = Type.String;
    if (simple(v, WORD, n, type)) return true;
  } else {
    const n = word();
    if (n && simple(v, from, n, type)) return true;
  }
  c.pos = from;
  v.kind = Kind.Bool;
  return fail(CapsError.Value);
}

/** Copies a quoted string without its quotes and backslashes to WORD; its length, or -1 when it is open or too long. */
function quoted(): i32 {
  const c = cursor();
  c.pos++;
  let n: u32 = 0;
  while (c.pos < c.end) {
    let ch = <u32>load<u8>(c.pos++);
    if (ch == 34) return <i32>n;
    if (ch == 92 && c.pos < c.end) ch = load<u8>(c.pos++);
    if (n == 255) return -1;
    store<u8>(WORD + n, ch);
    n++;
  }
  return -1;
}

/** Reads a text as a value of a type; Guess tries them in GStreamer's order. */
function simple(v: Value, p: usize, n: u32, type: i32): bool {
  switch (type) {
    case Type.Uint:
      if (parseInt64(p, n, NUMBER) && load<i64>(NUMBER) > i32.MAX_VALUE && load<i64>(NUMBER) <= <i64>u32.MAX_VALUE) {
        v.setUint(<u32>load<i64>(NUMBER));
        return true;
      }
      return simple(v, p, n, Type.Int);
    case Type.Int: {
      const a = findAtom(p, n);
      if (a == Atom.max || a == Atom.MAX) v.setInt(i32.MAX_VALUE);
      else if (a == Atom.min || a == Atom.MIN) v.setInt(i32.MIN_VALUE);
      else {
        if (!parseInt64(p, n, NUMBER)) return false;
        const x = load<i64>(NUMBER);
        if (x < i32.MIN_VALUE || x > i32.MAX_VALUE) return false;
        v.setInt(<i32>x);
      }
      return true;
    }
    case Type.Fraction: {
      let slash: u32 = 0;
      while (slash < n && load<u8>(p + slash) != 47) slash++;
      if (!simple(v, p, slash, Type.Int)) return false;
      const num = v.a;
      let den = 1;
      if (slash < n) {
        if (!simple(v, p + slash + 1, n - slash - 1, Type.Int)) return false;
        den = v.a;
      }
      return v.setFraction(num, den);
    }
    case Type.String: {
      const a = n ? atomOf(p, n) : Atom.None;
      if (n && !a) return false;
      v.set(Kind.String, <i32>a, 0);
      return true;
    }
    case Type.Bool: {
      const a = findAtom(p, n);
      if (a == Atom._true || a == Atom.TRUE || a == Atom.yes || (n == 1 && load<u8>(p) == 49)) v.set(Kind.Bool, 1, 0);
      else if (a == Atom._false || a == Atom.FALSE || a == Atom.no || (n == 1 && load<u8>(p) == 48))
        v.set(Kind.Bool, 0, 0);
      else return false;
      return true;
    }
    case Type.Bitmask: {
      if (!parseInt64(p, n, NUMBER)) return false;
      v.set(Kind.Bitmask, <i32>load<i64>(NUMBER), <i32>(load<i64>(NUMBER) >> 32));
      return true;
    }
    case Type.Bytes:
      return hexBytes(v, p, n);
    default:
      if (isDigit(load<u8>(p)) || load<u8>(p) == 45 || load<u8>(p) == 43) {
        if (simple(v, p, n, Type.Int)) return true;
        if (simple(v, p, n, Type.Fraction)) return true;
      } else {
        const a = findAtom(p, n);
        if (a == Atom._true || a == Atom._false || a == Atom.TRUE || a == Atom.FALSE) return simple(v, p, n, Type.Bool);
      }
      return simple(v, p, n, Type.String);
  }
}

/** The value of a hexadecimal digit; 256, which spoils the byte that it stands in, for another character. */
function hexDigit(c: u32): u32 {
  if (isDigit(c)) return c - 48;
  const l = (c | 32) - 97;
  return l < 6 ? l + 10 : 256;
}

function hexBytes(v: Value, p: usize, n: u32): bool {
  if (n & 1) return false;
  const q = alloc(max<u32>(n >> 1, 1), Owner.Caps);
  if (!q) return false;
  for (let i: u32 = 0; i < n; i += 2) {
    const b = (hexDigit(load<u8>(p + i)) << 4) | hexDigit(load<u8>(p + i + 1));
    if (b > 255) {
      free(q);
      return false;
    }
    store<u8>(q + (i >> 1), b);
  }
  v.set(Kind.Bytes, <i32>q, <i32>(n >> 1));
  return true;
}
