/* The element i2ssrc over a vendor's driver: the hardware fills blocks of the core, its interrupt hands them over. */
#include <stddef.h>

#include "drivers.h"
#include "i2s.h"

#define BLOCKS 16
#define BLOCK_TIME INT64_C(10000000)

static g2g_block free_blocks[BLOCKS], full_blocks[BLOCKS];
static g2g_queue free_queue = {0, 0, BLOCKS, free_blocks}, full_queue = {0, 0, BLOCKS, full_blocks};
static struct {
  uint32_t rate, bytes;
  int64_t wanted, given; /* frames; wanted less than 0 for no end */
  bool running;
  g2g_block now; /* what the hardware has; bytes NULL for nothing */
  volatile uint32_t heard, lost;
} self = {.wanted = -1};

/* The next block to the hardware. */
static void next(void) {
  if (!g2g_queue_take(&free_queue, &self.now)) self.now.bytes = NULL;
  i2s_receive((int16_t*)(void*)self.now.bytes);
}

/* The interrupt: the time of a block is over. */
void i2s_received(void) {
  self.now.time = self.heard++ * BLOCK_TIME;
  if (self.now.bytes == NULL || !g2g_queue_put(&full_queue, &self.now)) self.lost++;
  next();
  g2g_wake();
}

static int32_t property(void* s, g2g_text name, const g2g_value* value) {
  (void)s;
  if (g2g_is(name, "num-buffers")) self.wanted = value->as.number;
  return 0;
}

static int32_t configure(void* s, uint32_t pad, g2g_text caps) {
  (void)s, (void)pad;
  self.rate = (uint32_t)g2g_field_int(caps, "rate", 0);
  self.bytes = self.rate / 100 * 2;
  return self.bytes == 0 ? G2G_INVALID : (int32_t)self.bytes;
}

static int32_t credit(void* s, const g2g_credit* c) {
  (void)s;
  g2g_block block = {c->token, c->length, c->block, 0};
  if (c->length < self.bytes) return G2G_INVALID;
  if (!g2g_queue_put(&free_queue, &block)) return G2G_TOO_MANY;
  if (!self.running && self.given != self.wanted) {
    self.running = true;
    next();
    i2s_start(self.rate, self.bytes / 2);
  }
  return G2G_PENDING;
}

static void poll(void* s, int64_t now, g2g_out* out) {
  (void)s, (void)now;
  g2g_block block;
  while (self.given != self.wanted && g2g_queue_first(&full_queue, &block)) {
    uint32_t flags = block.time == self.given * BLOCK_TIME ? 0 : G2G_DISCONT;
    if (!g2g_data(out, block.token, self.bytes, block.time, BLOCK_TIME, flags)) return;
    g2g_queue_take(&full_queue, &block);
    self.given++;
  }
  if (self.given != self.wanted) return;
  /* The end: the blocks that are left go back unused. */
  i2s_stop();
  if (self.now.bytes != NULL && g2g_end(out, self.now.token)) self.now.bytes = NULL;
  while (g2g_queue_first(&full_queue, &block) && g2g_end(out, block.token)) g2g_queue_take(&full_queue, &block);
  while (g2g_queue_first(&free_queue, &block) && g2g_end(out, block.token)) g2g_queue_take(&free_queue, &block);
}

static void close(void* s) {
  (void)s;
  g2g_block block;
  i2s_stop();
  while (g2g_queue_take(&full_queue, &block) || g2g_queue_take(&free_queue, &block)) continue;
  self.running = false;
  self.now.bytes = NULL;
  self.heard = 0;
  self.given = 0;
  self.wanted = -1;
}

uint32_t i2ssrc_lost(void) { return self.lost; }

static const g2g_driver driver = {
    .factory = "i2ssrc",
    .property = property,
    .configure = configure,
    .credit = credit,
    .poll = poll,
    .close = close,
};
const g2g_element i2ssrc = {&driver, NULL, NULL};
