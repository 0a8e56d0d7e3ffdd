/* The module as C, by way of firmware/engine/c/aot.c, with the frames of what trapped. */
#include <unwind.h>

#include "board.h"
#include "entry.h"
#include "trap.h"

/* Bytes of the stack that are left for the functions that do not look at it, and for the imports. */
#define RESERVE 16384

uint32_t g2g_aot_start(void);
uint32_t g2g_aot_call(uint32_t function, const uint32_t* args, uint32_t* result);

/* Bytes of linear memory at present. */
extern uint32_t g2g_core_size;

static _Unwind_Reason_Code note(struct _Unwind_Context* context, void* unused) {
  (void)unused;
  if (spec_frame_count == SPEC_FRAMES) return _URC_END_OF_STACK;
  spec_frames[spec_frame_count++] = _Unwind_GetIP(context);
  return _URC_NO_REASON;
}

/* Every trap comes by here (-Wl,--wrap), while the frames still stand. */
__attribute__((noreturn)) void __real_g2g_trap(uint32_t trap);

__attribute__((noreturn)) void __wrap_g2g_trap(uint32_t trap) {
  _Unwind_Backtrace(note, NULL);
  __real_g2g_trap(trap);
}

__attribute__((noreturn)) void __wrap_g2g_trap_memory(void) {
  __wrap_g2g_trap(G2G_TRAP_MEMORY);
}

/* The import of the module with this number; imports.c, which is made for each module, has a function for each. */
uint64_t spec_ask(uint32_t number, const uint64_t* args) {
  int failed;
  uint64_t result = spec_import(number, args, &failed);
  if (failed) __wrap_g2g_trap(SPEC_TRAP_DESK);
  return result;
}

/* The module is compiled in. */
uint8_t* spec_room(uint32_t length) {
  static uint8_t none;
  return length ? NULL : &none;
}

uint32_t spec_load(const uint8_t* module, uint32_t length) {
  (void)module, (void)length;
  g2g_stack_limit = (uintptr_t)stack_low + RESERVE;
  return g2g_aot_start();
}

uint32_t spec_call(uint32_t function, uint32_t argument, uint32_t* result) {
  return g2g_aot_call(function, &argument, result);
}

uint8_t* spec_memory(uint32_t* size) {
  *size = g2g_core_size;
  return G2G_MEMORY;
}
