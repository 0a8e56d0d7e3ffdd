/*
 * What host.c and an engine know of each other: the engine runs the core, the host serves its imports. One instance at a
 * time.
 */
#ifndef ENGINE_H_
#define ENGINE_H_

#include <stdbool.h>
#include <stdint.h>

/* Exports of the core. */
enum export { INIT, ALLOC, FREE, LAUNCH, SET_STATE, STEP, QUERY, EVENT, DISPOSE, EXPORTS };

/* The engine. */

/* Takes the module in; ends the process when it cannot. */
void engine_load(const char* path);
/* Makes an instance; ends the process when it cannot. */
void engine_start(void);
/* Gives the instance back. */
void engine_stop(void);
/* The memory of the instance and its size, which change when the core grows it. */
uint8_t* engine_memory(uint32_t* size);
/*
 * Calls an export with its arguments, as they are on the stack of WebAssembly: u32 in the lower half.
 * Gives the result through `result`, 0 when there is none; answers why it trapped, or NULL.
 */
const char* engine_call(enum export function, const uint64_t* args, int count, uint64_t* result);

/* The host: module g2g of DESIGN.md. */

int32_t host_open(uint32_t kind, uint32_t spec, uint32_t length);
int32_t host_submit(int32_t handle, uint32_t op, uint32_t ptr, uint32_t length, int64_t aux, uint32_t token);
void host_cancel(uint32_t token);
void host_close(int32_t handle);
void host_retain(int32_t handle);
void host_release(int32_t handle);
void host_post(uint32_t kind, uint32_t ptr, uint32_t length);
void host_random(uint32_t ptr, uint32_t length);
int64_t host_tick(void);

/* Ends the process with a message on stderr. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char* format, ...);

/* A whole file; the caller frees it. */
uint8_t* read_file(const char* path, uint32_t* size);

#endif
