// Random pipelines of simulated and real elements under random hosts: see scenario.mjs. `run.mjs` runs more of them, or
// one with a trace.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadModule } from "./core.mjs";
import { runSeed } from "./scenario.mjs";

const module = loadModule();
const BLOCK = 125;

for (let from = 1; from < 8 * BLOCK; from += BLOCK) {
  test(`seeds ${from} to ${from + BLOCK - 1}: no leak, no reordering, no lost frame`, () => {
    let frames = 0;
    for (let seed = from; seed < from + BLOCK; seed++) {
      try {
        frames += runSeed(module, seed).frames;
      } catch (error) {
        error.message = `node tests/sim/run.mjs --seed ${seed} -v: ${error.message}`;
        throw error;
      }
    }
    assert.ok(frames > BLOCK, `${frames} frames arrived in all`);
  });
}
