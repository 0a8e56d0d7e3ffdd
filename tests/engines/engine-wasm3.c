/* The core in wasm3, every function compiled before the first call. */
#include "engine.h"

#include <stdlib.h>

#include "wasm3.h"

/* Bytes of the stack of values. */
#define STACK (512 * 1024)

static const char* const NAMES[EXPORTS] = {
    [INIT] = "init",   [ALLOC] = "alloc", [FREE] = "free",   [LAUNCH] = "launch",   [SET_STATE] = "set_state",
    [STEP] = "step",   [QUERY] = "query", [EVENT] = "event", [DISPOSE] = "dispose",
};

static uint8_t* module_bytes;
static uint32_t module_size;
static IM3Environment environment;
static IM3Runtime runtime;
static IM3Function functions[EXPORTS];

m3ApiRawFunction(serve_open) {
  m3ApiReturnType(int32_t) m3ApiGetArg(uint32_t, kind) m3ApiGetArg(uint32_t, spec) m3ApiGetArg(uint32_t, length);
  m3ApiReturn(host_open(kind, spec, length));
}

m3ApiRawFunction(serve_submit) {
  m3ApiReturnType(int32_t) m3ApiGetArg(int32_t, handle) m3ApiGetArg(uint32_t, op) m3ApiGetArg(uint32_t, ptr);
  m3ApiGetArg(uint32_t, length) m3ApiGetArg(int64_t, aux) m3ApiGetArg(uint32_t, token);
  m3ApiReturn(host_submit(handle, op, ptr, length, aux, token));
}

m3ApiRawFunction(serve_cancel) {
  m3ApiGetArg(uint32_t, token);
  host_cancel(token);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_close) {
  m3ApiGetArg(int32_t, handle);
  host_close(handle);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_retain) {
  m3ApiGetArg(int32_t, handle);
  host_retain(handle);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_release) {
  m3ApiGetArg(int32_t, handle);
  host_release(handle);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_post) {
  m3ApiGetArg(uint32_t, kind) m3ApiGetArg(uint32_t, ptr) m3ApiGetArg(uint32_t, length);
  host_post(kind, ptr, length);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_random) {
  m3ApiGetArg(uint32_t, ptr) m3ApiGetArg(uint32_t, length);
  host_random(ptr, length);
  m3ApiSuccess();
}

m3ApiRawFunction(serve_tick) {
  m3ApiReturnType(int64_t);
  m3ApiReturn(host_tick());
}

static void need(const char* what, M3Result result) {
  if (result) die("wasm3: %s: %s", what, result);
}

/* Serves an import; one that the core does not have is none. */
static void serve(IM3Module module, const char* name, const char* signature, M3RawCall function) {
  M3Result result = m3_LinkRawFunction(module, "g2g", name, signature, function);
  if (result != m3Err_functionLookupFailed) need(name, result);
}

void engine_load(const char* path) {
  module_bytes = read_file(path, &module_size);
}

void engine_start(void) {
  IM3Module module;
  environment = m3_NewEnvironment();
  if (environment) runtime = m3_NewRuntime(environment, STACK, NULL);
  if (!environment || !runtime) die("no memory");
  need("parsing", m3_ParseModule(environment, &module, module_bytes, module_size));
  need("loading", m3_LoadModule(runtime, module));
  serve(module, "open", "i(iii)", serve_open);
  serve(module, "submit", "i(iiiiIi)", serve_submit);
  serve(module, "cancel", "v(i)", serve_cancel);
  serve(module, "close", "v(i)", serve_close);
  serve(module, "retain", "v(i)", serve_retain);
  serve(module, "release", "v(i)", serve_release);
  serve(module, "post", "v(iii)", serve_post);
  serve(module, "random", "v(ii)", serve_random);
  serve(module, "tick", "I()", serve_tick);
  need("compiling", m3_CompileModule(module));
  need("starting", m3_RunStart(module));
  for (int i = 0; i < EXPORTS; i++) need(NAMES[i], m3_FindFunction(&functions[i], runtime, NAMES[i]));
}

void engine_stop(void) {
  m3_FreeRuntime(runtime);
  m3_FreeEnvironment(environment);
}

uint8_t* engine_memory(uint32_t* size) {
  return m3_GetMemory(runtime, size, 0);
}

const char* engine_call(enum export function, const uint64_t* args, int count, uint64_t* result) {
  const void* pointers[8];
  for (int i = 0; i < count; i++) pointers[i] = &args[i];
  *result = 0;
  M3Result trap = m3_Call(functions[function], (uint32_t)count, pointers);
  if (trap) return trap;
  if (m3_GetRetCount(functions[function])) {
    const void* to = result;
    need(NAMES[function], m3_GetResults(functions[function], 1, &to));
  }
  return NULL;
}
