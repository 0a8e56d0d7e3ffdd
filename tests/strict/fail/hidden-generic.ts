// expect 4:10 reaches the allocator
// The body of a generic function shows what it does only for the type it is compiled with.
// prettier-ignore
function show<T>(v: T): usize {
  return changetype<usize>(v.toString());
}

export function showFloat(v: f64): usize {
  return show<f64>(v);
}
