/*
 * The module in wasm3, configured as in firmware but for what a spec wants besides: memory that grows, and the frames of what
 * trapped.
 */
#include "wasm3.h"

#include "m3_env.h"

#include "board.h"
#include "trap.h"
#include "wasm3_traps.h"

/* Bytes of the stack of values. */
#define VALUES (256 * 1024)
/* Bytes of the processor's stack that are left for the functions of wasm3 that do not look at it, and for the imports. */
#define RESERVE 16384
/* All of linear memory, then all else that wasm3 takes. */
#define ROOM (3 * 1024 * 1024)
#define ALIGN 8

static uint8_t memory[G2G_SIZE + 4096] __attribute__((aligned(32), section(".bss.large")));
static uint8_t arena[ROOM] __attribute__((aligned(32), section(".bss.large")));

static size_t used;
/* Bytes that linear memory is asked for first, or 0. */
static size_t linear;

static IM3Runtime runtime;
static IM3Function functions[2];
static const char* const NAMES[2] = {"_start", "__call"};

int g2g_compare(const char* a, const char* b) {
  while (*a && *a == *b) a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

void g2g_abort(void) {
  spec_refuse("wasm3 cannot go on");
}

/* Pieces lie one behind the other, each behind its length; the last one grows and goes away. */
static uint8_t* last;

static size_t* length_of(void* piece) {
  return (size_t*)((uint8_t*)piece - ALIGN);
}

static void* take(size_t at, size_t size) {
  at = (at + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  if (at > ROOM || size > ROOM - at) return NULL;
  used = at + size;
  last = arena + at;
  *length_of(last) = size;
  return last;
}

void* g2g_arena_calloc(size_t count, size_t size) {
  if (size && count > ROOM / size) return NULL;
  void* made = take(used + ALIGN, count * size);
  if (made) __builtin_memset(made, 0, count * size);
  return made;
}

void* g2g_arena_realloc(void* piece, size_t size) {
  if (piece == memory || (linear && size == linear)) {
    linear = 0;
    return size <= sizeof memory ? memory : NULL;
  }
  if (piece && piece == last) return take((size_t)(last - arena), size);
  void* made = take(used + ALIGN, size);
  if (!made || !piece) return made;
  size_t old = *length_of(piece);
  __builtin_memcpy(made, piece, old < size ? old : size);
  return made;
}

void g2g_arena_free(void* piece) {
  if (!piece || piece != last) return;
  used = (size_t)(last - arena) - ALIGN;
  last = NULL;
}

/* wasm3 asks this at every call of a function; what is called nests on the stack of the processor too. */
M3Result m3_Yield(void) {
  return (uint8_t*)__builtin_frame_address(0) < stack_low + RESERVE ? m3Err_trapStackOverflow : m3Err_none;
}

static const char failed_at_desk[] = "the import failed";

static m3ApiRawFunction(serve) {
  uint32_t number = (uint32_t)(uintptr_t)_ctx->userdata;
  int returns = m3_GetRetCount(_ctx->function) != 0;
  int failed;
  uint64_t result = spec_import(number, _sp + returns, &failed);
  if (failed) m3ApiTrap(failed_at_desk);
  if (returns) *_sp = result;
  m3ApiSuccess();
}

static uint32_t trap_of(M3Result result) {
  if (!result) return 0;
  if (result == failed_at_desk) return SPEC_TRAP_DESK;
  uint32_t trap = g2g_wasm3_trap(result);
  if (trap) return trap;
  spec_refuse(result);
}

uint8_t* spec_room(uint32_t length) {
  return take(used + ALIGN, length);
}

static void need(M3Result result) {
  if (result) spec_refuse(result);
}

uint32_t spec_load(const uint8_t* bytes, uint32_t length) {
  IM3Module module;
  IM3Environment environment = m3_NewEnvironment();
  runtime = environment ? m3_NewRuntime(environment, VALUES, NULL) : NULL;
  if (!runtime) spec_refuse("no memory for wasm3");
  need(m3_ParseModule(environment, &module, bytes, length));
  linear = (size_t)module->memoryInfo.initPages * d_m3MemPageSize + sizeof(M3MemoryHeader);
  need(m3_LoadModule(runtime, module));
  if (module->numFuncImports != spec_import_count) spec_refuse("the desk knows other imports");
  for (uint32_t i = 0; i < spec_import_count; i++) {
    const M3ImportInfo* import = &module->functions[i].import;
    const void* number = (const void*)(uintptr_t)i;
    need(m3_LinkRawFunctionEx(module, import->moduleUtf8, import->fieldUtf8, NULL, serve, number));
  }
  need(m3_CompileModule(module));
  for (int i = 0; i < 2; i++) need(m3_FindFunction(&functions[i], runtime, NAMES[i]));
  return 0;
}

uint32_t spec_call(uint32_t function, uint32_t argument, uint32_t* result) {
  if (function > 1) return G2G_TRAP_MISSING;
  const void* args[] = {&argument};
  M3Result trap = m3_Call(functions[function], function, args);
  *result = 0;
  if (trap) {
    IM3BacktraceInfo trace = m3_GetBacktrace(runtime);
    IM3BacktraceFrame frame = trace ? trace->frames : NULL;
    for (; frame && spec_frame_count < SPEC_FRAMES; frame = frame->next) {
      spec_frames[spec_frame_count++] = (uint32_t)(frame->function - frame->function->module->functions);
    }
  }
  return trap_of(trap);
}

uint8_t* spec_memory(uint32_t* size) {
  return m3_GetMemory(runtime, size, 0);
}
