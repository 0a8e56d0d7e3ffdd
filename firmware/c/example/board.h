/* What the example needs of the board mps2-an386. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define BOARD_CLOCK 25000000u

void board_init(void);

/* Writes to the console. */
void board_write(const char* text, uint32_t length);
void board_text(const char* text);
void board_number(uint32_t value);
void board_hex(uint32_t value);

/* A timer whose interrupt, TIMER0_Handler, comes each `period` cycles; 0 stops it. */
void board_timer(uint32_t period);
/* In the handler: it has been seen. */
void board_timer_clear(void);

/* Ends the emulator. */
void board_exit(int code) __attribute__((noreturn));
/* Says what is wrong, and ends the emulator with 1. */
void board_fail(const char* what, int line) __attribute__((noreturn));

#endif
