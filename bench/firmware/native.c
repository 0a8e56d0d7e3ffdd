#include "native.h"

#include <string.h>

/* ---- mu-law, by the segment's number as the processor counts zeros, four samples a word ---- */

/* What a code is without its sign and its inversion, and 16 too much. */
static inline uint32_t step(int32_t s) {
  int32_t sign = s >> 31;
  int32_t magnitude = (s ^ sign) - sign;
  if (magnitude > 32635) magnitude = 32635;
  uint32_t v = (uint32_t)(magnitude + 132) >> 3;
  uint32_t segment = 27 - (uint32_t)__builtin_clz(v);
  return (segment << 4) + (v >> segment);
}

void native_mulaw(uint8_t* restrict to, const int16_t* restrict from, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    int32_t a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
    uint32_t codes = step(a) + (step(b) << 8) + (step(c) << 16) + (step(d) << 24);
    uint32_t signs = ((uint32_t)a >> 8 & 0x80) | ((uint32_t)b & 0x8000) | ((uint32_t)c << 8 & 0x800000) |
                     ((uint32_t)d << 16 & 0x80000000u);
    codes = (codes + 0xefefeff0u) ^ ~signs;
    memcpy(to + i, &codes, 4);
  }
  for (; i < n; i++) to[i] = (uint8_t)(((step(from[i]) - 16) ^ 0xff) ^ ((uint32_t)from[i] >> 8 & 0x80));
}

/* ---- RTP headers ---- */

static void put_word(uint8_t* p, uint32_t v) {
  memcpy(p, &v, 4);
}

static void put_header(uint8_t* p, int marker, uint32_t type, uint32_t sequence, uint32_t timestamp, uint32_t ssrc) {
  put_word(p, 0x80 | (marker ? 0x8000 : 0) | type << 8 | (uint32_t)__builtin_bswap16((uint16_t)sequence) << 16);
  put_word(p + 4, __builtin_bswap32(timestamp));
  put_word(p + 8, __builtin_bswap32(ssrc));
}

void native_headers(uint8_t* p, uint32_t n) {
  for (uint32_t i = 0; i < n; i++, p += 172) put_header(p, i == 0, 0, 65530 + i, 160 * i, 0x12345678);
}

/* ---- a filter of second order ---- */

static inline int32_t clip(int32_t y) {
  return y > 32767 ? 32767 : y < -32768 ? -32768 : y;
}

int32_t native_biquad(int16_t* to, const int16_t* from, size_t n) {
  const int32_t b0 = 2000, b1 = 4000, b2 = 2000, a1 = -12000, a2 = 5000;
  int32_t x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (size_t i = 0; i + 2 <= n; i += 2) {
    int32_t x = from[i];
    y2 = clip((8192 + b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2) >> 14);
    int32_t z = from[i + 1];
    y1 = clip((8192 + b0 * z + b1 * x + b2 * x1 - a1 * y2 - a2 * y1) >> 14);
    to[i] = (int16_t)y2;
    to[i + 1] = (int16_t)y1;
    x2 = x;
    x1 = z;
  }
  return y1;
}

/* ---- start codes: a byte above 1 is the end of none, so two more may be left out ---- */

int32_t native_scan(uint32_t* found, const uint8_t* bytes, size_t n) {
  int32_t count = 0;
  for (size_t i = 2; i + 2 < n;) {
    uint8_t b = bytes[i];
    if (b > 1) i += 3;
    else if (b == 0) i++;
    else {
      if (!bytes[i - 1] && !bytes[i - 2]) {
        uint32_t zeros = 0;
        while (zeros < 3 && i > 2 + zeros && !bytes[i - 3 - zeros]) zeros++;
        found[2 * count] = (uint32_t)i + 1;
        found[2 * count + 1] = bytes[i + 1] | (uint32_t)bytes[i + 2] << 8 | zeros << 16;
        count++;
      }
      i += 3;
    }
  }
  return count;
}
