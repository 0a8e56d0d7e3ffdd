import { putBe16, putBe32 } from "../../base/bytes";
import { crc32Mpeg } from "../../base/crc";
import { Slices } from "../../core/slices";
import { PACKET, PID_NULL, PID_PAT, SYNC_BYTE, StreamType, TIMESTAMP_WRAP, writeTimestamp } from "./misc";

/** Bytes of a PES header with both timestamps, and of one with a presentation time only. */
export const PES_HEADER: u32 = 19;
const PES_HEADER_PTS: u32 = 14;
const PES_HEADER_BARE: u32 = 9;

/** Ticks of the system clock in one of the 90 kHz timestamps. */
const CLOCK_RATIO: i64 = 300;

/** Bytes of descriptors that a stream may have in the PMT. */
export const MAX_DESCRIPTORS: u32 = 64;

/** A stream of the program that is written. */
@unmanaged
export class TsOutput {
  pid: u32;
  type: u32;
  /** stream_id of its PES packets. */
  id: u32;
  counter: u32;
  /** Its PES packets have no length: only video may. */
  unbounded: bool;
  descriptorLength: u32;
  descriptors_: u64;

  @inline
  get descriptors(): usize {
    return changetype<usize>(this) + offsetof<TsOutput>("descriptors_");
  }
}

export const TS_OUTPUT_SIZE: u32 = offsetof<TsOutput>("descriptors_") + MAX_DESCRIPTORS;

/**
 * Writes transport packets (ISO/IEC 13818-1 2.4.3) one behind the other into memory that its owner gives, a stretch at a
 * time. It knows nothing of time: the owner says when tables and clock references are due.
 *
 *      0 out     address of the next packet
 *      4 stride  188, or 192 with four bytes in front of each packet
 *      8 packets written
 */
@unmanaged
export class TsWriter {
  out: usize;
  stride: u32;
  packets: u64;
  patCounter: u32;
  pmtCounter: u32;
  nullCounter: u32;
  pmtPid: u32;
  pcrPid: u32;
  program: u32;
  transportStream: u32;
  version: u32;
  /** Clock in front of 192-byte packets: 27 MHz. */
  arrival: i64;
  /** End of the memory that `out` is in; when it is reached, `more` (owner: usize): void sets both anew. */
  limit: usize;
  more: u32;
  owner: usize;

  init(stride: u32): void {
    memory.fill(changetype<usize>(this), 0, offsetof<TsWriter>());
    this.stride = stride;
    this.pmtPid = 0x1000;
    this.pcrPid = PID_NULL;
    this.program = 1;
    this.transportStream = 1;
  }

  /** Starts a packet: its header without adaptation field; where its 184 bytes go. */
  private begin(pid: u32, starts: bool, counter: u32): usize {
    if (this.out + this.stride > this.limit) call_indirect<void>(this.more, this.owner);
    let p = this.out;
    if (this.stride == 192) {
      putBe32(p, <u32>(this.arrival & 0x3fffffff));
      p += 4;
    }
    store<u8>(p, SYNC_BYTE);
    store<u8>(p, (starts ? 0x40 : 0) | (pid >> 8), 1);
    store<u8>(p, pid, 2);
    store<u8>(p, 0x10 | (counter & 15), 3);
    this.out = p + PACKET;
    this.packets++;
    return p + 4;
  }

  /** Writes a section that fits one packet. */
  private section(pid: u32, counter: u32, section: usize, n: u32): void {
    const p = this.begin(pid, true, counter);
    store<u8>(p, 0);
    memory.copy(p + 1, section, n);
    memory.fill(p + 1 + n, 0xff, PACKET - 5 - n);
  }

  /** Writes the PAT: one program. */
  writePat(): void {
    const s = SECTION;
    store<u8>(s, 0);
    putBe16(s + 1, 0xb000 | 13);
    putBe16(s + 3, this.transportStream);
    store<u8>(s, 0xc1 | (this.version << 1), 5);
    store<u16>(s, 0, 6);
    putBe16(s + 8, this.program);
    putBe16(s + 10, 0xe000 | this.pmtPid);
    putBe32(s + 12, crc32Mpeg(0xffffffff, s, 12));
    this.section(PID_PAT, this.patCounter++, s, 16);
  }

  /**
   * Writes the PMT.
   * @param outputs addresses of the TsOutputs
   * @param registration format_identifier for the whole program, or 0
   * @returns false when it does not fit one packet
   */
  writePmt(outputs: usize, count: u32, registration: u32): bool {
    const s = SECTION;
    let at: u32 = 12;
    if (registration) {
      store<u8>(s + at, 5);
      store<u8>(s + at + 1, 4);
      putBe32(s + at + 2, registration);
      at += 6;
    }
    putBe16(s + 10, 0xf000 | (at - 12));
    for (let i: u32 = 0; i < count; i++) {
      const o = load<TsOutput>(outputs + ((<usize>i) << 2));
      if (at + 5 + o.descriptorLength + 4 > PACKET - 5) return false;
      store<u8>(s + at, o.type);
      putBe16(s + at + 1, 0xe000 | o.pid);
      putBe16(s + at + 3, 0xf000 | o.descriptorLength);
      memory.copy(s + at + 5, o.descriptors, o.descriptorLength);
      at += 5 + o.descriptorLength;
    }
    store<u8>(s, 2);
    putBe16(s + 1, 0xb000 | (at + 4 - 3));
    putBe16(s + 3, this.program);
    store<u8>(s, 0xc1 | (this.version << 1), 5);
    store<u16>(s, 0, 6);
    putBe16(s + 8, 0xe000 | this.pcrPid);
    putBe32(s + at, crc32Mpeg(0xffffffff, s, at));
    this.section(this.pmtPid, this.pmtCounter++, s, at + 4);
    return true;
  }

  /** Writes a packet that only fills. */
  writeNull(): void {
    const p = this.begin(PID_NULL, false, this.nullCounter++);
    memory.fill(p, 0xff, PACKET - 4);
  }

  /** Writes a packet without payload whose adaptation field has a clock reference; its counter does not count. */
  writePcr(o: TsOutput, pcr: i64): void {
    const p = this.begin(o.pid, false, o.counter - 1);
    store<u8>(p - 1, 0x20 | ((o.counter - 1) & 15));
    store<u8>(p, PACKET - 5);
    store<u8>(p, 0x10, 1);
    putPcr(p + 2, pcr);
    memory.fill(p + 8, 0xff, PACKET - 12);
  }

  /**
   * Writes a PES header.
   * @param p room for PES_HEADER bytes
   * @param size bytes of payload behind it
   * @param pts 90 kHz, or -1; `dts` likewise, -1 when it is the same
   * @returns bytes written
   */
  pesHeader(p: usize, o: TsOutput, size: u32, pts: i64, dts: i64): u32 {
    const length = pts < 0 ? PES_HEADER_BARE : dts < 0 ? PES_HEADER_PTS : PES_HEADER;
    putBe32(p, 0x100 | o.id);
    const packetLength = length - 6 + size;
    putBe16(p + 4, o.unbounded || packetLength > 0xffff ? 0 : packetLength);
    // data_alignment_indicator: a unit starts here
    store<u8>(p, 0x84, 6);
    store<u8>(p, pts < 0 ? 0 : dts < 0 ? 0x80 : 0xc0, 7);
    store<u8>(p, length - 9, 8);
    if (pts >= 0) writeTimestamp(p + 9, dts < 0 ? 2 : 3, pts);
    if (dts >= 0) writeTimestamp(p + 14, 1, dts);
    return length;
  }

  /** Packets that a PES packet of `size` bytes, header included, takes, with a clock reference in the first or not. */
  packetsFor(size: u32, withPcr: bool): u32 {
    const first: u32 = withPcr ? PACKET - 12 : PACKET - 4;
    return size <= first ? 1 : 1 + (size - first + 183) / 184;
  }

  /**
   * Writes one PES packet.
   * @param head its header, `headLength` bytes; the payload follows from `list`
   * @param pcr a clock reference for the first packet, 27 MHz, or -1
   * @param key random_access_indicator
   */
  writePes(o: TsOutput, head: usize, headLength: u32, list: Slices, pcr: i64, key: bool): void {
    const cursor = changetype<Cursor>(CURSOR).over(list);
    let left = headLength + list.size;
    let starts = true;
    while (left) {
      const p = this.begin(o.pid, starts, o.counter++);
      // Bytes of an adaptation field: flags and clock in the first packet, stuffing in the last.
      let field: u32 = 0;
      if (starts && pcr >= 0) field = 8;
      else if (starts && key) field = 2;
      if (left < 184 - field) field = 184 - left;
      if (field) {
        store<u8>(p - 1, 0x30 | ((o.counter - 1) & 15));
        store<u8>(p, field - 1);
        if (field > 1) {
          store<u8>(p, (starts && key ? 0x40 : 0) | (starts && pcr >= 0 ? 0x10 : 0), 1);
          let used: u32 = 2;
          if (starts && pcr >= 0) {
            putPcr(p + 2, pcr);
            used = 8;
          }
          memory.fill(p + used, 0xff, field - used);
        }
      }
      let to = p + field;
      let n = 184 - field;
      left -= n;
      if (starts) {
        memory.copy(to, head, headLength);
        to += headLength;
        n -= headLength;
        starts = false;
      }
      cursor.copy(to, n);
    }
  }
}

/** Walks the bytes of a list of slices. */
@unmanaged
class Cursor {
  list: Slices;
  index: u32;
  /** The stretch being read, and stretches of its slice that follow. */
  data: usize;
  left: u32;
  more: u32;
  length: u32;
  stride: u32;

  over(list: Slices): Cursor {
    this.list = list;
    this.index = 0;
    this.left = 0;
    this.more = 0;
    return this;
  }

  private advance(): void {
    if (this.more) {
      this.more--;
      this.data += this.stride - this.length;
      this.left = this.length;
      return;
    }
    const s = this.list.at(this.index++);
    this.data = s.data;
    this.length = s.length;
    this.left = s.length;
    this.stride = s.run & 255;
    this.more = s.run ? (s.run >> 8) - 1 : 0;
  }

  copy(to: usize, n: u32): void {
    while (n) {
      if (!this.left) this.advance();
      const k = min<u32>(n, this.left);
      memory.copy(to, this.data, k);
      this.data += k;
      this.left -= k;
      to += k;
      n -= k;
    }
  }
}

const CURSOR: usize = memory.data(offsetof<Cursor>(), 4);
const SECTION: usize = memory.data(256, 8);

/** Writes a program_clock_reference of 27 MHz ticks (2.4.3.5). */
function putPcr(p: usize, pcr: i64): void {
  // The first units may be decoded before clock 0, which is just before the counter wraps.
  const ticks = pcr < 0 ? pcr + <i64>TIMESTAMP_WRAP * CLOCK_RATIO : pcr;
  const base = (<u64>(ticks / CLOCK_RATIO)) & 0x1ffffffff;
  const extension = <u32>(ticks % CLOCK_RATIO);
  putBe32(p, <u32>(base >> 1));
  store<u8>(p, (((<u32>base) & 1) << 7) | 0x7e | (extension >> 8), 4);
  store<u8>(p, extension, 5);
}

/** Whether streams of a type are pictures. */
export function isVideoType(type: u32): bool {
  switch (type) {
    case StreamType.Mpeg1Video:
    case StreamType.Mpeg2Video:
    case StreamType.Mpeg4Video:
    case StreamType.H264:
    case StreamType.H265:
    case StreamType.H266:
      return true;
    default:
      return false;
  }
}
