import { REGION_SIZE, freshHeap, regionStart } from "../../base/__tests__/region";
import { State } from "../../generated/abi";
import { dispose, launch, prepare, set_state, step } from "../exports";
import { forgetPosts } from "./posts";

/** Steps after which a pipeline under test counts as hung. */
const MAX_STEPS: i32 = 100000;

/** Prepares a core in the region of freshHeap. No element is registered; what was posted before is forgotten. */
export function freshCore(options: u32 = 0): void {
  freshHeap();
  forgetPosts();
  expect<i32>(prepare(regionStart(), regionStart() + REGION_SIZE, REGION_SIZE, options)).toBe(
    0,
    "the core is prepared",
  );
}

/** Builds a pipeline from a line; the code of launch. */
export function launchText(line: string): i32 {
  const bytes = String.UTF8.encode(line);
  return launch(changetype<usize>(bytes), bytes.byteLength);
}

/** Steps with all the work in the world until nothing can move; what the last step answered. */
export function runUntilIdle(now: i64): i64 {
  for (let n = 0; n < MAX_STEPS; n++) {
    const wait = step(now, 1000000);
    if (wait) return wait;
  }
  expect<bool>(true).toBe(false, "the pipeline does not come to rest");
  return 0;
}

/** Takes the pipeline to NULL and gives everything back, which must leave nothing. */
export function endCore(): void {
  set_state(State.Null);
  expect<i64>(runUntilIdle(0)).toBe(-2, "nothing happens in NULL");
  expect<i32>(dispose()).toBe(0, "pieces of memory that leaked");
}
