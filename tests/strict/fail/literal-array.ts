// expect 3:17 an array literal is managed
export function first(): i32 {
  const items = [1, 2, 3];
  return items[0];
}
