/**
 * A small clip that is made rather than stored: a bright column that walks through a picture, and silence. The pictures are
 * H.264 without compression (I_PCM macroblocks, and skipped ones where nothing changes), the sound is AAC-LC.
 */

const COLUMNS = 10;
const ROWS = 6;

/** Pictures a second. */
export const RATE = 25;

/** Samples a second of the sound, and in one of its frames. */
export const SAMPLE_RATE = 48000;
export const FRAME_SAMPLES = 1024;

/** Pictures from one that can be decoded by itself to the next. */
const KEY_INTERVAL = 25;

/** Width and height of the picture, pixels. */
export const WIDTH = COLUMNS * 16;
export const HEIGHT = ROWS * 16;

/** Luma, Cb and Cr of the background and of the column. */
const BACKGROUND = [40, 150, 110];
const COLUMN = [220, 90, 160];

/** Writes bits, the highest first. */
class BitWriter {
  private readonly bytes: number[] = [];
  private held = 0;
  private count = 0;

  /** The lowest n bits of v, n up to 24. */
  bits(n: number, v: number): this {
    for (let i = n - 1; i >= 0; i--) {
      this.held = (this.held << 1) | ((v >> i) & 1);
      if (++this.count < 8) continue;
      this.bytes.push(this.held);
      this.held = 0;
      this.count = 0;
    }
    return this;
  }

  /** Unsigned Exp-Golomb (ITU-T H.264 §9.1). */
  ue(v: number): this {
    const n = 31 - Math.clz32(v + 1);
    return this.bits(n, 0).bits(n + 1, v + 1);
  }

  /** Zeros up to a whole byte. */
  align(): this {
    return this.count ? this.bits(8 - this.count, 0) : this;
  }

  /** Whole bytes, at a byte boundary. */
  raw(v: number, n: number): this {
    for (let i = 0; i < n; i++) this.bytes.push(v);
    return this;
  }

  /** What was written, in whole bytes. */
  done(): Uint8Array {
    this.align();
    return Uint8Array.from(this.bytes);
  }

  /** The NAL unit with its start code: trailing bits added, start codes inside prevented (§7.4.1). */
  nal(type: number): Uint8Array {
    this.bits(1, 1).align();
    const out = [0, 0, 0, 1, type];
    let zeros = 0;
    for (const b of this.bytes) {
      if (zeros >= 2 && b <= 3) {
        out.push(3);
        zeros = 0;
      }
      zeros = b ? 0 : zeros + 1;
      out.push(b);
    }
    return Uint8Array.from(out);
  }
}

/** §7.3.2.1: baseline, one reference picture, output order is decoding order, 25 pictures a second. */
function sequenceParameters(): Uint8Array {
  const w = new BitWriter();
  w.bits(8, 66).bits(8, 0xc0).bits(8, 20).ue(0);
  w.ue(0).ue(2).ue(1).bits(1, 0);
  w.ue(COLUMNS - 1)
    .ue(ROWS - 1)
    .bits(1, 1)
    .bits(1, 1)
    .bits(1, 0);
  // VUI: only timing; a tick is half a picture.
  w.bits(1, 1).bits(4, 0).bits(1, 1);
  w.bits(16, 0)
    .bits(16, 1)
    .bits(16, 0)
    .bits(16, 2 * RATE)
    .bits(1, 1);
  return w.bits(4, 0).nal(0x67);
}

/** §7.3.2.2: CAVLC, deblocking is controlled by the slices. */
function pictureParameters(): Uint8Array {
  const w = new BitWriter();
  w.ue(0).ue(0).bits(2, 0).ue(0).ue(0).ue(0);
  w.bits(1, 0).bits(2, 0).ue(0).ue(0).ue(0);
  return w.bits(1, 1).bits(2, 0).nal(0x68);
}

function macroblock(w: BitWriter, type: number, [y, cb, cr]: number[]): void {
  w.ue(type).align().raw(y, 256).raw(cb, 64).raw(cr, 64);
}

/** §7.3.3: one slice for the picture. */
function slice(n: number): Uint8Array {
  const key = n % KEY_INTERVAL === 0;
  const at = n % COLUMNS;
  const before = (n - 1) % COLUMNS;
  const w = new BitWriter();
  w.ue(0)
    .ue(key ? 7 : 5)
    .ue(0)
    .bits(4, (n % KEY_INTERVAL) & 15);
  if (key) w.ue((n / KEY_INTERVAL) & 1).bits(2, 0);
  else w.bits(1, 0).bits(1, 0).bits(1, 0);
  w.ue(0).ue(1);
  let skipped = 0;
  for (let i = 0; i < COLUMNS * ROWS; i++) {
    const column = i % COLUMNS;
    if (!key && column !== at && column !== before) {
      skipped++;
      continue;
    }
    if (!key) w.ue(skipped);
    skipped = 0;
    macroblock(w, key ? 25 : 30, column === at ? COLUMN : BACKGROUND);
  }
  if (skipped) w.ue(skipped);
  return w.nal(key ? 0x65 : 0x61);
}

/** Picture n as an access unit in byte stream format. */
export function picture(n: number): { data: Uint8Array; key: boolean } {
  const key = n % KEY_INTERVAL === 0;
  const delimiter = Uint8Array.of(0, 0, 0, 1, 9, key ? 0x10 : 0x30);
  const parts = key ? [delimiter, sequenceParameters(), pictureParameters(), slice(n)] : [delimiter, slice(n)];
  return { data: Uint8Array.from(Buffer.concat(parts)), key };
}

/** One raw data block of stereo silence (ISO/IEC 14496-3 §4.5.2.1): a channel pair without any spectral data. */
const SILENCE = [0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80];

/** A frame of the sound with its ADTS header (§1.A.2.2). */
export function sound(): Uint8Array {
  const w = new BitWriter();
  const length = 7 + SILENCE.length;
  w.bits(12, 0xfff).bits(4, 1);
  w.bits(2, 1).bits(4, 3).bits(1, 0).bits(3, 2).bits(4, 0);
  w.bits(13, length).bits(11, 0x7ff).bits(2, 0);
  for (const b of SILENCE) w.bits(8, b);
  return w.done();
}
