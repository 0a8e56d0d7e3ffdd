/** Builds the heads of streams that specs look at. */

const ROOM: u32 = 200000;
const HEAD: usize = memory.data(200000, 8);

let used: u32 = 0;

/** Address of the head. */
export function headData(): usize {
  return HEAD;
}

/** Bytes of the head. */
export function headLength(): u32 {
  return used;
}

/** Starts over. */
export function clearHead(): void {
  used = 0;
}

/** Appends a byte. */
export function byte(v: u32): void {
  assert(used < ROOM);
  store<u8>(HEAD + used, v);
  used++;
}

/** Appends bytes that are all the same. */
export function fill(v: u32, n: u32): void {
  for (let i: u32 = 0; i < n; i++) byte(v);
}

/** Appends a text: bytes as they are, and between bars hexadecimal numbers, as in "RIFF|24 00 00 00|WAVE". */
export function bytes(text: string): void {
  let numbers = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 124) numbers = !numbers;
    else if (!numbers) byte(c);
    else if (c != 32) {
      byte(<u32>parseInt(text.substr(i, 2), 16));
      i++;
    }
  }
}
