//! An element that the core has opened.

/// Elements that a pipeline can have open at once.
pub(crate) const MAX_INSTANCES: usize = 8;

/// The name of an instance, or its beginning, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Name {
  bytes: [u8; 20],
  length: u8,
}

impl Name {
  pub const PIPELINE: Name = Name::new("pipeline");

  pub const fn new(name: &str) -> Self {
    let mut bytes = [0; 20];
    let mut length = 0;
    while length < name.len() && length < bytes.len() {
      bytes[length] = name.as_bytes()[length];
      length += 1;
    }
    Name { bytes, length: length as u8 }
  }

  pub fn bytes(&self) -> &[u8] {
    self.bytes.get(..self.length as usize).unwrap_or(&[])
  }
}

/// An open element.
pub(crate) struct Instance {
  pub handle: i32,
  pub name: Name,
  /// Where the implementor of the elements has it.
  pub slot: usize,
  /// When it was last given something, completed something, or was opened, ns.
  pub last: i64,
  /// The epoch of the last Flush.
  pub epoch: u32,
  /// It was given properties or caps that the boot log does not have.
  pub changed: bool,
}

impl Instance {
  pub const fn new(slot: usize, name: &str, now: i64) -> Self {
    Instance { handle: 0, name: Name::new(name), slot, last: now, epoch: 0, changed: false }
  }
}
