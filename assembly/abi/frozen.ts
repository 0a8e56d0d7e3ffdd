import { heap, heapCensus, heapClear, heapPlan, heapShrink, heapSurvivors } from "../base/heap";
import { Pool } from "../base/pool";
import { PIECES, madePieces, morePieces, releasePieces } from "../base/store";
import { capsUnref } from "../caps/caps";
import { BlockPool, blockRecords, growBlockPool, newestPool } from "../core/block";
import { eventRecords } from "../core/event";
import { frameRecords } from "../core/frame";
import { hostElementsRelease } from "../elements/hostelement";
import { WORDS, WORD_COUNT, WORD_OFFSETS } from "../generated/words";
import { moreOperations, operationRecords } from "../graph/operations";
import { pipeline } from "../graph/pipeline";
import { atomsSettle } from "../registry/atom";
import { factories, factoriesSettle } from "../registry/factory";
import { answersRelease } from "../registry/inspect";

/**
 * For a pipeline that is frozen into an image after it has been negotiated: gives back what only the way there has needed.
 * Nothing else of the state changes.
 * @param sealed nothing is built or negotiated any more
 */
export function settle(sealed: bool): void {
  heapPlan(0, 0);
  releasePieces(false);
  answersRelease();
  hostElementsRelease();
  if (!sealed) return;
  factoriesSettle();
  atomsSettle();
  const links = pipeline().links;
  for (let i: u32 = 0; i < links.length; i++) {
    const l = links.get(i);
    capsUnref(l.allowed);
    capsUnref(l.planned);
    l.allowed = null;
    l.planned = null;
  }
}

/**
 * Gives up the end of the memory but for `spare` bytes.
 * @returns the bytes of memory that the instance needs from now on
 */
export function shrink(spare: u32): usize {
  heapClear();
  pipeline().ceiling = <u32>heapShrink(spare);
  return pipeline().ceiling;
}

/** Address of the texts of the words that the code knows; behind the offset of each, u16, at `word_offsets`. */
export function words(): usize {
  return WORDS;
}

/** Address of the offsets of the words in `words`, one more than there are words. */
export function word_offsets(): usize {
  return WORD_OFFSETS;
}

/** Words that the code knows. */
export function word_count(): u32 {
  return WORD_COUNT;
}

/**
 * Writes which of the allocations so far have stayed, a bit each, so that another instance that comes the same way can put
 * them beside each other.
 * @param bits outside the heap, cleared
 */
export function survivors(bits: usize): u32 {
  heapSurvivors(bits, heap().allocs);
  return heap().allocs;
}

/** Takes what `survivors` of an instance wrote, before anything is described. */
export function plan(bits: usize, count: u32): void {
  heapPlan(bits, count);
}

/** What a pipeline takes from the heap as it runs, and keeps. */
namespace Stock {
  export const Frames: u32 = 0;
  export const Events: u32 = 1;
  export const Blocks: u32 = 2;
  export const Operations: u32 = 3;
  /** Pieces of a size, from here on. */
  export const Pieces: u32 = 4;
  /** Blocks of a pool, from here on: the oldest pool first. */
  export const Pools: u32 = 32;
}

function poolOf(stock: u32): BlockPool | null {
  if (stock < Stock.Pools) return null;
  const i = stock - Stock.Pools;
  let pools: u32 = 0;
  for (let p = newestPool(); p; p = p!.older) pools++;
  if (i >= pools) return null;
  let p = newestPool();
  for (let k = pools - 1 - i; p && k; k--) p = p.older;
  return p;
}

function recordsOf(stock: u32): Pool | null {
  switch (stock) {
    case Stock.Frames:
      return frameRecords();
    case Stock.Events:
      return eventRecords();
    case Stock.Blocks:
      return blockRecords();
    default:
      return null;
  }
}

/** How much there is of a stock; -1 when there is no such stock. */
export function stock(which: u32): i32 {
  const records = recordsOf(which);
  if (records) return <i32>records.made;
  if (which == Stock.Operations) return <i32>operationRecords();
  const pool = poolOf(which);
  if (pool) return <i32>pool.made;
  const size = which - Stock.Pieces;
  return size < PIECES ? <i32>madePieces(size) : -1;
}

/** Makes one more piece, block, operation or batch of records; false when there is no room, or no such stock. */
export function restock(which: u32): bool {
  const records = recordsOf(which);
  if (records) return records.grow();
  if (which == Stock.Operations) return moreOperations();
  const pool = poolOf(which);
  if (pool) return growBlockPool(pool);
  const size = which - Stock.Pieces;
  return size < PIECES && morePieces(size);
}

/** What lies in the heap by Owner: for each the count of blocks and of bytes, as u32. */
export function census(into: usize): void {
  heapCensus(into);
}

/** Allocations so far: a steady state does not move it. */
export function allocations(): u32 {
  return heap().allocs;
}

/** Hooks of a factory that a frozen pipeline never calls: it has been built, started and negotiated, and never stops. */
const IDLE_HOOKS: u32 = 9;

/** Indices in the function table of the hooks that a frozen pipeline never calls, one after the other; 0 behind the last. */
export function idle_hook(i: u32): u32 {
  for (let k: u32 = 0; k < factories().length * IDLE_HOOKS; k++) {
    const f = factories().get(k / IDLE_HOOKS);
    let hook: u32 = 0;
    switch (k % IDLE_HOOKS) {
      case 0:
        hook = f.init;
        break;
      case 1:
        hook = f.start;
        break;
      case 2:
        hook = f.stop;
        break;
      case 3:
        hook = f.changed;
        break;
      case 4:
        hook = f.request;
        break;
      case 5:
        hook = f.dispose;
        break;
      case 6:
        hook = f.transform;
        break;
      case 7:
        hook = f.fixate;
        break;
      default:
        hook = f.padCaps;
        break;
    }
    if (!hook) continue;
    if (!i) return hook;
    i--;
  }
  return 0;
}
