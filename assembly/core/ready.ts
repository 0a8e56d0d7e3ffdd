/**
 * The set of elements that have something to do, a bit each. Elements are numbered so that a bit further up lies
 * further downstream; the runner serves the highest bit first, so data moves on before more is taken in. Words have 32 bits: most
 * graphs need one, and on small processors 64 bits cost several times as much.
 */

/** Elements that one pipeline can hold. */
export const MAX_ELEMENTS: u32 = 1024;

const WORDS: u32 = MAX_ELEMENTS >> 5;
const READY: usize = memory.data(128, 8);

/** The address of the word that element `index` has its bit in. */
@inline
export function readyWord(index: u32): usize {
  return READY + ((<usize>(index >> 5)) << 2);
}

/** The bit of element `index` in its word. */
@inline
export function readyBit(index: u32): u32 {
  return 1 << (index & 31);
}

@inline
export function setReady(index: u32): void {
  const w = readyWord(index);
  store<u32>(w, load<u32>(w) | readyBit(index));
}

@inline
export function clearReady(index: u32): void {
  const w = readyWord(index);
  store<u32>(w, load<u32>(w) & ~readyBit(index));
}

/** The highest element below `count` elements that is ready, or -1. */
@inline
export function highestReady(count: u32): i32 {
  if (count - 1 < 32) return 31 - <i32>clz<u32>(load<u32>(READY));
  for (let w = <i32>((count + 31) >> 5) - 1; w >= 0; w--) {
    const bits = load<u32>(READY + ((<usize>w) << 2));
    if (bits) return (w << 5) + 31 - <i32>clz<u32>(bits);
  }
  return -1;
}

/** The highest element below `index` that is ready, whatever is ready above it, or -1. */
export function readyBelow(index: u32): i32 {
  const bits = load<u32>(readyWord(index)) & (readyBit(index) - 1);
  if (bits) return <i32>((index & ~31) + 31) - <i32>clz<u32>(bits);
  return highestReady(index & ~31);
}

export function clearAllReady(): void {
  memory.fill(READY, 0, (<usize>WORDS) << 2);
}
