//! Where coded frames lie in the input area: one behind the other, and over from the start.

use std::collections::VecDeque;

/// Bytes that are used before more is: what is used again is in the cache.
const SOME: u64 = 1 << 20;

/// A frame's place begins at multiples of this.
const ALIGN: u64 = 64;

struct Piece {
  id: u64,
  offset: u64,
  length: u64,
  free: bool,
}

/// The places of the frames that the process may read, in the order in which they were given.
pub struct Ring {
  pieces: VecDeque<Piece>,
  room: u64,
  size: u64,
}

impl Ring {
  /// A ring in `size` bytes.
  pub fn new(size: u64) -> Ring {
    Ring { pieces: VecDeque::new(), room: SOME.min(size), size }
  }

  /// Finds a place for a frame.
  /// @param grow whether to use more of the area if there is none
  pub fn take(&mut self, id: u64, length: u64, grow: bool) -> Option<u64> {
    let length = length.checked_next_multiple_of(ALIGN).filter(|n| (1..=self.size).contains(n))?;
    loop {
      if let Some(offset) = self.find(length) {
        self.pieces.push_back(Piece { id, offset, length, free: false });
        return Some(offset);
      }
      // A frame alone must find room.
      if self.room >= self.size || !(grow || self.pieces.is_empty()) {
        return None;
      }
      self.room = (self.room * 2).min(self.size);
    }
  }

  fn find(&self, length: u64) -> Option<u64> {
    let (Some(first), Some(last)) = (self.pieces.front(), self.pieces.back()) else {
      return (length <= self.room).then_some(0);
    };
    let behind = last.offset + last.length;
    if last.offset >= first.offset {
      if behind + length <= self.room {
        return Some(behind);
      }
      return (length <= first.offset).then_some(0);
    }
    (behind + length <= first.offset).then_some(behind)
  }

  /// A frame's place is free; false when it had none.
  pub fn give(&mut self, id: u64) -> bool {
    let Some(piece) = self.pieces.iter_mut().find(|p| p.id == id && !p.free) else { return false };
    piece.free = true;
    while self.pieces.front().is_some_and(|p| p.free) {
      self.pieces.pop_front();
    }
    true
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn places_follow_each_other_and_never_meet() {
    let mut ring = Ring::new(16 * ALIGN);
    let mut taken: VecDeque<(u64, u64, u64)> = VecDeque::new();
    let mut random = 1u32;
    for id in 1..10_000 {
      random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
      let length = u64::from(random >> 20) % 400 + 1;
      match ring.take(id, length, false) {
        Some(offset) => {
          assert!(offset + length <= 16 * ALIGN);
          assert!(taken.iter().all(|(_, at, n)| offset + length <= *at || at + n <= offset));
          taken.push_back((id, offset, length));
        }
        None => assert!(!taken.is_empty()),
      }
      while taken.len() > (random >> 8) as usize % 5 {
        // Not always the oldest.
        let i = (random >> 4) as usize % taken.len();
        let (id, ..) = taken.remove(i).unwrap();
        assert!(ring.give(id) && !ring.give(id));
      }
    }
  }

  #[test]
  fn more_of_the_area_is_used_only_when_it_must_be() {
    let mut ring = Ring::new(4 * SOME);
    assert_eq!(ring.take(1, SOME, false), Some(0));
    assert_eq!(ring.take(2, 1, false), None);
    assert_eq!(ring.take(2, 1, true), Some(SOME));
    assert_eq!(ring.take(3, 4 * SOME, true), None);
    assert!(ring.give(1) && ring.give(2));
    assert_eq!(ring.take(3, 4 * SOME, false), Some(0));
    assert_eq!((ring.take(4, 4 * SOME + 1, true), ring.take(4, 0, true)), (None, None));
  }
}
