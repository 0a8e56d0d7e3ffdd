import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { Fourcc } from "../boxes";
import { begin, beginFull, end } from "../boxwriter";
import { SAMPLE_SIZE, Sample, SampleFlag } from "../sample";
import { Tables } from "../tables";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const TABLES: usize = memory.data(256, 8);
const SAMPLE: usize = memory.data(SAMPLE_SIZE, 8);

const w = changetype<Writer>(WRITER);
const tables = changetype<Tables>(TABLES);
const sample = changetype<Sample>(SAMPLE);

/** The simple model: a sample as it must come. */
class Model {
  offset: i64 = 0;
  dts: i64 = 0;
  size: u32 = 0;
  duration: u32 = 0;
  cts: i32 = 0;
  description: u32 = 0;
  key: bool = false;
  droppable: bool = false;
}

/** Writes stbl tables for `n` random samples, each kind of table in each of its forms, and gives what must come. */
function build(random: Random, n: u32): Array<Model> {
  memory.fill(WRITER, 0, WRITER_SIZE);
  memory.fill(TABLES, 0, 256);
  const out = new Array<Model>();
  for (let i: u32 = 0; i < n; i++) out.push(new Model());
  durations(random, out);
  if (random.bool()) offsets(random, out);
  sizes(random, out);
  chunks(random, out);
  if (random.bool()) sync(random, out);
  else for (let i = 0; i < out.length; i++) out[i].key = true;
  if (random.below(3) == 0) dependencies(random, out);
  return out;
}

function durations(random: Random, out: Array<Model>): void {
  const at = beginFull(w, Fourcc.stts, 0, 0);
  const count = w.length;
  w.u32(0);
  let entries: u32 = 0;
  let dts: i64 = 0;
  for (let i = 0; i < out.length;) {
    // An entry without samples is passed over.
    const run: u32 = random.below(8) == 0 ? 0 : 1 + random.below(9);
    const delta = random.below(5) == 0 ? 0 : <u32>random.spread(20);
    w.u32(run);
    w.u32(delta);
    entries++;
    for (let k: u32 = 0; k < run && i < out.length; k++, i++) {
      out[i].dts = dts;
      out[i].duration = delta;
      dts += delta;
    }
  }
  w.patch32(count, entries);
  end(w, at);
}

function offsets(random: Random, out: Array<Model>): void {
  const at = beginFull(w, Fourcc.ctts, 1, 0);
  const count = w.length;
  w.u32(0);
  let entries: u32 = 0;
  for (let i = 0; i < out.length && random.below(40);) {
    const run = random.below(4);
    const cts = <i32>random.below(4000) - 1000;
    w.u32(run);
    w.u32(cts);
    entries++;
    for (let k: u32 = 0; k < run && i < out.length; k++, i++) out[i].cts = cts;
  }
  w.patch32(count, entries);
  end(w, at);
}

function sizes(random: Random, out: Array<Model>): void {
  const form = random.below(5);
  const n = out.length;
  if (form < 2) {
    const at = beginFull(w, Fourcc.stsz, 0, 0);
    const size: u32 = form ? 1 + random.below(5000) : 0;
    w.u32(size);
    w.u32(n);
    for (let i = 0; i < n; i++) {
      out[i].size = size ? size : <u32>random.spread(24);
      if (!size) w.u32(out[i].size);
    }
    end(w, at);
    return;
  }
  const bits: u32 = form == 2 ? 4 : form == 3 ? 8 : 16;
  const at = beginFull(w, Fourcc.stz2, 0, 0);
  w.u32(bits);
  w.u32(n);
  let half: u32 = 0;
  for (let i = 0; i < n; i++) {
    const size = random.below(1 << bits);
    out[i].size = size;
    if (bits == 16) w.u16(size);
    else if (bits == 8) w.u8(size);
    else if (i & 1) w.u8(half | size);
    else if (i + 1 == n) w.u8(size << 4);
    else half = size << 4;
  }
  end(w, at);
}

function chunks(random: Random, out: Array<Model>): void {
  const per = new Array<u32>();
  const descriptions = new Array<u32>();
  const at = beginFull(w, Fourcc.stsc, 0, 0);
  const count = w.length;
  w.u32(0);
  let entries: u32 = 0;
  let left = <u32>out.length;
  while (left) {
    const run: u32 = 1 + random.below(5);
    const n = random.below(9);
    const description: u32 = 1 + random.below(3);
    w.u32(per.length + 1);
    w.u32(n);
    w.u32(description);
    entries++;
    for (let k: u32 = 0; k < run; k++) {
      per.push(n);
      descriptions.push(description);
      left -= min<u32>(n, left);
    }
  }
  w.patch32(count, entries);
  end(w, at);
  const large = random.bool();
  const table = beginFull(w, large ? Fourcc.co64 : Fourcc.stco, 0, 0);
  w.u32(per.length);
  let i = 0;
  for (let c = 0; c < per.length; c++) {
    let offset: i64 = large ? <i64>random.spread(40) : <i64>random.spread(32);
    if (large) w.u64(offset);
    else w.u32(<u32>offset);
    for (let k: u32 = 0; k < per[c] && i < out.length; k++, i++) {
      out[i].offset = offset;
      out[i].description = descriptions[c];
      offset += out[i].size;
    }
  }
  end(w, table);
}

function sync(random: Random, out: Array<Model>): void {
  const at = beginFull(w, Fourcc.stss, 0, 0);
  const count = w.length;
  w.u32(0);
  let entries: u32 = 0;
  for (let i = 0; i < out.length; i++) {
    if (random.below(6)) continue;
    w.u32(i + 1);
    out[i].key = true;
    entries++;
  }
  w.patch32(count, entries);
  end(w, at);
}

function dependencies(random: Random, out: Array<Model>): void {
  const at = beginFull(w, Fourcc.sdtp, 0, 0);
  for (let i = 0; i < out.length; i++) {
    const v = random.below(256);
    w.u8(v);
    out[i].droppable = (v & 0x0c) == 0x08;
  }
  end(w, at);
}

function same(m: Model): bool {
  return (
    sample.offset == m.offset &&
    sample.dts == m.dts &&
    sample.size == m.size &&
    sample.duration == m.duration &&
    sample.cts == m.cts &&
    sample.description == m.description &&
    sample.has(SampleFlag.Key) == m.key &&
    sample.has(SampleFlag.Droppable) == m.droppable
  );
}

describe("sample tables", () => {
  test("random tables give the samples of a simple model, one after the other", () => {
    freshHeap();
    for (let seed = 1; seed <= 400; seed++) {
      const random = new Random(seed);
      const model = build(random, random.below(200));
      tables.read(w.data, w.data + w.length);
      must(!tables.short, "every table is as long as it says");
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < model.length; i++) must(tables.next(sample) && same(model[i]), "sample");
        must(!tables.next(sample), "and no more");
        tables.rewind();
      }
      w.release();
    }
    mustBeEmpty();
  });

  test("going to a sample is the same as walking there", () => {
    freshHeap();
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed * 977);
      const model = build(random, 1 + random.below(200));
      tables.read(w.data, w.data + w.length);
      for (let k = 0; k < 20; k++) {
        const i = random.below(model.length);
        tables.seek(i);
        for (let j = i; j < <u32>model.length && j < i + 30; j++) must(tables.next(sample) && same(model[j]), "sample");
      }
      tables.seek(model.length);
      must(!tables.next(sample), "behind the end there is nothing");
      w.release();
    }
    mustBeEmpty();
  });

  test("the sample of a time, and the sync sample before it", () => {
    freshHeap();
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed * 31 + 5);
      const model = build(random, 1 + random.below(200));
      tables.read(w.data, w.data + w.length);
      const n = model.length;
      const total = model[n - 1].dts + model[n - 1].duration;
      must(tables.duration() == total, "the duration of all samples");
      for (let k = 0; k < 20; k++) {
        const t = <i64>(random.next() % <u64>(total + 10)) - 5;
        const i = tables.at(t);
        must(i < <u32>n, "there is a sample");
        if (t > 0 && t < total)
          must(model[i].dts <= t && model[i].dts + model[i].duration > t, "it lasts at that time");
        let sync = <i32>i;
        while (sync > 0 && !model[sync].key) sync--;
        must(tables.syncBefore(i) == <u32>sync, "the last sync sample, or the first sample");
      }
      w.release();
    }
    mustBeEmpty();
  });

  test("tables that claim more than they have give what is there", () => {
    freshHeap();
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed * 13);
      build(random, random.below(60));
      // Counts of all tables are replaced, so that they claim too much, or anything.
      for (let p: u32 = 0; p + 16 <= w.length;) {
        const size = load<u32>(w.data + p);
        if (random.bool()) w.patch32(p + 12, random.bool() ? 0xffffffff : <u32>random.spread(32));
        p += bswap<u32>(size);
      }
      memory.fill(TABLES, 0, 256);
      tables.read(w.data, w.data + w.length);
      tables.bound(100000);
      let samples: u32 = 0;
      while (samples < 200000 && tables.next(sample)) samples++;
      must(samples < 200000, "they come to an end");
      for (let k = 0; k < 5; k++) {
        tables.seek(<u32>random.spread(32));
        tables.next(sample);
        tables.at(<i64>random.spread(50));
      }
      w.release();
    }
    mustBeEmpty();
  });

  test("equal samples are no more than the file has room for", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    memory.fill(TABLES, 0, 256);
    const at = beginFull(w, Fourcc.stsz, 0, 0);
    w.u32(188);
    w.u32(0xffffffff);
    end(w, at);
    tables.read(w.data, w.data + w.length);
    tables.bound(-1);
    expect<u32>(tables.samples).toBe(0xffffffff, "while the length is not known they come as their bytes do");
    tables.bound(1000);
    expect<u32>(tables.samples).toBe(6, "those that fit, and one by which the others are missed");
    w.release();
    mustBeEmpty();
  });

  test("frames of uncompressed audio leave in stretches that end with their chunk", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    memory.fill(TABLES, 0, 256);
    let at = beginFull(w, Fourcc.stts, 0, 0);
    w.u32(1);
    w.u32(2500);
    w.u32(1);
    end(w, at);
    at = beginFull(w, Fourcc.stsz, 0, 0);
    w.u32(4);
    w.u32(2500);
    end(w, at);
    at = beginFull(w, Fourcc.stsc, 0, 0);
    w.u32(1);
    w.u32(1);
    w.u32(1500);
    w.u32(1);
    end(w, at);
    at = beginFull(w, Fourcc.stco, 0, 0);
    w.u32(2);
    w.u32(1000);
    w.u32(20000);
    end(w, at);
    tables.read(w.data, w.data + w.length);
    expect<bool>(tables.singleTicks()).toBe(true);
    tables.group = 1024;
    tables.frames = 1;
    tables.bytes = 4;
    const offsets: StaticArray<i64> = [1000, 5096, 20000];
    const frames: StaticArray<u32> = [1024, 476, 1000];
    const times: StaticArray<i64> = [0, 1024, 1500];
    for (let i = 0; i < 3; i++) {
      expect<bool>(tables.next(sample)).toBe(true);
      expect<i64>(sample.offset).toBe(offsets[i]);
      expect<u32>(sample.size).toBe(frames[i] * 4);
      expect<u32>(sample.duration).toBe(frames[i]);
      expect<i64>(sample.dts).toBe(times[i]);
    }
    expect<bool>(tables.next(sample)).toBe(false);
    tables.seek(1600);
    expect<bool>(tables.next(sample)).toBe(true);
    expect<i64>(sample.dts).toBe(1500, "the stretch that it lies in");
    w.release();
    mustBeEmpty();
  });

  test("an empty table box is no table", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    memory.fill(TABLES, 0, 256);
    end(w, begin(w, Fourcc.stsz));
    end(w, begin(w, Fourcc.stco));
    end(w, begin(w, Fourcc.stsc));
    tables.read(w.data, w.data + w.length);
    expect<bool>(tables.next(sample)).toBe(false);
    w.release();
    mustBeEmpty();
  });
});
