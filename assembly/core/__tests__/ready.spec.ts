import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { MAX_ELEMENTS, clearAllReady, clearReady, highestReady, readyBit, readyWord, setReady } from "../ready";

describe("the set of ready elements", () => {
  test("the highest is found among all that were set", () => {
    clearAllReady();
    const random = new Random(1);
    const model = new StaticArray<bool>(MAX_ELEMENTS);
    for (let n = 0; n < 20000; n++) {
      const i = random.below(MAX_ELEMENTS);
      const on = random.below(3) == 0;
      if (on) setReady(i);
      else clearReady(i);
      model[i] = on;
      must(((load<u32>(readyWord(i)) & readyBit(i)) != 0) == on, "its bit in its word");
      if (n % 20) continue;
      let highest = <i32>MAX_ELEMENTS - 1;
      while (highest >= 0 && !model[highest]) highest--;
      must(highestReady(MAX_ELEMENTS) == highest, "the highest");
    }
    clearAllReady();
    expect<i32>(highestReady(MAX_ELEMENTS)).toBe(-1);
  });

  test("each bit is its own", () => {
    clearAllReady();
    for (let i: u32 = 0; i < MAX_ELEMENTS; i++) {
      setReady(i);
      must(highestReady(MAX_ELEMENTS) == <i32>i && highestReady(i + 1) == <i32>i, "alone");
      clearReady(i);
      must(highestReady(MAX_ELEMENTS) == -1, "gone");
    }
    setReady(5);
    setReady(900);
    clearReady(900);
    expect<i32>(highestReady(MAX_ELEMENTS)).toBe(5);
    expect<i32>(highestReady(0)).toBe(-1, "no element, nobody ready");
    clearAllReady();
  });
});
