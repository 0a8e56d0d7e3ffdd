/* Counts the instructions that a graph takes for a frame, under QEMU's -icount. Prints a line of numbers. */
#include "graph.h"

#include "machine.h"

#define FRAMES 50

static uint32_t packets, bytes, hash = 0x811c9dc5;

static void add(uint32_t byte) {
  hash = (hash ^ (byte & 255)) * 0x01000193;
}

void sink_take(const struct stretch* stretches, uint32_t count, uint64_t time) {
  pause_counting();
  packets++;
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t k = 0; k < stretches[i].length; k++) add(stretches[i].bytes[k]);
    bytes += stretches[i].length;
  }
  for (int k = 0; k < 64; k += 8) add((uint32_t)(time >> k));
  go_on_counting();
}

static void number(const char* name, uint32_t n) {
  print(name);
  print(" ");
  print_number(n);
  print("\n");
}

int main(void) {
  uint32_t random = 12345, most = 0, least = ~0u, sum = 0, first = 0;
  if (!graph_begin()) end(0);
  paint_stack();
  for (int i = 0; i < FRAMES; i++) {
    uint64_t now = (uint64_t)(i + 1) * FRAME_NS;
    int16_t* block = graph_block();
    if (!block) end(0);
    for (int k = 0; k < SAMPLES; k++) {
      random = random * 1664525 + 1013904223;
      block[k] = (int16_t)(random >> 16);
    }
    count_from_here();
    graph_captured(now - FRAME_NS);
    int good = graph_run(now);
    uint32_t n = counted();
    if (!good) end(0);
    // What happens once, at the start of the stream, is told apart.
    if (!i) {
      first = n;
      continue;
    }
    sum += n;
    if (n > most) most = n;
    if (n < least) least = n;
  }
  number("stack", stack_used());
  number("first", first);
  number("sum", sum);
  number("frames", FRAMES - 1);
  number("least", least);
  number("most", most);
  number("packets", packets);
  number("bytes", bytes);
  number("hash", hash);
  end(1);
}
