import { Kind, VALUE_SIZE, Value, compareFractions, copyValue, freeValue, gcd, allocValues, sameValue } from "./value";

/**
 * Set operations on caps values. A value stands for the set of fixed values it admits: a List for the union of its
 * items, an IntRange for an arithmetic progression, a FractionRange for a closed interval of rationals.
 */

/** Items that a list may have; more make an operation fail rather than grow without bound. */
export const MAX_LIST: u32 = 256;

/** Ranges over which a cover is decided by inclusion and exclusion. */
const MAX_EXACT: u32 = 10;

@inline
function lowOf(v: Value): i64 {
  return v.a;
}

@inline
function highOf(v: Value): i64 {
  return v.kind == Kind.IntRange ? v.b : v.a;
}

@inline
function stepOf(v: Value): i64 {
  return v.kind == Kind.IntRange ? v.step : 1;
}

@inline
function isInt(v: Value): bool {
  return v.kind == Kind.Int || v.kind == Kind.IntRange;
}

@inline
function isFraction(v: Value): bool {
  return v.kind == Kind.Fraction || v.kind == Kind.FractionRange;
}

/** A progression: lo, lo + step … hi. */
@unmanaged
class Progression {
  lo: i64;
  hi: i64;
  step: i64;
}

const SCRATCH: usize = memory.data(24 * 12, 8);

@inline
function scratch(i: u32): Progression {
  return changetype<Progression>(SCRATCH + <usize>i * 24);
}

/** Modular inverse of a modulo m, both positive and coprime. */
function inverse(a: i64, m: i64): i64 {
  let t: i64 = 0;
  let nt: i64 = 1;
  let r: i64 = m;
  let nr: i64 = a % m;
  while (nr) {
    const q = r / nr;
    const t2 = t - q * nt;
    t = nt;
    nt = t2;
    const r2 = r - q * nr;
    r = nr;
    nr = r2;
  }
  return t < 0 ? t + m : t;
}

const FAR: i64 = 1 << 34;

/** Intersection of two progressions into `out`; false when it is empty. */
function meet(out: Progression, lo1: i64, hi1: i64, s1: i64, lo2: i64, hi2: i64, s2: i64): bool {
  const g = gcd(s1, s2);
  const diff = lo2 - lo1;
  if (diff % g) return false;
  const m = s2 / g;
  // x = lo1 + s1 * k with k = diff / g * (s1 / g)^-1 modulo m; the factors stay below 2^32 each.
  let k: i64 = 0;
  if (m > 1) {
    k = (((diff / g) % m) + m) % m;
    k = <i64>((<u64>k * <u64>inverse((s1 / g) % m, m)) % <u64>m);
  }
  if (k > (hi1 - lo1) / s1) return false;
  // All numbers lie within 2^32 of each other, so a larger step need not be exact.
  const step = s1 > FAR / m ? FAR : s1 * m;
  let x = lo1 + s1 * k;
  const lo = max<i64>(lo1, lo2);
  const hi = min<i64>(hi1, hi2);
  if (x < lo) x += ((lo - x + step - 1) / step) * step;
  if (x > hi) return false;
  out.lo = x;
  out.hi = x + ((hi - x) / step) * step;
  out.step = step;
  return true;
}

/** Intersection of two values without lists in them (arrays may hold them) into `out`; false when it is empty. */
function meetPlain(out: Value, x: Value, y: Value): bool {
  if (isInt(x) && isInt(y)) {
    const p = scratch(11);
    if (!meet(p, lowOf(x), highOf(x), stepOf(x), lowOf(y), highOf(y), stepOf(y))) return false;
    if (p.lo == p.hi) {
      out.setInt(<i32>p.lo);
      return true;
    }
    return out.setRange(<i32>p.lo, <i32>p.hi, p.step);
  }
  if (isFraction(x) && isFraction(y)) {
    const xr = x.kind == Kind.FractionRange;
    const yr = y.kind == Kind.FractionRange;
    const lowX = compareFractions(x.a, x.b, y.a, y.b) >= 0;
    const xn = xr ? x.c : x.a;
    const xd = xr ? x.d : x.b;
    const yn = yr ? y.c : y.a;
    const yd = yr ? y.d : y.b;
    const highX = compareFractions(xn, xd, yn, yd) <= 0;
    return out.setFractionRange(lowX ? x.a : y.a, lowX ? x.b : y.b, highX ? xn : yn, highX ? xd : yd);
  }
  if (x.kind == Kind.Array && y.kind == Kind.Array) {
    if (x.b != y.b) return false;
    const p = allocValues(max<u32>(<u32>x.b, 1));
    if (!p) return false;
    out.set(Kind.Array, <i32>p, 0);
    for (let i: u32 = 0; i < <u32>x.b; i++) {
      if (!intersectValues(out.item(i), x.item(i), y.item(i))) {
        freeValue(out);
        return false;
      }
      out.b = <i32>(i + 1);
    }
    return true;
  }
  return sameValue(x, y) && copyValue(out, x);
}

/**
 * Intersection of two values into `out` (its field stays); what it owns is new. False, with nothing owned, when it is
 * empty, has more than MAX_LIST alternatives, or the heap has no room.
 */
export function intersectValues(out: Value, x: Value, y: Value): bool {
  const nx = x.alternatives;
  const ny = y.alternatives;
  if (nx == 1 && ny == 1) return meetPlain(out, x.alternative(0), y.alternative(0));
  const items = allocValues(min<u32>(nx * ny, MAX_LIST));
  if (!items) return false;
  out.set(Kind.List, <i32>items, 0);
  let n: u32 = 0;
  for (let i: u32 = 0; i < nx; i++) {
    for (let j: u32 = 0; j < ny; j++) {
      if (n == MAX_LIST) {
        freeValue(out);
        return false;
      }
      const item = out.item(n);
      item.field = 0;
      if (!meetPlain(item, x.alternative(i), y.alternative(j))) continue;
      if (absorbed(out, item)) {
        freeValue(item);
        continue;
      }
      out.b = <i32>++n;
    }
  }
  return settle(out);
}

/** Whether one of the items of `list` already covers `item`. */
function absorbed(list: Value, item: Value): bool {
  for (let i: u32 = 0; i < <u32>list.b; i++) if (plainSubset(item, list.item(i))) return true;
  return false;
}

/** A list of one becomes its item; an empty one is given back and gives false. */
function settle(list: Value): bool {
  const n = <u32>list.b;
  if (n > 1) return true;
  if (!n) {
    freeValue(list);
    return false;
  }
  const items = <usize>list.a;
  const only = list.item(0);
  list.set(only.kind, only.a, only.b);
  list.c = only.c;
  list.d = only.d;
  only.kind = Kind.Bool;
  const shell = changetype<Value>(items);
  shell.kind = Kind.List;
  shell.a = <i32>items;
  shell.b = 0;
  freeValue(shell);
  return true;
}

/** Whether all of `x` is in `y`, both without lists in them. */
function plainSubset(x: Value, y: Value): bool {
  if (isInt(x) && isInt(y)) {
    const lo = lowOf(x);
    const hi = highOf(x);
    const s = stepOf(y);
    if (lo < lowOf(y) || hi > highOf(y) || (lo - lowOf(y)) % s) return false;
    return lo == hi || stepOf(x) % s == 0;
  }
  if (isFraction(x) && isFraction(y)) {
    if (y.kind == Kind.Fraction) return x.kind == Kind.Fraction && x.a == y.a && x.b == y.b;
    if (compareFractions(x.a, x.b, y.a, y.b) < 0) return false;
    const r = x.kind == Kind.FractionRange;
    return compareFractions(r ? x.c : x.a, r ? x.d : x.b, y.c, y.d) <= 0;
  }
  if (x.kind == Kind.Array && y.kind == Kind.Array) {
    if (x.b != y.b) return false;
    for (let i: u32 = 0; i < <u32>x.b; i++) if (!subsetValues(x.item(i), y.item(i))) return false;
    return true;
  }
  return sameValue(x, y);
}

/** Whether every fixed value of `x` is one of `y`. */
export function subsetValues(x: Value, y: Value): bool {
  // Arrays come back here for their items, so the slot is put back.
  const outer = load<usize>(COVER);
  store<usize>(COVER, changetype<usize>(y));
  const yes = covered(x, COVER, 1);
  store<usize>(COVER, outer);
  return yes;
}

const COVER: usize = memory.data(4, 4);

/**
 * Whether every fixed value of `x` is in one of the `n` values whose addresses stand at `others`. Exact for all but
 * unions of more than MAX_EXACT progressions with steps over 1 in one interval, and unions of arrays whose items have
 * too many values to try or are no lists of numbers or words, where it may say no wrongly.
 */
export function covered(x: Value, others: usize, n: u32): bool {
  for (let i: u32 = 0; i < x.alternatives; i++) if (!coveredPlain(x.alternative(i), others, n)) return false;
  return true;
}

function coveredPlain(x: Value, others: usize, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) {
    const y = load<Value>(others + ((<usize>i) << 2));
    for (let j: u32 = 0; j < y.alternatives; j++) if (plainSubset(x, y.alternative(j))) return true;
  }
  if (x.kind == Kind.IntRange) return coveredInts(x, others, n);
  if (x.kind == Kind.FractionRange) return coveredFractions(x, others, n);
  if (x.kind == Kind.Array) return coveredArray(x, others, n);
  return false;
}

/** Values that one item of an array may have to be tried one by one. */
const MAX_SPLIT: i64 = 64;

/** Arrays that are left to be tried, and whether somebody counts. */
const TRIES: usize = memory.data(8, 4);

/** By the values of the first item that has several, one after the other; the item is as before at the end. */
function coveredArray(x: Value, others: usize, n: u32): bool {
  let i: u32 = 0;
  while (i < <u32>x.b && x.item(i).isFixed()) i++;
  if (i == <u32>x.b) return false;
  const outermost = !load<u32>(TRIES, 4);
  if (outermost) {
    store<u32>(TRIES, 1024);
    store<u32>(TRIES, 1, 4);
  }
  const v = x.item(i);
  const kind = v.kind;
  const a = v.a;
  const b = v.b;
  const c = v.c;
  const d = v.d;
  let yes = false;
  if (kind == Kind.List) {
    yes = true;
    for (let k: u32 = 0; k < <u32>b && yes; k++) {
      const item = changetype<Value>(<usize>a + <usize>k * VALUE_SIZE);
      v.set(item.kind, item.a, item.b);
      v.c = item.c;
      v.d = item.d;
      yes = tryArray(x, others, n);
    }
  } else if (kind == Kind.IntRange && (<i64>b - a) / v.step < MAX_SPLIT) {
    yes = true;
    const step = v.step;
    for (let k: i64 = a; k <= b && yes; k += step) {
      v.setInt(<i32>k);
      yes = tryArray(x, others, n);
    }
  }
  v.set(kind, a, b);
  v.c = c;
  v.d = d;
  if (outermost) store<u32>(TRIES, 0, 4);
  return yes;
}

function tryArray(x: Value, others: usize, n: u32): bool {
  const left = load<u32>(TRIES);
  if (!left) return false;
  store<u32>(TRIES, left - 1);
  return coveredPlain(x, others, n);
}

/** Sweeps from the low end of `x`: each value reached must be followed by one that is covered too. */
function coveredFractions(x: Value, others: usize, n: u32): bool {
  let an = x.a;
  let ad = x.b;
  let moved = true;
  let closed = false;
  while (moved) {
    if (closed && compareFractions(an, ad, x.c, x.d) >= 0) return true;
    moved = false;
    for (let i: u32 = 0; i < n; i++) {
      const y = load<Value>(others + ((<usize>i) << 2));
      for (let j: u32 = 0; j < y.alternatives; j++) {
        const v = y.alternative(j);
        if (v.kind != Kind.FractionRange || compareFractions(v.a, v.b, an, ad) > 0) continue;
        const c = compareFractions(v.c, v.d, an, ad);
        if (c > 0 || (c == 0 && !closed)) {
          an = v.c;
          ad = v.d;
          moved = true;
          closed = true;
        }
      }
    }
  }
  return closed && compareFractions(an, ad, x.c, x.d) >= 0;
}

/** By intervals when all steps are 1, by inclusion and exclusion while there are few, else by counting small sets. */
function coveredInts(x: Value, others: usize, n: u32): bool {
  let ranges: u32 = 0;
  let plain = true;
  for (let i: u32 = 0; i < n; i++) {
    const y = load<Value>(others + ((<usize>i) << 2));
    for (let j: u32 = 0; j < y.alternatives; j++) {
      const v = y.alternative(j);
      if (!isInt(v)) continue;
      const p = scratch(10);
      if (!meet(p, lowOf(x), highOf(x), stepOf(x), lowOf(v), highOf(v), stepOf(v))) continue;
      ranges++;
      if (p.step != stepOf(x) && p.lo != p.hi) plain = false;
    }
  }
  if (!ranges) return false;
  const count = (highOf(x) - lowOf(x)) / stepOf(x) + 1;
  if (plain) return sweepInts(x, others, n);
  if (ranges <= MAX_EXACT) {
    let k: u32 = 0;
    for (let i: u32 = 0; i < n; i++) {
      const y = load<Value>(others + ((<usize>i) << 2));
      for (let j: u32 = 0; j < y.alternatives; j++) {
        const v = y.alternative(j);
        if (isInt(v) && meet(scratch(k), lowOf(x), highOf(x), stepOf(x), lowOf(v), highOf(v), stepOf(v))) k++;
      }
    }
    return unionSize(lowOf(x), highOf(x), stepOf(x), 0, k) == count;
  }
  if (count > 65536) return false;
  for (let v = lowOf(x); v <= highOf(x); v += stepOf(x)) if (!anyHas(v, others, n)) return false;
  return true;
}

function anyHas(value: i64, others: usize, n: u32): bool {
  for (let i: u32 = 0; i < n; i++) {
    const y = load<Value>(others + ((<usize>i) << 2));
    for (let j: u32 = 0; j < y.alternatives; j++) {
      const v = y.alternative(j);
      if (isInt(v) && value >= lowOf(v) && value <= highOf(v) && (value - lowOf(v)) % stepOf(v) == 0) return true;
    }
  }
  return false;
}

/** All pieces go on in steps of `x`, so covering is reaching the next number each time. */
function sweepInts(x: Value, others: usize, n: u32): bool {
  let next = lowOf(x);
  const s = stepOf(x);
  let moved = true;
  while (moved) {
    if (next > highOf(x)) return true;
    moved = false;
    for (let i: u32 = 0; i < n; i++) {
      const y = load<Value>(others + ((<usize>i) << 2));
      for (let j: u32 = 0; j < y.alternatives; j++) {
        const v = y.alternative(j);
        if (!isInt(v)) continue;
        const p = scratch(10);
        if (!meet(p, lowOf(x), highOf(x), s, lowOf(v), highOf(v), stepOf(v))) continue;
        if (p.lo <= next && p.hi >= next) {
          next = p.hi + s;
          moved = true;
        }
      }
    }
  }
  return next > highOf(x);
}

/** How many numbers the progressions scratch(from) … scratch(to - 1) have in common with one, counted once. */
function unionSize(lo: i64, hi: i64, step: i64, from: u32, to: u32): i64 {
  let total: i64 = 0;
  for (let i = from; i < to; i++) {
    const p = scratch(i);
    const m = scratch(10);
    if (!meet(m, lo, hi, step, p.lo, p.hi, p.step)) continue;
    const mlo = m.lo;
    const mhi = m.hi;
    const mstep = m.step;
    // What this one adds is what those before it do not have.
    total += (mhi - mlo) / mstep + 1 - unionSize(mlo, mhi, mstep, from, i);
  }
  return total;
}
