// expect 2:30 Uint8Array is managed
export function count(bytes: Uint8Array): i32 {
  return bytes.length;
}
