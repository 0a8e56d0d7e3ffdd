// AAC-LC frames of silence as ADTS, LOAS or raw. Clauses are of ISO/IEC 14496-3.
import { BitWriter } from "./vector-bits.mjs";

/** Table 1.18. */
const RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/** Samples of a frame. */
export const FRAME_SAMPLES = 1024;

/** §4.5.2: one long window without spectral data. */
const window = (w) => w.bits(1, 0).bits(2, 0).bits(1, 0).bits(6, 0).bits(1, 0);

/** §4.5.2.1: a channel or a pair of channels, `fill` bytes that mean nothing, the end. */
function rawBlock(channels, fill) {
  const w = new BitWriter();
  if (channels === 1) {
    w.bits(3, 0).bits(4, 0).bits(8, 0);
    window(w).bits(3, 0);
  } else {
    w.bits(3, 1).bits(4, 0).bits(1, 1);
    window(w).bits(2, 0);
    for (let i = 0; i < 2; i++) w.bits(8, 0).bits(3, 0);
  }
  for (let left = fill; left > 0;) {
    const n = Math.min(left, 14 + 255);
    w.bits(3, 6).bits(4, Math.min(n, 15));
    if (n >= 15) w.bits(8, n - 14);
    for (let i = 0; i < n; i++) w.bits(8, i ? 0xa5 : 0);
    left -= n;
  }
  return w.bits(3, 7).done();
}

/** §1.A.2.2. The check word of a protected frame is not computed. */
function adts(block, { rate, channels, mpeg2, crc }) {
  const w = new BitWriter();
  const head = crc ? 9 : 7;
  w.bits(12, 0xfff)
    .bits(1, mpeg2 ? 1 : 0)
    .bits(2, 0)
    .bits(1, crc ? 0 : 1);
  w.bits(2, 1).bits(4, RATES.indexOf(rate)).bits(1, 0).bits(3, channels).bits(4, 0);
  w.bits(13, head + block.length)
    .bits(11, 0x7ff)
    .bits(2, 0);
  if (crc) w.bits(16, 0);
  return Buffer.concat([w.done(), block]);
}

/** §1.7.2, §1.7.3: one frame with its configuration, or one that says "as before". */
function loas(block, { rate, channels }, withConfig) {
  const w = new BitWriter();
  w.bits(1, withConfig ? 0 : 1);
  if (withConfig) {
    w.bits(1, 0).bits(1, 1).bits(6, 0).bits(4, 0).bits(3, 0);
    w.bits(5, 2).bits(4, RATES.indexOf(rate)).bits(4, channels).bits(3, 0);
    w.bits(3, 0).bits(8, 0xff).bits(1, 0).bits(1, 0);
  }
  for (let left = block.length; ; left -= 255) {
    w.bits(8, Math.min(left, 255));
    if (left < 255) break;
  }
  const element = w.bytes(block).done();
  const head = new BitWriter().bits(11, 0x2b7).bits(13, element.length).done();
  return Buffer.concat([head, element]);
}

/**
 * Frames of silence.
 * @param options
 *   frames      how many
 *   rate        samples a second
 *   channels    1 or 2
 *   framing     adts, loas or raw
 *   fill        bytes to make frames longer, one more for each frame up to `fillSpread`
 *   mpeg2, crc  of the ADTS header
 *   configEvery frames from one LOAS configuration to the next
 * @returns list of the bytes of each frame
 */
export function frames(options = {}) {
  const o = {
    ...{ frames: 20, rate: 48000, channels: 2, framing: "adts", fill: 0, fillSpread: 0, mpeg2: false, crc: false },
    ...{ configEvery: 8 },
    ...options,
  };
  return Array.from({ length: o.frames }, (_, n) => {
    const block = rawBlock(o.channels, o.fill + (o.fillSpread ? n % o.fillSpread : 0));
    if (o.framing === "adts") return adts(block, o);
    return o.framing === "loas" ? loas(block, o, n % o.configEvery === 0) : block;
  });
}
