/* The core as C code that wasm2c made of it (core.c, core.h), and the runtime that the code needs. */
#include "core.h"
#include "engine.h"

#include <stdlib.h>

uint32_t wasm_rt_call_stack_depth;
jmp_buf wasm_rt_trapped;

static w2c_core core;

void wasm_rt_trap(wasm_rt_trap_t trap) {
  longjmp(wasm_rt_trapped, trap);
}

const char* wasm_rt_strerror(wasm_rt_trap_t trap) {
  switch (trap) {
    case WASM_RT_TRAP_NONE:
      return "no trap";
    case WASM_RT_TRAP_OOB:
      return "out of bounds";
    case WASM_RT_TRAP_INT_OVERFLOW:
      return "integer overflow";
    case WASM_RT_TRAP_DIV_BY_ZERO:
      return "division by zero";
    case WASM_RT_TRAP_INVALID_CONVERSION:
      return "a float that is no integer";
    case WASM_RT_TRAP_UNREACHABLE:
      return "unreachable";
    case WASM_RT_TRAP_CALL_INDIRECT:
      return "indirect call of another type";
    case WASM_RT_TRAP_EXHAUSTION:
      return "calls nested too deep";
  }
  return "unknown trap";
}

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size) {
  memory->data = calloc(pages, page_size);
  if (!memory->data) die("no memory");
  memory->pages = pages;
  memory->max_pages = max_pages;
  memory->page_size = page_size;
  memory->size = pages * page_size;
  memory->is64 = is64;
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t* memory, uint64_t delta) {
  uint64_t before = memory->pages;
  uint64_t pages = before + delta;
  if (pages > memory->max_pages) return UINT32_MAX;
  /* calloc leaves pages that are never touched to the system. */
  uint8_t* data = calloc(pages, memory->page_size);
  if (!data) return UINT32_MAX;
  memcpy(data, memory->data, memory->size);
  free(memory->data);
  memory->data = data;
  memory->pages = pages;
  memory->size = pages * memory->page_size;
  return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t* memory) {
  free(memory->data);
  memory->data = NULL;
}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t* table, uint32_t size, uint32_t max_size) {
  table->data = calloc(size ? size : 1, sizeof *table->data);
  if (!table->data) die("no memory");
  table->size = size;
  table->max_size = max_size;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* table) {
  free(table->data);
  table->data = NULL;
}

u32 w2c_g2g_open(struct w2c_g2g* host, u32 kind, u32 spec, u32 length) {
  (void)host;
  return (u32)host_open(kind, spec, length);
}

u32 w2c_g2g_submit(struct w2c_g2g* host, u32 handle, u32 op, u32 ptr, u32 length, u64 aux, u32 token) {
  (void)host;
  return (u32)host_submit((int32_t)handle, op, ptr, length, (int64_t)aux, token);
}

void w2c_g2g_cancel(struct w2c_g2g* host, u32 token) {
  (void)host;
  host_cancel(token);
}

void w2c_g2g_close(struct w2c_g2g* host, u32 handle) {
  (void)host;
  host_close((int32_t)handle);
}

void w2c_g2g_retain(struct w2c_g2g* host, u32 handle) {
  (void)host;
  host_retain((int32_t)handle);
}

void w2c_g2g_release(struct w2c_g2g* host, u32 handle) {
  (void)host;
  host_release((int32_t)handle);
}

void w2c_g2g_post(struct w2c_g2g* host, u32 kind, u32 ptr, u32 length) {
  (void)host;
  host_post(kind, ptr, length);
}

void w2c_g2g_random(struct w2c_g2g* host, u32 ptr, u32 length) {
  (void)host;
  host_random(ptr, length);
}

u64 w2c_g2g_tick(struct w2c_g2g* host) {
  (void)host;
  return (u64)host_tick();
}

/* The module is compiled in. */
void engine_load(const char* path) {
  (void)path;
}

void engine_start(void) {
  wasm_rt_call_stack_depth = 0;
  int trap = setjmp(wasm_rt_trapped);
  if (trap) die("the module cannot be instantiated: %s", wasm_rt_strerror(trap));
  wasm2c_core_instantiate(&core, NULL);
}

void engine_stop(void) {
  wasm2c_core_free(&core);
}

uint8_t* engine_memory(uint32_t* size) {
  *size = (uint32_t)core.w2c_memory.size;
  return core.w2c_memory.data;
}

const char* engine_call(enum export function, const uint64_t* a, int count, uint64_t* result) {
  (void)count;
  *result = 0;
  wasm_rt_call_stack_depth = 0;
  int trap = setjmp(wasm_rt_trapped);
  if (trap) return wasm_rt_strerror(trap);
  switch (function) {
    case INIT:
      *result = w2c_core_init(&core, (u32)a[0], (u32)a[1]);
      break;
    case ALLOC:
      *result = w2c_core_alloc(&core, (u32)a[0]);
      break;
    case FREE:
      w2c_core_free(&core, (u32)a[0]);
      break;
    case LAUNCH:
      *result = w2c_core_launch(&core, (u32)a[0], (u32)a[1]);
      break;
    case SET_STATE:
      *result = w2c_core_set_state(&core, (u32)a[0]);
      break;
    case STEP:
      *result = w2c_core_step(&core, a[0], (u32)a[1]);
      break;
    case QUERY:
      *result = w2c_core_query(&core, (u32)a[0], (u32)a[1], (u32)a[2]);
      break;
    case EVENT:
      *result = w2c_core_event(&core, (u32)a[0], (u32)a[1], (u32)a[2]);
      break;
    case DISPOSE:
      *result = w2c_core_dispose(&core);
      break;
    case EXPORTS:
      break;
  }
  return NULL;
}
