// expect 2:30 string is managed
export function length(text: string): i32 {
  return text.length;
}
