/* Counts the instructions of the kernels of kernels.ts and of the same in C, under QEMU's -icount. Prints a line for each. */
#include <stdint.h>
#include <string.h>

#include "machine.h"
#include "native.h"

uint32_t g2g_aot_start(void);
uint32_t g2g_aot_step(uint64_t now, uint32_t work, uint64_t* wait);
extern uint8_t G2G_MEMORY[];

#define FOUND 0x3800
#define IN 0x4000
#define OUT 0x8000

static uint8_t out[16384] __attribute__((aligned(8)));
static uint32_t found[128];

/* ---- the kernels ---- */

struct kernel {
  const char* name;
  uint32_t n;
  int32_t (*native)(uint32_t n);
  const void* result;
  uint32_t at, length;
};

static int32_t run_mulaw(uint32_t n) {
  native_mulaw(out, (const int16_t*)(G2G_MEMORY + IN), n);
  return 0;
}
static int32_t run_headers(uint32_t n) {
  native_headers(out, n);
  return 12;
}
static int32_t run_biquad(uint32_t n) {
  return native_biquad((int16_t*)out, (const int16_t*)(G2G_MEMORY + IN), n);
}
static int32_t run_scan(uint32_t n) {
  return native_scan(found, G2G_MEMORY + IN, n);
}

static const struct kernel KERNELS[] = {
    {"mulaw", 4096, run_mulaw, out, OUT, 4096},
    {"rtp", 64, run_headers, out, OUT, 63 * 172 + 12},
    {"biquad", 4096, run_biquad, out, OUT, 8192},
    {"scan", 16384, run_scan, found, FOUND, 0},
};

static void fill(void) {
  uint32_t x = 12345;
  for (uint32_t i = 0; i < 16384; i++) {
    x = x * 1664525 + 1013904223;
    G2G_MEMORY[IN + i] = (uint8_t)(x >> 24);
  }
  /* As many start codes as a small picture has slices. */
  for (uint32_t i = 700; i < 16000; i += 1500) memcpy(G2G_MEMORY + IN + i, "\0\0\1\x65\x88", 5);
}

int main(void) {
  for (int k = 0; k < 4; k++) {
    const struct kernel* kernel = &KERNELS[k];
    uint64_t made = 0;
    if (g2g_aot_start()) end(0);
    fill();
    memset(out, 0, sizeof out);
    count_from_here();
    uint32_t trap = g2g_aot_step((uint64_t)k, kernel->n, &made);
    uint32_t core = counted();
    count_from_here();
    int32_t result = kernel->native(kernel->n);
    uint32_t native = counted();
    uint32_t length = kernel->length ? kernel->length : (uint32_t)result * 8;
    if (trap || (int32_t)made != result || memcmp(kernel->result, G2G_MEMORY + kernel->at, length)) {
      print(kernel->name);
      print(": the results differ\n");
      end(0);
    }
    print(kernel->name);
    print(" ");
    print_number(core);
    print(" ");
    print_number(native);
    print("\n");
  }
  end(1);
}
