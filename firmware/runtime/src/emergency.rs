//! A last word on the console when the processor faulted, the code panicked or the watchdog is about to bite, kept for the
//! next run in the ledger; then a reset.

use core::sync::atomic::{AtomicPtr, Ordering};

use crate::ladder::Policy;
use crate::ledger::{self, Mark};
use crate::print::Printer;

/// What a board can do when nothing else works any more.
pub struct Emergency {
  /// Writes text without interrupts, behind what waits to be written already.
  pub write: fn(&[u8]),
  /// Ends everything; the watchdog does not bite any more.
  pub halt: fn() -> !,
}

static EMERGENCY: AtomicPtr<Emergency> = AtomicPtr::new(core::ptr::null_mut());

/// Takes what the board can do; to be called as early as that works.
pub fn set(emergency: &'static Emergency) {
  EMERGENCY.store(core::ptr::from_ref(emergency).cast_mut(), Ordering::Release);
}

/// Notes and says what happened, and resets the processor, or ends everything when that has been tried too often.
pub(crate) fn last_word(mark: Mark, detail: u32, words: impl FnOnce(&mut Printer<'_>)) -> ! {
  cortex_m::interrupt::disable();
  // Nobody else goes on.
  let ledger = unsafe { ledger::kept() };
  ledger.note(mark, detail);
  // Only `set` stores it.
  if let Some(emergency) = unsafe { EMERGENCY.load(Ordering::Acquire).as_ref() } {
    words(&mut Printer::new(&mut |bytes| (emergency.write)(bytes)));
    if ledger.resets() > Policy::DEFAULT.resets as u32 {
      (emergency.write)(b"halted\r\n");
      (emergency.halt)();
    }
  }
  cortex_m::peripheral::SCB::sys_reset()
}
