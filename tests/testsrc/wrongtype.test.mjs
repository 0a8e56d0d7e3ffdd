// What elements say about a stream that is not theirs, and what typefind does with streams of all lengths.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, g2g, launch, messages, noise, within } from "../support/g2g.mjs";

const MATROSKA = Buffer.concat([Buffer.from("1a45dfa38b428288", "hex"), Buffer.from("matroska"), Buffer.alloc(4000)]);
const transport = (packets) =>
  Buffer.concat(Array.from({ length: packets }, () => Buffer.concat([Buffer.from("471fff10", "hex"), noise(184)])));
const MP4 = Buffer.concat([
  Buffer.from("00000014" + "66747970" + "69736f6d" + "00000200" + "6d703431", "hex"),
  Buffer.alloc(2000),
]);

/** A file with these bytes. */
function file(t, data) {
  const name = path.join(folder(t), "in");
  fs.writeFileSync(name, data);
  return name;
}

/** The error that a line ends with. */
async function errorOf(t, line) {
  const p = await launch(t, line);
  const all = messages(p);
  await within(p.play(), line).catch(() => {});
  await within(p.done, line).catch(() => {});
  await within(p.stop(), line);
  await p.close();
  return (await all).find((m) => m.type === "error");
}

test("a demuxer names what a stream is that is not its own, and who takes it", async (t) => {
  for (const [element, data, text] of [
    ["tsdemux", MATROSKA, /^tsdemux0 at byte 0: this is no video\/mpegts data; it is video\/x-matroska$/],
    ["tsdemux", MP4, /it is video\/quicktime, variant=\(string\)iso, which mp4demux takes$/],
    ["mp4demux", MATROSKA, /^mp4demux0 at byte 0: this is no video\/quicktime data; it is video\/x-matroska$/],
    ["mp4demux", transport(40), /it is video\/mpegts, .*packetsize=\(int\)188, which tsdemux takes$/],
    ["tsdemux", noise(20_000).map((v) => v | 1), /^tsdemux0 at byte 0: this is no video\/mpegts data$/],
  ]) {
    const error = await errorOf(t, `filesrc location=${file(t, data)} ! ${element} ! fakesink`);
    assert.equal(error?.name, "WrongType", element);
    assert.match(error.text, text);
  }
});

test("a parser names the container that its stream lies in", async (t) => {
  const dir = folder(t);
  assert.equal((await g2g(["demo", dir])).code, 0);
  const types = {
    "clip.ts": /it is video\/mpegts, .*, which tsdemux takes$/,
    "clip.mp4": /it is video\/quicktime, .*, which mp4demux takes$/,
  };
  for (const [name, text] of Object.entries(types)) {
    for (const element of ["h264parse", "aacparse"]) {
      const error = await errorOf(t, `filesrc location=${path.join(dir, name)} ! ${element} ! fakesink`);
      assert.equal(error?.name, "WrongType", `${element} ${name}`);
      assert.match(error.text, text);
    }
  }
});

test("unknown data is refused with its first bytes", async (t) => {
  const data = Buffer.from("01020304".repeat(50_000), "hex");
  const error = await errorOf(t, `filesrc location=${file(t, data)} ! typefind ! fakesink`);
  assert.equal(error?.name, "UnknownType");
  assert.match(error.text, /^typefind0 at byte 0: .*01 02 03 04 01 02 03 04/);
  const nothing = await errorOf(t, `filesrc location=${file(t, "")} ! typefind ! fakesink`);
  assert.equal(nothing?.name, "NoData");
  const unlikely = await errorOf(t, `filesrc location=${file(t, "some words\n")} ! typefind minimum=60 ! fakesink`);
  assert.equal(unlikely?.name, "UnknownType");
});

/** What comes out behind typefind, and what it said. */
async function through(t, line) {
  const p = await launch(t, line);
  const all = messages(p);
  await within(p.play(), line);
  const pieces = [];
  let caps = null;
  for await (const frame of p.appsink("s")) {
    caps = frame.caps;
    pieces.push(Buffer.from(frame.copy()));
    frame.release();
  }
  await within(p.done, line);
  await p.close();
  const found = (await all).filter((m) => m.type === "element");
  return { bytes: Buffer.concat(pieces), caps, found };
}

test("what was held goes on whole, however it came", async (t) => {
  const data = Buffer.concat([transport(3000), noise(1000)]);
  for (const blocksize of [1, 100, 188, 4096, 1 << 20]) {
    const size = blocksize === 1 ? 3000 : data.length;
    const name = file(t, data.subarray(0, size));
    const { bytes, caps, found } = await through(
      t,
      `filesrc location=${name} blocksize=${blocksize} ! typefind ! appsink name=s sync=false`,
    );
    assert.ok(bytes.equals(data.subarray(0, size)), `blocks of ${blocksize}`);
    assert.match(caps, /^video\/mpegts, systemstream=\(boolean\)true, packetsize=\(int\)188$/);
    assert.deepEqual(
      found.map((m) => [m.element, String(m.values[0]), Number(m.values[1])]),
      [["typefind0", caps, 100]],
    );
  }
});

test("a stream shorter than what would make it certain is decided at its end", async (t) => {
  const { caps, bytes } = await through(
    t,
    `filesrc location=${file(t, transport(2))} ! typefind ! appsink name=s sync=false`,
  );
  assert.match(caps, /^video\/mpegts/);
  assert.equal(bytes.length, 376);
});

test("force-caps says what the stream is without a look", async (t) => {
  const { caps } = await through(
    t,
    `filesrc location=${file(t, "whatever")} ! typefind force-caps=audio/x-foo,rate=5 ! appsink name=s sync=false`,
  );
  assert.equal(caps, "audio/x-foo, rate=(int)5");
});
