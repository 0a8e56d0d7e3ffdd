// Random graphs of core elements in virtual time: they end, nothing is lost or doubled on the way, nothing leaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "./fault.mjs";
import { Line, checkFlow } from "./lines.mjs";
import { firstError, launch, styleOf } from "./play.mjs";
import { Random } from "./random.mjs";

/** Seeds of each test; G2G_SEED for one alone. */
const SEEDS = Number(process.env.G2G_SEEDS ?? 200);
const ONE = process.env.G2G_SEED;

/** Runs `scenario` with a graph for each seed. */
function each(options, scenario) {
  const from = Number(ONE ?? 1);
  for (let seed = from; seed < from + (ONE ? 1 : SEEDS); seed++) {
    const random = new Random(seed * 2654435761);
    const graph = new Line(random.fork("graph"), options);
    try {
      // More than queues without a limit of their own can hold.
      const host = launch(graph.line, { style: styleOf(seed), seed, ceiling: 48 << 20 });
      scenario(host, graph, random);
      host.finish();
    } catch (error) {
      error.message = `G2G_SEED=${seed}: ${error.message}\n${graph.line}`;
      throw error;
    }
  }
}

function runToEnd(host) {
  const how = host.run();
  if (how !== "finished") throw new Fault(`it does not end: ${how}`);
}

/** The end without an error, posted once. */
function checkEnd(host, graph) {
  if (firstError(host)) throw new Fault(host.errors());
  assert.equal(host.posted("Eos").length, 1);
  checkFlow(host, graph, false);
}

test("a graph plays to its end", () => {
  each({}, (host, graph) => {
    host.setState("Playing");
    runToEnd(host);
    checkEnd(host, graph);
  });
});

test("a graph that is paused and played ends all the same", () => {
  each({}, (host, graph, random) => {
    for (let i = random.between(1, 6); i > 0; i--) {
      host.setState(random.pick(["Playing", "Paused"]));
      const at = host.steps + random.between(0, 20);
      host.run(() => host.steps >= at);
    }
    host.setState("Playing");
    runToEnd(host);
    checkEnd(host, graph);
  });
});

test("a graph without an end ends when it is told to", () => {
  each({ endless: true }, (host, graph, random) => {
    host.setState("Playing");
    // Without a time to wait for it never comes to rest.
    host.style = { ...host.style, budget: (r) => r.between(1, 200) };
    const at = host.steps + random.between(1, 100);
    host.run(() => host.steps >= at);
    host.sendEos();
    runToEnd(host);
    checkEnd(host, graph);
  });
});

test("an error ends everything, once, and what came before it has gone through", () => {
  let failed = 0;
  each({ failing: true }, (host, graph) => {
    host.setState("Playing");
    runToEnd(host);
    const error = firstError(host);
    // The frame that was to fail may never have come.
    if (!error) {
      checkEnd(host, graph);
      return;
    }
    failed++;
    assert.equal(error.code, "Asked");
    assert.match(error.element, /^fail/);
    assert.equal(host.posted("Eos").length, 0);
    checkFlow(host, graph, true);
  });
  assert.ok(ONE || failed > SEEDS / 3, `${failed} graphs failed`);
});

test("a graph can be taken down at any moment and played again", () => {
  each({}, (host, graph, random) => {
    for (let i = 0; i < 2; i++) {
      host.setState("Playing");
      const at = host.steps + random.between(0, 60);
      host.run(() => host.steps >= at);
      host.setState("Null");
      runToEnd(host);
      host.checkEmpty();
      host.messages = [];
    }
    host.setState("Playing");
    runToEnd(host);
    if (firstError(host)) throw new Fault(host.errors());
    assert.equal(host.posted("Eos").length, 1);
  });
});
