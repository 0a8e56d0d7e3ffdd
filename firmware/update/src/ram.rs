//! RAM that behaves as a flash: for emulators, whose RAM survives a reset, and for tests.

use embedded_storage::nor_flash::{
  ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Bytes that are erased at once.
pub const BLOCK: usize = 4096;

/// RAM as a flash, of whole blocks.
pub struct RamFlash {
  base: *mut u8,
  size: usize,
}

impl RamFlash {
  /// Takes RAM, whatever is in it.
  ///
  /// # Safety
  /// `size` bytes at `base` are there for ever and nothing else's.
  pub const unsafe fn new(base: *mut u8, size: usize) -> Self {
    RamFlash { base, size }
  }

  /// Bytes as they lie there; `None` when they are not all inside.
  ///
  /// # Safety
  /// They are not written to while the slice is used.
  pub unsafe fn mapped(&self, offset: u32, length: u32) -> Option<&'static [u8]> {
    let inside = offset.checked_add(length)? as usize <= self.size;
    inside.then(|| unsafe { core::slice::from_raw_parts(self.base.add(offset as usize), length as usize) })
  }

  /// Bytes that were checked to be inside.
  fn cells(&mut self, offset: u32, length: usize) -> &mut [u8] {
    unsafe { core::slice::from_raw_parts_mut(self.base.add(offset as usize), length) }
  }
}

/// An access outside, or not of whole blocks or words.
#[derive(Clone, Copy, Debug)]
pub struct RamError(NorFlashErrorKind);

impl NorFlashError for RamError {
  fn kind(&self) -> NorFlashErrorKind {
    self.0
  }
}

impl ErrorType for RamFlash {
  type Error = RamError;
}

impl ReadNorFlash for RamFlash {
  const READ_SIZE: usize = 1;

  fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), RamError> {
    check_read(self, offset, bytes.len()).map_err(RamError)?;
    bytes.copy_from_slice(self.cells(offset, bytes.len()));
    Ok(())
  }

  fn capacity(&self) -> usize {
    self.size
  }
}

impl NorFlash for RamFlash {
  const WRITE_SIZE: usize = 4;
  const ERASE_SIZE: usize = BLOCK;

  fn erase(&mut self, from: u32, to: u32) -> Result<(), RamError> {
    check_erase(self, from, to).map_err(RamError)?;
    self.cells(from, (to - from) as usize).fill(0xff);
    Ok(())
  }

  fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), RamError> {
    check_write(self, offset, bytes.len()).map_err(RamError)?;
    for (cell, byte) in self.cells(offset, bytes.len()).iter_mut().zip(bytes) {
      // A flash cannot make a 1 of a 0.
      *cell &= byte;
    }
    Ok(())
  }
}
