import { Writer } from "../../base/writer";
import { atomData, atomLength } from "../../registry/atom";

/** Writing boxes: `const at = begin(w, type)`, the content, `end(w, at)`. */

/** Starts a box; gives where, for `end`. */
export function begin(w: Writer, type: u32): u32 {
  const at = w.length;
  w.u32(0);
  w.u32(type);
  return at;
}

/** Starts a full box. */
export function beginFull(w: Writer, type: u32, version: u32, flags: u32): u32 {
  const at = begin(w, type);
  w.u32((version << 24) | flags);
  return at;
}

/** Ends a box: its size is known. */
export function end(w: Writer, at: u32): void {
  w.patch32(at, w.length - at);
}

/** Appends the text of a word. */
export function putWord(w: Writer, atom: u32): void {
  w.bytes(atomData(atom), atomLength(atom));
}

/** Whether a number that is not negative takes more than 32 bits. */
export function isLarge(v: i64): bool {
  return v > 0xffffffff;
}

/** Appends a number in 32 or, `large`, in 64 bits. */
export function sized(w: Writer, large: bool, v: i64): void {
  if (large) w.u64(<u64>v);
  else w.u32(<u32>v);
}

/** Appends the unity matrix of track and movie headers, or the one that turns the picture to an EXIF orientation. */
export function matrix(w: Writer, orientation: u32, width: u32, height: u32): void {
  const one: u32 = 0x10000;
  const minus: u32 = 0xffff0000;
  let a: u32 = one;
  let b: u32 = 0;
  let c: u32 = 0;
  let d: u32 = one;
  let x: u32 = 0;
  let y: u32 = 0;
  // The turned picture is moved back to where coordinates are positive.
  switch (orientation) {
    case 2:
      a = minus;
      x = width;
      break;
    case 3:
      a = minus;
      d = minus;
      x = width;
      y = height;
      break;
    case 4:
      d = minus;
      y = height;
      break;
    case 5:
      a = 0;
      d = 0;
      b = one;
      c = one;
      break;
    case 6:
      a = 0;
      d = 0;
      b = one;
      c = minus;
      x = height;
      break;
    case 7:
      a = 0;
      d = 0;
      b = minus;
      c = minus;
      x = height;
      y = width;
      break;
    case 8:
      a = 0;
      d = 0;
      b = minus;
      c = one;
      y = width;
      break;
    default:
      break;
  }
  w.u32(a);
  w.u32(b);
  w.u32(0);
  w.u32(c);
  w.u32(d);
  w.u32(0);
  w.u32(x << 16);
  w.u32(y << 16);
  w.u32(0x40000000);
}
