/* The graph as an image has it: the sealed core, made C or interpreted by wasm3, with a capture and a sink in C. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "boot.h"
#include "graph.h"

#define FRAME 17
#define CREDIT 18
#define DATA 2
#define PENDING 0x80000000u
#define BUDGET 1000
#define NONE (1ull << 63)
/* Credits that can be open at once. */
#define CREDITS 64

#ifdef G2G_INTERPRETED
static const uint8_t MODULE[] = {
#include "module.h"
};
uint32_t g2g_wasm3_start(const uint8_t* bytes, uint32_t length);
uint32_t g2g_wasm3_step(uint64_t now, uint32_t work, uint64_t* wait);
uint8_t* g2g_wasm3_memory(uint32_t* size);
static uint8_t* memory;
#define step g2g_wasm3_step
#else
uint32_t g2g_aot_start(void);
uint32_t g2g_aot_step(uint64_t now, uint32_t work, uint64_t* wait);
extern uint8_t G2G_MEMORY[];
#define memory G2G_MEMORY
#define step g2g_aot_step
#endif

/* A completion and the ring's header: see DESIGN.md. */
struct completion {
  uint32_t token;
  uint16_t kind, pad;
  uint32_t result, epoch, handle, flags;
  uint64_t pts, dts, duration, capture;
  uint32_t extra, length;
};
struct ring {
  uint32_t head, tail, slots, records;
};
struct frame {
  uint32_t pad, flags;
  uint64_t pts, dts, duration, capture, due;
  uint32_t size, handle, stretches, pairs, sequence, bytes;
  uint64_t running;
};

static struct {
  uint32_t token, ptr, length;
} credits[CREDITS] = BOOT_CREDITS;
static uint32_t opened = BOOT_COUNT, used;

int graph_begin(void) {
#ifdef G2G_INTERPRETED
  uint32_t size;
  if (g2g_wasm3_start(MODULE, sizeof MODULE)) return 0;
  memory = g2g_wasm3_memory(&size);
  return 1;
#else
  return g2g_aot_start() == 0;
#endif
}

int16_t* graph_block(void) {
  if (used == opened || credits[used % CREDITS].length != SAMPLES * 2) return NULL;
  return (int16_t*)(void*)(memory + credits[used % CREDITS].ptr);
}

void graph_captured(uint64_t time) {
  struct ring* ring = (void*)(memory + RING);
  if (used == opened || ring->tail - ring->head == ring->slots) return;
  struct completion* c = (void*)(memory + ring->records + ring->tail % ring->slots * sizeof(struct completion));
  c->token = credits[used % CREDITS].token;
  c->kind = DATA;
  c->pad = 0;
  c->result = credits[used % CREDITS].length;
  c->epoch = c->handle = c->flags = c->extra = c->length = 0;
  c->pts = c->capture = time;
  c->dts = c->duration = NONE;
  used++;
  ring->tail++;
}

int graph_run(uint64_t now) {
  uint64_t wait;
  return step(now, BUDGET, &wait) == 0;
}

static uint32_t take(const struct frame* frame) {
  struct stretch stretches[4];
  const uint32_t* pairs = (const void*)(memory + frame->pairs);
  if (frame->stretches > 4) return (uint32_t)-1;
  for (uint32_t i = 0; i < frame->stretches; i++) {
    stretches[i].bytes = memory + pairs[2 * i];
    stretches[i].length = pairs[2 * i + 1];
  }
  sink_take(stretches, frame->stretches, frame->pts);
  return 0;
}

uint32_t g2g_import_submit(uint32_t handle, uint32_t op, uint32_t ptr, uint32_t length, uint64_t aux, uint32_t token) {
  (void)handle, (void)aux;
  if (op == FRAME) return take((const void*)(memory + ptr));
  if (op != CREDIT || opened - used == CREDITS) return 0;
  credits[opened % CREDITS].token = token;
  credits[opened % CREDITS].ptr = ptr;
  credits[opened % CREDITS].length = length;
  opened++;
  return PENDING;
}

uint32_t g2g_import_open(uint32_t kind, uint32_t spec, uint32_t length) {
  (void)kind, (void)spec, (void)length;
  return (uint32_t)-1;
}
void g2g_import_cancel(uint32_t token) {
  (void)token;
}
void g2g_import_close(uint32_t handle) {
  (void)handle;
}
void g2g_import_retain(uint32_t handle) {
  (void)handle;
}
void g2g_import_release(uint32_t handle) {
  (void)handle;
}
void g2g_import_post(uint32_t kind, uint32_t ptr, uint32_t length) {
  (void)kind, (void)ptr, (void)length;
}
void g2g_import_random(uint32_t ptr, uint32_t length) {
  memset(memory + ptr, 0, length);
}
uint64_t g2g_import_tick(void) {
  return 0;
}
