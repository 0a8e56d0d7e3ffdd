import { Atom } from "../generated/words";
import { FormatFlag, FormatInfo } from "./format";

/** Where chroma samples lie: bits, GStreamer's. */
export const enum ChromaSite {
  Unknown = 0,
  /** In the middle of the pixels that share them. */
  None = 1,
  /** On the first pixel of those of a row. */
  Horizontal = 2,
  /** On the first row. */
  Vertical = 4,
  /** Those of U and V on rows in turn. */
  AlternateLine = 8,
}

/** The site of a caps value; Unknown for other words. */
export function chromaSiteOf(atom: u32): ChromaSite {
  switch (atom) {
    case Atom.jpeg:
    case Atom.none:
      return ChromaSite.None;
    case Atom.mpeg2:
    case Atom.h_cosited:
      return ChromaSite.Horizontal;
    case Atom.v_cosited:
      return ChromaSite.Vertical;
    case Atom.cosited:
      return ChromaSite.Horizontal | ChromaSite.Vertical;
    case Atom.dv:
      return ChromaSite.Horizontal | ChromaSite.Vertical | ChromaSite.AlternateLine;
    case Atom.alt_line:
      return ChromaSite.AlternateLine;
    default:
      return ChromaSite.Unknown;
  }
}

/** What holds where caps say nothing: pictures of up to 576 rows are taken for MPEG-1's kind, larger ones for MPEG-2's. */
export function defaultChromaSite(info: FormatInfo, height: u32): ChromaSite {
  if (!info.has(FormatFlag.Yuv)) return ChromaSite.Unknown;
  return height > 576 ? ChromaSite.Horizontal : ChromaSite.None;
}
