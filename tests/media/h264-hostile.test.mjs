// Damaged H.264 through the parser and its conversions: each ends in bounded time and memory, and nothing leaks.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROUNDS, damaged, survive } from "../support/media-hostile.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";
import { Random } from "../support/vector-bits.mjs";
import { pictures } from "../support/vector-h264.mjs";

const MEMORY = 12 << 20;

const IN = "appsrc name=in ! video/x-h264,stream-format=byte-stream,framerate=25/1 ! h264parse config-interval=-1 ! ";
const LINES = [
  `${IN}fakesink`,
  `${IN}video/x-h264,stream-format=avc ! fakesink`,
  `${IN}video/x-h264,stream-format=avc3 ! h264parse ! video/x-h264,stream-format=byte-stream ! fakesink`,
];

async function all(data, random, lines = LINES) {
  for (const line of lines) {
    const { peak } = await survive(line, data, random);
    assert.ok(peak < MEMORY + 4 * data.length, `${peak} bytes`);
  }
}

const STREAMS = {
  baseline: { slices: 3, startCode: 3, sei: true, crop: [1, 2, 0, 1] },
  "B pictures": { profile: "high", bFrames: 2, pictures: 30, interval: 9, aspect: [4, 3] },
  interlaced: { profile: "main", interlaced: true, rows: 4, delimiters: false },
};

for (const [name, options] of Object.entries(STREAMS)) {
  test(`${ROUNDS} damaged streams: ${name}`, async () => {
    const good = Buffer.concat(pictures(options).map((p) => p.data));
    const random = new Random(name.length);
    // Most changes are where start codes, headers and parameter sets are.
    const codes = [];
    for (let at = good.indexOf("000001", 0, "hex"); at >= 0; at = good.indexOf("000001", at + 1, "hex")) codes.push(at);
    const place = (n) => (random.below(4) ? codes[random.below(codes.length)] + random.below(24) : random.below(n));
    for (let round = 0; round < ROUNDS; round++) {
      await all(damaged(good, random, place), random, [LINES[random.below(LINES.length)]]);
    }
  });
}

test("a stream of start codes alone, and one without any", async () => {
  const random = new Random(2);
  await all(Buffer.from("000001".repeat(200_000), "hex"), random);
  await all(Buffer.from("00000109".repeat(200_000), "hex"), random);
  await all(Buffer.from("0000010165".repeat(100_000), "hex"), random);
  await all(Buffer.alloc(1_000_000), random);
  await all(random.bytes(1_000_000), random);
});

test("every H.264 stream of the media folder, damaged", { skip: missing("media") }, async () => {
  const random = new Random(11);
  const files = mediaFiles(/\.(264|h264|jsv|265)$/i);
  assert.ok(files.length > 30, `${files.length} files`);
  for (const name of files) await all(damaged(fs.readFileSync(path.join(media, name)), random), random);
});

test("the fuzz corpora of the media folder", { skip: missing("media") }, async () => {
  const random = new Random(12);
  const good = pictures({ pictures: 2 }).map((p) => p.data);
  const code = Buffer.from([0, 0, 0, 1]);
  let cases = 0;
  for (const name of mediaFiles(/mediacommon\/.*\.jsonl$/)) {
    for (const line of fs.readFileSync(path.join(media, name), "utf8").split("\n").filter(Boolean)) {
      const { target, args } = JSON.parse(line);
      if (!/h26[45]/.test(target)) continue;
      for (const { hex } of args.filter((a) => a.t === "bytes")) {
        const data = Buffer.from(hex, "hex");
        // As a stream, and as a NAL unit, of type 7 too, between good pictures.
        const sps = Buffer.concat([Buffer.of(0x67), data.subarray(1)]);
        await all(Buffer.concat([data, good[0]]), random);
        await all(Buffer.concat([good[0], code, data, code, sps, good[1]]), random);
        cases++;
      }
    }
  }
  assert.ok(cases > 100, `${cases} cases`);
});
