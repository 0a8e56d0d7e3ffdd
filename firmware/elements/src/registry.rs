//! The elements that a board has.

use g2g_interface::{HostElement, HostError};

struct Entry {
  factory: &'static str,
  element: &'static mut dyn HostElement,
  open: bool,
}

/// The elements of a board, at most `N`. Several entries of one factory serve as many instances.
pub struct Registry<const N: usize> {
  entries: [Option<Entry>; N],
}

impl<const N: usize> Default for Registry<N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const N: usize> Registry<N> {
  /// An empty registry.
  pub const fn new() -> Self {
    Registry { entries: [const { None }; N] }
  }

  /// Adds an element, which stays the registry's.
  /// @returns false when there is no room
  pub fn add(&mut self, factory: &'static str, element: &'static mut dyn HostElement) -> bool {
    let free = self.entries.iter_mut().find(|e| e.is_none());
    match free {
      Some(entry) => {
        *entry = Some(Entry { factory, element, open: false });
        true
      }
      None => false,
    }
  }

  /// Takes an element that is not in use.
  /// @returns its slot; `NotFound` when the board has none of that factory, `Busy` when all are in use
  pub fn open(&mut self, factory: &str) -> Result<usize, HostError> {
    let mut error = HostError::NotFound;
    for (slot, entry) in self.entries.iter_mut().enumerate() {
      let Some(entry) = entry.as_mut().filter(|e| e.factory == factory) else { continue };
      if !entry.open {
        entry.open = true;
        return Ok(slot);
      }
      error = HostError::Busy;
    }
    Err(error)
  }

  /// The element in a slot, while it is open.
  pub fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    match self.entries.get_mut(slot)? {
      Some(entry) if entry.open => Some(&mut *entry.element),
      _ => None,
    }
  }

  /// Ends the use of an element, whatever is pending on it: its device stops and touches no memory of the core's any more.
  pub fn close(&mut self, slot: usize) {
    if let Some(element) = self.element(slot) {
      element.close();
    }
    if let Some(Some(entry)) = self.entries.get_mut(slot) {
      entry.open = false;
    }
  }
}

#[cfg(test)]
mod tests {
  use core::task::Context;

  use g2g_interface::Completions;

  use super::*;

  struct Nothing;
  impl HostElement for Nothing {
    fn poll(&mut self, _: &mut Context<'_>, _: i64, _: &mut dyn Completions) {}
  }

  #[test]
  fn each_entry_serves_one_instance_at_a_time() {
    let mut registry: Registry<2> = Registry::new();
    assert!(registry.add("a", Box::leak(Box::new(Nothing))));
    assert!(registry.add("a", Box::leak(Box::new(Nothing))));
    assert!(!registry.add("b", Box::leak(Box::new(Nothing))));
    assert_eq!((registry.open("a"), registry.open("a")), (Ok(0), Ok(1)));
    assert_eq!((registry.open("a"), registry.open("b")), (Err(HostError::Busy), Err(HostError::NotFound)));
    registry.close(0);
    assert!(registry.element(0).is_none() && registry.element(1).is_some() && registry.element(2).is_none());
    assert_eq!(registry.open("a"), Ok(0));
  }
}
