import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { BIQUAD_SIZE, Biquad, resetBiquad, runBiquad, setBiquad } from "../biquad";

const FILTER: usize = memory.data(BIQUAD_SIZE, 8);
const IN: usize = memory.data(4096, 8);
const OUT: usize = memory.data(4096, 8);

const filter = changetype<Biquad>(FILTER);

/** The same filter by its formula, in i64. */
class Model {
  x1: i64 = 0;
  x2: i64 = 0;
  y1: i64 = 0;
  y2: i64 = 0;

  constructor(
    public b0: i64,
    public b1: i64,
    public b2: i64,
    public a1: i64,
    public a2: i64,
  ) {}

  next(x: i64): i64 {
    let y = this.b0 * x + this.b1 * this.x1 + this.b2 * this.x2 - this.a1 * this.y1 - this.a2 * this.y2;
    y = (y + 8192) >> 14;
    if (y > 32767) y = 32767;
    if (y < -32768) y = -32768;
    this.x2 = this.x1;
    this.x1 = x;
    this.y2 = this.y1;
    this.y1 = y;
    return y;
  }
}

/** A coefficient of at most `bits` bits, of either sign. */
function coefficient(random: Random, bits: u32): i32 {
  const v = <i32>random.spread(bits);
  return random.bool() ? v : -v;
}

test("every sample is that of the formula, whatever the coefficients, cut into runs of any length", () => {
  const random = new Random(1);
  let clipped = 0;
  for (let round = 0; round < 600; round++) {
    // Sums of 32 bits, and of more.
    const bits: u32 = round & 1 ? 13 : 31;
    const m = new Model(
      coefficient(random, bits),
      coefficient(random, bits),
      coefficient(random, bits),
      coefficient(random, bits),
      coefficient(random, bits),
    );
    setBiquad(filter, <i32>m.b0, <i32>m.b1, <i32>m.b2, <i32>m.a1, <i32>m.a2);
    resetBiquad(filter);
    for (let run = 0; run < 8; run++) {
      const n = random.below(20);
      random.fill(IN, n << 1);
      if (random.bool()) for (let i: u32 = 0; i < n; i++) store<i16>(IN + (i << 1), random.bool() ? -32768 : 32767);
      const to = random.bool() ? IN : OUT;
      const expected = new Array<i64>();
      for (let i: u32 = 0; i < n; i++) expected.push(m.next(load<i16>(IN + (i << 1))));
      runBiquad(filter, to, IN, n);
      for (let i: u32 = 0; i < n; i++) {
        must(load<i16>(to + (i << 1)) == expected[i], "sample");
        if (expected[i] == 32767) clipped++;
      }
    }
  }
  expect<i32>(clipped).toBeGreaterThan(500);
});

test("a sum of 32 bits is used only while it holds", () => {
  setBiquad(filter, 16384, 16384, 16384, 8192, 8191);
  expect<bool>(filter.narrow).toBe(true);
  setBiquad(filter, 16384, 16384, 16384, 8192, 8192);
  expect<bool>(filter.narrow).toBe(false);
  setBiquad(filter, i32.MIN_VALUE, 0, 0, 0, 0);
  expect<bool>(filter.narrow).toBe(false);
});

test("a filter of 1.0 changes nothing, and one that is reset has forgotten", () => {
  setBiquad(filter, 16384, 0, 0, 0, 0);
  resetBiquad(filter);
  for (let i = 0; i < 100; i++) store<i16>(IN + (i << 1), <i16>(i * 331));
  runBiquad(filter, OUT, IN, 100);
  expect<i32>(memory.compare(OUT, IN, 200)).toBe(0);
  setBiquad(filter, 0, 16384, 0, 0, 0);
  resetBiquad(filter);
  runBiquad(filter, OUT, IN, 1);
  expect<i16>(load<i16>(OUT)).toBe(0);
});
