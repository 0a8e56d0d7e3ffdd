import { freshHeap, must, mustBeEmpty, piecesOf } from "../../base/__tests__/region";
import { Owner, heap } from "../../base/heap";
import { RECORDREADER_SIZE, RecordReader } from "../../base/records";
import { anyCaps, capsOf, capsUnref } from "../../caps/caps";
import { FrameFlag } from "../../generated/abi";
import { Atom } from "../../generated/words";
import { blockUnref, blocksInit, blocksRelease, blocksUsed, newBlock } from "../block";
import {
  EventType,
  capsEvent,
  eventRef,
  eventUnref,
  eventsInit,
  eventsRelease,
  eventsUsed,
  gapEvent,
  newEvent,
  segmentEvent,
} from "../event";
import {
  INLINE_SLICES,
  copyProperties,
  frameOf,
  frameRef,
  frameUnref,
  framesInit,
  framesRelease,
  framesUsed,
  newFrame,
  writableFrame,
} from "../frame";
import { Meta, MetaFlag, copyMetas, findMeta, freeMetas, newMeta } from "../meta";
import { Format, Segment } from "../segment";
import { MAX_TAG, findTag, newTags, tagsRef, tagsUnref } from "../tags";
import { NONE } from "../time";

const SEGMENT: usize = memory.data(64, 8);
const LENGTH: usize = memory.data(4, 4);
const READER: usize = memory.data(RECORDREADER_SIZE, 8);

function begin(): void {
  freshHeap();
  blocksInit();
  framesInit();
  eventsInit();
}

function end(): void {
  expect<u32>(blocksUsed() + framesUsed() + eventsUsed()).toBe(0, "nothing is in use");
  framesRelease();
  eventsRelease();
  blocksRelease();
  mustBeEmpty();
}

describe("frames", () => {
  test("a new frame has no bytes, no times and one reference", () => {
    begin();
    const f = newFrame()!;
    expect<u32>(f.refs).toBe(1);
    expect<u32>(f.size + f.count + f.flags).toBe(0);
    must(f.pts == NONE && f.dts == NONE && f.duration == NONE && f.capture == NONE && f.offset == -1, "no times");
    frameUnref(f);
    end();
  });

  test("a frame used again remembers nothing", () => {
    begin();
    const b = newBlock(100)!;
    const f = newFrame()!;
    f.pts = 5;
    f.flags = FrameFlag.Key;
    f.metas = newMeta(1, 10, 0);
    for (let i: u32 = 0; i < INLINE_SLICES + 3; i++) f.append(b.data + i * 2, b, 1, 0);
    expect<u32>(b.refs).toBe(INLINE_SLICES + 4);
    frameUnref(f);
    expect<u32>(b.refs).toBe(1);
    const g = newFrame()!;
    expect<usize>(changetype<usize>(g)).toBe(changetype<usize>(f));
    must(g.pts == NONE && !g.flags && !g.metas && !g.count && g.room == INLINE_SLICES, "new again");
    frameUnref(g);
    blockUnref(b);
    end();
  });

  test("frames of more slices than they have room for use memory again", () => {
    begin();
    const b = newBlock(100)!;
    let allocs: u32 = 0;
    for (let n = 0; n < 50; n++) {
      if (n == 5) allocs = heap().allocs;
      const f = newFrame()!;
      for (let i: u32 = 0; i < 40; i++) must(f.append(b.data + i * 2, b, 1, 0), "room");
      frameUnref(f);
    }
    expect<u32>(heap().allocs).toBe(allocs);
    blockUnref(b);
    end();
  });

  test("a frame that others hold is copied before it is changed, its bytes are shared", () => {
    begin();
    const b = newBlock(100)!;
    const f = newFrame()!;
    f.append(b.data, b, 60, 0);
    f.append(b.data + 70, b, 10, (2 << 8) | 15);
    f.pts = 1;
    f.dts = 2;
    f.duration = 3;
    f.offset = 4;
    f.capture = 5;
    f.sequence = 6;
    f.flags = FrameFlag.Key;
    f.metas = newMeta(9, 4, 0);
    expect<usize>(changetype<usize>(writableFrame(f))).toBe(changetype<usize>(f), "nobody else holds it");
    const c = writableFrame(frameRef(f))!;
    expect<usize>(changetype<usize>(c)).not.toBe(changetype<usize>(f));
    expect<u32>(f.refs).toBe(1);
    must(c.pts == 1 && c.dts == 2 && c.duration == 3 && c.offset == 4 && c.capture == 5, "times");
    must(c.sequence == 6 && c.has(FrameFlag.Key) && c.size == 80 && c.count == 2, "properties");
    expect<u32>(b.refs).toBe(5);
    must(c.metas != f.metas && findMeta(c.metas, 9) != null, "metas are copies");
    frameUnref(f);
    frameUnref(c);
    blockUnref(b);
    end();
  });

  test("a frame of a block takes the reference along", () => {
    begin();
    const b = newBlock(100)!;
    const f = frameOf(b, 60)!;
    must(b.refs == 1 && f.refs == 1 && f.count == 1 && f.size == 60, "the frame holds the block alone");
    const s = f.slices.at(0);
    must(s.data == b.data && s.block == b && s.length == 60 && !s.run, "one stretch from the start");
    must(f.pts == NONE && f.room == INLINE_SLICES, "as new");
    must(f.append(b.data + 60, b, 40, 0) && f.count == 1 && f.size == 100, "what follows joins it");
    frameUnref(f);
    end();
  });
});

describe("metas", () => {
  test("those that describe the content are left out of a copy on demand", () => {
    begin();
    const f = newFrame()!;
    const first = newMeta(1, 8, MetaFlag.Content)!;
    const second = newMeta(2, 100, MetaFlag.None)!;
    first.next = second;
    second.next = newMeta(3, 0, MetaFlag.Content);
    f.metas = first;
    store<u64>(first.data(), 0x0102030405060708);
    store<u64>(second.data() + 92, 0x1112131415161718);
    const all = newFrame()!;
    copyProperties(all, f, 0);
    must(findMeta(all.metas, 3) != null && findMeta(all.metas, 4) == null, "found by type");
    expect<u64>(load<u64>(findMeta(all.metas, 1)!.data())).toBe(0x0102030405060708);
    expect<u64>(load<u64>(findMeta(all.metas, 2)!.data() + 92)).toBe(0x1112131415161718);
    const some = copyMetas(f.metas, MetaFlag.Content);
    must(some != null && some.type == 2 && some.length == 100 && some.next == null, "one is left");
    freeMetas(some);
    frameUnref(all);
    frameUnref(f);
    end();
  });

  test("a new meta is zero", () => {
    begin();
    for (let round = 0; round < 2; round++) {
      const m = changetype<Meta>(newMeta(1, 200, 0)!);
      for (let i: u32 = 0; i < 200; i++) must(load<u8>(m.data() + i) == 0, "zero");
      memory.fill(m.data(), 0xff, 200);
      freeMetas(m);
    }
    end();
  });
});

describe("events", () => {
  test("an event holds what it names until its last reference is gone", () => {
    begin();
    const caps = capsOf(Atom.video_x_raw);
    const e = capsEvent(caps)!;
    capsUnref(caps);
    expect<u32>(e.caps!.refs).toBe(1);
    eventRef(e);
    eventUnref(e);
    expect<u32>(eventsUsed()).toBe(1);
    eventUnref(e);
    const tags = newTags()!;
    const t = newEvent(EventType.Tags)!;
    t.tags = tagsRef(tags);
    tagsUnref(tags);
    expect<u32>(piecesOf(Owner.Tags)).toBe(1);
    eventUnref(t);
    expect<u32>(piecesOf(Owner.Tags)).toBe(0);
    eventUnref(capsEvent(anyCaps())!);
    end();
  });

  test("an event carries a copy of its segment and the times of a gap", () => {
    begin();
    const s = changetype<Segment>(SEGMENT).init(Format.Time);
    s.start = 42;
    const e = segmentEvent(s)!;
    s.start = 1;
    expect<i64>(e.segment.start).toBe(42);
    const gap = gapEvent(7, 8)!;
    must(gap.type == EventType.Gap && gap.start == 7 && gap.stop == 8, "the gap");
    const plain = newEvent(EventType.Eos)!;
    must(plain.rate == 1 && plain.start == NONE && plain.stop == NONE && plain.refs == 1, "nothing is in it");
    eventUnref(e);
    eventUnref(gap);
    eventUnref(plain);
    end();
  });
});

describe("tags", () => {
  test("a text is found by its name among others", () => {
    begin();
    const tags = newTags()!;
    const text = String.UTF8.encode("a title");
    tags.int(Atom.width, 5);
    tags.double(Atom.height, 0.5);
    tags.text(Atom.title, changetype<usize>(text), text.byteLength);
    expect<u32>(tags.count).toBe(3);
    const p = findTag(tags, Atom.title, LENGTH);
    expect<string>(String.UTF8.decodeUnsafe(p, load<u32>(LENGTH))).toBe("a title");
    expect<usize>(findTag(tags, Atom.artist, LENGTH)).toBe(0);
    expect<usize>(findTag(tags, Atom.width, LENGTH)).toBe(0, "a number is no text");
    const r = changetype<RecordReader>(READER).over(tags.data.data, tags.data.length);
    r.text();
    expect<i64>(r.int()).toBe(5);
    r.text();
    expect<f64>(r.double()).toBe(0.5);
    tagsUnref(tags);
    end();
  });

  test("what is empty, no UTF-8 or too long is left out", () => {
    begin();
    const tags = newTags()!;
    const bytes = new StaticArray<u8>(MAX_TAG + 1);
    bytes.fill(97);
    const p = changetype<usize>(bytes);
    tags.text(Atom.title, p, 0);
    tags.text(Atom.title, p, MAX_TAG + 1);
    bytes[3] = 0x80;
    tags.text(Atom.title, p, 10);
    expect<u32>(tags.count).toBe(0);
    bytes[3] = 97;
    for (let i = 0; i < 100; i++) tags.text(Atom.title, p, MAX_TAG);
    expect<u32>(tags.count).toBeGreaterThan(10);
    expect<u32>(tags.count).toBeLessThan(20, "a list has an end");
    expect<usize>(findTag(tags, Atom.title, LENGTH)).not.toBe(0);
    tagsUnref(tags);
    end();
  });
});
