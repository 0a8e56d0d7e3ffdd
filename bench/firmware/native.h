/* The kernels as one would write them in C for this processor. */
#ifndef NATIVE_H
#define NATIVE_H

#include <stddef.h>
#include <stdint.h>

void native_mulaw(uint8_t* restrict to, const int16_t* restrict from, size_t n);
void native_headers(uint8_t* to, uint32_t n);
int32_t native_biquad(int16_t* to, const int16_t* from, size_t n);
/* Start codes with what the core notes of each: where, what follows, zeros in front. */
int32_t native_scan(uint32_t* found, const uint8_t* bytes, size_t n);

#endif
