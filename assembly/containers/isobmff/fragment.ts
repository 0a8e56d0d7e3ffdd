import { be32, be64 } from "../../base/bytes";
import { Vec } from "../../base/vec";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";
import { Sample, SampleFlag } from "./sample";
import { Track } from "./track";

/**
 * Movie fragments (ISO/IEC 14496-12 §8.8): track fragments and their runs, walked sample by sample where they lie in the
 * `moof` box.
 */

const enum TfhdFlag {
  BaseDataOffset = 1,
  Description = 2,
  Duration = 8,
  Size = 0x10,
  Flags = 0x20,
  DefaultBaseIsMoof = 0x20000,
}

/** Flags of `trun`. */
export const enum TrunFlag {
  DataOffset = 1,
  FirstFlags = 4,
  Duration = 0x100,
  Size = 0x200,
  Flags = 0x400,
  Composition = 0x800,
}

/** Sample flags: sample_is_non_sync_sample, and sample_depends_on = 1: it does depend on others. */
const NON_SYNC: u32 = 0x10000;
const DEPENDS: u32 = 0x1000000;
const DEPENDS_MASK: u32 = 0x3000000;
/** sample_is_depended_on = 2: no other sample needs it. */
const DISPOSABLE: u32 = 0x800000;
const DISPOSABLE_MASK: u32 = 0xc00000;

/** Track fragments of one movie fragment; more are left out. */
export const MAX_TRAFS: u32 = 4096;

/** Frames of uncompressed audio that leave as one sample, at most. */
export const GROUP: u32 = 1024;

/** Samples of a run that has nothing but their number to say, each without bytes. */
const MAX_EMPTY: u32 = 16;

/**
 * A track fragment: its box, its track, and what tfhd and tfdt say.
 *
 *      0 at          address of the first box inside
 *      4 end
 *      8 track       number of its track
 *     12 description
 *     16 duration    defaults for samples
 *     20 size
 *     24 flags
 *     32 base        offset in the file that data offsets count from
 *     40 time        decoding time of its first sample, or -1
 */
@unmanaged
export class Traf {
  at: usize;
  end: usize;
  track: u32;
  description: u32;
  duration: u32;
  size: u32;
  flags: u32;
  base: i64;
  time: i64;
}

export const TRAF_SIZE: u32 = offsetof<Traf>();

/** A run of samples (trun), its header read. */
@unmanaged
export class Run {
  flags: u32;
  /** Samples, as many as there are bytes for. */
  count: u32;
  /** Bytes a sample takes in the box. */
  entry: u32;
  /** The first sample's entry. */
  at: usize;
  dataOffset: i32;
  firstFlags: u32;
  /** It claimed more samples. */
  short: bool;

  /** Reads the body of a `trun`; false when its header is not whole. */
  read(p: usize, end: usize, traf: Traf): bool {
    if (end - p < 8) return false;
    const flags = be32(p) & 0xffffff;
    const claimed = be32(p + 4);
    p += 8;
    this.flags = flags;
    this.dataOffset = 0;
    if (flags & TrunFlag.DataOffset) {
      if (end - p < 4) return false;
      this.dataOffset = <i32>be32(p);
      p += 4;
    }
    if (flags & TrunFlag.FirstFlags) {
      if (end - p < 4) return false;
      this.firstFlags = be32(p);
      p += 4;
    }
    this.at = p;
    this.entry = popcnt<u32>(flags & 0xf00) << 2;
    let count = claimed;
    if (this.entry) count = min<u32>(claimed, <u32>(end - p) / this.entry);
    else if (!traf.size) count = min<u32>(claimed, MAX_EMPTY);
    this.count = count;
    this.short = count < claimed;
    return true;
  }

  /** Bytes of all samples. */
  bytes(traf: Traf): i64 {
    if (!(this.flags & TrunFlag.Size)) return <i64>this.count * traf.size;
    let total: i64 = 0;
    const at = this.at + <usize>(this.flags & TrunFlag.Duration ? 4 : 0);
    for (let i: u32 = 0; i < this.count; i++) total += be32(at + <usize>(i * this.entry));
    return total;
  }

  /** The most negative composition offset, 0 when there is none. */
  leastOffset(): i32 {
    if (!(this.flags & TrunFlag.Composition)) return 0;
    let least: i32 = 0;
    const at = this.at + this.entry - 4;
    for (let i: u32 = 0; i < this.count; i++) least = min<i32>(least, <i32>be32(at + <usize>(i * this.entry)));
    return least;
  }
}

const RUN: usize = memory.data(offsetof<Run>(), 4);

/**
 * Finds the track fragments of a `moof`.
 * @param offset of the box in the file
 * @param into room for MAX_TRAFS records is made as needed
 * @returns whether all of it made sense; what did not is left out
 */
export function readFragment(from: usize, end: usize, offset: i64, tracks: Vec<Track>, into: TrafList): bool {
  let ok = true;
  let n: u32 = 0;
  let implicit = offset;
  into.count = 0;
  for (let p = from; (n = boxSize(p, end)); p += n) {
    if (boxType(p) != Fourcc.traf) continue;
    const at = boxBody(p);
    const stop = p + n;
    const tfhd = findBox(at, stop, Fourcc.tfhd);
    if (!tfhd || into.count >= MAX_TRAFS) {
      ok = false;
      continue;
    }
    const body = boxBody(tfhd);
    const left = <u32>(tfhd + boxSize(tfhd, stop) - body);
    if (left < 8) {
      ok = false;
      continue;
    }
    // Data of a track that is not followed still move the place where the next one's start.
    const track = trackOf(tracks, be32(body + 4));
    const traf = into.add();
    if (!traf) return false;
    traf.at = at;
    traf.end = stop;
    traf.track = track ? track.index : u32.MAX_VALUE;
    if (!readTfhd(traf, track, body, left, offset, implicit)) {
      into.count--;
      ok = false;
      continue;
    }
    const tfdt = findBox(at, stop, Fourcc.tfdt);
    traf.time = -1;
    if (tfdt) {
      const q = boxBody(tfdt);
      const there = <u32>(tfdt + boxSize(tfdt, stop) - q);
      if (there >= 12 && load<u8>(q) == 1) traf.time = <i64>(be64(q + 4) & 0x3fffffffffffffff);
      else if (there >= 8 && load<u8>(q) == 0) traf.time = be32(q + 4);
      else ok = false;
    }
    implicit = endOfRuns(traf, track, implicit);
    if (implicit < 0) {
      ok = false;
      implicit = offset;
    }
  }
  for (let i: u32 = 0; i < tracks.length; i++) tracks.get(i).runs.start();
  return ok;
}

function trackOf(tracks: Vec<Track>, id: u32): Track | null {
  for (let i: u32 = 0; i < tracks.length; i++) if (tracks.get(i).id == id) return tracks.get(i);
  return null;
}

function readTfhd(traf: Traf, track: Track | null, p: usize, n: u32, offset: i64, implicit: i64): bool {
  const flags = be32(p) & 0xffffff;
  let at: u32 = 8;
  traf.description = track ? track.trexDescription : 1;
  traf.duration = track ? track.trexDuration : 0;
  traf.size = track ? track.trexSize : 0;
  traf.flags = track ? track.trexFlags : 0;
  // §8.8.7.1: without any of them the data follow those of the track fragment before.
  traf.base = flags & TfhdFlag.DefaultBaseIsMoof ? offset : implicit;
  if (flags & TfhdFlag.BaseDataOffset) {
    if (at + 8 > n) return false;
    traf.base = <i64>(be64(p + at) & 0x3fffffffffffffff);
    at += 8;
  }
  if (flags & TfhdFlag.Description) {
    if (at + 4 > n) return false;
    traf.description = be32(p + at);
    at += 4;
  }
  if (flags & TfhdFlag.Duration) {
    if (at + 4 > n) return false;
    traf.duration = be32(p + at);
    at += 4;
  }
  if (flags & TfhdFlag.Size) {
    if (at + 4 > n) return false;
    traf.size = be32(p + at);
    at += 4;
  }
  if (flags & TfhdFlag.Flags) {
    if (at + 4 > n) return false;
    traf.flags = be32(p + at);
  }
  return true;
}

/** Where the data of a track fragment end; negative when a run is damaged. */
function endOfRuns(traf: Traf, track: Track | null, implicit: i64): i64 {
  const run = changetype<Run>(RUN);
  let at = traf.base;
  let bad = false;
  let n: u32 = 0;
  for (let p = traf.at; (n = boxSize(p, traf.end)); p += n) {
    if (boxType(p) != Fourcc.trun) continue;
    if (!run.read(boxBody(p), p + n, traf) || run.short) bad = true;
    if (run.flags & TrunFlag.DataOffset) at = traf.base + run.dataOffset;
    at += run.bytes(traf);
    if (track) track.lower = max<i64>(track.lower, -(<i64>run.leastOffset()));
    implicit = at;
  }
  return bad ? -1 : max<i64>(implicit, 0);
}

/** The track fragments of the current movie fragment: a growing array of records. */
@unmanaged
export class TrafList {
  data_: usize;
  length_: u32;
  capacity_: u32;
  count: u32;

  @inline
  private get words(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this));
  }

  @inline
  at(i: u32): Traf {
    return changetype<Traf>(this.data_ + <usize>(i * TRAF_SIZE));
  }

  /** One more record, contents undefined; null when the heap has no room. */
  add(): Traf | null {
    const words = (this.count + 1) * (TRAF_SIZE >> 2);
    if (words > this.capacity_ && !this.words.reserve(words << 1)) return null;
    return this.at(this.count++);
  }

  release(): void {
    this.words.release();
    this.count = 0;
  }
}

/** The walk of one track over its runs in the current movie fragment. */
@unmanaged
export class Runs {
  /** Number of the next track fragment to look at, and the one it is in, or null. */
  nextTraf: u32;
  traf: Traf | null;
  /** The next box to look at in it. */
  box: usize;
  /** What is left of the current run: next entry, samples, form of an entry. */
  entry: usize;
  left: u32;
  flags: u32;
  entrySize: u32;
  /** Flags of the first sample, while it is still to come. */
  first: bool;
  firstFlags: u32;
  offset: i64;
  dts: i64;

  /** Starts at the first track fragment. */
  start(): void {
    this.nextTraf = 0;
    this.traf = null;
    this.left = 0;
  }

  /** Fills in the next sample, all but its times in ns; false when the fragment has no more of this track. */
  next(track: Track, trafs: usize, s: Sample): bool {
    while (!this.left) if (!this.nextRun(track, changetype<TrafList>(trafs))) return false;
    const traf = this.traf!;
    let p = this.entry;
    const flags = this.flags;
    if (!this.entrySize && track.frameBytes && traf.duration == 1 && traf.size == track.frameBytes) {
      this.group(track, traf, s);
      return true;
    }
    this.entry = p + this.entrySize;
    this.left--;
    s.duration = traf.duration;
    if (flags & TrunFlag.Duration) {
      s.duration = be32(p);
      p += 4;
    }
    s.size = traf.size;
    if (flags & TrunFlag.Size) {
      s.size = be32(p);
      p += 4;
    }
    let sampleFlags = traf.flags;
    if (flags & TrunFlag.Flags) {
      sampleFlags = be32(p);
      p += 4;
    }
    if (this.first) {
      sampleFlags = this.firstFlags;
      this.first = false;
    }
    s.cts = flags & TrunFlag.Composition ? <i32>be32(p) : 0;
    s.offset = this.offset;
    s.description = traf.description;
    s.dts = this.dts;
    s.flags = 0;
    if ((track.isAudio && !track.strictSync) || !(sampleFlags & NON_SYNC || (sampleFlags & DEPENDS_MASK) == DEPENDS))
      s.flags |= SampleFlag.Key;
    if ((sampleFlags & DISPOSABLE_MASK) == DISPOSABLE) s.flags |= SampleFlag.Droppable;
    this.offset += s.size;
    this.dts += s.duration;
    track.nextDts = this.dts;
    return true;
  }

  /** Fills in a stretch of uncompressed audio, whose samples are single frames, as one sample. */
  private group(track: Track, traf: Traf, s: Sample): void {
    const n = min<u32>(this.left, GROUP);
    this.left -= n;
    this.first = false;
    s.offset = this.offset;
    s.size = n * traf.size;
    s.duration = n;
    s.dts = this.dts;
    s.cts = 0;
    s.description = traf.description;
    s.flags = SampleFlag.Key;
    this.offset += s.size;
    this.dts += n;
    track.nextDts = this.dts;
  }

  /**
   * Passes over the rest of a run whose samples have no entries, so that no bytes stand behind their number: the last sample
   * lies beyond the end of the file, and so do those that follow it.
   */
  passRest(track: Track): void {
    const traf = this.traf;
    if (!traf || this.entrySize || !this.left) return;
    this.offset += <i64>(<u64>this.left * traf.size);
    this.dts += <i64>(<u64>this.left * traf.duration);
    this.left = 0;
    this.first = false;
    track.nextDts = this.dts;
  }

  /** Goes to the next run of the track; false when there is none. */
  private nextRun(track: Track, list: TrafList): bool {
    while (true) {
      const traf = this.traf;
      if (traf) {
        const n = boxSize(this.box, traf.end);
        const p = this.box;
        this.box = p + n;
        if (!n) this.traf = null;
        else if (boxType(p) == Fourcc.trun && this.openRun(boxBody(p), p + n, traf)) return true;
        continue;
      }
      while (this.nextTraf < list.count && list.at(this.nextTraf).track != track.index) this.nextTraf++;
      if (this.nextTraf >= list.count) return false;
      const next = list.at(this.nextTraf);
      this.nextTraf++;
      this.traf = next;
      this.box = next.at;
      this.offset = next.base;
      this.dts = next.time >= 0 ? next.time : track.nextDts;
    }
    return false;
  }

  private openRun(p: usize, end: usize, traf: Traf): bool {
    const run = changetype<Run>(RUN);
    if (!run.read(p, end, traf) || !run.count) return false;
    if (run.flags & TrunFlag.DataOffset) this.offset = traf.base + run.dataOffset;
    if (this.offset < 0) return false;
    this.entry = run.at;
    this.left = run.count;
    this.flags = run.flags;
    this.entrySize = run.entry;
    this.first = (run.flags & TrunFlag.FirstFlags) != 0;
    this.firstFlags = run.firstFlags;
    return true;
  }
}
