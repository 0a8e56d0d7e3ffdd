//! The linear memory of an instance, as a host sees it.

use core::ptr::copy_nonoverlapping;

/// The linear memory of one instance: addresses of the core are offsets into it. It never moves while the instance lives.
///
/// Everything is checked: an address that the core gives is not believed, since the core parses hostile media.
#[derive(Clone, Copy)]
pub struct Memory {
  base: *mut u8,
  size: u32,
}

impl Memory {
  /// The memory at `base`.
  ///
  /// # Safety
  /// `size` bytes at `base` are readable and writable for as long as any copy of this value is used, and the core does not
  /// run while a slice made here is held.
  pub const unsafe fn new(base: *mut u8, size: u32) -> Self {
    Memory { base, size }
  }

  /// Bytes of the memory.
  pub const fn size(&self) -> u32 {
    self.size
  }

  /// Where `length` bytes at an address lie, for DMA; `None` when they are not all inside.
  pub fn pointer(&self, address: u32, length: u32) -> Option<*mut u8> {
    let end = address.checked_add(length)?;
    // Inside the memory by the check.
    if end <= self.size { Some(unsafe { self.base.add(address as usize) }) } else { None }
  }

  /// Bytes to read, or `None` when they are not all inside.
  pub fn bytes(&self, address: u32, length: u32) -> Option<&[u8]> {
    let at = self.pointer(address, length)?;
    Some(unsafe { core::slice::from_raw_parts(at, length as usize) })
  }

  /// Bytes to write, or `None` when they are not all inside. The caller holds one such slice at a time.
  #[allow(clippy::mut_from_ref)]
  pub fn bytes_mut(&self, address: u32, length: u32) -> Option<&mut [u8]> {
    let at = self.pointer(address, length)?;
    Some(unsafe { core::slice::from_raw_parts_mut(at, length as usize) })
  }

  /// The u32 at an address, which need not be aligned.
  pub fn u32(&self, address: u32) -> Option<u32> {
    let at = self.pointer(address, 4)?;
    Some(u32::from_le_bytes(unsafe { at.cast::<[u8; 4]>().read() }))
  }

  /// Writes a u32; false when it does not lie inside.
  pub fn set_u32(&self, address: u32, value: u32) -> bool {
    let Some(at) = self.pointer(address, 4) else { return false };
    unsafe { at.cast::<[u8; 4]>().write(value.to_le_bytes()) };
    true
  }

  /// Copies bytes in; false when they do not all lie inside.
  pub fn write(&self, address: u32, bytes: &[u8]) -> bool {
    let Some(at) = self.pointer(address, bytes.len() as u32) else { return false };
    unsafe { copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    true
  }
}
