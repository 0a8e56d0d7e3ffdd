import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { EDITS_SIZE, EDIT_SIZE, Edit, Edits, NO_END } from "../edits";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const EDITS: usize = memory.data(EDITS_SIZE, 4);
const EDIT: usize = memory.data(EDIT_SIZE, 8);

const list = changetype<Edits>(EDITS);
const edit = changetype<Edit>(EDIT);

/** Starts the body of an elst box. */
function elst(version: u32, count: u32): Writer {
  memory.fill(WRITER, 0, WRITER_SIZE);
  const w = changetype<Writer>(WRITER);
  w.u32(version << 24);
  w.u32(count);
  return w;
}

function entry(w: Writer, version: u32, duration: i64, mediaTime: i64): void {
  if (version) {
    w.u64(<u64>duration);
    w.u64(<u64>mediaTime);
  } else {
    w.u32(<u32>duration);
    w.u32(<u32>mediaTime);
  }
  w.u32(0x10000);
}

function read(w: Writer): void {
  list.read(w.data, w.data + w.length);
}

describe("edit lists", () => {
  test("their records have the sizes that they state", () => {
    expect<u32>(EDITS_SIZE).toBe(<u32>offsetof<Edits>());
    expect<u32>(EDIT_SIZE).toBe((<u32>offsetof<Edit>() + 7) & ~7);
  });

  test("an empty edit delays, a media time trims", () => {
    freshHeap();
    for (let version: u32 = 0; version < 2; version++) {
      const w = elst(version, 2);
      entry(w, version, 500, -1);
      entry(w, version, 2000, 1024);
      read(w);
      expect<u32>(list.count).toBe(2);
      expect<u32>(list.media).toBe(1);
      expect<bool>(edit.take(list, 0, 48000, 1000)).toBe(true);
      expect<i64>(edit.start).toBe(1024);
      expect<i64>(edit.end).toBe(1024 + 96000);
      expect<i64>(edit.base).toBe(500_000_000);
      expect<bool>(edit.clips).toBe(true);
      expect<i64>(edit.toMovie(1024, 48000)).toBe(500_000_000);
      expect<i64>(edit.toMovie(0, 48000)).toBe(500_000_000 - 21_333_333);
      expect<i64>(edit.toMedia(500_000_000, 48000)).toBe(1024);
      expect<i64>(edit.endTime(48000)).toBe(2_500_000_000);
      expect<bool>(edit.take(list, 1, 48000, 1000)).toBe(false);
      w.release();
    }
    mustBeEmpty();
  });

  test("a duration of 0 reaches to the end of the media", () => {
    freshHeap();
    const w = elst(0, 1);
    entry(w, 0, 0, 2002);
    read(w);
    expect<bool>(edit.take(list, 0, 30000, 600)).toBe(true);
    expect<i64>(edit.end).toBe(NO_END);
    expect<i64>(edit.endTime(30000)).toBe(NO_END);
    w.release();
    mustBeEmpty();
  });

  test("the time of an edit is that of all edits before it", () => {
    freshHeap();
    const random = new Random(11);
    for (let round = 0; round < 200; round++) {
      const version = random.below(2);
      const n: u32 = 1 + random.below(12);
      const w = elst(version, n);
      let before: i64 = 0;
      let media: u32 = 0;
      const starts = new StaticArray<i64>(12);
      const times = new StaticArray<i64>(12);
      for (let i: u32 = 0; i < n; i++) {
        const duration = <i64>random.below(100000) + 1;
        const mediaTime: i64 = random.below(3) ? <i64>random.below(1000000) : -1;
        entry(w, version, duration, mediaTime);
        if (mediaTime >= 0) {
          starts[media] = mediaTime;
          times[media++] = before;
        }
        before += duration;
      }
      read(w);
      must(list.media == media, "edits that are not empty");
      for (let i: u32 = 0; i < media; i++) {
        must(edit.take(list, i, 90000, 90000), "there is one");
        must(edit.start == starts[i], "where it starts in the media");
        must(edit.toMedia(edit.toMovie(edit.start + 7, 90000), 90000) == edit.start + 7, "there and back");
        must(edit.base == (times[i] * 100000 + 4) / 9, "where it starts in the movie");
      }
      must(!edit.take(list, media, 90000, 90000), "and no more");
      w.release();
    }
    mustBeEmpty();
  });

  test("a list that claims more entries than it has bytes has those that are whole", () => {
    freshHeap();
    const w = elst(0, 0xffffffff);
    entry(w, 0, 10, 0);
    entry(w, 0, 10, 5);
    w.u32(1);
    read(w);
    expect<u32>(list.count).toBe(2);
    list.read(w.data, w.data + 7);
    expect<u32>(list.count).toBe(0);
    w.release();
    mustBeEmpty();
  });

  test("lengths that overflow end at the largest time", () => {
    freshHeap();
    const w = elst(1, 3);
    entry(w, 1, i64.MAX_VALUE, -1);
    entry(w, 1, i64.MAX_VALUE, -1);
    entry(w, 1, -1, 5);
    read(w);
    expect<bool>(edit.take(list, 0, 1, 1)).toBe(true);
    expect<i64>(edit.end).toBe(NO_END);
    w.release();
    mustBeEmpty();
  });
});
