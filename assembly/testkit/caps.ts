import { Owner, alloc, free, heapCensus } from "../base/heap";
import { TEXT_SIZE, Text } from "../base/text";
import { equalCaps, intersectCaps, subsetCaps, unionCaps, capsMeet } from "../caps/algebra";
import { Caps, capsRef, capsUnref, sameCaps } from "../caps/caps";
import { fixateCaps } from "../caps/fixate";
import { capsError, capsErrorAt, parseCaps } from "../caps/parse";
import { printCaps } from "../caps/print";

/**
 * Caps for programs that test them. They cross as addresses, each a reference that the caller gives back with
 * caps_unref; texts as an address and a length in memory from `alloc`.
 */

/** Caps of a text, or 0; then caps_error and caps_error_at tell why and where. */
export function caps_parse(ptr: usize, length: u32): usize {
  return changetype<usize>(parseCaps(ptr, length));
}

/** The CapsError of the last text. */
export function caps_error(): i32 {
  return capsError();
}

/** Where in the last text the error is, bytes from its start. */
export function caps_error_at(): u32 {
  return capsErrorAt();
}

/**
 * Writes the text of caps to `ptr`.
 * @returns its length, or more than `room` when it was cut
 */
export function caps_print(caps: usize, ptr: usize, room: u32): u32 {
  const t = changetype<Text>(PRINTED).into(ptr, room);
  printCaps(t, changetype<Caps>(caps));
  return t.cut ? room + 1 : t.length;
}

const PRINTED: usize = memory.data(TEXT_SIZE, 4);

/** One more reference. */
export function caps_ref(caps: usize): usize {
  return changetype<usize>(capsRef(changetype<Caps>(caps)));
}

/** Gives a reference back. */
export function caps_unref(caps: usize): void {
  capsUnref(changetype<Caps>(caps));
}

/** What both admit. */
export function caps_intersect(x: usize, y: usize): usize {
  return changetype<usize>(intersectCaps(changetype<Caps>(x), changetype<Caps>(y)));
}

/** What either admits. */
export function caps_union(x: usize, y: usize): usize {
  return changetype<usize>(unionCaps(changetype<Caps>(x), changetype<Caps>(y)));
}

/** Whether `y` admits all that `x` does. */
export function caps_subset(x: usize, y: usize): bool {
  return subsetCaps(changetype<Caps>(x), changetype<Caps>(y));
}

/** Whether both admit the same. */
export function caps_equal(x: usize, y: usize): bool {
  return equalCaps(changetype<Caps>(x), changetype<Caps>(y));
}

/** Whether both are written alike. */
export function caps_same(x: usize, y: usize): bool {
  return sameCaps(changetype<Caps>(x), changetype<Caps>(y));
}

/** Whether there is something that both admit. */
export function caps_meet(x: usize, y: usize): bool {
  return capsMeet(changetype<Caps>(x), changetype<Caps>(y));
}

/** Whether these are caps of one stream. */
export function caps_fixed(caps: usize): bool {
  return changetype<Caps>(caps).isFixed();
}

/** One stream out of caps, as near to `wish` (0: none) as there is. */
export function caps_fixate(caps: usize, wish: usize): usize {
  return changetype<usize>(fixateCaps(changetype<Caps>(caps), changetype<Caps | null>(wish)));
}

/** How many structures there are; -1 for ANY. */
export function caps_count(caps: usize): i32 {
  const c = changetype<Caps>(caps);
  return c.any ? -1 : <i32>c.count;
}

/** Pieces of memory that an Owner holds. */
export function pieces(owner: u32): u32 {
  const census = alloc((<u32>Owner.Count) << 3, Owner.Text);
  if (!census) return 0;
  heapCensus(census);
  const n = owner < <u32>Owner.Count ? load<u32>(census + ((<usize>owner) << 3)) : 0;
  free(census);
  return n;
}
