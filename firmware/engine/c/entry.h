/* What the C of a core has for the engine, whichever core it is. */
#ifndef G2G_ENTRY_H
#define G2G_ENTRY_H

#include <stdint.h>

/* Exports that are called with numbers of 32 bits, as bits of g2g_core_exports and in src/lib.rs. */
enum {
  G2G_INIT,
  G2G_ALLOC,
  G2G_FREE,
  G2G_DESCRIBE,
  G2G_LAUNCH,
  G2G_SET_STATE,
  G2G_QUERY,
  G2G_EVENT,
  G2G_DISPOSE,
};

/* Linear memory, and its bytes. */
extern uint8_t G2G_MEMORY[];
extern const uint32_t g2g_core_memory;

/* Bytes of the memory and of the slack behind it. */
extern const uint32_t g2g_core_room;

/*
 * The start of the memory: how many zeros, how many bytes, these bytes, and so on, the numbers as LEB128; no bytes are the end.
 * What the memory holds behind that is 0.
 */
extern const uint8_t g2g_core_data[];

/* Whether accesses are checked. */
extern const uint32_t g2g_core_checked;
extern const uint32_t g2g_core_exports;

/* Globals to their first values, and the module's start function. */
void g2g_core_start(void);
uint64_t g2g_core_step(uint64_t now, uint32_t work);
uint32_t g2g_core_call(uint32_t function, const uint32_t* args);

#endif
