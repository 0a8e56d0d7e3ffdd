//! A general-purpose timer of 32 bits, TIM2 or TIM5: RM0090 chapter 18, RM0433 chapter 39.

use crate::pace::Pace;
use crate::registers::Registers;

const CONTROL: usize = 0x00;
const INTERRUPTS: usize = 0x0c;
const STATUS: usize = 0x10;
const EVENT: usize = 0x14;
const PRESCALER: usize = 0x28;
const RELOAD: usize = 0x2c;

const ENABLE: u32 = 1;
/// Only the end of a period is an update, not the event that loads the registers.
const OVERFLOWS: u32 = 4;
const UPDATE: u32 = 1;

/// A timer.
pub struct Timer<R> {
  registers: R,
}

impl<R: Registers> Timer<R> {
  /// The timer with these registers.
  pub const fn new(registers: R) -> Self {
    Timer { registers }
  }
}

impl<R: Registers> Pace for Timer<R> {
  fn repeat(&self, ticks: u32) {
    self.stop();
    self.registers.write(PRESCALER, 0);
    self.registers.write(RELOAD, ticks.max(2) - 1);
    self.registers.write(CONTROL, OVERFLOWS);
    self.registers.write(EVENT, UPDATE);
    self.registers.write(INTERRUPTS, UPDATE);
    self.registers.write(CONTROL, OVERFLOWS | ENABLE);
  }

  fn stop(&self) {
    self.registers.write(CONTROL, 0);
    self.registers.write(INTERRUPTS, 0);
    self.clear();
  }

  fn clear(&self) {
    self.registers.write(STATUS, !UPDATE);
  }
}
