import { be16, sameBytes } from "../../base/bytes";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { Vec } from "../../base/vec";
import { Block, blockRef, blockUnref, newBlock } from "../../core/block";
import { MAX_RUN, MAX_SLICES, Slices, runOf } from "../../core/slices";
import {
  PACKET,
  PIDS,
  PID_NULL,
  PID_PAT,
  PADDING_STREAM,
  SYNC_BYTE,
  isBarePes,
  isSections,
  readTimestamp,
} from "./misc";
import { PatReader, PmtReader, registrationOf } from "./psi";
import {
  SECTION_ASSEMBLER_SIZE,
  SectionAssembler,
  isCurrent,
  isSoundSection,
  lastSectionNumber,
  sectionNumber,
  tableExtension,
  tableId,
  tableVersion,
} from "./section";

/**
 * A demuxer of MPEG transport streams (ISO/IEC 13818-1): feed it pieces of the stream in order, then take events until
 * it needs more. PES packets leave as slices of the pieces; nothing is copied but a packet that two pieces share.
 *
 *     feed(block, data, length, offset)
 *     while ((event = next()) != TsEvent.Need) …
 *     finish()  at the end of the stream, then next() until End
 *
 * The state of a stream is taken over by whoever handles its event: `stream.pes` is emptied when the next one starts.
 */
export const enum TsEvent {
  /** The piece is used up. */
  Need = 0,
  /** The programs have changed: `programs` and `streams` are new. */
  Programs,
  /** A PES packet of `stream` is whole, or a part of one (`more`). */
  Pes,
  /** A section of `stream` is whole: sectionAt, sectionLength. */
  Section,
  /** Bytes that are no packets were skipped: `lost` of them, from `lostAt` on. */
  Resync,
  /** `lost` packets of `stream` are missing before `lostAt`. */
  Loss,
  /** `stream` is encrypted; told once. */
  Scrambled,
  /** Everything has been given. */
  End,
}

/** Streams and programs that are followed; more are passed over. */
export const MAX_STREAMS: u32 = 126;
export const MAX_PROGRAMS: u32 = 64;

/** A PES packet is given in parts when it is larger, bytes. */
export const MAX_PES: u32 = 16 << 20;

/** Bytes that are looked at to find the size of the packets. */
const PROBE: u32 = 4096;

/** Packets that must follow each other for the size to be taken. */
const PROBE_PACKETS: u32 = 5;

/** Bytes of a PES packet in front of its payload, at most. */
const MAX_PES_HEADER: u32 = 264;

/** Values of the table of PIDs. */
const PID_UNUSED: u32 = 0;
const PID_PAT_TABLE: u32 = 1;
const PID_STREAM: u32 = 2;
/** PIDs from here on carry the PMT of program (value - PID_PROGRAM). */
const PID_PROGRAM: u32 = 128;

@unmanaged
export class TsProgram {
  number: u32;
  pid: u32;
  pcrPid: u32;
  /** version_number of the PMT in force, or -1. */
  version: i32;
  /** Last program_clock_reference, 27 MHz, or -1, and whether its time base has just changed. */
  pcr: i64;
  /** Counts the changes of the time base that were signalled. */
  timeBase: u32;
  /** format_identifier of the program's registration descriptor, or 0. */
  registration: u32;
  /** For whoever uses the demuxer. */
  user: usize;
  sections_: u32;
  // SectionAssembler, 28 bytes
  s1: u32;
  s2: u32;
  s3: u32;
  s4: u32;
  s5: u32;
  s6: u32;

  @inline
  get sections(): SectionAssembler {
    return changetype<SectionAssembler>(changetype<usize>(this) + offsetof<TsProgram>("sections_"));
  }
}

@unmanaged
export class TsStream {
  /** The header word that the next packet has when nothing is special about it: the fast way. */
  expect: u32;
  pid: u32;
  type: u32;
  program: TsProgram;
  /** Whether somebody wants its data. */
  wanted: bool;
  /** A PES packet has begun. */
  open: bool;
  /** The last packet began a PES packet. */
  began: bool;
  /** Part of the packet has been given already. */
  continued: bool;
  /** What is given is not the end of the packet. */
  more: bool;
  /** Bytes of payload that the header announced, 0 for unbounded. */
  announced: u32;
  /** Bytes of payload given in earlier parts. */
  given: u32;
  /** Packets are missing, or damaged, in this packet or before it. */
  corrupt: bool;
  discont: bool;
  scrambled: bool;
  randomAccess: bool;
  aligned: bool;
  /** stream_id of the PES header. */
  id: u32;
  /** Timestamps of the PES header, 90 kHz, 33 bits, or -1. */
  pts: i64;
  dts: i64;
  /** Offset of the first transport packet in the stream, bytes. */
  offset: i64;
  /** Continuity counter of the last packet with payload, or -1. */
  counter: i32;
  /** Bytes of a PES header that is spread over packets, and how many there are. */
  head: usize;
  headLength: u32;
  /** Time base of its program when its last packet began. */
  timeBase: u32;
  /** Descriptors of the PMT, a heap copy. */
  info: usize;
  infoLength: u32;
  /** For whoever uses the demuxer. */
  user: usize;
  /** The PMT no longer has it. */
  gone: bool;
  items: usize;
  count: u32;
  room: u32;
  size: u32;
  sections: SectionAssembler | null;

  @inline
  get pes(): Slices {
    return changetype<Slices>(changetype<usize>(this) + offsetof<TsStream>("items"));
  }
}

@unmanaged
export class TsDemuxer {
  /** One byte a PID: see PID_UNUSED and the others. */
  pids: usize;
  streams_data: usize;
  streams_length: u32;
  streams_capacity: u32;
  programs_data: usize;
  programs_length: u32;
  programs_capacity: u32;
  /** Bytes from one packet to the next: 188, 192 or 204; 0 until it is known. */
  stride: u32;
  /** Bytes in front of the sync byte (4 of a 192-byte packet). */
  lead: u32;
  /** The piece being worked on. */
  block: Block | null;
  pos: usize;
  end: usize;
  base: usize;
  baseOffset: i64;
  /** The start of a packet, or of the stream while it is probed, that goes on in the next piece. */
  carry: Block | null;
  carried: u32;
  /** A piece that waits while the carried packet is worked on. */
  waitBlock: Block | null;
  waitPos: usize;
  waitEnd: usize;
  waitOffset: i64;
  /** The stream of the last packet: the next one is probably its, too. */
  current: TsStream | null;
  /** The stream, and more, of the last event. */
  stream: TsStream | null;
  lost: u32;
  lostAt: i64;
  sectionAt: usize;
  sectionLength: u32;
  /** Sync is lost: bytes skipped so far. */
  searching: bool;
  ended: bool;
  flushed: u32;
  patVersion: i32;
  /** Packets so far. */
  packets: u64;
  /**
   * Only tables are read: the first piece is looked through for the programs, then worked on from `scoutFrom`, so that
   * what comes before the tables is not lost.
   */
  scouting: bool;
  scoutFrom: usize;
  /** No room for more bytes: set with the event that comes too soon because of it. */
  full: bool;
  /** Bytes without any packets, while the size of packets is not known. */
  unsynced: u64;
  sections_: u32;
  // SectionAssembler of the PAT, 28 bytes
  s1: u32;
  s2: u32;
  s3: u32;
  s4: u32;
  s5: u32;
  s6: u32;
  pending: TsEvent;

  @inline
  get streams(): Vec<TsStream> {
    return changetype<Vec<TsStream>>(changetype<usize>(this) + offsetof<TsDemuxer>("streams_data"));
  }

  @inline
  get programs(): Vec<TsProgram> {
    return changetype<Vec<TsProgram>>(changetype<usize>(this) + offsetof<TsDemuxer>("programs_data"));
  }

  @inline
  get pat(): SectionAssembler {
    return changetype<SectionAssembler>(changetype<usize>(this) + offsetof<TsDemuxer>("sections_"));
  }

  /** Takes memory; false when the heap has no room. */
  init(): bool {
    memory.fill(changetype<usize>(this), 0, offsetof<TsDemuxer>());
    this.pids = allocZero(PIDS, Owner.Parser);
    if (!this.pids) return false;
    store<u8>(this.pids + PID_PAT, PID_PAT_TABLE);
    this.patVersion = -1;
    this.pat.reset();
    return true;
  }

  /** Gives everything back. */
  release(): void {
    this.forgetData();
    while (this.streams.length) this.freeStream(this.streams.pop());
    while (this.programs.length) {
      const p = this.programs.pop();
      p.sections.release();
      free(changetype<usize>(p));
    }
    this.streams.release();
    this.programs.release();
    this.pat.release();
    free(this.pids);
    this.pids = 0;
  }

  /** Drops the data in flight, as after a jump; what is known of the programs stays. */
  flush(): void {
    this.forgetData();
    this.pat.reset();
    this.ended = false;
    this.searching = false;
    this.scouting = false;
    this.pending = TsEvent.Need;
    this.flushed = 0;
    for (let i: u32 = 0; i < this.programs.length; i++) this.programs.get(i).sections.reset();
    for (let i: u32 = 0; i < this.streams.length; i++) {
      const s = this.streams.get(i);
      this.closePes(s);
      s.counter = -1;
      s.expect = 0;
      if (s.sections) s.sections!.reset();
    }
  }

  private forgetData(): void {
    if (this.block) blockUnref(this.block!);
    if (this.carry) blockUnref(this.carry!);
    if (this.waitBlock) blockUnref(this.waitBlock!);
    this.block = null;
    this.carry = null;
    this.waitBlock = null;
    this.carried = 0;
    this.pos = 0;
    this.end = 0;
    this.current = null;
  }

  private freeStream(s: TsStream): void {
    s.pes.release();
    if (s.sections) {
      s.sections!.release();
      free(changetype<usize>(s.sections));
    }
    free(s.head);
    free(s.info);
    free(changetype<usize>(s));
  }

  /** Offset in the stream of an address in the piece being worked on. */
  @inline
  offsetOf(p: usize): i64 {
    return this.baseOffset + <i64>(p - this.base);
  }

  /**
   * Gives the next piece: `length` bytes at `data` in `block`, which is referenced while it is needed; `offset` is its
   * place in the stream. The one before has been used up (Need).
   * @returns false when the heap has no room
   */
  feed(block: Block, data: usize, length: u32, offset: i64): bool {
    if (!length) return true;
    // Without the size of packets, small pieces are put together until there is enough to find it.
    if (!this.stride && (this.carried || length < PROBE)) return this.collect(block, data, length, offset);
    if (this.carried) return this.join(block, data, length, offset);
    this.open(block, data, data + length, offset);
    return true;
  }

  private open(block: Block, pos: usize, end: usize, offset: i64): void {
    blockRef(block);
    if (this.block) blockUnref(this.block!);
    this.block = block;
    this.pos = pos;
    this.end = end;
    this.base = pos;
    this.baseOffset = offset;
  }

  /** Adds a piece to what is being probed. */
  private collect(block: Block, data: usize, length: u32, offset: i64): bool {
    if (!this.carry) {
      this.carry = newBlock(2 * PROBE + 64);
      if (!this.carry) return false;
      this.waitOffset = offset;
    }
    const n = min<u32>(length, 2 * PROBE - this.carried);
    memory.copy(this.carry!.data + this.carried, data, n);
    this.carried += n;
    if (n < length) {
      // The rest follows when what has been collected is used up.
      blockRef(block);
      this.waitBlock = block;
      this.waitPos = data + n;
      this.waitEnd = data + length;
    }
    if (this.carried >= PROBE) this.useCollected(offset + n);
    return true;
  }

  private useCollected(next: i64): void {
    const c = this.carry!;
    this.open(c, c.data, c.data + this.carried, this.waitOffset);
    blockUnref(c);
    this.carry = null;
    this.carried = 0;
    this.waitOffset = next;
  }

  /** Completes the packet that the last piece began, and works on it before this piece. */
  private join(block: Block, data: usize, length: u32, offset: i64): bool {
    const c = this.carry!;
    const n = min<u32>(this.stride - this.carried, length);
    memory.copy(c.data + this.carried, data, n);
    this.carried += n;
    if (this.carried < this.stride) return true;
    this.open(c, c.data, c.data + this.carried, offset + n - this.carried);
    blockUnref(c);
    this.carry = null;
    this.carried = 0;
    if (n < length) {
      blockRef(block);
      this.waitBlock = block;
      this.waitPos = data + n;
      this.waitEnd = data + length;
      this.waitOffset = offset + n;
    }
    return true;
  }

  /** Keeps the start of a packet for the next piece; false when the heap has no room. */
  private keep(p: usize, n: u32): bool {
    const c = newBlock(this.stride + 64);
    if (!c) return false;
    memory.copy(c.data, p, n);
    this.carry = c;
    this.carried = n;
    if (!this.waitBlock) this.waitOffset = this.offsetOf(p);
    return true;
  }

  /** Says that no more will come. What is whole is given, then End. */
  finish(): void {
    this.ended = true;
    // A stream too short for a probe, or a last packet without the parity bytes behind it.
    if (this.carried && !this.block && this.carried >= this.lead + (this.stride ? PACKET : 1)) {
      this.useCollected(this.waitOffset);
    }
  }

  /** The next event. */
  next(): TsEvent {
    let more = true;
    while (more) {
      if (this.block && (this.stride || this.probe())) {
        const event = this.work();
        if (event) return event;
        if (this.scouting) {
          this.endScouting();
          if (this.streams.length) return TsEvent.Programs;
          continue;
        }
      }
      more = this.nextPiece();
    }
    return this.ended ? this.drain() : TsEvent.Need;
  }

  /** Goes back to the first packet of the piece, whose streams are known now as far as it tells. */
  private endScouting(): void {
    this.scouting = false;
    this.searching = false;
    this.pos = this.scoutFrom;
    this.packets = 0;
    this.pat.reset();
    for (let i: u32 = 0; i < this.programs.length; i++) this.programs.get(i).sections.reset();
  }

  /** Whether the table of every program has come. */
  private get allKnown(): bool {
    for (let i: u32 = 0; i < this.programs.length; i++) {
      const p = this.programs.get(i);
      if (p.pid && p.version < 0) return false;
    }
    return this.programs.length != 0;
  }

  /** Lets go of the piece that is used up and opens the one that waits; whether there was one. */
  private nextPiece(): bool {
    if (this.block) blockUnref(this.block!);
    this.block = null;
    const b = this.waitBlock;
    if (!b) return false;
    this.waitBlock = null;
    // What a search for sync left of the packet before goes in front of it.
    if (this.carried) this.join(b, this.waitPos, <u32>(this.waitEnd - this.waitPos), this.waitOffset);
    else this.open(b, this.waitPos, this.waitEnd, this.waitOffset);
    blockUnref(b);
    return true;
  }

  /** At the end: the packets that are still open, one after the other. */
  private drain(): TsEvent {
    while (this.flushed < this.streams.length) {
      const s = this.streams.get(this.flushed);
      if (s.open && (s.size || s.continued)) {
        const whole = !s.announced || s.given + s.size >= s.announced;
        if (!whole) s.corrupt = true;
        if (s.size) return this.give(s, false);
      }
      this.flushed++;
    }
    return TsEvent.End;
  }

  /** Finds the size of the packets and where the first one starts; false when there is none in this piece. */
  private probe(): bool {
    const n = <u32>(this.end - this.pos);
    let most: u32 = 0;
    let stride: u32 = 0;
    let first: u32 = 0;
    for (let k = 0; k < 3; k++) {
      const size: u32 = k == 0 ? PACKET : k == 1 ? 192 : 204;
      for (let start: u32 = 0; start < n && !(most == PROBE_PACKETS && start >= first); start++) {
        if (load<u8>(this.pos + start) != SYNC_BYTE) continue;
        let found: u32 = 0;
        let at = start;
        for (; at < n && found < PROBE_PACKETS && load<u8>(this.pos + at) == SYNC_BYTE; at += size) found++;
        // Fewer than needed are enough when the data ends there.
        if (found < PROBE_PACKETS && (at < n || start >= size)) continue;
        if (found > most || found == PROBE_PACKETS) {
          most = found;
          stride = size;
          first = start;
        }
      }
    }
    if (!most) {
      this.unsynced += n;
      return false;
    }
    this.stride = stride;
    this.lead = stride == 192 ? 4 : 0;
    if (first >= this.lead) first -= this.lead;
    else first += stride - this.lead;
    this.scouting = true;
    this.scoutFrom = this.pos + first;
    if (first) {
      this.lost = first;
      this.lostAt = this.offsetOf(this.pos);
      this.pos += first;
      this.pending = TsEvent.Resync;
    }
    return true;
  }

  /** Works through the piece until there is an event. */
  private work(): TsEvent {
    if (this.pending) {
      const event = this.pending;
      this.pending = TsEvent.Need;
      return event;
    }
    const stride = this.stride;
    const lead = this.lead;
    let p = this.pos;
    const end = this.end;
    while (p + stride <= end) {
      const h = load<u32>(p + lead);
      const s = this.current;
      if (s && h == s.expect) {
        p = this.run(s, p);
        if (s.announced && s.given + s.size >= s.announced) {
          this.pos = p;
          return this.give(s, false);
        }
        if (s.size >= MAX_PES || s.count >= MAX_SLICES - 8) {
          this.pos = p;
          return this.give(s, true);
        }
        continue;
      }
      if ((h & 0xff) != SYNC_BYTE || this.searching) {
        this.pos = p;
        const event = this.resync();
        if (event && !this.scouting) return event;
        p = this.pos;
        continue;
      }
      this.pos = p;
      const event = this.packet(p + lead, h);
      if (event) return event;
      p = this.pos;
    }
    if (this.scouting) return TsEvent.Need;
    // The last packet of a stream may lack what follows its 188 bytes.
    if (p < end && !(this.ended && !this.waitBlock && <u32>(end - p) >= lead + PACKET)) {
      if (!this.keep(p, <u32>(end - p))) this.full = true;
    } else if (p < end && (load<u8>(p + lead) as u32) == SYNC_BYTE) {
      this.pos = p;
      const event = this.packet(p + lead, load<u32>(p + lead));
      if (event) return event;
    }
    this.pos = end;
    return TsEvent.Need;
  }

  /** Takes consecutive packets of one stream that have nothing special about them; gives where they end. */
  private run(s: TsStream, p: usize): usize {
    const stride = this.stride;
    const last = this.end - stride;
    const first = p + this.lead + 4;
    let expect = s.expect;
    let n: u32 = 0;
    let limit = MAX_RUN;
    if (s.announced) limit = (s.announced - s.given - s.size + 183) / 184;
    const lead = this.lead;
    do {
      expect = (expect & 0xf0ffffff) | ((expect + 0x01000000) & 0x0f000000);
      p += stride;
      n++;
    } while (n < limit && p <= last && load<u32>(p + lead) == expect);
    s.expect = expect;
    s.counter = <i32>(((expect >> 24) - 1) & 15);
    s.began = false;
    this.packets += n;
    if (s.open && s.wanted) this.append(s, first, 184, n);
    return p;
  }

  private append(s: TsStream, data: usize, length: u32, count: u32): void {
    if (!s.pes.append(data, this.block!, length, runOf(count, this.stride))) {
      s.corrupt = true;
      this.full = true;
    }
  }

  /** Looks for packets again after something else; an event when some are found. */
  private resync(): TsEvent {
    const stride = this.stride;
    const lead = this.lead;
    if (!this.searching) {
      this.searching = true;
      this.lost = 0;
      this.lostAt = this.offsetOf(this.pos);
    }
    let p = this.pos;
    for (; p + stride <= this.end; p++, this.lost++) {
      if (load<u8>(p + lead) != SYNC_BYTE) continue;
      // One more sync byte where the next packet would start, and one after that, as far as the data goes.
      if (p + stride + lead < this.end && load<u8>(p + stride + lead) != SYNC_BYTE) continue;
      if (p + 2 * stride + lead < this.end && load<u8>(p + 2 * stride + lead) != SYNC_BYTE) continue;
      this.pos = p;
      this.searching = false;
      return TsEvent.Resync;
    }
    // What cannot be the start of a packet is not kept for the next piece.
    for (; p + lead < this.end && load<u8>(p + lead) != SYNC_BYTE; p++) this.lost++;
    this.pos = p;
    return TsEvent.Need;
  }

  /** Any packet that the fast way does not take; `p` is at its sync byte. */
  private packet(p: usize, h: u32): TsEvent {
    const pid = (h & 0x1f00) | ((h >> 16) & 0xff);
    const kind = <u32>load<u8>(this.pids + pid);
    if (kind == PID_UNUSED || (this.scouting && kind != PID_PAT_TABLE && kind < PID_PROGRAM)) {
      this.skip();
      return TsEvent.Need;
    }
    const control = (h >> 28) & 3;
    const counter = (h >> 24) & 15;
    let at: u32 = 4;
    let discontinuity = false;
    let randomAccess = false;
    if (control & 2) {
      const length = <u32>load<u8>(p, 4);
      at = 5 + length;
      // 183 bytes at most with a payload behind it, 183 or fewer without (2.4.3.5).
      if (at > PACKET || (control == 3 && at >= PACKET)) {
        this.skip();
        return TsEvent.Need;
      }
      if (length) {
        const flags = <u32>load<u8>(p, 5);
        discontinuity = (flags & 0x80) != 0;
        randomAccess = (flags & 0x40) != 0;
        if (flags & 0x10 && length >= 7) this.clock(pid, p + 6, discontinuity);
      }
    }
    // transport_error_indicator: nothing in the packet can be trusted, not even its PID.
    if (h & 0x8000 || !(control & 1)) {
      if (kind >= PID_STREAM && kind < PID_PROGRAM) {
        const s = this.streams.get(kind - PID_STREAM);
        if (h & 0x8000) s.corrupt = true;
        if (discontinuity) {
          s.counter = -1;
          s.expect = 0;
        }
      }
      this.skip();
      return TsEvent.Need;
    }
    if (kind == PID_PAT_TABLE || kind >= PID_PROGRAM) {
      if (h & 0xc0000000) {
        this.skip();
        return TsEvent.Need;
      }
      return this.table(kind, p + at, PACKET - at, (h & 0x4000) != 0, counter);
    }
    const s = this.streams.get(kind - PID_STREAM);
    return this.payload(s, p, at, h, counter, discontinuity, randomAccess);
  }

  @inline
  private skip(): void {
    this.pos += this.stride;
    this.packets++;
  }

  /** A program clock reference (2.4.3.5). */
  private clock(pid: u32, p: usize, discontinuity: bool): void {
    const base = ((<i64>bswap<u32>(load<u32>(p))) << 1) | (<i64>((<u32>load<u8>(p, 4)) >> 7));
    const extension = (((<i64>load<u8>(p, 4)) & 1) << 8) | (<i64>load<u8>(p, 5));
    for (let i: u32 = 0; i < this.programs.length; i++) {
      const program = this.programs.get(i);
      if (program.pcrPid != pid) continue;
      if (discontinuity && program.pcr >= 0) program.timeBase++;
      program.pcr = base * 300 + extension;
    }
  }

  /** A packet of the PAT's or a PMT's PID. */
  private table(kind: u32, p: usize, n: u32, starts: bool, counter: u32): TsEvent {
    const a = kind == PID_PAT_TABLE ? this.pat : this.programs.get(kind - PID_PROGRAM).sections;
    a.feed(p, n, starts, counter);
    this.skip();
    let changed = false;
    for (let length = a.read(); length; length = a.read()) {
      if (!isSoundSection(a.data, length) || !isCurrent(a.data)) continue;
      if (kind == PID_PAT_TABLE) {
        if (tableId(a.data) == 0 && this.readPat(a.data, length)) changed = true;
      } else if (tableId(a.data) == 2 && this.readPmt(kind, a.data, length)) changed = true;
    }
    if (!this.scouting) return changed ? TsEvent.Programs : TsEvent.Need;
    if (!this.allKnown) return TsEvent.Need;
    this.endScouting();
    return TsEvent.Programs;
  }

  /** Takes the programs of a PAT section; whether streams have gone. */
  private readPat(section: usize, n: u32): bool {
    const version = <i32>tableVersion(section);
    const first = sectionNumber(section) == 0;
    const known = version == this.patVersion;
    if (known && lastSectionNumber(section) == 0) return false;
    this.patVersion = version;
    let changed = false;
    const r = changetype<PatReader>(PAT_READER).over(section, n);
    // A new version names all programs there are; those it leaves out are over.
    if (!known && first && lastSectionNumber(section) == 0) {
      for (let i = <i32>this.programs.length - 1; i >= 0; i--) {
        const program = this.programs.get(i);
        let listed = false;
        r.over(section, n);
        while (r.next()) if (r.program == program.number && r.pid == program.pid) listed = true;
        if (listed) continue;
        if (this.dropStreams(program)) changed = true;
        if (program.pid && program.pid < PIDS) store<u8>(this.pids + program.pid, PID_UNUSED);
        program.pid = 0;
      }
    }
    r.over(section, n);
    while (r.next()) this.addProgram(r.program, r.pid);
    return changed;
  }

  private addProgram(number: u32, pid: u32): void {
    let slot = -1;
    for (let i: u32 = 0; i < this.programs.length; i++) {
      const p = this.programs.get(i);
      if (p.number == number && p.pid == pid) return;
      if (!p.pid && slot < 0) slot = <i32>i;
    }
    if (!pid || pid == PID_NULL || load<u8>(this.pids + pid) != PID_UNUSED) return;
    if (slot < 0) {
      if (this.programs.length >= MAX_PROGRAMS) return;
      const p = allocZero(offsetof<TsProgram>(), Owner.Parser);
      if (!p || !this.programs.push(changetype<TsProgram>(p))) {
        free(p);
        this.full = true;
        return;
      }
      slot = <i32>this.programs.length - 1;
    }
    const program = this.programs.get(slot);
    program.number = number;
    program.pid = pid;
    program.pcrPid = PID_NULL;
    program.version = -1;
    program.pcr = -1;
    program.sections.reset();
    store<u8>(this.pids + pid, PID_PROGRAM + <u32>slot);
  }

  /** Marks the streams of a program as gone; whether there were any. */
  private dropStreams(program: TsProgram): bool {
    let any = false;
    for (let i: u32 = 0; i < this.streams.length; i++) {
      const s = this.streams.get(i);
      if (s.gone || changetype<usize>(s.program) != changetype<usize>(program)) continue;
      this.retire(s);
      any = true;
    }
    return any;
  }

  private retire(s: TsStream): void {
    s.gone = true;
    s.expect = 0;
    store<u8>(this.pids + s.pid, PID_UNUSED);
    if (changetype<usize>(this.current) == changetype<usize>(s)) this.current = null;
  }

  /** Takes the streams of a PMT; whether they have changed. */
  private readPmt(kind: u32, section: usize, n: u32): bool {
    const program = this.programs.get(kind - PID_PROGRAM);
    if (tableExtension(section) != program.number) return false;
    const version = <i32>tableVersion(section);
    if (version == program.version) return false;
    const r = changetype<PmtReader>(PMT_READER);
    if (!r.over(section, n)) return false;
    program.version = version;
    program.pcrPid = r.pcrPid;
    program.registration = registrationOf(r.programInfo, r.programInfoLength);
    let changed = false;
    for (let i: u32 = 0; i < this.streams.length; i++) {
      const s = this.streams.get(i);
      if (s.gone || changetype<usize>(s.program) != changetype<usize>(program)) continue;
      let listed = false;
      r.over(section, n);
      while (r.next())
        if (
          r.pid == s.pid &&
          r.type == s.type &&
          r.infoLength == s.infoLength &&
          sameBytes(r.info, s.info, s.infoLength)
        )
          listed = true;
      if (listed) continue;
      this.retire(s);
      changed = true;
    }
    r.over(section, n);
    while (r.next()) if (this.addStream(program, r)) changed = true;
    return changed;
  }

  private addStream(program: TsProgram, r: PmtReader): bool {
    if (r.pid == PID_NULL || load<u8>(this.pids + r.pid) != PID_UNUSED) return false;
    let slot = -1;
    for (let i: u32 = 0; i < this.streams.length && slot < 0; i++) {
      // A slot is free again when whoever used it has let go.
      const s = this.streams.get(i);
      if (s.gone && !s.user && !s.open) slot = <i32>i;
    }
    if (slot < 0 && this.streams.length >= MAX_STREAMS) return false;
    const p = allocZero(offsetof<TsStream>(), Owner.Parser);
    const info = alloc(max<u32>(r.infoLength, 1), Owner.Parser);
    if (!p || !info) {
      free(p);
      free(info);
      this.full = true;
      return false;
    }
    const s = changetype<TsStream>(p);
    s.pid = r.pid;
    s.type = r.type;
    s.program = program;
    s.pts = -1;
    s.dts = -1;
    s.counter = -1;
    s.info = info;
    s.infoLength = r.infoLength;
    memory.copy(info, r.info, r.infoLength);
    if (isSections(r.type)) {
      s.sections = changetype<SectionAssembler | null>(allocZero(SECTION_ASSEMBLER_SIZE, Owner.Parser));
      if (s.sections) s.sections!.reset();
    }
    if (slot >= 0) {
      this.freeStream(this.streams.get(slot));
      this.streams.set(slot, s);
    } else {
      if (!this.streams.push(s)) {
        this.freeStream(s);
        this.full = true;
        return false;
      }
      slot = <i32>this.streams.length - 1;
    }
    store<u8>(this.pids + r.pid, PID_STREAM + <u32>slot);
    return true;
  }

  /** The payload of a packet of a stream. */
  private payload(
    s: TsStream,
    p: usize,
    at: u32,
    h: u32,
    counter: u32,
    discontinuity: bool,
    randomAccess: bool,
  ): TsEvent {
    if (h & 0xc0000000) {
      this.skip();
      s.corrupt = true;
      if (s.scrambled) return TsEvent.Need;
      s.scrambled = true;
      this.stream = s;
      this.lostAt = this.offsetOf(p);
      return TsEvent.Scrambled;
    }
    if (s.counter >= 0 && !discontinuity && counter != ((s.counter + 1) & 15)) {
      // A packet may be sent twice, no more (2.4.3.3).
      if (<i32>counter == s.counter && (!(h & 0x4000) || s.began)) {
        this.skip();
        return TsEvent.Need;
      }
      if (s.wanted) {
        this.lost = (counter - s.counter - 1) & 15;
        this.lostAt = this.offsetOf(p);
        this.stream = s;
        s.corrupt = true;
        s.discont = true;
        s.counter = <i32>((counter - 1) & 15);
        if (s.sections) s.sections!.reset();
        return TsEvent.Loss;
      }
    }
    const starts = (h & 0x4000) != 0;
    // The packet that is open is given before this one starts the next.
    if (starts && s.open && s.wanted && s.size) return this.endBefore(s);
    s.counter = <i32>counter;
    s.expect = 0x10000047 | (s.pid & 0x1f00) | ((s.pid & 0xff) << 16) | (((counter + 1) & 15) << 24);
    s.began = starts;
    this.current = s;
    this.skip();
    const data = p + at;
    const n = PACKET - at;
    if (s.sections) {
      s.expect = 0;
      if (!s.wanted) return TsEvent.Need;
      s.sections!.feed(data, n, starts, counter);
      return this.moreSections(s, p);
    }
    if (starts) {
      this.closePes(s);
      s.open = true;
      s.offset = this.offsetOf(p - this.lead);
      s.randomAccess = randomAccess;
      s.timeBase = s.program.timeBase;
      if (discontinuity) s.discont = true;
      s.headLength = 0;
      return this.header(s, data, n);
    }
    if (!s.open || !s.wanted) return TsEvent.Need;
    if (s.headLength) return this.header(s, data, n);
    this.append(s, data, n, 1);
    if (s.announced && s.given + s.size >= s.announced) return this.give(s, false);
    return TsEvent.Need;
  }

  /** The open packet of `s` ends because the next one starts. */
  private endBefore(s: TsStream): TsEvent {
    if (s.announced && s.given + s.size < s.announced) s.corrupt = true;
    return this.give(s, false);
  }

  /** Reads a PES header (2.4.3.6), from one packet or put together from several. */
  private header(s: TsStream, data: usize, n: u32): TsEvent {
    let p = data;
    let have = n;
    const before = s.headLength;
    if (before) {
      const k = min<u32>(n, MAX_PES_HEADER - s.headLength);
      memory.copy(s.head + s.headLength, data, k);
      s.headLength += k;
      p = s.head;
      have = s.headLength;
    }
    if (have >= 3 && (load<u8>(p) != 0 || load<u8>(p, 1) != 0 || load<u8>(p, 2) != 1)) {
      s.open = false;
      s.corrupt = true;
      s.headLength = 0;
      return TsEvent.Need;
    }
    let length: u32 = 6;
    if (have >= 6 && !isBarePes(load<u8>(p, 3))) length = have >= 9 ? 9 + <u32>load<u8>(p, 8) : 9;
    if (have < length) {
      // The fast way knows payload only.
      s.expect = 0;
      if (s.headLength) return TsEvent.Need;
      if (!s.head) s.head = alloc(MAX_PES_HEADER + PACKET, Owner.Parser);
      if (!s.head) {
        s.open = false;
        this.full = true;
        return TsEvent.Need;
      }
      memory.copy(s.head, data, n);
      s.headLength = n;
      return TsEvent.Need;
    }
    this.readHeader(s, p, length);
    // What of this packet's bytes is payload.
    const used = length - before;
    s.headLength = 0;
    if (!s.open || !s.wanted) return TsEvent.Need;
    if (used < n) this.append(s, data + used, n - used, 1);
    if (s.announced && s.size >= s.announced) return this.give(s, false);
    return TsEvent.Need;
  }

  private readHeader(s: TsStream, p: usize, length: u32): void {
    s.id = load<u8>(p, 3);
    const packetLength = be16(p + 4);
    s.announced = packetLength ? packetLength + 6 - min<u32>(length, packetLength + 6) : 0;
    // A length that the header alone fills: there is no payload.
    if (s.id == PADDING_STREAM || (packetLength && !s.announced)) s.open = false;
    s.pts = -1;
    s.dts = -1;
    s.aligned = false;
    if (length < 9 || isBarePes(s.id)) return;
    s.aligned = ((<u32>load<u8>(p, 6)) & 4) != 0;
    const flags = (<u32>load<u8>(p, 7)) >> 6;
    if (flags & 2 && length >= 14) {
      s.pts = readTimestamp(p + 9);
      if (flags == 3 && length >= 19) s.dts = readTimestamp(p + 14);
    }
  }

  /** The event for what a stream has. */
  private give(s: TsStream, more: bool): TsEvent {
    this.stream = s;
    s.more = more;
    // Bytes of the last packet that the length does not count are not the stream's.
    if (s.announced && s.given + s.size > s.announced) s.pes.truncate(s.announced - s.given);
    return TsEvent.Pes;
  }

  /**
   * Must be called after a Pes event, when its data has been used: what is left of it is dropped.
   */
  taken(s: TsStream): void {
    s.given += s.size;
    s.pes.clear();
    s.corrupt = false;
    s.discont = false;
    s.continued = s.more;
    if (!s.more) {
      s.open = false;
      s.given = 0;
    }
  }

  private closePes(s: TsStream): void {
    s.pes.clear();
    s.open = false;
    s.continued = false;
    s.more = false;
    s.given = 0;
    s.announced = 0;
    s.headLength = 0;
  }

  /** The next whole section of the packet; several in one packet come as one event each. */
  private moreSections(s: TsStream, packet: usize): TsEvent {
    const a = s.sections!;
    const length = a.read();
    if (!length) return TsEvent.Need;
    this.stream = s;
    s.offset = this.offsetOf(packet);
    this.sectionAt = a.data;
    this.sectionLength = length;
    return TsEvent.Section;
  }

  /** After a Section event: whether the same packet had another one (then the fields are set anew). */
  nextSection(): bool {
    const s = this.stream!;
    const length = s.sections!.read();
    this.sectionLength = length;
    return length != 0;
  }
}

const PAT_READER: usize = memory.data(offsetof<PatReader>(), 4);
const PMT_READER: usize = memory.data(offsetof<PmtReader>(), 4);
