/** A seeded generator for property tests: xorshift128+, the same numbers in every run. */
export class Random {
  private a: u64;
  private b: u64;

  constructor(seed: u64) {
    this.a = seed ^ 0x9e3779b97f4a7c15;
    this.b = ~seed;
    for (let i = 0; i < 8; i++) this.next();
  }

  next(): u64 {
    let x = this.a;
    const y = this.b;
    this.a = y;
    x ^= x << 23;
    this.b = x ^ y ^ (x >> 17) ^ (y >> 26);
    return this.b + y;
  }

  /** A number below `limit`, which is at least 1. */
  below(limit: u32): u32 {
    return <u32>((this.next() >> 16) % limit);
  }

  /** A number whose magnitude is spread evenly over the powers of two up to `bits`, so that edges turn up. */
  spread(bits: u32): u64 {
    const n = this.below(bits + 1);
    return n == 0 ? 0 : this.next() >> (64 - n);
  }

  bool(): bool {
    return <bool>(this.next() & 1);
  }

  /** Fills memory with random bytes. */
  fill(p: usize, n: u32): void {
    for (let i: u32 = 0; i < n; i++) store<u8>(p + i, <u8>this.next());
  }
}
