import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { Format, SEGMENT_SIZE, Segment } from "../segment";
import { NONE, SECOND } from "../time";

const SEGMENT: usize = memory.data(64, 8);
const OTHER: usize = memory.data(64, 8);

function segment(): Segment {
  return changetype<Segment>(SEGMENT).init(Format.Time);
}

describe("segment", () => {
  test("a new segment maps a timestamp to itself", () => {
    const s = segment();
    expect<i64>(s.runningTime(5)).toBe(5);
    expect<i64>(s.streamTime(5)).toBe(5);
    expect<i64>(s.stop).toBe(NONE);
    expect<f64>(s.rate).toBe(1);
    expect<u32>(SEGMENT_SIZE).toBeGreaterThanOrEqual(<u32>offsetof<Segment>());
  });

  test("NONE stays NONE and lies nowhere", () => {
    const s = segment();
    s.start = 10;
    expect<i64>(s.runningTime(NONE)).toBe(NONE);
    expect<i64>(s.streamTime(NONE)).toBe(NONE);
    expect<bool>(s.outside(NONE, 5)).toBe(false);
  });

  test("running time counts from the start, with base and offset", () => {
    const s = segment();
    s.start = 10 * SECOND;
    s.base = 3 * SECOND;
    s.time = 100 * SECOND;
    expect<i64>(s.runningTime(10 * SECOND)).toBe(3 * SECOND);
    expect<i64>(s.runningTime(12 * SECOND)).toBe(5 * SECOND);
    expect<i64>(s.runningTime(9 * SECOND)).toBe(2 * SECOND, "before the start too");
    expect<i64>(s.streamTime(12 * SECOND)).toBe(102 * SECOND);
    s.offset = SECOND;
    expect<i64>(s.runningTime(12 * SECOND)).toBe(4 * SECOND);
  });

  test("a rate of 2 takes half the time, of a half twice", () => {
    const s = segment();
    s.start = 10;
    s.base = 1000;
    s.rate = 2;
    expect<i64>(s.runningTime(110)).toBe(1050);
    s.rate = 0.5;
    expect<i64>(s.runningTime(110)).toBe(1200);
  });

  test("a negative rate counts from the stop down", () => {
    const s = segment();
    s.start = 10;
    s.stop = 110;
    s.rate = -1;
    expect<i64>(s.runningTime(110)).toBe(0);
    expect<i64>(s.runningTime(10)).toBe(100);
    s.rate = -2;
    s.base = 7;
    s.offset = 10;
    expect<i64>(s.runningTime(100)).toBe(7);
    expect<i64>(s.runningTime(40)).toBe(37);
  });

  test("what lies outside is told by both ends, as GStreamer does", () => {
    const s = segment();
    s.start = 10;
    s.stop = 20;
    expect<bool>(s.outside(9, NONE)).toBe(true);
    expect<bool>(s.outside(10, NONE)).toBe(false);
    expect<bool>(s.outside(19, NONE)).toBe(false);
    expect<bool>(s.outside(20, NONE)).toBe(true, "the stop counts no more");
    expect<bool>(s.outside(5, 5)).toBe(true, "ends where the segment starts");
    expect<bool>(s.outside(5, 6)).toBe(false);
    expect<bool>(s.outside(10, 0)).toBe(false);
    expect<bool>(s.outside(19, 100)).toBe(false);
    s.stop = 10;
    expect<bool>(s.outside(10, NONE)).toBe(false, "an empty segment has its one point");
    s.stop = NONE;
    expect<bool>(s.outside(i64.MAX_VALUE, NONE)).toBe(false);
  });

  test("what does not lie outside overlaps, for all small cases", () => {
    const s = segment();
    s.start = 4;
    s.stop = 8;
    for (let t: i64 = 0; t < 12; t++) {
      for (let d: i64 = 1; d < 6; d++) must(s.outside(t, d) == (t >= 8 || t + d <= 4), "overlap");
    }
  });

  test("a copy is the same in every field", () => {
    const random = new Random(1);
    random.fill(SEGMENT, 64);
    changetype<Segment>(OTHER).copyFrom(changetype<Segment>(SEGMENT));
    expect<i32>(memory.compare(SEGMENT, OTHER, offsetof<Segment>())).toBe(0);
  });
});
