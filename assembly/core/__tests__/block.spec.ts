import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty, piecesOf } from "../../base/__tests__/region";
import { Owner, alloc, heap } from "../../base/heap";
import { MAX_PIECE } from "../../base/store";
import { ARENA_PIECE, Arena } from "../arena";
import {
  Block,
  BlockPool,
  PoolShape,
  blockRef,
  blockUnref,
  blocksInit,
  blocksRelease,
  blocksUsed,
  closeBlockPool,
  handleBlock,
  newBlock,
  newBlockPool,
  ownedBlock,
  takeBlock,
} from "../block";
import { clearAllReady, highestReady } from "../ready";

const SHAPE: usize = memory.data(20, 4);
const ARENA: usize = memory.data(8, 4);

function makePool(size: u32, min: u32, max: u32, align: u32, padding: u32): BlockPool | null {
  const shape = changetype<PoolShape>(SHAPE);
  shape.size = size;
  shape.min = min;
  shape.max = max;
  shape.align = align;
  shape.padding = padding;
  return newBlockPool(shape);
}

function begin(): void {
  freshHeap();
  blocksInit();
  clearAllReady();
}

function end(): void {
  expect<u32>(blocksUsed()).toBe(0, "no block is left");
  blocksRelease();
  mustBeEmpty();
}

describe("blocks", () => {
  test("a pool makes its minimum at once and no more than its maximum", () => {
    begin();
    const pool = makePool(1000, 2, 4, 64, 32)!;
    expect<u32>(pool.made).toBe(2);
    const taken = new Array<Block>();
    for (let b = takeBlock(pool, -1); b; b = takeBlock(pool, -1)) {
      must(b.data % 64 == 0 && b.size == 1000 && b.refs == 1, "the shape");
      memory.fill(b.data, 0xff, 1032);
      taken.push(b);
    }
    expect<i32>(taken.length).toBe(4);
    expect<u32>(pool.used).toBe(4);
    while (taken.length) blockUnref(taken.pop());
    expect<u32>(pool.used).toBe(0);
    closeBlockPool(pool);
    end();
  });

  test("the block given back last is taken first, empty again", () => {
    begin();
    const pool = makePool(64, 0, 3, 16, 0)!;
    const a = takeBlock(pool, -1)!;
    const b = takeBlock(pool, -1)!;
    b.fill = 50;
    blockUnref(a);
    blockUnref(b);
    expect<usize>(changetype<usize>(takeBlock(pool, -1))).toBe(changetype<usize>(b));
    expect<u32>(b.fill).toBe(0);
    blockUnref(b);
    closeBlockPool(pool);
    end();
  });

  test("who finds a pool empty is woken by the next block that returns, once", () => {
    begin();
    const pool = makePool(64, 0, 2, 16, 0)!;
    const a = takeBlock(pool, -1)!;
    const b = takeBlock(pool, -1)!;
    expect<bool>(takeBlock(pool, 77) == null).toBe(true);
    blockRef(a);
    blockUnref(a);
    expect<i32>(highestReady(1024)).toBe(-1, "it is still in use");
    blockUnref(a);
    expect<i32>(highestReady(1024)).toBe(77);
    clearAllReady();
    blockUnref(b);
    expect<i32>(highestReady(1024)).toBe(-1);
    closeBlockPool(pool);
    end();
  });

  test("a closed pool lives as long as its blocks", () => {
    begin();
    for (let inUse = 0; inUse <= 3; inUse++) {
      const pool = makePool(64, 3, 3, 16, 0)!;
      const taken = new Array<Block>();
      for (let i = 0; i < inUse; i++) taken.push(takeBlock(pool, -1)!);
      closeBlockPool(pool);
      must(blocksUsed() == <u32>inUse, "free blocks went at once");
      while (taken.length) blockUnref(taken.pop());
      must(piecesOf(Owner.Block) == 0, "the last block took the pool with it");
    }
    end();
  });

  test("a pool that does not fit leaves nothing", () => {
    begin();
    expect<bool>(makePool(1 << 20, 8, 8, 64, 0) == null).toBe(true);
    expect<u32>(piecesOf(Owner.Block)).toBe(0);
    end();
  });

  test("blocks outside of pools use their memory again", () => {
    begin();
    const random = new Random(1);
    let allocs: u32 = 0;
    for (let round = 0; round < 40; round++) {
      if (round == 20) allocs = heap().allocs;
      const taken = new Array<Block>();
      for (let i: u32 = 0; i < 20; i++) {
        const size = 100 * (i + 1);
        const b = newBlock(size)!;
        must(b.size == size && b.refs == 1 && !b.domain, "the block");
        memory.fill(b.data, <u8>i, size);
        taken.push(b);
      }
      while (taken.length) {
        const i = random.below(taken.length);
        const b = taken[i];
        must(load<u8>(b.data) == load<u8>(b.data + b.size - 1), "its own bytes");
        taken.splice(i, 1);
        blockUnref(b);
      }
    }
    expect<u32>(heap().allocs).toBe(allocs);
    expect<bool>(newBlock(MAX_PIECE + 1) == null).toBe(true);
    end();
  });

  test("a small block has its bytes in its record, and takes no other memory", () => {
    begin();
    blockUnref(newBlock(16)!);
    const allocs = heap().allocs;
    const blocks = new Array<Block>();
    for (let i: u32 = 0; i < 6; i++) {
      const b = newBlock(16)!;
      memory.fill(b.data, <u8>(i + 1), 16);
      blocks.push(b);
    }
    for (let i = 0; i < 6; i++) {
      for (let k: usize = 0; k < 16; k++) must(load<u8>(blocks[i].data + k) == <u8>(i + 1), "its own bytes");
      must(blocks[i].size == 16 && blocks[i].refs == 1, "the record");
    }
    expect<u32>(heap().allocs).toBe(allocs);
    while (blocks.length) blockUnref(blocks.pop());
    end();
  });

  test("a block over memory from the heap takes it along", () => {
    begin();
    const p = alloc(500, Owner.Host);
    const b = ownedBlock(p, 500)!;
    expect<usize>(b.data).toBe(p);
    blockRef(b);
    blockUnref(b);
    expect<u32>(piecesOf(Owner.Host)).toBe(1);
    blockUnref(b);
    expect<u32>(piecesOf(Owner.Host)).toBe(0);
    end();
  });

  test("a block for a handle has no bytes", () => {
    begin();
    const b = handleBlock(5, 42, 1000)!;
    expect<usize>(b.data).toBe(0);
    expect<u32>(b.domain).toBe(5);
    expect<i32>(b.handle).toBe(42);
    blockUnref(b);
    end();
  });
});

describe("arena", () => {
  test("pieces lie apart, and a block returns with its last slice", () => {
    begin();
    memory.fill(ARENA, 0, 8);
    const arena = changetype<Arena>(ARENA);
    const random = new Random(3);
    const blocks = new Array<Block>();
    let behind: usize = 0;
    for (let i = 0; i < 400; i++) {
      const size = random.below(20) ? 1 + random.below(200) : ARENA_PIECE;
      const before = arena.block;
      const p = arena.take(size);
      const b = arena.block!;
      must(p >= b.data && p + size <= b.data + b.size, "inside of its block");
      if (before == b) must(p >= behind, "behind the piece before");
      behind = p + size;
      memory.fill(p, <u8>i, size);
      // A few pieces are kept for a while.
      blockRef(b);
      blocks.push(b);
      if (blocks.length > 30) blockUnref(blocks.shift());
    }
    must(arena.pool!.made <= 32, "blocks are used again: at most one for each piece that is kept");
    arena.release();
    while (blocks.length) blockUnref(blocks.pop());
    end();
  });
});
