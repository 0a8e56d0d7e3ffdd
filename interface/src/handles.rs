//! Handles that the core holds: numbers for what only the host can see.

use crate::abi::HostError;

/// Why a handle was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleFault {
  /// No such handle: it was given back before, or never given out.
  Unknown,
  /// It is of another kind.
  Kind,
}

struct Slot<T> {
  value: Option<T>,
  owner: u32,
  references: u32,
  generation: u16,
}

/// A table of at most `N` handles, each with its owner, so that a leak or a second release names the element.
///
/// A handle is a slot and a generation, so that one that was given back is known as such.
pub struct Handles<T, const N: usize> {
  slots: [Slot<T>; N],
}

impl<T, const N: usize> Default for Handles<T, N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<T, const N: usize> Handles<T, N> {
  /// An empty table.
  pub const fn new() -> Self {
    Handles { slots: [const { Slot { value: None, owner: 0, references: 0, generation: 0 } }; N] }
  }

  /// Takes a value in with one reference; a handle of 1 or more.
  /// The first handles of a new table are 1, 2, 3 ….
  pub fn insert(&mut self, owner: u32, value: T) -> Result<i32, HostError> {
    let i = self.slots.iter().position(|s| s.value.is_none()).ok_or(HostError::TooMany)?;
    let slot = &mut self.slots[i];
    slot.value = Some(value);
    slot.owner = owner;
    slot.references = 1;
    Ok((slot.generation as i32) << 16 | (i as i32 + 1))
  }

  fn slot(&mut self, handle: i32) -> Result<&mut Slot<T>, HandleFault> {
    let i = (handle & 0xffff) as usize;
    let slot = i.checked_sub(1).and_then(|i| self.slots.get_mut(i)).ok_or(HandleFault::Unknown)?;
    if slot.value.is_none() || slot.generation as i32 != handle >> 16 {
      return Err(HandleFault::Unknown);
    }
    Ok(slot)
  }

  /// What a handle stands for.
  pub fn get(&mut self, handle: i32) -> Result<&mut T, HandleFault> {
    self.slot(handle).map(|s| s.value.as_mut().expect("a slot in use has a value"))
  }

  /// One more reference.
  pub fn retain(&mut self, handle: i32) -> Result<(), HandleFault> {
    let slot = self.slot(handle)?;
    slot.references += 1;
    Ok(())
  }

  /// One reference less; the value when it was the last.
  pub fn release(&mut self, handle: i32) -> Result<Option<T>, HandleFault> {
    let slot = self.slot(handle)?;
    slot.references -= 1;
    if slot.references > 0 {
      return Ok(None);
    }
    // 15 bits, so that a handle stays positive.
    slot.generation = (slot.generation + 1) & 0x7fff;
    Ok(slot.value.take())
  }

  /// Empties the table, as if it were new.
  pub fn clear(&mut self) {
    for slot in &mut self.slots {
      slot.value = None;
      slot.generation = 0;
    }
  }

  /// Handles in use with their owners.
  pub fn live(&self) -> impl Iterator<Item = (i32, u32)> + '_ {
    let used =
      |(i, s): (usize, &Slot<T>)| s.value.as_ref().map(|_| ((s.generation as i32) << 16 | (i as i32 + 1), s.owner));
    self.slots.iter().enumerate().filter_map(used)
  }

  /// The values in use.
  pub fn values(&mut self) -> impl Iterator<Item = &mut T> + '_ {
    self.slots.iter_mut().filter_map(|s| s.value.as_mut())
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_handle_given_back_is_known_as_such_though_its_slot_is_used_again() {
    let mut table: Handles<&str, 2> = Handles::new();
    let a = table.insert(10, "a").unwrap();
    assert_eq!(a, 1);
    table.retain(a).unwrap();
    assert_eq!(table.release(a), Ok(None));
    assert_eq!(table.release(a), Ok(Some("a")));
    let b = table.insert(11, "b").unwrap();
    assert_ne!(a, b);
    assert_eq!(table.release(a), Err(HandleFault::Unknown));
    assert_eq!(table.live().collect::<Vec<_>>(), [(b, 11)]);
  }

  #[test]
  fn a_table_that_was_emptied_gives_the_same_handles_again() {
    let mut table: Handles<u8, 4> = Handles::new();
    let first: Vec<_> = (0..3).map(|n| table.insert(0, n).unwrap()).collect();
    table.release(first[1]).unwrap();
    table.insert(0, 9).unwrap();
    table.clear();
    assert_eq!(table.live().count(), 0);
    assert_eq!((0..3).map(|n| table.insert(0, n).unwrap()).collect::<Vec<_>>(), first);
  }

  #[test]
  fn a_full_table_and_wild_handles_are_refused() {
    let mut table: Handles<u8, 1> = Handles::new();
    table.insert(0, 1).unwrap();
    assert_eq!(table.insert(0, 2), Err(HostError::TooMany));
    for wild in [0, -1, 2, i32::MIN, i32::MAX, 0x1_0001] {
      assert_eq!(table.get(wild), Err(HandleFault::Unknown));
    }
  }
}
