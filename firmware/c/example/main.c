/* A pipeline as a task of FreeRTOS, with a source that an interrupt feeds and a sink that another task serves. */
#include <stddef.h>

#include "board.h"
#include "drivers.h"
#include "g2g_freertos.h"

/* Bytes of stacks. */
#define PIPELINE_STACK 8192
#define SINK_STACK 1024
#define MONITOR_STACK 1024

static StackType_t pipeline_stack[PIPELINE_STACK / sizeof(StackType_t)];
static StackType_t sink_stack[SINK_STACK / sizeof(StackType_t)];
static StackType_t monitor_stack[MONITOR_STACK / sizeof(StackType_t)];
static StaticTask_t pipeline_memory, sink_memory, monitor_memory;
static TaskHandle_t pipeline, monitor;

static g2g_freertos port;
static volatile uint32_t seconds;

static void print(void* self, const char* text, uint32_t length) {
  (void)self;
  board_write(text, length);
}

static void panic(void* self, const char* file, uint32_t length, uint32_t line) {
  (void)self;
  board_write(file, length);
  board_fail("", (int)line);
}

/* A line: name, priority, bytes of the stack that were used at most, and all. */
static void tell(TaskHandle_t task, const char* name, uint32_t stack) {
  board_text("task ");
  board_text(name);
  board_text(" priority ");
  board_number(uxTaskPriorityGet(task));
  board_text(" stack ");
  board_number(stack - uxTaskGetStackHighWaterMark(task) * sizeof(StackType_t));
  board_text(" of ");
  board_number(stack);
  board_text("\r\n");
}

static void run(void* unused) {
  (void)unused;
  static const g2g_element* const elements[] = {&i2ssrc, &crcsink};
  g2g_freertos_init(&port, pipeline_stack, sizeof pipeline_stack);
  port.platform.print = print;
  port.platform.panic = panic;
  g2g_outcome outcome = g2g_run(&port.platform, elements, 2);
  crcsink_sum sum = crcsink_read();
  board_text("frames ");
  board_number(sum.frames);
  board_text(" bytes ");
  board_number(sum.bytes);
  board_text(" crc ");
  board_hex(sum.crc);
  board_text(" lost ");
  board_number(i2ssrc_lost());
  board_text("\r\n");
  tell(pipeline, "pipeline", PIPELINE_STACK);
  tell(crcsink_task, "sink", SINK_STACK);
  tell(monitor, "monitor", MONITOR_STACK);
  board_exit(outcome == G2G_EOS ? 0 : 1);
}

/* Ends a run that hangs. */
static void watch(void* unused) {
  (void)unused;
  for (;;) {
    vTaskDelay(configTICK_RATE_HZ);
    if (++seconds == 60) board_fail("the pipeline does not end", (int)seconds);
  }
}

static TaskHandle_t create(TaskFunction_t task, const char* name, StackType_t* stack, uint32_t bytes,
                           UBaseType_t priority, StaticTask_t* memory) {
  return xTaskCreateStatic(task, name, bytes / sizeof(StackType_t), NULL, priority, stack, memory);
}

int main(void) {
  board_init();
  /* The sink works while the pipeline waits; the monitor would see either hang. */
  crcsink_task = create(crcsink_work, "sink", sink_stack, sizeof sink_stack, 1, &sink_memory);
  pipeline = create(run, "pipeline", pipeline_stack, sizeof pipeline_stack, 2, &pipeline_memory);
  monitor = create(watch, "monitor", monitor_stack, sizeof monitor_stack, 3, &monitor_memory);
  vTaskStartScheduler();
  return 1;
}

void vApplicationIdleHook(void) { __asm volatile("wfi"); }

void vApplicationStackOverflowHook(TaskHandle_t task, char* name) {
  (void)task;
  board_text(name);
  board_fail(": stack overflow", 0);
}
