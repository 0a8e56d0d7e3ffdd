/** NAL units of ISO/IEC 14496-10. */

/** nal_unit_type, table 7-1. */
export const enum NalType {
  Slice = 1,
  PartitionA = 2,
  PartitionB = 3,
  PartitionC = 4,
  Idr = 5,
  Sei = 6,
  Sps = 7,
  Pps = 8,
  AccessUnitDelimiter = 9,
  EndOfSequence = 10,
  EndOfStream = 11,
  Filler = 12,
  SpsExtension = 13,
  Prefix = 14,
  SubsetSps = 15,
  Auxiliary = 19,
  Extension = 20,
}

@inline
export function nalType(header: u32): u32 {
  return header & 31;
}

@inline
export function nalRefIdc(header: u32): u32 {
  return (header >> 5) & 3;
}

/** Whether a NAL unit of this type holds a slice of a primary picture. */
@inline
export function isVcl(type: u32): bool {
  return type == NalType.Slice || type == NalType.Idr || type == NalType.PartitionA;
}

/** Whether a NAL unit of this type, after the last slice of a picture, starts the next access unit (7.4.1.2.3). */
@inline
export function startsAccessUnit(type: u32): bool {
  return (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
}

/**
 * Takes the emulation prevention bytes out (7.3.1): every 03 behind 00 00.
 * @returns bytes at `to`, at most `room`
 */
export function unescape(to: usize, room: u32, from: usize, n: u32): u32 {
  let zeros: u32 = 0;
  let k: u32 = 0;
  for (let i: u32 = 0; i < n && k < room; i++) {
    const b = <u32>load<u8>(from + i);
    if (zeros >= 2 && b == 3) {
      zeros = 0;
      continue;
    }
    zeros = b ? 0 : zeros + 1;
    store<u8>(to + k, b);
    k++;
  }
  return k;
}
