import { be16, be32, be64 } from "../../base/bytes";
import { Fourcc, boxBody, boxSize, boxType } from "./boxes";
import { Sample, SampleFlag } from "./sample";

/**
 * The sample tables of a track (ISO/IEC 14496-12 §8.6, §8.7), walked sample by sample where they lie in the movie box, so
 * that a track costs no memory of its own. Counts are held against the bytes of their table; a table that ends early
 * repeats its last duration, has offsets of 0, or ends the track.
 *
 * Positions of the walk:
 *
 *     stts, ctts   next entry; samples left in the current one, and its value
 *     stsc         next entry; the chunk it starts at; samples a chunk and description of the current one
 *     stco         the chunk whose samples are being given
 *     stsz         the sample that comes next
 *     stss         the sync sample that comes next
 */
@unmanaged
export class Tables {
  // Where the tables lie: first entry and entries that are really there.
  sttsAt: usize;
  sttsCount: u32;
  cttsAt: usize;
  cttsCount: u32;
  stscAt: usize;
  stscCount: u32;
  chunksAt: usize;
  chunks: u32;
  /** Chunk offsets of 64 bits. */
  large: bool;
  sizesAt: usize;
  /** Bits of an entry of the table of sizes; 0 when all samples have `size` bytes. */
  sizeBits: u32;
  size: u32;
  samples: u32;
  syncAt: usize;
  syncCount: u32;
  /** There is a table of sync samples: what is not in it is none. */
  hasSync: bool;
  /** sdtp: a byte a sample, or 0. */
  dependAt: usize;
  dependCount: u32;
  /** A table claims more entries than its box has. */
  short: bool;

  /**
   * Samples that leave as one: more than 1 for audio whose samples are single frames of PCM, which come a stretch of a
   * chunk at a time; then each `frames` of them take `bytes`.
   */
  group: u32;
  frames: u32;
  bytes: u32;

  // The walk.
  sttsNext: u32;
  sttsLeft: u32;
  delta: u32;
  cttsNext: u32;
  cttsLeft: u32;
  cts: i32;
  stscNext: u32;
  perChunk: u32;
  description: u32;
  /** The chunk after the current one, and what is left of the current one. */
  chunk: u32;
  chunkLeft: u32;
  index: u32;
  syncNext: u32;
  offset: i64;
  dts: i64;

  /** Finds the tables among the boxes of an `stbl` and starts at the first sample. */
  read(from: usize, end: usize): void {
    let n: u32 = 0;
    for (let p = from; (n = boxSize(p, end)); p += n) this.table(boxType(p), boxBody(p), p + n);
    this.group = 1;
    this.rewind();
  }

  private table(type: u32, p: usize, end: usize): void {
    switch (type) {
      case Fourcc.stts:
        this.sttsCount = this.entries(p, end, 8);
        this.sttsAt = p + 8;
        break;
      case Fourcc.ctts:
        this.cttsCount = this.entries(p, end, 8);
        this.cttsAt = p + 8;
        break;
      case Fourcc.stsc:
        this.stscCount = this.entries(p, end, 12);
        this.stscAt = p + 8;
        break;
      case Fourcc.stco:
        this.chunks = this.entries(p, end, 4);
        this.chunksAt = p + 8;
        this.large = false;
        break;
      case Fourcc.co64:
        this.chunks = this.entries(p, end, 8);
        this.chunksAt = p + 8;
        this.large = true;
        break;
      case Fourcc.stss:
        this.syncCount = this.entries(p, end, 4);
        this.syncAt = p + 8;
        this.hasSync = true;
        break;
      case Fourcc.stsz:
      case Fourcc.stz2:
        this.sizes(type, p, end);
        break;
      case Fourcc.sdtp:
        if (end - p < 4) break;
        this.dependAt = p + 4;
        this.dependCount = <u32>(end - p) - 4;
        break;
      default:
        break;
    }
  }

  /** Entries that a table has room for, of those it claims. */
  private entries(p: usize, end: usize, size: u32): u32 {
    if (end - p < 8) return 0;
    const claimed = be32(p + 4);
    const there = (<u32>(end - p) - 8) / size;
    if (claimed > there) this.short = true;
    return min<u32>(claimed, there);
  }

  private sizes(type: u32, p: usize, end: usize): void {
    if (end - p < 12) return;
    const size = be32(p + 4);
    let count = be32(p + 8);
    let bits: u32 = 32;
    if (type == Fourcc.stz2) {
      bits = size & 255;
      if (bits != 4 && bits != 8 && bits != 16) return;
    } else if (size) bits = 0;
    this.size = bits ? 0 : size;
    this.sizeBits = bits;
    this.sizesAt = p + 12;
    if (bits) {
      const there = <u32>min<u64>(((<u64>(end - p - 12)) << 3) / bits, u32.MAX_VALUE);
      if (count > there) {
        this.short = true;
        count = there;
      }
    }
    this.samples = count;
  }

  /**
   * Samples that have no place or no time because a table is missing or ends before; 1 when they have no sizes, which alone
   * tell how many there are.
   */
  missing(): u32 {
    if (!this.samples) return this.chunks && this.stscCount && this.sttsCount ? 1 : 0;
    if (!this.sttsCount) return this.samples;
    let placed: u64 = 0;
    for (let i: u32 = 0; i < this.stscCount && placed < this.samples; i++) {
      const first = i ? be32(this.stsc(i)) : 1;
      const behind = i + 1 < this.stscCount ? min<u32>(be32(this.stsc(i + 1)), this.chunks + 1) : this.chunks + 1;
      if (behind > first) placed += <u64>(behind - first) * be32(this.stsc(i) + 4);
    }
    return placed < this.samples ? this.samples - <u32>placed : 0;
  }

  /** Bytes of sample `i`, which the table has. */
  sizeOf(i: u32): u32 {
    switch (this.sizeBits) {
      case 0:
        return this.size;
      case 32:
        return be32(this.sizesAt + ((<usize>i) << 2));
      case 16:
        return be16(this.sizesAt + ((<usize>i) << 1));
      case 8:
        return load<u8>(this.sizesAt + i);
      default:
        return ((<u32>load<u8>(this.sizesAt + (i >> 1))) >> (i & 1 ? 0 : 4)) & 15;
    }
  }

  /** Ticks that all samples last, but perhaps the last one; 0 where they differ. */
  commonDuration(): u32 {
    if (!this.sttsCount || this.sttsCount > 2 || !this.samples) return 0;
    if (this.sttsCount == 2 && be32(this.sttsAt + 8) != 1) return 0;
    return be32(this.sttsAt + 4);
  }

  /** Whether every sample lasts one tick. */
  singleTicks(): bool {
    return this.sttsCount == 1 && be32(this.sttsAt + 4) == 1;
  }

  /**
   * Lets no more samples of equal size count than a file of `length` bytes can have, and one that it cannot, by which it is
   * seen that some are missing; their number is the one that no bytes of a table stand behind.
   */
  bound(length: i64): void {
    if (this.sizeBits || length < 0) return;
    const unit = this.group > 1 ? max<u32>(this.bytes / max<u32>(this.frames, 1), 1) : this.size;
    if (unit) this.samples = <u32>min<u64>(this.samples, <u64>length / unit + 1);
  }

  /** Goes back to the first sample. */
  rewind(): void {
    this.sttsNext = 0;
    this.sttsLeft = 0;
    this.delta = 0;
    this.cttsNext = 0;
    this.cttsLeft = 0;
    this.cts = 0;
    this.stscNext = 0;
    this.perChunk = 0;
    this.description = 1;
    this.chunk = 0;
    this.chunkLeft = 0;
    this.index = 0;
    this.syncNext = 0;
    this.offset = 0;
    this.dts = 0;
  }

  @inline
  private stsc(i: u32): usize {
    return this.stscAt + <usize>i * 12;
  }

  /** Goes to the next chunk; false behind the last one. */
  private nextChunk(): bool {
    if (this.chunk >= this.chunks) return false;
    // Chunks count from 1; an entry that starts before its turn counts from here.
    while (this.stscNext < this.stscCount && (!this.stscNext || be32(this.stsc(this.stscNext)) <= this.chunk + 1)) {
      const entry = this.stsc(this.stscNext++);
      this.perChunk = be32(entry + 4);
      this.description = be32(entry + 8);
    }
    this.offset = this.chunkOffset(this.chunk);
    this.chunk++;
    this.chunkLeft = this.perChunk;
    return true;
  }

  @inline
  private chunkOffset(i: u32): i64 {
    if (!this.large) return be32(this.chunksAt + ((<usize>i) << 2));
    return <i64>min<u64>(be64(this.chunksAt + ((<usize>i) << 3)), 0x3fffffffffffffff);
  }

  /** Fills in the next sample, all but its times in ns; false behind the last one. */
  next(s: Sample): bool {
    if (this.index >= this.samples) return false;
    while (!this.chunkLeft) if (!this.nextChunk()) return false;
    s.flags = 0;
    s.offset = this.offset;
    s.description = this.description;
    if (this.group > 1) {
      const n = min<u32>(min<u32>(this.group, this.chunkLeft), this.samples - this.index);
      s.size = <u32>min<u64>((<u64>n / this.frames) * this.bytes, u32.MAX_VALUE);
      s.dts = this.dts;
      s.cts = 0;
      s.duration = n;
      s.flags = SampleFlag.Key;
      this.index += n;
      this.chunkLeft -= n;
      this.offset += s.size;
      this.dts += n;
      return true;
    }
    s.size = this.sizeOf(this.index);
    this.offset += s.size;
    this.chunkLeft--;
    this.time(s);
    if (!this.hasSync || this.isSync(this.index)) s.flags |= SampleFlag.Key;
    if (this.index < this.dependCount && (load<u8>(this.dependAt + this.index) & 0x0c) == 0x08) {
      s.flags |= SampleFlag.Droppable;
    }
    this.index++;
    return true;
  }

  /** Gives the sample its times and moves on in both tables of times. */
  private time(s: Sample): void {
    while (!this.sttsLeft && this.sttsNext < this.sttsCount) {
      const entry = this.sttsAt + ((<usize>this.sttsNext) << 3);
      this.sttsNext++;
      this.sttsLeft = be32(entry);
      this.delta = be32(entry + 4);
    }
    if (this.sttsLeft) this.sttsLeft--;
    while (!this.cttsLeft && this.cttsNext < this.cttsCount) {
      const entry = this.cttsAt + ((<usize>this.cttsNext) << 3);
      this.cttsNext++;
      this.cttsLeft = be32(entry);
      this.cts = <i32>be32(entry + 4);
    }
    if (this.cttsLeft) this.cttsLeft--;
    else this.cts = 0;
    s.dts = this.dts;
    s.cts = this.cts;
    s.duration = this.delta;
    this.dts += this.delta;
  }

  /** Whether sample `i`, which is not before those asked for earlier, is a sync sample. */
  private isSync(i: u32): bool {
    const at = this.syncAt;
    while (this.syncNext < this.syncCount && be32(at + ((<usize>this.syncNext) << 2)) <= i) this.syncNext++;
    return this.syncNext < this.syncCount && be32(at + ((<usize>this.syncNext) << 2)) == i + 1;
  }

  /** The most negative offset of presentation times, 0 when there is none. */
  leastOffset(): i32 {
    let least: i32 = 0;
    for (let i: u32 = 0; i < this.cttsCount; i++)
      least = min<i32>(least, <i32>be32(this.cttsAt + ((<usize>i) << 3) + 4));
    return least;
  }

  /** The decoding time behind the last sample, ticks. */
  duration(): i64 {
    let total: u64 = 0;
    let left = this.samples;
    let delta: u32 = 0;
    for (let i: u32 = 0; i < this.sttsCount && left; i++) {
      const entry = this.sttsAt + ((<usize>i) << 3);
      const n = min<u32>(be32(entry), left);
      delta = be32(entry + 4);
      total += <u64>n * delta;
      left -= n;
    }
    return <i64>min<u64>(total + <u64>left * delta, i64.MAX_VALUE);
  }

  /** Number of the last sample whose decoding time is not after `dts`; 0 when all are. */
  at(dts: i64): u32 {
    let t: u64 = 0;
    let i: u32 = 0;
    if (dts <= 0) return 0;
    for (let k: u32 = 0; k < this.sttsCount && i < this.samples; k++) {
      const entry = this.sttsAt + ((<usize>k) << 3);
      const n = min<u32>(be32(entry), this.samples - i);
      const delta = be32(entry + 4);
      if (delta && <u64>dts < t + <u64>n * delta) return i + <u32>((<u64>dts - t) / delta);
      t += <u64>n * delta;
      i += n;
    }
    return max<u32>(this.samples, 1) - 1;
  }

  /** Number of the last sync sample that is not after sample `i`; the first sample when there is none. */
  syncBefore(i: u32): u32 {
    if (!this.hasSync) return i;
    let low: u32 = 0;
    let high = this.syncCount;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (be32(this.syncAt + ((<usize>mid) << 2)) <= i + 1) low = mid + 1;
      else high = mid;
    }
    return low ? max<u32>(be32(this.syncAt + ((<usize>(low - 1)) << 2)), 1) - 1 : 0;
  }

  /** Number of the first sync sample that is not before sample `i`; that of the last one when there is none. */
  syncAfter(i: u32): u32 {
    if (!this.hasSync) return i;
    for (let k: u32 = 0; k < this.syncCount; k++) {
      const sync = be32(this.syncAt + ((<usize>k) << 2));
      if (sync > i && sync <= this.samples) return sync - 1;
    }
    return this.syncBefore(i);
  }

  /** Makes sample `i` (of a group: the one it lies in) the next one. */
  seek(i: u32): void {
    this.rewind();
    i = min<u32>(i, this.samples);
    this.seekChunk(i);
    const at = this.index;
    // Times, by whole entries.
    let left = at;
    while (left && this.sttsNext < this.sttsCount) {
      const entry = this.sttsAt + ((<usize>this.sttsNext) << 3);
      this.sttsNext++;
      this.delta = be32(entry + 4);
      const n = min<u32>(be32(entry), left);
      this.dts += <i64>(<u64>n * this.delta);
      this.sttsLeft = be32(entry) - n;
      left -= n;
    }
    this.dts += <i64>(<u64>left * this.delta);
    left = at;
    while (left && this.cttsNext < this.cttsCount) {
      const entry = this.cttsAt + ((<usize>this.cttsNext) << 3);
      this.cttsNext++;
      this.cts = <i32>be32(entry + 4);
      const n = min<u32>(be32(entry), left);
      this.cttsLeft = be32(entry) - n;
      left -= n;
    }
  }

  /** Finds the chunk of sample `i`, runs of equal chunks at a time, and the place of the sample in it. */
  private seekChunk(i: u32): void {
    while (this.index < i) {
      if (!this.nextChunk()) return;
      const per = this.perChunk;
      // Chunks up to where the next entry starts hold the same number of samples.
      const until =
        this.stscNext < this.stscCount ? min<u32>(be32(this.stsc(this.stscNext)) - 1, this.chunks) : this.chunks;
      const run = until > this.chunk ? until - this.chunk : 0;
      const whole = per ? min<u32>(run, (i - this.index) / per) : run;
      if (whole) {
        this.chunk += whole;
        this.index += whole * per;
        this.offset = this.chunkOffset(this.chunk - 1);
      }
      if (this.index + per <= i) {
        this.index += per;
        this.chunkLeft = 0;
        continue;
      }
      let into = i - this.index;
      if (this.group > 1) {
        into -= into % this.group;
        this.offset += <i64>((<u64>into / this.frames) * this.bytes);
      } else if (!this.sizeBits) this.offset += <i64>(<u64>into * this.size);
      else for (let k: u32 = 0; k < into; k++) this.offset += this.sizeOf(this.index + k);
      this.index += into;
      this.chunkLeft = per - into;
      return;
    }
  }
}
