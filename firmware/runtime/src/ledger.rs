//! What is remembered over a reset, in memory that the start-up code leaves alone: why the processor was reset, and how
//! often in a row, so that a boot loop ends.

use core::cell::UnsafeCell;

use crate::board::Cause;

const MAGIC: u32 = 0x4732_4c31;

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
  /// Nothing was noted: the watchdog, if anything.
  Running,
  /// The ladder asked for the reset; the detail is a number of [`crate::Fault::text`].
  Ladder,
  /// The code panicked; the detail is the line, where it is known.
  Panic,
  /// The processor faulted; the detail is the address of the instruction.
  Processor,
  /// The watchdog's warning came; the detail is the address of the instruction.
  Watchdog,
}

impl Mark {
  const fn from_raw(raw: u32) -> Mark {
    match raw {
      1 => Mark::Ladder,
      2 => Mark::Panic,
      3 => Mark::Processor,
      4 => Mark::Watchdog,
      _ => Mark::Running,
    }
  }

  /// In short, for the console.
  pub const fn text(self) -> &'static str {
    match self {
      Mark::Running => "no word",
      Mark::Ladder => "fault",
      Mark::Panic => "panic",
      Mark::Processor => "processor fault at",
      Mark::Watchdog => "watchdog at",
    }
  }
}

/// The record. What is not valid, as after power came, counts as empty.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ledger {
  magic: u32,
  resets: u32,
  mark: u32,
  detail: u32,
  check: u32,
}

impl Default for Ledger {
  fn default() -> Self {
    Self::new()
  }
}

impl Ledger {
  /// An empty record.
  pub const fn new() -> Self {
    Ledger { magic: 0, resets: 0, mark: 0, detail: 0, check: 0 }
  }

  fn sum(&self) -> u32 {
    let mut hash = 0x811c_9dc5u32;
    for word in [self.magic, self.resets, self.mark, self.detail] {
      hash = (hash ^ word).wrapping_mul(0x0100_0193).rotate_left(7);
    }
    hash
  }

  fn seal(&mut self) {
    self.magic = MAGIC;
    self.check = self.sum();
  }

  fn valid(&self) -> bool {
    self.magic == MAGIC && self.check == self.sum()
  }

  /// Begins a run: counts the reset that led to it, unless power came or somebody pressed the button.
  /// @returns what ended the run before, with its detail
  pub fn begin(&mut self, cause: Cause) -> Option<(Mark, u32)> {
    let before = if self.valid() && !matches!(cause, Cause::Power | Cause::Pin) {
      self.resets = self.resets.saturating_add(1);
      Some((Mark::from_raw(self.mark), self.detail))
    } else {
      self.resets = 0;
      None
    };
    self.mark = Mark::Running as u32;
    self.detail = 0;
    self.seal();
    before
  }

  /// Resets in a row.
  pub fn resets(&self) -> u32 {
    self.resets
  }

  /// Notes what is about to end the run. When the run has not begun yet, since the one before ended the same way, that
  /// counts as a reset too.
  pub fn note(&mut self, mark: Mark, detail: u32) {
    if !self.valid() {
      self.resets = 0;
    } else if self.mark != Mark::Running as u32 {
      self.resets = self.resets.saturating_add(1);
    }
    self.mark = mark as u32;
    self.detail = detail;
    self.seal();
  }

  /// Forgets the resets.
  pub fn settle(&mut self) {
    self.resets = 0;
    self.seal();
  }
}

struct Kept(UnsafeCell<Ledger>);

// One processor; a handler of a fault that finds the record half written seals it again and does not return.
unsafe impl Sync for Kept {}

#[cfg_attr(target_os = "none", unsafe(link_section = ".uninit.g2g_ledger"))]
static KEPT: Kept = Kept(UnsafeCell::new(Ledger::new()));

/// The record of this board. The host takes it once; handlers of faults, which never return, take it again.
///
/// # Safety
/// No other borrow of it is used while the caller's is.
#[allow(clippy::mut_from_ref)]
pub unsafe fn kept() -> &'static mut Ledger {
  unsafe { &mut *KEPT.0.get() }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn resets_are_counted_until_power_comes() {
    let mut l = Ledger { magic: 1, resets: 2, mark: 3, detail: 4, check: 5 };
    assert_eq!(l.begin(Cause::Unknown), None);
    assert_eq!(l.resets(), 0);
    l.note(Mark::Panic, 77);
    assert_eq!(l.begin(Cause::Unknown), Some((Mark::Panic, 77)));
    assert_eq!(l.begin(Cause::Watchdog), Some((Mark::Running, 0)));
    assert_eq!(l.resets(), 2);
    assert_eq!(l.begin(Cause::Pin), None);
    assert_eq!(l.resets(), 0);
  }

  #[test]
  fn runs_that_end_before_they_begin_are_counted() {
    let mut l = Ledger { magic: 1, resets: 77, mark: 3, detail: 4, check: 5 };
    l.note(Mark::Processor, 1);
    assert_eq!(l.resets(), 0);
    l.note(Mark::Processor, 1);
    l.note(Mark::Panic, 1);
    assert_eq!(l.resets(), 2);
    assert_eq!(l.begin(Cause::Unknown), Some((Mark::Panic, 1)));
    l.note(Mark::Panic, 1);
    assert_eq!(l.resets(), 3);
  }

  #[test]
  fn a_flipped_bit_empties_the_record() {
    for bit in 0..160 {
      let mut l = Ledger::new();
      l.begin(Cause::Power);
      l.note(Mark::Ladder, 5);
      let words: &mut [u32; 5] = unsafe { &mut *(&raw mut l).cast() };
      words[bit / 32] ^= 1 << (bit % 32);
      assert_eq!(l.begin(Cause::Program), None, "bit {bit}");
    }
  }
}
