/* The core in wasm3, with every function compiled before the first step, so that no memory is taken after that. */
#include "wasm3.h"

#include "m3_env.h"

#include "trap.h"
#include "wasm3_traps.h"

/* Exports by number, as in src/export.rs, and step. */
#define STEP 9
#define EXPORTS 10

#define TRAP_MODULE 9
#define TRAP_ARENA 10

static const char* const NAMES[EXPORTS] = {
    "init", "alloc", "free", "describe", "launch", "set_state", "query", "event", "dispose", "step",
};

/* Parameters and result of each, i for 32 and I for 64 bits. */
static const char* const PARAMS[EXPORTS] = {"ii", "i", "i", "ii", "ii", "i", "iii", "iii", "", "Ii"};

int32_t g2g_import_open(uint32_t kind, uint32_t spec, uint32_t length);
int32_t g2g_import_submit(int32_t handle, uint32_t op, uint32_t ptr, uint32_t length, int64_t aux, uint32_t token);
void g2g_import_cancel(uint32_t token);
void g2g_import_close(int32_t handle);
void g2g_import_retain(int32_t handle);
void g2g_import_release(int32_t handle);
void g2g_import_post(uint32_t kind, uint32_t ptr, uint32_t length);
void g2g_import_random(uint32_t ptr, uint32_t length);
int64_t g2g_import_tick(void);

static IM3Runtime runtime;
static IM3Module module;
static IM3Function functions[EXPORTS];
static int32_t start_function;

/* What globals begin with. */
static u64* first_globals;

/* Why wasm3 refused a module; NULL when it did not. */
const char* g2g_wasm3_refusal;

int g2g_compare(const char* a, const char* b) {
  while (*a && *a == *b) a++, b++;
  return (uint8_t)*a - (uint8_t)*b;
}

uintptr_t g2g_stack_limit;

/* Bytes of linear memory. */
const uint32_t g2g_wasm3_size = G2G_SIZE;

/* wasm3 asks this at every call of a function; what is called nests on the stack of the processor too. */
M3Result m3_Yield(void) {
  return (uintptr_t)__builtin_frame_address(0) < g2g_stack_limit ? m3Err_trapStackOverflow : m3Err_none;
}

/* wasm3 calls this where it cannot go on, which a module that was checked does not bring about. */
void g2g_abort(void) {
  for (;;) __builtin_trap();
}

static m3ApiRawFunction(serve_open) {
  m3ApiReturnType(int32_t) m3ApiGetArg(uint32_t, kind) m3ApiGetArg(uint32_t, spec) m3ApiGetArg(uint32_t, length);
  m3ApiReturn(g2g_import_open(kind, spec, length));
}

static m3ApiRawFunction(serve_submit) {
  m3ApiReturnType(int32_t) m3ApiGetArg(int32_t, handle) m3ApiGetArg(uint32_t, op) m3ApiGetArg(uint32_t, ptr);
  m3ApiGetArg(uint32_t, length) m3ApiGetArg(int64_t, aux) m3ApiGetArg(uint32_t, token);
  m3ApiReturn(g2g_import_submit(handle, op, ptr, length, aux, token));
}

static m3ApiRawFunction(serve_cancel) {
  m3ApiGetArg(uint32_t, token);
  g2g_import_cancel(token);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_close) {
  m3ApiGetArg(int32_t, handle);
  g2g_import_close(handle);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_retain) {
  m3ApiGetArg(int32_t, handle);
  g2g_import_retain(handle);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_release) {
  m3ApiGetArg(int32_t, handle);
  g2g_import_release(handle);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_post) {
  m3ApiGetArg(uint32_t, kind) m3ApiGetArg(uint32_t, ptr) m3ApiGetArg(uint32_t, length);
  g2g_import_post(kind, ptr, length);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_random) {
  m3ApiGetArg(uint32_t, ptr) m3ApiGetArg(uint32_t, length);
  g2g_import_random(ptr, length);
  m3ApiSuccess();
}

static m3ApiRawFunction(serve_tick) {
  m3ApiReturnType(int64_t);
  m3ApiReturn(g2g_import_tick());
}

static const struct {
  const char* name;
  const char* signature;
  M3RawCall function;
} IMPORTS[] = {
    {"open", "i(iii)", serve_open},       {"submit", "i(iiiiIi)", serve_submit}, {"cancel", "v(i)", serve_cancel},
    {"close", "v(i)", serve_close},       {"retain", "v(i)", serve_retain},      {"release", "v(i)", serve_release},
    {"post", "v(iii)", serve_post},       {"random", "v(ii)", serve_random},     {"tick", "I()", serve_tick},
};

/* The number of a trap, or of why a module is refused. */
static uint32_t trap_of(M3Result result) {
  if (!result) return 0;
  uint32_t trap = g2g_wasm3_trap(result);
  if (trap) return trap;
  g2g_wasm3_refusal = result;
  return result == m3Err_mallocFailed ? TRAP_ARENA : TRAP_MODULE;
}

/* Whether a function has the parameters of its name; others are not called. */
static int fits(IM3Function f, const char* params) {
  uint32_t n = m3_GetArgCount(f);
  for (uint32_t i = 0; i < n; i++) {
    if (params[i] != (m3_GetArgType(f, i) == c_m3Type_i32 ? 'i' : m3_GetArgType(f, i) == c_m3Type_i64 ? 'I' : 0)) return 0;
  }
  return params[n] == 0 && m3_GetRetCount(f) <= 1;
}

static uint32_t fill_stack(void) {
  __builtin_memset(runtime->stack, 0xa5, runtime->numStackSlots * sizeof(m3slot_t));
  return 0;
}

static M3Result load(const uint8_t* bytes, uint32_t length) {
  IM3Environment environment = m3_NewEnvironment();
  if (!environment) return m3Err_mallocFailed;
  runtime = m3_NewRuntime(environment, G2G_VALUES * sizeof(m3slot_t), NULL);
  if (!runtime) return m3Err_mallocFailed;
  runtime->memoryLimit = G2G_SIZE;
  M3Result result = m3_ParseModule(environment, &module, bytes, length);
  if (result) return result;
  // All the memory that there is: what a module would grow by later counts as grown, since it can never be moved.
  u32 pages = d_m3MaxLinearMemoryPages;
  u32 most = module->memoryInfo.maxPages;
  if (most && most < pages) pages = most;
  if (module->memoryInfo.initPages && module->memoryInfo.initPages < pages) module->memoryInfo.initPages = pages;
  result = m3_LoadModule(runtime, module);
  if (result) return result;
  for (size_t i = 0; i < sizeof IMPORTS / sizeof IMPORTS[0]; i++) {
    result = m3_LinkRawFunction(module, "g2g", IMPORTS[i].name, IMPORTS[i].signature, IMPORTS[i].function);
    if (result && result != m3Err_functionLookupFailed) return result;
  }
  result = m3_CompileModule(module);
  if (result) return result;
  start_function = module->startFunction;
  first_globals = m3_Malloc(module->numGlobals * sizeof(u64) + 1);
  if (!first_globals) return m3Err_mallocFailed;
  for (u32 i = 0; i < module->numGlobals; i++) first_globals[i] = (u64)module->globals[i].intValue;
  // Found after compiling, since finding one runs the start function.
  result = m3_RunStart(module);
  if (result) return result;
  for (int i = 0; i < EXPORTS; i++) {
    functions[i] = NULL;
    IM3Function found = NULL;
    if (!m3_FindFunction(&found, runtime, NAMES[i]) && fits(found, PARAMS[i])) functions[i] = found;
  }
  return NULL;
}

/* 0, or why the module cannot be run. The bytes stay where they are. */
uint32_t g2g_wasm3_start(const uint8_t* bytes, uint32_t length) {
  g2g_arena_reset(G2G_SIZE + sizeof(M3MemoryHeader), sizeof(M3MemoryHeader));
  g2g_wasm3_refusal = NULL;
  runtime = NULL;
  M3Result result = load(bytes, length);
  if (!result) fill_stack();
  g2g_arena_seal();
  return trap_of(result);
}

/* The address that a segment goes to: `i32.const n`, as was checked. */
static uint32_t address_of(const M3DataSegment* segment) {
  const u8* at = segment->initExpr + 1;
  uint32_t address = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    address |= (uint32_t)(*at & 127) << shift;
    if (!(*at++ & 128)) break;
  }
  return address;
}

/*
 * Memory and globals as they were before the first call; compiled code stays. wasm3's own way would compile the addresses of
 * the data again, for which there is no memory any more.
 */
uint32_t g2g_wasm3_restart(void) {
  M3MemoryHeader* memory = runtime->memory.mallocated;
  u8* base = m3MemData(memory);
  __builtin_memset(base, 0, memory->length);
  for (u32 i = 0; i < module->numDataSegments; i++) {
    const M3DataSegment* segment = &module->dataSegments[i];
    __builtin_memcpy(base + address_of(segment), segment->data, segment->size);
  }
  for (u32 i = 0; i < module->numGlobals; i++) module->globals[i].intValue = (i64)first_globals[i];
  module->startFunction = start_function;
  return trap_of(m3_RunStart(module));
}

uint8_t* g2g_wasm3_memory(uint32_t* size) {
  return m3_GetMemory(runtime, size, 0);
}

static uint32_t call(int number, const void** args, void* to) {
  IM3Function f = functions[number];
  if (!f) return G2G_TRAP_MISSING;
  uint32_t trap = trap_of(m3_Call(f, m3_GetArgCount(f), args));
  if (trap || !m3_GetRetCount(f)) return trap;
  const void* results = to;
  return trap_of(m3_GetResults(f, 1, &results));
}

uint32_t g2g_wasm3_step(uint64_t now, uint32_t work, uint64_t* wait) {
  const void* args[] = {&now, &work};
  return call(STEP, args, wait);
}

uint32_t g2g_wasm3_call(uint32_t number, const uint32_t* args, uint32_t* result) {
  const void* pointers[] = {&args[0], &args[1], &args[2]};
  return number < STEP ? call((int)number, pointers, result) : G2G_TRAP_MISSING;
}

/* Bytes of the stack of values that were ever used. */
uint32_t g2g_wasm3_stack(void) {
  const uint32_t* slots = runtime->stack;
  uint32_t n = G2G_VALUES * sizeof(m3slot_t) / 4;
  while (n && slots[n - 1] == 0xa5a5a5a5u) n--;
  return n * 4;
}
