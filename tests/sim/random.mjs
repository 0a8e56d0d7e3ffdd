// Pseudo-random numbers that are the same everywhere, and hashes that stand for decisions which must not depend on the
// order in which things happen.

/** A stream of numbers that its seed determines. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** 32 bits. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n) {
    return Math.floor((this.next() / 0x100000000) * n);
  }

  /** A whole number from low to high. */
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  /** True with probability p. */
  chance(p) {
    return this.next() < p * 0x100000000;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Another stream, which does not change with how far this one has gone. */
  fork(label) {
    return new Random(hash(label, this.state));
  }
}

/** 32 bits of a text and a number. */
export function hash(text, seed = 0) {
  let h = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b) >>> 0;
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}
