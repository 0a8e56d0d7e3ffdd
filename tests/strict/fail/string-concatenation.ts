// expect 4:26 a string literal is managed
// Adding two strings takes a literal or the type `string`; either is reported.
export function add(n: i32): i32 {
  return (n.toString() + "!").length;
}
