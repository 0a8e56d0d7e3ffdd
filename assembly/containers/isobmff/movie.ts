import { be32, be64 } from "../../base/bytes";
import { free } from "../../base/heap";
import { Vec } from "../../base/vec";
import { Code } from "../../generated/errors";
import { Fourcc, boxBody, boxSize, boxType, findBox } from "./boxes";
import { NO_END } from "./edits";
import { Track, newTrack } from "./track";

/** Tracks that are followed; more are left out. */
export const MAX_TRACKS: u32 = 256;

/** What the movie box says about the movie as a whole, and its tracks. */
@unmanaged
export class Movie {
  /** Ticks a second that lengths of the movie and of edits count in, never 0. */
  timescale: u32;
  /** Length, ticks; 0 when it is not known. */
  duration: i64;
  /** When it was made: seconds since the start of 1904, 0 for not said. */
  created: u64;
  /** Boxes of user data, or 0. */
  udta: usize;
  udtaEnd: usize;
  meta: usize;
  metaEnd: usize;
  /** There may be fragments. */
  fragmented: bool;
  /** The tables of some track have samples. */
  hasSamples: bool;
  /** Tracks that were passed over: they have no media or no sample description. */
  skipped: u32;
  /** A table claims more entries than there are bytes for. */
  short: bool;
  tracks_data: usize;
  tracks_length: u32;
  tracks_capacity: u32;

  @inline
  get tracks(): Vec<Track> {
    return changetype<Vec<Track>>(changetype<usize>(this) + offsetof<Movie>("tracks_data"));
  }

  /**
   * Reads the content of a `moov` box, which must stay where it is.
   * @returns 0, or the Code of what is wrong
   */
  read(from: usize, end: usize): i32 {
    this.timescale = 1;
    if (findBox(from, end, Fourcc.cmov)) return Code.Unsupported;
    const mvhd = findBox(from, end, Fourcc.mvhd);
    if (mvhd) this.readHeader(boxBody(mvhd), mvhd + boxSize(mvhd, end));
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) {
      const body = boxBody(p);
      switch (boxType(p)) {
        case Fourcc.trak:
          if (!this.readTrack(body, p + n)) return Code.NoMemory;
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
    for (let p = from; (n = boxSize(p, end)); p += n) {
      if (boxType(p) == Fourcc.mvex) this.readExtends(boxBody(p), p + n);
    }
    return 0;
  }

  private readHeader(p: usize, end: usize): void {
    const left = <u32>(end - p);
    const large = left >= 1 && load<u8>(p) == 1;
    if (left < <u32>(large ? 32 : 20)) return;
    this.created = large ? be64(p + 4) : <u64>be32(p + 4);
    this.timescale = max<u32>(be32(p + (large ? 20 : 12)), 1);
    this.duration = large ? <i64>be64(p + 24) : <i64>be32(p + 16);
    if (this.duration < 0 || (!large && this.duration == 0xffffffff)) this.duration = 0;
  }

  private readTrack(from: usize, end: usize): bool {
    if (this.tracks.length >= MAX_TRACKS) {
      this.skipped++;
      return true;
    }
    const track = newTrack(this.tracks.length);
    if (!track) return false;
    if (!track.read(from, end, this.timescale)) {
      this.skipped++;
      free(changetype<usize>(track));
      return true;
    }
    if (track.tables.samples) this.hasSamples = true;
    if (track.tables.short) this.short = true;
    if (this.tracks.push(track)) return true;
    free(changetype<usize>(track));
    return false;
  }

  /** Movie extends: the defaults of fragments, and that edits do not end where the tables do. */
  private readExtends(from: usize, end: usize): void {
    this.fragmented = true;
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) {
      const body = boxBody(p);
      const left = <u32>(p + n - body);
      if (boxType(p) == Fourcc.mehd && left >= 8) {
        const large = load<u8>(body) == 1;
        if (!large || left >= 12)
          this.duration = large ? <i64>min<u64>(be64(body + 4), i64.MAX_VALUE) : <i64>be32(body + 4);
      }
      if (boxType(p) != Fourcc.trex || left < 24) continue;
      const track = this.byId(be32(body + 4));
      if (!track) continue;
      track.trexDescription = be32(body + 8);
      track.trexDuration = be32(body + 12);
      track.trexSize = be32(body + 16);
      track.trexFlags = be32(body + 20);
    }
    for (let i: u32 = 0; i < this.tracks.length; i++) this.tracks.get(i).edit.end = NO_END;
  }

  /** The track of an id, or null. */
  byId(id: u32): Track | null {
    for (let i: u32 = 0; i < this.tracks.length; i++) if (this.tracks.get(i).id == id) return this.tracks.get(i);
    return null;
  }

  /** Gives the tracks back. */
  release(): void {
    for (let i: u32 = 0; i < this.tracks.length; i++) free(changetype<usize>(this.tracks.get(i)));
    this.tracks.release();
  }
}

/** Bytes that a Movie takes inside another record. */
export const MOVIE_SIZE: u32 = offsetof<Movie>();
