// The pictures of videotestsrc, byte by byte against GStreamer's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LAYOUTS, rowsOf, samplesOf } from "./layouts.mjs";
import { everything, gstreamer, ours, same, skip } from "./peer.mjs";

const PATTERNS =
  "smpte snow black white red green blue checkers-1 checkers-2 checkers-4 checkers-8 circular blink smpte75 gamut " +
  "solid-color ball smpte100 bar pinwheel spokes gradient colors";
const patterns = PATTERNS.split(" ");

const SIZES = ["33x17", "7x5", "1x1", "2x2", "64x48"];
const MORE_SIZES = ["320x240", "16x3", "3x16", "101x1", "1x100", "1280x720", "723x577"];
const sizes = everything ? [...SIZES, ...MORE_SIZES] : SIZES;

/** Enough formats to see every way in which colors and shared samples are handled. */
const KINDS = ["I420", "Y42B", "YUY2", "AYUV", "RGB", "RGB16", "GRAY8", "I420_10LE", "NV12", "ARGB64"];
const some = everything ? Object.keys(LAYOUTS) : KINDS;

/** Chains that are run at once. */
const BATCH = 120;

/**
 * Odd rows of pictures in which two pixels of a row share chroma in one plane: GStreamer 1.22 leaves a sample of the
 * last pixel out (YUY2, UYVY, YVYU), swaps both (NV61), or does either (VYUY). What they have to be is what GStreamer has
 * in a format with a plane for each.
 */
const REFERENCE = { YUY2: "Y42B", UYVY: "Y42B", YVYU: "Y42B", VYUY: "Y42B", NV61: "Y42B" };

/** Where a pair of pixels has its chroma; `spare` is the place of a second pixel, which the last pair may not have. */
const PAIRS = {
  YUY2: { u: 1, v: 3, spare: 2 },
  UYVY: { u: 0, v: 2, spare: 3 },
  YVYU: { u: 3, v: 1, spare: 2 },
  VYUY: { u: 2, v: 0, spare: 3 },
  NV61: { u: 1, v: 0 },
};

/** Puts the chroma of the last pixels right in what GStreamer gave. */
function mend(c, theirs, reference, mine) {
  const layout = rowsOf(c);
  const other = rowsOf({ ...c, format: REFERENCE[c.format] });
  const pair = PAIRS[c.format];
  const ends = ({ rows }, plane) => rows.filter((r) => r.plane === plane).map((r) => r.at + (r.groups - 1) * r.bytes);
  const pairs = ends(layout, c.format === "NV61" ? 1 : 0);
  const [us, vs] = [ends(other, 1), ends(other, 2)];
  for (let frame = 0; frame < theirs.length / layout.size; frame++) {
    pairs.forEach((at, y) => {
      const to = frame * layout.size + at;
      theirs[to + pair.u] = reference[frame * other.size + us[y]];
      theirs[to + pair.v] = reference[frame * other.size + vs[y]];
      if (pair.spare) theirs[to + pair.spare] = mine[to + pair.spare];
    });
  }
}

/** A case: its launch line, in another format when that is given. */
function chainOf({ format, width, height, pattern, properties = "", more = "", frames = 3 }, other = format) {
  const caps = `video/x-raw,format=${other},width=${width},height=${height}${more}`;
  return `videotestsrc num-buffers=${frames} pattern=${pattern} ${properties} ! ${caps}`;
}

const isMended = ({ format, width }) => width % 2 === 1 && format in REFERENCE;

/** Compares cases with GStreamer, many at a time. */
async function compare(t, cases) {
  for (let start = 0; start < cases.length; start += BATCH) {
    const batch = cases.slice(start, start + BATCH);
    const mended = batch.filter(isMended);
    const chains = batch.map((c) => chainOf(c));
    const mine = await ours(t, chains);
    const theirs = gstreamer(t, [...chains, ...mended.map((c) => chainOf(c, REFERENCE[c.format]))]);
    const references = new Map(mended.map((c, i) => [c, theirs[batch.length + i]]));
    batch.forEach((c, i) => {
      assert.equal(mine[i].length, theirs[i].length, `${chains[i]}: bytes`);
      if (references.has(c)) mend(c, theirs[i], references.get(c), mine[i]);
      same(samplesOf(mine[i], c), samplesOf(theirs[i], c), chains[i]);
    });
  }
}

/** All combinations of the values that each key may have. */
function combine(choices) {
  return Object.entries(choices).reduce(
    (cases, [key, values]) => cases.flatMap((c) => values.map((value) => ({ ...c, [key]: value }))),
    [{}],
  );
}

/** Cases with sizes as texts. */
const sized = (cases) =>
  cases.map(({ size, ...rest }) => {
    const [width, height] = size.split("x").map(Number);
    return { ...rest, width, height };
  });

for (const format of Object.keys(LAYOUTS)) {
  test(`pictures in ${format} are GStreamer's`, { skip }, async (t) => {
    await compare(t, sized(combine({ format: [format], size: sizes, pattern: patterns })));
  });
}

test("pictures of usual sizes are GStreamer's", { skip }, async (t) => {
  const format = ["I420", "NV12", "RGBA", "P010_10LE"];
  await compare(t, sized(combine({ format, size: ["320x240", "722x578"], pattern: patterns, frames: [1] })));
});

test("colors and scrolling are GStreamer's", { skip }, async (t) => {
  const properties = [
    "foreground-color=0x8040ff20 background-color=0xff2080c0",
    "horizontal-speed=5",
    "horizontal-speed=-3",
  ];
  await compare(t, sized(combine({ format: some, size: ["34x18"], pattern: patterns, properties })));
});

test("colorimetry is heeded as GStreamer does", { skip }, async (t) => {
  const format = some.filter((f) => !/RGB|GBR/.test(f));
  const more = ["bt601", "bt709", "smpte240m", "bt2020"].map((c) => `,colorimetry=${c}`);
  const pattern = ["smpte", "smpte75", "solid-color", "gamut"];
  const properties = ["foreground-color=0xff40ff20"];
  await compare(t, sized(combine({ format, size: ["34x18", "34x578"], pattern, properties, more })));
});

test("interlaced pictures are laid out as GStreamer's", { skip }, async (t) => {
  const pattern = ["smpte100", "checkers-1", "ball"];
  const modes = ["interleaved", "mixed"].map((mode) => `,interlace-mode=${mode}`);
  const size = ["34x18", "35x21", "8x6"];
  await compare(t, sized(combine({ format: some, size, pattern, more: modes, interlaced: [true] })));
});

const MOTIONS = combine({ motion: ["wavy", "sweep", "hsweep"], flip: [false, true] });

test("the ball moves and flips as GStreamer's", { skip }, async (t) => {
  const properties = MOTIONS.map(({ motion, flip }) => `motion=${motion} flip=${flip}`);
  const ball = { size: ["98x66"], pattern: ["ball"], frames: [130] };
  await compare(t, sized(combine({ ...ball, format: ["GRAY8", "Y444"], properties })));
  const wavy = properties.filter((p) => p.includes("wavy"));
  await compare(t, sized(combine({ ...ball, format: ["I420", "NV12", "P010_10LE"], properties: wavy })));
});

// GStreamer 1.22 loses the row above each line of the cross where rows share chroma.
test("the cross of the ball's sweep is whole where rows share chroma too", { skip }, async (t) => {
  const c = { width: 98, height: 66, pattern: "ball", frames: 130 };
  for (const { motion, flip } of MOTIONS.filter((m) => m.motion !== "wavy")) {
    const properties = `motion=${motion} flip=${flip}`;
    const [gray] = gstreamer(t, [chainOf({ ...c, format: "GRAY8", properties })]);
    const [mine] = await ours(t, [chainOf({ ...c, format: "I420", properties })]);
    const luma = samplesOf(mine, { ...c, format: "I420" }, (row) => row.plane === 0);
    same(luma, samplesOf(gray, { ...c, format: "GRAY8" }), properties);
  }
});

// GStreamer 1.22 looks at the time of a picture before it has one, so that its ball stands still in this mode.
test("the ball moves by running time as it does by the number of a picture", async (t) => {
  const caps = "video/x-raw,format=GRAY8,width=98,height=66,framerate=200/1";
  for (const motion of ["wavy", "sweep", "hsweep"]) {
    const line = (mode) =>
      `videotestsrc num-buffers=300 pattern=ball motion=${motion} animation-mode=${mode} ! ${caps}`;
    const [frames, time] = await ours(t, [line("frames"), line("running-time")]);
    same(time, frames, motion);
  }
});

const SITES = ["jpeg", "mpeg2", "v-cosited", "cosited", "dv", "alt-line"];

test("chroma lies where the caps say, as GStreamer's", { skip }, async (t) => {
  const format = ["I420", "Y42B", "YUY2", "NV12", "I420_10LE", "P010_10LE", "A420"];
  const more = SITES.map((site) => `,colorimetry=bt601,chroma-site=${site}`);
  const pattern = ["checkers-1", "checkers-4", "colors", "smpte"];
  await compare(t, sized(combine({ format, size: ["34x18", "35x17", "1x1", "34x578"], pattern, more, frames: [1] })));
});

// GStreamer 1.22 ignores the place of chroma in caps without a colorimetry.
test("chroma lies where the caps say without a colorimetry too", { skip }, async (t) => {
  const c = { format: "I420", width: 35, height: 18, pattern: "checkers-4", frames: 1 };
  for (const site of SITES) {
    const more = `,chroma-site=${site}`;
    const [theirs] = gstreamer(t, [chainOf({ ...c, more: `,colorimetry=bt601${more}` })]);
    const [mine] = await ours(t, [chainOf({ ...c, more })]);
    same(samplesOf(mine, c), samplesOf(theirs, c), site);
  }
});
