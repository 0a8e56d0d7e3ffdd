import { Owner, allocZero, free, heap } from "../heap";
import { POOL_SIZE, Pool } from "../pool";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

function makePool(size: u32, batch: u32): Pool {
  const pool = changetype<Pool>(allocZero(POOL_SIZE, Owner.Pool));
  pool.prepare(size, batch);
  return pool;
}

function drop(pool: Pool): void {
  pool.release();
  free(changetype<usize>(pool));
}

describe("pool", () => {
  test("its record has the size that it states", () => {
    expect<u32>(POOL_SIZE).toBe(<u32>offsetof<Pool>());
  });

  test("records do not overlap, whatever the order they come and go in", () => {
    freshHeap();
    const pool = makePool(20, 7);
    const random = new Random(3);
    const held = new Array<usize>();
    const marks = new Array<u32>();
    for (let n: u32 = 0; n < 5000; n++) {
      if (held.length < 100 && random.below(5) < 3) {
        const p = pool.take();
        must(p != 0 && p % 8 == 0, "aligned");
        for (let i: u32 = 0; i < 20; i += 4) store<u32>(p + i, n);
        held.push(p);
        marks.push(n);
      } else if (held.length) {
        const i = random.below(held.length);
        for (let j: u32 = 0; j < 20; j += 4) must(load<u32>(held[i] + j) == marks[i], "intact");
        pool.give(held[i]);
        held.splice(i, 1);
        marks.splice(i, 1);
      }
      must(pool.used == <u32>held.length, "used counts what is out");
    }
    while (held.length) pool.give(held.pop());
    expect<u32>(pool.made % 7).toBe(0);
    drop(pool);
    mustBeEmpty();
  });

  test("steady use makes no more slabs", () => {
    freshHeap();
    const pool = makePool(16, 8);
    const held = new StaticArray<usize>(8);
    for (let i = 0; i < 8; i++) held[i] = pool.take();
    const allocs = heap().allocs;
    for (let n = 0; n < 1000; n++) {
      for (let i = 0; i < 8; i++) pool.give(held[i]);
      for (let i = 0; i < 8; i++) held[i] = pool.take();
    }
    expect<u32>(heap().allocs).toBe(allocs);
    expect<u32>(pool.made).toBe(8);
    drop(pool);
    mustBeEmpty();
  });

  test("sizes are rounded up to a multiple of 8", () => {
    freshHeap();
    const pool = makePool(16, 1);
    expect<u32>(pool.size).toBe(16);
    pool.prepare(17, 1);
    expect<u32>(pool.size).toBe(24);
    pool.prepare(1, 1);
    expect<u32>(pool.size).toBe(8);
    drop(pool);
    mustBeEmpty();
  });

  test("a released pool has nothing and is usable", () => {
    freshHeap();
    const pool = makePool(16, 4);
    pool.give(pool.take());
    pool.release();
    expect<u32>(pool.made).toBe(0);
    expect<u32>(pool.used).toBe(0);
    const p = pool.take();
    expect<usize>(p).not.toBe(0);
    expect<u32>(pool.made).toBe(4);
    pool.give(p);
    drop(pool);
    mustBeEmpty();
  });

  test("the last record given is the first taken", () => {
    freshHeap();
    const pool = makePool(16, 8);
    const a = pool.take();
    const b = pool.take();
    pool.give(a);
    expect<usize>(pool.take()).toBe(a);
    pool.give(a);
    pool.give(b);
    drop(pool);
    mustBeEmpty();
  });

  test("a full heap gives 0 and the pool stays usable", () => {
    freshHeap(2048);
    const pool = makePool(64, 8);
    let count: u32 = 0;
    let last: usize = 0;
    for (let p = pool.take(); p; p = pool.take()) {
      last = p;
      count++;
    }
    expect<u32>(count).toBe(24);
    expect<u32>(pool.used).toBe(24);
    pool.give(last);
    expect<usize>(pool.take()).toBe(last);
    drop(pool);
    mustBeEmpty();
  });
});
