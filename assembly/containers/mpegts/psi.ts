import { be16, be32 } from "../../base/bytes";
import { Descriptor } from "./misc";

/** Readers of the program tables, over sections that isSoundSection has checked. */

/** Walks the programs of a PAT (2.4.4.3). */
@unmanaged
export class PatReader {
  pos: usize;
  end: usize;
  program: u32;
  pid: u32;

  over(section: usize, n: u32): PatReader {
    this.pos = section + 8;
    this.end = section + n - 4;
    return this;
  }

  /** The next program; the network's (0) is passed over. */
  next(): bool {
    while (this.pos + 4 <= this.end) {
      this.program = be16(this.pos);
      this.pid = be16(this.pos + 2) & 0x1fff;
      this.pos += 4;
      if (this.program) return true;
    }
    return false;
  }
}

/** Walks the streams of a PMT (2.4.4.8). */
@unmanaged
export class PmtReader {
  pos: usize;
  end: usize;
  pcrPid: u32;
  /** Descriptors of the program. */
  programInfo: usize;
  programInfoLength: u32;
  type: u32;
  pid: u32;
  /** Descriptors of the stream. */
  info: usize;
  infoLength: u32;

  /** False when the section is too short for what it says. */
  over(section: usize, n: u32): bool {
    this.end = section + n - 4;
    if (n < 16) return false;
    this.pcrPid = be16(section + 8) & 0x1fff;
    this.programInfo = section + 12;
    this.programInfoLength = be16(section + 10) & 0xfff;
    this.pos = this.programInfo + this.programInfoLength;
    return this.pos <= this.end;
  }

  next(): bool {
    if (this.pos + 5 > this.end) return false;
    this.type = load<u8>(this.pos);
    this.pid = be16(this.pos + 1) & 0x1fff;
    this.infoLength = be16(this.pos + 3) & 0xfff;
    this.info = this.pos + 5;
    this.pos = this.info + this.infoLength;
    return this.pos <= this.end;
  }
}

/** The first descriptor with a tag and at least `least` bytes: address of its data, or 0. */
export function findDescriptor(p: usize, n: u32, tag: Descriptor, least: u32): usize {
  const end = p + n;
  while (p + 2 <= end) {
    const length = <u32>load<u8>(p, 1);
    if (p + 2 + length > end) return 0;
    if (load<u8>(p) == tag && length >= least) return p + 2;
    p += 2 + length;
  }
  return 0;
}

/** Bytes of data of the descriptor whose data lies at `p`. */
@inline
export function descriptorLength(p: usize): u32 {
  return load<u8>(p - 1);
}

/** format_identifier of the registration descriptor, or 0. */
export function registrationOf(p: usize, n: u32): u32 {
  const d = findDescriptor(p, n, Descriptor.Registration, 4);
  return d ? be32(d) : 0;
}
