//! Interrupts by their numbers, on boards without a crate that names them.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;

#[derive(Clone, Copy)]
struct Line(u16);

// The processor ignores numbers that it does not have.
unsafe impl InterruptNumber for Line {
  fn number(self) -> u16 {
    self.0
  }
}

/// Lets an interrupt through.
pub fn unmask(number: i32) {
  if let Ok(number) = u16::try_from(number) {
    // No code depends on an interrupt not coming.
    unsafe { NVIC::unmask(Line(number)) };
  }
}
