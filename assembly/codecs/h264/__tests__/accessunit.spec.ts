import { Random } from "../../../base/__tests__/random";
import { must } from "../../../base/__tests__/region";
import { heap } from "../../../base/heap";
import { FrameFlag } from "../../../core/frame";
import { NONE } from "../../../core/time";
import { begin, drop, end, frameOf, hashList, hashOf } from "../../__tests__/input";
import { ACCESS_UNITS_SIZE, AccessUnits } from "../accessunit";
import { Rbsp, Shape } from "./rbsp";

const UNITS: usize = memory.data(ACCESS_UNITS_SIZE, 8);
const NAL: usize = memory.data(8192, 8);
const units = changetype<AccessUnits>(UNITS);

/** An access unit as it was written. */
class Expected {
  constructor(
    public start: u32,
    public size: u32,
    public key: bool,
    public nals: u32,
    public reference: bool,
  ) {}
}

/** A byte stream under construction. */
class Stream {
  data: StaticArray<u8> = new StaticArray<u8>(1 << 18);
  length: u32 = 0;
  units: Array<Expected> = [];
  private start: u32 = 0;
  private nals: u32 = 0;
  private key: bool = false;
  private reference: bool = false;

  constructor(public random: Random) {}

  get base(): usize {
    return changetype<usize>(this.data);
  }

  /** Appends a NAL unit of `n` bytes at NAL with a start code. */
  nal(n: u32, long: bool): void {
    if (long) store<u8>(this.base + this.length++, 0);
    store<u8>(this.base + this.length, 0);
    store<u8>(this.base + this.length + 1, 0);
    store<u8>(this.base + this.length + 2, 1);
    memory.copy(this.base + this.length + 3, NAL, n);
    this.length += 3 + n;
    this.nals++;
    const type = load<u8>(NAL) & 31;
    if (type == 5) this.key = true;
    if ((type == 1 || type == 5) && load<u8>(NAL) & 0x60) this.reference = true;
  }

  /** The access unit ends here. */
  cut(): void {
    this.units.push(new Expected(this.start, this.length - this.start, this.key, this.nals, this.reference));
    this.start = this.length;
    this.nals = 0;
    this.key = false;
    this.reference = false;
  }

  get isLong(): bool {
    return this.random.bool();
  }
}

/** A NAL unit of a type with random bytes, in which no start code is, at NAL; its bytes. */
function filler(random: Random, header: u32, most: u32): u32 {
  const n: u32 = 2 + random.below(most);
  store<u8>(NAL, header);
  for (let i: u32 = 1; i < n + 3; i++) store<u8>(NAL + i, 4 + random.below(250));
  // One SEI message, of user data.
  if (header == 6) {
    store<u8>(NAL + 1, 5);
    store<u8>(NAL + 2, n + 1);
    return n + 3;
  }
  return n;
}

/** A slice of a frame at NAL; its bytes. */
function slice(
  s: Stream,
  shape: Shape,
  header: u32,
  first: u32,
  type: u32,
  frame: u32,
  idrId: u32,
  lsb: u32,
  field: u32,
): u32 {
  const w = new Rbsp();
  w.ue(first)
    .ue(type)
    .ue(0)
    .bits(shape.frameBits, frame & ((1 << shape.frameBits) - 1));
  if (!shape.framesOnly) w.bits(1, field ? 1 : 0);
  if (!shape.framesOnly && field) w.bits(1, field - 1);
  if ((header & 31) == 5) w.ue(idrId);
  w.bits(shape.pocBits, lsb & ((1 << shape.pocBits) - 1));
  const n = s.random.below(s.random.bool() ? 10 : 1500);
  for (let i: u32 = 0; i < n; i++) w.bits(8, s.random.below(3) ? s.random.below(256) : 0);
  return w.trailing().nal(NAL, header);
}

/** Writes pictures of several slices, with everything that may stand in front of them. */
function write(s: Stream, count: u32, fields: bool, delimiters: bool): void {
  const random = s.random;
  const shape = new Shape();
  shape.profile = 77;
  shape.framesOnly = !fields;
  shape.pocBits = 8;
  let frame: u32 = 0;
  for (let k: u32 = 0; k < count; k++) {
    const idr = k == 0 || !random.below(6);
    if (idr) frame = 0;
    const reference: u32 = idr || random.below(3) ? 0x60 : 0;
    if (delimiters) {
      store<u8>(NAL, 9);
      store<u8>(NAL + 1, 0xf0);
      s.nal(2, true);
    }
    if (k == 0 || (idr && random.bool())) {
      s.nal(shape.sps(NAL), true);
      s.nal(shape.pps(NAL, 0), s.isLong);
    }
    if (random.bool()) s.nal(filler(random, 6, 40), s.isLong);
    const field: u32 = fields ? random.below(2) : 0;
    const pictures: u32 = field ? 2 : 1;
    for (let p: u32 = 0; p < pictures; p++) {
      // Fields are access units of their own (7.4.1.2.4).
      if (p) s.cut();
      const slices = 1 + random.below(4);
      for (let i: u32 = 0; i < <u32>slices; i++) {
        const header: u32 = idr && !p ? 0x65 : reference | 1;
        const type: u32 = idr ? 7 : 5;
        s.nal(slice(s, shape, header, i * 20, type, frame, k & 1, 2 * k + p, field ? 1 + p : 0), s.isLong);
      }
    }
    if (!random.below(5)) s.nal(filler(random, 12, 30), s.isLong);
    s.cut();
    if (reference) frame++;
  }
}

/** Feeds a stream in pieces of random sizes and compares what comes; `whole` of it one unit a piece, with times. */
function check(s: Stream, random: Random, whole: bool, what: string): void {
  must(units.init(), "there is memory");
  let at: u32 = 0;
  let k = 0;
  let place: u32 = 0;
  const live = heap().liveBytes;
  while (at <= s.length) {
    if (at < s.length) {
      const n = whole
        ? s.units[k < s.units.length ? unitAt(s, at) : 0].size
        : min<u32>(s.length - at, 1 + random.below(random.bool() ? 20 : 3000));
      const f = frameOf(s.base + at, n, random);
      if (whole) {
        f.pts = 1000 + unitAt(s, at);
        f.offset = at;
      }
      must(units.feed(f), "there is memory");
      drop(f);
      at += n;
    } else {
      units.finish();
      at++;
    }
    must(heap().liveBytes < live + 8 * s.length + 400_000, "memory stays in bounds");
    while (units.next()) {
      must(k < s.units.length, `${what}: too many units`);
      const e = s.units[k];
      must(
        place == e.start && units.unitSize == e.size,
        `${what}: unit ${k}: ${units.unitSize} bytes at ${place}, not ${e.size} at ${e.start}`,
      );
      must(hashList(units.bytes, 0, e.size) == hashOf(s.base + place, e.size), "its bytes");
      must(units.isKey == e.key && units.reference == e.reference, `${what}: unit ${k}: its flags`);
      must(units.nalCount == e.nals, `${what}: unit ${k}: ${units.nalCount} NAL units, not ${e.nals}`);
      for (let i: u32 = 0; i < units.nalCount; i++) {
        const nal = units.nal(i);
        must(nal.start < nal.end && nal.end <= e.size, "NAL units lie in it");
        must(nal.header == load<u8>(s.base + place + nal.start), "their headers");
      }
      if (whole) must(units.marks.current.pts == 1000 + k && units.marks.current.offset == <i64>place, "its time");
      else must(units.marks.current.pts == NONE, "no time");
      place += e.size;
      k++;
      must(units.taken(false), "there is memory");
    }
  }
  must(k == s.units.length, `${what}: ${k} of ${s.units.length} units`);
  units.release();
}

/** The number of the unit that starts at a place. */
function unitAt(s: Stream, at: u32): i32 {
  for (let i = 0; i < s.units.length; i++) if (s.units[i].start == at) return i;
  must(false, "a unit starts there");
  return 0;
}

describe("access units", () => {
  test("are cut where they were put together, whatever pieces they come in", () => {
    for (let seed = 0; seed < 150; seed++) {
      begin();
      const random = new Random(seed);
      const s = new Stream(random);
      write(s, 1 + random.below(25), seed % 3 == 0, seed % 2 == 0);
      check(s, random, false, `seed ${seed}`);
      check(s, random, true, `seed ${seed}, units whole`);
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("byte by byte", () => {
    begin();
    const random = new Random(1000);
    const s = new Stream(random);
    write(s, 8, false, false);
    must(units.init(), "there is memory");
    let k = 0;
    for (let at: u32 = 0; at < s.length; at++) {
      const f = frameOf(s.base + at, 1, random);
      units.feed(f);
      drop(f);
      while (units.next()) {
        must(units.unitSize == s.units[k++].size, "its size");
        units.taken(false);
      }
    }
    units.finish();
    while (units.next()) {
      must(units.unitSize == s.units[k++].size, "its size");
      units.taken(false);
    }
    expect<i32>(k).toBe(s.units.length);
    units.release();
    end();
  });

  test("a picture whose first slice is lost is still one of its own", () => {
    begin();
    const random = new Random(5);
    const s = new Stream(random);
    const shape = new Shape();
    shape.pocBits = 8;
    s.nal(shape.sps(NAL), true);
    s.nal(shape.pps(NAL, 0), true);
    for (let k: u32 = 0; k < 10; k++) {
      // Slices at macroblock 20 and 40 only.
      for (let i: u32 = 1; i < 3; i++) s.nal(slice(s, shape, k ? 0x61 : 0x65, 20 * i, 7, k, 0, 2 * k, 0), true);
      s.cut();
    }
    check(s, random, false, "lost slices");
    end();
  });

  test("pictures that differ in one field of their slices only", () => {
    // frame_num, pic_order_cnt_lsb, idr_pic_id, nal_ref_idc, whether it is an IDR picture, and the parity of a field.
    for (let kind = 0; kind < 6; kind++) {
      begin();
      const random = new Random(kind);
      const s = new Stream(random);
      const shape = new Shape();
      shape.pocBits = 8;
      shape.framesOnly = kind != 5;
      s.nal(shape.sps(NAL), true);
      s.nal(shape.pps(NAL, 0), true);
      for (let k: u32 = 0; k < 6; k++) {
        const odd = k & 1;
        let header: u32 = 0x65;
        if (kind == 3) header = odd ? 0x01 : 0x61;
        else if (kind == 4) header = odd ? 0x61 : 0x65;
        else if (kind != 2) header = 0x61;
        // None of them starts at macroblock 0.
        for (let i: u32 = 1; i < 3; i++) {
          const n = slice(
            s,
            shape,
            header,
            i,
            7,
            kind == 0 ? odd : 0,
            kind == 2 ? odd : 0,
            kind == 1 ? odd : 0,
            kind == 5 ? 1 + odd : 0,
          );
          s.nal(n, true);
        }
        s.cut();
      }
      check(s, random, false, `kind ${kind}`);
      end();
    }
    expect<bool>(true).toBe(true);
  });

  test("slices that repeat a picture (redundant_pic_cnt) belong to it", () => {
    begin();
    const random = new Random(6);
    const s = new Stream(random);
    const shape = new Shape();
    shape.pocBits = 8;
    shape.redundant = true;
    s.nal(shape.sps(NAL), true);
    s.nal(shape.pps(NAL, 0), true);
    for (let k: u32 = 0; k < 6; k++) {
      for (let i: u32 = 0; i < 2; i++) {
        const w = new Rbsp();
        w.ue(0)
          .ue(7)
          .ue(0)
          .bits(4, k)
          .bits(8, 2 * k)
          .ue(i)
          .bits(16, 0x55aa);
        s.nal(w.trailing().nal(NAL, 0x61), true);
      }
      s.cut();
    }
    check(s, random, false, "redundant slices");
    end();
  });

  test("a recovery point makes a unit a key", () => {
    begin();
    const random = new Random(7);
    const s = new Stream(random);
    const shape = new Shape();
    shape.pocBits = 8;
    s.nal(shape.sps(NAL), true);
    s.nal(shape.pps(NAL, 0), true);
    const w = new Rbsp();
    // A message of another type and of 300 bytes first.
    w.bits(8, 255).bits(8, 5).bits(8, 20);
    for (let i = 0; i < 20; i++) w.bits(8, 0);
    w.bits(8, 6).bits(8, 1).bits(8, 0xc4);
    s.nal(w.trailing().nal(NAL, 6), true);
    s.nal(slice(s, shape, 0x61, 0, 7, 0, 0, 0, 0), true);
    s.cut();
    s.nal(slice(s, shape, 0x61, 0, 5, 1, 0, 2, 0), true);
    s.cut();
    s.units[0].key = true;
    check(s, random, false, "a recovery point");
    end();
  });

  test("what was damaged on the way marks the units it reaches into, and no others", () => {
    begin();
    const random = new Random(8);
    const s = new Stream(random);
    write(s, 12, false, true);
    must(units.init(), "there is memory");
    let k = 0;
    let seen = 0;
    for (let i = 0; i <= s.units.length; i++) {
      if (i < s.units.length) {
        const e = s.units[i];
        const f = frameOf(s.base + e.start, e.size, random);
        f.pts = i;
        if (i == 5) f.flags |= FrameFlag.Corrupt;
        units.feed(f);
        drop(f);
      } else units.finish();
      while (units.next()) {
        const corrupt = (units.unitFlags & FrameFlag.Corrupt) != 0;
        must(corrupt == (k == 5), `unit ${k}`);
        if (corrupt) seen++;
        k++;
        units.taken(false);
      }
    }
    expect<i32>(seen).toBe(1);
    units.release();
    end();
  });

  test("random bytes come out as they went in", () => {
    for (let seed = 0; seed < 60; seed++) {
      begin();
      const random = new Random(2000 + seed);
      const s = new Stream(random);
      s.length = 20000;
      const rare = 2 + random.below(30);
      for (let i: u32 = 0; i < s.length; i++) {
        const b = random.below(rare + 2);
        store<u8>(s.base + i, b < 2 ? 0 : b == 2 ? 1 : <u8>random.next());
      }
      must(units.init(), "there is memory");
      let place: u32 = 0;
      let at: u32 = 0;
      while (at <= s.length) {
        const n = min<u32>(s.length - at, 1 + random.below(2000));
        if (n) {
          const f = frameOf(s.base + at, n, random);
          must(units.feed(f), "there is memory");
          drop(f);
        } else {
          units.finish();
          at++;
        }
        at += n;
        while (units.next()) {
          must(units.unitSize > 0, "no unit is empty");
          must(hashList(units.bytes, 0, units.unitSize) == hashOf(s.base + place, units.unitSize), "its bytes");
          for (let i: u32 = 0; i < units.nalCount; i++)
            must(
              units.nal(i).end <= units.unitSize,
              `NAL units lie in it: ${units.nal(i).start} to ${units.nal(i).end} of ${units.unitSize}`,
            );
          place += units.unitSize;
          must(units.taken(false), "there is memory");
        }
      }
      must(place == s.length, "nothing is left out");
      units.release();
      end();
    }
    expect<bool>(true).toBe(true);
  });
});
