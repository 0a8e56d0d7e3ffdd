//! How deep the stack has been, seen from what was painted on it. It lies between the linker's `_stack_end` and
//! `_stack_start`.

use core::ptr::addr_of;

const PAINT: u32 = 0x5afe_57ac;

unsafe extern "C" {
  static _stack_start: u8;
  static _stack_end: u8;
  static __stext: u8;
  static __etext: u8;
}

fn bounds() -> (usize, usize) {
  // Only their addresses mean anything.
  (addr_of!(_stack_end) as usize, addr_of!(_stack_start) as usize)
}

/// Paints what is not in use; to be called once, early.
pub fn paint() {
  let (end, _) = bounds();
  // What this function itself may still push, and an interrupt, stay as they are.
  let top = (cortex_m::register::msp::read() as usize).saturating_sub(256);
  for at in (end..top).step_by(4) {
    unsafe { (at as *mut u32).write_volatile(PAINT) };
  }
}

/// The lowest address of the stack.
pub fn lowest() -> usize {
  bounds().0
}

/// Bytes that were ever used, and all there are.
pub fn used() -> (u32, u32) {
  let (end, start) = bounds();
  let clean = (end..start).step_by(4).take_while(|at| unsafe { (*at as *const u32).read_volatile() } == PAINT).count();
  let all = (start - end) as u32;
  (all - clean as u32 * 4, all)
}

/// Words of the stack that are addresses of code, the innermost first: where functions return to, and some more.
pub fn code_addresses() -> impl Iterator<Item = u32> {
  let code = addr_of!(__stext) as u32..addr_of!(__etext) as u32;
  let (_, start) = bounds();
  let words = (cortex_m::register::msp::read() as usize & !3..start).step_by(4);
  // Return addresses are odd.
  words.map(|at| unsafe { (at as *const u32).read_volatile() }).filter(move |w| w & 1 != 0 && code.contains(w))
}
