/*
 * Enters the C of a core and brings its traps back.
 *
 * A trap goes back by the compiler's own short form of longjmp: stack, frame and place, five words, all that is needed since
 * the function that enters saves the registers like any other. Nothing between the two has anything to clean up.
 */
#include "entry.h"
#include "trap.h"

uintptr_t g2g_stack_limit;

static void* entered[5];
static volatile uint32_t trapped;

void g2g_trap(uint32_t trap) {
  trapped = trap;
  __builtin_longjmp(entered, 1);
}

void g2g_trap_memory(void) {
  g2g_trap(G2G_TRAP_MEMORY);
}

static uint32_t number(const uint8_t** from) {
  uint32_t value = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *(*from)++;
    value |= (uint32_t)(byte & 127) << shift;
    if (!(byte & 128)) return value;
  }
}

/* The memory as it is before the first call; 0 or a trap of the start function. */
__attribute__((noinline)) uint32_t g2g_aot_start(void) {
  const uint8_t* from = g2g_core_data;
  uint32_t at = 0;
  __builtin_memset(G2G_MEMORY, 0, g2g_core_room);
  for (;;) {
    at += number(&from);
    uint32_t n = number(&from);
    if (!n) break;
    __builtin_memcpy(G2G_MEMORY + at, from, n);
    from += n;
    at += n;
  }
  if (__builtin_setjmp(entered)) return trapped;
  g2g_core_start();
  return 0;
}

/* 0, or why the step ended. */
__attribute__((noinline)) uint32_t g2g_aot_step(uint64_t now, uint32_t work, uint64_t* wait) {
  if (__builtin_setjmp(entered)) return trapped;
  *wait = g2g_core_step(now, work);
  return 0;
}

__attribute__((noinline)) uint32_t g2g_aot_call(uint32_t function, const uint32_t* args, uint32_t* result) {
  if (__builtin_setjmp(entered)) return trapped;
  *result = g2g_core_call(function, args);
  return 0;
}
