import { WRITER_SIZE, Writer } from "../../../base/writer";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { Random } from "../../../base/__tests__/random";
import { SECOND, scale, ticksToNs } from "../../../core/time";
import { DEMUXER_SIZE, Demuxer, Step } from "../demuxer";
import { Fourcc } from "../boxes";
import { begin, end } from "../boxwriter";
import { Format } from "../entries";
import { FRAGMENT_WORDS, MuxSample, MuxTrack, newMuxTrack } from "../muxtrack";
import { MUXER_SIZE, Muxer } from "../muxer";
import { SampleFlag } from "../sample";
import { Handler } from "../track";
import { Host } from "./host";

const WRITER: usize = memory.data(WRITER_SIZE, 4);
const MUXER: usize = memory.data(MUXER_SIZE, 8);
const DEMUXER: usize = memory.data(DEMUXER_SIZE, 8);
const SAMPLE: usize = memory.data(64, 8);

const w = changetype<Writer>(WRITER);
const muxer = changetype<Muxer>(MUXER);
const demuxer = changetype<Demuxer>(DEMUXER);
const cell = changetype<MuxSample>(SAMPLE);

/** A sample as it goes in; its bytes are `size` times `mark`. */
class Model {
  size: u32 = 0;
  dts: i64 = 0;
  pts: i64 = 0;
  duration: u32 = 0;
  sync: bool = false;
  mark: u8 = 0;
}

class Stream {
  track: MuxTrack;
  samples: Array<Model> = new Array<Model>();
  written: i32 = 0;

  constructor(track: MuxTrack) {
    this.track = track;
  }
}

/** Appends a sample entry without a codec's configuration, which the demuxer need not know. */
function addEntry(t: MuxTrack): void {
  const at = begin(t.entries, t.isVideo ? <u32>Format.avc1 : <u32>Format.mp4a);
  t.entries.zeros(t.isVideo ? 78 : 28);
  end(t.entries, at);
  t.entryCount++;
  t.description = t.entryCount;
}

/** Tracks with random samples, in decoding order; pictures are presented up to three places later. */
function streams(random: Random): Array<Stream> {
  const out = new Array<Stream>();
  const count: u32 = 1 + random.below(3);
  for (let i: u32 = 0; i < count; i++) {
    const video = random.bool();
    const timescale: u32 = video ? 90000 : random.bool() ? 48000 : 44100;
    const t = newMuxTrack(i, video ? Handler.Video : Handler.Audio, timescale)!;
    must(muxer.add(t), "there is room for a track");
    addEntry(t);
    const stream = new Stream(t);
    const n: u32 = 1 + random.below(80);
    const regular = random.bool();
    const delta: u32 = 1 + random.below(4000);
    // Where the stream starts, of all ticks of 90 kHz.
    let dts: i64 = <i64>random.below(20) * timescale;
    const equal = random.below(4) == 0;
    let last: i64 = dts - 1;
    for (let k: u32 = 0; k < n; k++) {
      const m = new Model();
      m.size = equal ? 64 : 1 + random.below(3000);
      m.duration = regular ? delta : 1 + random.below(4000);
      m.dts = dts;
      m.pts = video ? dts + <i64>(random.below(4) * delta) : dts;
      m.sync = !video || k == 0 || random.below(8) == 0;
      // What comes before a sync sample is presented before it.
      if (m.sync) m.pts = max<i64>(m.pts, last + 1);
      last = max<i64>(last, m.pts);
      m.mark = <u8>random.below(256);
      dts += m.duration;
      stream.samples.push(m);
    }
    out.push(stream);
  }
  return out;
}

function take(m: Model, timescale: u32): MuxSample {
  cell.size = m.size;
  cell.dts = m.dts;
  cell.pts = m.pts;
  cell.ptsNs = ticksToNs(m.pts, timescale);
  cell.duration = m.duration;
  cell.sync = m.sync;
  cell.hidden = false;
  return cell;
}

function putData(m: Model): void {
  const p = w.extend(m.size);
  memory.fill(p, m.mark, m.size);
}

function prepare(fragmented: bool): void {
  memory.fill(WRITER, 0, WRITER_SIZE);
  muxer.prepare(fragmented, 90000);
}

/** Writes all samples, in the order of their decoding times, behind one header or several fragments; the index last. */
function writeProgressive(all: Array<Stream>): void {
  muxer.writeFileType(w);
  const mdat = begin(w, Fourcc.mdat);
  let last: Stream | null = null;
  while (true) {
    let best: Stream | null = null;
    let time: i64 = 0;
    for (let i = 0; i < all.length; i++) {
      const s = all[i];
      if (s.written == s.samples.length) continue;
      const t = scale(s.samples[s.written].dts, SECOND, s.track.timescale);
      if (best && t >= time) continue;
      best = s;
      time = t;
    }
    if (!best) break;
    const m = best.samples[best.written++];
    must(best.track.index(take(m, best.track.timescale), w.length, last == best), "there is room for a sample");
    putData(m);
    last = best;
  }
  end(w, mdat);
  muxer.writeMovie(w, 0);
}

function writeFragments(all: Array<Stream>, random: Random): void {
  muxer.writeFileType(w);
  let first = true;
  let more = true;
  while (more) {
    more = false;
    const from = new Array<i32>();
    for (let i = 0; i < all.length; i++) {
      const s = all[i];
      from.push(s.written);
      // Some fragments lack some streams; the first has them all.
      let n: u32 = first ? 1 + random.below(20) : random.below(20);
      while (n-- && s.written < s.samples.length) {
        must(s.track.collect(take(s.samples[s.written++], s.track.timescale), 1), "there is room for a sample");
      }
      if (s.written < s.samples.length) more = true;
    }
    if (first) muxer.writeMovie(w, 0);
    first = false;
    muxer.writeFragment(w, w.length);
    for (let i = 0; i < all.length; i++) {
      must(all[i].track.fragment.length == <u32>(all[i].written - from[i]) * FRAGMENT_WORDS, "what was collected");
      for (let k = from[i]; k < all[i].written; k++) putData(all[i].samples[k]);
    }
    muxer.endFragment();
  }
  muxer.writeRandomAccess(w);
}

/** The earliest presentation of all streams, ns. */
function zero(all: Array<Stream>): i64 {
  let out: i64 = i64.MAX_VALUE;
  for (let i = 0; i < all.length; i++) {
    const s = all[i];
    for (let k = 0; k < s.samples.length; k++) out = min<i64>(out, ticksToNs(s.samples[k].pts, s.track.timescale));
  }
  return out;
}

/** Demuxes what was written and holds each sample against the model. */
function check(all: Array<Stream>, seekable: bool, piece: u32, start: i64): void {
  demuxer.prepare(seekable, seekable ? w.length : -1, 1 << 24);
  const host = new Host(demuxer, w.data, w.length, piece);
  must(host.next() == Step.Movie, "the movie comes first");
  must(demuxer.movie.tracks.length == <u32>all.length, "as many tracks");
  const seen = new StaticArray<i32>(4);
  let step = host.next();
  while (step == Step.Sample) {
    const i = demuxer.track!.index;
    const stream = all[i];
    const timescale = stream.track.timescale;
    const m = stream.samples[seen[i]];
    const s = demuxer.sample;
    must(s.size == m.size, "size");
    must(s.has(SampleFlag.Key) == m.sync, "sync sample");
    must(s.description == 1, "description");
    const p = w.data + <u32>s.offset;
    must(load<u8>(p) == m.mark && load<u8>(p + s.size - 1) == m.mark, "its bytes");
    // Times come back to the tick, shifted to the first of all.
    const pts = scale(s.ptsNs + start, timescale, SECOND);
    const dts = scale(s.dtsNs + start, timescale, SECOND);
    must(abs<i64>(pts - m.pts) <= (timescale == 90000 ? 0 : 1), "presentation time");
    must(abs<i64>(dts - m.dts) <= (timescale == 90000 ? 0 : 1), "decoding time");
    if (timescale == 90000) must(!s.has(SampleFlag.Hidden), "nothing is hidden");
    seen[i]++;
    step = host.next();
  }
  must(step == Step.End, "the file ends well");
  must(!host.strayed, "no byte was asked for that cannot be had");
  must(host.warnings == 0, "nothing to warn of");
  for (let i = 0; i < all.length; i++) must(seen[i] == all[i].samples.length, "all samples came");
  demuxer.release();
}

describe("mux, then demux", () => {
  test("random tracks come back from a progressive file, read out of order", () => {
    for (let seed = 1; seed <= 150; seed++) {
      freshHeap();
      const random = new Random(seed);
      prepare(false);
      const all = streams(random);
      writeProgressive(all);
      must(!w.full, "all was written");
      check(all, true, 1 + random.below(5000), zero(all));
      muxer.release();
      w.release();
      mustBeEmpty();
    }
  });

  test("random tracks come back from a fragmented file, in order and out of order", () => {
    for (let seed = 1; seed <= 150; seed++) {
      freshHeap();
      const random = new Random(seed * 7919);
      prepare(true);
      const all = streams(random);
      // The movie box is written with the first fragment: what it shows must start there.
      for (let i = 0; i < all.length; i++) {
        const s = all[i].samples;
        for (let k = 1; k < s.length; k++) s[k].pts = max<i64>(s[k].pts, s[0].pts);
      }
      writeFragments(all, random);
      must(!w.full, "all was written");
      const start = zero(all);
      check(all, true, 1 + random.below(5000), start);
      check(all, false, 1 + random.below(200), start);
      muxer.release();
      w.release();
      mustBeEmpty();
    }
  });

  test("an index behind the media needs random access", () => {
    freshHeap();
    prepare(false);
    const all = streams(new Random(5));
    writeProgressive(all);
    demuxer.prepare(false, -1, 1 << 24);
    const host = new Host(demuxer, w.data, w.length, 100);
    expect<i32>(host.next()).toBe(Step.Error);
    expect<i64>(demuxer.at).toBeGreaterThan(0);
    demuxer.release();
    muxer.release();
    w.release();
    mustBeEmpty();
  });

  test("a file that is cut at any byte gives what is whole, and says that it is cut", () => {
    freshHeap();
    const random = new Random(77);
    prepare(true);
    const all = streams(random);
    writeFragments(all, random);
    const full = w.length;
    for (let n: u32 = 0; n < full; n += 1 + random.below(full / 200)) {
      demuxer.prepare(false, -1, 1 << 24);
      const host = new Host(demuxer, w.data, n, 1 + random.below(500));
      let step = host.next();
      while (step == Step.Movie || step == Step.Sample) {
        if (step == Step.Sample) must(demuxer.sample.offset + demuxer.sample.size <= <i64>n, "a sample is whole");
        step = host.next();
      }
      must(step == Step.End || step == Step.Error, "it comes to an end");
      must(!host.strayed, "no byte was asked for that cannot be had");
      demuxer.release();
    }
    muxer.release();
    w.release();
    mustBeEmpty();
  });

  test("going to a time lands on the last sync sample that is shown there", () => {
    for (let seed = 1; seed <= 60; seed++) {
      freshHeap();
      const random = new Random(seed * 104729);
      prepare(false);
      const all = streams(random);
      // Pictures in presentation order, so that the model is simple.
      for (let i = 0; i < all.length; i++) {
        for (let k = 0; k < all[i].samples.length; k++) all[i].samples[k].pts = all[i].samples[k].dts;
      }
      writeProgressive(all);
      const start = zero(all);
      demuxer.prepare(true, w.length, 1 << 24);
      const host = new Host(demuxer, w.data, w.length, 4096);
      must(host.next() == Step.Movie, "the movie comes first");
      let leader = -1;
      for (let i = 0; i < all.length; i++) if (leader < 0 && all[i].track.isVideo) leader = i;
      for (let k = 0; k < 10 && leader >= 0; k++) {
        const s = all[leader].samples;
        const last = s[s.length - 1].pts;
        const first = s[0].pts;
        const tick = first + <i64>(random.next() % <u64>(last - first + 1));
        const at = demuxer.seek(ticksToNs(tick, 90000) - start, false);
        let want = s.length - 1;
        while (want > 0 && (s[want].pts > tick || !s[want].sync)) want--;
        must(at == ticksToNs(s[want].pts, 90000) - start, "the time of that sample");
        let step = host.next();
        while (step == Step.Sample && demuxer.track!.index != <u32>leader) step = host.next();
        must(step == Step.Sample, "there is a picture");
        must(demuxer.sample.ptsNs == at && demuxer.sample.has(SampleFlag.Key), "which is that sample");
        must(demuxer.sample.has(SampleFlag.Discont), "and does not follow from the one before");
      }
      demuxer.release();
      muxer.release();
      w.release();
      mustBeEmpty();
    }
  });
});
