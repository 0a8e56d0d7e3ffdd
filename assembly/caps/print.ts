import { Text, isAlpha, isDigit } from "../base/text";
import { Atom } from "../generated/words";
import { atomData, atomLength, putAtom } from "../registry/atom";
import { ANY_FEATURE, Caps, Structure } from "./caps";
import { Kind, Value } from "./value";

const QUOTES: usize = memory.data<u8>([34, 34]);

/** Writes caps in GStreamer's text form. */
export function printCaps(out: Text, c: Caps): void {
  if (c.any) putAtom(out, Atom.ANY);
  else if (!c.count) putAtom(out, Atom.EMPTY);
  for (let i: u32 = 0; i < c.count; i++) {
    if (i) {
      out.byte(59);
      out.byte(32);
    }
    printStructure(out, c.at(i));
  }
}

export function printStructure(out: Text, s: Structure): void {
  putAtom(out, s.media);
  if (s.feature) {
    out.byte(40);
    putAtom(out, s.feature == ANY_FEATURE ? Atom.ANY : s.feature);
    out.byte(41);
  }
  for (let i: u32 = 0; i < s.count; i++) {
    const v = s.field(i);
    out.byte(44);
    out.byte(32);
    putAtom(out, v.field);
    out.byte(61);
    printValue(out, v);
  }
}

function typeName(k: Kind): Atom {
  switch (k) {
    case Kind.Int:
    case Kind.IntRange:
      return Atom.int;
    case Kind.Fraction:
    case Kind.FractionRange:
      return Atom.fraction;
    case Kind.Uint:
      return Atom.uint;
    case Kind.Bool:
      return Atom.boolean;
    case Kind.Bitmask:
      return Atom.bitmask;
    case Kind.Bytes:
      return Atom.buffer;
    default:
      return Atom.string;
  }
}

/** Writes a value with its type in front; in a list of one type, in front of the list. */
export function printValue(out: Text, v: Value): void {
  if (v.kind == Kind.List || v.kind == Kind.Array) {
    const mixed = isMixed(v);
    if (!mixed && v.b) printType(out, typeName(v.item(0).kind));
    const close = v.kind == Kind.List ? 125 : 62;
    out.byte(v.kind == Kind.List ? 123 : 60);
    for (let i: u32 = 0; i < <u32>v.b; i++) {
      out.byte(i ? 44 : 32);
      if (i) out.byte(32);
      if (mixed) printValue(out, v.item(i));
      else printPlain(out, v.item(i));
    }
    out.byte(32);
    out.byte(close);
    return;
  }
  printType(out, typeName(v.kind));
  printPlain(out, v);
}

function printType(out: Text, name: Atom): void {
  out.byte(40);
  putAtom(out, name);
  out.byte(41);
}

function isMixed(v: Value): bool {
  for (let i: u32 = 0; i < <u32>v.b; i++) {
    const k = v.item(i).kind;
    if (k == Kind.List || k == Kind.Array || typeName(k) != typeName(v.item(0).kind)) return true;
  }
  return false;
}

function printFraction(out: Text, n: i32, d: i32): void {
  out.i64(n);
  out.byte(47);
  out.i64(d);
}

function printPlain(out: Text, v: Value): void {
  switch (v.kind) {
    case Kind.Int:
      out.i64(v.a);
      break;
    case Kind.Uint:
      out.u64(v.number);
      break;
    case Kind.Fraction:
      printFraction(out, v.a, v.b);
      break;
    case Kind.IntRange:
    case Kind.FractionRange:
      out.byte(91);
      out.byte(32);
      if (v.kind == Kind.IntRange) out.i64(v.a);
      else printFraction(out, v.a, v.b);
      out.byte(44);
      out.byte(32);
      if (v.kind == Kind.IntRange) {
        out.i64(v.b);
        if (v.c != 1) {
          out.byte(44);
          out.byte(32);
          out.u64(v.step);
        }
      } else printFraction(out, v.c, v.d);
      out.byte(32);
      out.byte(93);
      break;
    case Kind.String:
      printString(out, v.a);
      break;
    case Kind.Bool:
      putAtom(out, v.a ? Atom._true : Atom._false);
      break;
    case Kind.Bitmask:
      out.byte(48);
      out.byte(120);
      out.hex(v.mask, 16);
      break;
    case Kind.Bytes:
      // Nothing at all would not be read back.
      if (!v.b) out.put(QUOTES, 2);
      for (let i: u32 = 0; i < <u32>v.b; i++) out.hex(load<u8>(<usize>v.a + i), 2);
      break;
    default:
      break;
  }
}

/** Quotes a string when a reader could take it for something else. */
function printString(out: Text, atom: u32): void {
  const p = atomData(atom);
  const n = atomLength(atom);
  let quote = n == 0;
  for (let i: u32 = 0; i < n; i++) {
    const c = <u32>load<u8>(p + i);
    if (!isAlpha(c) && !isDigit(c) && c != 45 && c != 95 && c != 43 && c != 46 && c != 47 && c != 58) quote = true;
  }
  if (!quote) {
    out.put(p, n);
    return;
  }
  out.byte(34);
  for (let i: u32 = 0; i < n; i++) {
    const c = <u32>load<u8>(p + i);
    if (c == 34 || c == 92) out.byte(92);
    out.byte(c);
  }
  out.byte(34);
}
