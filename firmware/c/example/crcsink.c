/* The element crcsink: another task reads the frames where they lie, as a network stack would, and says when it is
 * done. */
#include <stddef.h>

#include "drivers.h"

#define FRAMES 4

static g2g_frame frames[FRAMES];
static g2g_block todo_blocks[FRAMES], done_blocks[FRAMES];
static g2g_queue todo = {0, 0, FRAMES, todo_blocks}, done = {0, 0, FRAMES, done_blocks};
static uint32_t taken, ended;
static int64_t error_after = -1;
TaskHandle_t crcsink_task;
static crcsink_sum sum = {0, 0, 0xffffffff};

static int32_t property(void* s, g2g_text name, const g2g_value* value) {
  (void)s;
  /* Told again when the element is opened again, after it has failed. */
  if (g2g_is(name, "error-after") && sum.frames == 0) error_after = value->as.number;
  return 0;
}

static int32_t frame(void* s, const g2g_frame* f, uint32_t token) {
  (void)s;
  if (taken - ended == FRAMES) return G2G_BUSY;
  g2g_frame* kept = &frames[taken++ % FRAMES];
  *kept = *f;
  g2g_block block = {token, f->size, (uint8_t*)kept, 0};
  g2g_queue_put(&todo, &block);
  xTaskNotifyGive(crcsink_task);
  return G2G_PENDING;
}

static void poll(void* s, int64_t now, g2g_out* out) {
  (void)s, (void)now;
  g2g_block block;
  while (g2g_queue_first(&done, &block) && g2g_result(out, block.token, (int32_t)block.time)) {
    g2g_queue_take(&done, &block);
    ended++;
  }
}

/* Frames may be pending. The worker, which is the side that takes, is kept away while they are taken from it; the
 * frame that it is at is waited for. */
static void close(void* s) {
  (void)s;
  g2g_block block;
  vTaskSuspendAll();
  while (g2g_queue_take(&todo, &block)) ended++;
  xTaskResumeAll();
  while (ended != taken) {
    if (g2g_queue_take(&done, &block)) ended++;
    else vTaskDelay(1);
  }
}

static uint32_t crc32(uint32_t crc, const uint8_t* bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
  }
  return crc;
}

/* Reads a frame; what its operation comes to. */
static int32_t take(const g2g_frame* f) {
  const uint8_t* bytes;
  uint32_t length;
  if (sum.frames == error_after) {
    error_after = -1;
    return G2G_IO;
  }
  for (uint32_t i = 0; (bytes = g2g_stretch(f, i, &length)) != NULL; i++) sum.crc = crc32(sum.crc, bytes, length);
  sum.frames++;
  sum.bytes += f->size;
  return 0;
}

void crcsink_work(void* unused) {
  (void)unused;
  g2g_block block;
  for (;;) {
    while (g2g_queue_take(&todo, &block)) {
      block.time = take((const g2g_frame*)(const void*)block.bytes);
      g2g_queue_put(&done, &block);
      g2g_wake();
    }
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
  }
}

crcsink_sum crcsink_read(void) {
  crcsink_sum now = sum;
  now.crc = ~now.crc;
  return now;
}

static const g2g_driver driver = {
    .factory = "crcsink",
    .property = property,
    .frame = frame,
    .poll = poll,
    .close = close,
};
const g2g_element crcsink = {&driver, NULL, NULL};
