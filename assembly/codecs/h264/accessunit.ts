import { BITS_SIZE, Bits } from "../../base/bits";
import { Owner, alloc, free } from "../../base/heap";
import { givePiece, takePiece } from "../../base/store";
import { Frame, FrameFlag } from "../../core/frame";
import { Slices } from "../../core/slices";
import { MARKS_SIZE, Marks } from "../marks";
import { StartCodeScanner } from "../scanner";
import { NalType, isVcl, nalType, startsAccessUnit, unescape } from "./nal";
import { MAX_PARAMETER_SET, ParameterSets } from "./parametersets";
import { SLICE_HEAD_SIZE, SliceHead, readSliceHead, startsPicture } from "./slice";
import { Pps } from "./sps";

/** NAL units that an access unit may have. */
export const MAX_NALS: u32 = 65536;

/** Bytes of an access unit; a larger one is given in parts. */
export const MAX_UNIT: u32 = 32 << 20;

/** Bytes of a NAL unit that are looked at for a slice header or an SEI message. */
const HEAD: u32 = 96;

/** A NAL unit of the current access unit: header byte at `start`, bytes up to `end`, counted from the unit's start. */
@unmanaged
export class NalUnit {
  start: u32;
  end: u32;
  type: u8;
  header: u8;
  spare: u16;
}

const NAL_UNIT_SIZE: u32 = 12;

/**
 * Cuts an H.264 byte stream (ISO/IEC 14496-10 Annex B) into access units (7.4.1.2.3), across pieces of any size. Bytes stay
 * where they are: a unit is a stretch of the list `bytes`.
 *
 *     feed(list, …)         takes the slices of a piece of input
 *     while (next()) {      an access unit: unitSize bytes of `bytes`, its NAL units, times, flags
 *       …                   use it, also by moving its bytes away
 *       taken(moved)        goes on behind it
 *     }
 *     finish(), next()      the last one
 */
@unmanaged
export class AccessUnits {
  items: usize;
  count: u32;
  room: u32;
  size: u32;
  // StartCodeScanner
  scanner_: u64;
  k1: u64;
  k2: u64;
  k3: u64;
  // ParameterSets
  sets_: u64;
  k4: u64;
  k5: u64;
  /** NAL units of the unit being put together. */
  nals: usize;
  nalCount: u32;
  nalRoom: u32;
  /** Start codes that have been used. */
  used: u32;
  /** The NAL unit that has no end yet: its header's position, or -1, and what its start code said. */
  open: i32;
  openType: u32;
  openNext: u32;
  openZeros: u32;
  ended: bool;
  marks: Marks;
  /** Positions of damaged input. */
  corruptFrom: u32;
  corruptTo: u32;
  unitSize: u32;
  /** The first byte of the unit being put together is that of a unit (and not of a rest before the first start code). */
  sawVcl: bool;
  had0: bool;
  idr: bool;
  recovery: bool;
  intra: bool;
  reference: bool;
  parameterSets: bool;
  field: bool;
  partial: bool;
  unitFlags: u32;
  last: SliceHead;
  head: SliceHead;
  /** The open NAL unit ends at `openEnd` and is the first of the next unit. */
  pendingNal: bool;
  openEnd: u32;
  /** The unit being put together has its times. */
  begun: bool;

  @inline
  get bytes(): Slices {
    return changetype<Slices>(changetype<usize>(this));
  }

  @inline
  get scanner(): StartCodeScanner {
    return changetype<StartCodeScanner>(changetype<usize>(this) + offsetof<AccessUnits>("scanner_"));
  }

  @inline
  get sets(): ParameterSets {
    return changetype<ParameterSets>(changetype<usize>(this) + offsetof<AccessUnits>("sets_"));
  }

  @inline
  nal(i: u32): NalUnit {
    return changetype<NalUnit>(this.nals + <usize>(i * NAL_UNIT_SIZE));
  }

  /** Takes memory; false when the heap has no room. */
  init(): bool {
    memory.fill(changetype<usize>(this), 0, offsetof<AccessUnits>());
    const heads = alloc(2 * SLICE_HEAD_SIZE + MARKS_SIZE, Owner.Parser);
    if (!heads) return false;
    this.last = changetype<SliceHead>(heads);
    this.head = changetype<SliceHead>(heads + SLICE_HEAD_SIZE);
    this.marks = changetype<Marks>(heads + 2 * SLICE_HEAD_SIZE);
    if (!this.sets.init()) return false;
    this.reset();
    return true;
  }

  release(): void {
    this.bytes.release();
    this.sets.release();
    if (this.nals) givePiece(this.nals, this.nalRoom * NAL_UNIT_SIZE);
    this.scanner.release();
    if (changetype<usize>(this.last)) free(changetype<usize>(this.last));
    memory.fill(changetype<usize>(this), 0, offsetof<AccessUnits>());
  }

  /** Drops what is in flight; parameter sets stay. */
  reset(): void {
    this.bytes.clear();
    this.scanner.reset();
    this.used = 0;
    this.open = -1;
    this.ended = false;
    this.marks.reset();
    this.corruptFrom = 0;
    this.corruptTo = 0;
    this.pendingNal = false;
    this.nalCount = 0;
    this.newUnit();
  }

  private newUnit(): void {
    this.sawVcl = false;
    this.had0 = false;
    this.idr = false;
    this.recovery = false;
    this.intra = true;
    this.reference = false;
    this.parameterSets = false;
    this.field = false;
    this.unitFlags = 0;
    this.unitSize = 0;
    this.partial = false;
    this.begun = false;
  }

  /**
   * Takes all slices of a frame, whose times are those of the first unit that starts in them.
   * @returns false when the heap has no room
   */
  feed(f: Frame): bool {
    const list = f.slices;
    this.marks.add(this.size, f);
    if (f.has(FrameFlag.Corrupt)) {
      if (this.corruptTo <= this.corruptFrom) this.corruptFrom = this.size;
      this.corruptTo = this.size + list.size;
    }
    this.scanner.scan(list);
    return list.moveTo(this.bytes, list.size);
  }

  /** Says that the stream ends here. */
  finish(): void {
    this.ended = true;
    this.scanner.finish();
  }

  /** Puts the next access unit together; false when more input is needed, or at the end when there is none left. */
  next(): bool {
    const scanner = this.scanner;
    if (this.pendingNal) {
      this.pendingNal = false;
      this.enter(this.open, this.openEnd, this.openType);
      this.advance();
    }
    while (this.used < scanner.count) {
      const code = scanner.at(this.used);
      // Of two start codes that overlap the first has nothing behind it.
      if (this.open >= 0 && code.header - 3 > <u32>this.open) {
        // The start code ends the NAL unit before it.
        const end = this.endBefore(code.header - 3, code.zeros);
        if (this.completes(end)) return true;
      }
      this.advance();
    }
    scanner.count = 0;
    this.used = 0;
    if (this.size > MAX_UNIT && !this.ended) return this.cutHere();
    if (!this.ended) return false;
    if (this.open >= 0) {
      const end = this.endBefore(this.size, 3);
      if (this.completes(end)) return true;
      this.open = -1;
    }
    if (!this.size) return false;
    return this.giveUnit(this.size);
  }

  /** Makes the NAL unit behind the next start code the open one. */
  private advance(): void {
    if (this.used >= this.scanner.count) {
      this.open = -1;
      return;
    }
    const code = this.scanner.at(this.used++);
    this.open = <i32>code.header;
    this.openType = code.type;
    this.openNext = code.next;
    this.openZeros = code.zeros;
  }

  /** End of the NAL unit before a start code at `pos`: zeros in front of the code are not its bytes. */
  private endBefore(pos: u32, zeros: u32): u32 {
    const floor = this.open >= 0 ? <u32>this.open + 1 : 0;
    if (zeros < 3) return max<u32>(pos - min<u32>(zeros, pos), floor);
    let end = pos;
    while (end > floor && this.bytes.byteAt(end - 1) == 0) end--;
    return end;
  }

  /** The open NAL unit ends at `end`: true when it starts the next access unit, so that the one before is whole. */
  private completes(end: u32): bool {
    const start = <u32>this.open;
    const header = this.openType;
    const type = nalType(header);
    if (isVcl(type)) this.readHead(start, end, header);
    const boundary = this.sawVcl && (isVcl(type) ? this.isNewPicture() : startsAccessUnit(type));
    const cut = boundary ? this.startOf(start) : 0;
    if (!cut) {
      this.enter(this.open, end, header);
      return false;
    }
    this.openEnd = end;
    this.pendingNal = true;
    return this.giveUnit(cut);
  }

  /**
   * Where the bytes of a NAL unit start: at its start code, or at a zero in front of it (zero_byte), which is the NAL
   * unit's unless a new piece of input starts behind it.
   */
  private startOf(header: u32): u32 {
    const code = header - 3;
    if (!this.openZeros || !code) return code;
    // The zero may be the header of the NAL unit before.
    if (this.nalCount && this.nal(this.nalCount - 1).end == code) return code;
    return this.marks.startsAt(code) ? code : code - 1;
  }

  private readHead(start: u32, end: u32, header: u32): void {
    const h = this.head;
    if (!this.sets.ppsCount || !this.sets.spsCount) {
      // Nothing but the first bit can be told without parameter sets: macroblock 0 is one bit long.
      memory.fill(changetype<usize>(h), 0, SLICE_HEAD_SIZE);
      h.firstMb = this.openNext & 0x80 ? 0 : 1;
      h.type = 255;
      h.refIdc = (header >> 5) & 3;
      h.idr = nalType(header) == NalType.Idr;
      return;
    }
    const n = min<u32>(end - start, HEAD);
    this.bytes.copyOut(start, RAW, n);
    const length = unescape(RBSP, HEAD, RAW + 1, n - 1);
    const bits = changetype<Bits>(BITS).over(RBSP, length);
    if (!readSliceHead(bits, header, h, this.sets.ppses, this.sets.spses)) {
      h.firstMb = this.openNext & 0x80 ? 0 : 1;
      h.type = 255;
    }
  }

  private isNewPicture(): bool {
    const s = this.sets.sps;
    const anyOrder = s != null && ((s.profile == 66 && !(s.constraints & 0x40)) || s.profile == 88);
    return startsPicture(this.last, this.head, anyOrder, this.had0);
  }

  /** Adds a NAL unit to the access unit being put together and learns what it says. */
  private enter(start: i32, end: u32, header: u32): void {
    const type = nalType(header);
    if (!this.begun) this.beginUnit(this.startOf(<u32>start));
    if (this.nalCount < this.nalRoom || this.growNals()) {
      const n = this.nal(this.nalCount++);
      n.start = <u32>start;
      n.end = end;
      n.type = <u8>type;
      n.header = <u8>header;
    } else this.unitFlags |= FrameFlag.Corrupt;
    if (isVcl(type)) {
      const h = this.head;
      this.sawVcl = true;
      if (h.firstMb == 0) this.had0 = true;
      if (type == NalType.Idr) this.idr = true;
      if (h.refIdc) this.reference = true;
      if (h.type != 2 && h.type != 4) this.intra = false;
      if (h.field) this.field = true;
      if (h.whole) {
        const p = changetype<Pps>(this.sets.ppses + <usize>h.pps * <usize>offsetof<Pps>());
        this.sets.active = <i32>p.sps;
      }
      memory.copy(changetype<usize>(this.last), changetype<usize>(h), SLICE_HEAD_SIZE);
      return;
    }
    if (type == NalType.Sps || type == NalType.Pps) {
      this.parameterSets = true;
      const n = min<u32>(end - <u32>start, MAX_PARAMETER_SET);
      this.bytes.copyOut(start, SET, n);
      this.sets.take(SET, n);
    } else if (type == NalType.Sei) this.readSei(start, end);
  }

  /** Gives the unit that starts at `pos` the times of the input it starts in: marks.current. */
  private beginUnit(pos: u32): void {
    this.begun = true;
    this.unitFlags |= this.marks.take(pos).flags & FrameFlag.Discont;
  }

  private growNals(): bool {
    const room = this.nalRoom ? this.nalRoom << 1 : 64;
    if (room > MAX_NALS) return false;
    const p = takePiece(room * NAL_UNIT_SIZE, Owner.Parser);
    if (!p) return false;
    memory.copy(p, this.nals, <usize>(this.nalCount * NAL_UNIT_SIZE));
    if (this.nals) givePiece(this.nals, this.nalRoom * NAL_UNIT_SIZE);
    this.nals = p;
    this.nalRoom = room;
    return true;
  }

  /** Looks for a recovery point (D.1.8) among the SEI messages of a NAL unit. */
  private readSei(start: u32, end: u32): void {
    const n = min<u32>(end - start, HEAD);
    this.bytes.copyOut(start, RAW, n);
    const length = unescape(RBSP, HEAD, RAW + 1, n - 1);
    let i: u32 = 0;
    while (i + 2 < length) {
      let type: u32 = 0;
      let size: u32 = 0;
      let b: u32 = 255;
      while (b == 255 && i < length) {
        b = load<u8>(RBSP + i++);
        type += b;
      }
      b = 255;
      while (b == 255 && i < length) {
        b = load<u8>(RBSP + i++);
        size += b;
      }
      if (type == 6) this.recovery = true;
      i += size;
    }
  }

  private giveUnit(size: u32): bool {
    this.unitSize = size;
    if (this.scanner.lost) {
      this.scanner.lost = 0;
      this.unitFlags |= FrameFlag.Corrupt;
    }
    if (this.corruptTo > this.corruptFrom && this.corruptFrom < size) this.unitFlags |= FrameFlag.Corrupt;
    if (!this.begun) this.beginUnit(0);
    return true;
  }

  /** Gives what there is of a unit that grows without bound. */
  private cutHere(): bool {
    this.partial = true;
    this.unitFlags |= FrameFlag.Corrupt;
    // The last bytes may be the start of the next start code.
    return this.giveUnit(this.size - 4);
  }

  /** Whether the unit can be decoded without units before it, as far as its slices and SEI tell. */
  get isKey(): bool {
    return this.idr || this.recovery;
  }

  /**
   * Goes on behind the unit.
   * @param moved its bytes have been moved out of `bytes`; else they are dropped
   */
  taken(moved: bool): bool {
    const n = this.unitSize;
    if (!moved && !this.bytes.drop(n)) return false;
    const scanner = this.scanner;
    scanner.pos -= n;
    for (let i = this.used; i < scanner.count; i++) scanner.at(i).header -= n;
    if (this.open >= 0) this.open -= <i32>n;
    this.openEnd -= n;
    this.marks.shift(n);
    this.corruptFrom = this.corruptFrom > n ? this.corruptFrom - n : 0;
    this.corruptTo = this.corruptTo > n ? this.corruptTo - n : 0;
    const partial = this.partial;
    const had = this.sawVcl;
    this.nalCount = 0;
    this.newUnit();
    // What follows a part is still the same unit.
    if (partial) {
      this.sawVcl = had;
      this.open = -1;
    }
    return true;
  }
}

export const ACCESS_UNITS_SIZE: u32 = offsetof<AccessUnits>();

const RAW: usize = memory.data(96, 8);
const RBSP: usize = memory.data(96, 8);
const SET: usize = memory.data(4096, 8);
const BITS: usize = memory.data(BITS_SIZE, 4);
