/**
 * The set of elements that have something to do, a bit each. Elements are numbered so that a bit further up lies
 * further downstream; the runner serves the highest bit first, so data moves on before more is taken in.
 */

/** Elements that one pipeline can hold. */
export const MAX_ELEMENTS: u32 = 1024;

const WORDS: u32 = MAX_ELEMENTS >> 6;
const READY: usize = memory.data(128, 8);

/** The address of the word that element `index` has its bit in. */
@inline
export function readyWord(index: u32): usize {
  return READY + ((<usize>(index >> 6)) << 3);
}

/** The bit of element `index` in its word. */
@inline
export function readyBit(index: u32): u64 {
  return (<u64>1) << (index & 63);
}

@inline
export function setReady(index: u32): void {
  const w = readyWord(index);
  store<u64>(w, load<u64>(w) | readyBit(index));
}

@inline
export function clearReady(index: u32): void {
  const w = readyWord(index);
  store<u64>(w, load<u64>(w) & ~readyBit(index));
}

/** The highest element below `count` elements that is ready, or -1. */
@inline
export function highestReady(count: u32): i32 {
  for (let w = <i32>((count + 63) >> 6) - 1; w >= 0; w--) {
    const bits = load<u64>(READY + ((<usize>w) << 3));
    if (bits) return (w << 6) + 63 - <i32>clz<u64>(bits);
  }
  return -1;
}

/** The highest element below `index` that is ready, whatever is ready above it, or -1. */
export function readyBelow(index: u32): i32 {
  const bits = load<u64>(readyWord(index)) & (readyBit(index) - 1);
  if (bits) return <i32>((index & ~63) + 63) - <i32>clz<u64>(bits);
  return highestReady(index & ~63);
}

export function clearAllReady(): void {
  memory.fill(READY, 0, (<usize>WORDS) << 3);
}
