// expect 3:16 a template literal is managed
export function text(n: i32): i32 {
  const text = `${n}`;
  return text.length;
}
