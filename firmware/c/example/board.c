/* The board mps2-an386 (Arm AN386; CMSDK peripherals, DDI 0479): start-up, console, timer. */
#include "board.h"

#include <stddef.h>

#define REG(address) (*(volatile uint32_t*)(address))

#define UART_DATA REG(0x40004000)
#define UART_STATE REG(0x40004004)
#define UART_CTRL REG(0x40004008)
#define UART_BAUDDIV REG(0x40004010)

#define TIMER_CTRL REG(0x40000000)
#define TIMER_VALUE REG(0x40000004)
#define TIMER_RELOAD REG(0x40000008)
#define TIMER_INTCLEAR REG(0x4000000c)
#define TIMER_IRQ 8

#define NVIC_ISER REG(0xe000e100)
#define NVIC_IPR(irq) (*(volatile uint8_t*)(0xe000e400 + (irq)))
#define CPACR REG(0xe000ed88)

/* Interrupts of this priority may call FreeRTOS. */
#define PRIORITY (2 << 5)

extern uint32_t _stack_start[], _data_from[], _data_start[], _data_end[], _bss_start[], _bss_end[];
int main(void);
void Reset_Handler(void);
void SVC_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);
void TIMER0_Handler(void);

static void fault(void) { board_fail("processor fault", 0); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16 + 32] = {
    [0] = _stack_start,        [1] = (void*)Reset_Handler, [2] = (void*)fault,
    [3] = (void*)fault,        [4] = (void*)fault,         [5] = (void*)fault,
    [6] = (void*)fault,        [11] = (void*)SVC_Handler,  [14] = (void*)PendSV_Handler,
    [15] = (void*)SysTick_Handler, [16 + TIMER_IRQ] = (void*)TIMER0_Handler,
};

void Reset_Handler(void) {
  CPACR |= 0xf << 20; /* the floating-point unit */
  __asm volatile("dsb\n isb");
  const uint32_t* from = _data_from;
  for (uint32_t* to = _data_start; to < _data_end;) *to++ = *from++;
  for (uint32_t* to = _bss_start; to < _bss_end;) *to++ = 0;
  main();
  board_exit(1);
}

void board_init(void) {
  UART_BAUDDIV = 16;
  UART_CTRL = 1;
  NVIC_IPR(TIMER_IRQ) = PRIORITY;
  NVIC_ISER = 1u << TIMER_IRQ;
}

void board_write(const char* text, uint32_t length) {
  while (length-- > 0) {
    while (UART_STATE & 1) continue;
    UART_DATA = (uint8_t)*text++;
  }
}

void board_text(const char* text) {
  for (; *text != 0; text++) board_write(text, 1);
}

void board_number(uint32_t value) {
  if (value > 9) board_number(value / 10);
  board_write(&"0123456789"[value % 10], 1);
}

void board_hex(uint32_t value) {
  for (int shift = 28; shift >= 0; shift -= 4) board_write(&"0123456789abcdef"[value >> shift & 15], 1);
}

void board_timer(uint32_t period) {
  TIMER_CTRL = 0;
  TIMER_INTCLEAR = 1;
  if (period == 0) return;
  TIMER_RELOAD = period - 1;
  TIMER_VALUE = period - 1;
  TIMER_CTRL = 1 | 8;
}

void board_timer_clear(void) { TIMER_INTCLEAR = 1; }

/* Semihosting: SYS_EXIT_EXTENDED. */
void board_exit(int code) {
  const uint32_t block[2] = {0x20026, (uint32_t)code};
  register uint32_t operation __asm("r0") = 0x20;
  register const void* argument __asm("r1") = block;
  __asm volatile("bkpt 0xab" : : "r"(operation), "r"(argument) : "memory");
  for (;;) continue;
}

void board_fail(const char* what, int line) {
  board_text(what);
  board_text(" ");
  board_number((uint32_t)line);
  board_text("\r\n");
  board_exit(1);
}
