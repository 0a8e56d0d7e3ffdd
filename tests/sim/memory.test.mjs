// Too little memory, from the start or all at once: either everything arrives, or one error says who needed how much;
// the pipeline always ends, and gives back all that it had.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, HostError, loadModule } from "./core.mjs";
import { checkSinks } from "./expect.mjs";
import { Fault } from "./fault.mjs";
import { Graph } from "./graphs.mjs";
import { SimHost } from "./host.mjs";
import { Random } from "./random.mjs";
import { drawStyle } from "./scenario.mjs";
import { FACTORIES } from "./tables.mjs";

const module = loadModule();
const ONE = process.env.G2G_SEED;
const SEEDS = Number(process.env.G2G_SEEDS ?? 250);

/** Runs `scenario` for each seed with a graph. */
function each(scenario) {
  const outcomes = { whole: 0, failed: 0 };
  const from = Number(ONE ?? 1);
  for (let seed = from; seed < from + (ONE ? 1 : SEEDS); seed++) {
    const random = new Random(seed * 2654435761);
    const graph = new Graph(random.fork("graph"), { frames: 40 });
    // Whoever keeps the only blocks there are waits for others in vain.
    for (const config of Object.values(graph.configs)) Object.assign(config, { keep: 0, refs: 0, ahead: 0 });
    const options = {
      ...{ seed, factories: FACTORIES, configs: graph.configs, flags: graph.flags },
      style: drawStyle(random.fork("style")),
      trace: ONE ? (line) => console.log(line) : null,
    };
    try {
      outcomes[scenario(options, graph, random)]++;
    } catch (error) {
      error.message = `G2G_SEED=${seed}: ${error.message}\n${graph.line}`;
      throw error;
    }
  }
  return outcomes;
}

/** Plays to the end. @returns "whole", or "failed" after the error that memory is short */
function playOut(host, graph) {
  const how = host.run();
  if (how !== "finished")
    throw new Fault(`nothing happens any more, but it has not ended: ${how} in state ${host.state}`);
  const errors = host.posted("Error");
  const failed = errors.length > 0;
  checkSinks(host, graph, { whole: () => !failed, least: () => Infinity });
  if (!failed) {
    assert.equal(host.posted("Eos").length, 1);
    return "whole";
  }
  // A graph that stands still for want of room between its elements says that.
  assert.ok(["NoMemory", "Stalled"].includes(Code[errors[0].records[0]]), host.errors());
  return "failed";
}

/** Takes what memory there is, but for a rest. @returns a function that gives it back */
function takeMemory(host, rest) {
  const taken = [];
  for (let size = 1 << 20; size >= 16; size >>= 1) {
    for (let p = host.core.alloc(size); p; p = host.core.alloc(size)) taken.push([p, size]);
  }
  for (let left = rest; left > 0 && taken.length;) {
    // The largest piece that does not go beyond it.
    const i = taken.findIndex(([, size]) => size <= left);
    if (i < 0) break;
    const [[p, size]] = taken.splice(i, 1);
    host.core.free(p);
    left -= size;
  }
  return () => taken.forEach(([p]) => host.core.free(p));
}

test("with little memory a pipeline plays, or says that there is too little", () => {
  let refused = 0;
  const outcomes = each((options, graph, random) => {
    const host = new SimHost(module, { ...options, ceiling: 1 << 20 });
    const giveBack = takeMemory(host, random.below(64 << 10));
    const code = host.launch(graph.line);
    let outcome = "failed";
    if (code) {
      // Where not even the line finds room there is nobody yet to say so.
      const told = code === HostError.NoMemory || host.posted("Error").length;
      assert.ok(told, `launch answers ${Code[code] ?? code} and says nothing`);
      refused++;
    } else {
      host.setState("Playing");
      outcome = playOut(host, graph);
    }
    giveBack();
    host.finish();
    return outcome;
  });
  if (!ONE) assert.ok(refused > SEEDS / 20 && outcomes.whole > SEEDS / 20 && outcomes.failed - refused > SEEDS / 20);
});

test("when memory runs out in mid-stream nothing is lost without a word, and nothing leaks", () => {
  const outcomes = each((options, graph, random) => {
    const host = new SimHost(module, { ...options, ceiling: 1 << 20 });
    const code = host.launch(graph.line);
    if (code) throw new Fault(`launch answers ${code}: ${host.errors()}`);
    host.setState("Playing");
    const at = host.steps + random.between(0, 120);
    host.run(() => host.steps >= at);
    const giveBack = takeMemory(host, random.pick([0, 64, 500, 3000]));
    const until = host.steps + random.between(1, 60);
    host.run(() => host.steps >= until);
    giveBack();
    const outcome = playOut(host, graph);
    host.finish();
    return outcome;
  });
  if (!ONE) assert.ok(outcomes.whole > SEEDS / 20 && outcomes.failed > SEEDS / 20, JSON.stringify(outcomes));
});
