import { Demuxer, Step } from "../demuxer";

/**
 * Drives a demuxer over a file in memory as an element does: bytes that it asks for, in pieces; without random access in
 * order and never twice.
 */
export class Host {
  demuxer: Demuxer;
  file: usize;
  length: u32;
  /** Bytes given at once. */
  piece: u32;
  /** Calls of next, and warnings. */
  calls: u32 = 0;
  warnings: u32 = 0;
  /** A byte was asked for that is not in the file, or, without random access, one that is gone. */
  strayed: bool = false;
  private gone: i64 = 0;

  constructor(demuxer: Demuxer, file: usize, length: u32, piece: u32) {
    this.demuxer = demuxer;
    this.file = file;
    this.length = length;
    this.piece = piece;
  }

  /** Goes on to the next step that is for the caller: Movie, Sample, End or Error. */
  next(): Step {
    const d = this.demuxer;
    while (this.calls < 1_000_000) {
      this.calls++;
      const step = d.next();
      if (step == Step.Need) {
        this.feed();
        continue;
      }
      if (step == Step.Warning) this.warnings++;
      else if (step == Step.Sample && !this.whole()) d.lose();
      else if (step != Step.Again) return step;
    }
    return Step.Again;
  }

  /** Whether the bytes of the sample are in the file; if not, its end has been seen. */
  private whole(): bool {
    const d = this.demuxer;
    const s = d.sample;
    this.gone = max<i64>(this.gone, d.floor);
    if (s.offset + s.size <= <i64>this.length) return true;
    d.endsAt(this.length);
    return false;
  }

  private feed(): void {
    const d = this.demuxer;
    if (!d.seekable && d.offset < this.gone) this.strayed = true;
    this.gone = max<i64>(this.gone, d.offset);
    if (d.offset >= <i64>this.length) {
      // Behind the end nothing can be asked for once it is known.
      if (d.length >= 0) this.strayed = true;
      d.endsAt(this.length);
      return;
    }
    const n = min<u32>(this.piece, this.length - <u32>d.offset);
    d.feed(this.file + <u32>d.offset, n, d.offset);
  }
}
