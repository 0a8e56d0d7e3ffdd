import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { TIMESTAMP_WRAP, readTimestamp, unwrap, writeTimestamp } from "../misc";

const P: usize = memory.data(8, 8);

describe("timestamps", () => {
  test("what is written is read, up to the last bit of 33", () => {
    const random = new Random(1);
    for (let i = 0; i < 20000; i++) {
      const t = i < 34 ? ((<i64>1) << i) - 1 : <i64>(random.next() & 0x1ffffffff);
      memory.fill(P, <u8>random.next(), 8);
      writeTimestamp(P, 3, t);
      must(readTimestamp(P) == t, "the time");
      must(load<u8>(P) >> 4 == 3, "the prefix");
    }
  });

  test("more than 33 bits are cut, as the clock wraps", () => {
    writeTimestamp(P, 2, TIMESTAMP_WRAP + 5);
    expect<i64>(readTimestamp(P)).toBe(5);
    writeTimestamp(P, 2, -1);
    expect<i64>(readTimestamp(P)).toBe(TIMESTAMP_WRAP - 1);
  });

  test("without any of the marker bits there is none", () => {
    for (let k: u32 = 0; k < 5; k += 2) {
      writeTimestamp(P, 2, 12345);
      store<u8>(P + k, load<u8>(P + k) & 0xfe);
      expect<i64>(readTimestamp(P)).toBe(-1);
    }
  });

  test("a clock that wraps after 26.5 hours goes on", () => {
    const random = new Random(2);
    for (let i = 0; i < 20000; i++) {
      const near = <i64>random.spread(45);
      const time = near + <i64>(random.next() % 0x1ffffffff) - 0xffffffff;
      must(unwrap(time & 0x1ffffffff, near) == time, "the nearest of those that look alike");
    }
    expect<i64>(unwrap(0, TIMESTAMP_WRAP - 1)).toBe(TIMESTAMP_WRAP);
    expect<i64>(unwrap(TIMESTAMP_WRAP - 1, 0)).toBe(-1);
  });
});
