/*
 * A driver as vendors write them, of a serial sound input that fills memory by itself. The input is made up, and so is
 * what it hears: a timer of the board stands for its clock, and every sample can be told from its number.
 */
#ifndef I2S_H
#define I2S_H

#include <stdint.h>

/* Begins to hear, `samples` of 16 bits for each buffer. */
void i2s_start(uint32_t rate, uint32_t samples);
void i2s_stop(void);

/* Says which buffer is filled next, before the one that is filled is full; with NULL, samples are lost. */
void i2s_receive(int16_t* to);

/* Called from the interrupt when a buffer is full; the program has it. */
void i2s_received(void);

/* The sample of a number. */
static inline int16_t i2s_sample(uint32_t number) { return (int16_t)(number * 2654435761u >> 16); }

#endif
