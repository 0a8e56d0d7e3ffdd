// Time and latency: sinks show frames at base time + running time + latency, however late the host answers or wakes up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Query } from "./core.mjs";
import { firstError, idsOf, launch, made, play, runUntil, styleOf } from "./play.mjs";

const MS = 1_000_000;

/** Instants, ns, at which fakesink took its frames, and their timestamps. */
const rendered = (host) =>
  host.posted("Element").map(({ at, records }) => ({ at, pts: records[2] === -(2 ** 63) ? null : records[2] }));

/** When PLAYING was reached the last time, ns. */
const started = (host) => host.posted("StateChanged").findLast((m) => m.records[2] === 3).at;

const latencyOf = (host) => host.query(Query.Latency).map((v) => (typeof v === "bigint" ? null : v));

test("a core sink takes each frame at its time, to the nanosecond", () => {
  const host = play("simsrc name=s ! queue ! fakesink sync=true silent=false", { configs: { s: { frames: 50 } } });
  assert.equal(host.how, "finished");
  const base = started(host);
  assert.deepEqual(
    rendered(host),
    Array.from({ length: 50 }, (_, n) => ({ at: base + n * MS, pts: n * MS })),
  );
  host.finish();
});

test("whatever the habits of the host, no frame is early, and late ones only by what the host was", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const style = { ...styleOf(seed), late: () => 0, delay: () => 0 };
    const host = play("simsrc name=s ! simfilter ! queue ! fakesink sync=true silent=false", {
      configs: { s: { frames: 40, answers: 256 } },
      ...{ style, seed },
    });
    assert.equal(firstError(host), null);
    const base = started(host);
    for (const { at, pts } of rendered(host)) assert.equal(at, base + pts, `habits ${seed}: frame at ${pts}`);
    host.finish();
  }
});

test("a host that wakes up late makes frames late by that, and they are not dropped unless asked", () => {
  for (const [limit, all] of [
    [-1, true],
    [MS, false],
  ]) {
    const host = play(`simsrc name=s ! fakesink name=k sync=true silent=false max-lateness=${limit}`, {
      configs: { s: { frames: 40 } },
      style: { late: () => 2.5 * MS },
    });
    const base = started(host);
    for (const { at, pts } of rendered(host)) assert.ok(at >= base + pts && at - base - pts <= 2.5 * MS);
    const [kept, dropped] = ["rendered", "dropped"].map((name) => host.property("k", name));
    assert.equal(kept + dropped, 40);
    assert.equal(kept === 40, all);
    assert.equal(rendered(host).length, kept);
    host.finish();
  }
});

test("ts-offset moves every frame", () => {
  const host = play(`simsrc name=s ! fakesink sync=true silent=false ts-offset=${7 * MS}`, {
    configs: { s: { frames: 10 } },
  });
  const base = started(host);
  for (const { at, pts } of rendered(host)) assert.equal(at, base + pts + 7 * MS);
  host.finish();
});

test("running time stands still in PAUSED", () => {
  const host = launch("simsrc name=s ! fakesink sync=true silent=false", { configs: { s: { frames: 20 } } });
  host.setState("Playing");
  runUntil(host, 1000 + 5.5 * MS);
  host.setState("Paused");
  runUntil(host, 1000 + 100 * MS);
  assert.equal(rendered(host).length, 6);
  host.setState("Playing");
  assert.equal(host.run(), "finished");
  const times = rendered(host).map((f) => f.at);
  // 94.5 ms went by in PAUSED.
  const expected = Array.from({ length: 20 }, (_, n) => 1000 + n * MS + (n > 5 ? 94.5 * MS : 0));
  assert.deepEqual(times, expected);
  host.finish();
});

test("a sink of the host's gets its frames at their time, one that keeps time itself at once with the time to show them", () => {
  const configs = { s: { frames: 30 }, k: { window: 64 } };
  const simple = play("simsrc name=s ! simsink name=k sync=true", { configs });
  const base = started(simple);
  for (const { at, header } of simple.elements.get("k").got) assert.equal(at, base + header.pts);
  simple.finish();
  const timed = play("simsrc name=s ! simtimedsink name=k", { configs });
  const begin = started(timed);
  const { got } = timed.elements.get("k");
  assert.deepEqual(idsOf(timed, "k"), made("s", 30));
  for (const { due, header } of got) assert.equal(due, begin + header.pts);
  assert.equal(got.at(-1).at, begin);
  timed.finish();
});

const LIVE = "is-live=true";

test("the latency is the longest minimum of all paths, and bounded by the shortest maximum", () => {
  const configs = {
    a: { frames: 40, pace: MS, latencies: [[5 * MS, 90 * MS]] },
    b: { frames: 40, pace: MS, latencies: [[11 * MS, 60 * MS]] },
    f: { latencies: [[20 * MS, 30 * MS]] },
  };
  const line =
    `simsrc name=a ${LIVE} ! tee name=t  t. ! queue max-size-time=0 ! simfilter name=f ! simsink name=k` +
    `  t. ! queue max-size-time=0 ! simsink name=l  simsrc name=b ${LIVE} ! simsink name=m`;
  const host = play(line, { configs });
  assert.equal(host.how, "finished");
  // a through f: 25; a alone: 5; b: 11.
  assert.equal(latencyOf(host)[0], 25 * MS);
  assert.deepEqual(host.posted("Latency").at(-1).records.slice(1, 2), [25 * MS]);
  host.finish();
});

test("where live streams meet, the one that comes later counts", () => {
  const configs = {
    a: { frames: 40, pace: MS, latencies: [[11 * MS, 90 * MS]] },
    b: { frames: 40, pace: MS, latencies: [[5 * MS, 60 * MS]] },
  };
  const line = `funnel name=f ! simsink  simsrc name=a ${LIVE} caps="video/x-sim" ! f.  simsrc name=b ${LIVE} caps="video/x-sim" ! f.`;
  const host = play(line, { configs });
  assert.equal(host.errors(), "");
  assert.deepEqual(latencyOf(host), [11 * MS, 60 * MS]);
  host.finish();
});

test("a latency that changes in mid-stream is told, and frames from then on are later by it", () => {
  const configs = {
    s: {
      frames: 200,
      pace: MS,
      latencies: [
        [3 * MS, null],
        [9 * MS, null],
        [4 * MS, null],
      ],
    },
  };
  const host = play(`simsrc name=s ${LIVE} ! queue ! fakesink sync=true silent=false`, { configs });
  assert.equal(host.how, "finished");
  const changes = host.posted("Latency");
  assert.deepEqual(
    changes.map((m) => m.records[1]).filter((v, i, all) => v !== all[i - 1]),
    [0, 3 * MS, 9 * MS, 4 * MS],
  );
  const base = started(host);
  const seen = rendered(host);
  assert.equal(seen.length, 200);
  for (const { at, pts } of seen) {
    const now = changes.findLast((m) => m.at <= at).records[1];
    // A frame that came when its time was over is shown at once.
    assert.ok(at >= base + pts, `frame at ${pts} is early`);
    assert.ok(at <= base + pts + 2 * MS + 9 * MS, `frame at ${pts} is late`);
    if (at > changes.at(-1).at + 20 * MS) assert.equal(at, base + pts + now);
  }
  host.finish();
});

test("without a live source nothing waits for a latency", () => {
  const configs = { s: { frames: 20 }, f: { latencies: [[20 * MS, 30 * MS]] } };
  const host = play("simsrc name=s ! simfilter name=f ! fakesink sync=true silent=false", { configs });
  const base = started(host);
  for (const { at, pts } of rendered(host)) assert.equal(at, base + pts);
  assert.equal(host.posted("Latency").length, 0);
  host.finish();
});

test("live sources are mixed with others: all wait for the live one's latency", () => {
  const configs = { a: { frames: 30, pace: MS, latencies: [[8 * MS, null]] }, b: { frames: 30 } };
  const host = play(`simsrc name=a ${LIVE} ! simsink name=k  simsrc name=b ! fakesink sync=true silent=false`, {
    configs,
  });
  assert.equal(host.how, "finished");
  const base = started(host);
  const told = host.posted("Latency").find((m) => m.records[1] === 8 * MS).at;
  for (const { at, pts } of rendered(host)) if (pts > told + MS) assert.equal(at, base + pts + 8 * MS);
  host.finish();
});
