import { TEXT_SIZE, Text } from "../../base/text";
import { Caps } from "../../caps/caps";
import { Atom } from "../../generated/words";
import { atomOf } from "../../registry/atom";
import { colorimetryOf } from "../../video/colorimetry";
import { Sps } from "./sps";

const TEXT: usize = memory.data(16, 4);
const OUT: usize = memory.data(TEXT_SIZE, 4);

/** Name of a profile (A.2), 0 for one without. */
export function profileName(profile: u32, constraints: u32): u32 {
  switch (profile) {
    case 66:
      return constraints & 0x40 ? Atom.constrained_baseline : Atom.baseline;
    case 77:
      return Atom.main;
    case 88:
      return Atom.extended;
    case 100:
      if (constraints & 0x08) return constraints & 0x04 ? Atom.constrained_high : Atom.progressive_high;
      return Atom.high;
    case 110:
      return constraints & 0x10 ? Atom.high_10_intra : Atom.high_10;
    case 122:
      return constraints & 0x10 ? Atom.high_4_2_2_intra : Atom.high_4_2_2;
    case 244:
      return constraints & 0x10 ? Atom.high_4_4_4_intra : Atom.high_4_4_4;
    case 44:
      return Atom.cavlc_4_4_4_intra;
    case 118:
      return Atom.multiview_high;
    case 128:
      return Atom.stereo_high;
    case 83:
      return Atom.scalable_baseline;
    case 86:
      return Atom.scalable_high;
    default:
      return 0;
  }
}

/** Name of a level: 4, 4.1; 1b where the constraints say so. */
export function levelName(profile: u32, constraints: u32, level: u32): u32 {
  if (level == 9 || (level == 11 && constraints & 0x10 && (profile == 66 || profile == 77 || profile == 88))) {
    return Atom._1b;
  }
  if (!level) return 0;
  const t = changetype<Text>(OUT).into(TEXT, 16);
  t.u64(level / 10);
  if (level % 10) {
    t.byte(46);
    t.u64(level % 10);
  }
  return atomOf(TEXT, t.length);
}

function chromaName(chroma: u32): u32 {
  return chroma == 0 ? Atom._4_0_0 : chroma == 1 ? Atom._4_2_0 : chroma == 2 ? Atom._4_2_2 : Atom._4_4_4;
}

/** Sets the fields that an SPS tells on the structure being built; the frame rate only when `rate` is wanted. */
export function describeSps(caps: Caps, s: Sps, rate: bool): void {
  caps.setInt(Atom.width, s.width).setInt(Atom.height, s.height);
  if (s.parWidth) caps.setFraction(Atom.pixel_aspect_ratio, s.parWidth, s.parHeight);
  if (rate && isSaneRate(s)) caps.setFraction(Atom.framerate, <i32>s.timeScale, <i32>(s.unitsInTick << 1));
  caps.setString(Atom.interlace_mode, s.framesOnly ? Atom.progressive : Atom.mixed);
  caps.setString(Atom.chroma_format, chromaName(s.chroma));
  caps.setInt(Atom.bit_depth_luma, s.bitsLuma).setInt(Atom.bit_depth_chroma, s.bitsChroma);
  if (s.colourDescribed) {
    const c = colorimetryOf(s.fullRange, s.matrix, s.transfer, s.primaries);
    if (c) caps.setString(Atom.colorimetry, c);
  }
  const profile = profileName(s.profile, s.constraints);
  if (profile) caps.setString(Atom.profile, profile);
  const level = levelName(s.profile, s.constraints, s.level);
  if (level) caps.setString(Atom.level, level);
}

/** Whether the VUI gives a frame rate that can be one: up to 1000 a second, in numbers that fit. */
export function isSaneRate(s: Sps): bool {
  if (!s.unitsInTick || s.timeScale > 0x7fffffff || s.unitsInTick > 0x3fffffff) return false;
  return s.timeScale / 2000 < s.unitsInTick;
}
