// The samples of audiotestsrc against GStreamer's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, within } from "../support/g2g.mjs";
import { gstreamer, ours, same, skip } from "./peer.mjs";

const view = (data) => new DataView(data.buffer, data.byteOffset, data.length);

/** How to read a sample, by format: bytes, and a function of the bytes and an offset. */
const FORMATS = {
  S8: [1, (d, at) => d.readInt8(at)],
  U8: [1, (d, at) => d.readUInt8(at) - 128],
  S16LE: [2, (d, at) => d.readInt16LE(at)],
  S16BE: [2, (d, at) => d.readInt16BE(at)],
  S24LE: [3, (d, at) => d.readIntLE(at, 3)],
  S24BE: [3, (d, at) => d.readIntBE(at, 3)],
  S24_32LE: [4, (d, at) => d.readInt32LE(at)],
  S24_32BE: [4, (d, at) => d.readInt32BE(at)],
  S32LE: [4, (d, at) => d.readInt32LE(at)],
  S32BE: [4, (d, at) => d.readInt32BE(at)],
  F32LE: [4, (d, at) => d.readFloatLE(at)],
  F32BE: [4, (d, at) => d.readFloatBE(at)],
  F64LE: [8, (d, at) => view(d).getFloat64(at, true)],
  F64BE: [8, (d, at) => view(d).getFloat64(at, false)],
};

const samplesOf = (data, format) => {
  const [bytes, read] = FORMATS[format];
  return Float64Array.from({ length: data.length / bytes }, (_, i) => read(data, i * bytes));
};

const WAVES = ["sine", "square", "saw", "triangle", "silence", "sine-table"];
const LAYOUTS = ["", ",channels=2", ",channels=3,rate=48000", ",channels=2,layout=non-interleaved", ",rate=8000"];
const PROPERTIES = ["", "freq=1000.5 volume=0.33 samplesperbuffer=441", "freq=0 volume=1", "freq=3500 volume=0"];

/** A sine of double precision may differ in its last place from that of the C library. */
const LAST_PLACE = 2 ** -53;

/** Compares all formats: integers and single precision exactly. */
async function compare(t, waves, properties, caps, of = Object.keys(FORMATS)) {
  const cases = of.flatMap((format) => waves.map((wave) => ({ format, wave })));
  const chains = cases.map(
    ({ format, wave }) =>
      `audiotestsrc num-buffers=20 wave=${wave} ${properties} ! audio/x-raw,format=${format}${caps}`,
  );
  const mine = await ours(t, chains);
  const theirs = gstreamer(t, chains);
  cases.forEach(({ format }, i) => {
    if (!format.startsWith("F64")) {
      same(mine[i], theirs[i], chains[i]);
      return;
    }
    const [a, b] = [samplesOf(mine[i], format), samplesOf(theirs[i], format)];
    assert.equal(a.length, b.length, chains[i]);
    a.forEach((v, n) => assert.ok(Math.abs(v - b[n]) <= LAST_PLACE, `${chains[i]}: sample ${n} is ${v}, not ${b[n]}`));
  });
}

for (const caps of LAYOUTS) {
  test(`waves${caps && ` with ${caps.slice(1)}`} are GStreamer's in all formats`, { skip }, async (t) => {
    for (const properties of PROPERTIES) await compare(t, WAVES, properties, caps);
  });
}

// GStreamer 1.22 leaves the first sample of a tick as the memory was, so that it is not compared; here it is 0.
test("ticks are GStreamer's in all formats", { skip }, async (t) => {
  const rate = 44100;
  const frame = 1024;
  const cases = Object.keys(FORMATS).flatMap((format) =>
    [
      { ms: 100, more: "" },
      { ms: 20, more: "apply-tick-ramp=true marker-tick-period=3 marker-tick-volume=0.25 sine-periods-per-tick=4" },
      { ms: 30, more: "freq=3000 volume=0.5 sine-periods-per-tick=30" },
    ].map((c) => ({ format, ...c })),
  );
  const chains = cases.map(
    ({ format, ms, more }) =>
      `audiotestsrc num-buffers=40 wave=ticks tick-interval=${ms}000000 ${more} ! audio/x-raw,format=${format},rate=${rate}`,
  );
  const mine = await ours(t, chains);
  const theirs = gstreamer(t, chains);
  cases.forEach(({ format, ms }, i) => {
    const [a, b] = [samplesOf(mine[i], format), samplesOf(theirs[i], format)];
    const interval = Math.floor((rate * ms) / 1000);
    const tolerance = format.startsWith("F64") ? LAST_PLACE : 0;
    let ticks = 0;
    for (let n = 0; n < a.length; n++) {
      // Ticks are counted from the end of the frame.
      if ((n + frame) % interval === 0) {
        ticks++;
        assert.equal(a[n], 0, `${chains[i]}: sample ${n}`);
      } else assert.ok(Math.abs(a[n] - b[n]) <= tolerance, `${chains[i]}: sample ${n} is ${a[n]}, not ${b[n]}`);
    }
    assert.ok(ticks >= 8 && a.some((v) => v !== 0));
  });
});

/** What tells noise from noise: its power, and how alike samples are that follow one another. */
function character(samples) {
  const mean = samples.reduce((sum, v) => sum + v, 0) / samples.length;
  let power = 0;
  let next = 0;
  for (let n = 0; n + 1 < samples.length; n++) {
    power += (samples[n] - mean) ** 2;
    next += (samples[n] - mean) * (samples[n + 1] - mean);
  }
  return { mean, level: Math.sqrt(power / samples.length), likeness: next / power };
}

const NOISES = ["white-noise", "pink-noise", "gaussian-noise", "red-noise", "blue-noise", "violet-noise"];

// The numbers are not GStreamer's, whose generator starts anew in each run; their distribution is.
test("noise has the character of GStreamer's, and is the same in every run", { skip }, async (t) => {
  const chains = NOISES.map(
    (wave) => `audiotestsrc num-buffers=400 volume=0.2 wave=${wave} ! audio/x-raw,format=F64LE,rate=44100`,
  );
  const mine = await ours(t, chains);
  const again = await ours(t, chains);
  const theirs = gstreamer(t, chains);
  chains.forEach((chain, i) => {
    same(again[i], mine[i], chain);
    const [a, b] = [mine[i], theirs[i]].map((data) => character(samplesOf(data, "F64LE")));
    const text = `${chain}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`;
    // The level of red noise wanders.
    const wanders = /red|violet/.test(chain);
    assert.ok(Math.abs(a.mean) < (wanders ? 0.05 : 0.005), text);
    assert.ok(a.level / b.level > (wanders ? 0.6 : 0.95) && a.level / b.level < (wanders ? 1.6 : 1.05), text);
    assert.ok(Math.abs(a.likeness - b.likeness) < 0.02, text);
  });
});

test("noise differs from channel to channel", async (t) => {
  const chains = NOISES.map(
    (wave) => `audiotestsrc num-buffers=100 volume=0.2 wave=${wave} ! audio/x-raw,format=S16LE,channels=2`,
  );
  const data = await ours(t, chains);
  chains.forEach((chain, i) => {
    const samples = samplesOf(data[i], "S16LE");
    let alike = 0;
    for (let n = 0; n < samples.length; n += 2) if (samples[n] === samples[n + 1]) alike++;
    assert.ok(alike < samples.length / 200, `${chain}: ${alike} of ${samples.length / 2}`);
  });
});

test("a property that is changed while samples flow changes them", async (t) => {
  const p = await launch(t, "audiotestsrc name=src volume=0.5 wave=square ! audio/x-raw,format=S16LE ! appsink name=s");
  await p.play();
  const peaks = [];
  for await (const frame of p.appsink("s")) {
    const samples = samplesOf(Buffer.from(frame.copy()), "S16LE");
    peaks.push(samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
    frame.release();
    if (peaks.length === 3) p.element("src").set("volume", 0.25);
    if (peaks.at(-1) < 9000 || peaks.length > 1000) break;
  }
  assert.deepEqual(peaks.slice(0, 3), [16383, 16383, 16383]);
  assert.equal(peaks.at(-1), 8191);
  await within(p.stop(), "stop");
});
