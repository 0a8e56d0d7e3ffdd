import { Bits } from "../../base/bits";
import { NalType, nalRefIdc, nalType } from "./nal";
import { Pps, Sps } from "./sps";

/** What of a slice header (7.3.3) tells one picture from the next. */
@unmanaged
export class SliceHead {
  firstMb: u32;
  /** slice_type modulo 5: 0 P, 1 B, 2 I, 3 SP, 4 SI */
  type: u32;
  pps: u32;
  frameNum: u32;
  field: bool;
  bottom: bool;
  idr: bool;
  refIdc: u32;
  idrPicId: u32;
  pocLsb: u32;
  deltaPocBottom: i32;
  deltaPoc0: i32;
  deltaPoc1: i32;
  redundantCount: u32;
  /** The fields behind pps are known. */
  whole: bool;
}

export const SLICE_HEAD_SIZE: u32 = offsetof<SliceHead>();

/**
 * Reads the start of a slice header.
 * @param b over the RBSP behind the header
 * @param pps table of the 256 picture parameter sets, or 0 to read only what does not depend on them
 * @param spses table of the 32 addresses of sequence parameter sets
 * @returns false when even first_mb_in_slice cannot be read
 */
export function readSliceHead(b: Bits, header: u32, h: SliceHead, pps: usize, spses: usize): bool {
  memory.fill(changetype<usize>(h), 0, SLICE_HEAD_SIZE);
  h.refIdc = nalRefIdc(header);
  h.idr = nalType(header) == NalType.Idr;
  h.firstMb = b.ue();
  h.type = b.ue() % 5;
  h.pps = b.ue();
  if (b.short || h.pps > 255) return false;
  const p = changetype<Pps>(pps + <usize>h.pps * <usize>offsetof<Pps>());
  if (!p.known) return true;
  const s = load<Sps>(spses + ((<usize>p.sps) << 2));
  if (!changetype<usize>(s)) return true;
  if (s.separatePlanes) b.read(2);
  h.frameNum = b.read(s.frameNumBits);
  if (!s.framesOnly) {
    h.field = b.bit() != 0;
    if (h.field) h.bottom = b.bit() != 0;
  }
  if (h.idr) h.idrPicId = b.ue();
  if (s.pocType == 0) {
    h.pocLsb = b.read(s.pocBits);
    if (p.fieldOrder && !h.field) h.deltaPocBottom = b.se();
  } else if (s.pocType == 1 && !s.deltaPocAlwaysZero) {
    h.deltaPoc0 = b.se();
    if (p.fieldOrder && !h.field) h.deltaPoc1 = b.se();
  }
  if (p.redundant) h.redundantCount = b.ue();
  h.whole = !b.short;
  return true;
}

/**
 * Whether slice `b` belongs to another primary picture than slice `a` before it (7.4.1.2.4).
 * @param anyOrder the profile allows slices of a picture in any order
 * @param had0 the picture of `a` already has a slice that starts at macroblock 0
 */
export function startsPicture(a: SliceHead, b: SliceHead, anyOrder: bool, had0: bool): bool {
  if (b.redundantCount) return false;
  if (b.firstMb == 0 && (!anyOrder || had0)) return true;
  if (!a.whole || !b.whole) return false;
  if (a.frameNum != b.frameNum || a.pps != b.pps || a.field != b.field || a.bottom != b.bottom) return true;
  if ((a.refIdc == 0) != (b.refIdc == 0) || a.idr != b.idr) return true;
  if (a.idr && a.idrPicId != b.idrPicId) return true;
  if (a.pocLsb != b.pocLsb || a.deltaPocBottom != b.deltaPocBottom) return true;
  return a.deltaPoc0 != b.deltaPoc0 || a.deltaPoc1 != b.deltaPoc1;
}
