import { Owner, alloc, free } from "./heap";

/**
 * Pieces of memory in power-of-two sizes from 64 bytes to 1 MiB, kept in free lists between uses, for arrays whose
 * length differs from frame to frame: once a size has been used, using it again touches the heap no more.
 */

const MIN_BITS: u32 = 6;
/** Sizes of pieces. */
export const PIECES: u32 = 15;
const STORE: usize = memory.data(64, 8);
/** How many pieces of each size were made. */
const MADE: usize = memory.data(64, 8);

/** The largest piece. */
export const MAX_PIECE: u32 = 1 << (MIN_BITS + PIECES - 1);

@inline
function classOf(size: u32): u32 {
  return size <= 1 << MIN_BITS ? 0 : 32 - <u32>clz<u32>(size - 1) - MIN_BITS;
}

/** The bytes that a piece for `size` bytes really has. */
@inline
export function pieceSize(size: u32): u32 {
  return 1 << (classOf(size) + MIN_BITS);
}

/** Takes a piece of at least `size` bytes, contents undefined; 0 when it is too large or the heap has no room. */
export function takePiece(size: u32, owner: Owner): usize {
  const c = classOf(size);
  if (c >= PIECES) return 0;
  const slot = STORE + ((<usize>c) << 2);
  const p = load<usize>(slot);
  if (!p) return makePiece(c, owner);
  store<usize>(slot, load<usize>(p));
  return p;
}

/** Pieces of a class that were made. */
export function madePieces(which: u32): u32 {
  return load<u32>(MADE + ((<usize>which) << 2));
}

/** Makes one more piece of a class; false when the heap has no room. */
export function morePieces(which: u32): bool {
  const p = makePiece(which, Owner.Pool);
  if (p) givePiece(p, 1 << (which + MIN_BITS));
  return p != 0;
}

function makePiece(which: u32, owner: Owner): usize {
  const p = alloc(1 << (which + MIN_BITS), owner);
  const made = MADE + ((<usize>which) << 2);
  if (p) store<u32>(made, load<u32>(made) + 1);
  return p;
}

/** Gives a piece back; `size` is any size of its class. */
export function givePiece(p: usize, size: u32): void {
  const slot = STORE + ((<usize>classOf(size)) << 2);
  store<usize>(p, load<usize>(slot));
  store<usize>(slot, p);
}

/** Empties the lists; with `forget` the heap is new and the lists' memory is already gone. */
export function releasePieces(forget: bool): void {
  memory.fill(MADE, 0, 64);
  for (let c: u32 = 0; c < PIECES; c++) {
    const slot = STORE + ((<usize>c) << 2);
    let p: usize = forget ? 0 : load<usize>(slot);
    while (p) {
      const next = load<usize>(p);
      free(p);
      p = next;
    }
    store<usize>(slot, 0);
  }
}
