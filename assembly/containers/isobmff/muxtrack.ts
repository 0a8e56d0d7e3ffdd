import { Owner, allocZero, free } from "../../base/heap";
import { VEC_SIZE, Vec } from "../../base/vec";
import { WRITER_SIZE, Writer } from "../../base/writer";
import { NONE } from "../../core/time";
import { UNDETERMINED } from "./misc";
import { CHUNK_RECORD, PAGES_SIZE, Pages, SAMPLE_RECORD, SYNC } from "./sampleindex";
import { Handler } from "./track";

/** What a muxer is told of a sample. Times are running time. */
@unmanaged
export class MuxSample {
  size: u32;
  /** Ticks of the track. */
  dts: i64;
  pts: i64;
  duration: u32;
  /** Presentation time, ns. */
  ptsNs: i64;
  sync: bool;
  /** Decoded for those that follow, not shown. */
  hidden: bool;
}

/** Bytes of a MuxSample. */
export const MUX_SAMPLE_SIZE: u32 = offsetof<MuxSample>();

/**
 * A track being written: its sample entries, the index of its samples (progressive files) or the samples of the fragment
 * being made, and where its time line starts.
 */
@unmanaged
export class MuxTrack {
  id: u32;
  /** Tracks stand in the file in this order. */
  order: u32;
  handler: u32;
  /** Ticks a second. */
  timescale: u32;
  /** Size at which it is shown, and its EXIF orientation. */
  width: u32;
  height: u32;
  orientation: u32;
  /** Packed language. */
  language: u32;
  /** Sample entries that have been written, and the one in force, from 1 on. */
  entryCount: u32;
  description: u32;
  /** Uncompressed audio: bytes of a frame of all channels, each of which is a sample of the file. */
  frameBytes: u32;

  /** Samples have come. */
  begun: bool;
  /** Decoding time of the first sample; of the last one with its duration. Ticks. */
  firstDts: i64;
  lastDts: i64;
  lastDuration: u32;
  /** The earliest presentation of what is shown: ns, and ticks. */
  startNs: i64;
  startPts: i64;
  /** Where the last presentation ends, ticks. */
  endPts: i64;
  /** Every sample is a sync sample; some have another presentation than decoding time; or an earlier one. */
  allSync: bool;
  offsets: bool;
  negative: bool;
  /** The size that all samples have, 0 when they differ. */
  size: u32;
  /** Samples and bytes of the fragment being made, ticks of its first decoding time. */
  fragmentBytes: u32;
  fragmentDts: i64;
  nested: u32;

  @inline
  get entries(): Writer {
    return changetype<Writer>(changetype<usize>(this) + ENTRIES_AT);
  }

  @inline
  get samples(): Pages {
    return changetype<Pages>(changetype<usize>(this) + SAMPLES_AT);
  }

  @inline
  get chunks(): Pages {
    return changetype<Pages>(changetype<usize>(this) + CHUNKS_AT);
  }

  /** Samples of the fragment: FRAGMENT_WORDS words each. */
  @inline
  get fragment(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + FRAGMENT_AT);
  }

  @inline
  get isVideo(): bool {
    return this.handler == Handler.Video;
  }

  /** Notes the times of a sample that comes next; its decoding time is made to go on from the last one. */
  private time(s: MuxSample): void {
    if (!this.begun) {
      this.begun = true;
      this.firstDts = s.dts;
      this.endPts = s.pts;
      this.size = s.size;
    } else if (s.dts <= this.lastDts) s.dts = this.lastDts + 1;
    this.lastDts = s.dts;
    this.lastDuration = s.duration;
    if (s.size != this.size) this.size = 0;
    if (!s.sync) this.allSync = false;
    if (s.pts != s.dts) this.offsets = true;
    if (s.pts < s.dts) this.negative = true;
    this.endPts = max<i64>(this.endPts, s.pts + s.duration);
    if (!s.hidden && (this.startNs == NONE || s.ptsNs < this.startNs)) {
      // What begins before running time 0 is seen from there on.
      this.startNs = max<i64>(s.ptsNs, 0);
      this.startPts = s.ptsNs < 0 ? 0 : s.pts;
    }
  }

  /**
   * Adds a sample that stands at `offset` to the index.
   * @param again whether it follows the track's last sample in the file
   * @returns false when the heap has no room
   */
  index(s: MuxSample, offset: i64, again: bool): bool {
    const samples = this.samples;
    const before = this.lastDts;
    const had = this.begun;
    this.time(s);
    if (had) store<u32>(samples.at(samples.count - 1), <u32>(s.dts - before), 4);
    const p = samples.add();
    if (!p) return false;
    store<u32>(p, s.size | (s.sync ? SYNC : 0));
    store<u32>(p, s.duration, 4);
    store<i32>(p, <i32>(s.pts - s.dts), 8);
    const chunks = this.chunks;
    if (again && chunks.count && load<u32>(chunks.at(chunks.count - 1), 12) == this.description) {
      const last = chunks.at(chunks.count - 1);
      store<u32>(last, load<u32>(last, 8) + 1, 8);
      return true;
    }
    const chunk = chunks.add();
    if (!chunk) return false;
    store<i64>(chunk, offset);
    store<u32>(chunk, 1, 8);
    store<u32>(chunk, this.description, 12);
    return true;
  }

  /**
   * Adds a sample to the fragment.
   * @param user a word of the caller's that stays with it
   * @returns false when the heap has no room
   */
  collect(s: MuxSample, user: u32): bool {
    const list = this.fragment;
    const n = list.length;
    const before = this.lastDts;
    this.time(s);
    if (n) list.set(n - FRAGMENT_WORDS + 2, <u32>(s.dts - before));
    else {
      this.fragmentDts = s.dts;
      this.fragmentBytes = 0;
    }
    if (!list.reserve(n + FRAGMENT_WORDS > list.capacity ? max<u32>(list.capacity << 1, 256) : 0)) return false;
    list.length = n + FRAGMENT_WORDS;
    list.set(n, user);
    list.set(n + 1, s.size | (s.sync ? SYNC : 0));
    list.set(n + 2, s.duration);
    list.set(n + 3, <u32>(<i32>(s.pts - s.dts)));
    this.fragmentBytes += s.size;
    return true;
  }

  /** Adds the samples of the fragment, whose data start at `offset`, to the index too; false when the heap has no room. */
  indexFragment(offset: i64): bool {
    const list = this.fragment;
    const n = list.length / FRAGMENT_WORDS;
    const chunk = this.chunks.add();
    if (!chunk) return false;
    store<i64>(chunk, offset);
    store<u32>(chunk, n, 8);
    store<u32>(chunk, this.description, 12);
    for (let i: u32 = 0; i < n; i++) {
      const p = this.samples.add();
      if (!p) return false;
      for (let k: u32 = 0; k < 3; k++) store<u32>(p + ((<usize>k) << 2), list.get(i * FRAGMENT_WORDS + 1 + k));
    }
    return true;
  }

  /** Corrects the duration of the fragment's last sample, ticks. */
  setLastDuration(duration: u32): void {
    const list = this.fragment;
    if (!list.length) return;
    list.set(list.length - FRAGMENT_WORDS + 2, duration);
    this.lastDuration = duration;
  }

  /** Gives everything back, the track too. */
  release(): void {
    this.entries.release();
    this.samples.release();
    this.chunks.release();
    this.fragment.release();
    free(changetype<usize>(this));
  }
}

/** Words of a sample of the fragment: the caller's, size and sync, duration, presentation - decoding time. */
export const FRAGMENT_WORDS: u32 = 4;

const ENTRIES_AT: usize = offsetof<MuxTrack>("nested");
const SAMPLES_AT: usize = ENTRIES_AT + WRITER_SIZE;
const CHUNKS_AT: usize = SAMPLES_AT + PAGES_SIZE;
const FRAGMENT_AT: usize = CHUNKS_AT + PAGES_SIZE;
const TRACK_SIZE: u32 = <u32>FRAGMENT_AT + VEC_SIZE;

/** A track without samples; null when the heap has no room. */
export function newMuxTrack(order: u32, handler: u32, timescale: u32): MuxTrack | null {
  const p = allocZero(TRACK_SIZE, Owner.Index);
  if (!p) return null;
  const t = changetype<MuxTrack>(p);
  t.order = order;
  t.handler = handler;
  t.timescale = timescale;
  t.orientation = 1;
  t.language = UNDETERMINED;
  t.startNs = NONE;
  t.allSync = true;
  t.samples.prepare(SAMPLE_RECORD);
  t.chunks.prepare(CHUNK_RECORD);
  return t;
}
