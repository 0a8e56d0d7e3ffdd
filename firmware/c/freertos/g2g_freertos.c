#include "g2g_freertos.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

/* Ticks are counted on over their wrap: the task asks more often than that. */
static int64_t ticks(g2g_freertos* port) {
  TickType_t now = xTaskGetTickCount();
  port->ticks += (TickType_t)(now - port->last);
  port->last = now;
  return port->ticks;
}

int64_t g2g_freertos_now(void* self) {
  int64_t n = ticks(self);
  return n / configTICK_RATE_HZ * SECOND + n % configTICK_RATE_HZ * SECOND / configTICK_RATE_HZ;
}

static void sleep_until(void* self, int64_t until) {
  g2g_freertos* port = self;
  /* Half of what a tick count can tell, so that its wrap is seen. */
  TickType_t most = portMAX_DELAY / 2;
  int64_t left = until - port->platform.now(port->platform.self);
  if (until != G2G_FOREVER && left < SECOND * (int64_t)(most / configTICK_RATE_HZ)) {
    /* One more, since the tick that runs has begun already. */
    int64_t n = left / SECOND * configTICK_RATE_HZ + left % SECOND * configTICK_RATE_HZ / SECOND + 1;
    most = left <= 0 ? 0 : (TickType_t)n;
  }
  ulTaskNotifyTakeIndexed(G2G_FREERTOS_NOTIFICATION, pdTRUE, most);
}

static void wake(void* self) {
  g2g_freertos* port = self;
  if (xPortIsInsideInterrupt()) {
    BaseType_t better = pdFALSE;
    vTaskNotifyGiveIndexedFromISR(port->task, G2G_FREERTOS_NOTIFICATION, &better);
    portYIELD_FROM_ISR(better);
  } else {
    xTaskNotifyGiveIndexed(port->task, G2G_FREERTOS_NOTIFICATION);
  }
}

static uint32_t stack_left(void* self) {
  g2g_freertos* port = self;
  return (uint32_t)(uxTaskGetStackHighWaterMark(port->task) * sizeof(StackType_t));
}

void g2g_freertos_init(g2g_freertos* port, const void* stack, uint32_t size) {
  memset(port, 0, sizeof *port);
  port->task = xTaskGetCurrentTaskHandle();
  port->platform.interface = G2G_INTERFACE;
  port->platform.self = port;
  port->platform.now = g2g_freertos_now;
  port->platform.sleep = sleep_until;
  port->platform.wake = wake;
  port->platform.stack = stack;
  port->platform.stack_size = size;
  port->platform.stack_left = stack != NULL ? stack_left : NULL;
}
