/* What ends an instance, in C; the same numbers stand in src/trap.rs. */
#ifndef G2G_TRAP_H
#define G2G_TRAP_H

#include <stddef.h>
#include <stdint.h>

#define G2G_TRAP_MEMORY 1
#define G2G_TRAP_UNREACHABLE 2
#define G2G_TRAP_DIVIDE 3
#define G2G_TRAP_OVERFLOW 4
#define G2G_TRAP_CONVERSION 5
#define G2G_TRAP_INDIRECT 6
#define G2G_TRAP_STACK 7
#define G2G_TRAP_MISSING 8

__attribute__((noreturn, cold)) void g2g_trap(uint32_t trap);
__attribute__((noreturn, cold)) void g2g_trap_memory(void);

/* Below this address no function that may call itself goes. */
extern uintptr_t g2g_stack_limit;

#endif
