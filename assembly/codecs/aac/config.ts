import { BitWriter, Bits } from "../../base/bits";

/** Sampling frequencies by their index (ISO/IEC 14496-3 table 1.18), Hz. */
const RATES: usize = memory.data<u32>([
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
]);

/** Hz of a sampling frequency index, 0 for a reserved one. */
export function rateOf(index: u32): u32 {
  return index < 13 ? load<u32>(RATES + ((<usize>index) << 2)) : 0;
}

/** Index of a sampling frequency, 15 for one that has none. */
export function rateIndex(rate: u32): u32 {
  for (let i: u32 = 0; i < 13; i++) if (load<u32>(RATES + ((<usize>i) << 2)) == rate) return i;
  return 15;
}

/** Channels of a channel configuration (table 1.19); 0: a program config element tells. */
export function channelsOf(config: u32): u32 {
  if (config < 7) return config;
  if (config == 7 || config == 12 || config == 14) return 8;
  return config == 11 ? 7 : config == 13 ? 24 : 0;
}

/** Channel configuration of a number of channels, 0 when there is none. */
export function channelConfig(channels: u32): u32 {
  return channels < 7 ? channels : channels == 8 ? 7 : 0;
}

/** Audio object types (table 1.17). */
export const enum ObjectType {
  Main = 1,
  Lc = 2,
  Ssr = 3,
  Ltp = 4,
  Sbr = 5,
  Scalable = 6,
  ErLc = 17,
  ErLtp = 19,
  ErScalable = 20,
  ErLd = 23,
  Ps = 29,
  ErEld = 39,
  Usac = 42,
}

/** Bytes that a program config element may have. */
export const MAX_PCE: u32 = 96;

/** An AudioSpecificConfig (1.6.2.1), as far as containers need it. */
@unmanaged
export class AacConfig {
  /** Object type of the core, and of the extension (SBR, PS) or 0. */
  objectType: u32;
  extension: u32;
  /** Hz of the core, and of the output when an extension says so, else 0. */
  rate: u32;
  extensionRate: u32;
  channelConfig: u32;
  channels: u32;
  /** Samples of a frame and channel, of the core: 1024, 960, 512, 480. */
  frameLength: u32;
  /** Bits that the config took. */
  bits: u32;
  /** Bits of the program config element behind its tag, and a copy of them from a byte's start. */
  pceBits: u32;
  pce_: u32;

  @inline
  get pce(): usize {
    return changetype<usize>(this) + offsetof<AacConfig>("pce_");
  }
}

export const AAC_CONFIG_SIZE: u32 = offsetof<AacConfig>("pce_") + MAX_PCE;

function readObjectType(b: Bits): u32 {
  const t = b.read(5);
  return t == 31 ? 32 + b.read(6) : t;
}

function readRate(b: Bits): u32 {
  const i = b.read(4);
  return i == 15 ? b.read(24) : rateOf(i);
}

/** Reads an AudioSpecificConfig at the reader's place; false when it is damaged or of a kind that is not AAC. */
export function readConfig(b: Bits, c: AacConfig): bool {
  memory.fill(changetype<usize>(c), 0, AAC_CONFIG_SIZE);
  const from = b.pos;
  c.objectType = readObjectType(b);
  c.rate = readRate(b);
  c.channelConfig = b.read(4);
  if (c.objectType == ObjectType.Sbr || c.objectType == ObjectType.Ps) {
    c.extension = c.objectType;
    c.extensionRate = readRate(b);
    c.objectType = readObjectType(b);
  }
  c.channels = channelsOf(c.channelConfig);
  c.frameLength = 1024;
  if (!c.rate || b.short) return false;
  switch (c.objectType) {
    case ObjectType.Main:
    case ObjectType.Lc:
    case ObjectType.Ssr:
    case ObjectType.Ltp:
    case ObjectType.ErLc:
    case ObjectType.ErLtp:
    case ObjectType.ErLd:
      if (!readGeneral(b, c)) return false;
      break;
    case ObjectType.ErEld:
      c.frameLength = b.bit() ? 480 : 512;
      break;
    case ObjectType.Usac:
      // The xHE-AAC config tells the rest; containers need none of it.
      break;
    default:
      return false;
  }
  c.bits = b.pos - from;
  return !b.short;
}

/** GASpecificConfig (4.4.1). */
function readGeneral(b: Bits, c: AacConfig): bool {
  const short = b.bit() != 0;
  if (c.objectType == ObjectType.ErLd) c.frameLength = short ? 480 : 512;
  else c.frameLength = short ? 960 : 1024;
  if (b.bit()) b.read(14);
  const extended = b.bit();
  if (!c.channelConfig) {
    const n = readProgramConfig(b, c);
    if (!n) return false;
    c.channels = n;
  }
  if (extended && c.objectType >= 17) {
    b.read(3);
    b.bit();
  }
  return true;
}

/**
 * Reads a program config element (4.4.1.1) behind its id, and keeps its bits.
 * @returns its channels, 0 when it is damaged
 */
export function readProgramConfig(b: Bits, c: AacConfig): u32 {
  const from = b.pos;
  b.read(10);
  const front = b.read(4);
  const side = b.read(4);
  const back = b.read(4);
  const lfe = b.read(2);
  const data = b.read(3);
  const coupling = b.read(4);
  if (b.bit()) b.read(4);
  if (b.bit()) b.read(4);
  if (b.bit()) b.read(3);
  let channels = lfe;
  for (let i: u32 = 0; i < front + side + back; i++) {
    channels += 1 + b.bit();
    b.read(4);
  }
  b.skip(4 * lfe + 4 * data + 5 * coupling);
  const body = b.pos - from;
  // The comment starts at a byte of the stream, which is another place in another stream; it is left out.
  b.align();
  b.skip(8 * b.read(8));
  if (b.short || body > 8 * (MAX_PCE - 2)) return 0;
  const after = b.pos;
  b.pos = from;
  memory.fill(c.pce, 0, MAX_PCE);
  const w = changetype<BitWriter>(WRITER).over(c.pce, MAX_PCE);
  for (let i: u32 = 0; i < body; i++) w.write(b.bit(), 1);
  b.pos = after;
  c.pceBits = body;
  return channels;
}

const WRITER: usize = memory.data(16, 4);
const PCE_READER: usize = memory.data(16, 4);

/** Writes a config: object type, rate, channels, and the program config element where there is one. */
export function writeConfig(w: BitWriter, c: AacConfig): void {
  if (c.extension) writeExtension(w, c);
  else writeHead(w, c.objectType, c.rate, c.channelConfig);
  w.write(c.frameLength == 960 ? 1 : 0, 1);
  w.write(0, 2);
  if (c.channelConfig || !c.pceBits) return;
  const b = changetype<Bits>(PCE_READER).over(c.pce, MAX_PCE);
  for (let i: u32 = 0; i < c.pceBits; i++) w.write(b.bit(), 1);
  // Alignment is that of the config, which starts at a byte.
  while (w.pos & 7) w.write(0, 1);
  w.write(0, 8);
}

function writeHead(w: BitWriter, type: u32, rate: u32, channels: u32): void {
  if (type < 31) w.write(type, 5);
  else {
    w.write(31, 5);
    w.write(type - 32, 6);
  }
  writeRate(w, rate);
  w.write(channels, 4);
}

function writeRate(w: BitWriter, rate: u32): void {
  const i = rateIndex(rate);
  w.write(i, 4);
  if (i == 15) w.write(rate, 24);
}

function writeExtension(w: BitWriter, c: AacConfig): void {
  writeHead(w, c.extension, c.rate, c.channelConfig);
  writeRate(w, c.extensionRate);
  w.write(c.objectType, 5);
}
