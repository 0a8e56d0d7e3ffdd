/* What the benches have of QEMU's mps2-an386: words on its console, and counts of instructions and of stack. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

/* Text on the console of the emulator. */
void print(const char* text);
void print_number(uint32_t n);

/* Ends the emulator; `good` is 0 when something is wrong. */
_Noreturn void end(int good);

/* Counts instructions from here; `counted` gives how many, at most 10 million. */
void count_from_here(void);
uint32_t counted(void);

/* What lies between the two is not counted. */
void pause_counting(void);
void go_on_counting(void);

/* Marks the stack below the caller; `stack_used` gives the bytes of it that were used since, at most 32 KiB. */
void paint_stack(void);
uint32_t stack_used(void);

int main(void);

#endif
