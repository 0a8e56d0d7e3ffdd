/* Compares the copies and fills of firmware/engine/c/memory.c with what they should do, byte by byte, in an emulator. */
#include <stdint.h>
#include <string.h>

#include "machine.h"

#define ROOM 160
#define MOST 70
#define PLACES 8
/* Configuration and control: an access that is not aligned is a fault, as it is on a Cortex-M0+. */
#define CCR (*(volatile uint32_t*)0xe000ed14)
#define UNALIGN_TRP (1u << 3)

void __aeabi_memset(void* to, size_t n, int value);
void __aeabi_memclr4(void* to, size_t n);

static volatile uint8_t before[ROOM];
static uint8_t bytes[ROOM] __attribute__((aligned(8)));

/* Called by way of a variable, so that the compiler has no opinion of its own. */
static void* (*volatile copy)(void*, const void*, size_t) = memcpy;
static void* (*volatile move)(void*, const void*, size_t) = memmove;
static void* (*volatile fill)(void*, int, size_t) = memset;

static void begin(void) {
  for (int i = 0; i < ROOM; i++) before[i] = bytes[i] = (uint8_t)(i * 7 + 1);
}

static void check(int to, int from, int n) {
  for (int i = 0; i < ROOM; i++) {
    uint8_t expected = i < to || i >= to + n ? before[i] : from < 0 ? (uint8_t)~from : before[from + i - to];
    if (bytes[i] == expected) continue;
    print("wrong: to, from, bytes ");
    print_number((uint32_t)to);
    print(" ");
    print_number((uint32_t)(from < 0 ? ~from : from));
    print(" ");
    print_number((uint32_t)n);
    print("\n");
    end(0);
  }
}

int main(void) {
#ifndef __ARM_FEATURE_UNALIGNED
  CCR |= UNALIGN_TRP;
#endif
  uint32_t done = 0;
  for (int n = 0; n <= MOST; n++) {
    for (int to = 0; to < PLACES; to++) {
      for (int from = 0; from < PLACES; from++, done += 4) {
        begin();
        if (copy(bytes + to, bytes + ROOM / 2 + from, (size_t)n) != bytes + to) end(0);
        check(to, ROOM / 2 + from, n);
        begin();
        if (move(bytes + ROOM / 2 + to, bytes + from, (size_t)n) != bytes + ROOM / 2 + to) end(0);
        check(ROOM / 2 + to, from, n);
        // Over each other, in both directions and by less than a word too.
        begin();
        move(bytes + to, bytes + from, (size_t)n);
        check(to, from, n);
        begin();
        move(bytes + to, bytes + 3 * from, (size_t)n);
        check(to, 3 * from, n);
      }
      begin();
      if (fill(bytes + to, 0x1a5, (size_t)n) != bytes + to) end(0);
      check(to, ~0xa5, n);
      begin();
      __aeabi_memset(bytes + to, (size_t)n, 0x5a);
      check(to, ~0x5a, n);
      done += 2;
    }
    begin();
    __aeabi_memclr4(bytes + 4, (size_t)n);
    check(4, ~0, n);
    done++;
  }
  print_number(done);
  print("\n");
  end(1);
}
