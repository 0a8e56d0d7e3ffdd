import { ANY_FEATURE, Caps, Structure, anyCaps, capsRef, capsUnref, copyCaps, emptyCaps, newCaps } from "./caps";
import { covered, intersectValues, subsetValues } from "./sets";
import { Value, copyValue, freeValue } from "./value";

/** What firstConflict answers when two structures meet, and for what is no field. */
export const NO_CONFLICT: u32 = 0;
export const MEDIA_CONFLICT: u32 = 0xfffffffe;
export const FEATURE_CONFLICT: u32 = 0xffffffff;

const PROBE: usize = memory.data(24, 8);

@inline
function featuresMeet(x: u32, y: u32): bool {
  return x == y || x == ANY_FEATURE || y == ANY_FEATURE;
}

/** The atom of the first field of `x` that has nothing in common with `y`, or one of the constants above. */
export function firstConflict(x: Structure, y: Structure): u32 {
  if (x.media != y.media) return MEDIA_CONFLICT;
  if (!featuresMeet(x.feature, y.feature)) return FEATURE_CONFLICT;
  const out = changetype<Value>(PROBE);
  for (let i: u32 = 0; i < x.count; i++) {
    const v = x.field(i);
    const w = y.find(v.field);
    if (!w) continue;
    if (!intersectValues(out, v, w)) return v.field;
    freeValue(out);
  }
  return NO_CONFLICT;
}

/** Whether two caps have something in common. */
export function capsMeet(x: Caps, y: Caps): bool {
  if (x.any) return !y.isEmpty;
  if (y.any) return !x.isEmpty;
  for (let i: u32 = 0; i < x.count; i++) {
    for (let j: u32 = 0; j < y.count; j++) if (firstConflict(x.at(i), y.at(j)) == NO_CONFLICT) return true;
  }
  return false;
}

/** Appends what two structures have in common to `into`; false when that is nothing, or there is no room. */
export function intersectStructures(into: Caps, x: Structure, y: Structure): bool {
  if (x.media != y.media || !featuresMeet(x.feature, y.feature)) return false;
  const s = into.add(x.media, x.feature == ANY_FEATURE ? y.feature : x.feature);
  if (!s) return false;
  for (let i: u32 = 0; i < x.count; i++) {
    const v = x.field(i);
    const w = y.find(v.field);
    const slot = s.slot(v.field);
    if (!slot || !(w ? intersectValues(slot, v, w) : copyValue(slot, v))) {
      if (slot) s.count--;
      into.dropLast();
      return false;
    }
  }
  for (let i: u32 = 0; i < y.count; i++) {
    const w = y.field(i);
    if (x.find(w.field)) continue;
    const slot = s.slot(w.field);
    if (!slot || !copyValue(slot, w)) {
      into.dropLast();
      return false;
    }
  }
  return true;
}

/** What both admit, in the order of `x`; a new reference. */
export function intersectCaps(x: Caps, y: Caps): Caps {
  if (x.any) return capsRef(y);
  if (y.any) return capsRef(x);
  const out = newCaps();
  for (let i: u32 = 0; i < x.count; i++) {
    for (let j: u32 = 0; j < y.count; j++) {
      if (intersectStructures(out, x.at(i), y.at(j))) dropRedundant(out);
    }
  }
  if (out.count) return out;
  capsUnref(out);
  return emptyCaps();
}

/** Removes the last structure when one before it admits all of it. */
function dropRedundant(c: Caps): void {
  const last = c.at(c.count - 1);
  for (let i: u32 = 0; i + 1 < c.count; i++) {
    if (subsetStructure(last, c.at(i))) {
      c.dropLast();
      return;
    }
  }
}

/** What either admits, the structures of `x` first; a new reference. */
export function unionCaps(x: Caps, y: Caps): Caps {
  if (x.any || y.any) return anyCaps();
  if (!y.count) return capsRef(x);
  if (!x.count) return capsRef(y);
  const out = copyCaps(x);
  for (let i: u32 = 0; i < y.count; i++) if (out.addCopy(y.at(i))) dropRedundant(out);
  return out;
}

/** Whether everything that structure `x` admits, `y` admits. */
export function subsetStructure(x: Structure, y: Structure): bool {
  if (x.media != y.media) return false;
  if (y.feature != ANY_FEATURE && x.feature != y.feature) return false;
  for (let i: u32 = 0; i < y.count; i++) {
    const w = y.field(i);
    const v = x.find(w.field);
    if (!v || !subsetValues(v, w)) return false;
  }
  return true;
}

/** Steps that a cover by several structures may take before it is answered with no. */
const MAX_STEPS: u32 = 20000;

/** Structures that may cover one together. */
const MAX_COVER: u32 = 32;

/**
 * The state of a cover search: which structures are left to escape from, and for each field of the covered structure
 * the values that a point outside all of them must avoid.
 *
 *     0 steps   left
 *     4 count   structures
 *     8 addresses of the structures, MAX_COVER words
 *   136 the field, by index in the covered structure, that escapes each of them, MAX_COVER words
 *   264 addresses of the values to avoid in one field, MAX_COVER words
 */
const COVER: usize = memory.data(8 + 3 * 4 * 32, 8);
const TARGETS: usize = COVER + 8;
const CHOSEN: usize = TARGETS + 4 * <usize>MAX_COVER;
const AVOID: usize = CHOSEN + 4 * <usize>MAX_COVER;

/** Whether everything that `x` admits, `y` admits. */
export function subsetCaps(x: Caps, y: Caps): bool {
  if (y.any) return true;
  if (x.any) return false;
  for (let i: u32 = 0; i < x.count; i++) if (!coveredStructure(x.at(i), y)) return false;
  return true;
}

function coveredStructure(x: Structure, y: Caps): bool {
  let n: u32 = 0;
  for (let j: u32 = 0; j < y.count; j++) {
    const t = y.at(j);
    if (subsetStructure(x, t)) return true;
    if (t.media != x.media || (t.feature != ANY_FEATURE && t.feature != x.feature)) continue;
    if (n < MAX_COVER && firstConflict(x, t) == NO_CONFLICT) {
      store<usize>(TARGETS + ((<usize>n) << 2), changetype<usize>(t));
      n++;
    }
  }
  if (n < 2) return false;
  store<u32>(COVER, MAX_STEPS);
  store<u32>(COVER, n, 4);
  return !escapes(x, 0);
}

/** Whether a point of `x` lies outside all structures from number `j` on, given how it escapes those before. */
function escapes(x: Structure, j: u32): bool {
  if (j == load<u32>(COVER, 4)) return true;
  const left = load<u32>(COVER);
  if (!left) return true;
  store<u32>(COVER, left - 1);
  const t = load<Structure>(TARGETS + ((<usize>j) << 2));
  for (let i: u32 = 0; i < t.count; i++) {
    const f = t.field(i).field;
    const v = x.find(f);
    store<u32>(CHOSEN + ((<usize>j) << 2), f);
    // A field that x leaves open cannot be covered by limited values.
    if (!v || !avoidable(v, f, j)) {
      if (escapes(x, j + 1)) return true;
    }
  }
  return false;
}

/** Whether the values to avoid in field `f`, up to structure `j`, are all of `v`. */
function avoidable(v: Value, f: u32, j: u32): bool {
  let n: u32 = 0;
  for (let k: u32 = 0; k <= j; k++) {
    if (load<u32>(CHOSEN + ((<usize>k) << 2)) != f) continue;
    const w = load<Structure>(TARGETS + ((<usize>k) << 2)).find(f);
    if (!w) continue;
    store<usize>(AVOID + ((<usize>n) << 2), changetype<usize>(w));
    n++;
  }
  return covered(v, AVOID, n);
}

/** Whether two caps admit the same. */
@inline
export function equalCaps(x: Caps, y: Caps): bool {
  return subsetCaps(x, y) && subsetCaps(y, x);
}
