/*
 * The graph written in C for this purpose, without a framework: a ring of blocks between interrupt and program, the encoder, the
 * packets of RFC 3550 with times of 64 bits, and a sink that is told where the bytes of a packet lie.
 */
#include <stddef.h>
#include <stdint.h>

#include "graph.h"
#include "native.h"

#define BLOCKS 4
#define HEADER 12
#define SSRC 1
#define FIRST_SEQUENCE 1
#define FIRST_TIMESTAMP 1
#define PAYLOAD_TYPE 0

/* A block is the device's from `free` on, the program's from `filled` on. */
static struct {
  int16_t samples[SAMPLES];
  uint64_t time;
  uint32_t count;
  uint8_t lost;
} blocks[BLOCKS];

/* Blocks that were filled and taken; the interrupt writes the one, the program the other. */
static volatile uint32_t filled, taken;
static volatile uint32_t overruns;
static uint8_t gap;

typedef void (*sink_function)(const struct stretch* stretches, uint32_t count, uint64_t time);

static struct {
  sink_function take;
  uint64_t next;
  uint16_t sequence;
  uint8_t started;
} out;

int graph_begin(void) {
  out.take = sink_take;
  out.sequence = FIRST_SEQUENCE;
  return 1;
}

int16_t* graph_block(void) {
  if (filled - taken == BLOCKS) return NULL;
  return blocks[filled % BLOCKS].samples;
}

void graph_captured(uint64_t time) {
  if (filled - taken == BLOCKS) {
    overruns = overruns + 1;
    gap = 1;
    return;
  }
  uint32_t at = filled % BLOCKS;
  blocks[at].time = time;
  blocks[at].count = SAMPLES;
  blocks[at].lost = gap;
  gap = 0;
  __asm__ volatile("dmb" ::: "memory");
  filled = filled + 1;
}

static void put_word(uint8_t* p, uint32_t big_endian) {
  __builtin_memcpy(p, &big_endian, 4);
}

static void send(const int16_t* samples, uint32_t count, uint64_t time, int lost) {
  uint8_t header[HEADER] __attribute__((aligned(4)));
  uint8_t payload[SAMPLES] __attribute__((aligned(4)));
  native_mulaw(payload, samples, count);
  int marker = lost || !out.started || time != out.next;
  out.started = 1;
  out.next = time + (uint64_t)count * (1000000000 / RATE);
  uint32_t timestamp = FIRST_TIMESTAMP + (uint32_t)(time / (1000000000 / RATE));
  uint32_t sequence = __builtin_bswap16(out.sequence++);
  put_word(header, 0x80u | (marker ? 0x8000u : 0) | PAYLOAD_TYPE << 8 | sequence << 16);
  put_word(header + 4, __builtin_bswap32(timestamp));
  put_word(header + 8, __builtin_bswap32(SSRC));
  struct stretch stretches[2] = {{header, HEADER}, {payload, count}};
  out.take(stretches, 2, time);
}

int graph_run(uint64_t now) {
  (void)now;
  while (taken != filled) {
    __asm__ volatile("dmb" ::: "memory");
    uint32_t at = taken % BLOCKS;
    uint32_t count = blocks[at].count;
    if (count > SAMPLES) return 0;
    if (count) send(blocks[at].samples, count, blocks[at].time, blocks[at].lost);
    taken = taken + 1;
  }
  return 1;
}
