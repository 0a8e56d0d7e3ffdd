import { compareBytes } from "../base/bytes";
import { Owner, alloc, free } from "../base/heap";
import { Map32 } from "../base/map";
import { Text, textHash } from "../base/text";
import { Vec } from "../base/vec";
import { WORDS, WORD_COUNT, WORD_OFFSETS } from "../generated/words";

/**
 * Atoms are numbers for words: names of elements, properties, pads, caps fields and their values. Words the code knows
 * have constants (`Atom`), sorted, in static memory; others are added at run time, to a bound, and live as long as the
 * instance. Text out of media is never made an atom.
 */

/** Words that can be added to those the code knows. */
export const MAX_ATOMS: u32 = 8192;

/** Bytes that a word can have. */
export const MAX_ATOM_LENGTH: u32 = 255;

/**
 *      0 added  addresses of added words: a length byte, then the text
 *     12 ids    hash to atom
 */
@unmanaged
class Atoms {
  added_data: usize;
  added_length: u32;
  added_capacity: u32;
  ids_data: usize;
  ids_mask: u32;
  ids_count: u32;

  @inline
  get added(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this));
  }

  @inline
  get ids(): Map32 {
    return changetype<Map32>(changetype<usize>(this) + offsetof<Atoms>("ids_data"));
  }
}

const ATOMS: usize = memory.data(24, 4);

@inline
function atoms(): Atoms {
  return changetype<Atoms>(ATOMS);
}

/** Address of an atom's text. */
export function atomData(atom: u32): usize {
  if (atom - 1 < WORD_COUNT) return WORDS + load<u16>(WORD_OFFSETS + ((<usize>(atom - 1)) << 1));
  const i = atom - 1 - WORD_COUNT;
  return i < atoms().added.length ? <usize>atoms().added.get(i) + 1 : WORDS;
}

/** Bytes of an atom's text; 0 for what is no atom. */
export function atomLength(atom: u32): u32 {
  if (atom - 1 < WORD_COUNT) {
    const p = WORD_OFFSETS + ((<usize>(atom - 1)) << 1);
    return <u32>load<u16>(p, 2) - <u32>load<u16>(p);
  }
  const i = atom - 1 - WORD_COUNT;
  return i < atoms().added.length ? load<u8>(atoms().added.get(i)) : 0;
}

/** The atom of a text, or 0 when there is none yet. */
export function findAtom(p: usize, n: u32): u32 {
  let lo: u32 = 0;
  let hi = WORD_COUNT;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    const order = compareBytes(atomData(mid + 1), atomLength(mid + 1), p, n);
    if (order == 0) return mid + 1;
    if (order < 0) lo = mid + 1;
    else hi = mid;
  }
  let h = textHash(p, n);
  while (true) {
    const id = atoms().ids.get(h, 0);
    if (!id) return 0;
    if (compareBytes(atomData(id), atomLength(id), p, n) == 0) return id;
    h = (h + 0x9e3779b2) | 1;
  }
}

/** The atom of a text, added when it is new; 0 when it is empty, too long, or one too many. */
export function atomOf(p: usize, n: u32): u32 {
  if (!n || n > MAX_ATOM_LENGTH) return 0;
  const have = findAtom(p, n);
  if (have) return have;
  const a = atoms();
  if (a.added.length >= MAX_ATOMS) return 0;
  const text = alloc(n + 1, Owner.Atom);
  if (!text) return 0;
  store<u8>(text, n);
  memory.copy(text + 1, p, n);
  const id = WORD_COUNT + a.added.length + 1;
  let h = textHash(p, n);
  while (a.ids.get(h, 0)) h = (h + 0x9e3779b2) | 1;
  if (!a.added.push(<u32>text)) {
    free(text);
    return 0;
  }
  if (!a.ids.set(h, id)) {
    a.added.pop();
    free(text);
    return 0;
  }
  return id;
}

/** Appends an atom's text. */
export function putAtom(out: Text, atom: u32): void {
  out.put(atomData(atom), atomLength(atom));
}

/** Forgets how texts are found: from now on there are only atoms that there are. */
export function atomsSettle(): void {
  atoms().ids.release();
}

/** Forgets the added words. */
export function atomsRelease(): void {
  const a = atoms();
  for (let i: u32 = 0; i < a.added.length; i++) free(a.added.get(i));
  a.added.release();
  a.ids.release();
}
