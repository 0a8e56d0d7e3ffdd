// IMA ADPCM against FFmpeg and GStreamer, both ways, in blocks that lie in frames anyhow, and damaged.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FrameFlag } from "../../build/node/index.mjs";
import { pcm, samplesOf, snr, sound, through, wavData, wavOfIma } from "../support/audio.mjs";
import { folder } from "../support/g2g.mjs";
import { ROUNDS } from "../support/media-hostile.mjs";
import { missing, run } from "../support/media.mjs";
import { Random } from "../support/vector-bits.mjs";

const RATE = 8000;
const N = 20000;

const raw = (channels) => `audio/x-raw,format=S16LE,layout=interleaved,rate=${RATE},channels=${channels}`;
const coded = (channels, blockAlign) =>
  `audio/x-adpcm,layout=dvi,block_align=${blockAlign},rate=${RATE},channels=${channels}`;

/** Samples of each channel in a block. */
const perBlock = (channels, blockAlign) => 1 + Math.floor((blockAlign - 4 * channels) / (4 * channels)) * 8;

/** Bytes in pieces of random sizes that are multiples of `unit`. */
function pieces(data, random, unit) {
  const out = [];
  for (let at = 0; at < data.length;) {
    const n = unit * (1 + random.below(random.below(3) ? 3000 : 20));
    out.push(data.subarray(at, at + n));
    at += n;
  }
  return out;
}

const CASES = [1, 2].flatMap((channels) =>
  [64, 256, 1000, 1024, 4096, 8192].map((blockAlign) => ({ channels, blockAlign })),
);

/** What is encoded from a sound, in pieces. */
async function encode(t, { channels, blockAlign }, samples, random) {
  const { frames, data, caps } = await through(
    t,
    `adpcmenc blockalign=${blockAlign}`,
    raw(channels),
    pieces(pcm(samples), random, 2 * channels),
  );
  assert.equal(
    caps,
    `audio/x-adpcm, rate=(int)${RATE}, channels=(int)${channels}, layout=(string)dvi, block_align=(int)${blockAlign}`,
  );
  frames.slice(0, -1).forEach((f) => assert.equal(f.data.length, blockAlign));
  return data;
}

function decodeWithFfmpeg(t, blocks, { channels, blockAlign }) {
  const file = path.join(folder(t), "in.wav");
  fs.writeFileSync(file, wavOfIma(blocks, { rate: RATE, channels, blockAlign }));
  return run("ffmpeg", ["-v", "error", "-i", file, "-f", "s16le", "-"]).stdout;
}

test("what is encoded decodes in FFmpeg to what it decodes to here", { skip: missing("ffmpeg") }, async (t) => {
  const random = new Random(1);
  for (const c of CASES) {
    const samples = sound(N, c.channels, random).map(Math.round);
    const blocks = await encode(t, c, samples, random);
    const { data } = await through(t, "adpcmdec", coded(c.channels, c.blockAlign), pieces(blocks, random, 1));
    const what = JSON.stringify(c);
    assert.ok(data.equals(decodeWithFfmpeg(t, blocks, c)), what);
    // Only the last group can have more samples than went in.
    const extra = data.length / 2 / c.channels - N;
    assert.ok(extra >= 0 && extra < 8, `${extra} samples more: ${what}`);
    const ratio = snr(samples, samplesOf(data));
    assert.ok(ratio > 33, `${ratio} dB: ${what}`);
  }
});

test("FFmpeg makes the same blocks", { skip: missing("ffmpeg") }, async (t) => {
  const random = new Random(2);
  for (const c of CASES.filter(({ blockAlign }) => blockAlign !== 1000)) {
    for (const samples of [
      sound(N, c.channels, random),
      Array.from({ length: N }, () => random.below(65536) - 32768),
    ]) {
      const dir = folder(t);
      fs.writeFileSync(`${dir}/in`, pcm(samples));
      const format = ["-f", "s16le", "-ar", `${RATE}`, "-ac", `${c.channels}`, "-i", `${dir}/in`];
      const to = ["-c:a", "adpcm_ima_wav", "-block_size", `${c.blockAlign}`, `${dir}/out.wav`];
      run("ffmpeg", ["-v", "error", ...format, ...to]);
      const theirs = wavData(fs.readFileSync(`${dir}/out.wav`));
      const mine = await encode(t, c, samples, random);
      const whole = Math.floor(samples.length / c.channels / perBlock(c.channels, c.blockAlign)) * c.blockAlign;
      assert.ok(whole >= c.blockAlign && theirs.length >= whole);
      assert.ok(mine.subarray(0, whole).equals(theirs.subarray(0, whole)), JSON.stringify(c));
    }
  }
});

test("any blocks decode as in FFmpeg and GStreamer", { skip: missing("ffmpeg", "gst-launch-1.0") }, async (t) => {
  const random = new Random(3);
  for (const c of CASES) {
    const blocks = random.bytes(c.blockAlign * 20);
    for (let at = 0; at < blocks.length; at += c.blockAlign) {
      for (let k = 0; k < c.channels; k++) {
        blocks[at + 4 * k + 2] = random.below(89);
        blocks[at + 4 * k + 3] = 0;
      }
    }
    const { data } = await through(t, "adpcmdec", coded(c.channels, c.blockAlign), pieces(blocks, random, 1));
    const what = JSON.stringify(c);
    assert.ok(data.equals(decodeWithFfmpeg(t, blocks, c)), `FFmpeg: ${what}`);
    // wavparse of GStreamer gives no blocks of 8192 bytes.
    if (c.blockAlign === 8192) continue;
    const dir = folder(t);
    fs.writeFileSync(`${dir}/in.wav`, wavOfIma(blocks, { rate: RATE, ...c }));
    const line = `filesrc location=${dir}/in.wav ! wavparse ! adpcmdec ! filesink location=${dir}/out`;
    run("gst-launch-1.0", ["-q", ...line.split(" ")]);
    assert.ok(data.equals(fs.readFileSync(`${dir}/out`)), `GStreamer: ${what}`);
  }
});

test("blocks have the times of their first samples", async (t) => {
  const random = new Random(4);
  const channels = 2;
  const blockAlign = 256;
  const start = 10_000_000_000n;
  const samples = sound(4000, channels, random);
  const time = (n) => start + (BigInt(n) * 1_000_000_000n) / BigInt(RATE);
  let at = 0;
  const frames = pieces(pcm(samples), random, 2 * channels).map((data) => {
    const pts = time(at);
    at += data.length / 2 / channels;
    return { data, pts };
  });
  const encoded = await through(t, `adpcmenc blockalign=${blockAlign}`, raw(channels), frames);
  const decoded = await through(
    t,
    "adpcmdec",
    coded(channels, blockAlign),
    encoded.frames.map(({ data, pts }) => ({ data, pts })),
  );
  assert.equal(encoded.frames.length, Math.ceil(4000 / perBlock(channels, blockAlign)));
  for (const { frames } of [encoded, decoded]) {
    frames.forEach((f, i) => assert.equal(f.pts, time(i * perBlock(channels, blockAlign)), `block ${i}`));
  }
  const whole = BigInt(perBlock(channels, blockAlign)) * 125_000n;
  assert.ok(encoded.frames.slice(0, -1).every((f) => f.duration === whole));
  assert.ok(encoded.frames.every((f, i) => (f.flags & FrameFlag.Discont) === (i ? 0 : FrameFlag.Discont)));
});

test("a break begins a new block, and what was held before it comes out", async (t) => {
  const frame = (n, pts, flags = 0) => ({ data: Buffer.alloc(2 * n, 3), pts, flags });
  const list = [frame(100, 0n), frame(100, 5_000_000_000n, FrameFlag.Discont), frame(10, null)];
  const { frames } = await through(t, "adpcmenc blockalign=256", raw(1), list);
  assert.deepEqual(
    frames.map((f) => [f.pts, f.duration, f.data.length, f.flags & FrameFlag.Discont]),
    [
      [0n, 12_500_000n, 4 + 13 * 4, FrameFlag.Discont],
      [5_000_000_000n, 13_750_000n, 4 + 14 * 4, FrameFlag.Discont],
    ],
  );
  const back = await through(
    t,
    "adpcmdec",
    coded(1, 256),
    frames.map(({ data, pts, flags }) => ({ data, pts, flags })),
  );
  assert.deepEqual(
    back.frames.map((f) => [f.pts, f.data.length / 2, f.flags & FrameFlag.Discont]),
    [
      [0n, 105, FrameFlag.Discont],
      [5_000_000_000n, 113, FrameFlag.Discont],
    ],
  );
});

test("a damaged block is left out with a warning, and the next has its time", async (t) => {
  const blocks = Buffer.alloc(256 * 4);
  blocks[256 + 2] = 89;
  const { frames, messages } = await through(t, "adpcmdec", coded(1, 256), [{ data: blocks, pts: 0n }]);
  assert.deepEqual(
    frames.map((f) => [f.pts, f.flags & FrameFlag.Discont]),
    [0, 2, 3].map((n) => [BigInt(n) * 63_125_000n, n === 3 ? 0 : FrameFlag.Discont]),
  );
  assert.deepEqual(
    messages.filter((m) => m.type === "warning").map((m) => [m.name, m.time]),
    [["BadBlock", 63_125_000n]],
  );
});

test(`${ROUNDS} streams of anything end`, async (t) => {
  const random = new Random(5);
  for (let round = 0; round < ROUNDS; round++) {
    const channels = 1 + random.below(2);
    const blockAlign = 64 + random.below(300);
    const data = random.bytes(random.below(3000));
    const { frames, messages } = await through(t, "adpcmdec", coded(channels, blockAlign), pieces(data, random, 1));
    const whole = Math.floor(data.length / blockAlign);
    const left = data.length % blockAlign ? 1 : 0;
    assert.ok(frames.length <= whole + left);
    if (frames.length < whole + left) assert.ok(messages.some((m) => m.name === "BadBlock"));
    assert.ok(frames.every((f) => f.data.length <= 2 * channels * perBlock(channels, blockAlign)));
  }
});
