import { be32, putBe32 } from "../../base/bytes";
import { Vec } from "../../base/vec";
import { Writer } from "../../base/writer";
import { NONE, nsToTicks, scale } from "../../core/time";
import { Atom } from "../../generated/words";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";
import { begin, beginFull, end, isLarge, matrix, putWord, sized } from "./boxwriter";
import { TrunFlag } from "./fragment";
import { FRAGMENT_WORDS, MuxTrack } from "./muxtrack";
import { SYNC } from "./sampleindex";
import { Handler } from "./track";

/**
 * Builds the boxes of an ISO base media file from what it was told of the samples; the media itself is the caller's. All
 * functions append to a Writer, whose `full` tells when the heap had no room.
 *
 *     progressive   writeFileType, an mdat of the caller's, track.index for each sample, writeMovie
 *     fragmented    writeFileType; then for each fragment track.collect for each sample, before the first writeMovie,
 *                   writeFragment and the samples track by track; at the end perhaps writeRandomAccess
 */
@unmanaged
export class Muxer {
  /** Ticks a second of the movie, in which edits count. */
  timescale: u32;
  fragmented: bool;
  /** Number of the next fragment, from 1 on. */
  sequence: u32;
  /** Leave room for the length of a fragmented movie; where in the writer it went. */
  lengthLater: bool;
  /** Note where fragments can be entered, 20 bytes each and for each track, for writeRandomAccess. */
  notePoints: bool;
  lengthAt: u32;
  tracks_data: usize;
  tracks_length: u32;
  tracks_capacity: u32;
  /** Items of the tag list. */
  tags_data: usize;
  tags_length: u32;
  tags_capacity: u32;
  tags_full: bool;
  /** Random access points of fragments: track, time as two words, offset as two words. */
  points_data: usize;
  points_length: u32;
  points_capacity: u32;

  @inline
  get tracks(): Vec<MuxTrack> {
    return changetype<Vec<MuxTrack>>(changetype<usize>(this) + offsetof<Muxer>("tracks_data"));
  }

  @inline
  get tags(): Writer {
    return changetype<Writer>(changetype<usize>(this) + offsetof<Muxer>("tags_data"));
  }

  @inline
  private get points(): Vec<u32> {
    return changetype<Vec<u32>>(changetype<usize>(this) + offsetof<Muxer>("points_data"));
  }

  /** Starts over. */
  prepare(fragmented: bool, timescale: u32): void {
    memory.fill(changetype<usize>(this), 0, MUXER_SIZE);
    this.fragmented = fragmented;
    this.notePoints = fragmented;
    this.timescale = timescale;
    this.sequence = 1;
  }

  release(): void {
    for (let i: u32 = 0; i < this.tracks.length; i++) this.tracks.get(i).release();
    this.tracks.release();
    this.tags.release();
    this.points.release();
  }

  /** Adds a track, which is the muxer's from now on, in its place; false when the heap has no room. */
  add(t: MuxTrack): bool {
    const tracks = this.tracks;
    let i = tracks.length;
    while (i && tracks.get(i - 1).order > t.order) i--;
    if (!tracks.insert(i, t)) return false;
    for (let k: u32 = 0; k < tracks.length; k++) tracks.get(k).id = k + 1;
    return true;
  }

  /** Appends `ftyp`. */
  writeFileType(w: Writer): void {
    const at = begin(w, Fourcc.ftyp);
    if (this.fragmented) {
      w.u32(ISO6);
      w.u32(0);
      w.u32(ISO6);
      w.u32(MP41);
      // CMAF (ISO/IEC 23000-19) knows one track a file.
      if (this.tracks.length == 1) w.u32(CMFC);
    } else {
      w.u32(ISOM);
      w.u32(0x200);
      w.u32(ISOM);
      w.u32(ISO2);
      for (let i: u32 = 0; i < this.tracks.length; i++) {
        if (this.tracks.get(i).isVideo) {
          w.u32(AVC1);
          break;
        }
      }
      w.u32(MP41);
    }
    end(w, at);
  }

  /** The earliest presentation of all tracks, ns: where the movie's time line starts. */
  private zero(): i64 {
    let zero = NONE;
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const t = this.tracks.get(i);
      if (t.begun && t.startNs != NONE && (zero == NONE || t.startNs < zero)) zero = t.startNs;
    }
    return zero == NONE ? 0 : zero;
  }

  /** Length of the empty edit in front of a track, ticks of the movie. */
  private delay(t: MuxTrack, zero: i64): i64 {
    return t.startNs == NONE ? 0 : nsToTicks(t.startNs - zero, this.timescale);
  }

  /** Length of the movie, ticks. */
  length(): i64 {
    const zero = this.zero();
    let longest: i64 = 0;
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const t = this.tracks.get(i);
      longest = max<i64>(longest, this.delay(t, zero) + scale(this.shown(t), this.timescale, t.timescale));
    }
    return longest;
  }

  /** Length of what a track shows, ticks of the track. */
  private shown(t: MuxTrack): i64 {
    if (t.startNs == NONE) return 0;
    return max<i64>(t.endPts - t.startPts, 0);
  }

  /**
   * Appends `moov`.
   * @param shift added to the offsets of all samples
   */
  writeMovie(w: Writer, shift: i64): void {
    const zero = this.zero();
    const length: i64 = this.fragmented ? 0 : this.length();
    const at = begin(w, Fourcc.moov);
    const large = isLarge(length);
    const mvhd = beginFull(w, Fourcc.mvhd, large ? 1 : 0, 0);
    sized(w, large, 0);
    sized(w, large, 0);
    w.u32(this.timescale);
    sized(w, large, length);
    w.u32(0x10000);
    w.u16(0x100);
    w.zeros(10);
    matrix(w, 1, 0, 0);
    w.zeros(24);
    w.u32(this.tracks.length + 1);
    end(w, mvhd);
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const t = this.tracks.get(i);
      if (t.begun || this.fragmented) this.writeTrack(w, t, zero, shift);
    }
    if (this.fragmented) this.writeExtends(w);
    if (this.tags.length) this.writeTags(w);
    end(w, at);
  }

  private writeTrack(w: Writer, t: MuxTrack, zero: i64, shift: i64): void {
    const delay = this.delay(t, zero);
    const shown: i64 = this.fragmented ? 0 : scale(this.shown(t), this.timescale, t.timescale);
    const duration: i64 = this.fragmented ? 0 : delay + shown;
    const at = begin(w, Fourcc.trak);
    const large = isLarge(duration);
    // Enabled, in the movie, in the preview.
    const tkhd = beginFull(w, Fourcc.tkhd, large ? 1 : 0, 7);
    sized(w, large, 0);
    sized(w, large, 0);
    w.u32(t.id);
    w.u32(0);
    sized(w, large, duration);
    w.zeros(8);
    w.u16(0);
    w.u16(0);
    w.u16(t.handler == Handler.Audio ? 0x100 : 0);
    w.u16(0);
    matrix(w, t.orientation, t.width, t.height);
    w.u32(t.width << 16);
    w.u32(t.height << 16);
    end(w, tkhd);
    this.writeEdits(w, t, delay, shown);
    this.writeMedia(w, t, shift);
    end(w, at);
  }

  /** The edit list: a pause in front, and where in the media what is shown starts. */
  private writeEdits(w: Writer, t: MuxTrack, delay: i64, shown: i64): void {
    if (t.startNs == NONE) return;
    const start = max<i64>(t.startPts - t.firstDts, 0);
    if (!delay && !start) return;
    const large = isLarge(delay) || isLarge(shown) || isLarge(start << 1);
    const edts = begin(w, Fourcc.edts);
    const elst = beginFull(w, Fourcc.elst, large ? 1 : 0, 0);
    w.u32(delay ? 2 : 1);
    if (delay) {
      sized(w, large, delay);
      sized(w, large, -1);
      w.u32(0x10000);
    }
    sized(w, large, shown);
    sized(w, large, start);
    w.u32(0x10000);
    end(w, elst);
    end(w, edts);
  }

  private writeMedia(w: Writer, t: MuxTrack, shift: i64): void {
    const duration: i64 = this.fragmented || !t.begun ? 0 : t.lastDts - t.firstDts + t.lastDuration;
    const mdia = begin(w, Fourcc.mdia);
    const large = isLarge(duration);
    const mdhd = beginFull(w, Fourcc.mdhd, large ? 1 : 0, 0);
    sized(w, large, 0);
    sized(w, large, 0);
    w.u32(t.timescale);
    sized(w, large, duration);
    w.u16(t.language);
    w.u16(0);
    end(w, mdhd);
    const hdlr = beginFull(w, Fourcc.hdlr, 0, 0);
    w.u32(0);
    w.u32(t.handler);
    w.zeros(12);
    putWord(w, t.isVideo ? Atom.VideoHandler : t.handler == Handler.Audio ? Atom.SoundHandler : Atom.SubtitleHandler);
    w.u8(0);
    end(w, hdlr);
    const minf = begin(w, Fourcc.minf);
    if (t.isVideo) {
      const vmhd = beginFull(w, Fourcc.vmhd, 0, 1);
      w.zeros(8);
      end(w, vmhd);
    } else if (t.handler == Handler.Audio) {
      const smhd = beginFull(w, Fourcc.smhd, 0, 0);
      w.u32(0);
      end(w, smhd);
    } else end(w, beginFull(w, t.handler == Handler.Subtitle ? Fourcc.sthd : Fourcc.nmhd, 0, 0));
    const dinf = begin(w, Fourcc.dinf);
    const dref = beginFull(w, Fourcc.dref, 0, 0);
    w.u32(1);
    end(w, beginFull(w, URL, 0, 1));
    end(w, dref);
    end(w, dinf);
    const stbl = begin(w, Fourcc.stbl);
    const stsd = beginFull(w, Fourcc.stsd, 0, 0);
    w.u32(t.entryCount);
    w.bytes(t.entries.data, t.entries.length);
    end(w, stsd);
    writeTables(w, t, shift);
    end(w, stbl);
    end(w, minf);
    end(w, mdia);
  }

  private writeExtends(w: Writer): void {
    const mvex = begin(w, Fourcc.mvex);
    if (this.lengthLater) {
      const mehd = beginFull(w, Fourcc.mehd, 1, 0);
      this.lengthAt = w.length;
      w.u64(0);
      end(w, mehd);
    }
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const trex = beginFull(w, Fourcc.trex, 0, 0);
      w.u32(this.tracks.get(i).id);
      w.u32(1);
      w.zeros(12);
      end(w, trex);
    }
    end(w, mvex);
  }

  private writeTags(w: Writer): void {
    const udta = begin(w, Fourcc.udta);
    const meta = beginFull(w, Fourcc.meta, 0, 0);
    const hdlr = beginFull(w, Fourcc.hdlr, 0, 0);
    w.u32(0);
    w.u32(MDIR);
    w.u32(APPL);
    w.zeros(9);
    end(w, hdlr);
    const ilst = begin(w, Fourcc.ilst);
    w.bytes(this.tags.data, this.tags.length);
    end(w, ilst);
    end(w, meta);
    end(w, udta);
  }

  /**
   * Appends `moof` and the header of the `mdat` that follows it, for what the tracks have collected: their samples, track by
   * track.
   * @param offset where the box will stand in the file
   */
  writeFragment(w: Writer, offset: i64): void {
    const from = w.length;
    const moof = begin(w, Fourcc.moof);
    const mfhd = beginFull(w, Fourcc.mfhd, 0, 0);
    w.u32(this.sequence++);
    end(w, mfhd);
    let bytes: u32 = 0;
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const t = this.tracks.get(i);
      if (!t.fragment.length) continue;
      this.point(t, offset);
      writeTraf(w, t, bytes);
      bytes += t.fragmentBytes;
    }
    end(w, moof);
    // Offsets of data count from the moof, whose size is known only now.
    addOffsets(w, from, w.length - from + 8);
    w.u32(bytes + 8);
    w.u32(Fourcc.mdat);
  }

  /** Forgets what has been collected; the next fragment goes on from there. */
  endFragment(): void {
    for (let i: u32 = 0; i < this.tracks.length; i++) this.tracks.get(i).fragment.length = 0;
  }

  /** Notes that a track can be entered at its part of this fragment. */
  private point(t: MuxTrack, offset: i64): void {
    const list = t.fragment;
    if (!this.notePoints || !(list.get(1) & SYNC)) return;
    const time = t.fragmentDts - t.firstDts + <i64>(<i32>list.get(3));
    const points = this.points;
    points.push(t.id);
    points.push(<u32>(time >> 32));
    points.push(<u32>time);
    points.push(<u32>(offset >> 32));
    points.push(<u32>offset);
  }

  /** Appends `mfra`: where each track can be entered. */
  writeRandomAccess(w: Writer): void {
    const at = begin(w, Fourcc.mfra);
    const points = this.points;
    for (let i: u32 = 0; i < this.tracks.length; i++) {
      const id = this.tracks.get(i).id;
      const tfra = beginFull(w, Fourcc.tfra, 1, 0);
      w.u32(id);
      // Numbers of track fragment, run and sample take a byte each.
      w.u32(0);
      const countAt = w.length;
      let count: u32 = 0;
      w.u32(0);
      for (let k: u32 = 0; k + 5 <= points.length; k += 5) {
        if (points.get(k) != id) continue;
        count++;
        for (let j: u32 = 1; j < 5; j++) w.u32(points.get(k + j));
        w.u8(1);
        w.u8(1);
        w.u8(1);
      }
      w.patch32(countAt, count);
      end(w, tfra);
    }
    const mfro = beginFull(w, Fourcc.mfro, 0, 0);
    w.u32(w.length + 4 - at);
    end(w, mfro);
    end(w, at);
  }
}

/** Bytes that a Muxer takes inside another record. */
export const MUXER_SIZE: u32 = offsetof<Muxer>();

const ISOM: u32 = 0x69736f6d;
const ISO2: u32 = 0x69736f32;
const ISO6: u32 = 0x69736f36;
const AVC1: u32 = 0x61766331;
const MP41: u32 = 0x6d703431;
const CMFC: u32 = 0x636d6663;
const URL: u32 = 0x75726c20;
const MDIR: u32 = 0x6d646972;
const APPL: u32 = 0x6170706c;

/** A table whose entries are runs: two words, how often and what. Begun with its count, which is patched at the end. */
function runs(w: Writer, countAt: u32, entries: u32, count: u32, value: u32): u32 {
  if (!count) return entries;
  w.u32(count);
  w.u32(value);
  w.patch32(countAt, entries + 1);
  return entries + 1;
}

/** The tables of a track's samples; empty ones where it has none yet. */
function writeTables(w: Writer, t: MuxTrack, shift: i64): void {
  writeDurations(w, t);
  if (t.offsets) writeOffsets(w, t);
  if (!t.allSync && t.samples.count) writeSync(w, t);
  writeChunkRuns(w, t);
  writeSizes(w, t);
  writeChunks(w, t, shift);
}

function writeDurations(w: Writer, t: MuxTrack): void {
  const at = beginFull(w, Fourcc.stts, 0, 0);
  const countAt = w.length;
  w.u32(0);
  const samples = t.samples;
  let entries: u32 = 0;
  let count: u32 = 0;
  let value: u32 = 0;
  if (t.frameBytes) runs(w, countAt, 0, frames(t), 1);
  else {
    for (let i: u32 = 0; i < samples.count; i++) {
      const v = load<u32>(samples.at(i), 4);
      if (v != value) {
        entries = runs(w, countAt, entries, count, value);
        count = 0;
        value = v;
      }
      count++;
    }
    runs(w, countAt, entries, count, value);
  }
  end(w, at);
}

/** Frames of uncompressed audio. */
function frames(t: MuxTrack): u32 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < t.samples.count; i++) bytes += load<u32>(t.samples.at(i)) & ~SYNC;
  return <u32>(bytes / t.frameBytes);
}

function writeOffsets(w: Writer, t: MuxTrack): void {
  if (t.frameBytes || !t.samples.count) return;
  const at = beginFull(w, Fourcc.ctts, t.negative ? 1 : 0, 0);
  const countAt = w.length;
  w.u32(0);
  let entries: u32 = 0;
  let count: u32 = 0;
  let value: u32 = 0;
  for (let i: u32 = 0; i < t.samples.count; i++) {
    const v = load<u32>(t.samples.at(i), 8);
    if (v != value) {
      entries = runs(w, countAt, entries, count, value);
      count = 0;
      value = v;
    }
    count++;
  }
  runs(w, countAt, entries, count, value);
  end(w, at);
}

function writeSync(w: Writer, t: MuxTrack): void {
  const at = beginFull(w, Fourcc.stss, 0, 0);
  const countAt = w.length;
  let count: u32 = 0;
  w.u32(0);
  for (let i: u32 = 0; i < t.samples.count; i++) {
    if (!(load<u32>(t.samples.at(i)) & SYNC)) continue;
    w.u32(i + 1);
    count++;
  }
  w.patch32(countAt, count);
  end(w, at);
}

function writeChunkRuns(w: Writer, t: MuxTrack): void {
  const at = beginFull(w, Fourcc.stsc, 0, 0);
  const countAt = w.length;
  let entries: u32 = 0;
  let last: u32 = 0;
  let description: u32 = 0;
  let sample: u32 = 0;
  w.u32(0);
  for (let i: u32 = 0; i < t.chunks.count; i++) {
    const p = t.chunks.at(i);
    let n = load<u32>(p, 8);
    if (t.frameBytes) {
      let bytes: u64 = 0;
      for (let k: u32 = 0; k < n; k++) bytes += load<u32>(t.samples.at(sample + k)) & ~SYNC;
      sample += n;
      n = <u32>(bytes / t.frameBytes);
    }
    if (n == last && load<u32>(p, 12) == description) continue;
    last = n;
    description = load<u32>(p, 12);
    w.u32(i + 1);
    w.u32(n);
    w.u32(description);
    entries++;
  }
  w.patch32(countAt, entries);
  end(w, at);
}

function writeSizes(w: Writer, t: MuxTrack): void {
  const at = beginFull(w, Fourcc.stsz, 0, 0);
  if (t.frameBytes) {
    w.u32(t.frameBytes);
    w.u32(frames(t));
  } else {
    const n = t.samples.count;
    w.u32(t.begun ? t.size : 0);
    w.u32(n);
    if (!t.size) for (let i: u32 = 0; i < n; i++) w.u32(load<u32>(t.samples.at(i)) & ~SYNC);
  }
  end(w, at);
}

function writeChunks(w: Writer, t: MuxTrack, shift: i64): void {
  const n = t.chunks.count;
  const large = n > 0 && isLarge(load<i64>(t.chunks.at(n - 1)) + shift);
  const at = beginFull(w, large ? Fourcc.co64 : Fourcc.stco, 0, 0);
  w.u32(n);
  for (let i: u32 = 0; i < n; i++) sized(w, large, load<i64>(t.chunks.at(i)) + shift);
  end(w, at);
}

/** Sample flags: depends on no other sample; depends on others and is no sync sample. */
const SYNC_FLAGS: u32 = 0x2000000;
const DELTA_FLAGS: u32 = 0x1010000;

/** A track fragment with one run; `before` bytes of other tracks lie in front of its data. */
function writeTraf(w: Writer, t: MuxTrack, before: u32): void {
  const list = t.fragment;
  const n = list.length / FRAGMENT_WORDS;
  let sameDuration = true;
  let sameSize = true;
  let composition = false;
  let negative = false;
  let deltas = false;
  // Sync samples after the first sample.
  let later = false;
  for (let i: u32 = 0; i < n; i++) {
    const at = i * FRAGMENT_WORDS;
    if (list.get(at + 2) != list.get(2)) sameDuration = false;
    if ((list.get(at + 1) ^ list.get(1)) & ~SYNC) sameSize = false;
    if (list.get(at + 3)) composition = true;
    if (<i32>list.get(at + 3) < 0) negative = true;
    if (!(list.get(at + 1) & SYNC)) deltas = true;
    else if (i) later = true;
  }
  const first = (list.get(1) & SYNC) != 0;
  const each = deltas && later;
  const traf = begin(w, Fourcc.traf);
  const tfhd = beginFull(w, Fourcc.tfhd, 0, 0x20000 | 0x8 | 0x10 | 0x20);
  w.u32(t.id);
  w.u32(t.frameBytes ? 1 : list.get(2));
  w.u32(t.frameBytes ? t.frameBytes : list.get(1) & ~SYNC);
  w.u32(deltas ? DELTA_FLAGS : SYNC_FLAGS);
  end(w, tfhd);
  const tfdt = beginFull(w, Fourcc.tfdt, 1, 0);
  w.u64(<u64>(t.fragmentDts - t.firstDts));
  end(w, tfdt);
  let flags: u32 = TrunFlag.DataOffset;
  if (!t.frameBytes) {
    if (!sameDuration) flags |= TrunFlag.Duration;
    if (!sameSize) flags |= TrunFlag.Size;
    if (composition) flags |= TrunFlag.Composition;
    if (each) flags |= TrunFlag.Flags;
    else if (deltas && first) flags |= TrunFlag.FirstFlags;
  }
  const trun = beginFull(w, Fourcc.trun, negative ? 1 : 0, flags);
  w.u32(t.frameBytes ? t.fragmentBytes / t.frameBytes : n);
  w.u32(before);
  if (flags & TrunFlag.FirstFlags) w.u32(SYNC_FLAGS);
  for (let i: u32 = 0; i < n && flags & 0xf00; i++) {
    const at = i * FRAGMENT_WORDS;
    if (flags & TrunFlag.Duration) w.u32(list.get(at + 2));
    if (flags & TrunFlag.Size) w.u32(list.get(at + 1) & ~SYNC);
    if (flags & TrunFlag.Flags) w.u32(list.get(at + 1) & SYNC ? SYNC_FLAGS : DELTA_FLAGS);
    if (flags & TrunFlag.Composition) w.u32(list.get(at + 3));
  }
  end(w, trun);
  end(w, traf);
}

/** Adds the size of the moof and of the header behind it to the data offset of each of its runs. */
function addOffsets(w: Writer, from: u32, size: u32): void {
  if (w.full) return;
  const end = w.data + w.length;
  let n: u32 = 0;
  for (let p = w.data + from + 8; (n = boxSize(p, end)); p += n) {
    if (boxType(p) != Fourcc.traf) continue;
    const trun = findBox(boxBody(p), p + n, Fourcc.trun);
    if (trun) putBe32(trun + 16, be32(trun + 16) + size);
  }
}
