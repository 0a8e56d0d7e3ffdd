/*
 * The board's end of a spec: start, the way to the desk, and the clock. There is no driver in it: the way is semihosting, on the
 * emulator's own input and output, and the clock is SysTick, which counts instructions under -icount.
 */
#include "board.h"

#include <string.h>

#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_EXIT 0x18
#define APPLICATION_EXIT 0x20026
#define OPEN_READ 1
#define OPEN_WRITE 5

#define SYST_CSR (*(volatile uint32_t*)0xe000e010)
#define SYST_RVR (*(volatile uint32_t*)0xe000e014)
#define SYST_CVR (*(volatile uint32_t*)0xe000e018)
#define ICSR (*(volatile uint32_t*)0xe000ed04)
#define ICSR_PENDSTSET (1u << 26)
#define CPACR (*(volatile uint32_t*)0xe000ed88)

#define TICKS 0x1000000u

uint8_t spec_imports[256];
uint32_t spec_import_count;
uint32_t spec_frames[SPEC_FRAMES];
uint32_t spec_frame_count;

static int input;
static int output;

static uint8_t waiting[65536];
static size_t filled;

static volatile uint32_t turns;
static uint64_t ticks;
static uint64_t since;

static int semihost(int operation, const void* parameter) {
  register int r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = parameter;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

__attribute__((noreturn)) static void leave(void) {
  for (;;) semihost(SYS_EXIT, (const void*)APPLICATION_EXIT);
}

/* ---- the way to the desk ---- */

static int open_file(const char* path, uintptr_t mode) {
  const uintptr_t block[3] = {(uintptr_t)path, mode, strlen(path)};
  return semihost(SYS_OPEN, block);
}

/* What semihosting answers is how many bytes were not moved. Without a desk there is nothing to do. */
static void write_all(const uint8_t* from, size_t length) {
  while (length) {
    const uintptr_t block[3] = {(uintptr_t)output, (uintptr_t)from, length};
    size_t left = (size_t)semihost(SYS_WRITE, block);
    if (left >= length) leave();
    from += length - left;
    length = left;
  }
}

static void flush(void) {
  write_all(waiting, filled);
  filled = 0;
}

static void put(const void* from, size_t length) {
  if (length > sizeof waiting - filled) flush();
  if (length > sizeof waiting) {
    write_all(from, length);
    return;
  }
  memcpy(waiting + filled, from, length);
  filled += length;
}

static void put_words(const uint32_t* words, size_t count) {
  put(words, count * 4);
}

static void get(void* to, size_t length) {
  flush();
  for (uint8_t* at = to; length;) {
    const uintptr_t block[3] = {(uintptr_t)input, (uintptr_t)at, length};
    size_t left = (size_t)semihost(SYS_READ, block);
    if (left >= length) leave();
    at += length - left;
    length = left;
  }
}

void spec_refuse(const char* why) {
  uint32_t words[2] = {SPEC_REFUSED, strlen(why)};
  put_words(words, 2);
  put(why, words[1]);
  flush();
  leave();
}

/* ---- the clock ---- */

void turned(void) {
  turns++;
}

/*
 * A turn ends when the counter comes to 0. One that has ended and is not yet counted is known by the bit that asks for the
 * interrupt.
 */
static uint64_t clock_now(void) {
  __asm volatile("cpsid i" ::: "memory");
  uint32_t value = SYST_CVR;
  uint32_t pending = ICSR & ICSR_PENDSTSET;
  if (pending) value = SYST_CVR;
  uint64_t now = (uint64_t)(turns + (pending != 0)) * TICKS + (TICKS - value) % TICKS;
  __asm volatile("cpsie i" ::: "memory");
  return now;
}

static void clock_stop(void) {
  ticks += clock_now() - since;
}

static void clock_go(void) {
  since = clock_now();
}

/* ---- what the desk asks for ---- */

/* Whether `command` was about memory. */
static int serve_memory(const uint32_t* command) {
  if (command[0] != SPEC_READ && command[0] != SPEC_WRITE) return 0;
  uint32_t size;
  uint8_t* memory = spec_memory(&size);
  uint32_t at = command[1], length = command[2];
  int inside = length <= size && at <= size - length;
  uint32_t words[2] = {SPEC_DATA, inside ? length : UINT32_MAX};
  if (command[0] == SPEC_WRITE) {
    uint8_t gone;
    if (inside) get(memory + at, length);
    else
      while (length--) get(&gone, 1);
    if (inside) words[1] = 0;
  }
  put_words(words, 2);
  if (inside && command[0] == SPEC_READ) put(memory + at, length);
  return 1;
}

uint64_t spec_import(uint32_t number, const uint64_t* args, int* failed) {
  const uint32_t words[2] = {SPEC_IMPORT, number};
  clock_stop();
  *failed = 0;
  put_words(words, 2);
  put(args, (spec_imports[number] & ~SPEC_POSTED) * sizeof *args);
  uint32_t command[4] = {0};
  if (!(spec_imports[number] & SPEC_POSTED)) {
    do get(command, sizeof command);
    while (serve_memory(command));
    if (command[0] != SPEC_ANSWER) spec_refuse("a call within a call");
    *failed = command[1] != 0;
  }
  clock_go();
  return command[2] | (uint64_t)command[3] << 32;
}

static void load(const uint32_t* command) {
  spec_import_count = command[1];
  if (spec_import_count > sizeof spec_imports) spec_refuse("too many imports");
  get(spec_imports, spec_import_count);
  for (uint32_t i = 0; i < spec_import_count; i++) {
    if ((spec_imports[i] & ~SPEC_POSTED) > SPEC_ARGUMENTS) spec_refuse("an import with too many arguments");
  }
  uint8_t* module = spec_room(command[2]);
  if (!module) spec_refuse("the module is too large for the board");
  get(module, command[2]);
  const uint32_t words[6] = {SPEC_RETURN, spec_load(module, command[2])};
  put_words(words, 6);
}

static void call(const uint32_t* command) {
  uint32_t result = 0;
  ticks = spec_frame_count = 0;
  clock_go();
  uint32_t trap = spec_call(command[1], command[2], &result);
  clock_stop();
  const uint32_t words[5] = {SPEC_RETURN, trap, result, (uint32_t)ticks, (uint32_t)(ticks >> 32)};
  put_words(words, 5);
  put_words(&spec_frame_count, 1);
  put_words(spec_frames, spec_frame_count);
}

__attribute__((noreturn, used)) static void serve(void) {
  input = open_file("/dev/stdin", OPEN_READ);
  output = open_file("/dev/stdout", OPEN_WRITE);
  for (;;) {
    uint32_t command[4];
    get(command, sizeof command);
    if (command[0] == SPEC_LOAD) load(command);
    else if (command[0] == SPEC_CALL) call(command);
    else if (!serve_memory(command)) spec_refuse("the desk asks for what there is not");
  }
}

/* ---- start, and faults ---- */

extern uint32_t data_start[], data_end[], data_image[], bss_start[], bss_end[], stack_top[];

__attribute__((noreturn)) void reset(void) {
  memcpy(data_start, data_image, (size_t)((uint8_t*)data_end - (uint8_t*)data_start));
  memset(bss_start, 0, (size_t)((uint8_t*)bss_end - (uint8_t*)bss_start));
  CPACR |= 0xf << 20;
  __asm volatile("dsb\n isb" ::: "memory");
  SYST_RVR = TICKS - 1;
  SYST_CVR = 0;
  SYST_CSR = 7;
  serve();
}

__attribute__((noreturn, used)) static void report(const uint32_t* stack) {
  /* The place where the processor was is the seventh word that it pushed; a stack that is used up has none. */
  int there = (const uint8_t*)stack >= stack_low && stack + 8 <= stack_top;
  const uint32_t words[3] = {SPEC_FAULT, there ? stack[6] : 0, (uint32_t)stack};
  filled = 0;
  put_words(words, 3);
  flush();
  leave();
}

__attribute__((naked)) static void fault(void) {
  __asm volatile("mov r0, sp\n ldr r1, =stack_top\n mov sp, r1\n b report");
}

typedef void (*handler)(void);

__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)stack_top, (handler)reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, turned,
};
