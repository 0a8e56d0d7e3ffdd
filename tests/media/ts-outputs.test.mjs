// Transport streams that mpegtsmux makes from real ones: ffmpeg and GStreamer find nothing wrong with them, and every unit
// keeps its bytes and its time.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { ffmpegSays, gstPlays } from "../support/media-clean.mjs";
import { ffprobePackets, media, mediaFiles, missing, probe } from "../support/media.mjs";

const reason = missing("media", "ffprobe", "ffmpeg", "gst-launch-1.0");

/** How many of the folder's streams ffmpeg decodes without a word; fewer would mean that little was tested. */
const LEAST = 10;

/** Half a millisecond: times of AAC are counted by us and by ffmpeg in its own way. */
const TOLERANCE = 500_000;

/** Elements between the demuxer and the muxer for the caps of a stream; null for what is left out. */
function wayOf(caps) {
  if (caps.startsWith("video/x-h264")) return "h264parse ! ";
  if (/^audio\/mpeg, mpegversion=\(int\)[24]/.test(caps)) return "aacparse ! ";
  return /^audio\/(mpeg|x-ac3|x-eac3|x-opus)/.test(caps) ? "" : null;
}

/** Streams by codec with the packets that have bytes. */
function streamsOf(file) {
  const { streams, packets } = ffprobePackets(file);
  const list = streams.map((s, i) => [Number(s.id), s.codec_name, packets.filter((p) => p.stream === i && p.size)]);
  const full = list.filter(([, , own]) => own.length).sort((a, b) => a[1].localeCompare(b[1]));
  return full.map(([pid, codec, packets]) => ({ pid, codec, packets }));
}

/** Compares a stream with what it was; `offset` is added to the times of the one before, or taken from its first. */
function sameStream(before, after, offset) {
  assert.equal(after.packets.length, before.packets.length, `packets of ${before.codec}`);
  const shift = offset ?? after.packets[0].dts - before.packets[0].dts;
  before.packets.forEach((a, i) => {
    const b = after.packets[i];
    // A delimiter is put in front of access units that have none.
    if (b.size === a.size) assert.equal(b.md5, a.md5, `bytes of ${before.codec} packet ${i}`);
    else assert.ok(before.codec === "h264" && b.size === a.size + 6, `size of ${before.codec} packet ${i}`);
    for (const time of ["pts", "dts"]) {
      if (a[time] === null) continue;
      const moved = b[time] - a[time] - shift;
      assert.ok(Math.abs(moved) <= TOLERANCE, `${time} of ${before.codec} packet ${i} moved by ${moved} ns`);
    }
  });
  return shift;
}

test("transport streams from real ones", { skip: reason }, async (t) => {
  let tried = 0;
  for (const name of mediaFiles(/\.ts$/i)) {
    const file = path.join(media, name);
    const found = probe(file);
    const wanted = found.code ? [] : found.streams.filter((s) => wayOf(s.caps) !== null);
    if (!wanted.length || ffmpegSays(file)) continue;
    tried++;
    await t.test(name, async (t) => {
      const out = path.join(folder(t), "out.ts");
      const branches = wanted.map((s) => `d.${s.pad} ! queue ! ${wayOf(s.caps)}m.`);
      await play(
        t,
        `filesrc location=${file} ! tsdemux name=d ${branches.join(" ")} mpegtsmux name=m ! filesink location=${out}`,
      );
      assert.equal(ffmpegSays(out), "");
      const after = streamsOf(out);
      const sinks = after.flatMap(() => ["d.", "!", "queue", "!", "fakesink", "sync=false"]);
      gstPlays("filesrc", `location=${out}`, "!", "tsparse", "!", "tsdemux", "name=d", ...sinks);
      const pids = wanted.map((s) => parseInt(s.pad.split("_").at(-1), 16));
      const before = streamsOf(file).filter((s) => pids.includes(s.pid));
      assert.deepEqual(
        after.map((s) => s.codec),
        before.map((s) => s.codec),
      );
      let offset = null;
      before.forEach((s, i) => (offset = sameStream(s, after[i], offset)));
    });
  }
  assert.ok(tried >= LEAST, `only ${tried} streams were clean before`);
});
