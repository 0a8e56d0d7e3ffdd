//! The registers of a device.

/// Registers of 32 bits by their offset in bytes.
pub trait Registers {
  /// Reads one, which may have an effect.
  fn read(&self, offset: usize) -> u32;
  /// Writes one.
  fn write(&self, offset: usize, value: u32);
}

/// Registers in the address space of the processor.
#[derive(Clone, Copy)]
pub struct Mmio {
  base: usize,
}

impl Mmio {
  /// The registers at `base`.
  ///
  /// # Safety
  /// A device of the kind that the driver expects has its registers there, and nobody else drives it.
  pub const unsafe fn new(base: usize) -> Self {
    Mmio { base }
  }
}

impl Registers for Mmio {
  fn read(&self, offset: usize) -> u32 {
    unsafe { ((self.base + offset) as *const u32).read_volatile() }
  }

  fn write(&self, offset: usize, value: u32) {
    unsafe { ((self.base + offset) as *mut u32).write_volatile(value) }
  }
}
