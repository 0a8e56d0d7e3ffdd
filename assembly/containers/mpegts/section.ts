import { crc32Mpeg } from "../../base/crc";
import { Owner, alloc, free } from "../../base/heap";
import { be16 } from "../../base/bytes";

/** Bytes that a section can have (2.4.4.11): 3 and a length of 12 bits. */
export const MAX_SECTION: u32 = 4098;

/**
 * Puts sections together from the packets of one PID (2.4.4). A section may start anywhere in a packet, behind the
 * pointer field, and go on in the next ones; several may stand in one packet.
 *
 *      0 data     buffer of MAX_SECTION bytes, 0 until one is needed
 *      4 length   bytes of the section so far
 *      8 active   a section has started
 *     12 next     continuity_counter of the next packet, or -1
 *     16 pos      what is left of the packet being worked on
 *     20 end
 *     24 start    where in this packet new sections start, or 0
 */
@unmanaged
export class SectionAssembler {
  data: usize;
  length: u32;
  active: bool;
  next: i32;
  pos: usize;
  end: usize;
  start: usize;

  reset(): void {
    this.length = 0;
    this.active = false;
    this.next = -1;
    this.pos = 0;
    this.end = 0;
    this.start = 0;
  }

  release(): void {
    free(this.data);
    this.data = 0;
    this.reset();
  }

  /**
   * Takes the payload of a packet; then `read` gives what is whole. The counter is checked: after a gap the section
   * that was being put together is dropped.
   */
  feed(p: usize, n: u32, starts: bool, counter: u32): void {
    this.pos = p;
    this.end = p + n;
    this.start = 0;
    if (this.next >= 0 && <u32>this.next != counter) {
      if (((<u32>this.next - 1) & 15) == counter) {
        // A packet may be sent twice.
        this.pos = this.end;
        return;
      }
      this.active = false;
    }
    this.next = <i32>((counter + 1) & 15);
    if (!starts) {
      if (!this.active) this.pos = this.end;
      return;
    }
    const pointer = n ? <u32>load<u8>(p) : 0;
    if (1 + pointer >= n) {
      this.pos = this.end;
      this.active = false;
      return;
    }
    this.start = p + 1 + pointer;
    this.pos = this.active ? p + 1 : this.start;
  }

  /** Bytes of the section that has started, by the length in its first three. */
  private get total(): u32 {
    return (be16(this.data + 1) & 0xfff) + 3;
  }

  /** The length of the next whole section, which lies at `data`; 0 when more packets are needed. */
  read(): u32 {
    while (this.pos < this.end) {
      if (!this.active) {
        // Stuffing fills the rest of the packet (2.4.4).
        if (load<u8>(this.pos) == 0xff) {
          this.pos = this.end;
          return 0;
        }
        this.active = true;
        this.length = 0;
        if (!this.data) {
          this.data = alloc(MAX_SECTION, Owner.Parser);
          if (!this.data) {
            this.pos = this.end;
            return 0;
          }
        }
      }
      // Up to the pointer's target the bytes belong to the section that was begun before.
      const until = this.start && this.pos < this.start ? this.start : this.end;
      const wanted: u32 = this.length >= 3 ? this.total : 3;
      const n = min<u32>(wanted - this.length, <u32>(until - this.pos));
      memory.copy(this.data + this.length, this.pos, n);
      this.length += n;
      this.pos += n;
      if (this.length == 3) {
        if (this.total > MAX_SECTION) {
          this.active = false;
          this.pos = until;
          continue;
        }
        if (this.total > 3) continue;
      }
      if (this.length >= 3 && this.length == this.total) {
        this.active = false;
        if (this.pos < this.start) this.pos = this.start;
        return this.length;
      }
      // The pointer says that another section starts here, so this one was cut off.
      if (this.pos == this.start && this.start) this.active = false;
    }
    return 0;
  }
}

/** Bytes that a SectionAssembler takes inside another record. */
export const SECTION_ASSEMBLER_SIZE: u32 = 28;

/** Whether a section in the long form is whole: syntax indicator set, room for its head and CRC, CRC right. */
export function isSoundSection(p: usize, n: u32): bool {
  return n >= 12 && ((<u32>load<u8>(p, 1)) & 0x80) != 0 && crc32Mpeg(0xffffffff, p, n) == 0;
}

/** table_id */
@inline
export function tableId(p: usize): u32 {
  return load<u8>(p);
}

/** table_id_extension: transport_stream_id, program_number … */
@inline
export function tableExtension(p: usize): u32 {
  return be16(p + 3);
}

@inline
export function tableVersion(p: usize): u32 {
  return ((<u32>load<u8>(p, 5)) >> 1) & 31;
}

/** current_next_indicator */
@inline
export function isCurrent(p: usize): bool {
  return ((<u32>load<u8>(p, 5)) & 1) != 0;
}

@inline
export function sectionNumber(p: usize): u32 {
  return load<u8>(p, 6);
}

@inline
export function lastSectionNumber(p: usize): u32 {
  return load<u8>(p, 7);
}
