//! The APB timer (ARM DDI 0479, 4.1): counts 32 bits down and begins again.

use crate::pace::Pace;
use crate::registers::Registers;

const CTRL: usize = 0x00;
const VALUE: usize = 0x04;
const RELOAD: usize = 0x08;
const INTCLEAR: usize = 0x0c;

const ENABLE: u32 = 1;
const INTERRUPT: u32 = 8;

/// A timer.
pub struct Timer<R> {
  registers: R,
}

impl<R: Registers> Timer<R> {
  /// The timer with these registers.
  pub const fn new(registers: R) -> Self {
    Timer { registers }
  }

  /// Counts all 32 bits down, again and again, without interrupts.
  pub fn run_free(&self) {
    self.registers.write(CTRL, 0);
    self.registers.write(RELOAD, u32::MAX);
    self.registers.write(VALUE, u32::MAX);
    self.registers.write(CTRL, ENABLE);
  }

  /// What it has counted down to.
  pub fn value(&self) -> u32 {
    self.registers.read(VALUE)
  }
}

impl<R: Registers> Pace for Timer<R> {
  fn repeat(&self, ticks: u32) {
    let ticks = ticks.max(2);
    self.registers.write(CTRL, 0);
    self.registers.write(INTCLEAR, 1);
    self.registers.write(RELOAD, ticks - 1);
    self.registers.write(VALUE, ticks - 1);
    self.registers.write(CTRL, ENABLE | INTERRUPT);
  }

  fn stop(&self) {
    self.registers.write(CTRL, 0);
    self.registers.write(INTCLEAR, 1);
  }

  fn clear(&self) {
    self.registers.write(INTCLEAR, 1);
  }
}
