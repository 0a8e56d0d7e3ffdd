//! Memory of the core that devices use.

/// Blocks that a device can have under way.
pub const BLOCKS: usize = 16;

/// Memory of the core that a device may use until it gives it back.
#[derive(Clone, Copy, Debug)]
pub struct Block {
  /// Where it begins.
  pub at: *mut u8,
  /// Its bytes.
  pub length: u32,
  /// What it is known by.
  pub token: u32,
}

// A block is used by one side at a time.
unsafe impl Send for Block {}
