import { alignment, sized } from "../base/tuning";
import { Block, BlockPool, newBlockPool, takeBlock } from "../core/block";
import { Format } from "../core/segment";
import { failMemory } from "./bus";
import { Element } from "./element";
import { Pad } from "./pad";
import { pipeline } from "./pipeline";
import { QueryType, askPeer, beginQuery, endQuery } from "./query";

/** Blocks are aligned to cache lines, for DMA and for SIMD. */
export const BLOCK_ALIGN: u32 = 64;

/** Bytes behind the end of a block that scanners may read, whatever they hold. */
const READ_PAST: u32 = 64;

/** The same where memory is scarce: without SIMD nothing reads further. */
const SMALL_READ_PAST: u32 = 16;

/**
 * Makes the pool that a src pad's frames come from. Downstream elements are asked what they need: sizes, alignment and
 * padding are the largest, and the blocks that they hold add to the element's own.
 * @param size bytes of a block
 * @param own blocks that the element itself works with
 * @param align that addresses of blocks are multiples of, at least
 * @returns null when the heap has no room
 */
export function choosePool(pad: Pad, size: u32, own: u32, align: u32): BlockPool | null {
  const q = beginQuery(QueryType.Allocation, Format.Undefined);
  q.caps = pad.caps;
  q.size = size;
  q.align = alignment(align);
  q.padding = sized(READ_PAST, SMALL_READ_PAST);
  askPeer(pad, q);
  const shape = q.shape;
  shape.min += own;
  // Links and queues bound what is in flight; the pool itself only by the memory there is.
  shape.max = max<u32>(max<u32>(shape.max, shape.min), pipeline().ceiling / max<u32>(shape.size, 256) + 1);
  const pool = newBlockPool(shape);
  endQuery();
  return pool;
}

/**
 * Takes a block for an element, which gets a turn when one comes back if none is free now. When none is out there either,
 * nothing will come back: that is an error.
 */
export function blockFor(e: Element, pool: BlockPool): Block | null {
  const b = takeBlock(pool, e.index);
  if (!b && !pool.used) failMemory(e);
  return b;
}
