// expect 3:28 String is managed
export function utf8(p: usize, n: u32): usize {
  return changetype<usize>(String.UTF8.decodeUnsafe(p, n));
}
