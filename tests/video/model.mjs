// What a conversion between raw formats has to give, in doubles: written from the recommendations, without a look at the core.
import { rowsOf } from "../testsrc/layouts.mjs";

const plane = (n, depth, wSub = 0, hSub = 0, shift = 0) => ({
  plane: n,
  at: 0,
  step: depth > 8 ? 2 : 1,
  wSub,
  hSub,
  shift,
});
const planar = (kind, depth, wSub, hSub, order = [0, 1, 2]) => ({
  kind,
  depth,
  components: order.map((n, i) => plane(n, depth, i && wSub, i && hSub)),
});
/** U and V in turn; `at` is the place of U. */
const paired = (depth, wSub, hSub, at = 0, shift = 0) => {
  const bytes = depth > 8 ? 2 : 1;
  const chroma = (place) => ({ plane: 1, at: place * bytes, step: 2 * bytes, wSub, hSub, shift });
  return { kind: "yuv", depth, components: [plane(0, depth, 0, 0, shift), chroma(at), chroma(1 - at)] };
};
/** Bytes of a pixel in the order of their names; x is a byte without a meaning. */
const packed = (kind, names) => {
  const at = (name) => names.indexOf(name);
  const one = (name) => ({ plane: 0, at: at(name), step: names.length, wSub: 0, hSub: 0, shift: 0 });
  const own = kind === "yuv" ? "YUV" : "RGB";
  const last = names.includes("A") ? ["A"] : names.includes("x") ? ["x"] : [];
  return { kind, depth: 8, alpha: names.includes("A"), components: [...own, ...last].map(one) };
};
/** Two pixels of four bytes. */
const shared = (y, u, v) => ({
  kind: "yuv",
  depth: 8,
  components: [
    { plane: 0, at: y, step: 2, wSub: 0, hSub: 0, shift: 0 },
    { plane: 0, at: u, step: 4, wSub: 1, hSub: 0, shift: 0 },
    { plane: 0, at: v, step: 4, wSub: 1, hSub: 0, shift: 0 },
  ],
});

/** The formats that videoconvert knows. */
export const FORMATS = {
  I420: planar("yuv", 8, 1, 1),
  YV12: planar("yuv", 8, 1, 1, [0, 2, 1]),
  NV12: paired(8, 1, 1),
  NV21: paired(8, 1, 1, 1),
  Y42B: planar("yuv", 8, 1, 0),
  NV16: paired(8, 1, 0),
  NV61: paired(8, 1, 0, 1),
  Y444: planar("yuv", 8, 0, 0),
  NV24: paired(8, 0, 0),
  A420: { ...planar("yuv", 8, 1, 1), alpha: true },
  YUY2: shared(0, 1, 3),
  UYVY: shared(1, 0, 2),
  YVYU: shared(0, 3, 1),
  VYUY: shared(1, 2, 0),
  AYUV: packed("yuv", "AYUV"),
  VUYA: packed("yuv", "VUYA"),
  RGB: packed("rgb", "RGB"),
  BGR: packed("rgb", "BGR"),
  RGBA: packed("rgb", "RGBA"),
  BGRA: packed("rgb", "BGRA"),
  ARGB: packed("rgb", "ARGB"),
  ABGR: packed("rgb", "ABGR"),
  RGBx: packed("rgb", "RGBx"),
  BGRx: packed("rgb", "BGRx"),
  xRGB: packed("rgb", "xRGB"),
  xBGR: packed("rgb", "xBGR"),
  GBR: planar("rgb", 8, 0, 0, [2, 0, 1]),
  GRAY8: { kind: "gray", depth: 8, components: [plane(0, 8)] },
  I420_10LE: planar("yuv", 10, 1, 1),
  I422_10LE: planar("yuv", 10, 1, 0),
  Y444_10LE: planar("yuv", 10, 0, 0),
  GBR_10LE: planar("rgb", 10, 0, 0, [2, 0, 1]),
  I420_12LE: planar("yuv", 12, 1, 1),
  I422_12LE: planar("yuv", 12, 1, 0),
  Y444_12LE: planar("yuv", 12, 0, 0),
  P010_10LE: paired(10, 1, 1, 0, 6),
  P012_LE: paired(12, 1, 1, 0, 4),
};
FORMATS.A420.components.push(plane(3, 8));

/** Weights of R and B in Y, by GStreamer's numbers of matrices. */
const WEIGHTS = { 2: [0.3, 0.11], 3: [0.2126, 0.0722], 4: [0.299, 0.114], 5: [0.212, 0.087], 6: [0.2627, 0.0593] };

const NAMED = { bt601: "2:4:16:4", bt709: "2:3:5:1", smpte240m: "2:5:6:5", bt2020: "2:6:11:7", sRGB: "1:1:7:1" };

/** What holds where caps say nothing. */
function usual(kind, height) {
  if (kind === "rgb") return "sRGB";
  if (kind === "gray") return "1:4:0:0";
  return height > 576 ? "bt709" : "bt601";
}

/** Range and matrix of a picture's caps. */
function colorsOf({ format, height, colorimetry }) {
  const { kind } = FORMATS[format];
  const numbers = (text) => (NAMED[text] ?? text).split(":").map(Number);
  let [range, matrix] = numbers(colorimetry ?? usual(kind, height));
  const fits = kind === "rgb" ? matrix === 1 : matrix !== 1;
  if (!fits) [range, matrix] = numbers(usual(kind, height));
  return { limited: range === 2, matrix };
}

/** A value of component `i` as a number: from 0 to 1, of U and V from -1/2 to 1/2; and back. */
function scale({ kind, depth }, limited, i) {
  const chroma = kind === "yuv" && i > 0;
  const unit = 2 ** (depth - 8);
  const span = limited ? (chroma ? 224 : 219) * unit : 2 ** depth - 1;
  const zero = chroma ? 128 * unit : limited ? 16 * unit : 0;
  return { real: (v) => (v - zero) / span, code: (v) => v * span + zero };
}

function toRgb([y, u, v], matrix) {
  const [r, b] = WEIGHTS[matrix];
  const red = y + 2 * (1 - r) * v;
  const blue = y + 2 * (1 - b) * u;
  return [red, (y - r * red - b * blue) / (1 - r - b), blue];
}

function toYuv([red, green, blue], matrix) {
  const [r, b] = WEIGHTS[matrix];
  const y = r * red + (1 - r - b) * green + b * blue;
  return [y, (blue - y) / (2 * (1 - b)), (red - y) / (2 * (1 - r))];
}

/** Whether a format says what share in Y the colors have. */
const hasMatrix = ({ kind }) => kind === "yuv";

/**
 * Samples of pictures with a layout (format, width, height, interlaced), by component, row and column.
 * @returns size of a picture; `get`, `set` (data, i, x, y) in samples of the component
 */
export function sampler(layout) {
  const { components, depth } = FORMATS[layout.format];
  const { rows, size } = rowsOf(layout);
  const planes = {};
  for (const { plane: n, y, at, groups, bytes } of rows) {
    if (!y) planes[n] = { start: at, stride: Math.ceil((groups * bytes) / 4) * 4 };
  }
  const place = (i, x, y) => {
    const c = components[i];
    return planes[c.plane].start + y * planes[c.plane].stride + c.at + x * c.step;
  };
  const get = (data, i, x, y) => {
    const at = place(i, x, y);
    return depth > 8 ? (data.readUInt16LE(at) >> components[i].shift) & (2 ** depth - 1) : data[at];
  };
  return { size, get, place };
}

const sitesOf = (site) => ({
  across: ["mpeg2", "cosited", "dv"].includes(site),
  down: ["v-cosited", "cosited", "dv"].includes(site),
});

/** Where chroma lies by default; caps with a colorimetry and no place say nothing of it. */
function siteOf({ height, colorimetry, site }) {
  return site ?? (colorimetry || height <= 576 ? "jpeg" : "mpeg2");
}

/**
 * What a picture becomes.
 * @param from, to format, width, height, interlaced, colorimetry, site
 * @param filters whether chroma that pixels will share is the mean of theirs
 * @returns the wanted values: `each(visit)` calls visit(i, x, y, value) for every sample
 */
export function convert(picture, from, to, filters = true) {
  const input = FORMATS[from.format];
  const output = FORMATS[to.format];
  const colorsIn = colorsOf(from);
  const colorsOut = colorsOf(to);
  const { get } = sampler(from);
  const { width, height, interlaced } = from;
  const scales = [0, 1, 2].map((i) => scale(input, colorsIn.limited, i));
  const codes = [0, 1, 2].map((i) => scale(output, colorsOut.limited, i));
  const chromaRow = (y) => (interlaced ? 2 * (y >> 2) + (y & 1) : y >> 1);
  const pixel = (x, y) =>
    [0, 1, 2].map((i) => {
      if (input.kind === "gray" && i) return 0;
      const c = input.components[i];
      return scales[i].real(get(picture, i, x >> c.wSub, c.hSub ? chromaRow(y) : y));
    });
  const recolor = (values) => {
    if (input.kind === "rgb" && output.kind === "rgb") return values;
    if (input.kind === "rgb") return toYuv(values, output.kind === "gray" ? 4 : colorsOut.matrix);
    if (output.kind === "rgb") return toRgb(values, hasMatrix(input) ? colorsIn.matrix : 4);
    if (!hasMatrix(input) || !hasMatrix(output) || colorsIn.matrix === colorsOut.matrix) return values;
    return toYuv(toRgb(values, colorsIn.matrix), colorsOut.matrix);
  };
  const site = sitesOf(siteOf(to));
  /** Pixels with their weights that make a sample of chroma. */
  const pixelsOf = (c, x, y) => {
    const [first, second] = interlaced ? [4 * (y >> 1) + (y & 1), 4 * (y >> 1) + (y & 1) + 2] : [2 * y, 2 * y + 1];
    const chroma = input.kind === "yuv" ? input.components[1] : { wSub: 0, hSub: 0 };
    const halvesRows = c.hSub && !chroma.hSub && filters && !site.down;
    const rows = !c.hSub ? [y] : halvesRows && second < height ? [first, second] : [first];
    const halves = c.wSub && !chroma.wSub && filters;
    const last = width - 1;
    const columns = !c.wSub
      ? [x]
      : !halves
        ? [2 * x]
        : site.across
          ? [Math.max(2 * x - 1, 0), 2 * x, 2 * x, Math.min(2 * x + 1, last)]
          : [2 * x, Math.min(2 * x + 1, last)];
    return rows.flatMap((row) => columns.map((column) => [column, row]));
  };
  const mean = (pixels) => {
    const sum = [0, 0, 0];
    for (const [x, y] of pixels) pixel(x, y).forEach((v, i) => (sum[i] += v));
    return sum.map((v) => v / pixels.length);
  };
  const most = 2 ** output.depth - 1;
  const clamp = (v) => Math.min(Math.max(v, 0), most);
  return {
    each(visit) {
      output.components.forEach((c, i) => {
        const columns = Math.ceil(width / 2 ** c.wSub);
        // Of interlaced pictures the last two rows may have chroma of their own.
        const rows = c.hSub && interlaced ? chromaRow(height - 1) + 1 : Math.ceil(height / 2 ** c.hSub);
        for (let y = 0; y < rows; y++) {
          for (let x = 0; x < columns; x++) {
            // What goes on untouched keeps bytes without a meaning.
            if (i === 3 && from.format === to.format && !input.alpha) continue;
            if (i === 3) visit(i, x, y, input.alpha && output.alpha ? get(picture, 3, x, y) : 255);
            else visit(i, x, y, clamp(codes[i].code(recolor(mean(pixelsOf(c, x, y)))[i])));
          }
        }
      });
    },
  };
}
