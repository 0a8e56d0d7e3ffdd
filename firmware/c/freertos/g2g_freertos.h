/*
 * The platform of g2g.h over FreeRTOS: the clock is that of the scheduler, and the task sleeps in a notification.
 *
 *     static g2g_freertos port;
 *     g2g_freertos_init(&port, stack, sizeof stack);
 *     port.platform.print = print;
 *     g2g_run(&port.platform, elements, 2);
 *
 * All of it is called in the task that runs the pipeline. g2g_wake may be called from any task, and from interrupts
 * whose priority lets them call FreeRTOS (configMAX_SYSCALL_INTERRUPT_PRIORITY).
 */
#ifndef G2G_FREERTOS_H
#define G2G_FREERTOS_H

#include "FreeRTOS.h"
#include "task.h"

#include "g2g.h"

/* Which of the task's notifications wakes it; the program uses others. Needs
 * configTASK_NOTIFICATION_ARRAY_ENTRIES. */
#ifndef G2G_FREERTOS_NOTIFICATION
#define G2G_FREERTOS_NOTIFICATION 0
#endif

typedef struct g2g_freertos {
  /* What has no function here can be set: print, random, feed, watchdog, cause, panic; and a finer clock as now. */
  g2g_platform platform;
  /* The rest is the port's. */
  TaskHandle_t task;
  TickType_t last;
  int64_t ticks;
} g2g_freertos;

/* Makes a platform for the task that calls it. stack, size: the task's stack and its bytes, so that it is guarded
 * and measured; NULL and 0 when they are not known. */
void g2g_freertos_init(g2g_freertos* port, const void* stack, uint32_t size);

/* Nanoseconds since the scheduler began, in steps of a tick. From the pipeline's task only. */
int64_t g2g_freertos_now(void* port);

#endif
