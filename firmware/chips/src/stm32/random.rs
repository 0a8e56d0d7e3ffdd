//! The random number generator: RM0090 chapter 24, RM0433 chapter 33. It has the same registers in both.

use crate::registers::Registers;

const CONTROL: usize = 0x00;
const STATUS: usize = 0x04;
const DATA: usize = 0x08;

const ENABLE: u32 = 4;
const READY: u32 = 1;
const FAULTS: u32 = 6;

/// The generator.
pub struct Random<R> {
  registers: R,
}

impl<R: Registers> Random<R> {
  /// The generator with these registers; its clock runs.
  pub const fn new(registers: R) -> Self {
    Random { registers }
  }

  /// Fills bytes; false when the generator says that its noise is none, or does not answer.
  pub fn fill(&self, to: &mut [u8]) -> bool {
    const PATIENCE: u32 = 100_000;
    self.registers.write(CONTROL, ENABLE);
    for part in to.chunks_mut(4) {
      let status = (0..PATIENCE).map(|_| self.registers.read(STATUS)).find(|s| s & (READY | FAULTS) != 0);
      if status.is_none_or(|s| s & FAULTS != 0) {
        return false;
      }
      let word = self.registers.read(DATA).to_le_bytes();
      part.copy_from_slice(&word[..part.len()]);
    }
    true
  }
}
