/**
 * How generously memory is taken: by itself for machines with megabytes, in small steps on boards with some ten KiB.
 * It is chosen once, at init, and changes no output.
 */

/** What a small instance takes instead. */
@unmanaged
class Tuning {
  small: bool;
  /** Alignment of blocks, a power of two. */
  align: u32;
}

const TUNING: usize = memory.data(8, 4);

@inline
function tuning(): Tuning {
  return changetype<Tuning>(TUNING);
}

/**
 * Chooses.
 * @param align that a small instance gives its blocks: 16, or the cache line of a board that has a cache
 */
export function tune(small: bool, align: u32): void {
  tuning().small = small;
  tuning().align = align;
}

/** `large`, or `small` in a small instance. */
@inline
export function sized(large: u32, small: u32): u32 {
  return tuning().small ? small : large;
}

/** The alignment of blocks when an element would like `wanted`. */
export function alignment(wanted: u32): u32 {
  const t = tuning();
  return t.small ? min<u32>(wanted, t.align) : wanted;
}
