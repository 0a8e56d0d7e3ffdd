import { Random } from "../../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../../base/__tests__/region";
import { putBe16, putBe32 } from "../../../base/bytes";
import { crc32Mpeg } from "../../../base/crc";
import { heap } from "../../../base/heap";
import { blockUnref, blocksInit, blocksRelease, blocksUsed, newBlock } from "../../../core/block";
import { Slices } from "../../../core/slices";
import { TsDemuxer, TsEvent } from "../demuxer";
import { writeTimestamp } from "../misc";

/** A transport stream under construction, packet by packet, with what should come out of it. */
export class Transport {
  data: StaticArray<u8> = new StaticArray<u8>(1 << 20);
  length: u32 = 0;
  /** Continuity counters by PID. */
  counters: StaticArray<u8> = new StaticArray<u8>(8192);

  at(i: u32): usize {
    return changetype<usize>(this.data) + i;
  }

  /**
   * Appends a packet of 188 bytes; the rest in front of `n` bytes of payload is adaptation field.
   * @param flags of the adaptation field, which is made for them if need be
   */
  packet(pid: u32, starts: bool, payload: usize, n: u32, flags: u32 = 0): void {
    const p = this.at(this.length);
    this.length += 188;
    must(this.length <= <u32>this.data.length, "there is room");
    const counter = <u32>this.counters[pid];
    if (n) this.counters[pid] = <u8>((counter + 1) & 15);
    const field = 184 - n;
    store<u8>(p, 0x47);
    putBe16(p + 1, (starts ? 0x4000 : 0) | pid);
    store<u8>(p, (field ? 0x20 : 0) | (n ? 0x10 : 0) | ((n ? counter : counter - 1) & 15), 3);
    if (field) {
      memory.fill(p + 4, 0xff, field);
      store<u8>(p, field - 1, 4);
      if (field > 1) store<u8>(p, flags, 5);
    } else must(!flags, "flags need room");
    memory.copy(p + 4 + field, payload, n);
  }

  /** Appends data in packets of at most `most` bytes of payload, or of random sizes with a generator. */
  put(pid: u32, p: usize, n: u32, most: u32, random: Random | null): void {
    let starts = true;
    while (n) {
      const k = min<u32>(n, random ? 1 + random.below(most) : most);
      this.packet(pid, starts, p, k);
      p += k;
      n -= k;
      starts = false;
    }
  }

  /** Appends a section with its checksum: `n` bytes at `body` behind the eight of the head. */
  section(pid: u32, table: u32, id: u32, version: u32, number: u32, last: u32, body: usize, n: u32): void {
    const s = new StaticArray<u8>(1 + 12 + n);
    const p = changetype<usize>(s) + 1;
    store<u8>(p, table);
    putBe16(p + 1, 0xb000 | (n + 9));
    putBe16(p + 3, id);
    store<u8>(p, 0xc1 | (version << 1), 5);
    store<u8>(p, number, 6);
    store<u8>(p, last, 7);
    memory.copy(p + 8, body, n);
    putBe32(p + 8 + n, crc32Mpeg(0xffffffff, p, 8 + n));
    this.put(pid, p - 1, 1 + 12 + n, 184, null);
  }

  /** A PAT with one program. */
  pat(version: u32 = 0, program: u32 = 1, pmt: u32 = 0x1000): void {
    putBe16(BODY, program);
    putBe16(BODY + 2, 0xe000 | pmt);
    this.section(0, 0, 1, version, 0, 0, BODY, 4);
  }

  /** A PMT with streams of `type` on `count` PIDs from `first` on. */
  pmt(type: u32, first: u32, count: u32, version: u32 = 0, program: u32 = 1, pid: u32 = 0x1000): void {
    putBe16(BODY, 0xe000 | first);
    putBe16(BODY + 2, 0xf000);
    for (let i: u32 = 0; i < count; i++) {
      store<u8>(BODY + 4 + 5 * i, type);
      putBe16(BODY + 5 + 5 * i, 0xe000 | (first + i));
      putBe16(BODY + 7 + 5 * i, 0xf000);
    }
    this.section(pid, 2, program, version, 0, 0, BODY, 4 + 5 * count);
  }

  /** Puts the packets at another distance: 192 with a time in front, 204 with bytes behind. */
  spread(stride: u32): Transport {
    const out = new Transport();
    const n = this.length / 188;
    must(n * stride <= <u32>out.data.length, "there is room");
    for (let i: u32 = 0; i < n; i++) {
      // Among the bytes between there are some that look like the start of a packet.
      memory.fill(out.at(i * stride), i & 3 ? 0x47 : 0x30, stride);
      memory.copy(out.at(i * stride + (stride == 192 ? 4 : 0)), this.at(i * 188), 188);
    }
    out.length = n * stride;
    return out;
  }
}

const BODY: usize = memory.data(1024, 8);

/** A PES packet: what should come out. */
export class Unit {
  constructor(
    public pid: u32,
    public pts: i64,
    public dts: i64,
    public size: u32,
    public hash: u64,
  ) {}
}

/** Hash of bytes, FNV-1a. */
export function hashOf(p: usize, n: u32): u64 {
  let h: u64 = 0xcbf29ce484222325;
  for (let i: u32 = 0; i < n; i++) h = (h ^ load<u8>(p + i)) * 0x100000001b3;
  return h;
}

/**
 * Makes a PES packet of random bytes.
 * @param to room for `size` + 300 bytes
 * @param stuffing bytes behind the timestamps
 * @returns its bytes
 */
export function makePes(to: usize, random: Random, u: Unit, bounded: bool, stuffing: u32): u32 {
  const times: u32 = u.pts < 0 ? 0 : u.dts < 0 ? 5 : 10;
  const head = 9 + times + stuffing;
  putBe32(to, 0x1e0);
  putBe16(to + 4, bounded ? head - 6 + u.size : 0);
  store<u8>(to, 0x80, 6);
  store<u8>(to, u.pts < 0 ? 0 : u.dts < 0 ? 0x80 : 0xc0, 7);
  store<u8>(to, times + stuffing, 8);
  if (u.pts >= 0) writeTimestamp(to + 9, u.dts < 0 ? 2 : 3, u.pts);
  if (u.dts >= 0) writeTimestamp(to + 14, 1, u.dts);
  memory.fill(to + 9 + times, 0xff, stuffing);
  // Bytes that look like headers turn up often.
  for (let i: u32 = 0; i < u.size; i++) {
    const b = random.below(256);
    store<u8>(to + head + i, b < 40 ? 0x47 : b < 80 ? 0 : b);
  }
  u.hash = hashOf(to + head, u.size);
  return head + u.size;
}

/** A PES packet, or a part of one, as it came. */
export class Got {
  pid: u32 = 0;
  pts: i64 = 0;
  dts: i64 = 0;
  size: u32 = 0;
  hash: u64 = 0;
  corrupt: bool = false;
  discont: bool = false;
  more: bool = false;
  continued: bool = false;
  randomAccess: bool = false;
  offset: i64 = 0;
}

const DEMUXER: usize = memory.data(offsetof<TsDemuxer>(), 8);
const COPY: StaticArray<u8> = new StaticArray<u8>(1 << 20);

/** Starts a heap with nothing in it. */
export function begin(): void {
  freshHeap();
  blocksInit();
}

/** Nothing is left. */
export function end(): void {
  must(blocksUsed() == 0, "no block is left");
  blocksRelease();
  mustBeEmpty();
}

/** Hash of what a list names; at most a mebibyte. */
function hashList(list: Slices): u64 {
  must(list.size <= <u32>COPY.length, "it fits");
  list.copyOut(0, changetype<usize>(COPY), list.size);
  return hashOf(changetype<usize>(COPY), list.size);
}

/** A demuxer that notes everything it says. */
export class Reader {
  demuxer: TsDemuxer = changetype<TsDemuxer>(DEMUXER);
  got: Array<Got> = [];
  sections: Array<u64> = [];
  sectionPids: Array<u32> = [];
  /** Events of a kind. */
  programs: u32 = 0;
  resyncs: u32 = 0;
  losses: u32 = 0;
  scrambled: u32 = 0;
  /** Packets missing, and bytes skipped, in all; where the last was. */
  lost: u32 = 0;
  skipped: u32 = 0;
  lostAt: i64 = -1;
  private offset: i64 = 0;

  constructor() {
    must(this.demuxer.init(), "there is memory");
  }

  /** Gives the next bytes, in a block of their own. */
  feed(p: usize, n: u32): void {
    const b = newBlock(max<u32>(n, 1))!;
    memory.copy(b.data, p, n);
    must(this.demuxer.feed(b, b.data, n, this.offset), "there is memory");
    blockUnref(b);
    this.offset += n;
    this.drain();
  }

  /** Gives all of a stream: in pieces of `piece` bytes, or of random sizes up to that with a generator. */
  read(t: Transport, piece: u32, random: Random | null): Reader {
    let at: u32 = 0;
    while (at < t.length) {
      const n = min<u32>(t.length - at, random ? 1 + random.below(piece) : piece);
      this.feed(t.at(at), n);
      at += n;
    }
    this.finish();
    return this;
  }

  finish(): void {
    this.demuxer.finish();
    this.drain();
    this.demuxer.release();
  }

  private drain(): void {
    const d = this.demuxer;
    for (let event = d.next(); event != TsEvent.Need && event != TsEvent.End; event = d.next()) {
      must(!d.full, "there is memory");
      switch (event) {
        case TsEvent.Programs:
          this.programs++;
          for (let i: u32 = 0; i < d.streams.length; i++) d.streams.get(i).wanted = true;
          break;
        case TsEvent.Pes:
          this.take();
          break;
        case TsEvent.Section:
          do {
            this.sections.push(hashOf(d.sectionAt, d.sectionLength));
            this.sectionPids.push(d.stream!.pid);
          } while (d.nextSection());
          break;
        case TsEvent.Resync:
          this.resyncs++;
          this.skipped += d.lost;
          this.lostAt = d.lostAt;
          break;
        case TsEvent.Loss:
          this.losses++;
          this.lost += d.lost;
          this.lostAt = d.lostAt;
          break;
        case TsEvent.Scrambled:
          this.scrambled++;
          break;
        default:
          must(false, "no other event");
      }
    }
  }

  private take(): void {
    const s = this.demuxer.stream!;
    const g = new Got();
    g.pid = s.pid;
    g.pts = s.pts;
    g.dts = s.dts;
    g.size = s.size;
    g.hash = hashList(s.pes);
    g.corrupt = s.corrupt;
    g.discont = s.discont;
    g.more = s.more;
    g.continued = s.continued;
    g.randomAccess = s.randomAccess;
    g.offset = s.offset;
    this.got.push(g);
    this.demuxer.taken(s);
  }

  /** What is not as it was put in, in order, on its PID, and nothing else; empty when all is. */
  differs(units: Array<Unit>): string {
    const next = new StaticArray<i32>(8192);
    for (let i = 0; i < units.length; i++) {
      const u = units[i];
      let k = next[u.pid];
      while (k < this.got.length && this.got[k].pid != u.pid) k++;
      if (k == this.got.length) return `unit ${i} of ${u.size} bytes is missing`;
      const g = this.got[k];
      next[u.pid] = k + 1;
      if (g.size != u.size) return `unit ${i} has ${g.size} bytes and not ${u.size}`;
      if (g.hash != u.hash) return `unit ${i} has other bytes`;
      if (g.pts != u.pts || g.dts != u.dts)
        return `unit ${i} has times ${g.pts} and ${g.dts}, not ${u.pts} and ${u.dts}`;
      if (g.corrupt || g.more || g.continued) return `unit ${i} is marked`;
    }
    return units.length == this.got.length ? "" : `${this.got.length - units.length} units too many`;
  }
}

/** Bytes of the heap in use at most so far. */
export function peak(): u32 {
  return heap().peakBytes;
}
