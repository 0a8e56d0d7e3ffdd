// expect 7:35 a function expression may be a closure
function apply(f: usize, v: i32): i32 {
  return call_indirect<i32>(<u32>f, v);
}

export function twice(v: i32): i32 {
  return apply((<(v: i32) => i32>((x: i32): i32 => x * 2)).index, v);
}
