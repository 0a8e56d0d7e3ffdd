// Damaged AAC through the parser and its conversions: each ends in bounded time and memory, and nothing leaks.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROUNDS, damaged, survive } from "../support/media-hostile.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";
import { frames } from "../support/vector-aac.mjs";
import { Random } from "../support/vector-bits.mjs";

const MEMORY = 12 << 20;

const form = (name) => `audio/mpeg,mpegversion=4,stream-format=${name}`;

/** Lines for a form of input. */
function linesOf(framing) {
  const start = `appsrc name=in ! ${form(framing)} ! aacparse ! `;
  return [
    `${start}fakesink`,
    `${start}${form("raw")} ! aacparse ! ${form("loas")} ! aacparse ! ${form("adts")} ! fakesink`,
    `${start}mpegtsmux ! fakesink`,
  ];
}

/** Plays data that has no times: what needs them says so. */
async function one(line, data, random) {
  const { error, peak } = await survive(line, data, random);
  if (error && line.includes("mpegtsmux"))
    assert.match(error.report.name, /^(NoTimestamp|CannotLink|Unsupported|WrongType)$/);
  assert.ok(peak < MEMORY + 4 * data.length, `${peak} bytes`);
}

const STREAMS = {
  adts: { framing: "adts", frames: 60, fill: 20, fillSpread: 50 },
  "adts with checksums": { framing: "adts", frames: 60, crc: true, mpeg2: true, channels: 1 },
  loas: { framing: "loas", frames: 60, fillSpread: 300, configEvery: 5 },
};

for (const [name, options] of Object.entries(STREAMS)) {
  test(`${ROUNDS} damaged streams: ${name}`, async () => {
    const list = frames(options);
    const starts = list.map((_, i) => list.slice(0, i).reduce((n, f) => n + f.length, 0));
    const good = Buffer.concat(list);
    const random = new Random(name.length);
    const lines = linesOf(options.framing);
    // Most changes are in headers.
    const place = (n) => (random.below(4) ? starts[random.below(starts.length)] + random.below(10) : random.below(n));
    for (let round = 0; round < ROUNDS; round++) {
      await one(lines[random.below(lines.length)], damaged(good, random, place), random);
    }
  });
}

test("noise, and sync words alone", async () => {
  const random = new Random(2);
  for (const framing of ["adts", "loas"]) {
    for (const line of linesOf(framing)) {
      await one(line, random.bytes(1_500_000), random);
      await one(line, Buffer.alloc(300_000, framing === "adts" ? "fff15080" : "56e00f", "hex"), random);
    }
  }
});

test("every ADTS stream of the media folder, damaged", { skip: missing("media") }, async () => {
  const random = new Random(11);
  const files = mediaFiles(/\.(aac|adts|mp3)$/i);
  assert.ok(files.length > 5, `${files.length} files`);
  for (const name of files) {
    const data = fs.readFileSync(path.join(media, name));
    for (const line of linesOf("adts")) await one(line, damaged(data, random), random);
  }
});

test("the fuzz corpora of the media folder", { skip: missing("media") }, async () => {
  const random = new Random(12);
  const adts = frames({ frames: 4 });
  let cases = 0;
  for (const name of mediaFiles(/mediacommon\/.*\.jsonl$/)) {
    for (const line of fs.readFileSync(path.join(media, name), "utf8").split("\n").filter(Boolean)) {
      const { target, args } = JSON.parse(line);
      if (!/mpeg4audio/.test(target)) continue;
      for (const { hex } of args.filter((a) => a.t === "bytes")) {
        const data = Buffer.from(hex, "hex");
        const loas = Buffer.concat([Buffer.of(0x56, 0xe0 | (data.length >> 8), data.length & 255), data]);
        await one(linesOf("adts")[1], Buffer.concat([adts[0], data, ...adts]), random);
        await one(linesOf("loas")[1], Buffer.concat([loas, loas, loas]), random);
        // As the codec data of a raw stream.
        const raw = `appsrc name=in ! audio/mpeg,mpegversion=4,stream-format=raw,codec_data=(buffer)${hex || "00"} ! `;
        await one(`${raw}aacparse ! ${form("loas")} ! fakesink`, adts[0], random);
        cases++;
      }
    }
  }
  assert.ok(cases > 30, `${cases} cases`);
});
