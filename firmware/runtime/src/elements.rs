//! The host elements of an image.

use g2g_interface::{HostElement, HostError};

/// The host elements that an image has. An instance lives in a slot, a small number of the implementor's choice, from
/// [`Elements::open`] to [`Elements::close`]; slots are used again.
pub trait Elements {
  /// Makes an instance.
  /// @param factory the name of the element
  /// @param name the name of the instance, which lives only during the call
  /// @returns its slot; `NotFound` when the image has no such element, `Busy` when its hardware serves another instance
  fn open(&mut self, factory: &str, name: &str) -> Result<usize, HostError>;

  /// The instance in a slot; `None` when there is none.
  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement>;

  /// Ends an instance, whatever is pending on it: its hardware stops, no memory is touched afterwards, and the slot can be
  /// opened again.
  fn close(&mut self, slot: usize);
}
