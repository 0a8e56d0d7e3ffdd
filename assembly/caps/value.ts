import { sameBytes } from "../base/bytes";
import { Owner, alloc, free } from "../base/heap";

/** What a caps value is. All but the ranges and List are fixed; an Array is fixed when all its items are. */
export const enum Kind {
  Int = 1,
  IntRange,
  Fraction,
  FractionRange,
  String,
  Bool,
  Bitmask,
  /** Bytes compared by content: codec data. */
  Bytes,
  /** Any one of its items. */
  List,
  /** All of its items, in order. */
  Array,
  /** A number from 2^31 up to 2^32, which is no Int. */
  Uint,
}

/**
 * A value of a caps field, 24 bytes, the same in a structure (with its field) and in a list (without).
 *
 *      0 field  atom of the field, 0 in a list or array
 *      4 kind
 *      8 a      Int, Uint, Bool: value   ranges: minimum    Fraction(Range): numerator    String: atom
 *               Bitmask: low half  Bytes, List, Array: address
 *     12 b      IntRange: maximum  Fraction(Range): denominator   Bitmask: high half
 *               Bytes: length      List, Array: items
 *     16 c      IntRange: step (u32)  FractionRange: numerator of the maximum
 *     20 d                         FractionRange: denominator of the maximum
 */
@unmanaged
export class Value {
  field: u32;
  kind: Kind;
  a: i32;
  b: i32;
  c: i32;
  d: i32;

  @inline
  setInt(v: i32): void {
    this.kind = Kind.Int;
    this.a = v;
    this.b = 0;
    this.c = 0;
    this.d = 0;
  }

  /** Sets a number without a sign: an Int if it can be one. */
  setUint(v: u32): void {
    this.setInt(v);
    if (this.a < 0) this.kind = Kind.Uint;
  }

  /** Sets the numbers lo, lo + step … up to hi; one number becomes an Int. False when there is none. */
  setRange(lo: i32, hi: i32, step: i64): bool {
    if (lo > hi || step < 1) return false;
    hi = <i32>(<i64>lo + ((<i64>hi - lo) / step) * step);
    if (lo == hi) {
      this.setInt(lo);
      return true;
    }
    this.kind = Kind.IntRange;
    this.a = lo;
    this.b = hi;
    this.c = <i32>(<u32>step);
    this.d = 0;
    return true;
  }

  /** Sets n / d in lowest terms; false for d = 0. */
  setFraction(n: i32, d: i32): bool {
    if (!d) return false;
    let nn: i64 = n;
    let dd: i64 = d;
    if (dd < 0) {
      nn = -nn;
      dd = -dd;
    }
    const g = gcd(nn < 0 ? -nn : nn, dd);
    nn /= g;
    dd /= g;
    if (nn > i32.MAX_VALUE || nn < i32.MIN_VALUE || dd > i32.MAX_VALUE) return false;
    this.kind = Kind.Fraction;
    this.a = <i32>nn;
    this.b = <i32>dd;
    this.c = 0;
    this.d = 0;
    return true;
  }

  /** Sets all fractions from n1/d1 to n2/d2; equal ends become a Fraction. False when the range is empty. */
  setFractionRange(n1: i32, d1: i32, n2: i32, d2: i32): bool {
    if (!this.setFraction(n2, d2)) return false;
    const cn = this.a;
    const cd = this.b;
    if (!this.setFraction(n1, d1)) return false;
    const order = compareFractions(this.a, this.b, cn, cd);
    if (order > 0) return false;
    if (order == 0) return true;
    this.kind = Kind.FractionRange;
    this.c = cn;
    this.d = cd;
    return true;
  }

  @inline
  set(kind: Kind, a: i32, b: i32): void {
    this.kind = kind;
    this.a = a;
    this.b = b;
    this.c = 0;
    this.d = 0;
  }

  // What is unsigned is loaded as such: the optimizer loads a signed field with its sign, whatever it is cast to.

  /** The step of an IntRange. */
  @inline
  get step(): i64 {
    return <i64>load<u32>(changetype<usize>(this), offsetof<Value>("c"));
  }

  /** The number of an Int that is not negative, or of a Uint. */
  @inline
  get number(): u32 {
    return load<u32>(changetype<usize>(this), offsetof<Value>("a"));
  }

  /** The bits of a Bitmask. */
  @inline
  get mask(): u64 {
    return load<u64>(changetype<usize>(this), offsetof<Value>("a"));
  }

  /** Item `i` of a List or Array. */
  @inline
  item(i: u32): Value {
    return changetype<Value>(<usize>this.a + <usize>i * VALUE_SIZE);
  }

  /** How many alternatives there are: the items of a List, else one. */
  @inline
  get alternatives(): u32 {
    return this.kind == Kind.List ? <u32>this.b : 1;
  }

  /** Alternative `i`. */
  @inline
  alternative(i: u32): Value {
    return this.kind == Kind.List ? this.item(i) : this;
  }

  /** Whether this is one value. */
  isFixed(): bool {
    if (this.kind == Kind.Array) {
      for (let i: u32 = 0; i < <u32>this.b; i++) if (!this.item(i).isFixed()) return false;
      return true;
    }
    return this.kind != Kind.List && this.kind != Kind.IntRange && this.kind != Kind.FractionRange;
  }
}

export const VALUE_SIZE: usize = 24;

export function gcd(a: i64, b: i64): i64 {
  while (b) {
    const t = a % b;
    a = b;
    b = t;
  }
  return a ? a : 1;
}

/** Sign of n1/d1 - n2/d2; denominators are positive. */
@inline
export function compareFractions(n1: i32, d1: i32, n2: i32, d2: i32): i32 {
  const l = <i64>n1 * d2;
  const r = <i64>n2 * d1;
  return <i32>(l > r) - <i32>(l < r);
}

/** Room for `n` values, zeroed; 0 when the heap has none. */
export function allocValues(n: u32): usize {
  const p = alloc(n * <u32>VALUE_SIZE, Owner.Caps);
  if (p) memory.fill(p, 0, <usize>n * VALUE_SIZE);
  return p;
}

/** Copies a value with what it owns, keeping the field of `to`; false when the heap has no room (then `to` is Bool). */
export function copyValue(to: Value, from: Value): bool {
  to.kind = from.kind;
  to.a = from.a;
  to.b = from.b;
  to.c = from.c;
  to.d = from.d;
  if (from.kind == Kind.Bytes) {
    const p = alloc(max<u32>(<u32>from.b, 1), Owner.Caps);
    if (!p) return spoil(to);
    memory.copy(p, <usize>from.a, <usize>from.b);
    to.a = <i32>p;
  } else if (from.kind == Kind.List || from.kind == Kind.Array) {
    const n = <u32>from.b;
    const p = allocValues(max<u32>(n, 1));
    if (!p) return spoil(to);
    to.a = <i32>p;
    for (let i: u32 = 0; i < n; i++) {
      if (!copyValue(to.item(i), from.item(i))) {
        to.b = <i32>i;
        freeValue(to);
        return spoil(to);
      }
    }
  }
  return true;
}

function spoil(v: Value): bool {
  v.set(Kind.Bool, 0, 0);
  return false;
}

/** Gives back what a value owns, not the record itself. */
export function freeValue(v: Value): void {
  if (v.kind == Kind.List || v.kind == Kind.Array) {
    for (let i: u32 = 0; i < <u32>v.b; i++) freeValue(v.item(i));
    free(<usize>v.a);
  } else if (v.kind == Kind.Bytes) free(<usize>v.a);
}

/** Whether two values of the same form are written alike; lists are compared item by item. */
export function sameValue(x: Value, y: Value): bool {
  if (x.kind != y.kind) return false;
  if (x.kind == Kind.Bytes) return x.b == y.b && sameBytes(<usize>x.a, <usize>y.a, <u32>x.b);
  if (x.kind == Kind.List || x.kind == Kind.Array) {
    if (x.b != y.b) return false;
    for (let i: u32 = 0; i < <u32>x.b; i++) if (!sameValue(x.item(i), y.item(i))) return false;
    return true;
  }
  return x.a == y.a && x.b == y.b && x.c == y.c && x.d == y.d;
}
