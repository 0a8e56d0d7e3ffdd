// One run by its seed: a pipeline, a host's habits, what the application does, and the checks at the end.
import { HostError } from "./core.mjs";
import { checkSinks } from "./expect.mjs";
import { Fault } from "./fault.mjs";
import { Graph } from "./graphs.mjs";
import { SimHost } from "./host.mjs";
import { Random } from "./random.mjs";
import { FACTORIES } from "./tables.mjs";

const MICRO = 1000;
const MILLI = 1_000_000;

/** The habits of a host. */
export function drawStyle(random) {
  const delay = random.pick([
    () => 0,
    (r) => r.below(20 * MICRO),
    (r) => (r.chance(0.5) ? 0 : r.below(3 * MILLI)),
    (r) => (r.chance(0.9) ? r.below(100 * MICRO) : r.below(50 * MILLI)),
  ]);
  const budget = random.pick([
    (r) => r.between(1, 3),
    (r) => r.between(5, 30),
    (r) => r.pick([1, 10, 2000]),
    () => 2000,
  ]);
  return {
    delay,
    budget,
    fill: random.pick(["burst", "single", "some"]),
    sync: random.pick([0, 0.2, 0.9]),
    spurious: random.pick([0, 0, 0.3]),
    late: random.pick([() => 0, (r) => r.below(MILLI)]),
  };
}

/** What the application does. */
const PLANS = ["play", "play", "play", "eos", "null", "null", "pause", "again", "error", "error"];

/** Failures that can be asked for: of which kind of element, and how. */
function plantError(random, graph) {
  const names = Object.keys(graph.configs);
  const name = random.pick(names);
  const config = graph.configs[name];
  const error = random.pick([HostError.Io, HostError.NoSpace, HostError.TimedOut]);
  const kinds = ["open", "configure"];
  if (name.startsWith("s")) kinds.push("fail", "fail");
  else kinds.push("frame", "frame");
  if (/^(s|fi|k)\d/.test(name)) kinds.push("property");
  const kind = random.pick(kinds);
  if (kind === "open") config.openError = error;
  else if (kind === "configure")
    Object.assign(config, { configureError: error, configureErrorPad: /^[sk]\d/.test(name) ? 0 : random.below(2) });
  else if (kind === "property") config.propertyError = "level";
  else if (kind === "fail") Object.assign(config, { failAt: random.below(graph.frames), failError: error });
  else Object.assign(config, { frameErrorAt: random.below(10), frameError: error, refuse: random.chance(0.5) });
  return name;
}

/** Runs a seed. @returns numbers of what was done; @throws Fault */
export function runSeed(module, seed, { trace } = {}) {
  const random = new Random(seed * 2654435761);
  const plan = random.pick(PLANS);
  const graph = new Graph(random.fork("graph"), { endless: plan === "eos", frames: random.pick([5, 40, 40, 120]) });
  const failing = plan === "error" ? plantError(random, graph) : null;
  const ceiling = random.pick([2 << 20, 8 << 20]);
  const style = drawStyle(random.fork("style"));
  const host = new SimHost(module, {
    ...{ seed, ceiling, style, trace, factories: FACTORIES },
    configs: graph.configs,
    flags: graph.flags | (random.chance(0.5) ? 1 : 0),
  });
  host.log("plan", plan, failing ?? "", JSON.stringify(graph.configs));
  const code = host.launch(graph.line);
  if (code) throw new Fault(`launch answers ${code}: ${host.errors()}`);
  const runs = plan === "again" ? 2 : 1;
  for (let i = 0; i < runs; i++) {
    host.messages = [];
    PLAN[plan](host, graph, random, failing);
    if (i + 1 === runs) break;
    host.setState("Null");
    const how = host.run();
    if (how !== "finished") throw new Fault(`NULL is not reached: ${how}`);
    host.checkEmpty();
  }
  const frames = Object.keys(graph.sinks).reduce((n, name) => n + (host.elements.get(name)?.got.length ?? 0), 0);
  host.finish();
  return { plan, shape: graph.shape, frames, steps: host.steps, worst: host.worst };
}

/** Steps until the pipeline has ended. */
function runToEnd(host) {
  const how = host.run();
  if (how !== "finished")
    throw new Fault(`nothing happens any more, but it has not ended: ${how} in state ${host.state}`);
}

/** The end of a run without errors: everything has arrived, then the end, once. */
function checkWhole(host, graph, least = () => Infinity) {
  const [error] = host.posted("Error");
  if (error) throw new Fault(`an error: ${host.errors()}`);
  checkSinks(host, graph, { whole: () => true, least });
  const ends = host.posted("Eos").length;
  if (ends !== 1) throw new Fault(`the end was posted ${ends} times`);
  for (const name of Object.keys(graph.sinks)) {
    const { drains } = host.elements.get(name);
    if (drains !== 1) throw new Fault(`${name} was told of the end ${drains} times`);
  }
}

/** Frames of a source that the core had taken before a step began. */
const takenBy = (host, source, step) =>
  host.elements.get(source)?.output.given.filter((e) => e.taken && e.taken <= step).length ?? 0;

function play(host, graph) {
  host.setState("Playing");
  runToEnd(host);
  checkWhole(host, graph);
}

const PLAN = {
  play,
  again: play,

  eos(host, graph, random) {
    host.setState("Playing");
    const at = host.steps + random.between(1, 300);
    host.run(() => host.steps >= at);
    const least = {};
    host.fill();
    for (const paths of Object.values(graph.sinks)) {
      for (const { source } of paths) least[source] = takenBy(host, source, host.steps + 1);
    }
    host.sendEos();
    runToEnd(host);
    checkWhole(host, graph, (source) => least[source]);
  },

  null(host, graph, random) {
    host.setState(random.chance(0.8) ? "Playing" : "Paused");
    const at = host.steps + random.between(0, 200);
    host.run(() => host.steps >= at);
    if (host.posted("Error").length) throw new Fault(`an error: ${host.errors()}`);
    host.setState("Null");
    if (random.chance(0.3)) {
      // The application changes its mind; what is being cancelled is awaited before anything starts again.
      const change = host.steps + random.between(1, 5);
      host.run(() => host.steps >= change);
      checkSinks(host, graph, { whole: () => false, least: () => 0 });
      host.setState("Playing");
      for (const name of Object.keys(graph.sinks)) host.elements.delete(name);
      runToEnd(host);
      return;
    }
    runToEnd(host);
    checkSinks(host, graph, { whole: () => false, least: () => 0 });
    if (host.posted("Eos").length > 1) throw new Fault("the end was posted more than once");
  },

  pause(host, graph, random) {
    for (let i = random.between(1, 5); i > 0; i--) {
      host.setState(random.pick(["Playing", "Paused"]));
      const at = host.steps + random.between(1, 40);
      host.run(() => host.steps >= at);
    }
    play(host, graph);
  },

  error(host, graph, random, failing) {
    host.setState("Playing");
    runToEnd(host);
    const [error] = host.posted("Error");
    // The failure that was planted may lie behind the end of the stream.
    if (!error) {
      checkWhole(host, graph);
      return;
    }
    const [, element] = error.records;
    if (element !== failing) throw new Fault(`an error of ${element}: ${host.errors()}`);
    if (host.posted("Error").length > 1) throw new Fault("more than one error");
    if (host.posted("Eos").length) throw new Fault("the end was posted in spite of an error");
    const started = host.posted("StateChanged").some((m) => m.records[2] === 2);
    const whole = (path, sink) => started && sink !== failing && !path.transforms.some((t) => t.name === failing);
    const touched = (path, sink) => whole(path, sink) && path.source !== failing;
    checkSinks(host, graph, { whole: touched, least: (source) => takenBy(host, source, error.step) });
  },
};
