#include "machine.h"

#include <string.h>

static int semihosting(int op, const void* argument) {
  register int r0 __asm__("r0") = op;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void print(const char* text) {
  semihosting(4, text);
}

void print_number(uint32_t n) {
  char text[12];
  char* at = text + 11;
  *at = 0;
  do *--at = (char)('0' + n % 10);
  while (n /= 10);
  print(at);
}

_Noreturn void end(int good) {
  semihosting(0x18, (const void*)(good ? 0x20026 : 0x20023));
  for (;;) continue;
}

/* ---- instructions: one takes 64 ns, a tick of SysTick 40, and its counter has 24 bits ---- */

#define SYST ((volatile uint32_t*)0xe000e010)

static uint32_t paused, pause_began;

void count_from_here(void) {
  paused = 0;
  SYST[1] = 0xffffff;
  SYST[2] = 0;
  SYST[0] = 5;
}

uint32_t counted(void) {
  uint32_t now = SYST[2];
  uint64_t ticks = 0xffffff - now;
  if (SYST[0] >> 16 & 1) ticks += 0x1000000;
  return (uint32_t)((ticks - paused) * 40 / 64);
}

void pause_counting(void) {
  pause_began = SYST[2];
}

void go_on_counting(void) {
  paused += (pause_began - SYST[2]) & 0xffffff;
}

/* ---- stack ---- */

#define WORDS 8192
#define PAINT 0xa5c35a3cu

static volatile uint32_t* painted;

__attribute__((noinline)) void paint_stack(void) {
  painted = (volatile uint32_t*)__builtin_frame_address(0) - 16;
  for (int i = 0; i < WORDS; i++) painted[-i] = PAINT;
}

uint32_t stack_used(void) {
  int i = WORDS - 1;
  while (i && painted[-i] == PAINT) i--;
  return i ? (uint32_t)(i + 17) * 4 : 0;
}

/* ---- start ---- */

extern uint32_t image_data[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

static _Noreturn void fault(void) {
  print("fault\n");
  end(0);
}

_Noreturn void reset(void) {
  *(volatile uint32_t*)0xe000ed88 |= 0xf << 20;
  __asm__ volatile("dsb\n isb");
  memcpy(data_start, image_data, (size_t)((char*)data_end - (char*)data_start));
  memset(bss_start, 0, (size_t)((char*)bss_end - (char*)bss_start));
  main();
  for (;;) continue;
}

__attribute__((section(".vectors"), used)) static const void* const VECTORS[16] = {
    stack_top, (void*)reset, (void*)fault, (void*)fault, (void*)fault, (void*)fault, (void*)fault,
};
