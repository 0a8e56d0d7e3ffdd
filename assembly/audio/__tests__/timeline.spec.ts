import { must } from "../../base/__tests__/region";
import { NONE, SECOND, scale } from "../../core/time";
import { TIMELINE_SIZE, Timeline } from "../timeline";

const LINE: usize = memory.data(TIMELINE_SIZE, 8);
const t = changetype<Timeline>(LINE);

test("what is taken has the time of the piece it begins in, and of how far into it", () => {
  t.setRate(8000);
  t.reset(NONE);
  expect<i64>(t.first).toBe(NONE);
  t.mark(SECOND, 0);
  t.advance(30);
  expect<i64>(t.first).toBe(SECOND + 3_750_000);
  // 50 are held when the next piece comes, a little late.
  t.mark(SECOND + 10_000_001, 50);
  expect<i64>(t.first).toBe(SECOND + 3_750_000);
  t.advance(60);
  expect<i64>(t.first).toBe(SECOND + 11_250_001);
  // Nothing is held when one comes: its own time counts.
  t.mark(SECOND + 11_300_000, 0);
  expect<i64>(t.first).toBe(SECOND + 11_300_000);
});

test("a piece without a time goes on from the one before, exactly", () => {
  t.setRate(44100);
  t.reset(0);
  for (let i: i64 = 1; i < 20000; i++) {
    t.mark(NONE, 0);
    t.advance(441 + 7);
    must(t.first == scale(i * 448, SECOND, 44100), "time");
  }
});

test("the first time that is known tells that of what came before it", () => {
  t.setRate(8000);
  t.reset(NONE);
  t.mark(NONE, 0);
  t.mark(SECOND, 80);
  expect<i64>(t.first).toBe(SECOND - 10_000_000);
});

test("units of any pace: 256 bytes that are 505 samples", () => {
  t.setPace(256 * 8000, SECOND * 505);
  t.reset(0);
  t.advance(256);
  expect<i64>(t.first).toBe(63_125_000);
});
