import { Piece, sorted } from "./pieces.js";

/** What erased flash reads as. */
export const ERASED = 0xff;

/**
 * The bytes from the first address to the last in one file, gaps as erased flash.
 * @param limit the largest file that is made, bytes
 * @throws {RangeError} when it would be larger: pieces that lie far apart belong into another format
 */
export function toBin(pieces: readonly Piece[], limit: number): Uint8Array {
  const list = sorted(pieces);
  if (!list.length) return new Uint8Array(0);
  const origin = list[0].address;
  const last = list[list.length - 1];
  const length = last.address + last.data.length - origin;
  if (length > limit) throw new RangeError(`the pieces span ${length} bytes, more than ${limit}`);
  const out = new Uint8Array(length).fill(ERASED);
  for (const p of list) out.set(p.data, p.address - origin);
  return out;
}
