import { Owner, free, resize } from "./heap";

/**
 * A growable array of 32-bit items: numbers or references to unmanaged records. Twelve bytes that can stand alone or
 * inside another record (see `vecAt`). Items are not owned.
 *
 *     0 data      heap address of the items, 0 while empty
 *     4 length    items in use
 *     8 capacity  items that fit before the next growth
 */
@unmanaged
export class Vec<T> {
  data: usize;
  length: u32;
  capacity: u32;

  /** Item `i`; the caller has checked that it is below `length`. */
  @inline
  get(i: u32): T {
    return load<T>(this.data + ((<usize>i) << 2));
  }

  /** Replaces item `i`. */
  @inline
  set(i: u32, value: T): void {
    store<T>(this.data + ((<usize>i) << 2), value);
  }

  /** Appends; false when the heap has no room. */
  push(value: T): bool {
    const n = this.length;
    if (n == this.capacity && !this.reserve(n ? n << 1 : 4)) return false;
    store<T>(this.data + ((<usize>n) << 2), value);
    this.length = n + 1;
    return true;
  }

  /** Makes room for `capacity` items in all; false when the heap has none. */
  reserve(capacity: u32): bool {
    if (capacity <= this.capacity) return true;
    if (capacity > 0x10000000) return false;
    const data = resize(this.data, capacity << 2, Owner.Vec);
    if (!data) return false;
    this.data = data;
    this.capacity = capacity;
    return true;
  }

  /** Takes the last item off; the caller has checked that there is one. */
  @inline
  pop(): T {
    return this.get(--this.length);
  }

  /** Index of the first item equal to `value`, or -1. */
  indexOf(value: T): i32 {
    for (let i: u32 = 0; i < this.length; i++) if (this.get(i) == value) return i;
    return -1;
  }

  /** Opens a gap at `i` (at most `length`) and puts `value` there. */
  insert(i: u32, value: T): bool {
    if (!this.push(value)) return false;
    const p = this.data + ((<usize>i) << 2);
    memory.copy(p + 4, p, (<usize>(this.length - 1 - i)) << 2);
    store<T>(p, value);
    return true;
  }

  /** Closes the gap that item `i` leaves; the order stays. */
  removeAt(i: u32): void {
    const p = this.data + ((<usize>i) << 2);
    this.length--;
    memory.copy(p, p + 4, (<usize>(this.length - i)) << 2);
  }

  /** Removes the first item equal to `value`, if there is one. */
  remove(value: T): void {
    const i = this.indexOf(value);
    if (i >= 0) this.removeAt(i);
  }

  /** Gives the items' memory back and is empty again. */
  release(): void {
    free(this.data);
    this.data = 0;
    this.length = 0;
    this.capacity = 0;
  }
}

/** Bytes that a Vec takes inside another record. */
export const VEC_SIZE: u32 = 12;

/** The Vec that stands at an address inside another record. */
@inline
export function vecAt<T>(p: usize): Vec<T> {
  return changetype<Vec<T>>(p);
}
