import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { FRAMING_SIZE, Framing } from "../framing";

const FRAMING: usize = memory.data(FRAMING_SIZE, 4);
const f = changetype<Framing>(FRAMING);
const MS: i64 = 1_000_000;

test("packets of any length up to the MTU without further wishes", () => {
  f.set(1, 8000, 1400, 0, -1, 0);
  expect<u32>(f.next(0)).toBe(0);
  expect<u32>(f.next(1)).toBe(1);
  expect<u32>(f.next(1388)).toBe(1388);
  expect<u32>(f.next(5000)).toBe(1388);
});

test("no less and no more than durations ask for", () => {
  f.set(1, 8000, 1400, 20 * MS, 30 * MS, 0);
  expect<u32>(f.next(159)).toBe(0);
  expect<u32>(f.next(160)).toBe(160);
  expect<u32>(f.next(239)).toBe(239);
  expect<u32>(f.next(1000)).toBe(240);
  f.set(1, 8000, 1400, 20 * MS, 10 * MS, 0);
  expect<u32>(f.next(100)).toBe(80, "the longest is stronger than the shortest");
  f.set(1, 8000, 1400, 10000 * MS, -1, 0);
  expect<u32>(f.next(2000)).toBe(1388, "and the MTU than both");
});

test("multiples of a duration", () => {
  f.set(1, 8000, 1400, 0, -1, 10 * MS);
  expect<u32>(f.next(79)).toBe(0);
  expect<u32>(f.next(100)).toBe(80);
  expect<u32>(f.next(5000)).toBe(1360);
  f.set(1, 8000, 1400, 0, -1, 1000 * MS);
  expect<u32>(f.next(5000)).toBe(1388, "one that no packet can hold is not asked for");
});

test("units stay whole and something always goes, whatever is set", () => {
  const random = new Random(1);
  for (let i = 0; i < 20000; i++) {
    const unit: u32 = 1 + random.below(64);
    f.set(
      unit,
      1 + <u32>random.spread(20),
      <u32>random.spread(32),
      <i64>random.spread(63),
      random.bool() ? -1 : <i64>random.spread(63),
      <i64>random.spread(63),
    );
    must(f.align > 0 && f.align % unit == 0, "units");
    must(f.least % f.align == 0 && f.least <= f.most && f.least > 0, "the least");
    const held = <u32>random.spread(32);
    const n = f.next(held);
    must(n <= held && n <= f.most && n % f.align == 0, "length");
    must((n != 0) == held >= f.least, "something goes");
  }
});
