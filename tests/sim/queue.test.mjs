// The limits of queue and what it does when it is full, with a sink that takes nothing until it is opened.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstError, idsOf, launch, made, play, runUntil } from "./play.mjs";

const MS = 1_000_000;
const FRAMES = 60;

/** Runs with the sink shut until nothing moves any more, then opens it. @returns the host, and the levels when it was full */
function fill(properties, { frames = FRAMES, pace = 0 } = {}) {
  const configs = { s: { frames, pace, sizes: 200 }, k: { shut: true, window: 1 } };
  const host = launch(`simsrc name=s caps="video/x-sim" ! queue name=q ${properties} ! simsink name=k`, { configs });
  host.setState("Playing");
  runUntil(host, 500 * MS);
  const level = Object.fromEntries(
    ["buffers", "bytes", "time"].map((w) => [w, host.property("q", `current-level-${w}`)]),
  );
  const links = host.stats().links;
  host.elements.get("k").open();
  assert.equal(host.run(), "finished");
  assert.equal(firstError(host), null);
  host.level = level;
  host.waiting = links.map((l) => l.queued);
  return host;
}

test("a queue that is not leaky holds as much as it may and loses nothing", () => {
  const host = fill("max-size-buffers=10");
  assert.equal(host.level.buffers, 10);
  assert.deepEqual(idsOf(host, "k"), made("s", FRAMES));
  assert.equal(host.property("q", "current-level-buffers"), 0);
  host.finish();
});

test("its limit in bytes holds to one frame", () => {
  const host = fill("max-size-buffers=0 max-size-bytes=2000");
  assert.ok(host.level.bytes >= 2000 && host.level.bytes < 2000 + 200, `${host.level.bytes} bytes`);
  assert.deepEqual(idsOf(host, "k"), made("s", FRAMES));
  host.finish();
});

test("its limit in time holds to one frame", () => {
  const host = fill(`max-size-buffers=0 max-size-bytes=0 max-size-time=${12 * MS}`);
  assert.ok(host.level.time >= 12 * MS && host.level.time <= 13 * MS, `${host.level.time} ns`);
  assert.deepEqual(idsOf(host, "k"), made("s", FRAMES));
  host.finish();
});

test("without limits it takes everything in", () => {
  const host = fill("max-size-buffers=0 max-size-bytes=0 max-size-time=0", { frames: 500 });
  // All but what the sink holds and what waits for it.
  const ahead = 1 + host.waiting[1];
  assert.equal(host.level.buffers, 500 - ahead);
  assert.deepEqual(idsOf(host, "k"), made("s", 500));
  host.finish();
});

test("leaky=upstream drops what arrives when it is full", () => {
  const host = fill("max-size-buffers=10 leaky=upstream");
  assert.equal(host.level.buffers, 10);
  const ahead = 1 + host.waiting[1];
  assert.deepEqual(idsOf(host, "k"), made("s", ahead + 10));
  host.finish();
});

test("leaky=downstream drops what is oldest", () => {
  const host = fill("max-size-buffers=10 leaky=downstream");
  assert.equal(host.level.buffers, 10);
  const ahead = 1 + host.waiting[1];
  assert.deepEqual(idsOf(host, "k"), [...made("s", ahead), ...made("s", 10, FRAMES - 10)]);
  host.finish();
});

test("a leaky queue keeps a live source going", () => {
  for (const leaky of ["upstream", "downstream"]) {
    const configs = { s: { frames: 40, pace: MS }, k: { shut: true, window: 1 } };
    const line = `simsrc name=s is-live=true ! queue max-size-buffers=3 leaky=${leaky} ! simsink name=k`;
    const host = launch(line, { configs });
    host.setState("Playing");
    // The end gets past the frames that it drops; the source is never kept waiting.
    runUntil(host, 60 * MS);
    assert.equal(host.elements.get("s").made, 40);
    host.elements.get("k").open();
    assert.equal(host.run(), "finished");
    const got = idsOf(host, "k");
    assert.equal(new Set(got).size, got.length);
    assert.ok(got.length < 40 && got.length >= 4, `${got.length} frames`);
    assert.equal(got.at(-1) === "s.39", leaky === "downstream");
    host.finish();
  }
});

test("caps that change among frames that are dropped still hold for those behind", () => {
  const changes = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [(i + 1) * 7, { domain: "" }]));
  for (const leaky of ["upstream", "downstream"]) {
    const configs = { s: { frames: FRAMES, late: { domain: "" }, changes }, k: { shut: true, window: 1 } };
    const host = launch(`simlatesrc name=s ! queue max-size-buffers=4 leaky=${leaky} ! simsink name=k`, { configs });
    host.setState("Playing");
    runUntil(host, 100 * MS);
    host.elements.get("k").open();
    // The sink checks of each frame that it comes under the caps it was made under.
    assert.equal(host.run(), "finished");
    assert.equal(firstError(host), null);
    host.finish();
  }
});

test("a sink that takes nothing holds its source back", () => {
  for (const domain of ["", "(memory:SimA)"]) {
    const configs = { s: { frames: FRAMES, answers: 256 }, k: { shut: true, window: 1 } };
    const host = launch(`simsrc name=s caps="video/x-sim${domain}" ! identity ! simsink name=k`, { configs });
    host.setState("Playing");
    runUntil(host, 100 * MS);
    // One that the sink has, and what two links may hold.
    const most = 1 + host.stats().links.reduce((n, l) => n + l.limit, 0);
    const { made: n } = host.elements.get("s");
    assert.ok(n > 4 && n <= most, `${n} frames`);
    host.elements.get("k").open();
    assert.equal(host.run(), "finished");
    assert.deepEqual(idsOf(host, "k"), made("s", FRAMES));
    host.finish();
  }
});

test("below its threshold it gives nothing, and at the end everything", () => {
  const configs = { s: { frames: 30, pace: MS } };
  const host = launch("simsrc name=s ! queue min-threshold-buffers=20 ! simsink name=k", { configs });
  host.setState("Playing");
  runUntil(host, 15 * MS);
  assert.deepEqual(idsOf(host, "k"), []);
  assert.equal(host.run(), "finished");
  assert.deepEqual(idsOf(host, "k"), made("s", 30));
  host.finish();
});

test("flush-on-eos drops what it holds at the end", () => {
  const host = fill("max-size-buffers=100 flush-on-eos=true");
  const ahead = 1 + host.waiting[1];
  assert.deepEqual(idsOf(host, "k"), made("s", Math.min(ahead, FRAMES)));
  host.finish();
});

test("identity drops the share it is asked to, the same frames each time, and errs or ends on the frame it is told", () => {
  const configs = { s: { frames: 400 } };
  const runs = [0, 1].map((seed) => {
    const host = play("simsrc name=s ! identity drop-probability=0.25 ! simsink name=k", { configs, seed });
    const got = idsOf(host, "k");
    host.finish();
    return got;
  });
  assert.deepEqual(runs[0], runs[1]);
  assert.ok(runs[0].length > 260 && runs[0].length < 340, `${runs[0].length} of 400`);

  const ended = play("simsrc name=s ! identity eos-after=17 ! simsink name=k", { configs });
  assert.equal(ended.how, "finished");
  assert.deepEqual(idsOf(ended, "k"), made("s", 17));
  assert.equal(ended.posted("Eos").length, 1);
  ended.finish();

  const failed = play("simsrc name=s ! identity name=i error-after=17 ! simsink name=k", { configs });
  assert.equal(failed.how, "finished");
  assert.deepEqual([firstError(failed).code, firstError(failed).element], ["Asked", "i"]);
  assert.deepEqual(idsOf(failed, "k"), made("s", 17));
  assert.equal(failed.posted("Eos").length, 0);
  failed.finish();
});
