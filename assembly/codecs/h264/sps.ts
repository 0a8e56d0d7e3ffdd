import { Bits } from "../../base/bits";

/** Largest picture that is taken for real, pixels of a side. */
const MAX_SIDE: u32 = 16384;

/** A sequence parameter set (ISO/IEC 14496-10 7.3.2.1.1), as far as parsers and containers need it. */
@unmanaged
export class Sps {
  profile: u32;
  constraints: u32;
  level: u32;
  id: u32;
  /** chroma_format_idc: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
  chroma: u32;
  separatePlanes: bool;
  bitsLuma: u32;
  bitsChroma: u32;
  frameNumBits: u32;
  pocType: u32;
  pocBits: u32;
  deltaPocAlwaysZero: bool;
  framesOnly: bool;
  /** Size with cropping, pixels. */
  width: u32;
  height: u32;
  /** Pixel aspect ratio, 0/0 when it is not said. */
  parWidth: u32;
  parHeight: u32;
  /** Field rate: time_scale / num_units_in_tick, 0/0 when it is not said. */
  timeScale: u32;
  unitsInTick: u32;
  fixedRate: bool;
  colourDescribed: bool;
  fullRange: bool;
  primaries: u32;
  transfer: u32;
  matrix: u32;
  picStruct: bool;
  /** Frames that may be reordered, or -1 when it is not said. */
  reorder: i32;
}

export const SPS_SIZE: u32 = offsetof<Sps>();

// Table E-1, from 1 on.
const ASPECTS: usize = memory.data<u8>([
  1, 1, 12, 11, 10, 11, 16, 11, 40, 33, 24, 11, 20, 11, 32, 11, 80, 33, 18, 11, 15, 11, 64, 33, 160, 99, 4, 3, 3, 2, 2,
  1,
]);

function skipScalingList(b: Bits, size: u32): void {
  let last: i32 = 8;
  let next: i32 = 8;
  for (let i: u32 = 0; i < size && !b.short; i++) {
    if (next) next = (last + b.se() + 256) & 255;
    if (next) last = next;
  }
}

/**
 * Reads an SPS.
 * @param b over the RBSP behind the NAL unit's header
 * @returns false when it is damaged or outside what the standard allows
 */
export function readSps(b: Bits, s: Sps): bool {
  memory.fill(changetype<usize>(s), 0, SPS_SIZE);
  s.reorder = -1;
  s.profile = b.read(8);
  s.constraints = b.read(8);
  s.level = b.read(8);
  s.id = b.ue();
  if (s.id > 31) return false;
  s.chroma = 1;
  s.bitsLuma = 8;
  s.bitsChroma = 8;
  if (hasChromaFormat(s.profile)) {
    s.chroma = b.ue();
    if (s.chroma > 3) return false;
    if (s.chroma == 3) s.separatePlanes = b.bit() != 0;
    s.bitsLuma = b.ue() + 8;
    s.bitsChroma = b.ue() + 8;
    if (s.bitsLuma > 14 || s.bitsChroma > 14) return false;
    b.bit();
    if (b.bit()) {
      const lists: u32 = s.chroma == 3 ? 12 : 8;
      for (let i: u32 = 0; i < lists; i++) if (b.bit()) skipScalingList(b, i < 6 ? 16 : 64);
    }
  }
  s.frameNumBits = b.ue() + 4;
  s.pocType = b.ue();
  if (s.frameNumBits > 16 || s.pocType > 2) return false;
  if (s.pocType == 0) {
    s.pocBits = b.ue() + 4;
    if (s.pocBits > 16) return false;
  } else if (s.pocType == 1) {
    s.deltaPocAlwaysZero = b.bit() != 0;
    b.se();
    b.se();
    const n = b.ue();
    if (n > 255) return false;
    for (let i: u32 = 0; i < n; i++) b.se();
  }
  b.ue();
  b.bit();
  const widthMbs = b.ue();
  const heightUnits = b.ue();
  if (widthMbs >= MAX_SIDE / 16 || heightUnits >= MAX_SIDE / 16) return false;
  s.framesOnly = b.bit() != 0;
  if (!s.framesOnly) b.bit();
  b.bit();
  s.width = (widthMbs + 1) << 4;
  s.height = (heightUnits + 1) << (s.framesOnly ? 4 : 5);
  if (b.bit() && !crop(b, s)) return false;
  if (b.bit()) readVui(b, s);
  return !b.short;
}

function hasChromaFormat(profile: u32): bool {
  switch (profile) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
      return true;
    default:
      return false;
  }
}

function crop(b: Bits, s: Sps): bool {
  const array: u32 = s.separatePlanes ? 0 : s.chroma;
  const unitX: u32 = array == 1 || array == 2 ? 2 : 1;
  const unitY: u32 = (array == 1 ? 2 : 1) << (s.framesOnly ? 0 : 1);
  const left = b.ue();
  const right = b.ue();
  const top = b.ue();
  const bottom = b.ue();
  if (left > MAX_SIDE || right > MAX_SIDE || top > MAX_SIDE || bottom > MAX_SIDE) return false;
  const x = (left + right) * unitX;
  const y = (top + bottom) * unitY;
  if (x >= s.width || y >= s.height) return false;
  s.width -= x;
  s.height -= y;
  return true;
}

function skipHrd(b: Bits): void {
  const n = b.ue() + 1;
  if (n > 32) {
    b.short = true;
    return;
  }
  b.skip(8);
  for (let i: u32 = 0; i < n; i++) {
    b.ue();
    b.ue();
    b.bit();
  }
  b.skip(20);
}

/** VUI parameters (E.1.1). */
function readVui(b: Bits, s: Sps): void {
  if (b.bit()) {
    const idc = b.read(8);
    if (idc == 255) {
      s.parWidth = b.read(16);
      s.parHeight = b.read(16);
    } else if (idc >= 1 && idc <= 16) {
      s.parWidth = load<u8>(ASPECTS + ((<usize>(idc - 1)) << 1));
      s.parHeight = load<u8>(ASPECTS + ((<usize>(idc - 1)) << 1), 1);
    }
    if (!s.parWidth || !s.parHeight) {
      s.parWidth = 0;
      s.parHeight = 0;
    }
  }
  if (b.bit()) b.bit();
  if (b.bit()) {
    b.read(3);
    s.fullRange = b.bit() != 0;
    if (b.bit()) {
      s.colourDescribed = true;
      s.primaries = b.read(8);
      s.transfer = b.read(8);
      s.matrix = b.read(8);
    }
  }
  if (b.bit()) {
    b.ue();
    b.ue();
  }
  if (b.bit()) {
    s.unitsInTick = b.read(32);
    s.timeScale = b.read(32);
    s.fixedRate = b.bit() != 0;
    if (!s.unitsInTick || !s.timeScale) {
      s.unitsInTick = 0;
      s.timeScale = 0;
    }
  }
  const nal = b.bit();
  if (nal) skipHrd(b);
  const vcl = b.bit();
  if (vcl) skipHrd(b);
  if (nal || vcl) b.bit();
  s.picStruct = b.bit() != 0;
  if (b.bit() && !b.short) {
    b.bit();
    b.ue();
    b.ue();
    b.ue();
    b.ue();
    const reorder = b.ue();
    const buffering = b.ue();
    if (!b.short && reorder <= buffering && buffering <= 16) s.reorder = <i32>reorder;
  }
  // Encoders exist that cut the VUI short; what was read stands.
  b.short = false;
}

/** A picture parameter set (7.3.2.2), the fields that slice headers depend on. */
@unmanaged
export class Pps {
  id: u32;
  sps: u32;
  fieldOrder: bool;
  redundant: bool;
  known: bool;
}

/** Reads a PPS; false when it is damaged. */
export function readPps(b: Bits, p: Pps): bool {
  p.id = b.ue();
  p.sps = b.ue();
  if (p.id > 255 || p.sps > 31) return false;
  b.bit();
  p.fieldOrder = b.bit() != 0;
  const groups = b.ue() + 1;
  p.redundant = false;
  if (groups > 8) return false;
  if (groups > 1) {
    const type = b.ue();
    if (type == 0) for (let i: u32 = 0; i < groups; i++) b.ue();
    else if (type == 2) {
      for (let i: u32 = 0; i + 1 < groups; i++) {
        b.ue();
        b.ue();
      }
    } else if (type >= 3 && type <= 5) {
      b.bit();
      b.ue();
    } else if (type == 6) {
      const units = b.ue() + 1;
      const bits = 32 - <u32>clz<u32>(groups - 1);
      if (units > b.left()) return false;
      b.skip(units * bits);
    }
  }
  b.ue();
  b.ue();
  b.read(3);
  b.se();
  b.se();
  b.se();
  b.bit();
  b.bit();
  p.redundant = b.bit() != 0;
  p.known = !b.short;
  return !b.short;
}
