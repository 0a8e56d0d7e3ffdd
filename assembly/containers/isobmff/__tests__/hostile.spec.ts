import { heap } from "../../../base/heap";
import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { Code } from "../../../generated/errors";
import { Fourcc } from "../boxes";
import { begin, beginFull, end } from "../boxwriter";
import { DEMUXER_SIZE, Demuxer, Step } from "../demuxer";
import { Format } from "../entries";
import { MuxSample, MuxTrack, newMuxTrack } from "../muxtrack";
import { MUXER_SIZE, Muxer } from "../muxer";
import { Handler } from "../track";
import { Host } from "./host";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const MUXER: usize = memory.data(MUXER_SIZE, 8);
const DEMUXER: usize = memory.data(DEMUXER_SIZE, 8);
const SAMPLE: usize = memory.data(64, 8);
const BACKUP: usize = memory.data(16384, 8);

const w = changetype<Writer>(WRITER);
const muxer = changetype<Muxer>(MUXER);
const demuxer = changetype<Demuxer>(DEMUXER);
const cell = changetype<MuxSample>(SAMPLE);

function add(order: u32, handler: u32, type: u32): MuxTrack {
  const t = newMuxTrack(order, handler, 1000)!;
  muxer.add(t);
  const at = begin(t.entries, type);
  t.entries.zeros(handler == Handler.Video ? 78 : 28);
  end(t.entries, at);
  t.entryCount = 1;
  t.description = 1;
  return t;
}

function sampleAt(i: u32): MuxSample {
  cell.size = 10 + i;
  cell.dts = i * 40;
  cell.pts = i * 40 + 40;
  cell.ptsNs = cell.pts * 1_000_000;
  cell.duration = 40;
  cell.sync = i % 10 == 0;
  cell.hidden = false;
  return cell;
}

/** A small file with two tracks. */
function build(fragmented: bool): void {
  memory.fill(WRITER, 0, WRITER_SIZE);
  muxer.prepare(fragmented, 1000);
  const a = add(0, Handler.Video, Format.avc1);
  const b = add(1, Handler.Audio, Format.mp4a);
  muxer.writeFileType(w);
  if (fragmented) {
    for (let f: u32 = 0; f < 3; f++) {
      for (let i: u32 = 0; i < 10; i++) {
        a.collect(sampleAt(f * 10 + i), 1);
        b.collect(sampleAt(f * 10 + i), 1);
      }
      if (!f) muxer.writeMovie(w, 0);
      muxer.writeFragment(w, w.length);
      w.zeros(a.fragmentBytes + b.fragmentBytes);
      muxer.endFragment();
    }
  } else {
    let bytes: u32 = 0;
    for (let i: u32 = 0; i < 30; i++) {
      a.index(sampleAt(i), 5000 + bytes, false);
      bytes += 10 + i;
      b.index(sampleAt(i), 5000 + bytes, false);
      bytes += 10 + i;
    }
    muxer.writeMovie(w, 0);
    const mdat = begin(w, Fourcc.mdat);
    while (w.length < 5000 + bytes) w.u8(0);
    end(w, mdat);
  }
  muxer.release();
}

/** Runs the demuxer over the file; it must come to an end within bounds. */
function run(seekable: bool, length: u32, piece: u32): Step {
  demuxer.prepare(seekable, seekable ? length : -1, 1 << 20);
  const host = new Host(demuxer, w.data, length, piece);
  const live = heap().liveBytes;
  let step = host.next();
  let samples: u32 = 0;
  while (step == Step.Movie || step == Step.Sample) {
    if (step == Step.Sample) {
      const s = demuxer.sample;
      must(s.offset >= 0 && s.offset + s.size <= <i64>length, "a sample lies in the file");
      samples++;
    }
    must(heap().liveBytes - live < 1 << 20, "memory stays in bounds");
    must(host.warnings < 1000, "warnings do not go on and on");
    step = host.next();
  }
  must(step == Step.End || step == Step.Error, "it comes to an end");
  must(!host.strayed, "no byte was asked for that cannot be had");
  must(samples <= length, "no more samples than bytes");
  demuxer.release();
  return step;
}

describe("hostile files", () => {
  test("what is changed at random ends within bounds, and gives all memory back", () => {
    for (let form = 0; form < 2; form++) {
      freshHeap();
      build(form == 1);
      must(w.length < 16384, "the file is small");
      memory.copy(BACKUP, w.data, w.length);
      const random = new Random(form + 1);
      for (let round = 0; round < 4000; round++) {
        memory.copy(w.data, BACKUP, w.length);
        const n: u32 = 1 + random.below(6);
        for (let k: u32 = 0; k < n; k++) {
          // Mostly in the boxes, which come first.
          const at = random.below(random.below(4) ? 3000 : w.length - 4);
          const what = random.below(4);
          if (what == 0) store<u8>(w.data + at, <u8>random.next());
          else if (what == 1) store<u32>(w.data + at, <u32>random.next());
          else if (what == 2) store<u32>(w.data + at, bswap<u32>(<u32>random.spread(32)));
          else store<u32>(w.data + at, 0xffffffff);
        }
        const length = random.below(5) ? w.length : random.below(w.length);
        run(random.bool(), length, 1 + random.below(3000));
      }
      w.release();
      mustBeEmpty();
    }
  });

  test("random bytes are no file", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    const random = new Random(9);
    w.zeros(4096);
    for (let round = 0; round < 500; round++) {
      random.fill(w.data, 4096);
      expect<i32>(run(random.bool(), 4096, 4096)).toBe(Step.Error);
    }
    w.release();
    mustBeEmpty();
  });

  test("nothing at all is an error", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    for (let seekable = 0; seekable < 2; seekable++) {
      expect<i32>(run(seekable == 1, 0, 1)).toBe(Step.Error);
      expect<i32>(demuxer.code).toBe(Code.NoData);
    }
    mustBeEmpty();
  });

  test("a movie box over the limit is refused before anything is taken for it", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    w.u32((1 << 20) + 1);
    w.u32(Fourcc.moov);
    w.zeros(100);
    const allocs = heap().allocs;
    expect<i32>(run(false, w.length, 50)).toBe(Step.Error);
    expect<i32>(demuxer.code).toBe(Code.BoxTooLarge);
    expect<u32>(heap().allocs).toBe(allocs);
    w.release();
    mustBeEmpty();
  });

  test("a movie box that claims more than comes takes no more memory than came", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    w.u32(1 << 20);
    w.u32(Fourcc.moov);
    w.zeros(1000);
    demuxer.prepare(false, -1, 1 << 20);
    const before = heap().peakBytes;
    const host = new Host(demuxer, w.data, w.length, 100);
    expect<i32>(host.next()).toBe(Step.Error);
    expect<i32>(demuxer.code).toBe(Code.Truncated);
    expect<i64>(demuxer.at).toBe(1008);
    expect<i64>(demuxer.amount).toBe((1 << 20) - 1008);
    expect<u32>(heap().peakBytes).toBeLessThan(before + 4096);
    demuxer.release();
    w.release();
    mustBeEmpty();
  });

  test("a run of four thousand million samples without bytes gives only a few", () => {
    freshHeap();
    build(true);
    // The first fragment: a run that has only its count, in a track fragment whose samples have no size.
    const length = w.length;
    const moof = begin(w, Fourcc.moof);
    const traf = begin(w, Fourcc.traf);
    const tfhd = beginFull(w, Fourcc.tfhd, 0, 0x20000);
    w.u32(1);
    end(w, tfhd);
    const trun = beginFull(w, Fourcc.trun, 0, 0);
    w.u32(0xffffffff);
    end(w, trun);
    end(w, traf);
    end(w, moof);
    const mdat = begin(w, Fourcc.mdat);
    end(w, mdat);
    must(w.length > length, "it was added");
    demuxer.prepare(false, -1, 1 << 20);
    const host = new Host(demuxer, w.data, w.length, 4096);
    let samples = 0;
    let step = host.next();
    while (step == Step.Movie || step == Step.Sample) {
      if (step == Step.Sample) samples++;
      step = host.next();
    }
    expect<i32>(step).toBe(Step.End);
    // The run is damaged, and its samples lie in front of the media.
    expect<u32>(host.warnings).toBe(2);
    expect<i32>(samples).toBeLessThan(100);
    demuxer.release();
    w.release();
    mustBeEmpty();
  });

  test("a fragment before any movie box is an error that says so", () => {
    freshHeap();
    memory.fill(WRITER, 0, WRITER_SIZE);
    end(w, begin(w, Fourcc.moof));
    expect<i32>(run(false, w.length, 8)).toBe(Step.Error);
    expect<i32>(demuxer.code).toBe(Code.NoInit);
    w.release();
    mustBeEmpty();
  });

  test("a large media box, and one up to the end of the file", () => {
    freshHeap();
    build(true);
    const last = w.length;
    // Behind everything: free boxes with a 64-bit size and with none.
    w.u32(1);
    w.u32(Fourcc.free);
    w.u64(16 + 5);
    w.zeros(5);
    w.u32(0);
    w.u32(Fourcc.mdat);
    w.zeros(50);
    must(w.length > last, "they were added");
    expect<i32>(run(true, w.length, 512)).toBe(Step.End);
    expect<i32>(run(false, w.length, 512)).toBe(Step.End);
    w.release();
    mustBeEmpty();
  });
});
