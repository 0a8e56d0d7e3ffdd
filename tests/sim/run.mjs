// Long runs of the simulated host, or one seed to look at.
// node tests/sim/run.mjs [--seeds 1000] [--from 1] [--seed N [-v]] [--core FILE] [--keep-going]
import { parseArgs } from "node:util";
import { loadModule } from "./core.mjs";
import { runSeed } from "./scenario.mjs";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    verbose: { type: "boolean", short: "v", default: false },
    core: { type: "string" },
    "keep-going": { type: "boolean", default: false },
  },
});
const module = loadModule(values.core);
const from = Number(values.seed ?? values.from);
const count = values.seed ? 1 : Number(values.seeds);
const totals = {};
let failed = 0;
let worst = 0;
const start = performance.now();
for (let seed = from; seed < from + count; seed++) {
  try {
    const r = runSeed(module, seed, { trace: values.verbose ? (line) => console.log(line) : null });
    const sum = (totals[r.plan] ??= { runs: 0, frames: 0, steps: 0 });
    sum.runs++;
    sum.frames += r.frames;
    sum.steps += r.steps;
    worst = Math.max(worst, r.worst);
  } catch (error) {
    failed++;
    console.error(`seed ${seed}: ${values.verbose ? error.stack : `${error.name}: ${error.message}`}`);
    if (!values["keep-going"]) break;
  }
}
const seconds = (performance.now() - start) / 1000;
console.table(totals);
console.log(
  `${count} seeds from ${from}, ${failed} failed, ${seconds.toFixed(1)} s; calls per unit of work: ${worst.toFixed(2)}`,
);
process.exitCode = failed ? 1 : 0;
