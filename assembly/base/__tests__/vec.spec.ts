import { Owner, allocZero, free } from "../heap";
import { VEC_SIZE, Vec, vecAt } from "../vec";
import { Random } from "./random";
import { freshHeap, must, mustBeEmpty } from "./region";

function makeVec(): Vec<u32> {
  return vecAt<u32>(allocZero(VEC_SIZE, Owner.Vec));
}

function drop(vec: Vec<u32>): void {
  vec.release();
  free(changetype<usize>(vec));
}

function agrees(vec: Vec<u32>, model: Array<u32>): bool {
  if (vec.length != <u32>model.length || vec.length > vec.capacity) return false;
  for (let i = 0; i < model.length; i++) if (vec.get(i) != model[i]) return false;
  return true;
}

describe("vec", () => {
  test("its record has the size that it states", () => {
    expect<u32>(VEC_SIZE).toBe(<u32>offsetof<Vec<u32>>());
  });

  test("random operations agree with an array", () => {
    freshHeap();
    for (let seed: u64 = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const vec = makeVec();
      const model = new Array<u32>();
      for (let n = 0; n < 500; n++) {
        const value = random.below(50);
        const i = random.below(max<u32>(model.length, 1));
        switch (random.below(model.length > 40 ? 12 : 8)) {
          case 0:
          case 1:
          case 2:
            must(vec.push(value), "room");
            model.push(value);
            break;
          case 3:
          case 4: {
            const at = random.below(model.length + 1);
            must(vec.insert(at, value), "room");
            model.push(0);
            for (let k = model.length - 1; k > <i32>at; k--) model[k] = model[k - 1];
            model[at] = value;
            break;
          }
          case 5:
            must(vec.indexOf(value) == model.indexOf(value), "indexOf");
            break;
          case 6:
            if (model.length) {
              vec.set(i, value);
              model[i] = value;
            }
            break;
          case 7:
            must(vec.reserve(value * 4), "room");
            must(vec.capacity >= value * 4, "reserved");
            break;
          case 8:
            must(vec.pop() == model.pop(), "pop");
            break;
          case 9:
            vec.removeAt(i);
            model.splice(i, 1);
            break;
          default: {
            vec.remove(value);
            const at = model.indexOf(value);
            if (at >= 0) model.splice(at, 1);
          }
        }
        must(agrees(vec, model), "the items");
      }
      drop(vec);
    }
    mustBeEmpty();
  });

  test("a released vec is empty and usable", () => {
    freshHeap();
    const vec = makeVec();
    for (let i = 0; i < 100; i++) vec.push(i);
    vec.release();
    expect<u32>(vec.length).toBe(0);
    expect<u32>(vec.capacity).toBe(0);
    expect<i32>(vec.indexOf(0)).toBe(-1);
    vec.push(5);
    expect<u32>(vec.get(0)).toBe(5);
    drop(vec);
    mustBeEmpty();
  });

  test("without room it says so and keeps its items", () => {
    freshHeap(1024);
    const vec = makeVec();
    let n: u32 = 0;
    while (vec.push(n)) n++;
    expect<u32>(vec.length).toBe(n);
    expect<bool>(vec.insert(0, 9)).toBe(false);
    expect<bool>(vec.reserve(0xffffffff)).toBe(false, "no overflow");
    expect<bool>(vec.reserve(0x40000001)).toBe(false, "no overflow of bytes");
    for (let i: u32 = 0; i < n; i++) must(vec.get(i) == i, "kept");
    drop(vec);
    mustBeEmpty();
  });
});
