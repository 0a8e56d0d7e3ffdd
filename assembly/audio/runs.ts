import { Slices } from "../core/slices";

/**
 * Goes through slices in runs of whole units (samples, samples of all channels), wherever the slices are cut: a unit that
 * lies in two stretches is put together here and is a run of one.
 *
 *      0 data     address of the run
 *      4 count    units in it
 *      8 left     units behind it
 *     12 unit     bytes of a unit, at most 16
 *     16 slices
 *     20 index    slice, and stretch of it, that come next
 *     28 from     bytes of the current stretch that have not been given
 *     36 carried  bytes of a unit that is cut
 *     40 carry
 */
@unmanaged
export class Runs {
  data: usize;
  count: u32;
  left: u32;
  unit: u32;
  slices: Slices;
  index: u32;
  stretch: u32;
  from: usize;
  length: u32;
  carried: u32;
  carry0: u64;
  carry1: u64;

  /** Begins at the first byte of `slices`, which stay as they are meanwhile; `units` of them are there. */
  over(slices: Slices, unit: u32, units: u32): Runs {
    this.count = 0;
    this.left = units;
    this.unit = unit;
    this.slices = slices;
    this.index = 0;
    this.stretch = 0;
    this.length = 0;
    this.carried = 0;
    return this;
  }

  /** The next run; false at the end. */
  next(): bool {
    const unit = this.unit;
    while (this.left) {
      const length = this.length;
      if (!length) {
        if (!this.advance()) break;
        continue;
      }
      if (!this.carried && length >= unit) {
        const n = min<u32>(unit == 1 ? length : length / unit, this.left);
        this.data = this.from;
        this.take(n * unit);
        return this.give(n);
      }
      const carry = changetype<usize>(this) + offsetof<Runs>("carry0");
      const n = min<u32>(unit - this.carried, length);
      memory.copy(carry + this.carried, this.from, n);
      this.carried += n;
      this.take(n);
      if (this.carried < unit) continue;
      this.carried = 0;
      this.data = carry;
      return this.give(1);
    }
    this.count = 0;
    return false;
  }

  /** Units of the run that have been dealt with. */
  @inline
  skip(units: u32): void {
    this.data += units * this.unit;
    this.count -= units;
  }

  @inline
  private take(bytes: u32): void {
    this.from += bytes;
    this.length -= bytes;
  }

  @inline
  private give(units: u32): bool {
    this.count = units;
    this.left -= units;
    return true;
  }

  /** Goes to the next stretch; false when there is none. */
  private advance(): bool {
    if (this.index == this.slices.count) return false;
    const s = this.slices.at(this.index);
    this.from = s.data + this.stretch * (s.run & 255);
    this.length = s.length;
    if (++this.stretch < s.run >> 8) return true;
    this.stretch = 0;
    this.index++;
    return true;
  }
}

/** Bytes that Runs take inside another record, aligned to 8. */
export const RUNS_SIZE: u32 = offsetof<Runs>();
