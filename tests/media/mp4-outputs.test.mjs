// What mp4mux writes, in each of its forms: ffmpeg and GStreamer read it without a word, and its packets are those that went
// in. The streams are made here, and taken from the media folder where there is one.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { frames } from "../support/media-frames.mjs";
import { ffprobePackets, media, missing, probe, run } from "../support/media.mjs";
import { transportStream } from "../support/vector-ts.mjs";

const FORMS = {
  progressive: "",
  faststart: "faststart=true",
  fragmented: "fragment-duration=500",
  streamable: "fragment-duration=500 streamable=true",
  "fragmented, then finalised": "fragment-duration=500 fragment-mode=first-moov-then-finalise",
};
const isFragmented = (form) => form === "fragmented" || form === "streamable";

/** The largest difference that rounding to ticks of 90 kHz makes, ns. */
const ROUNDING = 11_112;

/** Files of the media folder with streams that mp4mux takes. */
const INPUTS = [
  "androidx-media/media/mp4/sample.mp4",
  "androidx-media/media/mp4/sample_fragmented.mp4",
  "androidx-media/media/mp4/sample_rotate_and_reflect.mp4",
  "androidx-media/media/mp4/sample_twos_pcm.mp4",
  "androidx-media/media/mp4/sample_with_av1c.mp4",
  "androidx-media/media/mp4/hlg10-color-test.mp4",
  "androidx-media/media/mp4/bbb_800x640_768kbps_30fps_vp9.mp4",
  "androidx-media/media/mp4/bbb_176x144_128kbps_15fps_h263.3gp",
  "androidx-media/media/mp4/bbb_mono_8kHz_12.2kbps_amrnb.3gp",
  "androidx-media/media/dash/ttml-in-mp4/sample.text.mp4",
  "androidx-media/media/dash/webvtt-in-mp4/sample.text.mp4",
  "lofty/files/assets/minimal/m4a_codec_alac.m4a",
  "lofty/files/assets/minimal/mp4_codec_flac.mp4",
  "mediabunny/ac3.mp4",
  "mediabunny/cursed-vfr.mp4",
  "mediabunny/eac3.mp4",
  "mediabunny/edts.mp4",
  "mediabunny/multiple-aac-tracks.mp4",
  "mediabunny/sar_2x1.mp4",
  "mp4ff/cmd/mp4ff-mvhevc/testdata/stereo_spatial.mp4",
  "mp4ff/cmd/mp4ff-nallister/testdata/hevc.mp4",
  "mp4ff/mp4/testdata/opus.mp4",
  "mp4ff/mp4/testdata/prog_8s.mp4",
];

/** ffmpeg reads a file, and decodes it if asked, without an error. */
function ffmpegReads(file, decode) {
  const codec = decode ? [] : ["-c", "copy"];
  const args = ["-nostdin", "-v", "error", "-xerror", "-i", file, "-map", "0", ...codec, "-f", "null", "-"];
  const { code, stderr } = run("ffmpeg", args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, `ffmpeg, ${file}`);
}

/** GStreamer reads all streams of a file to their ends. */
function gstreamerReads(file, pads) {
  const branches = pads.flatMap((pad) => [`d.${pad}`, "!", "queue", "!", "fakesink"]);
  const { code, stderr } = run("gst-launch-1.0", [
    "-q",
    "filesrc",
    `location=${file}`,
    "!",
    "qtdemux",
    "name=d",
    ...branches,
  ]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" }, `GStreamer, ${file}`);
}

/** Whether two lists of packets of ffprobe are the same; durations where they are written down and not guessed. */
function samePackets(before, after, form, what) {
  assert.equal(after.length, before.length, `${what}: packets`);
  const exact = ({ size, key, md5 }) => ({ size, key, md5 });
  assert.deepEqual(after.map(exact), before.map(exact), what);
  const times = isFragmented(form) ? ["pts", "dts"] : ["pts", "dts", "duration"];
  before.forEach((p, i) => {
    for (const time of times) {
      if (p[time] === null) continue;
      assert.ok(Math.abs(after[i][time] - p[time]) <= ROUNDING, `${what}: ${time} of packet ${i}`);
    }
  });
}

for (const name of INPUTS) {
  const file = path.join(media ?? "", name);
  const skip =
    missing("media", "ffmpeg", "ffprobe", "gst-launch-1.0") || (!fs.existsSync(file) && "the media folder lacks it");
  test(`${name} comes back from every form`, { skip }, async (t) => {
    const out = path.join(folder(t), "out.mp4");
    const pads = probe(file).streams.map((s) => s.pad);
    const before = ffprobePackets(file);
    for (const [form, options] of Object.entries(FORMS)) {
      const branches = pads.map((pad) => `d.${pad} ! queue ! m.`).join("  ");
      await play(
        t,
        `filesrc location="${file}" ! mp4demux name=d  mp4mux name=m ${options} ! filesink location="${out}"  ${branches}`,
      );
      ffmpegReads(out);
      gstreamerReads(out, pads);
      // In fragments every frame of uncompressed audio is a packet for ffprobe.
      if (isFragmented(form) && /pcm/.test(name)) continue;
      const after = ffprobePackets(out);
      for (const s of before.streams) {
        const of = ({ packets }) => packets.filter((p) => p.stream === s.index);
        samePackets(of(before), of(after), form, `${form}, stream ${s.index}`);
      }
    }
  });
}

/** A transport stream with B-frames and audio, of which no time falls on a round number. */
const STREAMS = {
  "29.97 frames a second, 44100 Hz": {
    streams: [
      { codec: "h264", profile: "main", bFrames: 2, pictures: 90, interval: 15, rate: [30000, 1001] },
      { codec: "aac", frames: 130, rate: 44100 },
    ],
  },
  "25 frames a second without B-frames, 48000 Hz, wrapping": {
    start: 2 ** 33 - 90000,
    streams: [
      { codec: "h264", pictures: 60, interval: 12, rate: [25, 1] },
      { codec: "aac", frames: 110, rate: 48000 },
    ],
  },
  "audio alone": { streams: [{ codec: "aac", frames: 100, rate: 32000 }] },
};

const BRANCH = { h264: "h264parse", aac: "aacparse" };

/** The line that takes streams out of one container and puts them into another. */
function remux(from, demuxer, codecs, muxer, to) {
  const branches = codecs.map((codec) => `d. ! queue ! ${BRANCH[codec]} ! m.`).join("  ");
  return `filesrc location="${from}" ! ${demuxer} name=d  ${muxer} ! filesink location="${to}"  ${branches}`;
}

for (const [name, options] of Object.entries(STREAMS)) {
  const codecs = options.streams.map((s) => s.codec);
  test(
    `a transport stream, ${name}, becomes files that others play`,
    { skip: missing("ffmpeg", "ffprobe", "gst-launch-1.0") },
    async (t) => {
      const dir = folder(t);
      fs.writeFileSync(`${dir}/in.ts`, transportStream(options));
      for (const [form, set] of Object.entries(FORMS)) {
        await play(t, remux(`${dir}/in.ts`, "tsdemux", codecs, `mp4mux name=m ${set}`, `${dir}/out.mp4`));
        ffmpegReads(`${dir}/out.mp4`, true);
        gstreamerReads(
          `${dir}/out.mp4`,
          codecs.map((codec) => (codec === "h264" ? "video_0" : "audio_0")),
        );
        const { packets } = ffprobePackets(`${dir}/out.mp4`);
        const { packets: ours } = probe(`${dir}/out.mp4`, "--packets");
        assert.equal(ours.length, packets.length, form);
      }
    },
  );
}

/** NAL units of an access unit that are pictures: those that may come and go with the container are left out. */
function units(data) {
  const COMES_AND_GOES = [7, 8, 9, 12];
  const out = [];
  for (let at = 0; at + 4 <= data.length;) {
    const n = data.readUInt32BE(at);
    if (!COMES_AND_GOES.includes(data[at + 4] & 31)) out.push(data.toString("latin1", at + 4, at + 4 + n));
    at += 4 + n;
  }
  return out;
}

const PARSED = {
  h264: "h264parse ! video/x-h264,stream-format=avc,alignment=au",
  aac: "aacparse ! audio/mpeg,stream-format=raw",
};

/** Access units of a file, one list a codec, with times in ticks of 90 kHz, counted from the first of all. */
async function accessUnits(t, file, demuxer, codecs) {
  const branches = codecs.map((codec, i) => `d. ! queue ! ${PARSED[codec]} ! appsink name=s${i} sync=false`);
  const line = `filesrc location="${file}" ! ${demuxer} name=d  ${branches.join("  ")}`;
  const { streams, error } = await frames(
    t,
    line,
    codecs.map((_, i) => `s${i}`),
  );
  assert.equal(error, null);
  const ticks = (v) => Math.round(Number(v) * 9e-5);
  const first = Math.min(...streams.map((list) => Math.min(...list.map((f) => ticks(f.pts)))));
  return streams.map((list, i) =>
    list.map((f) => ({
      data: codecs[i] === "h264" ? units(f.data) : f.data.toString("latin1"),
      pts: ticks(f.pts) - first,
      dts: ticks(f.dts ?? f.pts) - first,
      key: f.key,
    })),
  );
}

/** Transport streams that go there and back: made here, or of the media folder. */
const ROUND = [
  ...Object.entries(STREAMS).map(([name, options]) => ({ name, options, codecs: options.streams.map((s) => s.codec) })),
  { name: "mux.js/sintel-captions.ts", codecs: ["h264"] },
  { name: "mediabunny/no-aud.ts", codecs: ["h264"] },
];

for (const { name, options, codecs } of ROUND) {
  const file = path.join(media ?? "", name);
  const skip = !options && (missing("media") || (!fs.existsSync(file) && "the media folder lacks it"));
  test(`${name}: TS, MP4, TS and fragmented MP4 keep every access unit and timestamp`, { skip }, async (t) => {
    const dir = folder(t);
    if (options) fs.writeFileSync(`${dir}/0.ts`, transportStream(options));
    else fs.copyFileSync(file, `${dir}/0.ts`);
    await play(t, remux(`${dir}/0.ts`, "tsdemux", codecs, "mp4mux name=m", `${dir}/1.mp4`));
    await play(t, remux(`${dir}/1.mp4`, "mp4demux", codecs, "mpegtsmux name=m", `${dir}/2.ts`));
    await play(t, remux(`${dir}/2.ts`, "tsdemux", codecs, "mp4mux name=m fragment-duration=700", `${dir}/3.mp4`));
    const first = await accessUnits(t, `${dir}/0.ts`, "tsdemux", codecs);
    assert.ok(first.every((list) => list.length > 3));
    for (const [later, demuxer] of [
      ["1.mp4", "mp4demux"],
      ["2.ts", "tsdemux"],
      ["3.mp4", "mp4demux"],
    ]) {
      const now = await accessUnits(t, `${dir}/${later}`, demuxer, codecs);
      first.forEach((list, i) => {
        assert.equal(now[i].length, list.length, `${later}, ${codecs[i]}`);
        list.forEach((unit, k) => assert.deepEqual(now[i][k], unit, `${later}, ${codecs[i]}, unit ${k}`));
      });
    }
  });
}
