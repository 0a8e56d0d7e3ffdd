// expect 3:10 a string literal is managed
export function length(): i32 {
  return "text".length;
}
