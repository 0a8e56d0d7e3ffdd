import { Owner, alloc, free } from "../base/heap";
import { RECORDREADER_SIZE, RecordReader, recordDouble, recordInt, recordText } from "../base/records";
import { TEXT_SIZE, Text, parseDouble, parseInt64 } from "../base/text";
import { Writer } from "../base/writer";
import { Caps, capsUnref } from "../caps/caps";
import { parseCaps } from "../caps/parse";
import { printCaps } from "../caps/print";
import { Atom } from "../generated/words";
import { findAtom } from "./atom";

export const enum PropertyType {
  Bool = 1,
  Int = 2,
  UInt = 3,
  Int64 = 4,
  UInt64 = 5,
  Double = 6,
  String = 7,
  Enum = 8,
  Fraction = 9,
  Caps = 10,
}

export const enum PropertyFlag {
  None = 0,
  /** Cannot be set. */
  ReadOnly = 1,
  /** Can only be set before the pipeline has started. */
  Before = 2,
}

/** A property as the descriptor has it; texts and values stay in the descriptor. */
@unmanaged
export class PropertySpec {
  name: u32;
  type: PropertyType;
  flags: u32;
  initial: usize;
  initialLength: u32;
  low: usize;
  lowLength: u32;
  high: usize;
  highLength: u32;
  values: u32;
  valuesAt: usize;
  valuesEnd: usize;
}

/**
 * Values stand in slots of eight bytes: numbers, booleans and enums as i64, a Double as its bits, a Fraction as two i32,
 * a String as the address of a heap copy (u32 length in front; 0: not set), Caps as their address (0: not set).
 */
export const SLOT_SIZE: u32 = 8;

const PARSED: usize = memory.data(8, 8);
const READER: usize = memory.data(RECORDREADER_SIZE, 4);

@inline
function reader(): RecordReader {
  return changetype<RecordReader>(READER);
}

/** Sets a slot from text as a launch line has it; false when the text is no value of this property. */
export function setFromText(spec: PropertySpec, slot: usize, p: usize, n: u32): bool {
  switch (spec.type) {
    case PropertyType.Bool: {
      const a = findAtom(p, n);
      if (a == Atom._true || a == Atom.TRUE || a == Atom.yes || a == Atom.True || (n == 1 && load<u8>(p) == 49)) {
        store<i64>(slot, 1);
      } else if (
        a == Atom._false ||
        a == Atom.FALSE ||
        a == Atom.no ||
        a == Atom.False ||
        (n == 1 && load<u8>(p) == 48)
      ) {
        store<i64>(slot, 0);
      } else return false;
      return true;
    }
    case PropertyType.Int:
    case PropertyType.UInt:
    case PropertyType.Int64:
    case PropertyType.UInt64: {
      if (!parseInt64(p, n, PARSED)) return false;
      const v = load<i64>(PARSED);
      if (spec.type == PropertyType.Int && (v < i32.MIN_VALUE || v > i32.MAX_VALUE)) return false;
      if (spec.type == PropertyType.UInt && (v < 0 || v > 0xffffffff)) return false;
      if (spec.type == PropertyType.UInt64 && v < 0) return false;
      if (spec.lowLength && parseInt64(spec.low, spec.lowLength, PARSED) && v < load<i64>(PARSED)) return false;
      if (spec.highLength && parseInt64(spec.high, spec.highLength, PARSED) && v > load<i64>(PARSED)) return false;
      store<i64>(slot, v);
      return true;
    }
    case PropertyType.Double: {
      if (!parseDouble(p, n, PARSED)) return false;
      const v = load<f64>(PARSED);
      if (spec.lowLength && parseDouble(spec.low, spec.lowLength, PARSED) && v < load<f64>(PARSED)) return false;
      if (spec.highLength && parseDouble(spec.high, spec.highLength, PARSED) && v > load<f64>(PARSED)) return false;
      store<f64>(slot, v);
      return true;
    }
    case PropertyType.String: {
      const copy = alloc(n + 4, Owner.Property);
      if (!copy) return false;
      store<u32>(copy, n);
      memory.copy(copy + 4, p, n);
      free(load<usize>(slot));
      store<i64>(slot, copy);
      return true;
    }
    case PropertyType.Enum: {
      const numeric = parseInt64(p, n, PARSED);
      const wanted = load<i64>(PARSED);
      const r = reader().over(spec.valuesAt, <u32>(spec.valuesEnd - spec.valuesAt));
      while (r.more) {
        r.text();
        const nick = changetype<Text>(NICK).over(r.data, r.length);
        const v = r.int();
        if (numeric ? v == wanted : nick.same(p, n)) {
          store<i64>(slot, v);
          return true;
        }
      }
      return false;
    }
    case PropertyType.Fraction: {
      let slash: u32 = 0;
      while (slash < n && load<u8>(p + slash) != 47) slash++;
      if (!parseInt64(p, slash, PARSED)) return false;
      const num = load<i64>(PARSED);
      let den: i64 = 1;
      if (slash < n) {
        if (!parseInt64(p + slash + 1, n - slash - 1, PARSED)) return false;
        den = load<i64>(PARSED);
      }
      if (num < i32.MIN_VALUE || num > i32.MAX_VALUE || den < 1 || den > i32.MAX_VALUE) return false;
      store<i32>(slot, <i32>num);
      store<i32>(slot, <i32>den, 4);
      return true;
    }
    case PropertyType.Caps: {
      const caps = parseCaps(p, n);
      if (!caps) return false;
      const old = load<usize>(slot);
      if (old) capsUnref(changetype<Caps>(old));
      store<i64>(slot, changetype<usize>(caps));
      return true;
    }
    default:
      return false;
  }
}

const NICK: usize = memory.data(TEXT_SIZE, 4);
const PRINTED: usize = memory.data(TEXT_SIZE, 4);

/** Appends the value of a slot as a record: a number, or text for strings, enums, fractions and caps. */
export function recordProperty(w: Writer, spec: PropertySpec, slot: usize): void {
  switch (spec.type) {
    case PropertyType.Double:
      recordDouble(w, load<f64>(slot));
      break;
    case PropertyType.String: {
      const s = load<usize>(slot);
      if (s) recordText(w, s + 4, load<u32>(s));
      else recordText(w, 0, 0);
      break;
    }
    case PropertyType.Enum: {
      const r = reader().over(spec.valuesAt, <u32>(spec.valuesEnd - spec.valuesAt));
      while (r.more) {
        r.text();
        const nick = r.data;
        const length = r.length;
        if (r.int() == load<i64>(slot)) {
          recordText(w, nick, length);
          return;
        }
      }
      recordInt(w, load<i64>(slot));
      break;
    }
    case PropertyType.Fraction: {
      const t = changetype<Text>(PRINTED).into(SCRATCH, 32);
      t.i64(load<i32>(slot));
      t.byte(47);
      t.i64(load<i32>(slot, 4));
      recordText(w, SCRATCH, t.length);
      break;
    }
    case PropertyType.Caps: {
      const c = load<usize>(slot);
      const room = alloc(4096, Owner.Text);
      if (!room) return;
      const t = changetype<Text>(PRINTED).into(room, 4096);
      if (c) printCaps(t, changetype<Caps>(c));
      recordText(w, room, t.length);
      free(room);
      break;
    }
    default:
      recordInt(w, load<i64>(slot));
  }
}

const SCRATCH: usize = memory.data(32, 4);

/** Gives back what a slot owns. */
export function releaseSlot(spec: PropertySpec, slot: usize): void {
  if (spec.type == PropertyType.String) free(load<usize>(slot));
  else if (spec.type == PropertyType.Caps) capsUnref(changetype<Caps | null>(load<usize>(slot)));
  store<i64>(slot, 0);
}
