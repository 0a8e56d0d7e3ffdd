import { Owner, allocZero, free } from "./heap";

/**
 * A hash map of u32 keys (not 0) to u32 values with open addressing; it stands inside another record.
 *
 *     0 data   pairs of key and value, 0 while empty
 *     4 mask   slots - 1
 *     8 count  keys in use
 */
@unmanaged
export class Map32 {
  data: usize;
  mask: u32;
  count: u32;

  /** The value of `key`, or `otherwise`. */
  get(key: u32, otherwise: u32): u32 {
    if (!this.data) return otherwise;
    let i = scatter(key) & this.mask;
    while (true) {
      const slot = this.data + ((<usize>i) << 3);
      const k = load<u32>(slot);
      if (k == key) return load<u32>(slot, 4);
      if (!k) return otherwise;
      i = (i + 1) & this.mask;
    }
  }

  /** Sets the value of `key`; false when the heap has no room. */
  set(key: u32, value: u32): bool {
    if (!this.data || this.count * 4 > this.mask * 3) {
      if (!this.grow()) return false;
    }
    let i = scatter(key) & this.mask;
    while (true) {
      const slot = this.data + ((<usize>i) << 3);
      const k = load<u32>(slot);
      if (!k) this.count++;
      if (!k || k == key) {
        store<u32>(slot, key);
        store<u32>(slot, value, 4);
        return true;
      }
      i = (i + 1) & this.mask;
    }
  }

  /** Gives the memory back and is empty again. */
  release(): void {
    free(this.data);
    this.data = 0;
    this.mask = 0;
    this.count = 0;
  }

  private grow(): bool {
    const old = this.data;
    const slots = old ? (this.mask + 1) << 1 : 16;
    if (slots > 0x1000000) return false;
    const data = allocZero(slots << 3, Owner.Map);
    if (!data) return false;
    const oldSlots = old ? this.mask + 1 : 0;
    this.data = data;
    this.mask = slots - 1;
    this.count = 0;
    for (let i: u32 = 0; i < oldSlots; i++) {
      const k = load<u32>(old + ((<usize>i) << 3));
      if (k) this.set(k, load<u32>(old + ((<usize>i) << 3), 4));
    }
    free(old);
    return true;
  }
}

@inline
function scatter(key: u32): u32 {
  const k = key * 0x9e3779b1;
  return k ^ (k >> 15);
}
