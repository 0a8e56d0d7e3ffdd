import { Owner, heap, heapCensus, heapInit, heapSound } from "../heap";
import { releasePieces } from "../store";

/** Pages of the region that specs give to the heap. */
const PAGES: i32 = 64;

/** First byte of the region, once there is one. */
let start: usize = 0;

/** Bytes of the region. */
export const REGION_SIZE: u32 = (<u32>PAGES) << 16;

/**
 * Starts the heap afresh in a region of its own. Specs run with the collector, whose allocator takes all memory there is
 * when it is first used, and later what it needs by memory.grow; it copes with pages between that are not its own.
 */
export function freshHeap(size: u32 = REGION_SIZE): void {
  if (!start) {
    new StaticArray<u8>(1);
    start = (<usize>memory.grow(PAGES)) << 16;
  }
  heapInit(start, start + size);
  releasePieces(true);
}

/** The address where the region of freshHeap starts. */
export function regionStart(): usize {
  return start;
}

// prettier-ignore
@external("spec", "checked")
declare function checked(): void;

/** A check in a loop: books it, and reports only when it fails. */
export function must(ok: bool, what: string): void {
  checked();
  if (!ok) expect<bool>(ok).toBe(true, what);
}

/** Everything was given back, and the heap is one free block again. */
export function mustBeEmpty(): void {
  releasePieces(false);
  must(heapSound(), "the heap is sound");
  expect<u32>(heap().live).toBe(0, "pieces of memory that are still in use");
  expect<u32>(heap().liveBytes).toBe(0, "bytes that are still in use");
}

const CENSUS: usize = memory.data(Owner.Count << 3, 8);

/** Pieces that an owner holds. */
export function piecesOf(owner: Owner): u32 {
  heapCensus(CENSUS);
  return load<u32>(CENSUS + ((<usize>owner) << 3));
}

/** Bytes that an owner asked for. */
export function bytesOf(owner: Owner): u32 {
  heapCensus(CENSUS);
  return load<u32>(CENSUS + ((<usize>owner) << 3), 4);
}
