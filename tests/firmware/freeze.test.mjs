// Lines frozen into images: the same bytes as on Node, nothing from the heap, and errors that say what is wrong.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { launch, within } from "../support/g2g.mjs";
import { playImage, readBootLog, textsOf } from "./desk.mjs";
import { boardText, root, tool } from "./support.mjs";

const AUDIO = "audio/x-raw,format=S16LE,rate=8000,channels=1,layout=interleaved";

/** A source and a sink as boards have them. */
const ELEMENTS = [
  {
    name: "boardsrc",
    pads: [{ name: "src", direction: "src", caps: AUDIO }],
    properties: [
      { name: "is-live", type: "boolean", default: "true" },
      { name: "blocksize", type: "uint", default: 160 },
    ],
    block: { pad: "src", bytes: "blocksize / sample-bytes * sample-bytes" },
  },
  { name: "boardsink", pads: [{ name: "sink", direction: "sink", caps: "ANY" }], properties: [] },
];
const POST_EOS = 4;

const board = tool.parseBoard(boardText(), "small");

/** Freezes a line; the folder is gone when the test ends. */
async function freeze(t, line, options = {}) {
  const parent = path.join(root, "build/firmware");
  fs.mkdirSync(parent, { recursive: true });
  const folder = fs.mkdtempSync(path.join(parent, "test-"));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return tool.freezeLine(board, line, folder, { engine: "aot", elements: ELEMENTS, ...options });
}

/** What an appsink in the place of the board's sink gets on Node. */
async function onNode(t, line) {
  const p = await launch(t, line);
  const frames = [];
  const taking = (async () => {
    for await (const frame of p.appsink("out")) {
      frames.push(Buffer.from(frame.copy()));
      frame.release();
    }
  })();
  await within(p.play(), "playing");
  await within(taking, "the frames");
  return frames;
}

const TONE = "audiotestsrc num-buffers=40 samplesperbuffer=80 wave=red-noise ! audio/x-raw,rate=8000,channels=1 ! ";
const PACKETS = "rtppcmupay ssrc=7 seqnum-offset=65530 timestamp-offset=4294967000";

for (const tight of [false, true]) {
  const kind = tight ? "a tight image" : "an image";
  test(`${kind} gives the bytes that the line gives on Node`, async (t) => {
    const line = `${TONE}mulawenc ! ${PACKETS} ! `;
    const image = await freeze(t, `${line}boardsink`, { tight });
    const expected = await onNode(t, `${line}appsink name=out sync=false`);
    const { frames, posts } = playImage(image);
    assert.equal(expected.length, 40);
    assert.deepEqual([...frames.values()], [expected]);
    assert.ok(posts.includes(POST_EOS), "the end is told");
    assert.equal(image.report.allocations, 0, "nothing is taken from the heap as it runs");
    assert.deepEqual([image.report.sealed, image.report.tight, image.report.misread], [true, tight, ""]);
  });
}

test("what a board captures goes through as on Node", async (t) => {
  const image = await freeze(t, "boardsrc blocksize=160 ! mulawenc ! boardsink");
  const blocks = Array.from({ length: 30 }, (_, k) =>
    Uint8Array.from({ length: 160 }, (_, i) => (i * 37 + k * 11) & 255),
  );
  let next = 0;
  const { frames } = playImage(image, ({ length }) => {
    assert.equal(length, 160);
    return blocks[next++] ?? null;
  });
  const file = path.join(fs.mkdtempSync(path.join(root, "build/firmware/test-")), "in.raw");
  t.after(() => fs.rmSync(path.dirname(file), { recursive: true }));
  fs.writeFileSync(file, Buffer.concat(blocks));
  const expected = await onNode(
    t,
    `filesrc location=${file} blocksize=160 ! ${AUDIO} ! mulawenc ! appsink name=out sync=false`,
  );
  assert.deepEqual(Buffer.concat([...frames.values()].flat()), Buffer.concat(expected));
  assert.equal([...frames.values()][0].length, 30);
});

test("a tight image is smaller, both need less than half a page of memory", async (t) => {
  const line = `boardsrc ! mulawenc ! ${PACKETS} ! boardsink`;
  const [loose, tight] = [await freeze(t, line), await freeze(t, line, { tight: true })];
  assert.ok(tight.wasm.length < loose.wasm.length * 0.75, `${tight.wasm.length} of ${loose.wasm.length} bytes`);
  assert.ok(loose.memory < 32768, `${loose.memory} bytes of memory`);
});

test("the same line makes the same image", async (t) => {
  const line = "boardsrc ! mulawenc ! boardsink";
  const [a, b] = [await freeze(t, line), await freeze(t, line)];
  assert.equal(a.hash, b.hash);
  assert.deepEqual(a.bootLog, b.bootLog);
});

test("the boot log holds the elements, their properties and caps in the order the core asked", async (t) => {
  const image = await freeze(t, "boardsrc blocksize=320 name=in ! boardsink name=out");
  const told = readBootLog(image.bootLog).map((e) => [e.kind, e.op, e.data && textsOf(e.data)].flat(2));
  const opens = told.filter(([kind]) => kind === 1).map((e) => e.slice(2));
  assert.deepEqual(opens.sort(), [
    ["boardsink", "out"],
    ["boardsrc", "in"],
  ]);
  const caps = told.filter(([, op]) => op === 16).map((e) => e[2]);
  assert.equal(caps.length, 2);
  for (const text of caps) assert.match(text, /^audio\/x-raw, format=\(string\)S16LE/);
  const configure = readBootLog(image.bootLog).find((e) => e.op === 16 && e.result > 0);
  assert.equal(configure.result, 320, "bytes of a block, by the element's formula");
});

test("memory that was asked for is given, too little is refused with what is needed", async (t) => {
  const line = "boardsrc ! boardsink";
  const { memory } = await freeze(t, line);
  const more = await freeze(t, line, { memory: memory + 4096 });
  assert.equal(more.memory, memory + 4096);
  assert.equal(more.report.free, 4096);
  await assert.rejects(freeze(t, line, { memory: memory - 16 }), new RegExp(`needs ${memory} bytes of memory`));
});

test("a line that cannot be negotiated fails as it does in launch", async (t) => {
  await assert.rejects(freeze(t, "boardsrc ! rtppcmupay ! boardsink"), /cannot be linked .* put mulawenc between them/);
  await assert.rejects(freeze(t, "boardsrc ! mulawencc ! boardsink"), /no element "mulawencc".* mulawenc/s);
  await assert.rejects(freeze(t, "boardsrc ! filesink location=x ! boardsink"), /filesink/);
});

test("a line that needs files is refused with the reason", async (t) => {
  await assert.rejects(freeze(t, "filesrc location=in.raw ! boardsink"), /a board has none: "in.raw"/);
});

test("a line whose elements do not take made-up data is frozen all the same, and says so", async (t) => {
  const caps = "video/mpegts,systemstream=true,packetsize=188";
  const elements = [{ ...ELEMENTS[0], pads: [{ name: "src", direction: "src", caps }] }, ELEMENTS[1]];
  elements[0].block = { pad: "src", bytes: "1316" };
  const image = await freeze(t, "boardsrc ! tsdemux ! boardsink", { elements, tight: true });
  assert.match(image.report.misread, /^tsdemux0 at byte \d+: this is no video\/mpegts/);
  assert.deepEqual([image.report.sealed, image.report.tight], [false, false]);
});

test("formulas of block sizes", () => {
  const names = { "caps.rate": 8000, blocksize: 7, "frame-bytes": 12 };
  const value = (formula) => tool.evaluate(formula, (name) => names[name]);
  assert.equal(value("caps.rate / 100 * 2"), 160);
  assert.equal(value("2 + 3 * (4 - 1)"), 11);
  assert.equal(value("blocksize/2*2"), 6);
  assert.equal(value("frame-bytes"), 12);
  for (const bad of ["", "1 +", "(1", "nothing", "1 / 0", "1 2", "1 $ 2"]) assert.throws(() => value(bad), /"/, bad);
});
