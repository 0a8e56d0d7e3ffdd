import { ANY_FEATURE, Caps, Structure, capsRef, capsUnref, emptyCaps, newCaps } from "./caps";
import { Kind, Value, compareFractions, copyValue, freeValue, sameValue } from "./value";

const CHOICE: usize = memory.data(24, 8);

/** How far an alternative is from a wish, 0 when it holds it; only a choice between alternatives depends on it. */
function distance(v: Value, wish: Value): f64 {
  const w = valueOf(wish);
  if (v.kind == Kind.Int || v.kind == Kind.IntRange) {
    if (wish.kind != Kind.Int) return otherwise(wish);
    if (v.kind == Kind.Int) return abs<f64>(<f64>v.a - w);
    const x = <f64>nearestInt(v, wish.a);
    return abs<f64>(x - w);
  }
  if (v.kind == Kind.Fraction || v.kind == Kind.FractionRange) {
    if (wish.kind != Kind.Fraction) return otherwise(wish);
    const lo = <f64>v.a / <f64>v.b;
    const hi = v.kind == Kind.Fraction ? lo : <f64>v.c / <f64>v.d;
    return w < lo ? lo - w : w > hi ? w - hi : 0;
  }
  return sameValue(v, wish) ? 0 : 1;
}

/** How far a number is from a wish that is no number of its kind: a wish that is not one value asks for none. */
function otherwise(wish: Value): f64 {
  return wish.isFixed() ? 1 : 0;
}

function valueOf(v: Value): f64 {
  return v.kind == Kind.Fraction ? <f64>v.a / <f64>v.b : <f64>v.a;
}

/** The number of a progression nearest to `wish`, the lower of two. */
function nearestInt(v: Value, wish: i32): i32 {
  const lo = <i64>v.a;
  const hi = <i64>v.b;
  const step = v.step;
  if (wish <= lo) return v.a;
  if (wish >= hi) return v.b;
  const below = lo + ((wish - lo) / step) * step;
  return <i32>(wish - below > below + step - wish && below + step <= hi ? below + step : below);
}

/**
 * Narrows a value to one: the alternative nearest to `wish`, or without one the first of a list and the low end of a
 * range. False when the heap has no room.
 */
function fixateValue(v: Value, wish: Value | null): bool {
  if (v.kind == Kind.List) {
    let best: u32 = 0;
    if (wish) {
      let least = Infinity;
      for (let i: u32 = 0; i < <u32>v.b; i++) {
        const d = distance(v.item(i), wish);
        if (d < least) {
          least = d;
          best = i;
        }
      }
    }
    const choice = changetype<Value>(CHOICE);
    if (!copyValue(choice, v.item(best))) return false;
    freeValue(v);
    v.kind = choice.kind;
    v.a = choice.a;
    v.b = choice.b;
    v.c = choice.c;
    v.d = choice.d;
  }
  if (v.kind == Kind.IntRange) v.setInt(wish && wish.kind == Kind.Int ? nearestInt(v, wish.a) : v.a);
  else if (v.kind == Kind.FractionRange) {
    let n = v.a;
    let d = v.b;
    if (wish && wish.kind == Kind.Fraction && compareFractions(wish.a, wish.b, n, d) > 0) {
      const over = compareFractions(wish.a, wish.b, v.c, v.d) > 0;
      n = over ? v.c : wish.a;
      d = over ? v.d : wish.b;
    }
    v.setFraction(n, d);
  } else if (v.kind == Kind.Array) {
    for (let i: u32 = 0; i < <u32>v.b; i++) if (!fixateValue(v.item(i), null)) return false;
  }
  return true;
}

/** How many fields of a structure can have just what a wish asks for; -1 for another media type. */
function agreement(s: Structure, wish: Structure): i32 {
  if (s.media != wish.media) return -1;
  let n = 0;
  for (let i: u32 = 0; i < wish.count; i++) {
    const w = wish.field(i);
    const v = s.find(w.field);
    if (!v) n++;
    else {
      for (let j: u32 = 0; j < v.alternatives; j++) {
        if (distance(v.alternative(j), w) == 0) {
          n++;
          break;
        }
      }
    }
  }
  return n;
}

/**
 * One stream out of caps: the first structure, or the first that agrees most with `wish`, and in it for each field the
 * value nearest to the wish's. Fields that the structure leaves open stay absent. A new reference; empty for empty caps,
 * and for ANY, which has no structure to choose.
 */
export function fixateCaps(c: Caps, wish: Caps | null): Caps {
  if (c.any || !c.count) return emptyCaps();
  if (c.isFixed()) return capsRef(c);
  let best: u32 = 0;
  let wished: Structure | null = null;
  let most = -1;
  if (wish) {
    for (let i: u32 = 0; i < c.count; i++) {
      for (let j: u32 = 0; j < wish.count; j++) {
        const n = agreement(c.at(i), wish.at(j));
        if (n > most) {
          most = n;
          best = i;
          wished = wish.at(j);
        }
      }
    }
  }
  const out = newCaps();
  const s = out.addCopy(c.at(best));
  if (!s) {
    capsUnref(out);
    return emptyCaps();
  }
  if (s.feature == ANY_FEATURE) s.feature = 0;
  for (let i: u32 = 0; i < s.count; i++) {
    const v = s.field(i);
    if (!fixateValue(v, wished ? wished.find(v.field) : null)) {
      capsUnref(out);
      return emptyCaps();
    }
  }
  return out;
}
