/*
 * How wasm3 is built here; stands in front of each of its sources. What each setting costs was measured on a Cortex-M4.
 */
#ifndef G2G_INTERPRETER_CONFIG_H
#define G2G_INTERPRETER_CONFIG_H

#include <stdlib.h>

#include "arena.h"
#include "interpreter.h"

/* Texts of errors with their places in its sources would be 6 KB. */
#define d_m3VerboseErrorMessages 0
/* The end of each page of code is lost, so they are small. */
#define d_m3CodePageAlignSize 1024
/* Slots that one function may use: three bytes of RAM each while it compiles. */
#define d_m3MaxFunctionStackHeight 500
#define d_m3MaxLinearMemoryPages (G2G_SIZE / 65536 + (G2G_SIZE % 65536 != 0))

#define calloc g2g_arena_calloc
#define realloc g2g_arena_realloc
#define free g2g_arena_free
#define strcmp g2g_compare
#define abort g2g_abort

int g2g_compare(const char* a, const char* b);
__attribute__((noreturn)) void g2g_abort(void);

#endif
