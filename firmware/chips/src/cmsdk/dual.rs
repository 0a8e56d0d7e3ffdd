//! The dual timer (ARM DDI 0479, 4.2), of which one half is used: an interrupt at an even pace.

use crate::pace::Pace;
use crate::registers::Registers;

const LOAD: usize = 0x00;
const CONTROL: usize = 0x08;
const INTCLR: usize = 0x0c;

/// Enabled, periodic, with interrupts, 32 bits.
const RUN: u32 = 0x80 | 0x40 | 0x20 | 0x02;

/// The first half of a dual timer.
pub struct DualTimer<R> {
  registers: R,
}

impl<R: Registers> DualTimer<R> {
  /// The timer with these registers.
  pub const fn new(registers: R) -> Self {
    DualTimer { registers }
  }
}

impl<R: Registers> Pace for DualTimer<R> {
  fn repeat(&self, ticks: u32) {
    self.registers.write(CONTROL, 0);
    self.registers.write(INTCLR, 1);
    self.registers.write(LOAD, ticks.max(2));
    self.registers.write(CONTROL, RUN);
  }

  fn stop(&self) {
    self.registers.write(CONTROL, 0);
    self.registers.write(INTCLR, 1);
  }

  fn clear(&self) {
    self.registers.write(INTCLR, 1);
  }
}
