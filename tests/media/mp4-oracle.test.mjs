// Every MP4, QuickTime and CMAF file of the media folder: its packets as `g2g probe` has them are those of ffprobe, bytes,
// times and flags. Where they are not, mp4-differences.json names the file, the stream and the clause that decides it, and
// that difference must still be there and be of the kind it is said to be.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/g2g.mjs";
import { ffprobePackets, media, mediaFiles, missing, probe } from "../support/media.mjs";

const skip = missing("media", "ffprobe");
const differences = JSON.parse(fs.readFileSync(new URL("mp4-differences.json", import.meta.url)));
const FIELDS = ["pts", "dts", "duration", "size", "key", "md5"];

/**
 * How the packets of a stream may differ in some fields: what is true of them then. `a` is ours, `b` ffprobe's, which does
 * not tell all durations.
 */
const KINDS = {
  // Half a tick of the track's, as ffprobe has an empty edit in ticks.
  "empty edit in ticks": ({ a, b, stream }) =>
    offset(a, b, "pts") !== 0 &&
    offset(a, b, "pts") === offset(a, b, "dts") &&
    Math.abs(offset(a, b, "pts")) <= 0.5 * tick(stream),
  // ffprobe moves the start of an edit between two samples to one of them.
  "edit between samples": ({ a, b, stream }) =>
    offset(a, b, "pts") === offset(a, b, "dts") && Math.abs(offset(a, b, "pts")) > tick(stream),
  // ffprobe moves all presentation times up, or leaves decoding times behind presentation.
  "negative offsets": ({ a, b }) => {
    const least = Math.min(...b.map((p) => p.pts - p.dts));
    const moved = Math.abs(offset(a, b, "pts") - offset(a, b, "dts")) <= 1;
    return Math.min(...a.map((p) => p.pts - p.dts)) >= 0 && offset(a, b, "pts") <= 0 && (least < 0 || moved);
  },
  "last duration": ({ a, b }) => a.slice(0, -1).every((p, i) => agree(p.duration, b[i].duration)),
  durations: ({ a, b }) => a.slice(0, -1).some((p, i) => !agree(p.duration, b[i].duration)),
  "sync flags": ({ a, b }) => a[0].key && b.every((p) => p.key),
  "bytes of a frame": ({ a, caps }) => a.every((p) => p.size === Math.round((p.duration * byteRate(caps)) / 1e9)),
  "captions in triplets": ({ a, b }) => a.every((p, i) => p.size * 3 === b[i].size * 2),
  "no sample description": ({ stream }) => stream.codec_tag === "0x0000",
  "picture of a tag": ({ stream, b }) => stream.disposition.attached_pic === 1 && b.length === 1,
  "broken off": ({ a, b, ours }) => ours.code === 1 && a.length < b.length && same(a.slice(0, -1), b),
  "refused by ffprobe": ({ a, b, ours, theirs }) => !ours.code && a.length && theirs.code === 1 && !b.length,
  "joined by ffprobe": ({ a, b, ours }) => !ours.code && a.length > b.length && b.length && a[0].dts === b[0].dts,
};

const agree = (a, b) => b === null || a === b;
const same = (a, b) => a.every((p, i) => p.size === b[i].size && p.dts === b[i].dts);
const tick = (stream) => 1e9 / Number(stream.time_base.split("/")[1]);

/** What must be added to ffprobe's times to have ours, ns; NaN when it is not the same for all, give or take rounding. */
function offset(a, b, field) {
  const first = a[0][field] - b[0][field];
  return a.every((p, i) => Math.abs(p[field] - b[i][field] - first) <= 1) ? first : NaN;
}

/** Bytes a second of raw audio. */
function byteRate(caps) {
  const number = (pattern) => Number(pattern.exec(caps)?.[1]);
  return (number(/rate=\(int\)(\d+)/) * number(/channels=\(int\)(\d+)/) * number(/format=\(string\)[SUF](\d+)/)) / 8;
}

/** The stream of ffprobe that a pad is: the one with the same place among those of its kind. */
function counterpart(pad, streams) {
  const [, kind, number] = /^(\w+)_(\d+)$/.exec(pad);
  const text = (s) => s.codec_type === "subtitle" || ["stpp", "wvtt"].includes(s.codec_tag_string);
  const alike = streams.filter((s) => (kind === "subtitle" ? text(s) : s.codec_type === kind));
  return alike[Number(number)];
}

/** Compares a file; what is found, as entries for the list, with what holds for each. */
function compare(file) {
  const ours = probe(file, "--packets");
  const theirs = ffprobePackets(file);
  // Where there is no packet there are no streams to compare.
  const found = ours.packets.length || theirs.packets.length ? probe(file) : {};
  assert.ok(ours.code === 0 || ours.code === 1, `exit code ${ours.code}: ${ours.stderr}`);
  if (ours.code) assert.match(ours.stderr, /^error: .+/);
  const out = [];
  const met = new Set();
  for (const s of found.streams ?? []) {
    const stream = counterpart(s.pad, theirs.streams);
    met.add(stream?.index);
    const a = ours.packets.filter((p) => p.stream === s.index);
    const b = stream ? theirs.packets.filter((p) => p.stream === stream.index) : [];
    const n = Math.min(a.length, b.length);
    const fields = FIELDS.filter((field) => a.slice(0, n).some((p, i) => !agree(p[field], b[i][field])));
    if (a.length !== b.length) fields.unshift("count");
    if (fields.length) out.push({ stream: s.pad, fields, a, b, with: stream, caps: s.caps, ours, theirs });
  }
  // What is broken off before its first packet may have lost its streams.
  for (const stream of ours.code ? [] : theirs.streams) {
    const b = theirs.packets.filter((p) => p.stream === stream.index);
    if (!b.length || met.has(stream.index) || !["video", "audio", "subtitle"].includes(stream.codec_type)) continue;
    out.push({
      stream: `${stream.codec_type} ${stream.index}`,
      fields: ["absent"],
      a: [],
      b,
      with: stream,
      ours,
      theirs,
    });
  }
  return { out, ours, theirs };
}

/** Whether packets differ as a kind says. */
function isOfKind(kind, d) {
  const counted = ["broken off", "refused by ffprobe", "joined by ffprobe"].includes(kind);
  return counted === d.fields.includes("count") && Boolean(KINDS[kind]?.({ ...d, stream: d.with }));
}

/** Compares a file and holds what differs against the list. */
function hold(name, file) {
  const { out, ours, theirs } = compare(file);
  const listed = differences.filter((d) => d.file === name);
  for (const d of out) {
    const entries = listed.filter((l) => l.stream === d.stream);
    const fields = entries.flatMap((l) => l.fields);
    assert.deepEqual([...fields].sort(), [...d.fields].sort(), `${d.stream}: ${describe(d)}`);
    for (const { kind } of entries) assert.ok(isOfKind(kind, d), `${d.stream}: not "${kind}": ${describe(d)}`);
  }
  for (const { stream } of listed) {
    assert.ok(
      out.some((d) => d.stream === stream),
      `${stream}: no difference any more`,
    );
  }
  // What one of both cannot read to its end, the other one cannot either, unless the list has it.
  if (!listed.length) assert.ok(!ours.code || theirs.code || theirs.stderr || !theirs.packets.length, ours.stderr);
}

function describe({ fields, a, b }) {
  const show = (p) => JSON.stringify(p, FIELDS);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (!FIELDS.every((f) => agree(a[i][f], b[i][f]))) return `${fields}: #${i} ${show(a[i])}, ${show(b[i])}`;
  }
  return `${a.length} packets, ${b.length}`;
}

for (const name of mediaFiles(/\.(mp4|mov|m4a|m4v|m4s|m4i|3gp|cmf[vta])$/i)) {
  test(`packets of ${name}`, { skip }, () => hold(name, path.join(media, name)));
}

/** Media segments and the initialisation segments that they belong to. */
const SEGMENTS = [
  ["androidx-media/media/hls/multi-segment/init.mp4", "androidx-media/media/hls/multi-segment/playlist0.m4s"],
  ["mp4ff/examples/combine-segs/testdata/A48/init.mp4", "mp4ff/examples/combine-segs/testdata/A48/1.m4s"],
  ["mp4ff/examples/combine-segs/testdata/V300/init.mp4", "mp4ff/examples/combine-segs/testdata/V300/1.m4s"],
  ["mp4ff/mp4/testdata/av1_multitile_init.mp4", "mp4ff/mp4/testdata/av1_multitile_seg.m4s"],
  ["mp4ff/mp4/testdata/hvc1_init.mp4", "mp4ff/mp4/testdata/hvc1_seg_1.m4s"],
  ["mux.js/dash-608-captions-init.mp4", "mux.js/dash-608-captions-seg.m4s"],
  ["shaka-player/cea-init.mp4", "shaka-player/cea-segment.mp4"],
  ["shaka-player/multiple-trun-init.mp4", "shaka-player/multiple-trun-segment.mp4"],
  ["shaka-player/multidrm-audio-init.mp4", "shaka-player/multidrm-audio-segment.mp4"],
  ["shaka-player/encrypted-sintel-audio-init.mp4", "shaka-player/encrypted-sintel-audio-segment.mp4"],
];

for (const parts of SEGMENTS) {
  const files = parts.map((name) => path.join(media ?? "", name));
  const absent = skip || (!files.every((file) => fs.existsSync(file)) && "the media folder lacks it");
  test(`packets of ${parts[1]} behind its initialisation segment`, { skip: absent }, (t) => {
    const file = path.join(folder(t), "joined.mp4");
    fs.writeFileSync(file, Buffer.concat(files.map((f) => fs.readFileSync(f))));
    hold(parts.join(" + "), file);
  });
}

test("the list of differences names files that there are, kinds and clauses", { skip }, () => {
  for (const { file, stream, kind, clause } of differences) {
    for (const part of file.split(" + ")) assert.ok(fs.existsSync(path.join(media, part)), part);
    assert.ok(stream && kind in KINDS, `${file}: ${kind}`);
    assert.match(clause, /ISO\/IEC \d|QuickTime File Format/, file);
  }
  const used = new Set(differences.map((d) => d.kind));
  for (const kind of Object.keys(KINDS)) assert.ok(used.has(kind), `nothing is of the kind "${kind}"`);
});
