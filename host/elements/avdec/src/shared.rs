//! Memory that is shared with a decoder process. The process writes when it likes, so that nothing here makes a reference to
//! it: bytes are copied in and out.

use std::ptr::{copy_nonoverlapping, null_mut, write_bytes};

use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A mapping of memory that has a descriptor. Its size is sealed: what lies inside can always be touched.
pub struct Shared {
  base: *mut u8,
  size: u64,
  /// To be passed on, then of no use.
  pub descriptor: Option<OwnedFd>,
}

// The mapping belongs to this value alone.
unsafe impl Send for Shared {}

impl Shared {
  /// Makes memory.
  /// @param name shown by the system beside the memory
  /// @param writes whether this side writes; then nobody else can, else this side cannot
  pub fn new(name: &str, size: u64, writes: bool) -> rustix::io::Result<Shared> {
    let descriptor = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&descriptor, size)?;
    let length = usize::try_from(size).map_err(|_| rustix::io::Errno::NOMEM)?;
    let prot = if writes { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
    // A new mapping of memory that nobody else has.
    let base = unsafe { mmap(null_mut(), length, prot, MapFlags::SHARED, &descriptor, 0) }?.cast();
    let shared = Shared { base, size, descriptor: Some(descriptor) };
    let size = SealFlags::SHRINK | SealFlags::GROW;
    let seals = if writes { size | SealFlags::FUTURE_WRITE | SealFlags::SEAL } else { size | SealFlags::SEAL };
    fcntl_add_seals(shared.descriptor.as_ref().ok_or(rustix::io::Errno::BADF)?, seals)?;
    Ok(shared)
  }

  fn at(&self, offset: u64, length: u64) -> Option<*mut u8> {
    let inside = offset.checked_add(length).is_some_and(|end| end <= self.size);
    // Inside by the check.
    inside.then(|| unsafe { self.base.add(offset as usize) })
  }

  /// Copies bytes in; false when they do not lie inside.
  pub fn write(&self, offset: u64, bytes: &[u8]) -> bool {
    let Some(at) = self.at(offset, bytes.len() as u64) else { return false };
    unsafe { copy_nonoverlapping(bytes.as_ptr(), at, bytes.len()) };
    true
  }

  /// Makes bytes 0; false when they do not lie inside.
  pub fn clear(&self, offset: u64, length: u64) -> bool {
    let Some(at) = self.at(offset, length) else { return false };
    unsafe { write_bytes(at, 0, length as usize) };
    true
  }

  /// Copies rows out, to rows without gaps but for what `to` has; what is behind a row becomes 0.
  /// @param stride bytes from row to row here
  /// @param row bytes of a row
  /// @param rows how many
  /// @param to_stride bytes from row to row there, at least `row`
  /// @returns false when something lies outside
  pub fn read_rows(&self, offset: u64, stride: u32, row: u32, rows: u32, to: &mut [u8], to_stride: u32) -> bool {
    let (row, to_row) = (row as usize, to_stride as usize);
    let span = u64::from(stride) * u64::from(rows.saturating_sub(1)) + row as u64;
    let Some(from) = self.at(offset, span) else { return false };
    if rows == 0 || row == 0 || to_row < row || to.len() < to_row * rows as usize || (stride as usize) < row && rows > 1
    {
      return false;
    }
    for (y, line) in to.chunks_exact_mut(to_row).enumerate() {
      let meant = if y < rows as usize { row } else { 0 };
      // Inside by the check of the span; the process may write here meanwhile, which harms nothing but the picture.
      unsafe { copy_nonoverlapping(from.add(stride as usize * y.min(rows as usize - 1)), line.as_mut_ptr(), meant) };
      line[meant..].fill(0);
    }
    true
  }
}

impl Drop for Shared {
  fn drop(&mut self) {
    // Nothing points into it: all was copied.
    let _ = unsafe { munmap(self.base.cast(), self.size as usize) };
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn rows_come_out_with_zeros_behind_them() {
    let shared = Shared::new("g2g-test", 4096, true).unwrap();
    assert!(shared.write(4090, &[1, 2, 3, 4, 5, 6]));
    let mut to = [9; 12];
    assert!(shared.read_rows(4090, 3, 3, 2, &mut to, 4));
    assert_eq!(to, [1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0]);
  }

  #[test]
  fn what_lies_outside_is_refused() {
    let shared = Shared::new("g2g-test", 4096, true).unwrap();
    let mut to = [0; 64];
    for (offset, stride, row, rows, to_stride) in [
      (4090, 3, 4, 2, 4),
      (u64::MAX, 3, 3, 1, 4),
      (0, u32::MAX, 3, u32::MAX, 4),
      (0, 4, 4, 17, 4),
      (0, 4, 5, 2, 4),
      (0, 2, 4, 2, 4),
      (0, 4, 0, 1, 4),
      (0, 4, 4, 0, 4),
    ] {
      assert!(!shared.read_rows(offset, stride, row, rows, &mut to, to_stride));
    }
    assert!(!shared.write(4090, &[0; 7]) && !shared.clear(u64::MAX, 2) && shared.clear(4095, 1));
  }

  #[test]
  fn its_size_and_who_writes_are_sealed() {
    let shared = Shared::new("g2g-test", 4096, true).unwrap();
    let descriptor = shared.descriptor.as_ref().unwrap();
    assert!(ftruncate(descriptor, 0).is_err() && ftruncate(descriptor, 8192).is_err());
    let both = ProtFlags::READ | ProtFlags::WRITE;
    assert!(unsafe { mmap(null_mut(), 4096, both, MapFlags::SHARED, descriptor, 0) }.is_err());
  }
}
