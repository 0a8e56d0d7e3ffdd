// Samples of MP4 files against dumps that another extractor made of them: number, presentation times, sync flags and a
// hash of the bytes. Where that extractor does something else, DIFFERENT names the stream and why.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { demuxed } from "../support/media-frames.mjs";
import { media, mediaFiles, missing, probe } from "../support/media.mjs";

const skip = missing("media");
const FILES = "androidx-media/media/mp4/";

const KEY = 1;

/** What differs, by file and pad. */
const DIFFERENT = {
  // Uncompressed audio is a sample a frame (ISO/IEC 23003-5 §4.3), which both hand on in stretches, of other lengths.
  "sample_fixed_rechunk_no_elst.mp4 audio_0": "count",
  "sample_fpcm_32be.mp4 audio_0": "count",
  "sample_fpcm_32le.mp4 audio_0": "count",
  "sample_ipcm_16be.mp4 audio_0": "count",
  "sample_ipcm_24le.mp4 audio_0": "count",
  // The extractor puts what decrypts a sample (ISO/IEC 23001-7 §7.2) in front of it.
  "sample_ac4_protected.mp4 audio_0": "bytes cuts",
};

/** The tracks of a dump: media type and samples with time (us), flags, length and hash. */
function readDump(text) {
  const tracks = [];
  let sample;
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([\w ]+?)(?: = |:)(.*)$/.exec(line) ?? [];
    if (/^track \d+$/.test(key ?? "")) tracks.push({ mime: null, samples: [] });
    else if (key === "sampleMimeType") tracks.at(-1).mime ??= value;
    else if (/^sample \d+$/.test(key ?? "")) tracks.at(-1).samples.push((sample = {}));
    else if (sample && key === "time") sample.time = Number(value);
    else if (sample && key === "flags") sample.flags = Number(value);
    else if (sample && key === "data") {
      const [, length, hash] = /length (\d+), hash (\w+)/.exec(value);
      Object.assign(sample, { length: Number(length), hash: parseInt(hash, 16) | 0 });
      sample = undefined;
    }
  }
  return tracks;
}

/** Java's hash of an array of bytes. */
const hashOf = (data) => data.reduce((h, b) => (Math.imul(31, h) + ((b << 24) >> 24)) | 0, 1);

/** 31 to the power of n, of 32 bits. */
function power(n) {
  let out = 1;
  for (let base = 31; n; n >>>= 1, base = Math.imul(base, base)) if (n & 1) out = Math.imul(out, base);
  return out;
}

/** Hash and length of what parts with these hashes and lengths are together. */
function joined(parts) {
  let hash = 1;
  let length = 0;
  for (const p of parts) {
    // The hash of a part alone starts with 1, which is moved by its length.
    hash = (Math.imul(hash, power(p.length)) + ((p.hash - power(p.length)) | 0)) | 0;
    length += p.length;
  }
  return { hash, length };
}

/**
 * The bytes of an access unit as the dumps have them: with start codes, AC-4 with the header that a stream has (ETSI TS
 * 103 190-2 Annex G); of other media as they are.
 */
function dumped(frame) {
  if (/audio\/x-ac4/.test(frame.caps)) {
    const head = Buffer.from([0xac, 0x40, 0xff, 0xff, 0, 0, 0]);
    head.writeUIntBE(frame.data.length, 4, 3);
    return Buffer.concat([head, frame.data]);
  }
  const config = /codec_data=\(buffer\)([0-9a-f]+)/.exec(frame.caps)?.[1];
  const place = /^video\/x-h264/.test(frame.caps) ? 4 : /^video\/x-h265/.test(frame.caps) ? 21 : null;
  if (place === null || !config) return frame.data;
  const bytes = (Buffer.from(config, "hex")[place] & 3) + 1;
  const out = [];
  for (let at = 0; at + bytes <= frame.data.length;) {
    const n = frame.data.readUIntBE(at, bytes);
    out.push(Buffer.from([0, 0, 0, 1]), frame.data.subarray(at + bytes, at + bytes + n));
    at += bytes + n;
  }
  return Buffer.concat(out);
}

const kindOf = (mime) => (/^(video|image)/.test(mime) ? "video" : /^audio/.test(mime) ? "audio" : "subtitle");

/** What is found to differ in a track. */
function compare(frames, samples) {
  const ours = frames.map((f) => {
    const data = dumped(f);
    return { time: Math.floor(Number(f.pts) / 1000), key: f.key, length: data.length, hash: hashOf(data) };
  });
  const out = [];
  const a = joined(ours);
  const b = joined(samples);
  if (a.hash !== b.hash || a.length !== b.length) out.push("bytes");
  if (ours.length !== samples.length) {
    out.push("count");
    return out;
  }
  if (!ours.every((o, i) => o.length === samples[i].length && o.hash === samples[i].hash)) out.push("cuts");
  if (!ours.every((o, i) => Math.abs(o.time - samples[i].time) <= 1)) out.push("times");
  if (!ours.every((o, i) => o.key === Boolean(samples[i].flags & KEY))) out.push("keys");
  return out;
}

const dumps = mediaFiles(/extractordumps\/mp4\/.*\.0\.dump$/);

test("there are dumps, and each file that differs from its dump has one", { skip }, () => {
  assert.ok(dumps.length > 20, `${dumps.length} dumps`);
  for (const key of Object.keys(DIFFERENT)) {
    assert.ok(
      dumps.some((dump) => dump.includes(`/${key.split(" ")[0]}.`)),
      key,
    );
  }
});

for (const dump of dumps) {
  const name = path.basename(dump).replace(/\.0\.dump$/, "");
  const file = path.join(media, FILES, name);
  const absent = skip || (!fs.existsSync(file) && "the media folder lacks the file");
  test(`samples of ${name} are those of its dump`, { skip: absent }, async (t) => {
    const tracks = readDump(fs.readFileSync(path.join(media, dump), "utf8")).filter((x) => x.samples.length);
    const pads = (probe(file).streams ?? []).map((s) => s.pad);
    const { streams, error } = await demuxed(t, file, "mp4demux", pads);
    assert.equal(error, null);
    const found = {};
    pads.forEach((pad, i) => {
      const [kind, number] = pad.split("_");
      const track = tracks.filter((x) => kindOf(x.mime) === kind)[Number(number)];
      const differs = track ? compare(streams[i], track.samples) : streams[i].length ? ["absent"] : [];
      if (differs.length) found[`${name} ${pad}`] = differs.join(" ");
    });
    const expected = Object.entries(DIFFERENT).filter(([key]) => key.startsWith(`${name} `));
    assert.deepEqual(found, Object.fromEntries(expected));
  });
}
