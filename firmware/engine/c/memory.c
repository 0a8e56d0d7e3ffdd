/*
 * Copies and fills for boards, where the library that Rust brings takes 3 KB for them: a word at a time, four in a turn.
 * Whoever has others of these names keeps them.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __ARM_FEATURE_UNALIGNED
typedef uint32_t __attribute__((aligned(1), may_alias)) word;
#define IN_WORDS(places) 1
#else
typedef uint32_t __attribute__((may_alias)) word;
#define IN_WORDS(places) (((places) & 3) == 0)
#endif

#define WEAK __attribute__((weak))
#define ALIAS(name) __attribute__((weak, alias(#name)))

WEAK void* memcpy(void* to, const void* from, size_t n) {
  uint8_t* t = to;
  const uint8_t* f = from;
  if (IN_WORDS((uintptr_t)t | (uintptr_t)f)) {
    for (; n >= 16; n -= 16, t += 16, f += 16) {
      const word* w = (const void*)f;
      uint32_t a = w[0], b = w[1], c = w[2], d = w[3];
      word* v = (void*)t;
      v[0] = a, v[1] = b, v[2] = c, v[3] = d;
    }
    for (; n >= 4; n -= 4, t += 4, f += 4) *(word*)(void*)t = *(const word*)(const void*)f;
  }
  while (n--) *t++ = *f++;
  return to;
}

WEAK void* memmove(void* to, const void* from, size_t n) {
  uint8_t* t = to;
  const uint8_t* f = from;
  // In front of its source, or clear of it: memcpy goes upwards, and reads what it writes over before that.
  if ((uintptr_t)t - (uintptr_t)f >= n) return memcpy(to, from, n);
  t += n;
  f += n;
  if (IN_WORDS((uintptr_t)t | (uintptr_t)f)) {
    for (; n >= 4; n -= 4) {
      t -= 4;
      f -= 4;
      *(word*)(void*)t = *(const word*)(const void*)f;
    }
  }
  while (n--) *--t = *--f;
  return to;
}

WEAK void* memset(void* to, int value, size_t n) {
  uint8_t* t = to;
  uint32_t four = (uint8_t)value * 0x01010101u;
  if (IN_WORDS((uintptr_t)t)) {
    for (; n >= 4; n -= 4, t += 4) *(word*)(void*)t = four;
  }
  while (n--) *t++ = (uint8_t)value;
  return to;
}

/* What compilers for Arm call instead, without a look at what comes back; 4 and 8: what the addresses are multiples of. */
ALIAS(memcpy) void* __aeabi_memcpy(void* to, const void* from, size_t n);
ALIAS(memcpy) void* __aeabi_memcpy4(void* to, const void* from, size_t n);
ALIAS(memcpy) void* __aeabi_memcpy8(void* to, const void* from, size_t n);
ALIAS(memmove) void* __aeabi_memmove(void* to, const void* from, size_t n);
ALIAS(memmove) void* __aeabi_memmove4(void* to, const void* from, size_t n);
ALIAS(memmove) void* __aeabi_memmove8(void* to, const void* from, size_t n);

WEAK void __aeabi_memset(void* to, size_t n, int value) {
  memset(to, value, n);
}
ALIAS(__aeabi_memset) void __aeabi_memset4(void* to, size_t n, int value);
ALIAS(__aeabi_memset) void __aeabi_memset8(void* to, size_t n, int value);

WEAK void __aeabi_memclr(void* to, size_t n) {
  memset(to, 0, n);
}
ALIAS(__aeabi_memclr) void __aeabi_memclr4(void* to, size_t n);
ALIAS(__aeabi_memclr) void __aeabi_memclr8(void* to, size_t n);
