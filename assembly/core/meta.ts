import { Owner } from "../base/heap";
import { givePiece, takePiece } from "../base/store";

/**
 * A meta is a typed piece of data that travels with a frame. The set of types is open: a type is an atom, its layout is
 * documented where it is made. Metas are copied with a frame's properties, never shared.
 *
 *      0 next    next meta of the frame
 *      4 type    atom of the type
 *      8 length  bytes of data
 *     12 flags   MetaFlag
 *     16 data    …
 */
@unmanaged
export class Meta {
  next: Meta | null;
  type: u32;
  length: u32;
  flags: u32;

  /** Address of the data. */
  @inline
  data(): usize {
    return changetype<usize>(this) + offsetof<Meta>();
  }
}

export const enum MetaFlag {
  None = 0,
  /** Describes the pixels or samples, so a transform that changes them drops it. */
  Content = 1,
}

/** A crop meta's data: x, y, width, height as u32, in pixels. */
export const CROP_META_SIZE: u32 = 16;

/** An orientation meta's data: one u32, the values of EXIF (1 upright … 8). */
export const ORIENTATION_META_SIZE: u32 = 4;

/** A timecode meta's data: hours, minutes, seconds, frames as u8, then flags (bit 0: drop frame) and rate as two u32. */
export const TIMECODE_META_SIZE: u32 = 16;

/** A tensor meta's data: element type atom, rank (at most 8), then a u32 for each dimension, outermost first. */
export const TENSOR_META_SIZE: u32 = 40;

/**
 * An analytics meta's data: count as u32, then for each detection: label atom, confidence in 1/65536, x, y, width,
 * height in pixels and a tracking id, each a u32.
 */
export const ANALYTICS_ITEM_SIZE: u32 = 28;

/** Makes a meta of `length` zero bytes; null when the heap has no room. */
export function newMeta(type: u32, length: u32, flags: u32): Meta | null {
  const p = takePiece(offsetof<Meta>() + length, Owner.Meta);
  if (!p) return null;
  memory.fill(p, 0, offsetof<Meta>() + length);
  const m = changetype<Meta>(p);
  m.type = type;
  m.length = length;
  m.flags = flags;
  return m;
}

/** Gives a list of metas back. */
export function freeMetas(m: Meta | null): void {
  while (m) {
    const next = m.next;
    givePiece(changetype<usize>(m), offsetof<Meta>() + m.length);
    m = next;
  }
}

/** A copy of a list of metas without those that have one of the flags `without`. */
export function copyMetas(m: Meta | null, without: u32): Meta | null {
  let first: Meta | null = null;
  let last: Meta | null = null;
  for (; m; m = m!.next) {
    if (m.flags & without) continue;
    const c = newMeta(m.type, m.length, m.flags);
    if (!c) break;
    memory.copy(c.data(), m.data(), m.length);
    if (last) last.next = c;
    else first = c;
    last = c;
  }
  return first;
}

/** The first meta of a type in a list, or null. */
export function findMeta(m: Meta | null, type: u32): Meta | null {
  while (m && m.type != type) m = m.next;
  return m;
}
