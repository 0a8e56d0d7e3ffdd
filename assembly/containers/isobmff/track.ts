import { be16, be32, be64 } from "../../base/bytes";
import { Owner, allocZero } from "../../base/heap";
import { ticksToNs } from "../../core/time";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";
import { EDITS_SIZE, EDIT_SIZE, Edit, Edits } from "./edits";
import { Runs } from "./fragment";
import { orientationOf } from "./misc";
import { SAMPLE_SIZE, Sample, SampleFlag } from "./sample";
import { Tables } from "./tables";

/** Handler types of tracks. */
export const enum Handler {
  Video = 0x76696465,
  Audio = 0x736f756e,
  Text = 0x74657874,
  Subtitle = 0x73756274,
  SubtitleQt = 0x7362746c,
  Caption = 0x636c6370,
  Picture = 0x70696374,
  AuxiliaryVideo = 0x61757876,
}

/**
 * A track of a movie: what its headers say, where its sample descriptions lie, and the walk over its samples, those of
 * the movie's tables first and then those of fragments. `head` is the sample that comes next when `ready`.
 */
@unmanaged
export class Track {
  index: u32;
  id: u32;
  handler: u32;
  /** Ticks a second, never 0. */
  timescale: u32;
  /** Ticks a second of the movie, in which edits count. */
  movieTimescale: u32;
  /** Length of the media, ticks. */
  duration: i64;
  /** Language as mdhd has it. */
  language: u32;
  /** Flags of tkhd; bit 0: the track is to be used. */
  flags: u32;
  /** Size at which it is shown, pixels. */
  width: u32;
  height: u32;
  /** EXIF orientation. */
  orientation: u32;
  /** The sample descriptions: first one, end, how many there are, version of their box. */
  stsdAt: usize;
  stsdEnd: usize;
  descriptions: u32;
  stsdVersion: u32;
  /** Boxes of user data, or 0. */
  udta: usize;
  udtaEnd: usize;
  meta: usize;
  metaEnd: usize;
  /** Id of the track that holds this one's chapter titles, or 0. */
  chapters: u32;
  // Defaults for fragments, of trex.
  trexDescription: u32;
  trexDuration: u32;
  trexSize: u32;
  trexFlags: u32;
  /** The edit that samples are in, by number among those that are not empty. */
  editNumber: u32;
  /** Ticks that decoding times are moved down by, so that none is after its presentation time. */
  lower: i64;
  /** Decoding time at which a fragment without one goes on. */
  nextDts: i64;
  ready: bool;
  /** Gives nothing more. */
  ended: bool;
  /** The next sample does not follow from the last one. */
  discont: bool;
  /** Sync samples of audio are what their flags say; most audio is all sync, whatever its flags were left at. */
  strictSync: bool;
  /** Uncompressed audio: bytes of a frame of all channels. */
  frameBytes: u32;
  /** Nobody wants its samples. */
  ignored: bool;
  /** For whoever uses the demuxer. */
  user: usize;
  nested: u64;

  @inline
  get head(): Sample {
    return changetype<Sample>(changetype<usize>(this) + HEAD_AT);
  }

  @inline
  get edit(): Edit {
    return changetype<Edit>(changetype<usize>(this) + EDIT_AT);
  }

  @inline
  get edits(): Edits {
    return changetype<Edits>(changetype<usize>(this) + EDITS_AT);
  }

  @inline
  get tables(): Tables {
    return changetype<Tables>(changetype<usize>(this) + TABLES_AT);
  }

  @inline
  get runs(): Runs {
    return changetype<Runs>(changetype<usize>(this) + RUNS_AT);
  }

  @inline
  get isVideo(): bool {
    return this.handler == Handler.Video || this.handler == Handler.AuxiliaryVideo || this.handler == Handler.Picture;
  }

  @inline
  get isAudio(): bool {
    return this.handler == Handler.Audio;
  }

  @inline
  get isText(): bool {
    return (
      this.handler == Handler.Text ||
      this.handler == Handler.Subtitle ||
      this.handler == Handler.SubtitleQt ||
      this.handler == Handler.Caption
    );
  }

  /** Reads a `trak` box's content; false when it has no media that could be used. */
  read(from: usize, end: usize, movieTimescale: u32): bool {
    this.movieTimescale = movieTimescale;
    this.orientation = 1;
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) {
      const body = boxBody(p);
      switch (boxType(p)) {
        case Fourcc.tkhd:
          this.readHeader(body, p + n);
          break;
        case Fourcc.mdia:
          this.readMedia(body, p + n);
          break;
        case Fourcc.edts: {
          const elst = findBox(body, p + n, Fourcc.elst);
          if (elst) this.edits.read(boxBody(elst), elst + boxSize(elst, p + n));
          break;
        }
        case Fourcc.tref:
          this.readReferences(body, p + n);
          break;
        case Fourcc.udta:
          this.udta = body;
          this.udtaEnd = p + n;
          break;
        case Fourcc.meta:
          this.meta = body;
          this.metaEnd = p + n;
          break;
        default:
          break;
      }
    }
    if (!this.timescale) this.timescale = 1;
    this.lower = -(<i64>this.tables.leastOffset());
    this.editNumber = 0;
    if (!this.edit.take(this.edits, 0, this.timescale, movieTimescale)) this.edit.whole();
    return this.stsdAt != 0;
  }

  private readHeader(p: usize, end: usize): void {
    const large = end - p >= 1 && load<u8>(p) == 1;
    const size: u32 = large ? 96 : 84;
    if (<u32>(end - p) < size) return;
    this.flags = be32(p) & 0xffffff;
    this.id = be32(p + (large ? 20 : 12));
    this.orientation = orientationOf(p + size - 44);
    this.width = be32(p + size - 8) >> 16;
    this.height = be32(p + size - 4) >> 16;
  }

  private readReferences(p: usize, end: usize): void {
    const chap = findBox(p, end, CHAP);
    if (chap && boxSize(chap, end) >= 12) this.chapters = be32(boxBody(chap));
  }

  private readMedia(from: usize, end: usize): void {
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) {
      const body = boxBody(p);
      const left = <u32>(p + n - body);
      switch (boxType(p)) {
        case Fourcc.mdhd: {
          const large = left >= 1 && load<u8>(body) == 1;
          if (left < <u32>(large ? 34 : 22)) break;
          this.timescale = be32(body + (large ? 20 : 12));
          this.duration = large ? <i64>be64(body + 24) : <i64>be32(body + 16);
          // All ones: not known.
          if (this.duration < 0 || (!large && this.duration == 0xffffffff)) this.duration = 0;
          this.language = be16(body + (large ? 32 : 20));
          break;
        }
        case Fourcc.hdlr:
          // QuickTime has a second one, of the data handler, in minf.
          if (left >= 12) this.handler = be32(body + 8);
          break;
        case Fourcc.minf: {
          const stbl = findBox(body, p + n, Fourcc.stbl);
          if (stbl) this.readTable(boxBody(stbl), stbl + boxSize(stbl, p + n));
          break;
        }
        default:
          break;
      }
    }
  }

  private readTable(from: usize, end: usize): void {
    const stsd = findBox(from, end, Fourcc.stsd);
    if (stsd) {
      const p = boxBody(stsd);
      this.stsdEnd = stsd + boxSize(stsd, end);
      if (this.stsdEnd - p >= 16) {
        this.stsdVersion = load<u8>(p);
        this.stsdAt = p + 8;
        let n: u32 = 0;
        const claimed = be32(p + 4);
        for (let q = this.stsdAt; this.descriptions < claimed && (n = boxSize(q, this.stsdEnd)); q += n)
          this.descriptions++;
        if (!this.descriptions) this.stsdAt = 0;
      }
    }
    this.tables.read(from, end);
  }

  /** Address of sample description `number`, from 1 on; the last one for a number there is none of. */
  descriptionAt(number: u32): usize {
    let p = this.stsdAt;
    const last = min<u32>(max<u32>(number, 1), this.descriptions);
    for (let i: u32 = 1; i < last; i++) p += boxSize(p, this.stsdEnd);
    return p;
  }

  /**
   * Loads `head` unless it is ready: the next sample of the tables, then of the fragment, inside the current edit.
   * @param trafs the track fragments of the current movie fragment
   * @param jump whether edits after the first may be followed, for which the tables are read out of order
   */
  load(trafs: usize, jump: bool): bool {
    while (!this.ready && !this.ended) {
      const s = this.head;
      if (this.tables.next(s)) this.nextDts = this.tables.dts;
      else if (!this.runs.next(this, trafs, s)) {
        if (jump) this.ended = true;
        return false;
      }
      if (s.dts - this.lower >= this.edit.end) {
        // Nothing from here on is shown in this edit.
        if (!jump || !this.nextEdit()) this.ended = true;
        continue;
      }
      this.time(s);
      this.ready = true;
    }
    return this.ready;
  }

  /** Fills in the times of a sample on the movie's time line. */
  private time(s: Sample): void {
    const edit = this.edit;
    const pts = s.dts + s.cts;
    if (edit.clips && (pts + max<i64>(s.duration, 1) <= edit.start || pts >= edit.end)) s.flags |= SampleFlag.Hidden;
    if (this.discont) s.flags |= SampleFlag.Discont;
    this.discont = false;
    s.ptsNs = edit.toMovie(pts, this.timescale);
    s.dtsNs = edit.toMovie(s.dts - this.lower, this.timescale);
    s.durationNs = ticksToNs(s.duration, this.timescale);
  }

  /** Goes on to the next edit; false behind the last one. */
  private nextEdit(): bool {
    if (this.editNumber + 1 >= min<u32>(this.edits.media, MAX_EDITS)) return false;
    this.editNumber++;
    if (!this.edit.take(this.edits, this.editNumber, this.timescale, this.movieTimescale)) return false;
    this.toMedia(this.edit.start);
    return true;
  }

  /**
   * Makes the sample next that decoding must start at for what is shown from media time `t` on, of the tables. Audio starts
   * a second before, which covers the delay of any decoder.
   */
  toMedia(t: i64): void {
    const tables = this.tables;
    let i: u32;
    if (this.isAudio) i = tables.syncBefore(tables.at(t - this.timescale));
    else i = this.keyBefore(t);
    tables.seek(i);
    this.ready = false;
    this.ended = false;
    this.discont = true;
  }

  /** Number of the last sync sample that is presented at or before media time `t`. */
  keyBefore(t: i64): u32 {
    const tables = this.tables;
    let i = tables.syncBefore(tables.at(t));
    for (let k = 0; k < MAX_BACK && i && this.presentation(i) > t; k++) i = tables.syncBefore(i - 1);
    return i;
  }

  /** Presentation time of sample `i` of the tables, ticks of the media. */
  presentation(i: u32): i64 {
    const tables = this.tables;
    tables.seek(i);
    if (!tables.next(this.head)) return 0;
    return this.head.dts + this.head.cts;
  }

  /** Length on the movie's time line as far as it is known without fragments, ns. */
  length(): i64 {
    const edit = this.edit;
    const media = this.tables.samples ? this.tables.duration() : this.duration;
    if (this.edits.media > 1) {
      let total: i64 = 0;
      for (let i: u32 = 0; i < this.edits.count; i++) total += this.edits.duration(i);
      return ticksToNs(total, this.movieTimescale);
    }
    return max<i64>(edit.toMovie(min<i64>(media, edit.end), this.timescale), 0);
  }
}

/** Edits that are followed; what comes after them is left out. */
const MAX_EDITS: u32 = 256;

/** Sync samples that are tried when the first found is presented too late. */
const MAX_BACK = 8;

const CHAP: u32 = 0x63686170;

const HEAD_AT: usize = offsetof<Track>("nested");
const EDIT_AT: usize = HEAD_AT + SAMPLE_SIZE;
const EDITS_AT: usize = EDIT_AT + EDIT_SIZE;
const TABLES_AT: usize = EDITS_AT + EDITS_SIZE;
const RUNS_AT: usize = TABLES_AT + ((offsetof<Tables>() + 7) & ~7);
const TRACK_SIZE: u32 = <u32>RUNS_AT + offsetof<Runs>();

/** An empty track; null when the heap has no room. */
export function newTrack(index: u32): Track | null {
  const p = allocZero(TRACK_SIZE, Owner.Parser);
  if (!p) return null;
  const t = changetype<Track>(p);
  t.index = index;
  return t;
}
