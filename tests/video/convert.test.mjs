// Conversions of raw pictures, sample by sample against a model in doubles, and without SIMD against with.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { folder, play } from "../support/g2g.mjs";
import { random } from "../support/simulated.mjs";
import { FORMATS, convert, sampler } from "./model.mjs";

/** How far a sample may be from the model, in values of the format: half for rounding, the rest for factors. */
const MOST = { 8: 0.65, 10: 0.9, 12: 1.45 };

const YUV = ["bt601", "bt709", "smpte240m", "bt2020", "1:4:16:4", "1:3:5:1", "1:6:11:7", "2:2:5:1"];
const RGB = ["sRGB", "2:1:7:1"];
const SITES = ["jpeg", "mpeg2", "v-cosited", "cosited"];

const seed = Number(process.env.G2G_SEED ?? 1);
const rounds = Number(process.env.G2G_ROUNDS ?? 1);

/** Pictures of noise in which the ends of the range are common. */
function noise(rnd, size) {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i++) data[i] = rnd.chance(0.2) ? 255 : rnd.chance(0.2) ? 0 : rnd.below(256);
  return data;
}

const text = (v) => (v.includes(":") ? `"${v}"` : v);

/** Caps of a picture. */
function caps({ format, width, height, interlaced, colorimetry, site }) {
  let out = `video/x-raw,format=${format},width=${width},height=${height},framerate=30/1`;
  out += `,interlace-mode=${interlaced ? "interleaved" : "progressive"}`;
  if (colorimetry) out += `,colorimetry=${text(colorimetry)}`;
  return site ? `${out},chroma-site=${site}` : out;
}

/** Converts the pictures of cases, all in one pipeline. @returns the bytes of each */
async function convertAll(t, cases, options) {
  const dir = folder(t);
  const file = (kind, i) => path.join(dir, `${kind}${i}`);
  const chains = cases.map(({ data, size, from, to, mode }, i) => {
    fs.writeFileSync(file("in", i), data);
    const chain = `filesrc location=${file("in", i)} blocksize=${size} ! ${caps(from)} ! videoconvert chroma-mode=${mode}`;
    return `${chain} ! ${caps(to)} ! filesink location=${file("out", i)}`;
  });
  await play(t, chains.join("  "), options);
  return cases.map((_, i) => fs.readFileSync(file("out", i)));
}

function colorsOf(rnd, format) {
  const { kind } = FORMATS[format];
  if (kind === "gray" || rnd.chance(0.2)) return undefined;
  const list = kind === "rgb" ? RGB : YUV;
  return list[rnd.below(list.length)];
}

/** A case of two formats at random. */
function draw(rnd, input, output) {
  const width = 1 + rnd.below(rnd.chance(0.3) ? 5 : 70);
  const height = 1 + rnd.below(rnd.chance(0.3) ? 5 : 24);
  const interlaced = rnd.chance(0.2);
  // There, GStreamer's layout has no chroma for the last row.
  const lacks = interlaced && height % 4 === 2 && [input, output].some((f) => /^P01/.test(f));
  const shape = { width, height: lacks ? height + 1 : height, interlaced };
  const site = () => (rnd.chance(0.5) ? SITES[rnd.below(SITES.length)] : undefined);
  const end = (format) => ({ ...shape, format, colorimetry: colorsOf(rnd, format), site: site() });
  const from = end(input);
  const to = end(output);
  // What is left open would be that of the input.
  if (!to.colorimetry && FORMATS[input].kind === FORMATS[output].kind) to.colorimetry = from.colorimetry;
  if (!to.colorimetry && !FORMATS[output].kind.includes("gray"))
    to.colorimetry = FORMATS[output].kind === "rgb" ? "sRGB" : "bt601";
  if (!to.site && FORMATS[output].kind === "yuv") to.site = "jpeg";
  const { size } = sampler(from);
  const mode = rnd.chance(0.2) ? "none" : "downsample-only";
  return { from, to, size, mode, data: noise(rnd, 2 * size) };
}

/** Compares what came of a case with the model. @returns the largest difference */
function check({ from, to, size, data, mode }, bytes) {
  const { size: outSize, get } = sampler(to);
  const what = `${caps(from)} to ${caps(to)}, chroma-mode ${mode}`;
  assert.equal(bytes.length, 2 * outSize, `${what}: bytes`);
  const { depth } = FORMATS[to.format];
  let worst = 0;
  for (const n of [0, 1]) {
    const picture = data.subarray(n * size, (n + 1) * size);
    const out = bytes.subarray(n * outSize, (n + 1) * outSize);
    convert(picture, from, to, mode !== "none").each((i, x, y, wanted) => {
      const found = get(out, i, x, y);
      const difference = Math.abs(found - wanted);
      if (difference > worst) worst = difference;
      if (difference > MOST[depth]) {
        assert.fail(`${what}: picture ${n}, component ${i} at ${x},${y} is ${found}, not ${wanted} (seed ${seed})`);
      }
    });
  }
  return worst;
}

for (const input of Object.keys(FORMATS)) {
  test(`${input} becomes every format as the model has it, with SIMD and without`, async (t) => {
    const rnd = random(seed * 1000 + Object.keys(FORMATS).indexOf(input));
    for (let round = 0; round < rounds; round++) {
      const cases = Object.keys(FORMATS).map((output) => draw(rnd, input, output));
      const wide = await convertAll(t, cases, { simd: true });
      const plain = await convertAll(t, cases, { simd: false });
      const worst = {};
      cases.forEach((c, i) => {
        const { depth } = FORMATS[c.to.format];
        worst[depth] = Math.max(worst[depth] ?? 0, check(c, wide[i]));
        assert.ok(wide[i].equals(plain[i]), `${caps(c.from)} to ${caps(c.to)}: the same bytes without SIMD`);
      });
      t.diagnostic(`largest differences ${JSON.stringify(worst)}`);
    }
  });
}
