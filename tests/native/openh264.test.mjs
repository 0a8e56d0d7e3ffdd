// openh264dec and openh264enc in the native host: against FFmpeg where it is there, against each other everywhere.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/g2g.mjs";
import { NATIVE } from "../support/hosts.mjs";
import { media, mediaFiles, missing, run } from "../support/media.mjs";
import { decoded, ffmpegSays } from "../support/media-clean.mjs";

const native = NATIVE.missing ?? false;

/** How many of the folder's streams are compared; fewer would mean that little was tested. */
const LEAST = 28;

/** Streams of the folder whose losses FFmpeg and OpenH264 conceal in ways of their own, or that have scalable layers. */
const OTHERWISE = /LOST|Error_I_P|subsetsps/;

/** Runs a line to its end. */
async function play(line, ...options) {
  const { code, stdout, stderr } = await NATIVE.run(["launch", "-q", ...options, line]);
  assert.equal(code, 0, `${line}: ${stderr}`);
  return String(stdout);
}

/** Hashes of pictures of one size that lie in a file behind each other, without padding. */
function pictures(file, size) {
  const bytes = fs.readFileSync(file);
  assert.equal(bytes.length % size, 0);
  const hash = (at) =>
    createHash("md5")
      .update(bytes.subarray(at, at + size))
      .digest("hex");
  return Array.from({ length: bytes.length / size }, (_, i) => hash(i * size));
}

/** Pictures that move, as a part of a line. */
function source(count, width, height) {
  const caps = `video/x-raw,format=I420,width=${width},height=${height},framerate=25/1`;
  return `videotestsrc num-buffers=${count} horizontal-speed=4 ! ${caps}`;
}

/** Peak signal to noise between two files of samples of 8 bits, dB. */
function psnr(a, b) {
  const [x, y] = [a, b].map((file) => fs.readFileSync(file));
  assert.equal(x.length, y.length);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
  return 10 * Math.log10((255 * 255 * x.length) / sum);
}

/** Types of the NAL units of a byte stream. */
function nalTypes(file) {
  const bytes = fs.readFileSync(file);
  const types = [];
  for (let i = 0; (i = bytes.indexOf("\0\0\x01", i, "latin1")) >= 0; i += 3) types.push(bytes[i + 3] & 31);
  return types;
}

/** Width and height of a stream, and the times of its pictures as they are shown, in ms, by ffprobe. */
function shown(file) {
  const entries = "stream=width,height:frame=best_effort_timestamp_time,pts_time";
  const args = ["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", file];
  const said = JSON.parse(String(run("ffprobe", args).stdout));
  const { width, height } = said.streams[0];
  const times = said.frames.map((f) => Math.round(1000 * Number(f.pts_time ?? f.best_effort_timestamp_time)));
  return { width, height, times };
}

test("what is encoded decodes to nearly what it was", { skip: native }, async (t) => {
  const dir = folder(t);
  const [raw, coded, back] = ["raw.yuv", "coded.264", "back.yuv"].map((name) => path.join(dir, name));
  for (const [profile, width, height] of [
    ["constrained-baseline", 320, 240],
    ["main", 176, 144],
    ["high", 328, 248],
  ]) {
    await play(`${source(30, width, height)} ! filesink location=${raw}`);
    const caps = `video/x-h264,profile=${profile}`;
    await play(`${source(30, width, height)} ! openh264enc bitrate=2000000 ! ${caps} ! filesink location=${coded}`);
    await play(`filesrc location=${coded} ! h264parse ! openh264dec ! filesink location=${back}`);
    assert.ok(psnr(raw, back) > 30, `${profile}: ${psnr(raw, back)} dB`);
    if (missing("ffmpeg")) continue;
    assert.equal(ffmpegSays(coded, "-f", "h264"), "");
    assert.deepEqual(pictures(back, (width * height * 3) / 2), decoded(coded, "-f", "h264"), profile);
  }
});

test("rows have the strides of GStreamer, and padding is 0", { skip: native }, async (t) => {
  const dir = folder(t);
  const [coded, back] = ["coded.264", "back.yuv"].map((name) => path.join(dir, name));
  await play(`${source(2, 50, 34)} ! openh264enc bitrate=2000000 ! filesink location=${coded}`);
  await play(`filesrc location=${coded} ! h264parse ! openh264dec ! filesink location=${back}`);
  // Rows of 52 and 28 bytes where 50 and 25 are used.
  const bytes = fs.readFileSync(back);
  assert.equal(bytes.length, 2 * (52 * 34 + 2 * 28 * 17));
  for (let row = 0; row < 34; row++) assert.deepEqual([...bytes.subarray(row * 52 + 50, row * 52 + 52)], [0, 0]);
  for (let row = 0; row < 34; row++) {
    const end = 52 * 34 + row * 28 + 28;
    assert.deepEqual([...bytes.subarray(end - 3, end)], [0, 0, 0]);
  }
});

test("key frames come as the properties say, each with its parameter sets", { skip: native }, async (t) => {
  const out = path.join(folder(t), "out.264");
  const encoder = "openh264enc gop-size=10 scene-change-detection=false bitrate=300000";
  await play(`${source(35, 160, 120)} ! ${encoder} ! filesink location=${out}`);
  const types = nalTypes(out);
  const slices = types.filter((type) => type === 1 || type === 5);
  assert.deepEqual(
    slices.flatMap((type, i) => (type === 5 ? [i] : [])),
    [0, 10, 20, 30],
  );
  types.forEach((type, i) => type === 5 && assert.deepEqual(types.slice(i - 2, i), [7, 8]));
  await play(`${source(5, 160, 120)} ! openh264enc num-slices=3 ! filesink location=${out}`);
  assert.equal(nalTypes(out).filter((type) => type === 1 || type === 5).length, 15);
});

test("the bitrate is what was asked for", { skip: native }, async (t) => {
  const out = path.join(folder(t), "out.264");
  for (const bitrate of [300_000, 1_000_000]) {
    const line = `${source(300, 320, 240)} ! openh264enc rate-control=bitrate bitrate=${bitrate} ! filesink location=${out}`;
    await play(line);
    const found = (fs.statSync(out).size * 8) / 12;
    assert.ok(Math.abs(found / bitrate - 1) < 0.2, `${found} of ${bitrate} bits a second`);
  }
});

test("another size in mid-stream comes under caps of its own", { skip: native }, async (t) => {
  const dir = folder(t);
  const [first, second, both, back] = ["1.264", "2.264", "both.264", "back.yuv"].map((name) => path.join(dir, name));
  await play(`${source(10, 320, 240)} ! openh264enc ! filesink location=${first}`);
  await play(`${source(10, 160, 128)} ! openh264enc ! filesink location=${second}`);
  fs.writeFileSync(both, Buffer.concat([first, second, first].map((file) => fs.readFileSync(file))));
  const line = `filesrc location=${both} ! h264parse ! openh264dec name=dec ! filesink location=${back}`;
  const { code, stderr } = await NATIVE.run(["launch", "-v", "-q", line]);
  assert.equal(code, 0, stderr);
  assert.equal(fs.statSync(back).size, (10 * (320 * 240 * 2 + 160 * 128) * 3) / 2);
  const widths = [...stderr.matchAll(/dec\.src -> .*?width=\(int\)(\d+)/g)].map((m) => m[1]);
  assert.deepEqual(widths, ["320", "160", "320"]);
});

test("damaged streams end like others", { skip: native }, async (t) => {
  const dir = folder(t);
  const [coded, damaged, back] = ["1.264", "2.264", "back.yuv"].map((name) => path.join(dir, name));
  await play(`${source(40, 320, 240)} ! openh264enc gop-size=10 bitrate=600000 ! filesink location=${coded}`);
  const whole = fs.readFileSync(coded);
  for (let seed = 1; seed <= 10; seed++) {
    const bytes = Buffer.from(whole);
    let x = seed * 0x9e3779b9;
    // The first key frame stays as it is.
    for (let i = 0; i < 20; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      bytes[4000 + (x % (bytes.length - 4000))] ^= 1 << (x >>> 29);
    }
    fs.writeFileSync(damaged, bytes.subarray(0, bytes.length - 100 * seed));
    await play(`filesrc location=${damaged} ! h264parse ! openh264dec ! filesink location=${back}`);
    const count = fs.statSync(back).size / (320 * 240 * 1.5);
    assert.ok(Number.isInteger(count) && count >= 20 && count <= 42, `seed ${seed}: ${count} pictures`);
  }
});

test("what cannot be decoded is refused with a reason", { skip: native || missing("ffmpeg") }, async (t) => {
  const file = path.join(folder(t), "interlaced.264");
  const x264 = ["-c:v", "libx264", "-flags", "+ilme+ildct", "-pix_fmt", "yuv420p"];
  const made = run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", ...x264, "-f", "h264", file]);
  if (made.code !== 0) return t.skip("ffmpeg has no libx264");
  const { code, stderr } = await NATIVE.run([
    "launch",
    `filesrc location=${file} ! h264parse ! openh264dec ! fakesink`,
  ]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /^error: /m);
});

test(
  "B-frames come out in their order, at their times",
  { skip: native || missing("ffmpeg", "ffprobe") },
  async (t) => {
    const dir = folder(t);
    const [file, back] = ["in.ts", "back.yuv"].map((name) => path.join(dir, name));
    // OpenH264 is not exact where motion is derived (direct modes).
    const x264 = [
      "-c:v",
      "libx264",
      "-pix_fmt",
      "yuv420p",
      "-bf",
      "3",
      "-g",
      "20",
      "-x264-params",
      "direct=none:b-pyramid=normal",
    ];
    const input = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3"];
    const made = run("ffmpeg", ["-v", "error", ...input, ...x264, "-f", "mpegts", file]);
    if (made.code !== 0) return t.skip("ffmpeg has no libx264");
    await play(`filesrc location=${file} ! tsdemux ! h264parse ! openh264dec ! filesink location=${back}`);
    assert.deepEqual(pictures(back, 320 * 240 * 1.5), decoded(file));
    assert.deepEqual(await timesOf(file), relative(shown(file).times));
  },
);

/** Times of the pictures that come out of a transport stream, from the first one on, ms. */
async function timesOf(file) {
  const line = `filesrc location=${file} ! tsdemux ! h264parse ! openh264dec ! fakesink name=sink silent=false`;
  const { code, stdout, stderr } = await NATIVE.run(["launch", "-m", "-q", line]);
  assert.equal(code, 0, stderr);
  const told = `${stdout}${stderr}`.matchAll(/^sink: element .*?\[\d+,(\d+),/gm);
  const times = Array.from(told, (m) => Math.round(Number(m[1]) / 1e6));
  return relative(times);
}

function relative(times) {
  return times.map((time) => time - times[0]);
}

test(
  "real streams decode to the pictures of FFmpeg",
  { skip: native || missing("media", "ffmpeg", "ffprobe") },
  async (t) => {
    let tried = 0;
    const back = path.join(folder(t), "back.yuv");
    for (const name of mediaFiles(/^openh264\/.*\.(264|h264|jsv)$/i)) {
      if (OTHERWISE.test(name)) continue;
      tried++;
      await t.test(name, async () => {
        const file = path.join(media, name);
        await play(`filesrc location=${file} ! h264parse ! openh264dec ! filesink location=${back}`);
        const { width, height } = shown(file);
        assert.equal(width % 8, 0);
        assert.deepEqual(pictures(back, (width * height * 3) / 2), decoded(file, "-f", "h264"));
      });
    }
    assert.ok(tried >= LEAST, `only ${tried} streams were compared`);
  },
);

test("streams with losses end like others", { skip: native || missing("media") }, async (t) => {
  const back = path.join(folder(t), "back.yuv");
  for (const name of mediaFiles(/^openh264\/.*(LOST|Error_I_P).*\.264$/i)) {
    await t.test(name, async () => {
      await play(`filesrc location=${path.join(media, name)} ! h264parse ! openh264dec ! filesink location=${back}`);
      assert.ok(fs.statSync(back).size > 0);
    });
  }
});

test("inspect tells what the elements are", { skip: native }, async () => {
  const { stdout } = await NATIVE.run(["inspect", "openh264enc"]);
  for (const word of ["rate-control", "bitrate", "gop-size", "stream-format=(string)byte-stream"]) {
    assert.ok(String(stdout).includes(word), word);
  }
  assert.match(String((await NATIVE.run(["inspect"])).stdout), /^openh264dec +Decodes H\.264/m);
});
