//! The processor: which interrupt it serves, its faults, and the warning of a watchdog where it is the interrupt that cannot be masked.

use core::arch::{asm, global_asm};

use crate::emergency::last_word;
use crate::ledger::Mark;

/// The number of the interrupt that is being served, negative for an exception of the processor's.
///
/// The register of the system control block that has it too must be read as a whole word, which `cortex_m` leaves open.
pub fn interrupt() -> i32 {
  let number: u32;
  // Reads a register of the processor.
  unsafe { asm!("mrs {}, IPSR", out(reg) number, options(nomem, nostack, preserves_flags)) };
  (number & 0x1ff) as i32 - 16
}

// The stack may be used up, so the handlers begin a new one at its top, and do not return. What the processor has stacked
// is read before, if it lies in the stack at all.
global_asm!(
  ".syntax unified",
  ".section .text.g2g_processor, \"ax\"",
  ".macro G2G_LAST name, handler",
  ".global \\name",
  ".type \\name, %function",
  ".thumb_func",
  "\\name:",
  "mrs r2, MSP",
  "movs r0, #0",
  "movs r1, #0",
  "ldr r3, =_stack_end",
  "cmp r2, r3",
  "blo 1f",
  "ldr r0, [r2, #24]",
  "ldr r1, [r2, #20]",
  "1:",
  "ldr r3, =_stack_start",
  "mov sp, r3",
  "bl \\handler",
  "udf #0",
  ".size \\name, . - \\name",
  ".ltorg",
  ".endm",
  "G2G_LAST HardFault, g2g_processor_fault",
);

#[cfg(feature = "nmi-watchdog")]
global_asm!(".section .text.g2g_watchdog, \"ax\"", "G2G_LAST NonMaskableInt, g2g_watchdog_warning");

/// Fault status of the system control block: why, and which address.
const CFSR: *const u32 = 0xe000_ed28 as *const u32;
const BFAR: *const u32 = 0xe000_ed38 as *const u32;

/// @param pc where it happened, @param lr where it was called from; `sp` is where the stack was
#[unsafe(no_mangle)]
extern "C" fn g2g_processor_fault(pc: u32, lr: u32, sp: u32) -> ! {
  // Zero on processors without them.
  let (status, address) = unsafe { (CFSR.read_volatile(), BFAR.read_volatile()) };
  last_word(Mark::Processor, pc, |p| {
    p.text("\r\nprocessor fault at ").hex(pc).text(" from ").hex(lr).text(" stack ").hex(sp);
    p.text(" status ").hex(status).text(" address ").hex(address).end();
  })
}

#[cfg(feature = "nmi-watchdog")]
#[unsafe(no_mangle)]
extern "C" fn g2g_watchdog_warning(pc: u32, lr: u32) -> ! {
  last_word(Mark::Watchdog, pc, |p| p.text("\r\nwatchdog at ").hex(pc).text(" from ").hex(lr).end())
}
