//! A general-purpose timer as one of 32 bits (data sheet, chapter 9).

use crate::pace::Pace;
use crate::registers::Registers;

const CONFIG: usize = 0x00;
const MODE: usize = 0x04;
const CONTROL: usize = 0x0c;
const MASK: usize = 0x18;
const CLEAR: usize = 0x24;
const LOAD: usize = 0x28;

const ONCE: u32 = 1;
const PERIODIC: u32 = 2;
const ENABLE: u32 = 1;
const TIME_OUT: u32 = 1;

/// A timer.
pub struct Timer<R> {
  registers: R,
}

impl<R: Registers> Timer<R> {
  /// The timer with these registers.
  pub const fn new(registers: R) -> Self {
    Timer { registers }
  }

  fn start(&self, mode: u32, ticks: u32) {
    self.stop();
    self.registers.write(CONFIG, 0);
    self.registers.write(MODE, mode);
    self.registers.write(LOAD, ticks.max(1));
    self.registers.write(MASK, TIME_OUT);
    self.registers.write(CONTROL, ENABLE);
  }

  /// Has the interrupt come once, after so many ticks of the processor's clock.
  pub fn once(&self, ticks: u32) {
    self.start(ONCE, ticks);
  }
}

impl<R: Registers> Pace for Timer<R> {
  fn repeat(&self, ticks: u32) {
    self.start(PERIODIC, ticks);
  }

  fn stop(&self) {
    self.registers.write(CONTROL, 0);
    self.clear();
  }

  fn clear(&self) {
    self.registers.write(CLEAR, TIME_OUT);
  }
}
