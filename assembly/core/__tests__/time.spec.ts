import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { SECOND, nsToTicks, scale, scaleFloor, ticksToNs } from "../time";

/** Whether q is value * num / den rounded to the nearest, halves away from zero; exact in 64 bits for small operands. */
function nearest(value: i64, num: i64, den: i64, q: i64): bool {
  const product = value * num;
  const twice = (product < 0 ? -product : product) * 2 + den;
  const magnitude = twice / (2 * den);
  return q == (product < 0 ? -magnitude : magnitude);
}

/** The 128-bit product of two numbers: high half, low half. */
class Wide {
  constructor(
    public high: u64,
    public low: u64,
  ) {}

  /** By schoolbook multiplication of 16-bit digits, apart from how the code does it. */
  static product(a: u64, b: u64): Wide {
    const digits = new StaticArray<u64>(9);
    for (let i = 0; i < 4; i++) {
      for (let k = 0; k < 4; k++) {
        const p = ((a >> (i << 4)) & 0xffff) * ((b >> (k << 4)) & 0xffff);
        digits[i + k] += p & 0xffff;
        digits[i + k + 1] += p >> 16;
      }
    }
    for (let i = 0; i < 8; i++) {
      digits[i + 1] += digits[i] >> 16;
      digits[i] &= 0xffff;
    }
    return new Wide(
      digits[4] | (digits[5] << 16) | (digits[6] << 32) | (digits[7] << 48),
      digits[0] | (digits[1] << 16) | (digits[2] << 32) | (digits[3] << 48),
    );
  }

  add(n: u64): Wide {
    const low = this.low + n;
    return new Wide(this.high + u64(low < n), low);
  }

  notAbove(other: Wide): bool {
    return this.high < other.high || (this.high == other.high && this.low <= other.low);
  }
}

describe("time", () => {
  test("small numbers are scaled to the nearest, halves away from zero", () => {
    for (let v: i64 = -40; v <= 40; v++) {
      for (let num: i64 = 0; num < 12; num++) {
        for (let den: i64 = 1; den < 12; den++) must(nearest(v, num, den, scale(v, num, den)), "nearest");
      }
    }
  });

  test("scaleFloor rounds down on both sides of zero", () => {
    for (let v: i64 = -40; v <= 40; v++) {
      for (let num: i64 = 0; num < 12; num++) {
        for (let den: i64 = 1; den < 12; den++) {
          const q = scaleFloor(v, num, den);
          must(q * den <= v * num && (q + 1) * den > v * num, "floor");
        }
      }
    }
  });

  test("products of up to 128 bits are exact", () => {
    const random = new Random(1);
    let wide = 0;
    for (let n = 0; n < 20000; n++) {
      const v = random.spread(63);
      const num = random.spread(63);
      const den = max<u64>(random.spread(63), 1);
      const product = Wide.product(v, num);
      // Only results that fit are promised.
      if (!product.notAbove(Wide.product(den, 0x3fffffffffffffff))) continue;
      if (product.high) wide++;
      const floor = <u64>scaleFloor(<i64>v, <i64>num, <i64>den);
      must(Wide.product(floor, den).notAbove(product), "not above");
      must(!Wide.product(floor + 1, den).notAbove(product), "the largest");
      // The nearest lies at most half of den away: 2 * |q * den - product| <= den.
      const q = <u64>scale(<i64>v, <i64>num, <i64>den);
      const twice = Wide.product(q, den).add(den >> 1);
      must(product.notAbove(twice), "not far below");
      must(q == floor || q == floor + 1, "one of both neighbours");
      must(scale(-(<i64>v), <i64>num, <i64>den) == -(<i64>q), "the same on the other side of zero");
    }
    expect<i32>(wide).toBeGreaterThan(1000, "many products need more than 64 bits");
  });

  test("ticks that become ns become the same ticks again, whatever the rate", () => {
    const random = new Random(2);
    const rates: Array<u32> = [1, 25, 90000, 44100, 48000, 192000, 27000000, 1000000, 30000, 600, 12800];
    for (let n = 0; n < 20000; n++) {
      const rate = rates[random.below(rates.length)];
      const ticks = <i64>random.spread(33) * (random.bool() ? 1 : -1);
      must(nsToTicks(ticksToNs(ticks, rate), rate) == ticks, "ticks");
    }
  });

  test("90 kHz ticks after 26.5 hours and more are exact", () => {
    expect<i64>(ticksToNs((<i64>1) << 33, 90000)).toBe(95443717688889);
    expect<i64>(ticksToNs(90000 * 3600 * 24 * 365, 90000)).toBe(SECOND * 3600 * 24 * 365);
    expect<i64>(nsToTicks(1, 90000)).toBe(0);
    expect<i64>(nsToTicks(5556, 90000)).toBe(1);
    expect<i64>(ticksToNs(1, 90000)).toBe(11111);
    expect<i64>(ticksToNs(-1, 90000)).toBe(-11111);
    expect<i64>(scale(1001, SECOND, 30000)).toBe(33366667);
  });

  test("a result that does not fit is the largest number", () => {
    expect<i64>(scale(i64.MAX_VALUE, i64.MAX_VALUE, 1)).toBe(i64.MAX_VALUE);
  });
});
