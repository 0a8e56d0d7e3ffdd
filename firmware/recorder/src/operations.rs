//! Credits with a block, which say where data comes to lie.

/// As many as a host has pending.
const MOST: usize = 32;

#[derive(Clone, Copy)]
pub(crate) struct Credit {
  pub token: u32,
  pub handle: i32,
  /// Address of the block.
  pub block: u32,
}

pub(crate) struct Credits {
  slots: [Option<Credit>; MOST],
}

impl Credits {
  pub const fn new() -> Self {
    Credits { slots: [None; MOST] }
  }

  /// Follows a credit; false when there are too many.
  pub fn insert(&mut self, credit: Credit) -> bool {
    let Some(slot) = self.slots.iter_mut().find(|s| s.is_none()) else { return false };
    *slot = Some(credit);
    true
  }

  /// Takes a credit out, which has one completion.
  pub fn take(&mut self, token: u32) -> Option<Credit> {
    self.slots.iter_mut().find(|s| s.is_some_and(|c| c.token == token))?.take()
  }

  pub fn clear(&mut self) {
    self.slots = [None; MOST];
  }
}
