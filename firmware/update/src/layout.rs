//! Where everything lies, and what an image can take.

/// Places in the flash, offsets in bytes. All begin and end with blocks that are erased at once.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
  /// Two blocks, for what is written down.
  pub journal: u32,
  /// The slots.
  pub slots: [u32; 2],
  /// Bytes of each slot, its header among them.
  pub slot: u32,
}

/// What an image can take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
  /// Name of the board.
  pub board: &'static str,
  /// The Ed25519 key that signs packages.
  pub key: [u8; 32],
  /// Bytes of linear memory.
  pub memory: u32,
  /// Bytes of all that the interpreter has.
  pub arena: u32,
  /// Host elements in the image.
  pub elements: &'static [&'static str],
}
