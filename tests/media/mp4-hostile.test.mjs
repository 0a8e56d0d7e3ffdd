// Damaged MP4 files: each ends, with an error that names element, place and reason or without one, in bounded time and
// memory; nothing leaks, and what was written until then can be read. G2G_ROUNDS is the number of changed files of each kind.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder } from "../support/g2g.mjs";
import { survive as survives } from "../support/media-hostile.mjs";
import { media, mediaFiles, missing } from "../support/media.mjs";
import { Random } from "../support/vector-bits.mjs";
import { transportStream } from "../support/vector-ts.mjs";

const ROUNDS = Number(process.env.G2G_ROUNDS ?? 300);

/** Bytes that a file makes a pipeline use beyond what it holds of the file itself: far fewer than it may. */
const MEMORY = 4 << 20;

/** Errors of the demuxer's that are about no place in the file. */
const PLACELESS = ["NoPads", "NoMemory"];

/** Plays a line to its end, with `data` from its appsrc if given; an error of the demuxer's has a place. */
const survive = (line, data, random) =>
  survives(line, data, random, ({ element, offset, reason, name, text }) => {
    assert.ok(reason, `${line}: ${text}`);
    if (element === "d" && !PLACELESS.includes(name)) assert.notEqual(offset, null, text);
  });

/** Reads a file out of order, and as a stream; what both ended with. */
async function readBothWays(file, data, random, sink = "d. ! fakesink") {
  const bound = MEMORY + 2 * data.length;
  const pull = await survive(`filesrc location="${file}" ! mp4demux name=d  ${sink}`);
  const push = await survive(`appsrc name=in ! mp4demux name=d  ${sink}`, data, random);
  for (const { peak } of [pull, push]) assert.ok(peak < bound, `${file}: ${peak} bytes`);
  return [pull.error, push.error];
}

/** Ranges of a file that are boxes other than media, [from, to). */
function boxes(data) {
  const out = [];
  for (let at = 0; at + 8 <= data.length;) {
    const n = data.readUInt32BE(at);
    if (data.toString("latin1", at + 4, at + 8) !== "mdat") out.push([at, at + n]);
    at += n;
  }
  return out;
}

/** A copy of a file with a few changes, most of them in its boxes. */
function damaged(data, places, random) {
  let out = Buffer.from(data);
  for (let n = 1 + random.below(5); n && out.length > 64; n--) {
    const [from, to] = random.below(6) ? places[random.below(places.length)] : [0, out.length];
    const at = Math.max(0, Math.min(from + random.below(to - from), out.length - 5));
    switch (random.below(8)) {
      case 0:
      case 1:
        out[at] = random.below(256);
        break;
      case 2:
        out.writeUInt32BE(0xffffffff, at);
        break;
      case 3:
        out.writeUInt32BE(2 ** random.below(32), at);
        break;
      case 4:
        out.fill(0, at, Math.min(at + 1 + random.below(30), out.length));
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + random.below(40))]);
        break;
      case 6:
        out = Buffer.concat([out.subarray(0, at + 60), out.subarray(at)]);
        break;
      default:
        if (!random.below(4)) out = out.subarray(0, at + 5);
    }
  }
  return out;
}

const FORMS = {
  progressive: "",
  faststart: "faststart=true",
  fragmented: "fragment-duration=300",
};

const STREAM = {
  streams: [
    { codec: "h264", profile: "main", bFrames: 2, pictures: 45, interval: 9, rate: [30000, 1001] },
    { codec: "aac", frames: 60, rate: 44100 },
  ],
};

/** A line that makes an MP4 file of a transport stream. */
const muxing = (from, set, to) =>
  `filesrc location="${from}" ! tsdemux name=t  t. ! queue ! h264parse ! m.  t. ! queue ! aacparse ! m.  ` +
  `mp4mux name=m ${set} ! filesink location="${to}"`;

const BOTH = "d.video_0 ! queue ! h264parse ! m.  d.audio_0 ! queue ! aacparse ! m.  ";

for (const [form, set] of Object.entries(FORMS)) {
  test(`${ROUNDS} damaged ${form} files, read out of order and as streams`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
    assert.equal((await survive(muxing(`${dir}/in.ts`, set, `${dir}/good.mp4`))).error, null);
    const good = fs.readFileSync(`${dir}/good.mp4`);
    const places = boxes(good);
    const random = new Random(form.length);
    let errors = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const data = damaged(good, places, random);
      fs.writeFileSync(`${dir}/bad.mp4`, data);
      const sink = random.below(2) ? "d. ! fakesink" : "d.video_0 ! fakesink  d.audio_0 ! queue ! fakesink";
      const ends = await readBothWays(`${dir}/bad.mp4`, data, random, sink);
      errors += ends.filter(Boolean).length;
    }
    // Neither everything nor nothing goes through.
    assert.ok(errors > ROUNDS / 10 && errors < ROUNDS * 2, `${errors} errors`);
  });

  test(`what is made of damaged ${form} files can be read`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
    await survive(muxing(`${dir}/in.ts`, set, `${dir}/good.mp4`));
    const good = fs.readFileSync(`${dir}/good.mp4`);
    const places = boxes(good);
    const random = new Random(form.length * 77);
    let unfinished = 0;
    let whole = 0;
    for (let round = 0; round < ROUNDS; round++) {
      fs.writeFileSync(`${dir}/bad.mp4`, damaged(good, places, random));
      fs.rmSync(`${dir}/out.mp4`, { force: true });
      const { error } = await survive(
        `filesrc location="${dir}/bad.mp4" ! mp4demux name=d  ${BOTH} mp4mux name=m ${set} ! filesink location="${dir}/out.mp4"`,
      );
      if (!fs.existsSync(`${dir}/out.mp4`) || !fs.statSync(`${dir}/out.mp4`).size) continue;
      const again = await survive(`filesrc location="${dir}/out.mp4" ! mp4demux name=d  d. ! fakesink`);
      assert.equal(again.error, null, `round ${round}: ${again.error?.message}, after ${error?.message}`);
      whole++;
      if (error) unfinished++;
    }
    assert.ok(whole > ROUNDS / 10 && unfinished > 0, `${whole} outputs, ${unfinished} of them of files with an error`);
  });
}

test("a file that ends at any byte", async (t) => {
  const dir = folder(t);
  fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
  const random = new Random(3);
  for (const set of Object.values(FORMS)) {
    await survive(muxing(`${dir}/in.ts`, set, `${dir}/good.mp4`));
    const good = fs.readFileSync(`${dir}/good.mp4`);
    for (let n = 0; n < good.length; n += 1 + random.below(good.length / 60)) {
      fs.writeFileSync(`${dir}/cut.mp4`, good.subarray(0, n));
      const [pull] = await readBothWays(`${dir}/cut.mp4`, good.subarray(0, n), random);
      if (pull) assert.match(pull.report.name, /^(Truncated|NoMoov|WrongType|NoData|NoPads)$/, `${n}: ${pull.message}`);
    }
  }
});

test("every MP4 and image file of the media folder, damaged or not", { skip: missing("media") }, async () => {
  const random = new Random(11);
  const files = mediaFiles(/\.(mp4|mov|m4a|m4v|m4s|m4i|3gp|cmf[vta]|avif|heic)$/i);
  for (const name of files) {
    const file = path.join(media, name);
    await readBothWays(file, fs.readFileSync(file), random);
  }
  assert.ok(files.length > 100, `${files.length} files`);
});

test("the fuzz corpora of the media folder", { skip: missing("media") }, async (t) => {
  const dir = folder(t);
  const random = new Random(12);
  fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
  await survive(muxing(`${dir}/in.ts`, FORMS.fragmented, `${dir}/good.mp4`));
  const good = fs.readFileSync(`${dir}/good.mp4`);
  const [, moov] = boxes(good);
  const head = good.subarray(0, moov[1]);
  let cases = 0;
  for (const name of mediaFiles(/mediacommon\/.*\.jsonl$/)) {
    for (const line of fs.readFileSync(path.join(media, name), "utf8").split("\n").filter(Boolean)) {
      const { target, args } = JSON.parse(line);
      if (!/formats\/[fp]?mp4\//.test(target)) continue;
      for (const { hex } of args.filter((a) => a.t === "bytes")) {
        // Fragments alone are refused at once, so they come behind the movie box of a good file too.
        for (const data of [Buffer.from(hex, "hex"), Buffer.concat([head, Buffer.from(hex, "hex")])]) {
          fs.writeFileSync(`${dir}/case.mp4`, data);
          await readBothWays(`${dir}/case.mp4`, data, random);
          cases++;
        }
      }
    }
  }
  assert.ok(cases > 100, `${cases} cases`);
});

/** Tables whose count stands behind version and flags, and where sizes have one value in front of it. */
const TABLES = {
  progressive: { stts: 8, ctts: 8, stsc: 8, stsz: 12, stco: 8, stss: 8, elst: 8, stsd: 8 },
  fragmented: { trun: 8, elst: 8, stsd: 8, tfra: 16 },
};

for (const [form, tables] of Object.entries(TABLES)) {
  test(`tables of ${form} files that claim thousands of millions of entries take neither memory nor time`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(`${dir}/in.ts`, transportStream(STREAM));
    await survive(
      muxing(`${dir}/in.ts`, form === "progressive" ? FORMS.faststart : FORMS.fragmented, `${dir}/good.mp4`),
    );
    const good = fs.readFileSync(`${dir}/good.mp4`);
    const random = new Random(5);
    const sink = "d.video_0 ! fakesink  d.audio_0 ! queue ! fakesink";
    const pull = `filesrc location="${dir}/bad.mp4" ! mp4demux name=d  ${sink}`;
    fs.writeFileSync(`${dir}/bad.mp4`, good);
    const before = (await survive(pull)).peak;
    let changed = 0;
    for (const [table, place] of Object.entries(tables)) {
      for (let at = good.indexOf(table); at >= 0; at = good.indexOf(table, at + 1)) {
        const data = Buffer.from(good);
        data.writeUInt32BE(0xffffffff, at + place);
        // Runs whose samples have no entries of their own have only their number to say.
        if (table === "trun" && changed % 2) {
          data.writeUInt32BE(1, at + 4);
          // They lie in a box that goes on far behind the end of the file.
          data.writeUInt32BE(0xffffffff, data.indexOf("mdat", at) - 4);
        }
        if (table === "stsz" && changed % 2) data.writeUInt32BE(3, at + 8);
        changed++;
        fs.writeFileSync(`${dir}/bad.mp4`, data);
        const start = performance.now();
        const peaks = [await survive(pull), await survive(`appsrc name=in ! mp4demux name=d  ${sink}`, data, random)];
        for (const { peak } of peaks)
          assert.ok(peak < before + 1_000_000, `${table} at ${at}: ${peak}, ${before} without`);
        assert.ok(performance.now() - start < 5000, `${table} at ${at}: it takes long`);
      }
    }
    assert.ok(changed > 6, `${changed} tables`);
  });
}
