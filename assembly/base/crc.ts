/** CRC-32 of ISO/IEC 13818-1 Annex A: polynomial 04C11DB7, most significant bit first, no final inversion. */

// One entry a nibble: 64 bytes instead of a kilobyte, and sections are short.
const NIBBLES: usize = memory.data<u32>([
  0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b, 0x1a864db2, 0x1e475005, 0x2608edb8,
  0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61, 0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
]);

/** Continues `crc` (start with 0xFFFFFFFF) over `n` bytes; 0 over a section with its CRC means that it is whole. */
export function crc32Mpeg(crc: u32, p: usize, n: u32): u32 {
  for (const end = p + n; p < end; p++) {
    const b = <u32>load<u8>(p);
    crc = (crc << 4) ^ load<u32>(NIBBLES + ((<usize>((crc >> 28) ^ (b >> 4))) << 2));
    crc = (crc << 4) ^ load<u32>(NIBBLES + ((<usize>((crc >> 28) ^ (b & 15))) << 2));
  }
  return crc;
}
