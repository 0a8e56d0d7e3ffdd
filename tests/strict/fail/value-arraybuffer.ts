// expect 3:10 ArrayBuffer is managed
export function view(p: usize): bool {
  return ArrayBuffer.isView(p);
}
