// Where the samples of pictures lie: what the tests of bytes may look at.

const planar = (columns, rows, bytes = 1) => [
  [1, 1, bytes],
  [columns, rows, bytes],
  [columns, rows, bytes],
];
const paired = (columns, rows, bytes = 1) => [
  [1, 1, bytes],
  [columns, rows, 2 * bytes],
];
const packed = (bytes, columns = 1) => [[columns, 1, bytes]];

/** Planes of each format: pixels of a row and rows that share a group of samples, bytes of a group. */
export const LAYOUTS = {
  I420: planar(2, 2),
  YV12: planar(2, 2),
  NV12: paired(2, 2),
  NV21: paired(2, 2),
  Y42B: planar(2, 1),
  NV16: paired(2, 1),
  NV61: paired(2, 1),
  Y444: planar(1, 1),
  NV24: paired(1, 1),
  A420: [...planar(2, 2), [1, 1, 1]],
  YUY2: packed(4, 2),
  UYVY: packed(4, 2),
  YVYU: packed(4, 2),
  VYUY: packed(4, 2),
  AYUV: packed(4),
  VUYA: packed(4),
  RGB: packed(3),
  BGR: packed(3),
  RGBA: packed(4),
  BGRA: packed(4),
  ARGB: packed(4),
  ABGR: packed(4),
  RGBx: packed(4),
  BGRx: packed(4),
  xRGB: packed(4),
  xBGR: packed(4),
  RGB16: packed(2),
  BGR16: packed(2),
  RGB15: packed(2),
  BGR15: packed(2),
  GBR: planar(1, 1),
  GRAY8: packed(1),
  GRAY16_LE: packed(2),
  GRAY16_BE: packed(2),
  I420_10LE: planar(2, 2, 2),
  I422_10LE: planar(2, 1, 2),
  Y444_10LE: planar(1, 1, 2),
  GBR_10LE: planar(1, 1, 2),
  I420_12LE: planar(2, 2, 2),
  I422_12LE: planar(2, 1, 2),
  Y444_12LE: planar(1, 1, 2),
  P010_10LE: paired(2, 2, 2),
  P012_LE: paired(2, 2, 2),
  P016_LE: paired(2, 2, 2),
  Y444_16LE: planar(1, 1, 2),
  AYUV64: packed(8),
  ARGB64: packed(8),
};

/** Formats whose planes have an even number of rows although rows share nothing. */
const EVEN_ROWS = ["I422_10LE", "I422_12LE"];

const up = (n, to) => Math.ceil(n / to) * to;

/**
 * Where the bytes of a picture lie that carry samples. The others, which fill rows and planes up, GStreamer leaves as they
 * are.
 * @returns rows in the order of memory: plane, row, `at` (offset), `groups` and the bytes of a group; and the `size` of it all
 */
export function rowsOf({ format, width, height, interlaced }) {
  const planes = LAYOUTS[format];
  const shared = planes.some(([, rows]) => rows > 1);
  const list = [];
  let start = 0;
  planes.forEach(([columns, rows, bytes], plane) => {
    const groups = Math.ceil(width / columns);
    const stride = up(groups * bytes, 4);
    for (let y = 0; y < Math.ceil(height / rows); y++) list.push({ plane, y, at: start + y * stride, groups, bytes });
    const lines = (shared || EVEN_ROWS.includes(format) ? up(height, 2) : height) / rows;
    const deepPairs = planes.length === 2 && bytes === 4;
    start += stride * (interlaced && rows > 1 && !deepPairs ? up(lines, 2) : lines);
  });
  return { rows: list, size: start };
}

/**
 * The bytes of all pictures of a stream that carry samples, one after the other.
 * @param wanted which rows to take; all when nothing is said
 */
export function samplesOf(data, layout, wanted = () => true) {
  const { rows, size } = rowsOf(layout);
  const pieces = [];
  for (let start = 0; start < data.length; start += size)
    for (const row of rows)
      if (wanted(row)) pieces.push(data.subarray(start + row.at, start + row.at + row.groups * row.bytes));
  return Buffer.concat(pieces);
}
