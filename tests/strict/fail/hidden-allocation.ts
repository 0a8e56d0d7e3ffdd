// expect 4:10 reaches the allocator: tests/strict/fail/hidden-allocation/digits -> ~lib/
// Nothing in the tree shows that toString makes a string; the call graph does.
// prettier-ignore
function digits(n: i32): usize {
  return changetype<usize>(n.toString());
}

export function print(n: i32): usize {
  return digits(n);
}
