// Once a stream runs, nothing is allocated and given back for it: frames, events and blocks come from pools, which grow
// only when more is in flight than ever before. Over an hour of a stream the memory of the core stays within what its first
// minutes may need. With a host that always does the same the counts stand still altogether: tests/sim/steady.test.mjs.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { folder, launch, within } from "../support/g2g.mjs";
import { hourOfTs } from "../support/hour-ts.mjs";

const HOUR_OF_TS = hourOfTs();

/** Looks at the memory that a run must give at least. */
const LOOKS = 2;

/** Bytes that a line may have in use at most, whatever the length of the stream: what is read and written is 36 MB. */
const MOST = 8 * 1024 * 1024;

/**
 * Plays a line and looks at the memory of the core on the way.
 * @param seen gives the frames or bytes that have gone through, of `total`
 * @returns what was seen between two shares of the stream
 */
async function watch(t, line, { seen, total, from = 0.1, to = 0.99 }) {
  const p = await launch(t, line, { memory: 64 << 20 });
  await p.play();
  let ended = false;
  const done = p.done.finally(() => (ended = true));
  const samples = [];
  while (!ended) {
    const { links, memory } = p.stats();
    const share = seen(links) / total;
    if (share > from && share < to && share !== samples.at(-1)?.share) samples.push({ share, ...memory });
    await turn();
  }
  assert.equal(await within(done, "the end"), "eos");
  assert.ok(samples.length >= LOOKS, `${samples.length} looks at ${line}`);
  return samples;
}

/** Checks that nothing was allocated and given back again, and that the memory in use stays within bounds. */
function checkSteady(samples) {
  const [first] = samples;
  for (const { share, allocations, peak, pieces } of samples) {
    const where = `at ${(share * 100).toFixed(1)} %`;
    assert.equal(allocations - pieces, first.allocations - first.pieces, `allocations that were given back ${where}`);
    assert.ok(peak <= MOST, `${peak} bytes in use ${where}`);
  }
}

const bytesFrom = (element) => (links) => links.find((l) => l.from.element === element).bytes;

test("ten identities hand a million frames on without an allocation", async (t) => {
  const total = 1_000_000;
  const line = `fakesrc name=s num-buffers=${total} sizetype=fixed sizemax=64 ! ${"identity ! ".repeat(10)}fakesink`;
  const seen = (links) => links.find((l) => l.from.element === "s").frames;
  const samples = await watch(t, line, { seen, total, from: 0.02 });
  checkSteady(samples);
  assert.equal(samples.at(-1).allocations, samples[0].allocations);
});

for (const [what, tail] of [
  ["demuxed, parsed and dropped", "h264parse ! fakesink  d. ! queue ! aacparse ! fakesink"],
  [
    "to fragmented MP4",
    "h264parse ! m.  d. ! queue ! aacparse ! m.  mp4mux name=m fragment-duration=10000 streamable=true ! filesink location=OUT",
  ],
  ["to a transport stream", "h264parse ! m.  d. ! queue ! aacparse ! m.  mpegtsmux name=m ! filesink location=OUT"],
]) {
  test(`an hour of a transport stream ${what} needs no more memory than its first minutes`, async (t) => {
    const dir = folder(t);
    const input = path.join(dir, "in.ts");
    fs.writeFileSync(input, HOUR_OF_TS);
    const line = `filesrc name=f location=${input} blocksize=37600 ! tsdemux name=d  d. ! queue ! ${tail}`;
    const seen = bytesFrom("f");
    checkSteady(await watch(t, line.replace("OUT", path.join(dir, "out")), { seen, total: HOUR_OF_TS.length }));
  });
}
