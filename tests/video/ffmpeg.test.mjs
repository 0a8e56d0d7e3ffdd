// Conversions against FFmpeg's scaler, told to be accurate: another implementation of the same recommendations.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { missing, run } from "../support/media.mjs";

const skip = missing("ffmpeg");

const WIDTH = 64;
const HEIGHT = 48;

/** GStreamer's names of formats, and FFmpeg's. */
const NAMES = {
  Y444: "yuv444p",
  I420: "yuv420p",
  NV12: "nv12",
  NV21: "nv21",
  YUY2: "yuyv422",
  UYVY: "uyvy422",
  Y42B: "yuv422p",
  I420_10LE: "yuv420p10le",
  P010_10LE: "p010le",
  RGB: "rgb24",
  BGR: "bgr24",
  RGBA: "rgba",
  BGRA: "bgra",
};

/** Range and matrix in both languages. */
const COLORS = {
  bt601: { colorimetry: "bt601", matrix: "bt601", range: "tv" },
  bt709: { colorimetry: "bt709", matrix: "bt709", range: "tv" },
  bt2020: { colorimetry: "bt2020", matrix: "bt2020", range: "tv" },
  "bt601, full range": { colorimetry: '"1:4:16:4"', matrix: "bt601", range: "pc" },
};

/** Samples that differ by one, of a hundred, since both round. */
const FEW = 5;

const isRgb = (format) => /RGB|BGR/.test(format);

for (const [name, { colorimetry, matrix, range }] of Object.entries(COLORS)) {
  const cases = [
    ...["Y444", "I420", "NV12", "NV21", "YUY2", "UYVY", "Y42B", "I420_10LE", "P010_10LE"].flatMap((from) =>
      ["RGB", "BGRA"].map((to) => [from, to]),
    ),
    ...["RGB", "BGR", "RGBA"].map((from) => [from, "Y444"]),
  ];
  for (const [from, to] of cases) {
    test(`${from} to ${to} in ${name} is FFmpeg's within one`, { skip }, async (t) => {
      const dir = folder(t);
      const file = (n) => path.join(dir, n);
      const size = `width=${WIDTH},height=${HEIGHT},framerate=30/1`;
      const caps = (format) =>
        `video/x-raw,format=${format},${size}${isRgb(format) ? "" : `,colorimetry=${colorimetry}`}`;
      await play(t, `videotestsrc num-buffers=1 pattern=snow ! ${caps(from)} ! filesink location=${file("in")}`);
      const bytes = fs.statSync(file("in")).size;
      await play(
        t,
        `filesrc location=${file("in")} blocksize=${bytes} ! ${caps(from)} ! videoconvert ! ${caps(to)} ! filesink location=${file("mine")}`,
      );
      const side = (at, format) => (isRgb(format) ? "" : `${at}_color_matrix=${matrix}:${at}_range=${range}:`);
      const flags = "flags=neighbor+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact";
      const raw = ["-f", "rawvideo", "-pix_fmt"];
      run("ffmpeg", [
        ...["-v", "error", "-y", ...raw, NAMES[from], "-s", `${WIDTH}x${HEIGHT}`, "-i", file("in")],
        ...[
          "-vf",
          `scale=${side("in", from)}${side("out", to)}${flags}`,
          "-pix_fmt",
          NAMES[to],
          "-f",
          "rawvideo",
          file("theirs"),
        ],
      ]);
      const [mine, theirs] = [fs.readFileSync(file("mine")), fs.readFileSync(file("theirs"))];
      assert.equal(mine.length, theirs.length);
      let differing = 0;
      for (const [i, v] of mine.entries()) {
        const difference = Math.abs(v - theirs[i]);
        if (difference) differing++;
        assert.ok(difference <= 1, `byte ${i} is ${v}, not ${theirs[i]}`);
      }
      // Of 10 bits with the full range FFmpeg takes the upper 8, as if 1020 were white and not 1023.
      if (from.includes("10") && range === "pc") return;
      assert.ok(differing * 100 <= FEW * mine.length, `${differing} of ${mine.length} differ`);
    });
  }
}
