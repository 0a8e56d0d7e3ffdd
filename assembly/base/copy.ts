/** Copies of the short stretches that transport packets leave, which are too short for memory.copy to pay. */

/**
 * Copies `count` stretches of `length` bytes that lie `stride` apart to consecutive bytes at `to`.
 */
export function copyStretches(to: usize, from: usize, length: u32, count: u32, stride: u32): void {
  if (ASC_FEATURE_SIMD) {
    if (length == 184) {
      for (let i: u32 = 0; i < count; i++) {
        copy184(to, from);
        to += 184;
        from += stride;
      }
      return;
    }
  }
  for (let i: u32 = 0; i < count; i++) {
    memory.copy(to, from, length);
    to += length;
    from += stride;
  }
}

@inline
function copy16(to: usize, from: usize, at: usize): void {
  v128.store(to + at, v128.load(from + at));
}

@inline
function copy184(to: usize, from: usize): void {
  copy16(to, from, 0);
  copy16(to, from, 16);
  copy16(to, from, 32);
  copy16(to, from, 48);
  copy16(to, from, 64);
  copy16(to, from, 80);
  copy16(to, from, 96);
  copy16(to, from, 112);
  copy16(to, from, 128);
  copy16(to, from, 144);
  copy16(to, from, 160);
  store<u64>(to, load<u64>(from, 176), 176);
}
