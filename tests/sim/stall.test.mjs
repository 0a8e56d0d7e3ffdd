// Graphs that stand still because one stream is wanted while another is full: the runner makes room, or says why not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { State } from "./core.mjs";
import { firstError, idsOf, launch, made, play, styleOf } from "./play.mjs";

const TEE = "simsrc name=s ! tee name=t";

test("a branch that looks far ahead prerolls next to one that holds its first frame", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const configs = { s: { frames: 60, answers: 256 }, f: { ahead: 30, window: 40, counts: [1] } };
    const line = `${TEE}  t. ! simsink name=k  t. ! simfilter name=f ! simsink name=l`;
    const host = launch(line, { configs, style: styleOf(seed), seed });
    host.setState("Paused");
    assert.equal(host.run(), "idle");
    assert.equal(host.state, State.Paused);
    assert.equal(host.posted("AsyncDone").length, 1, `habits ${seed}`);
    assert.ok(host.memoryUse().grown > 0);
    host.setState("Playing");
    assert.equal(host.run(), "finished");
    assert.deepEqual(idsOf(host, "k"), made("s", 60));
    assert.equal(idsOf(host, "l").length, 60);
    host.finish();
  }
});

test("a queue with a threshold prerolls next to one without", () => {
  const configs = { s: { frames: 100 } };
  const host = play(`${TEE}  t. ! simsink name=k  t. ! queue min-threshold-buffers=50 ! fakesink name=l`, { configs });
  assert.equal(host.how, "finished");
  assert.equal(firstError(host), null);
  assert.deepEqual(idsOf(host, "k"), made("s", 100));
  assert.equal(host.property("l", "rendered"), 100);
  host.finish();
});

test("when memory does not allow it the pipeline ends with the reason", () => {
  const configs = { s: { frames: Infinity, answers: 65536, sizes: 65536 } };
  const line = `${TEE}  t. ! simsink name=k  t. ! queue max-size-bytes=0 max-size-buffers=0 min-threshold-buffers=60000 ! fakesink`;
  const host = play(line.replace("name=s", 'name=s caps="video/x-sim"'), { configs, ceiling: 4 << 20 });
  assert.equal(host.how, "finished");
  assert.ok(["Stalled", "NoMemory"].includes(firstError(host).code), firstError(host).code);
  assert.equal(host.posted("Error").length, 1);
  host.finish();
});

test("a transform that swallows everything until the end lets the others end too", () => {
  const configs = { s: { frames: 80 }, f: { ahead: 1000, window: 1000 } };
  const host = play(`${TEE}  t. ! simsink name=k  t. ! simfilter name=f ! simsink name=l`, { configs });
  assert.equal(host.how, "finished");
  assert.equal(firstError(host), null);
  assert.deepEqual(idsOf(host, "k"), made("s", 80));
  host.finish();
});

test("a slow branch does not stall, it is waited for", () => {
  const configs = { s: { frames: 30 }, l: { window: 1 } };
  const style = { delay: (r) => r.below(400_000_000) };
  const host = play(`${TEE}  t. ! simsink name=k  t. ! simsink name=l`, { configs, style });
  assert.equal(host.how, "finished");
  assert.equal(firstError(host), null);
  for (const sink of ["k", "l"]) assert.deepEqual(idsOf(host, sink), made("s", 30));
  host.finish();
});
