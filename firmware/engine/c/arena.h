/* The memory that wasm3 lives in: one array, of which nothing is taken once the module is started. */
#ifndef G2G_ARENA_H
#define G2G_ARENA_H

#include <stddef.h>
#include <stdint.h>

/* Memory for what is done before the arena is used: zeros, 8-aligned; NULL when there is not so much. */
void* g2g_arena_scratch(size_t bytes);

/* Takes all back. `linear` bytes will be asked for once, `header` of them in front of what is to be aligned to a cache line. */
void g2g_arena_reset(size_t linear, size_t header);
/* From now on nothing is given any more. */
void g2g_arena_seal(void);

/* Bytes that were in use at most, and how often something was asked for since the arena was sealed. */
extern size_t g2g_arena_used;
extern uint32_t g2g_arena_late;

/* In wasm3's sources these stand for calloc, realloc and free. */
void* g2g_arena_calloc(size_t count, size_t size);
void* g2g_arena_realloc(void* piece, size_t size);
void g2g_arena_free(void* piece);

#endif
