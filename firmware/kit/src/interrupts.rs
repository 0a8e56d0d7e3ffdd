//! Interrupts by their numbers.

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

/// The vector table behind that of the processor: one vector for each interrupt up to the last that is in use. The build
/// script of such a board calls `g2g_setup::own_vectors`.
/// @param last the number of that interrupt, @param handler is given the number of the one that has come
#[macro_export]
macro_rules! vectors {
  ($last:expr, $handler:path) => {
    #[unsafe(link_section = ".vector_table.interrupts")]
    #[unsafe(no_mangle)]
    static __INTERRUPTS: [extern "C" fn(); $last as usize + 1] = {
      extern "C" fn vector() {
        $handler($crate::processor::interrupt());
      }
      [vector; $last as usize + 1]
    };
  };
}
