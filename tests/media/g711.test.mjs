// The encoders and decoders of G.711 over every value there is, against GStreamer and FFmpeg.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FrameFlag } from "../../build/node/index.mjs";
import { pcm, through } from "../support/audio.mjs";
import { folder, launch, within } from "../support/g2g.mjs";
import { missing, run } from "../support/media.mjs";
import { Random } from "../support/vector-bits.mjs";

const ALL = pcm(Array.from({ length: 65536 }, (_, i) => i - 32768));
const CODES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

/** Samples that FFmpeg encodes otherwise, since it looks at 14 bits of each (assembly/codecs/g711). */
const OTHERWISE = { mulaw: 851, alaw: 849 };

const raw = (channels = 1) => `audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=${channels}`;
const coded = (law, channels = 1) => `audio/x-${law},rate=8000,channels=${channels}`;

/** What a chain of GStreamer's makes of bytes. */
function gstreamer(t, caps, chain, data) {
  const dir = folder(t);
  fs.writeFileSync(path.join(dir, "in"), data);
  const line = `filesrc location=${dir}/in blocksize=${data.length} ! ${caps} ! ${chain} ! filesink location=${dir}/out`;
  run("gst-launch-1.0", ["-q", ...line.split(" ")]);
  return fs.readFileSync(path.join(dir, "out"));
}

const ffmpeg = (from, to, data) =>
  run("ffmpeg", ["-v", "error", "-f", from, "-ar", "8000", "-ac", "1", "-i", "-", "-f", to, "-"], { input: data })
    .stdout;

for (const law of ["mulaw", "alaw"]) {
  test(`${law}: all 65536 samples are encoded as GStreamer does`, { skip: missing("gst-launch-1.0") }, async (t) => {
    const { data } = await through(t, `${law}enc`, raw(), [ALL]);
    assert.ok(data.equals(gstreamer(t, raw(), `${law}enc`, ALL)));
  });

  test(`${law}: FFmpeg encodes the same, or the code beside`, { skip: missing("ffmpeg") }, async (t) => {
    const { data } = await through(t, `${law}enc`, raw(), [ALL]);
    const theirs = ffmpeg("s16le", law, ALL);
    const differ = [...data.keys()].filter((i) => data[i] !== theirs[i]);
    assert.equal(differ.length, OTHERWISE[law]);
    const step = (code) => (code ^ (law === "alaw" ? 0x55 : 0)) & 0x7f;
    for (const i of differ) assert.equal(Math.abs(step(data[i]) - step(theirs[i])), 1, `${i - 32768}`);
  });

  test(
    `${law}: all codes are decoded as GStreamer and FFmpeg do`,
    { skip: missing("ffmpeg", "gst-launch-1.0") },
    async (t) => {
      const { data } = await through(t, `${law}dec`, coded(law), [CODES]);
      assert.ok(data.equals(gstreamer(t, coded(law), `${law}dec`, CODES)), "GStreamer");
      assert.ok(data.equals(ffmpeg(law, "s16le", CODES)), "FFmpeg");
    },
  );

  test(`${law}: times, flags and channels stay`, async (t) => {
    const random = new Random(1);
    const frames = Array.from({ length: 50 }, (_, i) => ({
      data: random.bytes(4 * (1 + random.below(300))),
      pts: BigInt(i) * 20_000_000n + 5n,
      duration: i % 3 ? 20_000_000n : null,
      flags: i % 7 ? FrameFlag.Key : FrameFlag.Key | FrameFlag.Discont,
    }));
    const encoded = await through(t, `${law}enc`, raw(2), frames);
    assert.match(encoded.caps, new RegExp(`^audio/x-${law}, rate=\\(int\\)8000, channels=\\(int\\)2$`));
    const decoded = await through(t, `${law}dec`, coded(law, 2), encoded.frames);
    for (const [list, bytes] of [
      [encoded.frames, (f) => f.data.length / 2],
      [decoded.frames, (f) => f.data.length],
    ]) {
      assert.equal(list.length, frames.length);
      frames.forEach((f, i) => {
        const { pts, duration, flags, data } = list[i];
        assert.deepEqual({ pts, duration, flags }, { pts: f.pts, duration: f.duration, flags: f.flags }, `frame ${i}`);
        assert.equal(data.length, bytes(f));
      });
    }
  });

  test(`${law}: where bytes are shared they stay as they are`, async (t) => {
    const random = new Random(2);
    const frames = Array.from({ length: 20 }, () => random.bytes(2 * (1 + random.below(500))));
    const alone = await through(t, `${law}enc`, raw(), frames);
    // The other branch keeps what it gets until the end.
    const dir = folder(t);
    const shared = await through(
      t,
      `tee name=t t. ! queue ! filesink location=${dir}/raw t. ! queue ! ${law}enc`,
      raw(),
      frames,
    );
    assert.ok(shared.data.equals(alone.data));
    assert.ok(fs.readFileSync(`${dir}/raw`).equals(Buffer.concat(frames)));
  });

  test(`${law}: bytes that make no sample are left out with a warning`, async (t) => {
    const frames = [1, 2, 0, 5, 3].map((n) => Buffer.alloc(n, 0x11));
    const { frames: out, messages } = await through(t, `${law}enc`, raw(2), frames);
    assert.deepEqual(
      out.map((f) => f.data.length),
      [2],
    );
    const warnings = messages.filter((m) => m.type === "warning");
    assert.deepEqual(
      warnings.map((w) => [w.name, w.reason]),
      [1, 2, 1, 3].map((n) => ["CutSample", `${n} bytes behind the last whole sample were left out`]),
    );
  });
}

test("mulawenc tells the bitrate as GStreamer's does, and alawenc none", async (t) => {
  for (const [law, expected] of [
    ["mulaw", [{ "maximum-bitrate": 128000n, "minimum-bitrate": 128000n, bitrate: 128000n }]],
    ["alaw", []],
  ]) {
    const { messages } = await through(t, `${law}enc`, raw(2), [Buffer.alloc(400)]);
    const tags = messages.filter((m) => m.type === "tags").map((m) => m.tags);
    assert.deepEqual(tags, expected, law);
  }
});

test("frames of growing size, and caps that change, get blocks that fit", async (t) => {
  const sizes = [10, 5000, 20, 70000, 2];
  const { frames } = await through(
    t,
    "tee name=t t. ! queue ! fakesink t. ! queue ! alawenc ! alawdec",
    raw(),
    sizes.map((n) => Buffer.alloc(n, 7)),
  );
  assert.deepEqual(
    frames.map((f) => f.data.length),
    sizes,
  );
});

test("bytes without times are counted from their start", async (t) => {
  const file = path.join(folder(t), "in");
  fs.writeFileSync(file, Buffer.alloc(10000, 3));
  const line = `filesrc location=${file} blocksize=1002 ! audio/x-mulaw,rate=11025,channels=2 ! mulawdec ! alawenc`;
  const p = await launch(t, `${line} ! appsink name=out sync=false`);
  await p.play();
  let samples = 0;
  for await (const f of p.appsink("out")) {
    assert.equal(f.pts, BigInt(Math.round((samples * 1e9) / 11025)));
    samples += f.copy().length / 2;
    f.release();
  }
  await within(p.done, "the end");
  assert.equal(samples, 5000);
});
