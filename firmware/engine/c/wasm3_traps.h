/* The traps of wasm3, which tells them by the address of a text, by number; what includes it has included wasm3.h. */
#ifndef G2G_WASM3_TRAPS_H
#define G2G_WASM3_TRAPS_H

#include "trap.h"

/* The number of a trap; 0 for what is none. */
static inline uint32_t g2g_wasm3_trap(M3Result result) {
  if (result == m3Err_trapOutOfBoundsMemoryAccess) return G2G_TRAP_MEMORY;
  if (result == m3Err_trapUnreachable) return G2G_TRAP_UNREACHABLE;
  if (result == m3Err_trapDivisionByZero) return G2G_TRAP_DIVIDE;
  if (result == m3Err_trapIntegerOverflow) return G2G_TRAP_OVERFLOW;
  if (result == m3Err_trapIntegerConversion) return G2G_TRAP_CONVERSION;
  if (result == m3Err_trapTableIndexOutOfRange) return G2G_TRAP_INDIRECT;
  if (result == m3Err_trapTableElementIsNull) return G2G_TRAP_INDIRECT;
  if (result == m3Err_trapIndirectCallTypeMismatch) return G2G_TRAP_INDIRECT;
  if (result == m3Err_trapStackOverflow) return G2G_TRAP_STACK;
  return 0;
}

#endif
