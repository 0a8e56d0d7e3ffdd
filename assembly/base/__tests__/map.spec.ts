import { Owner, allocZero, free } from "../heap";
import { Map32 } from "../map";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

function makeMap(): Map32 {
  return changetype<Map32>(allocZero(<u32>offsetof<Map32>(), Owner.Map));
}

function drop(map: Map32): void {
  map.release();
  free(changetype<usize>(map));
}

describe("map", () => {
  test("random operations agree with the library's map", () => {
    freshHeap();
    for (let seed: u64 = 1; seed <= 10; seed++) {
      const random = new Random(seed);
      const map = makeMap();
      const model = new Map<u32, u32>();
      // A few keys that meet often, or keys from the whole range.
      const bits: u32 = seed & 1 ? 7 : 32;
      for (let n = 0; n < 3000; n++) {
        const key = max<u32>(<u32>random.spread(bits), 1);
        const value = <u32>random.next();
        if (random.bool()) {
          must(map.set(key, value), "room");
          model.set(key, value);
        }
        must(map.get(key, 77) == (model.has(key) ? model.get(key) : 77), "the value");
        must(map.count == <u32>model.size, "the count");
      }
      const keys = model.keys();
      for (let i = 0; i < keys.length; i++) must(map.get(keys[i], ~model.get(keys[i])) == model.get(keys[i]), "all");
      drop(map);
    }
    mustBeEmpty();
  });

  test("keys that differ by a multiple of the table's size are told apart", () => {
    freshHeap();
    const map = makeMap();
    for (let i: u32 = 1; i <= 3000; i++) map.set(i << 16, i);
    for (let i: u32 = 1; i <= 3000; i++) must(map.get(i << 16, 0) == i, "found");
    expect<u32>(map.get(1, 5)).toBe(5);
    expect<u32>(map.count).toBe(3000);
    drop(map);
    mustBeEmpty();
  });

  test("an empty map has nothing", () => {
    freshHeap();
    const map = makeMap();
    expect<u32>(map.get(1, 42)).toBe(42);
    map.set(1, 2);
    map.release();
    expect<u32>(map.get(1, 42)).toBe(42);
    expect<u32>(map.count).toBe(0);
    drop(map);
    mustBeEmpty();
  });

  test("without room it says so and keeps its entries", () => {
    freshHeap(1024);
    const map = makeMap();
    let n: u32 = 1;
    while (map.set(n, ~n)) n++;
    expect<u32>(map.count).toBe(n - 1);
    for (let i: u32 = 1; i < n; i++) must(map.get(i, 0) == ~i, "kept");
    expect<u32>(map.get(n, 0)).toBe(0);
    drop(map);
    mustBeEmpty();
  });
});
