// expect 3:3 a function expression may be a closure
export function outer(v: i32): i32 {
  function inner(x: i32): i32 {
    return x + 1;
  }
  return inner(v);
}
