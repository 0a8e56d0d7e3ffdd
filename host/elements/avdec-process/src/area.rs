//! The two areas that are shared with the host. Into the picture area decoders render; it is given out here.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::ptr::null_mut;
use std::sync::Mutex;

use rustix::mm::{MapFlags, ProtFlags, mmap};

/// Pieces begin at multiples of this, as vector instructions like it.
const ALIGN: u64 = 4096;

/// Memory that is shared with the host; mapped until the process ends.
pub struct Mapping {
  base: *mut u8,
  size: u64,
}

// It stays where it is, and who works in which part of it is agreed upon by messages.
unsafe impl Send for Mapping {}
unsafe impl Sync for Mapping {}

impl Mapping {
  /// Maps `size` bytes of a descriptor.
  pub fn new(descriptor: OwnedFd, size: u64, writable: bool) -> Option<Mapping> {
    let prot = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
    // A new mapping, which nobody else knows.
    let base = unsafe { mmap(null_mut(), usize::try_from(size).ok()?, prot, MapFlags::SHARED, &descriptor, 0) }.ok()?;
    Some(Mapping { base: base.cast(), size })
  }

  /// Where bytes lie, if they all do.
  pub fn at(&self, offset: u64, length: u64) -> Option<*mut u8> {
    let inside = offset.checked_add(length).is_some_and(|end| end <= self.size);
    // Inside by the check.
    inside.then(|| unsafe { self.base.add(offset as usize) })
  }

  /// How far from the start an address lies, if it lies inside.
  pub fn offset_of(&self, at: *const u8) -> Option<u64> {
    let offset = (at as usize).checked_sub(self.base as usize)? as u64;
    (offset < self.size).then_some(offset)
  }
}

#[derive(Default)]
struct Pieces {
  /// Free ranges by their place: offset and length, never two in a row without a gap.
  free: Vec<(u64, u64)>,
  /// Lengths of what is given out, by offset.
  used: HashMap<u64, u64>,
}

/// The picture area.
pub struct Area {
  /// Its memory.
  pub memory: Mapping,
  pieces: Mutex<Pieces>,
}

impl Area {
  /// An area of which nothing is given out.
  pub fn new(memory: Mapping) -> Area {
    let pieces = Pieces { free: vec![(0, memory.size)], used: HashMap::new() };
    Area { memory, pieces: Mutex::new(pieces) }
  }

  /// Gives a piece out, the first that is large enough, so that what is in use stays small; its offset.
  pub fn take(&self, length: u64) -> Option<u64> {
    let length = length.checked_next_multiple_of(ALIGN).filter(|n| *n > 0)?;
    let mut pieces = self.pieces.lock().ok()?;
    let i = pieces.free.iter().position(|(_, n)| *n >= length)?;
    let (offset, found) = pieces.free[i];
    if found == length {
      pieces.free.remove(i);
    } else {
      pieces.free[i] = (offset + length, found - length);
    }
    pieces.used.insert(offset, length);
    Some(offset)
  }

  /// Takes a piece back.
  pub fn give(&self, offset: u64) {
    let Ok(mut pieces) = self.pieces.lock() else { return };
    let Some(mut length) = pieces.used.remove(&offset) else { return };
    let mut start = offset;
    let mut i = pieces.free.partition_point(|(at, _)| *at < offset);
    if pieces.free.get(i).is_some_and(|(at, _)| *at == offset + length) {
      length += pieces.free.remove(i).1;
    }
    if i > 0 && pieces.free[i - 1].0 + pieces.free[i - 1].1 == offset {
      i -= 1;
      let before = pieces.free.remove(i);
      start = before.0;
      length += before.1;
    }
    pieces.free.insert(i, (start, length));
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn area(pages: u64) -> Area {
    Area::new(Mapping { base: null_mut(), size: pages * ALIGN })
  }

  fn free(area: &Area) -> Vec<(u64, u64)> {
    area.pieces.lock().unwrap().free.iter().map(|(at, n)| (at / ALIGN, n / ALIGN)).collect()
  }

  #[test]
  fn pieces_that_come_back_in_any_order_grow_together() {
    let area = area(6);
    let pieces: Vec<u64> = (0..6).map(|_| area.take(1).unwrap()).collect();
    assert_eq!(area.take(1), None);
    for i in [1, 4, 3, 0] {
      area.give(pieces[i]);
    }
    assert_eq!(free(&area), [(0, 2), (3, 2)]);
    area.give(pieces[2]);
    area.give(pieces[5]);
    // What is not given out cannot come back.
    area.give(pieces[5]);
    assert_eq!(free(&area), [(0, 6)]);
  }

  #[test]
  fn the_first_place_that_is_large_enough_is_given() {
    let area = area(5);
    let pieces: Vec<u64> = (0..4).map(|_| area.take(ALIGN).unwrap()).collect();
    area.give(pieces[1]);
    assert_eq!(area.take(ALIGN + 1), None);
    assert_eq!(area.take(5), Some(ALIGN));
    assert_eq!((area.take(0), area.take(u64::MAX)), (None, None));
  }

  #[test]
  fn only_what_lies_inside_has_a_place() {
    let memory = Mapping { base: null_mut(), size: 100 };
    assert!(memory.at(90, 10).is_some());
    assert!(memory.at(90, 11).is_none() && memory.at(u64::MAX, 2).is_none());
    assert_eq!((memory.offset_of(99 as *const u8), memory.offset_of(100 as *const u8)), (Some(99), None));
  }
}
