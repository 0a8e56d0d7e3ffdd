/** Big-endian and little-endian access to unaligned memory, and small comparisons. */

@inline
export function be16(p: usize): u32 {
  return <u32>bswap<u16>(load<u16>(p));
}

@inline
export function be24(p: usize): u32 {
  return ((<u32>load<u8>(p)) << 16) | ((<u32>load<u8>(p, 1)) << 8) | (<u32>load<u8>(p, 2));
}

@inline
export function be32(p: usize): u32 {
  return bswap<u32>(load<u32>(p));
}

@inline
export function be64(p: usize): u64 {
  return bswap<u64>(load<u64>(p));
}

@inline
export function putBe16(p: usize, v: u32): void {
  store<u16>(p, bswap<u16>(<u16>v));
}

@inline
export function putBe24(p: usize, v: u32): void {
  store<u8>(p, v >> 16);
  store<u8>(p, v >> 8, 1);
  store<u8>(p, v, 2);
}

@inline
export function putBe32(p: usize, v: u32): void {
  store<u32>(p, bswap<u32>(v));
}

@inline
export function putBe64(p: usize, v: u64): void {
  store<u64>(p, bswap<u64>(v));
}

/** Whether `n` bytes at `a` and `b` are the same. */
export function sameBytes(a: usize, b: usize, n: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= n; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false;
  for (; i < n; i++) if (load<u8>(a + i) != load<u8>(b + i)) return false;
  return true;
}

/** Order of two byte strings: negative, 0 or positive, as memcmp with the shorter first on a tie. */
export function compareBytes(a: usize, na: u32, b: usize, nb: u32): i32 {
  const n = min<u32>(na, nb);
  for (let i: u32 = 0; i < n; i++) {
    const d = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (d) return d;
  }
  return <i32>na - <i32>nb;
}

/** FNV-1a, 32 bits. */
export function hashBytes(p: usize, n: u32): u32 {
  let h: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < n; i++) h = (h ^ (<u32>load<u8>(p + i))) * 0x01000193;
  return h;
}

/** A four-character code from its characters, as it reads in a big-endian file. */
@inline
export function fourcc(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a << 24) | (b << 16) | (c << 8) | d;
}
