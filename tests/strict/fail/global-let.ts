// expect 2:5 counter is a mutable global
let counter: i32 = 0;

export function count(): i32 {
  return ++counter;
}
