// Damaged transport streams through whole pipelines: each ends in bounded time and memory, with an error that names element,
// place and reason or without one; nothing leaks. G2G_ROUNDS is the number of changed streams of each kind.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/g2g.mjs";
import { ROUNDS, damaged, survive } from "../support/media-hostile.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";
import { Random, crcMpeg } from "../support/vector-bits.mjs";
import { transportStream } from "../support/vector-ts.mjs";

/** What a pipeline may use beside a few times the data, bytes. */
const MEMORY = 12 << 20;

const VIDEO = { codec: "h264", profile: "main", bFrames: 2, pictures: 20, interval: 6, slices: 2 };
const AUDIO = { codec: "aac", frames: 30, framesPerPes: 3 };

const STREAMS = {
  plain: { streams: [VIDEO, AUDIO] },
  m2ts: { streams: [{ ...VIDEO, bounded: true, pesStuffing: 9 }, AUDIO], packetSize: 192, nulls: 5 },
  "LATM with check bytes": { streams: [VIDEO, { ...AUDIO, framing: "loas" }], packetSize: 204, tablesEvery: 7 },
  "two programs": {
    streams: [VIDEO, AUDIO, { codec: "other", program: 2 }, { codec: "other", program: 2, type: 0x05, pid: 0x200 }],
    mapVersions: [[60, { 1: { type: 0x11 } }]],
  },
  Opus: {
    streams: [VIDEO, { codec: "other", units: 30, size: 90, descriptors: "05044f7075737f028002", bounded: true }],
  },
};

const PARTS = "d. ! queue ! h264parse ! m.  d. ! queue ! aacparse ! m.  ";

/** What damaged streams are played through; OUT is a file. */
const LINES = [
  `appsrc name=in ! tsdemux name=d  ${PARTS} mp4mux name=m ! filesink location=OUT`,
  `appsrc name=in ! tsdemux name=d  ${PARTS} mp4mux name=m fragment-duration=200 ! fakesink`,
  `appsrc name=in ! tsdemux name=d  ${PARTS} mpegtsmux name=m ! filesink location=OUT`,
  "appsrc name=in ! tsdemux name=d  d. ! fakesink  d. ! queue ! fakesink  d. ! queue ! fakesink",
  "appsrc name=in ! tsdemux name=d  d. ! audio/x-opus ! fakesink  d. ! h264parse ! fakesink",
];

/** Sets the checksums of sections right again, so that what is damaged in them is read. */
function signSections(data, size, lead) {
  for (let at = lead; at + 188 <= data.length; at += size) {
    const starts = data[at] === 0x47 && data[at + 1] & 0x40 && (data[at + 3] & 0x30) === 0x10 && data[at + 4] === 0;
    const section = data.subarray(at + 5, at + 188);
    if (!starts || (section[0] !== 0 && section[0] !== 2)) continue;
    const length = 3 + (section.readUInt16BE(1) & 0xfff);
    if (length < 12 || length > section.length) continue;
    section.writeUInt32BE(crcMpeg(section.subarray(0, length - 4)), length - 4);
  }
  return data;
}

for (const [name, options] of Object.entries(STREAMS)) {
  test(`${ROUNDS} damaged streams: ${name}`, async (t) => {
    const out = path.join(folder(t), "out");
    const good = transportStream(options);
    const size = options.packetSize ?? 188;
    const lead = size === 192 ? 4 : 0;
    const random = new Random(name.length);
    // Most changes are in headers of packets, and those of what they carry.
    const place = (n) => (random.below(4) ? size * random.below(n / size) + random.below(40) : random.below(n));
    let errors = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const changed = damaged(good, random, place);
      const data = random.below(2) ? signSections(changed, size, lead) : changed;
      const line = LINES[random.below(LINES.length)].replace("OUT", out);
      const { error, peak } = await survive(line, data, random);
      if (error) errors++;
      assert.ok(peak < MEMORY + 4 * data.length, `round ${round}: ${peak} bytes`);
    }
    assert.ok(errors < ROUNDS, "some streams can still be played");
  });
}

test("a stream that ends at any byte", async () => {
  const good = transportStream(STREAMS.plain);
  const random = new Random(3);
  for (let n = 0; n < good.length; n += 1 + random.below(good.length / 60)) {
    await survive(LINES[3], good.subarray(0, n), random);
  }
});

test("noise is no transport stream, and says so", async () => {
  const random = new Random(4);
  for (const n of [0, 1, 187, 188, 1000, 100_000, 3_000_000]) {
    const { error, peak } = await survive(
      LINES[0].replace("filesink location=OUT", "fakesink"),
      random.bytes(n),
      random,
    );
    assert.match(error.report.name, /^(WrongType|NoData)$/, error.message);
    assert.ok(peak < MEMORY, `${peak} bytes`);
  }
});

test("every transport stream of the media folder, damaged or not", { skip: missing("media") }, async () => {
  const random = new Random(11);
  const files = mediaFiles(/\.(ts|m2ts|ps|mp3)$/i);
  assert.ok(files.length > 40, `${files.length} files`);
  for (const name of files) {
    const data = fs.readFileSync(path.join(media, name));
    for (const line of [LINES[1], LINES[3]]) {
      for (const input of [data, damaged(data, random)]) {
        const { peak } = await survive(line, input, random);
        assert.ok(peak < MEMORY + 4 * data.length, `${name}: ${peak} bytes`);
      }
    }
  }
});

test("the fuzz corpora of the media folder", { skip: missing("media") }, async () => {
  const random = new Random(12);
  let cases = 0;
  for (const name of mediaFiles(/mediacommon\/.*\.jsonl$/)) {
    for (const line of fs.readFileSync(path.join(media, name), "utf8").split("\n").filter(Boolean)) {
      const { target, args } = JSON.parse(line);
      if (!/mpegts/.test(target)) continue;
      for (const { hex } of args.filter((a) => a.t === "bytes")) {
        // The checksums of the corpus are wrong on purpose in part, so they are tried as they are and set right.
        const data = Buffer.from(hex, "hex");
        for (const input of [data, signSections(Buffer.from(data), 188, 0)]) await survive(LINES[3], input, random);
        cases++;
      }
    }
  }
  assert.ok(cases > 20, `${cases} cases`);
});
