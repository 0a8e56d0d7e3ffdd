import { Caps } from "../caps/caps";
import { findBoxes } from "./typefind/boxes";
import { Probability, TypeFinder } from "./typefind/finder";
import { findFrames, findTagged, findTransport, skipTags } from "./typefind/frames";
import { findMagic } from "./typefind/magic";
import { findStartCodes } from "./typefind/startcodes";
import { findText } from "./typefind/text";

/** Bytes of the head of a stream that are looked at, at most. */
export const MAX_HEAD: u32 = 131072;

const HINT: usize = memory.data(96, 8);

/**
 * Finds out what a stream is from its head: the answer, how likely it is, and how many bytes would help are in `f`.
 * Names of types and the scale of the probability are GStreamer's.
 * @param f the head, set with `over`; of more than MAX_HEAD bytes the first are looked at
 */
export function findType(f: TypeFinder): void {
  f.length = min<u32>(f.length, MAX_HEAD);
  findMagic(f);
  findBoxes(f);
  if (f.probability < Probability.NearlyCertain && f.length) {
    const tags = skipTags(f);
    if (tags) findTagged(f, tags);
    findTransport(f);
    findFrames(f, tags);
    if (!tags) {
      findStartCodes(f);
      findText(f);
    }
  }
  if (f.probability < Probability.Likely) f.want(MAX_HEAD, Probability.Likely);
  if (f.probability >= Probability.NearlyCertain || f.length >= MAX_HEAD) f.need = 0;
  f.need = min<u32>(f.need, MAX_HEAD);
}

/**
 * What a stream really is that an element cannot take: the atom of its media type, 0 when its head does not tell.
 * @param p address of the first bytes
 * @param n how many there are
 */
export function hintFor(p: usize, n: u32): u32 {
  const f = changetype<TypeFinder>(HINT).over(p, n, false);
  findType(f);
  return f.probability >= Probability.Possible ? f.media : 0;
}

/** The answer of the last `hintFor`, if there was one, as caps; a new reference. */
export function hintedCaps(): Caps {
  return changetype<TypeFinder>(HINT).caps();
}
