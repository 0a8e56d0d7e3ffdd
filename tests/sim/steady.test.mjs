// With a host that always does the same, not one allocation is made while frames flow: from some minutes after its start
// to nearly the end of an hour's stream the counts of the heap stand still.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hourOfTs } from "../support/hour-ts.mjs";
import { launch } from "./play.mjs";

const TS = hourOfTs();
const DEMUX = "filesrc location=in.ts blocksize=18800 ! tsdemux name=d  d. ! queue !";
const MUX = "h264parse ! m.  d. ! queue ! aacparse ! m. ";

const LINES = {
  "ten identities": `simsrc name=s ! ${"identity ! ".repeat(10)}fakesink`,
  "a transport stream that is parsed": `${DEMUX} h264parse ! fakesink  d. ! queue ! aacparse ! fakesink`,
  "a transport stream to fragmented MP4": `${DEMUX} ${MUX} mp4mux name=m fragment-duration=10000 streamable=true ! filesink location=out`,
  "a transport stream to a transport stream": `${DEMUX} ${MUX} mpegtsmux name=m ! filesink location=out`,
  "elements of the host":
    "simsrc name=s ! queue ! simfilter name=f ! tee name=t  t. ! queue ! simsink name=k  t. ! simsink name=l",
  handles: 'simsrc name=s caps="video/x-sim(memory:SimA)" ! queue ! simfilter name=f ! simsink name=k',
  downloads: 'simsrc name=s caps="video/x-sim(memory:SimA)" ! simdownload ! identity ! simupload ! simsink name=k',
};

/** Looks at the heap while a line plays. @returns what was seen between two shares of the stream */
function watch(line, options, from = 0.3, to = 0.97) {
  const configs = { s: { frames: 8000, answers: 512 }, f: { ahead: 2, refs: 2 }, k: { keep: 2 } };
  const host = launch(line, { configs, ceiling: 32 << 20, files: { "in.ts": TS }, ...options });
  const simulated = line.includes("simsrc");
  const samples = [];
  host.setState("Playing");
  const look = () => {
    if (host.steps % 16) return false;
    const { frames, bytes } = host.stats().links[0];
    const share = simulated ? frames / 8000 : bytes / TS.length;
    const { allocs, bytes: used } = host.memoryUse();
    if (share > from && share < to) samples.push({ share, allocs: allocs - host.allocs, used });
    return false;
  };
  assert.equal(host.run(look), "finished");
  assert.equal(host.errors(), "");
  host.finish();
  assert.ok(samples.length >= 5, `${samples.length} looks`);
  return samples;
}

for (const [what, line] of Object.entries(LINES)) {
  test(`${what}: no allocation while frames flow`, () => {
    const samples = watch(line, { style: { budget: () => 200, delay: () => 1000 } });
    const [first] = samples;
    for (const { share, allocs } of samples) assert.equal(allocs, first.allocs, `at ${(share * 100).toFixed(1)} %`);
  });
}
