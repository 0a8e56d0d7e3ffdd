//! The elements of a board, for the host.

use g2g_elements::Registry;
use g2g_interface::{HostElement, HostError};
use g2g_runtime::Elements;

/// Elements that a board can have at most: one of each that there is, and several checksums.
pub const MOST: usize = 12;

/// The elements of a board, each of which is made once and used again.
#[derive(Default)]
pub struct BoardElements {
  registry: Registry<MOST>,
}

impl BoardElements {
  /// None.
  pub const fn new() -> Self {
    BoardElements { registry: Registry::new() }
  }

  /// Adds an element.
  pub fn add(&mut self, factory: &'static str, element: &'static mut dyn HostElement) {
    self.registry.add(factory, element);
  }
}

impl Elements for BoardElements {
  fn open(&mut self, factory: &str, _: &str) -> Result<usize, HostError> {
    self.registry.open(factory)
  }

  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    self.registry.element(slot)
  }

  fn close(&mut self, slot: usize) {
    self.registry.close(slot);
  }
}
