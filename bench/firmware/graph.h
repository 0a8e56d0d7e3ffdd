/*
 * A graph that is measured: sound is captured in blocks of 80 samples at 8000 a second, encoded by mu-law, and given to a sink as
 * RTP packets. graph.c has the producer and the sink; graph-core.c and graph-native.c have a graph each.
 */
#ifndef GRAPH_H
#define GRAPH_H

#include <stdint.h>

#define SAMPLES 80
#define RATE 8000
#define FRAME_NS (1000000000ull / RATE * SAMPLES)

/* Before the first block; 0 when something is wrong. */
int graph_begin(void);

/* Where the device writes the next block of samples; NULL when the graph has no room for one. */
int16_t* graph_block(void);

/* What the device's interrupt does when the block is full: `time` is that of its first sample, ns. */
void graph_captured(uint64_t time);

/* What the program does after that; 0 when something is wrong. `now` is the time, ns. */
int graph_run(uint64_t now);

/* Bytes that a packet is made of. */
struct stretch {
  const uint8_t* bytes;
  uint32_t length;
};

/* The sink of all graphs: takes a packet and is done with it when it returns. */
void sink_take(const struct stretch* stretches, uint32_t count, uint64_t time);

#endif
