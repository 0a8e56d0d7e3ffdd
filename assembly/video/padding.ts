import { COMPONENTS } from "./format";
import { VideoInfo } from "./info";

/**
 * Sets to 0 what no sample lies in: the ends of rows, rows that fill planes up, the second pixel of a pair that an odd width
 * does not have. To be called before a picture is made in a block, which may hold an older one; a few bytes next to that may
 * be lost.
 */
export function clearPadding(v: VideoInfo, data: usize): void {
  const planes = <u32>v.info.planes;
  for (let p: u32 = 0; p < planes; p++) {
    const stride = v.stride(p);
    const start = data + v.offset(p);
    const end = data + (p + 1 < planes ? v.offset(p + 1) : v.size);
    let used = stride;
    let rows: u32 = 0;
    for (let i: u32 = 0; i < COMPONENTS; i++) {
      const c = v.info.component(i);
      if (!c.stride || c.plane != p) continue;
      used = min<u32>(used, v.columnsOf(i) * c.stride);
      rows = v.rowsOf(i);
    }
    let at = start;
    if (used < stride) {
      for (let y: u32 = 0; y < rows; y++, at += stride) memory.fill(at + used, 0, stride - used);
    } else at += <usize>rows * stride;
    if (at < end) memory.fill(at, 0, end - at);
  }
}
