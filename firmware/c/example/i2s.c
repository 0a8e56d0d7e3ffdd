#include "i2s.h"

#include <stddef.h>

#include "board.h"

static volatile int16_t* volatile buffer;
static uint32_t block, heard;

void i2s_start(uint32_t rate, uint32_t samples) {
  block = samples;
  heard = 0;
  board_timer(BOARD_CLOCK / rate * samples);
}

void i2s_stop(void) { board_timer(0); }

void i2s_receive(int16_t* to) { buffer = to; }

/* The time of a buffer is over. */
void TIMER0_Handler(void) {
  volatile int16_t* to = buffer;
  board_timer_clear();
  buffer = NULL;
  for (uint32_t i = 0; to != NULL && i < block; i++) to[i] = i2s_sample(heard + i);
  heard += block;
  i2s_received();
}
