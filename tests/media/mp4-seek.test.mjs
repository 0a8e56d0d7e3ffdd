// Going to a time in an MP4 file while it plays: what comes then starts at the sync sample, or at the time itself.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { FrameFlag, HostFault } from "../../build/node/index.mjs";
import { folder, launch, play, within } from "../support/g2g.mjs";
import { transportStream } from "../support/vector-ts.mjs";

/** Pictures at 25 a second in groups of 10 with B-frames, and audio. */
const STREAM = {
  streams: [
    { codec: "h264", profile: "main", bFrames: 2, pictures: 150, interval: 10, rate: [25, 1] },
    { codec: "aac", frames: 280, rate: 48000 },
  ],
};
const SECOND = 1_000_000_000;
const PICTURE = SECOND / 25;

/** A file with both streams. */
async function makeFile(t, set) {
  const dir = folder(t);
  fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
  await play(
    t,
    `filesrc location="${dir}/in.ts" ! tsdemux name=t  t. ! queue ! h264parse ! m.  t. ! queue ! aacparse ! m.  ` +
      `mp4mux name=m ${set} ! filesink location="${dir}/a.mp4"`,
  );
  return `${dir}/a.mp4`;
}

const ALL = ["video", "audio"];
const line = (file) =>
  `filesrc location="${file}" ! mp4demux name=d  d.video_0 ! queue ! appsink name=video sync=false max-buffers=2  ` +
  `d.audio_0 ! queue ! appsink name=audio sync=false max-buffers=2`;

/** What tests look at of all frames of a sink to its end. */
async function take(sink) {
  const out = [];
  for await (const f of sink) {
    out.push({
      ...{ pts: Number(f.pts), dts: Number(f.dts), running: f.running === null ? null : Number(f.running) },
      duration: Number(f.duration),
      ...{ key: !(f.flags & FrameFlag.Delta), hidden: Boolean(f.flags & FrameFlag.DecodeOnly) },
      ...{ discont: Boolean(f.flags & FrameFlag.Discont), bytes: Buffer.from(f.copy()).toString("latin1") },
    });
    f.release();
  }
  return out;
}

const takeAll = (p) => within(Promise.all(ALL.map((name) => take(p.appsink(name)))), "the frames");

/** All frames, without going anywhere. */
async function whole(t, file) {
  const p = await launch(t, line(file));
  await within(p.play(), "playing");
  const all = await takeAll(p);
  await within(p.done, "the end");
  return all;
}

/** Frames of both streams behind a seek that comes after the first frame of each. */
async function seekTo(t, file, time, options) {
  const p = await launch(t, line(file));
  await within(p.play(), "playing");
  for (const name of ALL) (await within(p.appsink(name).next(), "a frame")).value.release();
  p.seek(BigInt(time), options);
  // The next steps of the core; then nothing from before is left.
  for (let i = 0; i < 20; i++) await turn();
  const all = await takeAll(p);
  await within(p.done, "the end");
  return all;
}

/** Holds what came against the whole: the frames from `first` on, as they were, with running times from `start`. */
function isRest(got, all, first, start) {
  assert.equal(got.length, all.length - first);
  assert.ok(got[0].discont, "it does not follow from what came before");
  got.forEach((f, i) => {
    const { pts, dts, key, bytes } = all[first + i];
    assert.deepEqual({ pts: f.pts, dts: f.dts, key: f.key, bytes: f.bytes }, { pts, dts, key, bytes });
    assert.equal(f.running, pts - start);
    assert.equal(f.hidden, pts + f.duration <= start, `frame at ${pts}`);
  });
}

/** Number of the last frame that fits. */
const last = (list, fits) => list.reduce((found, f, i) => (fits(f) ? i : found), 0);

for (const [form, set] of [
  ["progressive", ""],
  ["faststart", "faststart=true"],
]) {
  test(`in a ${form} file: to the sync sample before a time, and to the time itself`, async (t) => {
    const file = await makeFile(t, set);
    const [video, audio] = await whole(t, file);
    assert.ok(video.length === 150 && video.filter((f) => f.key).length === 15);
    for (const time of [0, 0.5, 2.1, 3.999, 5.9, 60].map((s) => s * SECOND)) {
      for (const keyUnit of [true, false]) {
        const [v, a] = await seekTo(t, file, time, { keyUnit });
        const first = last(video, (f) => f.key && f.pts <= time);
        const shown = Math.min(video[first].pts, time);
        const start = keyUnit ? shown : time;
        isRest(v, video, first, start);
        // Audio starts where the picture does.
        isRest(
          a,
          audio,
          last(audio, (f) => f.pts <= shown),
          start,
        );
      }
    }
  });
}

test("after the end, once more from the start", async (t) => {
  const file = await makeFile(t, "");
  const all = await whole(t, file);
  const p = await launch(t, line(file));
  await within(p.play(), "playing");
  await takeAll(p);
  const again = ALL.map((name) => p.appsink(name));
  p.seek(0n);
  for (let i = 0; i < 20; i++) await turn();
  const got = await within(Promise.all(again.map(take)), "the frames");
  got.forEach((list, i) => isRest(list, all[i], 0, 0));
});

test("where the file is read as a stream, and in fragments, nobody can go anywhere", async (t) => {
  const fragmented = await makeFile(t, "fragment-duration=500");
  const p = await launch(t, line(fragmented));
  await within(p.play(), "playing");
  assert.throws(() => p.seek(0n), HostFault);
});

test("position and length are those of the movie", async (t) => {
  const file = await makeFile(t, "");
  const [video, audio] = await whole(t, file);
  const p = await launch(t, line(file));
  await within(p.play(), "playing");
  const ends = [video, audio].map((list) => Math.max(...list.map((f) => f.pts)));
  const length = Number(p.duration());
  assert.ok(length > Math.max(...ends) && length <= Math.max(...ends) + PICTURE, `${length}`);
  assert.ok(Number(p.position()) <= length);
});

test("after an element that wanted no more, the file is read again", async (t) => {
  // The source must not have read the file to its end by then.
  const file = await makeFile(t, "faststart=true");
  const p = await launch(
    t,
    `filesrc location="${file}" blocksize=1024 ! mp4demux ! h264parse ! identity eos-after=5 ! fakesink name=s`,
  );
  await within(p.play(), "playing");
  await within(p.done, "the end");
  assert.equal(p.element("s").get("rendered"), 5);
  p.seek(0n);
  const all = async () => {
    while (p.element("s").get("rendered") < 155) await turn();
  };
  await within(all(), "the pictures");
});
