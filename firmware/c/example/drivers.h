/* The elements that the example serves. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include "FreeRTOS.h"
#include "task.h"

#include "g2g.h"

extern const g2g_element i2ssrc;
/* Buffers that were lost since no block was free. */
uint32_t i2ssrc_lost(void);

extern const g2g_element crcsink;
/* The task that reads the frames: its function, and itself, to be set before the pipeline starts. */
void crcsink_work(void* unused);
extern TaskHandle_t crcsink_task;

typedef struct crcsink_sum {
  uint32_t frames, bytes, crc; /* CRC-32 of ISO 3309, over all bytes of all frames */
} crcsink_sum;
crcsink_sum crcsink_read(void);

#endif
