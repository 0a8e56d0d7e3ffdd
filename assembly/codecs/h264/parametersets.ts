import { BITS_SIZE, Bits } from "../../base/bits";
import { be16, sameBytes } from "../../base/bytes";
import { Owner, alloc, allocZero, free } from "../../base/heap";
import { Writer } from "../../base/writer";
import { nalType, NalType, unescape } from "./nal";
import { Pps, SPS_SIZE, Sps, readPps, readSps } from "./sps";

/** Bytes of a parameter set that is kept; larger ones are damaged. */
export const MAX_PARAMETER_SET: u32 = 4096;

const SPSES: u32 = 32;
const PPSES: u32 = 256;
const PPS_SIZE: u32 = offsetof<Pps>();

const RBSP: usize = memory.data(4096, 8);
const BITS: usize = memory.data(BITS_SIZE, 4);

/**
 * The parameter sets of a stream: as they came, for codec data and for putting them back, and read.
 *
 *      0 spsBytes  addresses of NAL units with a u16 length in front, by id
 *    128 spses     addresses of what was read, by id
 *    256 ppsBytes  as spsBytes, by id
 *   1280 ppses     what was read, by id
 */
@unmanaged
export class ParameterSets {
  /** Address of the tables. */
  data: usize;
  /** Something is new since it was last cleared. */
  changed: bool;
  spsCount: u32;
  ppsCount: u32;
  /** id of the SPS that was activated last, or -1: the first that came. */
  active: i32;

  init(): bool {
    this.data = allocZero(SPSES * 8 + PPSES * 4 + PPSES * PPS_SIZE, Owner.Parser);
    this.active = -1;
    this.changed = false;
    this.spsCount = 0;
    this.ppsCount = 0;
    return this.data != 0;
  }

  release(): void {
    if (!this.data) return;
    for (let i: u32 = 0; i < SPSES; i++) {
      free(load<usize>(this.spsSlot(i)));
      free(load<usize>(this.spses + ((<usize>i) << 2)));
    }
    for (let i: u32 = 0; i < PPSES; i++) free(load<usize>(this.ppsSlot(i)));
    free(this.data);
    this.data = 0;
  }

  @inline
  private spsSlot(id: u32): usize {
    return this.data + ((<usize>id) << 2);
  }

  /** Table of the addresses of read SPSes. */
  @inline
  get spses(): usize {
    return this.data + SPSES * 4;
  }

  @inline
  private ppsSlot(id: u32): usize {
    return this.data + SPSES * 8 + ((<usize>id) << 2);
  }

  /** Table of read PPSes. */
  @inline
  get ppses(): usize {
    return this.data + SPSES * 8 + PPSES * 4;
  }

  /** The SPS in force: the one a slice used last, or the first there is; null without one. */
  get sps(): Sps | null {
    if (this.active >= 0) {
      const s = load<Sps | null>(this.spses + ((<usize>this.active) << 2));
      if (s) return s;
    }
    for (let i: u32 = 0; i < SPSES; i++) {
      const s = load<Sps | null>(this.spses + ((<usize>i) << 2));
      if (s) return s;
    }
    return null;
  }

  /** The PPS of an id, or null. */
  pps(id: u32): Pps | null {
    const p = changetype<Pps>(this.ppses + <usize>(id * PPS_SIZE));
    return p.known ? p : null;
  }

  /** Takes a NAL unit that is an SPS or a PPS, header included; false when it is damaged, which leaves all as it was. */
  take(nal: usize, n: u32): bool {
    if (n < 4 || n > MAX_PARAMETER_SET) return false;
    const length = unescape(RBSP, MAX_PARAMETER_SET, nal + 1, n - 1);
    const bits = changetype<Bits>(BITS).over(RBSP, length);
    return nalType(load<u8>(nal)) == NalType.Sps ? this.takeSps(bits, nal, n) : this.takePps(bits, nal, n);
  }

  private takeSps(bits: Bits, nal: usize, n: u32): bool {
    const s = changetype<Sps>(SPS);
    if (!readSps(bits, s)) return false;
    const slot = this.spses + ((<usize>s.id) << 2);
    const known = load<usize>(slot);
    const p = known ? known : alloc(SPS_SIZE, Owner.Parser);
    if (!p) return false;
    if (!this.keep(this.spsSlot(s.id), nal, n)) {
      if (!known) free(p);
      return false;
    }
    if (!known) this.spsCount++;
    memory.copy(p, SPS, SPS_SIZE);
    store<usize>(slot, p);
    return true;
  }

  private takePps(bits: Bits, nal: usize, n: u32): bool {
    const p = changetype<Pps>(PPS);
    memory.fill(PPS, 0, PPS_SIZE);
    if (!readPps(bits, p) || !this.keep(this.ppsSlot(p.id), nal, n)) return false;
    const slot = this.ppses + <usize>(p.id * PPS_SIZE);
    if (!changetype<Pps>(slot).known) this.ppsCount++;
    memory.copy(slot, PPS, PPS_SIZE);
    return true;
  }

  /** Keeps the bytes of a set; the same ones again are nothing new. */
  private keep(slot: usize, nal: usize, n: u32): bool {
    const old = load<usize>(slot);
    if (old && load<u16>(old) == n && sameBytes(old + 2, nal, n)) return true;
    const p = alloc(n + 2, Owner.Parser);
    if (!p) return false;
    store<u16>(p, n);
    memory.copy(p + 2, nal, n);
    free(old);
    store<usize>(slot, p);
    this.changed = true;
    return true;
  }

  /** Address of the SPS of an id with a u16 length in front, or 0. */
  @inline
  spsBytes(id: u32): usize {
    return load<usize>(this.spsSlot(id));
  }

  /** Address of the PPS of an id with a u16 length in front, or 0. */
  @inline
  ppsBytes(id: u32): usize {
    return load<usize>(this.ppsSlot(id));
  }

  /**
   * Writes all sets in a byte stream's form: four bytes of start code in front of each.
   */
  writeByteStream(w: Writer): void {
    for (let i: u32 = 0; i < SPSES + PPSES; i++) {
      const p = i < SPSES ? this.spsBytes(i) : this.ppsBytes(i - SPSES);
      if (!p) continue;
      w.u32(1);
      w.bytes(p + 2, load<u16>(p));
    }
  }

  /** Writes all sets with four bytes of length in front of each. */
  writeLengths(w: Writer): void {
    for (let i: u32 = 0; i < SPSES + PPSES; i++) {
      const p = i < SPSES ? this.spsBytes(i) : this.ppsBytes(i - SPSES);
      if (!p) continue;
      w.u32(load<u16>(p));
      w.bytes(p + 2, load<u16>(p));
    }
  }

  /** Writes the AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1) with lengths of four bytes; needs an SPS. */
  writeRecord(w: Writer): void {
    const s = this.sps!;
    w.u8(1);
    w.u8(s.profile);
    w.u8(s.constraints);
    w.u8(s.level);
    w.u8(0xff);
    w.u8(0xe0 | min<u32>(this.spsCount, 31));
    let left = min<u32>(this.spsCount, 31);
    for (let i: u32 = 0; i < SPSES && left; i++) {
      const p = this.spsBytes(i);
      if (!p) continue;
      w.u16(load<u16>(p));
      w.bytes(p + 2, load<u16>(p));
      left--;
    }
    left = min<u32>(this.ppsCount, 255);
    w.u8(left);
    for (let i: u32 = 0; i < PPSES && left; i++) {
      const p = this.ppsBytes(i);
      if (!p) continue;
      w.u16(load<u16>(p));
      w.bytes(p + 2, load<u16>(p));
      left--;
    }
    if (s.profile == 66 || s.profile == 77 || s.profile == 88) return;
    w.u8(0xfc | s.chroma);
    w.u8(0xf8 | (s.bitsLuma - 8));
    w.u8(0xf8 | (s.bitsChroma - 8));
    w.u8(0);
  }

  /**
   * Reads an AVCDecoderConfigurationRecord and takes its sets.
   * @returns bytes of a NAL unit's length (1, 2, 4), or 0 when it is damaged
   */
  readRecord(p: usize, n: u32): u32 {
    if (n < 7 || load<u8>(p) != 1) return 0;
    const lengthSize = ((<u32>load<u8>(p, 4)) & 3) + 1;
    if (lengthSize == 3) return 0;
    let at: u32 = 6;
    let left = (<u32>load<u8>(p, 5)) & 31;
    for (let kind = 0; kind < 2; kind++) {
      for (; left; left--) {
        if (at + 2 > n) return 0;
        const length = be16(p + at);
        at += 2;
        if (length > n - at) return 0;
        // A set that cannot be read is left out; slices that need it show it.
        this.take(p + at, length);
        at += length;
      }
      if (kind == 0) {
        if (at >= n) return 0;
        left = load<u8>(p + at);
        at++;
      }
    }
    return lengthSize;
  }
}

const SPS: usize = memory.data(SPS_SIZE, 8);
const PPS: usize = memory.data(24, 4);

/** Bytes that ParameterSets take inside another record. */
export const PARAMETER_SETS_SIZE: u32 = 24;
