import { be32, be64 } from "../../base/bytes";
import { WRITER_SIZE, Writer } from "../../base/writer";
import { NONE, SECOND, ticksToNs } from "../../core/time";
import { Code } from "../../generated/errors";
import { Fourcc, HEADER, LARGE_HEADER, isBoxType, isTopLevel } from "./boxes";
import { DESCRIPTION_SIZE, Description, Format, groupFrames } from "./entries";
import { GROUP, TrafList, readFragment } from "./fragment";
import { MOVIE_SIZE, Movie } from "./movie";
import { Sample } from "./sample";
import { Track } from "./track";

/**
 * A demuxer of ISO base media files (ISO/IEC 14496-12) that touches no media: it asks for the bytes it must see itself
 * and tells where samples lie.
 *
 *     prepare(seekable, length, limit)
 *     while (true) switch (next())
 *       Need     feed(bytes from `offset` on), of which it takes up to `need`; what lies before `floor` is over
 *       Movie    `movie` is known: its tracks, their descriptions
 *       Sample   `sample` of `track`, valid until the next call
 *       Warning  `code`, at byte `at`, of box `what`
 *       Again    call again; it works in bounded stretches
 *       End      all samples have been told
 *       Error    as a warning, and the end
 *
 * Where bytes can be had in any order (`seekable`) and the movie has no fragments, samples come by decoding time, by place
 * in the file while they are less than a second apart. Otherwise they come as they lie in the file. When the end of the
 * input is seen, `endsAt` is called.
 */
export const enum Step {
  Again = 0,
  Need,
  Movie,
  Sample,
  Warning,
  End,
  Error,
}

const enum State {
  /** At the header of a box. */
  Header,
  /** Collecting a box. */
  Body,
  /** Telling samples in front of `limit`, in file order. */
  Sequential,
  /** Telling samples by time. */
  Indexed,
  Done,
  Failed,
}

/** Samples and boxes that one call of next looks at. */
const STRETCH: u32 = 4096;

/** The largest movie fragment box that is taken, bytes. */
const MAX_MOOF: u32 = 16 << 20;

/** Samples less than this apart in time, ns, come in the order of the file. */
const NEAR: i64 = SECOND;

const DESCRIPTION: usize = memory.data(DESCRIPTION_SIZE, 8);

const NO_LIMIT: i64 = i64.MAX_VALUE;

@unmanaged
export class Demuxer {
  seekable: bool;
  /** Bytes of the file, -1 while not known. */
  length: i64;
  /** The largest movie box that is taken, bytes. */
  moovLimit: u32;
  state: State;
  /** Of Need. */
  offset: i64;
  need: u32;
  /** Of Error and Warning: Code, byte offset, type of the box, and a number: bytes missing, a size, tracks. */
  code: i32;
  what: u32;
  at: i64;
  amount: i64;
  /** Of Sample. */
  track: Track | null;
  /** Bytes before this are not needed any more, unless the source is seekable. */
  floor: i64;
  /** The box: where it starts, its size (-1: to the end), its type, and what there is of it. */
  pos: i64;
  size: i64;
  type: u32;
  collected: u32;
  head: u64;
  head2: u64;
  /** Samples before this byte are told now. */
  limit: i64;
  /** Where the first media box stands, while the movie box has not been seen; -1. */
  firstMedia: i64;
  /** A box of the file format has been seen; the movie box has. */
  known: bool;
  hasMovie: bool;
  /** Samples that lie beyond the end of the file: how many, where the first is, where they would end. */
  lost: u32;
  lostAt: i64;
  lostEnd: i64;
  /** A sample that lay behind `floor` has been told of. */
  behind: bool;
  nested: u64;

  @inline
  get movie(): Movie {
    return changetype<Movie>(changetype<usize>(this) + MOVIE_AT);
  }

  @inline
  get sample(): Sample {
    return this.track!.head;
  }

  @inline
  get indexed(): bool {
    return this.state == State.Indexed;
  }

  @inline
  private get moov(): Writer {
    return changetype<Writer>(changetype<usize>(this) + MOOV_AT);
  }

  @inline
  private get moof(): Writer {
    return changetype<Writer>(changetype<usize>(this) + MOOF_AT);
  }

  @inline
  private get trafs(): TrafList {
    return changetype<TrafList>(changetype<usize>(this) + TRAFS_AT);
  }

  /**
   * Starts over.
   * @param seekable whether bytes can be had in any order
   * @param length of the file, bytes, or -1
   * @param moovLimit the largest movie box to take, bytes
   */
  prepare(seekable: bool, length: i64, moovLimit: u32): void {
    memory.fill(changetype<usize>(this), 0, DEMUXER_SIZE);
    this.seekable = seekable;
    this.length = length;
    this.moovLimit = moovLimit;
    this.firstMedia = -1;
    this.lostAt = -1;
  }

  /** Gives all memory back. */
  release(): void {
    this.movie.release();
    this.moov.release();
    this.moof.release();
    this.trafs.release();
  }

  /** Does the next stretch of work; see above. */
  next(): Step {
    for (let i: u32 = 0; i < STRETCH; i++) {
      let step: Step;
      switch (this.state) {
        case State.Header:
          step = this.header();
          break;
        case State.Body:
          step = this.body();
          break;
        case State.Sequential:
          step = this.sequential();
          break;
        case State.Indexed:
          step = this.byTime();
          break;
        case State.Done:
          return Step.End;
        default:
          return Step.Error;
      }
      if (step != Step.Again) return step;
    }
    return Step.Again;
  }

  /**
   * Takes bytes of the file that start at `offset`; those that were not asked for are passed over.
   * @returns false after the heap had no room
   */
  feed(p: usize, n: u32, offset: i64): bool {
    const from = this.pos + this.collected;
    if (offset > from || offset + n <= from) return true;
    const skip = <u32>(from - offset);
    const take = min<u32>(n - skip, this.need);
    if (this.state == State.Header) {
      memory.copy(changetype<usize>(this) + offsetof<Demuxer>("head") + this.collected, p + skip, take);
    } else {
      const w = this.buffer;
      w.bytes(p + skip, take);
      if (w.full) return false;
    }
    this.collected += take;
    this.need = 0;
    return true;
  }

  @inline
  private get buffer(): Writer {
    return this.type == Fourcc.moov ? this.moov : this.moof;
  }

  private want(n: u32): Step {
    this.offset = this.pos + this.collected;
    this.need = n;
    return Step.Need;
  }

  private fail(code: Code, at: i64, what: u32, amount: i64): Step {
    this.state = State.Failed;
    return this.tell(Step.Error, code, at, what, amount);
  }

  private tell(step: Step, code: Code, at: i64, what: u32, amount: i64): Step {
    this.code = code;
    this.at = at;
    this.what = what;
    this.amount = amount;
    return step;
  }

  private header(): Step {
    const left = this.length < 0 ? NO_LIMIT : this.length - this.pos;
    // A few bytes that are no header are what some writers leave behind the last box.
    if (left < <i64>HEADER) return this.endOfFile();
    const head = changetype<usize>(this) + offsetof<Demuxer>("head");
    if (this.collected < HEADER) return this.want(HEADER - this.collected);
    this.type = be32(head + 4);
    this.size = be32(head);
    let length = HEADER;
    if (this.size == 1) {
      if (left < <i64>LARGE_HEADER) return this.endOfFile();
      if (this.collected < LARGE_HEADER) return this.want(LARGE_HEADER - this.collected);
      length = LARGE_HEADER;
      this.size = <i64>min<u64>(be64(head + 8), 0x3fffffffffffffff);
    } else if (!this.size) this.size = this.length < 0 ? -1 : left;
    else if (this.size < <i64>HEADER && (this.type == Fourcc.free || this.type == Fourcc.skip)) this.size = HEADER;
    const plausible = this.known ? isBoxType(this.type) : isTopLevel(this.type);
    if (!plausible || (this.size >= 0 && this.size < <i64>length)) return this.unknown();
    this.known = true;
    return this.open(length);
  }

  /** What stands here is no box: at the start no file of this kind, later the end of what can be read. */
  private unknown(): Step {
    if (!this.known) return this.fail(Code.WrongType, this.pos, 0, 0);
    const at = this.pos;
    if (!this.hasMovie) return this.fail(Code.BadBox, at, this.type, 0);
    this.length = at;
    this.collected = 0;
    return this.tell(Step.Warning, Code.BadBox, at, this.type, 0);
  }

  /** Decides what to do with a box whose header is known. */
  private open(header: u32): Step {
    switch (this.type) {
      case Fourcc.moov:
        if (this.hasMovie) break;
        return this.collect(header, this.moovLimit);
      case Fourcc.moof:
        if (!this.hasMovie) return this.fail(Code.NoInit, this.pos, this.type, 0);
        return this.collect(header, MAX_MOOF);
      case Fourcc.mdat:
        if (this.hasMovie || (this.size >= 0 && this.size <= <i64>header)) break;
        if (!this.seekable) return this.fail(Code.MoovBehind, this.pos, this.type, 0);
        if (this.firstMedia < 0) this.firstMedia = this.pos;
        break;
      default:
        break;
    }
    this.limit = this.size < 0 ? NO_LIMIT : this.pos + this.size;
    this.floor = max<i64>(this.floor, this.pos);
    if (this.hasMovie) this.state = State.Sequential;
    else if (this.size < 0) return this.fail(Code.MoovBehind, this.pos, this.type, 0);
    else this.step();
    return Step.Again;
  }

  /** Goes to the box behind this one. */
  private step(): void {
    this.pos = this.limit;
    this.collected = 0;
    this.state = State.Header;
  }

  /** Starts to collect a box. */
  private collect(header: u32, limit: u32): Step {
    if (this.size < 0 || this.size > <i64>limit) return this.fail(Code.BoxTooLarge, this.pos, this.type, limit);
    this.state = State.Body;
    const w = this.buffer;
    w.clear();
    // Where it is known that the bytes are there, the room for them is made at once.
    if (this.length >= 0 && this.pos + this.size <= this.length) {
      w.extend(<u32>this.size);
      if (w.full) return this.fail(Code.NoMemory, this.pos, this.type, this.size);
      w.clear();
    }
    w.bytes(changetype<usize>(this) + offsetof<Demuxer>("head"), header);
    this.collected = header;
    return Step.Again;
  }

  private body(): Step {
    const size = <u32>this.size;
    if (this.buffer.full) return this.fail(Code.NoMemory, this.pos, this.type, size);
    if (this.collected < size) {
      const left = this.length < 0 ? NO_LIMIT : this.length - this.pos;
      if (<i64>this.collected >= left) return this.fail(Code.Truncated, this.length, this.type, size - left);
      return this.want(<u32>min<i64>(size - this.collected, left - this.collected));
    }
    this.limit = this.pos + size;
    const from = this.buffer.data + (be32(this.buffer.data) == 1 ? LARGE_HEADER : HEADER);
    const end = this.buffer.data + size;
    return this.type == Fourcc.moov ? this.readMovie(from, end) : this.readMoof(from, end);
  }

  private readMovie(from: usize, end: usize): Step {
    const movie = this.movie;
    const code = movie.read(from, end);
    if (code) return this.fail(<Code>code, this.pos, code == Code.Unsupported ? <u32>Fourcc.cmov : this.type, 0);
    this.hasMovie = true;
    const tracks = movie.tracks;
    const description = changetype<Description>(DESCRIPTION);
    for (let i: u32 = 0; i < tracks.length; i++) {
      const t = tracks.get(i);
      t.runs.start();
      if (t.isAudio && description.read(t, 1)) {
        groupFrames(t, description, GROUP);
        t.frameBytes = description.frameBytes;
        t.strictSync = description.format == Format.mhm1 || description.format == Format.mha1;
      }
      t.tables.bound(this.length);
    }
    this.step();
    if (this.seekable && !movie.fragmented && movie.hasSamples) {
      this.state = State.Indexed;
      for (let i: u32 = 0; i < tracks.length; i++) {
        const t = tracks.get(i);
        if (t.edit.clips && t.edit.start > 0) t.toMedia(t.edit.start);
        t.discont = false;
      }
    } else if (this.firstMedia >= 0) this.pos = this.firstMedia;
    return Step.Movie;
  }

  private readMoof(from: usize, end: usize): Step {
    const at = this.pos;
    const ok = readFragment(from, end, at, this.movie.tracks, this.trafs);
    this.floor = max<i64>(this.floor, at);
    this.step();
    return ok ? Step.Again : this.tell(Step.Warning, Code.BadBox, at, Fourcc.moof, 0);
  }

  /** The sample that lies first in the file, if it starts in front of `limit`. */
  private sequential(): Step {
    const tracks = this.movie.tracks;
    const trafs = changetype<usize>(this.trafs);
    let best: Track | null = null;
    for (let i: u32 = 0; i < tracks.length; i++) {
      const t = tracks.get(i);
      if (t.ignored || !(t.ready || t.load(trafs, false))) continue;
      if (!best || t.head.offset < best.head.offset) best = t;
    }
    // A sample without bytes may stand at the very end.
    if (!best || best.head.offset + min<i64>(best.head.size, 1) > this.limit) {
      if (this.limit == NO_LIMIT) return this.endOfFile();
      this.step();
      return Step.Again;
    }
    const s = best.head;
    if (s.offset < this.floor && !this.seekable) {
      best.ready = false;
      best.discont = true;
      if (this.behind) return Step.Again;
      this.behind = true;
      this.track = best;
      return this.tell(Step.Warning, Code.SamplesBehind, s.offset, 0, best.id);
    }
    this.floor = max<i64>(this.floor, s.offset);
    return this.give(best);
  }

  /** The sample that comes first in time, or of those less than a second apart the first in the file. */
  private byTime(): Step {
    const tracks = this.movie.tracks;
    const trafs = changetype<usize>(this.trafs);
    let best: Track | null = null;
    for (let i: u32 = 0; i < tracks.length; i++) {
      const t = tracks.get(i);
      if (t.ignored || !(t.ready || t.load(trafs, true))) continue;
      if (!best) {
        best = t;
        continue;
      }
      const later = t.head.dtsNs - best.head.dtsNs;
      if (later >= -NEAR && later <= NEAR ? t.head.offset < best.head.offset : later < 0) best = t;
    }
    return best ? this.give(best) : this.finish();
  }

  private give(t: Track): Step {
    this.track = t;
    t.ready = false;
    const s = t.head;
    if (this.length >= 0 && s.offset + s.size > this.length) {
      this.lose();
      t.runs.passRest(t);
      return Step.Again;
    }
    return Step.Sample;
  }

  /** Takes in where the input has ended, bytes; no table has more samples than fit in front of it. */
  endsAt(length: i64): void {
    this.length = this.length < 0 ? length : min<i64>(this.length, length);
    const tracks = this.movie.tracks;
    for (let i: u32 = 0; i < tracks.length; i++) tracks.get(i).tables.bound(this.length);
  }

  /** Notes that the bytes of the last sample told are not there. */
  lose(): void {
    const s = this.sample;
    this.track!.discont = true;
    if (this.lostAt < 0 || s.offset < this.lostAt) this.lostAt = s.offset;
    this.lostEnd = max<i64>(this.lostEnd, s.offset + s.size);
    this.lost++;
  }

  /** The input ends where a box could start. */
  private endOfFile(): Step {
    if (!this.known) return this.fail(this.length > 0 ? Code.WrongType : Code.NoData, this.length, 0, 0);
    if (!this.hasMovie) return this.fail(Code.NoMoov, this.length, 0, this.length);
    const tracks = this.movie.tracks;
    for (let i: u32 = 0; i < tracks.length; i++) {
      const t = tracks.get(i);
      if (t.ignored || !(t.ready || t.load(changetype<usize>(this.trafs), false))) continue;
      this.track = t;
      if (t.head.size) this.lose();
      t.ended = true;
    }
    return this.finish();
  }

  private finish(): Step {
    if (this.lost) {
      return this.fail(Code.Truncated, min<i64>(this.lostAt, this.length), 0, max<i64>(this.lostEnd - this.length, 0));
    }
    this.state = State.Done;
    return Step.End;
  }

  /** Length of the movie, ns, or NONE while it is not known. */
  duration(): i64 {
    const movie = this.movie;
    if (!this.hasMovie) return NONE;
    if (movie.duration) return ticksToNs(movie.duration, movie.timescale);
    if (movie.fragmented) return NONE;
    let longest: i64 = 0;
    for (let i: u32 = 0; i < movie.tracks.length; i++) longest = max<i64>(longest, movie.tracks.get(i).length());
    return longest;
  }

  /** Whether `seek` can be called. */
  canSeek(): bool {
    return this.hasMovie && this.seekable && !this.movie.fragmented && this.movie.hasSamples;
  }

  /**
   * Goes to a sync sample of the video (or, without one, to the sample) that is shown at or before `t`, and all other
   * tracks to the same time.
   * @param t ns of the movie
   * @param after take the first sync sample not before `t` instead, if there is one
   * @returns the time that playing starts at, ns
   */
  seek(t: i64, after: bool): i64 {
    const tracks = this.movie.tracks;
    let leader: Track | null = null;
    for (let i: u32 = 0; i < tracks.length; i++) {
      const c = tracks.get(i);
      if (!c.ignored && c.isVideo && !leader) leader = c;
    }
    let start = max<i64>(t, 0);
    if (leader) start = this.place(leader, start, true, after);
    for (let i: u32 = 0; i < tracks.length; i++) {
      const c = tracks.get(i);
      if (!c.ignored && c != leader) this.place(c, start, false, false);
    }
    this.lost = 0;
    this.lostAt = -1;
    this.lostEnd = 0;
    this.state = State.Indexed;
    return start;
  }

  /** Puts one track to a time of the movie, `toSync`: to a sync sample; the time it starts at, ns. */
  private place(t: Track, at: i64, toSync: bool, after: bool): i64 {
    const edit = t.edit;
    t.editNumber = 0;
    if (edit.take(t.edits, 0, t.timescale, t.movieTimescale)) {
      while (at >= edit.endTime(t.timescale) && t.editNumber + 1 < t.edits.media) {
        t.editNumber++;
        edit.take(t.edits, t.editNumber, t.timescale, t.movieTimescale);
      }
    } else edit.whole();
    const tables = t.tables;
    const media = max<i64>(edit.toMedia(at, t.timescale), edit.start);
    let i = toSync ? t.keyBefore(media) : tables.syncBefore(tables.at(media));
    if (toSync && after && t.presentation(i) < media) {
      i = tables.syncAfter(tables.at(media));
      if (t.presentation(i) < media) i = t.keyBefore(media);
    }
    let start = at;
    if (toSync) {
      // What is shown before the first sync sample of all is shown from the time asked for on.
      const shown = edit.toMovie(max<i64>(t.presentation(i), edit.start), t.timescale);
      start = after ? shown : min<i64>(shown, at);
    }
    tables.seek(i);
    t.ready = false;
    t.ended = false;
    t.discont = true;
    return max<i64>(start, 0);
  }
}

const MOVIE_AT: usize = offsetof<Demuxer>("nested");
const MOOV_AT: usize = MOVIE_AT + ((MOVIE_SIZE + 7) & ~7);
const MOOF_AT: usize = MOOV_AT + WRITER_SIZE;
const TRAFS_AT: usize = MOOF_AT + WRITER_SIZE;

/** Bytes that a Demuxer takes inside another record. */
export const DEMUXER_SIZE: u32 = <u32>TRAFS_AT + ((offsetof<TrafList>() + 7) & ~7);
