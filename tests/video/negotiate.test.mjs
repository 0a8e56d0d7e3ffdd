// Which format videoconvert chooses, what it says of the colors, and what goes on untouched.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { launch, play, within } from "../support/g2g.mjs";
import { skip } from "../testsrc/peer.mjs";

const SIZE = "width=32,height=16,framerate=30/1";

/** The caps that came out of an element, the first videoconvert when nothing is said. */
async function caps(t, line, name = "videoconvert0") {
  const p = await play(t, line);
  const element = p.graph().find((e) => e.name === name);
  return element.pads.find((pad) => pad.direction === "src").caps;
}

/** A field of caps in text, or undefined. */
const field = (text, name) => new RegExp(`\\b${name}=\\((?:string)\\)("?)([^,";]*)\\1`).exec(text)?.[2];

const chain = (input, output, source = "videotestsrc num-buffers=1") =>
  `${source} ! video/x-raw,${SIZE},${input} ! videoconvert ! video/x-raw,${output} ! fakesink`;

/** What GStreamer has in the same place. */
function theirs(line) {
  // Spaces in a list would be part of its words.
  const words = line.replaceAll(/\{[^}]*\}/g, (list) => `(string)${list.replaceAll(" ", "")}`).split(/ +/);
  const out = execFileSync("gst-launch-1.0", ["-v", ...words], { encoding: "utf8" });
  const found = /GstVideoConvert:videoconvert0\.GstPad:src: caps = (.*)/.exec(out);
  assert.ok(found, out);
  return found[1].replaceAll("\\", "");
}

const CHOICES = [
  ["format=I420", "{ GRAY8, RGB, NV12, Y444 }"],
  ["format=I420", "{ RGBA, BGRx, RGB }"],
  ["format=I420", "{ Y444, AYUV, RGBA }"],
  ["format=NV12", "{ YUY2, Y42B, GRAY8 }"],
  ["format=YUY2", "{ I420, RGB, Y444 }"],
  ["format=RGBA", "{ RGB, I420, AYUV }"],
  ["format=RGBA", "{ I420, YUY2, Y444 }"],
  ["format=RGB", "{ GRAY8, I420, BGRA }"],
  ["format=GRAY8", "{ RGB, I420, YUY2 }"],
  ["format=P010_10LE", "{ RGBA, NV12, I420_10LE }"],
  ["format=I420_10LE", "{ I420, Y444_12LE, RGB }"],
  ["format=ARGB", "{ xRGB, AYUV, BGRA }"],
];

for (const [input, formats] of CHOICES) {
  test(`of ${formats}, ${input} becomes what GStreamer chooses`, { skip }, async (t) => {
    const line = chain(input, `format=${formats}`);
    assert.equal(field(await caps(t, line), "format"), field(theirs(line), "format"));
  });
}

const COLORS = [
  ["format=I420,colorimetry=bt709", "format=NV12"],
  ["format=I420,colorimetry=bt709,chroma-site=cosited", "format=NV12"],
  ["format=I420,colorimetry=bt709", "format=RGBA"],
  ["format=I420,colorimetry=bt601", "format=GRAY8"],
  ["format=I420,colorimetry=bt2020", "format=I420,colorimetry=bt709"],
  ["format=NV12", "format=RGBA"],
];

for (const [input, output] of COLORS) {
  test(`the colors that ${input} has as ${output} are GStreamer's`, { skip }, async (t) => {
    const line = chain(input, output);
    const [mine, other] = [await caps(t, line), theirs(line)];
    for (const name of ["colorimetry", "chroma-site"]) assert.equal(field(mine, name), field(other, name), name);
  });
}

test("size, rate, shape of pixels and other fields go on", async (t) => {
  const more = "pixel-aspect-ratio=4/3,interlace-mode=interleaved";
  const text = await caps(t, chain(`format=I420,${more}`, "format=RGBA"));
  for (const part of ["width=(int)32", "height=(int)16", "framerate=(fraction)30/1"]) assert.ok(text.includes(part));
  assert.ok(text.includes("pixel-aspect-ratio=(fraction)4/3") && text.includes("interlace-mode=(string)interleaved"));
});

test("a source is asked for what comes out, as far as it has to be the same", async (t) => {
  const line = "videotestsrc num-buffers=1 ! videoconvert ! video/x-raw,format=BGRx,width=48,height=20 ! fakesink";
  assert.match(await caps(t, line, "videotestsrc0"), /width=\(int\)48, height=\(int\)20/);
});

test("sizes that differ are refused, and so is what is no picture", async (t) => {
  for (const [input, output] of [
    ["format=I420", "width=33"],
    ["format=I420", "format=RGB16"],
    ["format=RGB16", "format=RGBA"],
  ]) {
    await assert.rejects(async () => {
      const p = await launch(t, chain(input, output));
      await p.play();
      await within(p.done, "the end");
    }, /cannot be linked/);
  }
});

test("a link between formats that do not meet has videoconvert for a hint", async (t) => {
  const line = `videotestsrc ! video/x-raw,format=I420 ! video/x-raw,format=RGBA ! fakesink`;
  await assert.rejects(() => launch(t, line).then((p) => p.play()), /videoconvert/);
});

test("pictures that fit go on untouched", async (t) => {
  const line = `videotestsrc num-buffers=2 ! video/x-raw,format=I420,${SIZE} ! videoconvert ! appsink name=out sync=false`;
  const p = await launch(t, line);
  await p.play();
  const addresses = [];
  for await (const frame of p.appsink("out")) {
    addresses.push(frame.parts[0].byteOffset);
    assert.equal(frame.data.length, 768);
    frame.release();
  }
  // Test pictures that do not change are one block, so what comes through is that block.
  assert.equal(addresses.length, 2);
  const other = await launch(t, line.replace("num-buffers=2", "num-buffers=2 pattern=red"));
  await other.play();
  const seen = new Set();
  for await (const frame of other.appsink("out")) {
    seen.add(frame.parts[0].byteOffset);
    frame.release();
  }
  assert.equal(seen.size, 1);
});

test("nothing is allocated while pictures are converted", async (t) => {
  const line = `videotestsrc ! video/x-raw,format=I420,${SIZE} ! videoconvert ! video/x-raw,format=RGBA ! fakesink name=out`;
  const p = await launch(t, line, { memory: 64 << 20 });
  await p.play();
  const look = () => {
    const { links, memory } = p.stats();
    return { frames: links.find((l) => l.from.element === "videoconvert0").frames, made: memory.allocations };
  };
  const after = async (frames) => {
    let seen = look();
    for (; seen.frames < frames; seen = look()) await turn();
    return seen;
  };
  const early = await within(after(400), line);
  const late = await within(after(early.frames + 1000), line);
  assert.equal(late.made, early.made);
  const element = p.stats().elements.find((e) => e.name === "videoconvert0");
  assert.deepEqual(element.copies, {});
});
