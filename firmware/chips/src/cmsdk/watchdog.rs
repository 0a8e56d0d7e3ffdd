//! The APB watchdog (ARM DDI 0479, 4.5): an interrupt when it was not fed for a period, a reset after another one.

use crate::registers::Registers;

const LOAD: usize = 0x00;
const CONTROL: usize = 0x08;
const INTCLR: usize = 0x0c;
const LOCK: usize = 0xc00;

const UNLOCK: u32 = 0x1acc_e551;
const INTERRUPT_AND_RESET: u32 = 3;

/// A watchdog.
pub struct Watchdog<R> {
  registers: R,
}

impl<R: Registers> Watchdog<R> {
  /// The watchdog with these registers.
  pub const fn new(registers: R) -> Self {
    Watchdog { registers }
  }

  /// Starts it.
  /// @param period ticks of its clock until its interrupt, and again until the reset
  pub fn start(&self, period: u32) {
    self.registers.write(LOCK, UNLOCK);
    self.registers.write(LOAD, period);
    self.registers.write(CONTROL, INTERRUPT_AND_RESET);
    self.registers.write(LOCK, 0);
  }

  /// Stops it.
  pub fn stop(&self) {
    self.registers.write(LOCK, UNLOCK);
    self.registers.write(CONTROL, 0);
    self.registers.write(LOCK, 0);
  }

  /// Begins a new period.
  pub fn feed(&self) {
    self.registers.write(LOCK, UNLOCK);
    self.registers.write(INTCLR, 1);
    self.registers.write(LOCK, 0);
  }
}
