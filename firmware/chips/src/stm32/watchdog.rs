//! The independent watchdog, which has a clock of its own: RM0090 chapter 21, RM0433 chapter 45.

use crate::registers::Registers;

const KEY: usize = 0x00;
const PRESCALER: usize = 0x04;
const RELOAD: usize = 0x08;
const STATUS: usize = 0x0c;

const FEED: u32 = 0xaaaa;
const UNLOCK: u32 = 0x5555;
const START: u32 = 0xcccc;

/// Its clock is divided by 256.
const SLOWEST: u32 = 6;
const DIVIDER: u32 = 256;

/// A watchdog, which cannot be stopped once it runs.
pub struct Watchdog<R> {
  registers: R,
}

impl<R: Registers> Watchdog<R> {
  /// The watchdog with these registers.
  pub const fn new(registers: R) -> Self {
    Watchdog { registers }
  }

  /// Starts it.
  /// @param clock Hz, about 32,000
  /// @param period ms until the reset, 32,000 at most
  pub fn start(&self, clock: u32, period: u32) {
    const PATIENCE: u32 = 1_000_000;
    let reload = (clock / DIVIDER).saturating_mul(period) / 1000;
    self.registers.write(KEY, START);
    self.registers.write(KEY, UNLOCK);
    self.registers.write(PRESCALER, SLOWEST);
    self.registers.write(RELOAD, reload.clamp(1, 0xfff));
    let _ = (0..PATIENCE).find(|_| self.registers.read(STATUS) == 0);
    self.feed();
  }

  /// Begins a new period.
  pub fn feed(&self) {
    self.registers.write(KEY, FEED);
  }
}
