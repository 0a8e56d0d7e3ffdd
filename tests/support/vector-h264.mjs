// H.264 streams that decode, without an encoder: pictures of uncompressed macroblocks (I_PCM) and of skipped ones. All
// clauses are of ITU-T H.264.
import { BitWriter } from "./vector-bits.mjs";

const PROFILES = { baseline: 66, main: 77, high: 100 };

/** Slice types (table 7-6): all slices of the picture have it. */
const SLICE = { P: 5, B: 6, I: 7 };

/** A NAL unit with its start code, emulation of start codes prevented (§7.4.1). */
export function nal(header, rbsp, startCode = 4) {
  const out = [...(startCode === 4 ? [0] : []), 0, 0, 1, header];
  let zeros = 0;
  for (const b of rbsp) {
    if (zeros >= 2 && b <= 3) {
      out.push(3);
      zeros = 0;
    }
    zeros = b ? 0 : zeros + 1;
    out.push(b);
  }
  return Buffer.from(out);
}

const trailing = (w) => w.bits(1, 1).done();

/** §7.3.2.1.1 */
function sequenceParameters(o) {
  const w = new BitWriter();
  w.bits(8, PROFILES[o.profile]).bits(8, o.profile === "baseline" ? 0xc0 : 0);
  w.bits(8, o.level).ue(o.id);
  if (o.profile === "high") w.ue(1).ue(0).ue(0).bits(1, 0).bits(1, 0);
  // Frame numbers and picture order counts of 8 bits.
  w.ue(4)
    .ue(0)
    .ue(4)
    .ue(o.bFrames ? 2 : 1)
    .bits(1, 0);
  w.ue(o.columns - 1).ue(o.rows / (o.interlaced ? 2 : 1) - 1);
  w.bits(1, o.interlaced ? 0 : 1);
  if (o.interlaced) w.bits(1, 0);
  w.bits(1, 1);
  const crop = o.crop;
  w.bits(1, crop ? 1 : 0);
  if (crop) for (const side of crop) w.ue(side);
  w.bits(1, o.rate || o.aspect ? 1 : 0);
  if (o.rate || o.aspect) vui(w, o);
  return trailing(w);
}

/** §E.1.1 */
function vui(w, o) {
  w.bits(1, o.aspect ? 1 : 0);
  if (o.aspect) w.bits(8, 255).bits(16, o.aspect[0]).bits(16, o.aspect[1]);
  // Neither overscan nor colours nor chroma positions.
  w.bits(3, 0);
  w.bits(1, o.rate ? 1 : 0);
  // A tick is half a picture.
  if (o.rate)
    w.bits(32, o.rate[1])
      .bits(32, 2 * o.rate[0])
      .bits(1, 1);
  w.bits(3, 0);
  w.bits(1, o.bFrames ? 1 : 0);
  if (o.bFrames) w.bits(1, 1).ue(0).ue(0).ue(10).ue(10).ue(1).ue(2);
}

/** §7.3.2.2: CAVLC, deblocking is controlled by the slices. */
function pictureParameters(id) {
  const w = new BitWriter();
  w.ue(id).ue(id).bits(1, 0).bits(1, 0).ue(0).ue(0).ue(0);
  w.bits(1, 0).bits(2, 0).se(0).se(0).se(0);
  return trailing(w.bits(3, 4));
}

/** §7.3.4: the macroblocks of a slice. I_PCM ones hold one brightness; those that are not new are skipped. */
function macroblocks(w, type, count, fresh, brightness) {
  let skipped = 0;
  for (let i = 0; i < count; i++) {
    if (type !== "I" && i >= fresh) {
      skipped++;
      continue;
    }
    if (type !== "I") w.ue(0);
    w.ue(type === "I" ? 25 : type === "P" ? 30 : 48).align();
    for (let k = 0; k < 384; k++) w.bits(8, k < 256 ? 16 + ((brightness + i) % 220) : 128);
  }
  if (skipped) w.ue(skipped);
}

/** §7.3.3 */
function slice(o, picture, first, count) {
  const { type, idr, frameNumber, order, number } = picture;
  const w = new BitWriter();
  w.ue(first)
    .ue(SLICE[type])
    .ue(o.id)
    .bits(8, frameNumber & 255);
  if (o.interlaced) w.bits(1, 0);
  if (idr) w.ue(picture.idrId & 1);
  w.bits(8, (2 * order) & 255);
  if (type === "B") w.bits(1, 1);
  if (type !== "I") w.bits(1, 0);
  // Lists as they are: no reordering in one list for P, in two for B.
  if (type !== "I") w.bits(1, 0);
  if (type === "B") w.bits(1, 0);
  if (type !== "B") w.bits(idr ? 2 : 1, 0);
  w.se(0).ue(1);
  macroblocks(w, type, count, picture.fresh, 3 * number);
  const reference = type === "B" ? 0 : type === "I" ? 3 : 2;
  return nal((reference << 5) | (idr ? 5 : 1), trailing(w), o.startCode);
}

/** §7.3.2.3, §D.1.7: unregistered user data. */
function userData(text, startCode) {
  const payload = Buffer.concat([Buffer.from("f3a1c0de0001400180a0b0c0d0e0f001", "hex"), Buffer.from(text)]);
  const w = new BitWriter();
  w.bits(8, 5).bits(8, payload.length).bytes(payload);
  return nal(6, trailing(w), startCode);
}

/**
 * Pictures in decoding order.
 * @param options
 *   pictures    how many
 *   columns, rows   size in macroblocks; an even number of rows when interlaced
 *   profile     baseline, main or high; main or high for B pictures
 *   level       level_idc
 *   crop        [left, right, top, bottom] in the units of §7.4.2.1.1
 *   rate        [pictures, seconds], or null to say nothing
 *   aspect      [width, height] of a pixel, or null
 *   interval    pictures from one IDR picture to the next
 *   bFrames     B pictures between two others
 *   slices      of a picture
 *   delimiters  whether access unit delimiters stand in front
 *   repeat      whether parameter sets stand before every IDR picture, or only before the first
 *   startCode   bytes of the start code of slices, 3 or 4
 *   sei         whether user data stands before slices
 *   fresh       macroblocks of a P picture that are not skipped
 *   changeAt    number of the picture from which on the stream is `changed`: an object with other options
 * @returns list of { data, key, dts, pts }: an access unit as a byte stream, times in pictures
 */
export function pictures(options = {}) {
  const o = {
    ...{ pictures: 10, columns: 2, rows: 2, profile: "baseline", level: 10, crop: null, rate: [25, 1], aspect: null },
    ...{ interval: 5, bFrames: 0, slices: 1, delimiters: true, repeat: true, startCode: 4, sei: false, fresh: 1 },
    ...{ id: 0, interlaced: false },
    ...options,
  };
  if (o.changeAt !== undefined) {
    const { changeAt, changed, ...base } = options;
    const more = pictures({ ...base, ...changed, pictures: o.pictures - changeAt });
    return [
      ...pictures({ ...base, pictures: changeAt }),
      ...more.map((p) => ({ ...p, dts: p.dts + changeAt, pts: p.pts + changeAt })),
    ];
  }
  const out = [];
  const group = o.bFrames + 1;
  let frameNumber = 0;
  let idr = 0;
  for (let n = 0; n < o.pictures; n++) {
    const inGop = n % o.interval;
    if (!inGop) {
      frameNumber = 0;
      idr = n;
    }
    // In decoding order: I, then each P before the B pictures that are shown in front of it. What is left over is P.
    const whole = Math.floor((Math.min(o.interval, o.pictures - idr) - 1) / group) * group;
    const inGroup = (inGop - 1) % group;
    const grouped = inGop > 0 && inGop <= whole && o.bFrames > 0;
    const type = !inGop ? "I" : grouped && inGroup ? "B" : "P";
    const order = !grouped ? inGop : inGroup ? inGop - 1 : inGop + o.bFrames;
    const picture = { number: n, type, order, frameNumber, idr: !inGop, idrId: n / o.interval, fresh: o.fresh };
    if (type !== "B") frameNumber++;
    const parts = [];
    if (o.delimiters) parts.push(nal(9, [type === "I" ? 0x10 : type === "P" ? 0x30 : 0x50]));
    if (!inGop && (o.repeat || !n)) parts.push(nal(0x67, sequenceParameters(o)), nal(0x68, pictureParameters(o.id)));
    if (o.sei) parts.push(userData(`picture ${n}`, o.startCode));
    const total = o.columns * o.rows;
    for (let s = 0; s < o.slices; s++) {
      const first = Math.floor((s * total) / o.slices);
      parts.push(slice(o, picture, first, Math.floor(((s + 1) * total) / o.slices) - first));
    }
    out.push({ data: Buffer.concat(parts), key: !inGop, dts: n, pts: idr + order + (o.bFrames ? 1 : 0) });
  }
  return out;
}
