// mp4demux and mp4mux in pipelines: reading as a stream and out of order, other names, bins, and what a file says about itself.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, g2g, launch, play, within } from "../support/g2g.mjs";
import { demuxed, frames } from "../support/media-frames.mjs";
import { ffprobe, missing, probe } from "../support/media.mjs";
import { Random } from "../support/vector-bits.mjs";
import { transportStream } from "../support/vector-ts.mjs";

const STREAM = {
  streams: [
    { codec: "h264", profile: "main", bFrames: 1, pictures: 60, interval: 12, rate: [25, 1] },
    { codec: "aac", frames: 110, rate: 48000 },
  ],
};
const PADS = ["video_0", "audio_0"];
const TO_MUXER = "t. ! queue ! h264parse ! m.  t. ! queue ! aacparse ! m.";

/** A transport stream in a folder of its own; the folder. */
function withStream(t) {
  const dir = folder(t);
  fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
  return dir;
}

const muxing = (dir, set, name, muxer = "mp4mux") =>
  `filesrc location="${dir}/in.ts" ! tsdemux name=t  ${muxer} name=m ${set} ! filesink location="${dir}/${name}"  ${TO_MUXER}`;

/** Frames of both streams of a file that is pushed in pieces of random sizes. */
async function pushed(t, data, seed) {
  const branches = PADS.map((pad, i) => `d.${pad} ! appsink name=s${i} sync=false`).join("  ");
  const p = await launch(t, `appsrc name=in block=true ! mp4demux name=d  ${branches}`);
  const random = new Random(seed);
  const taking = Promise.all(
    PADS.map(async (_, i) => {
      const out = [];
      for await (const f of p.appsink(`s${i}`)) {
        out.push([f.pts, f.dts, f.duration, f.flags, Buffer.from(f.copy()).toString("latin1")]);
        f.release();
      }
      return out;
    }),
  );
  await p.play();
  const feeding = (async () => {
    for (let at = 0; at < data.length;) {
      const n = 1 + random.below(seed % 2 ? 20 : 20_000);
      await p.appsrc("in").push(data.subarray(at, at + n));
      at += n;
    }
    p.appsrc("in").end();
  })().catch(() => {});
  const error = await within(p.done, "the end").then(
    () => null,
    (e) => e,
  );
  await feeding;
  return { streams: await within(taking, "the frames"), error };
}

for (const [form, set] of [
  ["faststart", "faststart=true"],
  ["fragmented", "fragment-duration=400"],
]) {
  test(`a ${form} file read as a stream, in any pieces, gives what it gives read out of order`, async (t) => {
    const dir = withStream(t);
    await play(t, muxing(dir, set, "a.mp4"));
    const { streams, error } = await demuxed(t, `${dir}/a.mp4`, "mp4demux", PADS);
    assert.equal(error, null);
    const expected = streams.map((list) =>
      list.map((f) => [f.pts, f.dts, f.duration, f.flags, f.data.toString("latin1")]),
    );
    assert.deepEqual(
      expected.map((list) => list.length),
      [60, 110],
    );
    for (let seed = 1; seed <= 4; seed++) {
      const got = await pushed(t, fs.readFileSync(`${dir}/a.mp4`), seed);
      assert.equal(got.error, null);
      assert.deepEqual(got.streams, expected);
    }
  });
}

test("an index behind the media cannot be read from a stream, which is said at the first byte of the media", async (t) => {
  const dir = withStream(t);
  await play(t, muxing(dir, "", "a.mp4"));
  const data = fs.readFileSync(`${dir}/a.mp4`);
  const { error } = await pushed(t, data, 2);
  assert.equal(error?.report.name, "MoovBehind");
  assert.equal(error.report.element, "d");
  assert.equal(error.report.offset, data.indexOf("mdat") - 4);
});

test("a sink that cannot go back takes a streamable file and no other", async (t) => {
  const dir = withStream(t);
  const streamable = "fragment-duration=400 streamable=true";
  await play(t, muxing(dir, streamable, "a.mp4"));
  const piped = (set) => g2g(["launch", muxing(dir, set, "").replace(/filesink \S+/, "filesink location=-")]);
  const { code, stdout, stderr } = await piped(streamable);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.equals(fs.readFileSync(`${dir}/a.mp4`)));
  for (const set of ["", "faststart=true"]) {
    const refused = await piped(set);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /error: m at byte 0: the index is written last/);
    assert.equal(refused.stdout.length, 0);
  }
});

test("a file is read once, also where its streams lie far apart", async (t) => {
  const dir = folder(t);
  const source = (n, size, rate) => `fakesrc num-buffers=${n} sizetype=fixed sizemax=${size} datarate=${rate}`;
  const lengths = [];
  for (const [name, set] of [
    ["near", ""],
    // All pictures, then all sound.
    ["far", "interleave-time=60000000000"],
  ]) {
    await play(
      t,
      `mp4mux name=m ${set} ! filesink location="${dir}/${name}"  ` +
        `${source(5000, 2000, 500_000)} ! video/x-vp8,width=16,height=16,framerate=250/1 ! m.  ` +
        `${source(1000, 160, 8000)} ! audio/x-mulaw,rate=8000,channels=1 ! m.`,
    );
    const { streams, error, pipeline } = await demuxed(t, `${dir}/${name}`, "mp4demux", PADS);
    assert.equal(error, null);
    lengths.push(streams.map((list) => list.reduce((sum, f) => sum + f.data.length, 0)));
    const { readBytes, reads } = pipeline.stats().host;
    const { size } = fs.statSync(`${dir}/${name}`);
    assert.ok(readBytes < size * 1.05 + 200_000, `${name}: ${readBytes} of ${size}`);
    assert.ok(reads < 150, `${name}: ${reads} reads`);
  }
  assert.deepEqual(lengths, [
    [10_000_000, 160_000],
    [10_000_000, 160_000],
  ]);
});

test("GStreamer's other names, and the bins, are the same elements", async (t) => {
  const dir = withStream(t);
  await play(t, muxing(dir, "", "a.mp4"));
  await play(t, muxing(dir, "", "b.mp4", "qtmux"));
  const expected = fs.readFileSync(`${dir}/a.mp4`);
  assert.ok(fs.readFileSync(`${dir}/b.mp4`).equals(expected));
  const bin = `filesrc location="${dir}/in.ts" ! tsdemux name=t  mp4sink name=m location="${dir}/c.mp4"  ${TO_MUXER}`;
  await play(t, bin);
  assert.ok(fs.readFileSync(`${dir}/c.mp4`).equals(expected));
  const all = await demuxed(t, `${dir}/a.mp4`, "mp4demux", PADS);
  for (const name of ["qtdemux", "fmp4demux"]) {
    assert.deepEqual((await demuxed(t, `${dir}/a.mp4`, name, PADS)).streams, all.streams);
  }
  const branches = PADS.map((pad, i) => `s.${pad} ! appsink name=s${i} sync=false`).join("  ");
  const src = await frames(t, `mp4src location="${dir}/a.mp4" name=s  ${branches}`, ["s0", "s1"]);
  assert.deepEqual(src.streams, all.streams);
});

/** A box. */
function box(type, ...parts) {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
}

const word = (...values) => Buffer.concat(values.map((v) => Buffer.from([v >>> 24, v >>> 16, v >>> 8, v])));
const item = (type, form, value) => box(type, box("data", word(form, 0), Buffer.from(value)));

/** The item list of TAGS. */
const ITEMS = [
  item("\xa9nam", 1, "A title, with ümlauts"),
  item("\xa9ART", 1, "Somebody"),
  item("aART", 1, "All of them"),
  item("\xa9alb", 1, "An album"),
  item("\xa9cmt", 1, "No comment"),
  item("\xa9day", 1, "2021-03-04"),
  item("\xa9wrt", 1, "A composer"),
  item("\xa9gen", 1, "Noise"),
  item("trkn", 0, [0, 0, 0, 3, 0, 12, 0, 0]),
  item("disk", 0, [0, 0, 0, 1, 0, 2]),
  item("tmpo", 21, [0, 133]),
  item("cprt", 1, "Nobody's"),
];
const TAGS = {
  title: "A title, with ümlauts",
  artist: "Somebody",
  "album-artist": "All of them",
  album: "An album",
  comment: "No comment",
  datetime: "2021-03-04",
  composer: "A composer",
  genre: "Noise",
  "track-number": 3,
  "track-count": 12,
  "album-disc-number": 1,
  "album-disc-count": 2,
  "beats-per-minute": 133,
  copyright: "Nobody's",
};

/** Puts tags, languages and an orientation into a file whose index stands at its end. */
function tagged(data) {
  const out = Buffer.from(data);
  const moov = out.indexOf("moov") - 4;
  // ISO 639-2 in three times five bits: deu for the video, fra for the audio.
  const video = out.indexOf("mdhd", moov) + 4;
  out.writeUInt16BE((4 << 10) | (5 << 5) | 21, video + 20);
  out.writeUInt16BE((6 << 10) | (18 << 5) | 1, out.indexOf("mdhd", video) + 4 + 20);
  // Turned by 90 degrees clockwise.
  const matrix = word(0, 0x10000, 0, 0xffff0000, 0, 0);
  matrix.copy(out, out.indexOf("tkhd", moov) + 4 + 40);
  const hdlr = box("hdlr", word(0, 0), Buffer.from("mdirappl"), word(0, 0), Buffer.from([0]));
  const udta = box("udta", box("meta", word(0), hdlr, box("ilst", ...ITEMS)));
  out.writeUInt32BE(out.length - moov + udta.length, moov);
  return Buffer.concat([out, udta]);
}

test("tags, languages and orientation are read, and written again", async (t) => {
  const dir = withStream(t);
  await play(t, muxing(dir, "", "plain.mp4"));
  const plain = fs.readFileSync(`${dir}/plain.mp4`);
  assert.equal(plain.indexOf("moov") - 4 + plain.readUInt32BE(plain.indexOf("moov") - 4), plain.length);
  fs.writeFileSync(`${dir}/tagged.mp4`, tagged(plain));
  const remux = (set, to) =>
    `filesrc location="${dir}/tagged.mp4" ! mp4demux name=d  mp4mux name=m ${set} ! filesink location="${dir}/${to}"  ` +
    "d.video_0 ! queue ! h264parse ! m.  d.audio_0 ! queue ! aacparse ! m.";
  await play(t, remux("", "again.mp4"));
  await play(t, remux("fragment-duration=400", "fragments.mp4"));
  for (const name of ["tagged.mp4", "again.mp4", "fragments.mp4"]) {
    const found = probe(path.join(dir, name));
    assert.deepEqual(found.tags, TAGS, name);
    const [video, audio] = found.streams;
    assert.equal(video.tags["language-code"], "deu", name);
    assert.equal(video.tags["image-orientation"], "rotate-90", name);
    assert.equal(audio.tags["language-code"], "fra", name);
    assert.equal(audio.tags["image-orientation"], undefined, name);
  }
});

test("others read the tags that are written", { skip: missing("ffprobe") }, async (t) => {
  const dir = withStream(t);
  await play(t, muxing(dir, "", "plain.mp4"));
  fs.writeFileSync(`${dir}/tagged.mp4`, tagged(fs.readFileSync(`${dir}/plain.mp4`)));
  await play(
    t,
    `filesrc location="${dir}/tagged.mp4" ! mp4demux name=d  mp4mux name=m ! filesink location="${dir}/again.mp4"  ` +
      "d.video_0 ! queue ! h264parse ! m.  d.audio_0 ! queue ! aacparse ! m.",
  );
  const before = ffprobe(`${dir}/tagged.mp4`, "-show_format", "-show_streams");
  const after = ffprobe(`${dir}/again.mp4`, "-show_format", "-show_streams");
  assert.equal(before.format.tags.track, "3/12");
  assert.deepEqual(after.format.tags, before.format.tags);
  for (const i of [0, 1]) {
    assert.deepEqual(after.streams[i].tags, before.streams[i].tags);
    const turned = (streams) => streams[i].side_data_list?.map((d) => d.rotation);
    assert.deepEqual(turned(after.streams), turned(before.streams));
  }
});

for (const table of ["stts", "stsc", "stsz", "stco"]) {
  test(`a track without its table ${table} is an error, and does not end as if it were empty`, async (t) => {
    const dir = withStream(t);
    await play(t, muxing(dir, "", "a.mp4"));
    const data = fs.readFileSync(`${dir}/a.mp4`);
    data.write("free", data.indexOf(table, data.lastIndexOf("moov")), "latin1");
    fs.writeFileSync(`${dir}/b.mp4`, data);
    const { error } = await demuxed(t, `${dir}/b.mp4`, "mp4demux", PADS);
    assert.match(error?.message, /at byte \d+: the sample tables of track 1 are not complete/);
  });
}

test("a track whose chunks end before its samples gives those that it has, and a warning", async (t) => {
  const dir = withStream(t);
  await play(t, muxing(dir, "", "a.mp4"));
  const data = fs.readFileSync(`${dir}/a.mp4`);
  const at = data.indexOf("stco", data.lastIndexOf("moov")) + 8;
  assert.ok(data.readUInt32BE(at) > 1);
  data.writeUInt32BE(1, at);
  fs.writeFileSync(`${dir}/b.mp4`, data);
  const { code, stderr } = await g2g(["launch", `filesrc location=${dir}/b.mp4 ! mp4demux ! fakesink`]);
  assert.equal(code, 0);
  assert.match(stderr, /^warning: .*the sample tables of track 1 are not complete: \d+ samples/);
});

test("streams take turns of interleave-time, however many bytes that is", async (t) => {
  const dir = folder(t);
  const sound = (rate, channels, buffers) =>
    `audiotestsrc num-buffers=${buffers} samplesperbuffer=${rate / 50} ! audio/x-raw,format=S32LE,rate=${rate},channels=${channels} ! m.`;
  await play(t, `mp4mux name=m ! filesink location="${dir}/a.mp4"  ${sound(192000, 8, 200)}  ${sound(8000, 1, 200)}`);
  const { stdout } = await g2g(["probe", "--packets", `${dir}/a.mp4`]);
  const reached = [0, 0];
  let most = 0;
  for (const line of String(stdout).trim().split("\n")) {
    const { stream, pts, duration } = JSON.parse(line);
    reached[stream] = (pts + duration) / 1e9;
    most = Math.max(most, Math.abs(reached[0] - reached[1]));
  }
  assert.ok(Math.min(...reached) > 3.9, String(reached));
  assert.ok(most < 0.6, `one stream is ${most} s ahead`);
});
