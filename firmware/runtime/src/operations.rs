//! The operations that are pending, each known until its last completion.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use g2g_interface::abi::Op;
use g2g_interface::{Completion, HostError, Ring};

/// Operations that can be pending at once; one more is refused. As many as a word has bits.
const MAX_OPERATIONS: usize = 32;

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
  /// The element has it.
  Pending,
  /// The element did not take it, or failed; it is offered to it from a time on, ns.
  Held(i64),
  /// The element failed, and the ladder has not yet been asked.
  Failed(HostError),
  /// The host has ended it, and the completion waits for room in the ring.
  Ended(i32),
}

/// An operation as it was submitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
  pub token: u32,
  pub handle: i32,
  pub op: Op,
  /// Of a credit the block, of a frame its record.
  pub ptr: u32,
  /// Bytes of the block.
  pub length: u32,
  /// Of a credit or a drain.
  pub pad: u32,
  /// Data that may still come.
  pub left: u32,
  /// When it was submitted, or when its frame is due, ns.
  pub since: i64,
  /// Counts operations, since tokens do not say which came first.
  pub serial: u32,
  /// How often it was offered again.
  pub tries: u8,
  pub cancelled: bool,
  pub stage: Stage,
}

/// All of them. A record is there where `used` has its bit set, so that an empty table is no data of the image.
pub struct Operations {
  records: [MaybeUninit<Operation>; MAX_OPERATIONS],
  used: u32,
  serial: u32,
}

impl Default for Operations {
  fn default() -> Self {
    Self::new()
  }
}

impl Operations {
  /// An empty table.
  pub const fn new() -> Self {
    Operations { records: [MaybeUninit::uninit(); MAX_OPERATIONS], used: 0, serial: 0 }
  }

  pub(crate) fn clear(&mut self) {
    self.used = 0;
  }

  /// Whether one more can be taken.
  pub(crate) fn room(&self) -> bool {
    self.used != u32::MAX
  }

  /// Takes an operation in; false when there is no room.
  pub(crate) fn insert(&mut self, mut operation: Operation) -> bool {
    let free = (!self.used).trailing_zeros();
    let Some(record) = self.records.get_mut(free as usize) else { return false };
    operation.serial = self.serial;
    self.serial = self.serial.wrapping_add(1);
    record.write(operation);
    self.used |= 1 << free;
    true
  }

  pub(crate) fn find(&mut self, token: u32) -> Option<&mut Operation> {
    self.iter_mut().find(|o| o.token == token)
  }

  pub(crate) fn remove(&mut self, token: u32) {
    self.retain(|o| o.token != token);
  }

  /// Forgets those that a test does not keep.
  fn retain(&mut self, mut keep: impl FnMut(&Operation) -> bool) {
    let mut used = self.used;
    for (i, record) in self.records.iter().enumerate() {
      // A record whose bit is set was written.
      if self.used >> i & 1 != 0 && !keep(unsafe { record.assume_init_ref() }) {
        used &= !(1 << i);
      }
    }
    self.used = used;
  }

  pub(crate) fn iter(&self) -> impl Iterator<Item = &Operation> {
    let used = self.used;
    let there = self.records.iter().enumerate().filter(move |(i, _)| used >> i & 1 != 0);
    there.map(|(_, record)| unsafe { record.assume_init_ref() })
  }

  pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Operation> {
    let used = self.used;
    let there = self.records.iter_mut().enumerate().filter(move |(i, _)| used >> i & 1 != 0);
    there.map(|(_, record)| unsafe { record.assume_init_mut() })
  }

  /// Of the operations that a test picks the one that was submitted first.
  pub(crate) fn oldest(&self, pick: impl Fn(&Operation) -> bool) -> Option<Operation> {
    // Serials wrap; those of pending operations lie close together.
    let age = |o: &&Operation| self.serial.wrapping_sub(o.serial);
    self.iter().filter(|o| pick(o)).max_by_key(age).copied()
  }

  /// Writes completions of what the host has ended; whether there were any.
  pub(crate) fn flush(&mut self, ring: &mut Ring) -> bool {
    let before = self.used;
    self.retain(|o| match o.stage {
      Stage::Ended(result) => !ring.put(&Completion::result(o.token, result)),
      _ => true,
    });
    self.used != before
  }
}

struct Kept(UnsafeCell<Operations>);

// Only the task of the host has it.
unsafe impl Sync for Kept {}

static G2G_OPERATIONS: Kept = Kept(UnsafeCell::new(Operations::new()));

/// The table of this board.
///
/// # Safety
/// It is taken once.
pub(crate) unsafe fn kept() -> &'static mut Operations {
  unsafe { &mut *G2G_OPERATIONS.0.get() }
}
