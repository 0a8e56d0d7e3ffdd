/*
 * Pieces lie one behind the other, each behind its length. The last one grows and goes away; the place of another that is
 * given back is lost until the arena is reset, which costs little since wasm3 keeps nearly all that it takes.
 */
#include "arena.h"

#include "interpreter.h"

#define ALIGN 8

/* What wasm3 has: linear memory, code, the stack of values, what it knows of the module. */
static uint8_t G2G_ARENA[G2G_ARENA_BYTES] __attribute__((aligned(32)));

size_t g2g_arena_used;
uint32_t g2g_arena_late;

static size_t top;
static size_t last;
static size_t linear_bytes;
static size_t header_bytes;
static int sealed;

void* g2g_arena_scratch(size_t bytes) {
  if (bytes > G2G_ARENA_BYTES) return NULL;
  __builtin_memset(G2G_ARENA, 0, bytes);
  return G2G_ARENA;
}

void g2g_arena_reset(size_t linear, size_t header) {
  top = last = g2g_arena_used = 0;
  g2g_arena_late = 0;
  linear_bytes = linear;
  header_bytes = header;
  sealed = 0;
}

void g2g_arena_seal(void) {
  sealed = 1;
}

static size_t* length_of(void* piece) {
  return (size_t*)((uint8_t*)piece - ALIGN);
}

/* Place for `size` bytes that begin at `at`; 0 when there is none. */
static int take(size_t at, size_t size) {
  if (sealed) g2g_arena_late++;
  if (sealed || at > G2G_ARENA_BYTES || size > G2G_ARENA_BYTES - at) return 0;
  top = (at + size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  if (top > g2g_arena_used) g2g_arena_used = top;
  return 1;
}

void* g2g_arena_realloc(void* piece, size_t size) {
  if (piece && (uint8_t*)piece - G2G_ARENA == (ptrdiff_t)last) {
    if (!take(last, size)) return NULL;
    *length_of(piece) = size;
    return piece;
  }
  size_t at = top + ALIGN;
  if (linear_bytes && size == linear_bytes) {
    at = ((at + header_bytes + 31) & ~(size_t)31) - header_bytes;
    linear_bytes = 0;
  }
  if (!take(at, size)) return NULL;
  last = at;
  uint8_t* made = G2G_ARENA + at;
  if (piece) {
    size_t old = *length_of(piece);
    __builtin_memcpy(made, piece, old < size ? old : size);
  }
  *length_of(made) = size;
  return made;
}

void* g2g_arena_calloc(size_t count, size_t size) {
  if (size && count > G2G_ARENA_BYTES / size) return NULL;
  void* piece = g2g_arena_realloc(NULL, count * size);
  if (piece) __builtin_memset(piece, 0, count * size);
  return piece;
}

void g2g_arena_free(void* piece) {
  if (!piece || (uint8_t*)piece - G2G_ARENA != (ptrdiff_t)last) return;
  top = last - ALIGN;
  last = 0;
}
