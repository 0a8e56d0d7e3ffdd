import { Caps, capsRef, copyCaps } from "../caps/caps";
import { Atom } from "../generated/words";
import { colorimetryAtom, withRange } from "./colorimetry";
import { FormatFlag } from "./format";
import { VIDEOINFO_SIZE, VideoInfo } from "./info";

const FROM: usize = memory.data(VIDEOINFO_SIZE, 8);
const TO: usize = memory.data(VIDEOINFO_SIZE, 8);

/**
 * What comes out of a conversion, with what its caps leave open of the colors, as GStreamer's videoconvert has it: pictures
 * of the same kind keep their colorimetry and, if they share chroma alike, its place; others keep primaries and transfer
 * function and have the usual range and matrix of their kind.
 * @param caps fixed, of what comes out; others are left as they are
 * @param input fixed, of what comes in
 * @returns a new reference
 */
export function addColors(caps: Caps, input: Caps): Caps {
  const from = changetype<VideoInfo>(FROM);
  const to = changetype<VideoInfo>(TO);
  const colors = input.getString(Atom.colorimetry);
  const site = input.getString(Atom.chroma_site);
  if (!caps.isFixed() || (!colors && !site) || !from.fromCaps(input) || !to.fromCaps(caps)) return capsRef(caps);
  const addsColors = colors != 0 && !caps.find(Atom.colorimetry);
  const a = from.info;
  const b = to.info;
  const alike = a.has(FormatFlag.Yuv) && b.has(FormatFlag.Yuv) && a.rows == b.rows && a.columns == b.columns;
  const addsSite = site != 0 && alike && !caps.find(Atom.chroma_site);
  if (!addsColors && !addsSite) return capsRef(caps);
  const out = copyCaps(caps);
  if (addsColors) {
    const kinds: u32 = FormatFlag.Yuv | FormatFlag.Rgb | FormatFlag.Gray;
    const same = (a.flags & kinds) == (b.flags & kinds);
    const atom = same ? colors : colorimetryAtom(withRange(from.colorimetry, to.colorimetry));
    if (atom) out.setString(Atom.colorimetry, atom);
  }
  if (addsSite) out.setString(Atom.chroma_site, site);
  return out;
}
