import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { SECOND } from "../../../core/time";
import { begin, end } from "../boxwriter";
import { DEMUXER_SIZE, Demuxer, Step } from "../demuxer";
import { Format } from "../entries";
import { MuxSample, MuxTrack, newMuxTrack } from "../muxtrack";
import { MUXER_SIZE, Muxer } from "../muxer";
import { CHUNK_RECORD, PAGES_SIZE, Pages, SAMPLE_RECORD } from "../sampleindex";
import { Handler } from "../track";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const MUXER: usize = memory.data(MUXER_SIZE, 8);
const DEMUXER: usize = memory.data(DEMUXER_SIZE, 8);
const SAMPLE: usize = memory.data(64, 8);
const PAGES: usize = memory.data(PAGES_SIZE, 4);

const w = changetype<Writer>(WRITER);
const muxer = changetype<Muxer>(MUXER);
const demuxer = changetype<Demuxer>(DEMUXER);
const cell = changetype<MuxSample>(SAMPLE);

/** A file of which there is only the index; its media would be a terabyte. */
const LENGTH: i64 = 1 << 40;
const RATE: u32 = 1000;

function start(): MuxTrack {
  freshHeap();
  memory.fill(WRITER, 0, WRITER_SIZE);
  muxer.prepare(false, RATE);
  const t = newMuxTrack(0, Handler.Video, RATE)!;
  muxer.add(t);
  addEntry(t);
  return t;
}

function addEntry(t: MuxTrack): void {
  const at = begin(t.entries, Format.avc1);
  t.entries.zeros(78);
  end(t.entries, at);
  t.entryCount++;
  t.description = t.entryCount;
}

/** A sample; every tenth is a sync sample. */
function sample(i: u32, dts: i64, pts: i64, duration: u32): MuxSample {
  cell.size = 100 + i;
  cell.dts = dts;
  cell.pts = pts;
  cell.ptsNs = pts * 1_000_000;
  cell.duration = duration;
  cell.sync = i % 10 == 0;
  cell.hidden = false;
  return cell;
}

/** Writes the index, and reads it up to where samples come. */
function read(shift: i64): void {
  muxer.writeFileType(w);
  muxer.writeMovie(w, shift);
  must(!w.full, "all was written");
  demuxer.prepare(true, LENGTH, 1 << 20);
  while (demuxer.next() == Step.Need) {
    must(demuxer.feed(w.data + <u32>demuxer.offset, w.length - <u32>demuxer.offset, demuxer.offset), "there is room");
  }
  must(demuxer.hasMovie, "the movie comes first");
}

function next(): void {
  must(demuxer.next() == Step.Sample, "a sample");
}

function finish(): void {
  demuxer.release();
  muxer.release();
  w.release();
  mustBeEmpty();
}

describe("the index of a progressive file", () => {
  test("offsets beyond 32 bits are kept, also where it is only their shift that takes them there", () => {
    for (let far = 0; far < 2; far++) {
      const t = start();
      const from: i64 = far ? 0x1_2345_6789 : 0x1_0000_0000 - 50_100;
      for (let i: u32 = 0; i < 50; i++) t.index(sample(i, i * 40, i * 40, 40), from + i * 1000, false);
      read(0x1000);
      for (let i: u32 = 0; i < 50; i++) {
        next();
        must(demuxer.sample.offset == from + i * 1000 + 0x1000, "offset");
        must(demuxer.sample.size == 100 + i, "size");
      }
      expect<i32>(demuxer.next()).toBe(Step.End);
      finish();
    }
  });

  test("times and lengths beyond 32 bits are kept", () => {
    const t = start();
    const step: i64 = 0xf000_0000;
    for (let i: u32 = 0; i < 5; i++) t.index(sample(i, i * step, i * step, <u32>step), i * 1000, false);
    read(0);
    expect<i64>(demuxer.movie.duration).toBe(5 * step);
    expect<i64>(demuxer.movie.tracks.get(0).duration).toBe(5 * step);
    for (let i: u32 = 0; i < 5; i++) {
      next();
      must(demuxer.sample.dtsNs == i * step * 1_000_000, "decoding time");
    }
    finish();
  });

  test("a sample description that changes counts from the sample it comes with", () => {
    const t = start();
    for (let i: u32 = 0; i < 30; i++) {
      if (i == 13) addEntry(t);
      t.index(sample(i, i * 40, i * 40, 40), 5000 + i * 1000, i > 0);
    }
    read(0);
    for (let i: u32 = 0; i < 30; i++) {
      next();
      must(demuxer.sample.description == (i < 13 ? 1 : 2), "description");
    }
    finish();
  });

  test("pictures presented before they are decoded keep their presentation", () => {
    const t = start();
    for (let i: u32 = 0; i < 20; i++) t.index(sample(i, i * 40, <i64>i * 40 - 80 + (i & 3) * 40, 40), i * 1000, false);
    read(0);
    for (let i: u32 = 0; i < 20; i++) {
      next();
      const s = demuxer.sample;
      must(s.ptsNs == (<i64>i * 40 - 80 + (i & 3) * 40) * 1_000_000, "presentation time");
      must(s.dtsNs <= s.ptsNs, "no picture is decoded after it is shown");
    }
    finish();
  });

  test("a seek to the sync sample after a time, and before it", () => {
    const t = start();
    for (let i: u32 = 0; i < 100; i++) t.index(sample(i, i * 40, i * 40, 40), i * 1000, false);
    read(0);
    expect<i64>(demuxer.seek(SECOND, false)).toBe(SECOND - 200_000_000);
    next();
    expect<u32>(demuxer.sample.size).toBe(120);
    expect<i64>(demuxer.seek(SECOND, true)).toBe(SECOND + 200_000_000);
    next();
    expect<u32>(demuxer.sample.size).toBe(130);
    // Behind the last sync sample there is none after.
    expect<i64>(demuxer.seek(SECOND * 3 + 700_000_000, true)).toBe(SECOND * 3 + 600_000_000);
    finish();
  });

  test("the file that ends early takes the number of samples of one size back", () => {
    const t = start();
    for (let i: u32 = 0; i < 1000; i++) {
      sample(0, i * 40, i * 40, 40);
      t.index(cell, i * 100, i > 0);
    }
    read(0);
    const tables = demuxer.movie.tracks.get(0).tables;
    expect<u32>(tables.samples).toBe(1000);
    demuxer.endsAt(5000);
    expect<u32>(tables.samples).toBe(51);
    let samples = 0;
    let step = demuxer.next();
    while (step == Step.Sample) {
      samples++;
      step = demuxer.next();
    }
    expect<i32>(samples).toBe(50);
    expect<i32>(step).toBe(Step.Error);
    finish();
  });

  test("records in pages stay where they are", () => {
    freshHeap();
    const pages = changetype<Pages>(PAGES);
    for (let form = 0; form < 2; form++) {
      const size = form ? CHUNK_RECORD : SAMPLE_RECORD;
      pages.prepare(size);
      const first = pages.add();
      store<u32>(first, 7);
      for (let i: u32 = 1; i < 20_000; i++) {
        const p = pages.add();
        must(p != 0, "there is room");
        store<u32>(p, i);
        store<u32>(p + size - 4, ~i);
      }
      must(pages.at(0) == first && load<u32>(first) == 7, "the first has not moved");
      for (let i: u32 = 1; i < 20_000; i++) {
        must(load<u32>(pages.at(i)) == i && load<u32>(pages.at(i) + size - 4) == ~i, "what was put in");
      }
      expect<u32>(pages.count).toBe(20_000);
      pages.release();
    }
    mustBeEmpty();
  });
});

describe("the boxes of a fragmented file", () => {
  test("points of entry are noted only where they will be written", () => {
    for (let noted = 0; noted < 2; noted++) {
      freshHeap();
      memory.fill(WRITER, 0, WRITER_SIZE);
      muxer.prepare(true, RATE);
      muxer.notePoints = noted == 1;
      const t = newMuxTrack(0, Handler.Video, RATE)!;
      muxer.add(t);
      addEntry(t);
      for (let f: u32 = 0; f < 5; f++) {
        t.collect(sample(0, f * 40, f * 40, 40), 1);
        muxer.writeFragment(w, w.length);
        muxer.endFragment();
      }
      w.clear();
      muxer.writeRandomAccess(w);
      // tfra: header, track and lengths, 19 bytes an entry; mfro, and the box around both.
      expect<u32>(w.length).toBe(8 + 24 + (noted ? 5 * 19 : 0) + 16);
      muxer.release();
      w.release();
      mustBeEmpty();
    }
  });
});
