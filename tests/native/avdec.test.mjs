// avdec_* in the native host: every picture and sample against FFmpeg's, and what happens to the process in which they decode.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { buildDecoder, buildHost } from "../../scripts/lib/native.mjs";
import { folder } from "../support/g2g.mjs";
import { NATIVE } from "../support/hosts.mjs";
import { media, mediaFiles, missing, run } from "../support/media.mjs";
import { ffmpegSays } from "../support/media-clean.mjs";

const decoder = NATIVE.missing ? NATIVE : buildDecoder({ quiet: true });
const native = NATIVE.missing ?? decoder.missing ?? false;
const skip = native || missing("ffmpeg");

/** How many of the folder's files are compared; fewer would mean that little was tested. */
const LEAST = 60;

/** Streams with losses, which FFmpeg's own demuxers hide otherwise, and H.265 that no parser has cut into access units. */
const OTHERWISE = /LOST|Error_I_P|entry24-segment3\.ts/;

/** Runs a line to its end. */
async function play(line, ...options) {
  const { code, stderr } = await NATIVE.run(["launch", ...options, line]);
  assert.equal(code, 0, `${line}: ${stderr}`);
  return stderr;
}

/** Makes a file with FFmpeg; skips the test where its build cannot. */
function make(t, file, ...args) {
  const { code, stderr } = run("ffmpeg", ["-v", "error", "-y", ...args, file]);
  if (code === 0) return file;
  t.skip(`ffmpeg cannot make it: ${stderr.split("\n")[0]}`);
  return null;
}

const hash = (bytes) => createHash("md5").update(bytes).digest("hex");

/** Hashes of pictures of one size that lie in a file behind each other. */
function pictures(file, size) {
  const bytes = fs.readFileSync(file);
  assert.equal(bytes.length % size, 0, `${bytes.length} bytes are no pictures of ${size}`);
  return Array.from({ length: bytes.length / size }, (_, i) => hash(bytes.subarray(i * size, (i + 1) * size)));
}

/** Hashes of the pictures that FFmpeg decodes from a file. */
function decoded(file) {
  return shown(file).map((picture) => picture.hash);
}

/** The pictures that FFmpeg decodes from a file: hashes, and times from the first on, ms. */
function shown(file) {
  const all = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"];
  const { code, stdout, stderr } = run("ffmpeg", ["-v", "error", "-noautorotate", "-i", file, ...all]);
  assert.equal(code, 0, stderr);
  const [, n, d] = /^#tb 0: (\d+)\/(\d+)$/m.exec(String(stdout));
  const rows = String(stdout)
    .split("\n")
    .filter((row) => row && !row.startsWith("#"))
    .map((row) => row.split(",").map((field) => field.trim()));
  return rows.map((row) => ({ hash: row.at(-1), time: Math.round((1000 * (row[2] - rows[0][2]) * n) / d) }));
}

/** Times of the pictures that a line gives to `fakesink name=sink`, from the first on, ms. */
async function times(line) {
  const { code, stdout, stderr } = await NATIVE.run([
    "launch",
    "-m",
    "-q",
    `${line} ! fakesink name=sink silent=false`,
  ]);
  assert.equal(code, 0, stderr);
  const told = [...`${stdout}${stderr}`.matchAll(/^sink: element .*?\[\d+,(\d+),/gm)].map((m) => Number(m[1]));
  return told.map((time) => Math.round((time - told[0]) / 1e6));
}

/** Processes that decode for a process. */
function helpers(pid) {
  const tasks = fs.readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => fs.readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "));
  return children.filter(Boolean).map(Number);
}

/** Waits until something is there. */
async function until(what, ms = 10_000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(5)) {
    const found = what();
    if (found) return found;
  }
  assert.fail("it does not come");
}

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x176:rate=25:duration=2"];
const SOUND = (rate, channels) => ["-f", "lavfi", "-i", `sine=sample_rate=${rate}:duration=2`, "-ac", `${channels}`];
const X264 = ["-c:v", "libx264", "-preset", "veryfast"];
const X265 = ["-c:v", "libx265", "-x265-params", "log-level=none:info=0:bframes=3", "-tag:v", "hvc1"];
const PARSED = "h264parse ! avdec_h264";
// prettier-ignore
const VIDEO = [
  ["H.264 with B-frames", "mp4", [...X264, "-bf", "3", "-g", "20", "-pix_fmt", "yuv420p"], PARSED, "I420", 1.5],
  ["H.264 in avc form", "mp4", [...X264, "-bf", "2", "-pix_fmt", "yuv420p"], "avdec_h264", "I420", 1.5],
  ["H.264 with fields", "mp4", [...X264, "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"], PARSED, "I420", 1.5],
  ["H.264 4:2:2 with 10 bits", "mp4", [...X264, "-pix_fmt", "yuv422p10le"], PARSED, "I422_10LE", 4],
  ["H.264 4:4:4", "mp4", [...X264, "-pix_fmt", "yuv444p"], PARSED, "Y444", 3],
  ["H.265", "mp4", [...X265, "-pix_fmt", "yuv420p"], "avdec_h265", "I420", 1.5],
  ["H.265 with 10 bits", "mp4", [...X265, "-pix_fmt", "yuv420p10le"], "avdec_h265", "I420_10LE", 3],
  ["VP9", "mp4", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"], "avdec_vp9", "I420", 1.5],
  ["AV1", "mp4", ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8"], "avdec_av1", "I420", 1.5],
  ["JPEG", "mov", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"], "avdec_mjpeg", "I420", 1.5],
  ["JPEG 4:2:2", "mov", ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"], "avdec_mjpeg", "Y42B", 2],
];

for (const [name, ending, encode, line, format, bytes] of VIDEO) {
  test(`${name}: every picture is FFmpeg's, with threads and without`, { skip }, async (t) => {
    const dir = folder(t);
    const out = path.join(dir, "out.yuv");
    const file = make(t, path.join(dir, `in.${ending}`), ...PICTURE, ...encode);
    if (!file) return;
    const expected = decoded(file);
    assert.equal(expected.length, 50);
    for (const threads of [1, 0]) {
      const source = `filesrc location=${file} ! mp4demux`;
      const links = await play(`${source} ! ${line} name=dec max-threads=${threads} ! filesink location=${out}`, "-v");
      assert.deepEqual(pictures(out, 320 * 176 * bytes), expected, `${threads} threads`);
      assert.match(
        links,
        new RegExp(`dec\\.src -> .*format=\\(string\\)${format}, width=\\(int\\)320, height=\\(int\\)176`),
      );
      assert.match(links, /dec\.src -> .*framerate=\(fraction\)25\/1/);
    }
    assert.deepEqual(
      await times(`filesrc location=${file} ! mp4demux ! ${line}`),
      shown(file).map((picture) => picture.time),
    );
  });
}

test("rows have the strides of GStreamer, and padding is 0", { skip }, async (t) => {
  const dir = folder(t);
  const out = path.join(dir, "out.yuv");
  const input = ["-f", "lavfi", "-i", "testsrc2=size=50x34:rate=25:duration=0.2"];
  const file = make(t, path.join(dir, "in.ts"), ...input, ...X264, "-pix_fmt", "yuv420p");
  if (!file) return;
  await play(`filesrc location=${file} ! tsdemux ! ${PARSED} ! filesink location=${out}`);
  // Rows of 52 and 28 bytes where 50 and 25 are used.
  const bytes = fs.readFileSync(out);
  const size = 52 * 34 + 2 * 28 * 17;
  assert.equal(bytes.length, 5 * size);
  const tight = Buffer.concat(
    Array.from({ length: 5 }, (_, n) => bytes.subarray(n * size, (n + 1) * size)).flatMap((picture) => {
      const rows = [];
      for (let at = 0; at < size;) {
        const [stride, used] = at < 52 * 34 ? [52, 50] : [28, 25];
        assert.ok(picture.subarray(at + used, at + stride).every((byte) => byte === 0));
        rows.push(picture.subarray(at, at + used));
        at += stride;
      }
      return rows;
    }),
  );
  const plain = run("ffmpeg", ["-v", "error", "-i", file, "-f", "rawvideo", "-"]).stdout;
  assert.equal(hash(tight), hash(plain));
});

/**
 * Sound as FFmpeg has it, with a sample of each channel in turn, of frames that have one channel after the other. The first
 * frame may be short, as what the encoder put in front is left out.
 */
function weave(bytes, samples, channels) {
  const out = Buffer.alloc(bytes.length);
  const whole = samples * channels * 4;
  for (let start = 0; start < bytes.length;) {
    const length = (start ? whole : bytes.length % whole || whole) / 4 / channels;
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < channels; c++) {
        const from = start + (c * length + i) * 4;
        bytes.copy(out, start + (i * channels + c) * 4, from, from + 4);
      }
    }
    start += length * 4 * channels;
  }
  return out;
}

// prettier-ignore
const AUDIO = [
  ["AAC", ["-c:a", "aac"], SOUND(44100, 2), "avdec_aac", 1024, 2],
  ["AAC with 6 channels", ["-c:a", "aac"], SOUND(48000, 6), "avdec_aac", 1024, 6],
  ["AAC of one channel", ["-c:a", "aac"], SOUND(44100, 1), "avdec_aac", 1024, 1],
  ["Opus", ["-c:a", "libopus"], SOUND(48000, 2), "avdec_opus", 960, 2],
];

for (const [name, encode, input, line, samples, channels] of AUDIO) {
  test(`${name}: every sample is FFmpeg's`, { skip }, async (t) => {
    const dir = folder(t);
    const [out, frames] = ["out.f32", "frames"].map((n) => path.join(dir, n));
    const file = make(t, path.join(dir, "in.mp4"), ...input, ...encode);
    if (!file) return;
    const links = await play(`filesrc location=${file} ! mp4demux ! ${line} name=dec ! filesink location=${out}`, "-v");
    assert.match(links, /dec\.src -> .*audio\/x-raw, format=\(string\)F32LE, layout=\(string\)non-interleaved/);
    const found = fs.readFileSync(out);
    const plain = ["-v", "error", "-y", "-i", file, "-f", "f32le", frames];
    assert.equal(run("ffmpeg", plain).code, 0);
    const expected = fs.readFileSync(frames);
    assert.ok(expected.length > 300_000, `${expected.length} bytes`);
    const woven = weave(found, samples, channels);
    assert.equal(hash(woven), hash(expected), `${woven.length} bytes, FFmpeg ${expected.length}`);
  });
}

test("another size in mid-stream comes under caps of its own", { skip }, async (t) => {
  const dir = folder(t);
  const [both, out] = ["both.264", "out.yuv"].map((n) => path.join(dir, n));
  const parts = ["320x176", "176x144", "320x176"].map((size, i) => {
    const input = ["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25:duration=0.4`];
    return make(t, path.join(dir, `${i}.264`), ...input, ...X264, "-bf", "2", "-pix_fmt", "yuv420p", "-f", "h264");
  });
  if (!parts.every(Boolean)) return;
  fs.writeFileSync(both, Buffer.concat(parts.map((file) => fs.readFileSync(file))));
  const links = await play(
    `filesrc location=${both} ! h264parse ! avdec_h264 name=dec ! filesink location=${out}`,
    "-v",
  );
  const widths = [...links.matchAll(/dec\.src -> .*?width=\(int\)(\d+)/g)].map((m) => m[1]);
  assert.deepEqual(widths, ["320", "176", "320"]);
  const raw = (file) => run("ffmpeg", ["-v", "error", "-i", file, "-f", "rawvideo", "-"]).stdout;
  assert.equal(hash(fs.readFileSync(out)), hash(Buffer.concat(parts.map(raw))));
});

test("the files of the folder decode as in FFmpeg", { skip: skip || missing("media", "ffprobe") }, async (t) => {
  const out = path.join(folder(t), "out.yuv");
  const lines = { h264: PARSED, hevc: "avdec_h265", vp9: "avdec_vp9", av1: "avdec_av1" };
  let compared = 0;
  const differ = [];
  for (const name of mediaFiles(/\.(mp4|ts|264|h264)$/)) {
    if (OTHERWISE.test(name)) continue;
    const file = path.join(media, name);
    const entries = "stream=codec_name,width,height,pix_fmt";
    const said = run("ffprobe", [
      "-v",
      "error",
      "-select_streams",
      "v:0",
      "-show_entries",
      entries,
      "-of",
      "json",
      file,
    ]);
    let stream;
    try {
      stream = JSON.parse(String(said.stdout)).streams[0];
    } catch {
      continue;
    }
    const { codec_name: codec, width, height, pix_fmt: format } = stream ?? {};
    if (!(codec in lines) || format !== "yuv420p" || width % 8 || height % 2 || ffmpegSays(file)) continue;
    if (name.endsWith("264") !== (codec === "h264" && /264$/.test(name))) continue;
    const demux = /264$/.test(name) ? "" : name.endsWith(".ts") ? "tsdemux ! " : "mp4demux ! ";
    const line = `filesrc location=${file} ! ${demux}${lines[codec]} name=dec ! filesink location=${out}`;
    const { code } = await NATIVE.run(["launch", "-q", line]);
    // What the demuxer does not take is no matter of the decoder.
    if (code !== 0) continue;
    const expected = decoded(file);
    const found = fs.statSync(out).size % (width * height * 1.5) ? [] : pictures(out, width * height * 1.5);
    compared++;
    if (JSON.stringify(found) !== JSON.stringify(expected))
      differ.push(`${name}: ${found.length} of ${expected.length}`);
  }
  t.diagnostic(`${compared} files compared`);
  assert.deepEqual(differ, []);
  assert.ok(compared >= LEAST, `only ${compared} files`);
});

/** A line that takes a while, and its number of pictures. */
function slow(t, dir) {
  const input = ["-f", "lavfi", "-i", "testsrc2=size=320x176:rate=25:duration=60"];
  return make(t, path.join(dir, "slow.ts"), ...input, ...X264, "-g", "25", "-pix_fmt", "yuv420p");
}

/** Starts a line over a pipe that is fed slowly; what it gives, and its helper. */
async function startSlow(file, options, out) {
  const line = `filesrc location=/dev/stdin ! tsdemux ! h264parse ! avdec_h264 name=dec ${options} ! filesink location=${out}`;
  const { child, exit } = NATIVE.start(["launch", "-q", line]);
  const bytes = fs.readFileSync(file);
  const half = Math.floor(bytes.length / 2 / 188) * 188;
  child.stdin.write(bytes.subarray(0, half));
  await until(() => fs.existsSync(out) && fs.statSync(out).size > 100 * 320 * 176 * 1.5);
  const [helper] = await until(() => helpers(child.pid).length && helpers(child.pid));
  return { child, exit, helper, goOn: () => child.stdin.end(bytes.subarray(half)) };
}

test("a process that is killed is started anew, and decoding goes on at a key frame", { skip }, async (t) => {
  const dir = folder(t);
  const out = path.join(dir, "out.yuv");
  const file = slow(t, dir);
  if (!file) return;
  const { exit, helper, goOn } = await startSlow(file, "", out);
  process.kill(helper, "SIGKILL");
  goOn();
  const { code, stderr } = await exit;
  assert.equal(code, 0, stderr);
  const size = 320 * 176 * 1.5;
  const found = pictures(out, size);
  const expected = decoded(file);
  // What was inside and the rest of the group is lost; all that came is whole, and the last group is there.
  const known = new Set(expected);
  assert.ok(found.every((picture) => known.has(picture)));
  assert.ok(found.length >= 1400 && found.length < 1500, `${found.length} pictures`);
  assert.deepEqual(found.slice(-25), expected.slice(-25));
});

test("without restarts a process that is killed is an error that names the signal", { skip }, async (t) => {
  const dir = folder(t);
  const out = path.join(dir, "out.yuv");
  const file = slow(t, dir);
  if (!file) return;
  const { exit, helper, goOn } = await startSlow(file, "max-restarts=0", out);
  process.kill(helper, "SIGKILL");
  goOn();
  const { code, stderr } = await exit;
  assert.equal(code, 1);
  assert.match(stderr, /^error: dec: .*the decoder process was ended by SIGKILL/m);
});

test("a process that hangs is an error after its time", { skip }, async (t) => {
  const dir = folder(t);
  const out = path.join(dir, "out.yuv");
  const file = slow(t, dir);
  if (!file) return;
  const { exit, helper, goOn } = await startSlow(file, "max-restarts=0 timeout=300000000", out);
  process.kill(helper, "SIGSTOP");
  goOn();
  const { code, stderr } = await exit;
  assert.equal(code, 1);
  assert.match(stderr, /^error: dec: .*hangs: it has said nothing for 0\.3 s/m);
});

test("a host that is killed leaves no process behind", { skip }, async (t) => {
  const dir = folder(t);
  const file = slow(t, dir);
  if (!file) return;
  const { child, exit, helper } = await startSlow(file, "", path.join(dir, "out.yuv"));
  child.kill("SIGKILL");
  await exit;
  await until(() => !fs.existsSync(`/proc/${helper}`));
});

test("the process has no rights but to decode", { skip }, async (t) => {
  const dir = folder(t);
  const file = slow(t, dir);
  if (!file) return;
  const { exit, helper, goOn } = await startSlow(file, "", path.join(dir, "out.yuv"));
  const status = fs.readFileSync(`/proc/${helper}/status`, "utf8");
  const limits = fs.readFileSync(`/proc/${helper}/limits`, "utf8");
  goOn();
  assert.equal((await exit).code, 0);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  assert.match(limits, /^Max open files +1 +1 /m);
  assert.match(limits, /^Max core file size +0 +0 /m);
});

test("the sandbox refuses files, sockets, programs and new code", { skip: native }, () => {
  const check = (call) => {
    const { status, signal } = spawnSync(decoder.program, ["check", call]);
    return status ?? signal;
  };
  const found = Object.fromEntries(["open", "write", "socket", "exec", "code", "thread"].map((c) => [c, check(c)]));
  // 0: refused, 1: allowed.
  assert.deepEqual(found, { open: 0, write: 0, socket: "SIGSYS", exec: "SIGSYS", code: "SIGSYS", thread: 1 });
});

test("a program that is missing is named", { skip }, async (t) => {
  const dir = folder(t);
  const file = make(t, path.join(dir, "in.ts"), ...PICTURE, ...X264, "-pix_fmt", "yuv420p");
  if (!file) return;
  process.env.G2G_AVDEC = path.join(dir, "none");
  t.after(() => delete process.env.G2G_AVDEC);
  const { code, stderr } = await NATIVE.run(["launch", `filesrc location=${file} ! tsdemux ! ${PARSED} ! fakesink`]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: .*none is missing, which is built where libavcodec is installed/m);
});

test("damaged streams never end the host", { skip }, async (t) => {
  const dir = folder(t);
  const [bad, out] = ["bad", "out.yuv"].map((n) => path.join(dir, n));
  for (const [name, ending, encode, line] of VIDEO) {
    const file = path.join(dir, `in.${ending}`);
    if (run("ffmpeg", ["-v", "error", "-y", ...PICTURE, ...encode, file]).code !== 0) continue;
    const whole = fs.readFileSync(file);
    // The index stays as it is, in front or behind: the damage is the decoder's.
    const from = whole.indexOf("mdat") + 4;
    const end = whole.indexOf("moov") > from ? whole.indexOf("moov") - 4 : whole.length;
    for (let seed = 1; seed <= 4; seed++) {
      const bytes = Buffer.from(whole);
      let x = (seed * 0x9e3779b9) >>> 0;
      for (let i = 0; i < 40 * seed; i++) {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
        bytes[from + (x % (end - from))] = x >>> 24;
      }
      fs.writeFileSync(bad, bytes);
      const { code, stderr } = await NATIVE.run([
        "launch",
        "-q",
        `filesrc location=${bad} ! mp4demux ! ${line} ! filesink location=${out}`,
      ]);
      assert.ok(code === 0 || (code === 1 && /^error: /m.test(stderr)), `${name}, seed ${seed}: ${code} ${stderr}`);
    }
  }
});

test("after a seek pictures come from the key frame on, and none of before", { skip }, async (t) => {
  const dir = folder(t);
  const input = ["-f", "lavfi", "-i", "testsrc2=size=320x176:rate=25:duration=20"];
  const file = make(t, path.join(dir, "in.mp4"), ...input, ...X264, "-bf", "3", "-g", "25", "-pix_fmt", "yuv420p");
  if (!file) return;
  const { program } = buildHost({ example: "seek", of: "g2g-avdec", quiet: true });
  const { code, stdout, stderr } = run(program, [file, "2000000000"], {
    env: { ...process.env, G2G_AVDEC: decoder.program },
  });
  assert.equal(code, 0, stderr);
  const [before, after] = String(stdout)
    .split("\n\n")
    .map((part) =>
      part
        .trim()
        .split("\n")
        .map((pts) => Math.round(Number(pts) / 1e6)),
    );
  assert.deepEqual(
    before,
    Array.from({ length: 40 }, (_, i) => i * 40),
  );
  // What the sink had taken before it heard of the seek is told behind it.
  const from = after.lastIndexOf(2000);
  assert.ok(from >= 0 && from < 200, after.slice(0, 10).join());
  assert.deepEqual(
    after.slice(from),
    Array.from({ length: 450 }, (_, i) => 2000 + i * 40),
  );
});
