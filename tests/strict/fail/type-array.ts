// expect 2:30 Array is managed
export function count(items: Array<i32>): i32 {
  return items.length;
}
