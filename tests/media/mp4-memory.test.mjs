// Memory that MP4 takes while a long file is written or read: 12 bytes a sample of a progressive file that is written, nothing
// that grows for a fragmented one, and of one that is read its index.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { folder, launch, within } from "../support/g2g.mjs";

const FRAMES = 1_200_000;

/** What the index of a progressive file takes in the muxer, bytes a sample and bytes a chunk. */
const SAMPLE = 12;
const CHUNK = 16;
/** A chunk lasts up to a second, which has 1000 of these frames. */
const CHUNK_FRAMES = 1000;
/** Memory for the index comes in pages of so many samples. */
const PAGE = 4096;

/** A stream of 1000 frames a second. */
const source = (bytes, frames = FRAMES) =>
  `fakesrc num-buffers=${frames} sizetype=fixed sizemax=${bytes} datarate=${bytes * 1000} ! ` +
  "video/x-vp8,width=16,height=16,framerate=1000/1";

/** Bytes of a frame: few where a file is written, and where one is read so many that it is far larger than what is held. */
const SMALL = 64;
const LARGE = 640;
const LONG = 200_000;

/** What is held of a file that is read: ranges that have been asked for, and queues. */
const HELD = 16 << 20;

/**
 * Plays a line, which does not wait for a disk, so that at all times as much is in flight.
 * @returns at steps of the host memory, allocations, and the frames that element m has been given
 */
async function watch(t, line) {
  const p = await launch(t, line);
  await within(p.play(), line);
  let ended = false;
  const done = p.done.finally(() => (ended = true));
  const seen = [];
  while (!ended) {
    await turn();
    const { links, memory } = p.stats();
    const link = links.find((l) => l.to.element === "m");
    if (link) seen.push({ frames: Number(link.frames), used: memory.used, allocations: memory.allocations });
  }
  await within(done, line);
  // What is set up at the start, and what is written at the end, is left out.
  const middle = seen.filter((s) => s.frames > FRAMES / 10 && s.frames < FRAMES * 0.95);
  const span = middle.length ? middle.at(-1).frames - middle[0].frames : 0;
  assert.ok(middle.length > 2 && span > FRAMES / 3, `${middle.length} looks at it, ${span} frames apart`);
  return middle;
}

test("a progressive file takes 12 bytes a sample and 16 a chunk until it ends", async (t) => {
  const middle = await watch(t, `${source(SMALL)} ! mp4mux name=m ! fakesink`);
  const [first, last] = [middle[0], middle.at(-1)];
  const samples = last.frames - first.frames;
  const bytes = samples * SAMPLE + (samples / CHUNK_FRAMES) * CHUNK;
  const page = PAGE * SAMPLE;
  const grown = last.used - first.used;
  assert.ok(Math.abs(grown - bytes) <= 2 * page, `${grown} bytes for ${samples} samples`);
});

for (const set of ["fragment-duration=1000 streamable=true", "fragment-duration=1000"]) {
  test(`${set}: no memory is taken while a fragmented file goes on`, async (t) => {
    const middle = await watch(t, `${source(SMALL)} ! mp4mux name=m ${set} ! fakesink`);
    const used = middle.map((s) => s.used);
    // 20 bytes a fragment where a table of fragments is to be written.
    const table = set.includes("streamable") ? 0 : 2 * 20 * (FRAMES / 1000);
    assert.ok(Math.max(...used) - used[0] <= table, `${used[0]} to ${Math.max(...used)}`);
    const allocations = middle.at(-1).allocations - middle[0].allocations;
    assert.ok(allocations <= (table ? 10 : 0), `${allocations} allocations`);
  });
}

for (const set of ["faststart=true", "", "fragment-duration=1000"]) {
  test(`${set || "index behind the media"}: reading a long file takes no more than its index`, async (t) => {
    const file = `${folder(t)}/a.mp4`;
    const p = await launch(t, `${source(LARGE, LONG)} ! mp4mux ${set} ! filesink location="${file}"`);
    await within(p.play(), "playing");
    await within(p.done, "the end");
    const reading = await launch(t, `filesrc location="${file}" ! mp4demux name=d ! fakesink`);
    await within(reading.play(), "reading");
    await within(reading.done, "the end");
    const { peak } = reading.stats().memory;
    const index = /fragment/.test(set) ? 0 : fs.statSync(file).size - LONG * LARGE;
    assert.ok(peak - index < HELD, `${peak} bytes, with an index of ${index}`);
  });
}
