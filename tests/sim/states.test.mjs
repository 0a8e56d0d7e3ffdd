// States asked for in every order, at every moment: each is reached by way of those between, or given up for the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { State } from "./core.mjs";
import { checkSinks } from "./expect.mjs";
import { firstError, idsOf, launch, made, play, runUntil, statesOf, styleOf } from "./play.mjs";

const NAMES = ["Null", "Ready", "Paused", "Playing"];
const MS = 1_000_000;

/** All sequences of n states. */
function sequences(n) {
  if (!n) return [[]];
  return sequences(n - 1).flatMap((s) => NAMES.map((name) => [...s, name]));
}

/** Checks that every change goes one state up or down from the one before. */
function checkChanges(host) {
  let last = State.Null;
  for (const { records } of host.posted("StateChanged")) {
    const [, from, to] = records;
    assert.equal(from, last);
    assert.equal(Math.abs(to - from), 1, `${NAMES[from]} to ${NAMES[to]}`);
    last = to;
  }
}

const LINES = [
  "simsrc name=s1 ! simfilter name=f1 ! queue ! simsink name=k1",
  'simsrc name=s1 ! tee name=t  t. ! queue ! simsink name=k1 caps="video/x-sim"  t. ! identity ! simsink name=k2',
];

/** What each sink of a line gets, for checkSinks. */
function graphOf(line) {
  const transforms = line.includes("f1") ? [{ name: "f1", config: {} }] : [];
  const sinks = line.includes("k2") ? ["k1", "k2"] : ["k1"];
  return { sinks: Object.fromEntries(sinks.map((name) => [name, [{ source: "s1", transforms }]])) };
}

test("every sequence of three states, with any pause between them", () => {
  let seed = 0;
  for (const states of sequences(3)) {
    for (const steps of [0, 1, 2, 5, 40]) {
      const line = LINES[seed % 2];
      const host = launch(line, { configs: { s1: { frames: 25, answers: 256 } }, style: styleOf(++seed), seed });
      const where = `${states.join(" ")}, ${steps} steps, habits ${seed}`;
      for (const name of states) {
        host.setState(name);
        const until = host.steps + steps;
        host.run(() => host.steps >= until);
      }
      host.run();
      assert.equal(firstError(host), null, where);
      assert.equal(NAMES[host.state], states.at(-1), where);
      checkChanges(host);
      if (states.at(-1) === "Playing") {
        assert.equal(host.posted("Eos").length > 0, true, where);
        checkSinks(host, graphOf(line), { whole: () => true, least: () => 25 });
      }
      host.finish();
    }
  }
});

test("in PAUSED each sink holds its first frame and nothing is handed to the host's sinks", () => {
  const host = launch(LINES[1], { configs: { s1: { frames: 25 } } });
  host.setState("Paused");
  assert.equal(host.run(), "idle");
  assert.deepEqual(statesOf(host), ["Ready", "Paused"]);
  assert.equal(host.posted("AsyncDone").length, 1);
  for (const name of ["k1", "k2"]) assert.deepEqual(idsOf(host, name), []);
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  for (const name of ["k1", "k2"]) assert.deepEqual(idsOf(host, name), made("s1", 25));
  host.finish();
});

test("PAUSED while playing stops the sinks, PLAYING lets them go on where they were", () => {
  const host = launch("simsrc name=s ! simsink name=k", { configs: { s: { frames: 40, pace: MS } } });
  host.setState("Playing");
  runUntil(host, 10 * MS);
  host.setState("Paused");
  runUntil(host, 30 * MS);
  const before = idsOf(host, "k").length;
  assert.ok(before >= 8 && before <= 12, `${before} frames after 10 ms`);
  runUntil(host, 60 * MS);
  assert.equal(idsOf(host, "k").length, before);
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  assert.deepEqual(idsOf(host, "k"), made("s", 40));
  host.finish();
});

test("a live source gives nothing before PLAYING, and no sink waits for its first frame", () => {
  const host = launch("simsrc name=s is-live=true ! queue ! simsink name=k", { configs: { s: { frames: 10 } } });
  host.setState("Paused");
  assert.equal(host.run(), "idle");
  assert.equal(host.state, State.Paused);
  assert.equal(host.posted("AsyncDone").length, 1);
  assert.equal(host.elements.get("s").made, 0);
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  assert.deepEqual(idsOf(host, "k"), made("s", 10));
  host.finish();
});

test("a stream that ends before its first frame prerolls and ends", () => {
  const host = play("simsrc name=s ! simsink name=k", { configs: { s: { frames: 0 } } });
  assert.equal(host.how, "finished");
  assert.deepEqual(statesOf(host), ["Ready", "Paused", "Playing"]);
  assert.equal(host.posted("Eos").length, 1);
  host.finish();
});

test("it plays again from NULL as often as is asked", () => {
  const host = launch(LINES[0], { configs: { s1: { frames: 25 }, f1: { ahead: 3, refs: 2 } }, style: styleOf(3) });
  for (let i = 0; i < 20; i++) {
    host.messages = [];
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    checkSinks(host, graphOf(LINES[0]), { whole: () => true, least: () => 25 });
    host.setState(i % 2 ? "Null" : "Ready");
    host.run();
    host.checkEmpty();
  }
  host.finish();
});

test("what cannot be negotiated holds nothing, and plays once it has been put right", () => {
  const host = launch('simsrc name=s ! capsfilter name=c caps="audio/x-raw" ! simsink name=k', {
    configs: { s: { frames: 5 } },
  });
  for (let i = 0; i < 2; i++) {
    host.messages = [];
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    assert.equal(firstError(host).code, "CannotLink");
    assert.equal(host.posted("Error").length, 1);
    host.checkEmpty();
    host.setState("Null");
    host.run();
  }
  host.set("c", "caps", "video/x-sim");
  host.messages = [];
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  assert.equal(firstError(host), null);
  assert.deepEqual(idsOf(host, "k"), made("s", 5));
  host.finish();
});

for (const [what, config] of [
  ["open", { openError: -7 }],
  ["a property", { propertyError: "level" }],
  ["its caps", { configureError: -7 }],
]) {
  test(`a sink that refuses ${what} ends the run; it plays once the host takes it`, () => {
    const configs = { s: { frames: 5 }, k: config };
    const host = launch("simsrc name=s ! simsink name=k", { configs });
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    assert.deepEqual([firstError(host).code, firstError(host).element], ["HostElement", "k"]);
    host.setState("Null");
    assert.equal(host.run(), "finished");
    host.checkEmpty();
    configs.k = {};
    host.messages = [];
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    assert.equal(firstError(host), null);
    assert.deepEqual(idsOf(host, "k"), made("s", 5));
    host.finish();
  });
}
