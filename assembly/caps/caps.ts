import { Owner, alloc, free, make } from "../base/heap";
import { Kind, VALUE_SIZE, Value, allocValues, copyValue, freeValue, sameValue } from "./value";

/**
 * One kind of stream: a media type, a memory feature and the fields that limit it. A field that is absent admits any
 * value. Sixteen bytes, in the array of its caps.
 *
 *      0 media    atom of the media type (video/x-raw)
 *      4 feature  atom of the memory feature, 0 for system memory, ANY_FEATURE for any
 *      8 count    fields
 *     12 fields   address of the values, in the order they were set
 */
@unmanaged
export class Structure {
  media: u32;
  feature: u32;
  count: u32;
  fields: usize;

  @inline
  field(i: u32): Value {
    return changetype<Value>(this.fields + <usize>i * VALUE_SIZE);
  }

  /** The value of a field, or null when any is allowed. */
  find(field: u32): Value | null {
    for (let i: u32 = 0; i < this.count; i++) {
      const v = this.field(i);
      if (v.field == field) return v;
    }
    return null;
  }

  isFixed(): bool {
    if (this.feature == ANY_FEATURE) return false;
    for (let i: u32 = 0; i < this.count; i++) if (!this.field(i).isFixed()) return false;
    return true;
  }

  /** The slot of a field, empty and ready to be set; an older value is given back. Null when there is no room. */
  slot(field: u32): Value | null {
    const have = this.find(field);
    if (have) {
      freeValue(have);
      have.kind = Kind.Bool;
      return have;
    }
    const n = this.count;
    if (n >= MAX_FIELDS) return null;
    // Room grows in steps of four.
    if ((n & 3) == 0) {
      const grown = allocValues(n + 4);
      if (!grown) return null;
      memory.copy(grown, this.fields, <usize>n * VALUE_SIZE);
      free(this.fields);
      this.fields = grown;
    }
    this.count = n + 1;
    const v = this.field(n);
    v.field = field;
    v.kind = Kind.Bool;
    return v;
  }

  /** Takes a field away. */
  unset(field: u32): void {
    for (let i: u32 = 0; i < this.count; i++) {
      const v = this.field(i);
      if (v.field != field) continue;
      freeValue(v);
      this.count--;
      memory.copy(changetype<usize>(v), changetype<usize>(v) + VALUE_SIZE, <usize>(this.count - i) * VALUE_SIZE);
      return;
    }
  }

  release(): void {
    for (let i: u32 = 0; i < this.count; i++) freeValue(this.field(i));
    free(this.fields);
    this.fields = 0;
    this.count = 0;
  }
}

/** The feature of a structure that takes any memory. */
export const ANY_FEATURE: u32 = 0xffffffff;

/** Fields that a structure may have. */
export const MAX_FIELDS: u32 = 64;

/** Structures that caps may have. */
export const MAX_STRUCTURES: u32 = 256;

const STRUCTURE_SIZE: usize = 16;

/**
 * Caps: the union of their structures, best first; or anything. Reference-counted, and not changed once shared.
 *
 *      0 refs
 *      4 any    admits everything; there are no structures then
 *      8 count  structures; none and not any is empty: nothing fits
 *     12 room
 *     16 items
 */
@unmanaged
export class Caps {
  refs: u32;
  any: bool;
  count: u32;
  room: u32;
  items: usize;

  @inline
  at(i: u32): Structure {
    return changetype<Structure>(this.items + <usize>i * STRUCTURE_SIZE);
  }

  @inline
  get isEmpty(): bool {
    return !this.any && !this.count;
  }

  /** Whether these are caps of one stream: one structure, every field one value. */
  isFixed(): bool {
    return !this.any && this.count == 1 && this.at(0).isFixed();
  }

  /** Appends an empty structure; null when there is no room. */
  add(media: u32, feature: u32): Structure | null {
    const n = this.count;
    // The empty caps that newCaps gives where the heap has no room stay empty.
    if (n >= MAX_STRUCTURES || isStatic(this)) return null;
    if (n == this.room) {
      const room = n ? n << 1 : 1;
      const grown = alloc(room * <u32>STRUCTURE_SIZE, Owner.Caps);
      if (!grown) return null;
      memory.copy(grown, this.items, <usize>n * STRUCTURE_SIZE);
      free(this.items);
      this.items = grown;
      this.room = room;
    }
    this.count = n + 1;
    const s = this.at(n);
    s.media = media;
    s.feature = feature;
    s.count = 0;
    s.fields = 0;
    return s;
  }

  /** Appends a copy of a structure, which may be one of these caps; null when there is no room. */
  addCopy(from: Structure): Structure | null {
    const at = changetype<usize>(from) - this.items;
    const own = at < <usize>this.count * STRUCTURE_SIZE;
    const s = this.add(from.media, from.feature);
    if (!s) return null;
    // Its own structures may just have moved.
    if (!copyFields(s, own ? changetype<Structure>(this.items + at) : from)) {
      this.dropLast();
      return null;
    }
    return s;
  }

  /** Removes the last structure. */
  dropLast(): void {
    this.at(--this.count).release();
  }

  /** Removes structure `i`. */
  removeAt(i: u32): void {
    this.at(i).release();
    this.count--;
    const p = this.items + <usize>i * STRUCTURE_SIZE;
    memory.copy(p, p + STRUCTURE_SIZE, <usize>(this.count - i) * STRUCTURE_SIZE);
  }

  // Setters for the last structure, for building caps in code. They do nothing where there is no room.

  setInt(field: u32, v: i32): Caps {
    const slot = this.last(field);
    if (slot) slot.setInt(v);
    return this;
  }

  setUint(field: u32, v: u32): Caps {
    const slot = this.last(field);
    if (slot) slot.setUint(v);
    return this;
  }

  setFraction(field: u32, n: i32, d: i32): Caps {
    const slot = this.last(field);
    if (slot && !slot.setFraction(n, d)) this.at(this.count - 1).unset(field);
    return this;
  }

  /** Sets a field to a string, given by its atom. */
  setString(field: u32, atom: u32): Caps {
    const slot = this.last(field);
    if (slot) slot.set(Kind.String, <i32>atom, 0);
    return this;
  }

  setBool(field: u32, v: bool): Caps {
    const slot = this.last(field);
    if (slot) slot.set(Kind.Bool, v ? 1 : 0, 0);
    return this;
  }

  setMask(field: u32, v: u64): Caps {
    const slot = this.last(field);
    if (slot) slot.set(Kind.Bitmask, <i32>v, <i32>(v >> 32));
    return this;
  }

  /** Sets a field to a copy of bytes. */
  setBytes(field: u32, p: usize, n: u32): Caps {
    const q = alloc(max<u32>(n, 1), Owner.Caps);
    if (!q) return this;
    const slot = this.last(field);
    if (!slot) {
      free(q);
      return this;
    }
    memory.copy(q, p, n);
    slot.set(Kind.Bytes, <i32>q, <i32>n);
    return this;
  }

  private last(field: u32): Value | null {
    return this.count ? this.at(this.count - 1).slot(field) : null;
  }

  // Getters from the first structure, for fixed caps.

  @inline
  get media(): u32 {
    return this.count ? this.at(0).media : 0;
  }

  @inline
  get feature(): u32 {
    return this.count ? this.at(0).feature : 0;
  }

  /** A field of the first structure, or null. */
  @inline
  find(field: u32): Value | null {
    return this.count ? this.at(0).find(field) : null;
  }

  getInt(field: u32, otherwise: i32): i32 {
    const v = this.find(field);
    return v && v.kind == Kind.Int ? v.a : otherwise;
  }

  /** A number without a sign, or -1. */
  getUint(field: u32): i64 {
    const v = this.find(field);
    if (!v || (v.kind != Kind.Uint && (v.kind != Kind.Int || v.a < 0))) return -1;
    return v.number;
  }

  /** Atom of a string field, or 0. */
  getString(field: u32): u32 {
    const v = this.find(field);
    return v && v.kind == Kind.String ? <u32>v.a : 0;
  }

  getBool(field: u32, otherwise: bool): bool {
    const v = this.find(field);
    return v && v.kind == Kind.Bool ? v.a != 0 : otherwise;
  }

  /** A field that is bytes, or null. */
  getBytes(field: u32): Value | null {
    const v = this.find(field);
    return v && v.kind == Kind.Bytes ? v : null;
  }
}

export function copyFields(to: Structure, from: Structure): bool {
  for (let i: u32 = 0; i < from.count; i++) {
    const v = from.field(i);
    const slot = to.slot(v.field);
    if (!slot || !copyValue(slot, v)) return false;
  }
  return true;
}

const EMPTY: usize = memory.data(20, 4);
const ANY: usize = memory.data(20, 4);
const STATIC_REFS: u32 = 0x40000000;

/** Caps that nothing fits. */
export function emptyCaps(): Caps {
  const c = changetype<Caps>(EMPTY);
  c.refs = STATIC_REFS;
  return c;
}

/** Caps that everything fits. */
export function anyCaps(): Caps {
  const c = changetype<Caps>(ANY);
  c.refs = STATIC_REFS;
  c.any = true;
  return c;
}

/** Caps without a structure yet, one reference. When the heap has no room these are the empty caps. */
export function newCaps(): Caps {
  const c = make<Caps>(Owner.Caps);
  if (!changetype<usize>(c)) return emptyCaps();
  c.refs = 1;
  return c;
}

/** Caps with one structure to be filled by the setters. */
export function capsOf(media: u32): Caps {
  const c = newCaps();
  if (c.refs < STATIC_REFS) c.add(media, 0);
  return c;
}

@inline
function isStatic(c: Caps): bool {
  return changetype<usize>(c) == EMPTY || changetype<usize>(c) == ANY;
}

export function capsRef(c: Caps): Caps {
  if (!isStatic(c)) c.refs++;
  return c;
}

export function capsUnref(c: Caps | null): void {
  if (!c || isStatic(c) || --c.refs) return;
  while (c.count) c.dropLast();
  free(c.items);
  free(changetype<usize>(c));
}

/** A copy that the caller alone holds and may change. */
export function copyCaps(c: Caps): Caps {
  if (c.any) return anyCaps();
  const copy = newCaps();
  if (isStatic(copy)) return copy;
  for (let i: u32 = 0; i < c.count; i++) if (!copy.addCopy(c.at(i))) break;
  return copy;
}

/** Whether two caps are written alike, fields in any order. Fixed caps are the same stream exactly then. */
export function sameCaps(x: Caps, y: Caps): bool {
  if (changetype<usize>(x) == changetype<usize>(y)) return true;
  if (x.any != y.any || x.count != y.count) return false;
  for (let i: u32 = 0; i < x.count; i++) {
    const s = x.at(i);
    const t = y.at(i);
    if (s.media != t.media || s.feature != t.feature || s.count != t.count) return false;
    for (let j: u32 = 0; j < s.count; j++) {
      const v = s.field(j);
      const w = t.find(v.field);
      if (!w || !sameValue(v, w)) return false;
    }
  }
  return true;
}
