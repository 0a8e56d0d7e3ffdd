//! Completions, and the ring in linear memory through which the core gets them.

use crate::NONE;
use crate::abi::Completed;
use crate::memory::Memory;

/// Bytes of a completion in the ring.
pub const COMPLETION_SIZE: u32 = 64;

/// What an operation came to. Fields that a kind does not use are 0, times NONE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
  /// The operation.
  pub token: u32,
  /// What is told of it.
  pub kind: Completed,
  /// Number among the src pads, for Data and Caps.
  pub pad: u16,
  /// The result: bytes, or a negative `HostError`.
  pub result: i32,
  /// The epoch that the element was told with the last Flush.
  pub epoch: u32,
  /// A memory handle whose reference goes to the core.
  pub handle: i32,
  /// Bits of [`crate::abi::frame_flag`].
  pub flags: u32,
  /// Presentation time, ns.
  pub pts: i64,
  /// Decoding time, ns.
  pub dts: i64,
  /// Duration, ns.
  pub duration: i64,
  /// Time of the capture on the host's clock, ns.
  pub capture: i64,
  /// Memory of `alloc`.
  pub extra: u32,
  /// Its bytes.
  pub length: u32,
}

impl Completion {
  /// A completion of which nothing is known but its operation and kind.
  pub const fn new(token: u32, kind: Completed) -> Self {
    Completion {
      token,
      kind,
      pad: 0,
      result: 0,
      epoch: 0,
      handle: 0,
      flags: 0,
      pts: NONE,
      dts: NONE,
      duration: NONE,
      capture: NONE,
      extra: 0,
      length: 0,
    }
  }

  /// The end of an operation: `result` is what it came to, or a negative `HostError`.
  pub const fn result(token: u32, result: i32) -> Self {
    let mut c = Completion::new(token, Completed::Result);
    c.result = result;
    c
  }

  fn write(&self, r: &mut [u8]) {
    let put = |r: &mut [u8], at: usize, b: &[u8]| r[at..at + b.len()].copy_from_slice(b);
    put(r, 0, &self.token.to_le_bytes());
    put(r, 4, &(self.kind as u16).to_le_bytes());
    put(r, 6, &self.pad.to_le_bytes());
    put(r, 8, &self.result.to_le_bytes());
    put(r, 12, &self.epoch.to_le_bytes());
    put(r, 16, &self.handle.to_le_bytes());
    put(r, 20, &self.flags.to_le_bytes());
    put(r, 24, &self.pts.to_le_bytes());
    put(r, 32, &self.dts.to_le_bytes());
    put(r, 40, &self.duration.to_le_bytes());
    put(r, 48, &self.capture.to_le_bytes());
    put(r, 56, &self.extra.to_le_bytes());
    put(r, 60, &self.length.to_le_bytes());
  }
}

/// The ring, whose header is `head, tail, slots, records`, each u32. The host counts `tail` up, the core `head`.
#[derive(Clone, Copy)]
pub struct Ring {
  memory: Memory,
  at: u32,
  slots: u32,
  records: u32,
}

impl Ring {
  /// The ring whose header lies at `at`; `None` when it is not one.
  pub fn new(memory: Memory, at: u32) -> Option<Ring> {
    let ring = Ring { memory, at, slots: memory.u32(at.checked_add(8)?)?, records: memory.u32(at.checked_add(12)?)? };
    memory.pointer(ring.records, ring.slots.checked_mul(COMPLETION_SIZE)?)?;
    if ring.slots.is_power_of_two() { Some(ring) } else { None }
  }

  /// How many completions the ring can hold in all.
  pub fn slots(&self) -> u32 {
    self.slots
  }

  fn tail(&self) -> u32 {
    self.memory.u32(self.at + 4).unwrap_or(0)
  }

  /// How many completions wait for the core.
  pub fn waiting(&self) -> u32 {
    self.tail().wrapping_sub(self.memory.u32(self.at).unwrap_or(0))
  }

  /// How many more fit now.
  pub fn room(&self) -> u32 {
    self.slots.saturating_sub(self.waiting())
  }

  /// Puts a completion in; false when the ring is full.
  pub fn put(&mut self, completion: &Completion) -> bool {
    if self.room() == 0 {
      return false;
    }
    let tail = self.tail();
    let Some(record) = self.memory.bytes_mut(self.records + tail % self.slots * COMPLETION_SIZE, COMPLETION_SIZE)
    else {
      return false;
    };
    completion.write(record);
    self.memory.set_u32(self.at + 4, tail.wrapping_add(1))
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_full_ring_waits_and_goes_on_over_the_wrap() {
    let mut bytes = [0u8; 16 + 4 * 64];
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), bytes.len() as u32) };
    memory.set_u32(0, u32::MAX - 1);
    memory.set_u32(4, u32::MAX - 1);
    memory.set_u32(8, 4);
    memory.set_u32(12, 16);
    let mut ring = Ring::new(memory, 0).unwrap();
    for token in 0..4 {
      assert!(ring.put(&Completion::result(token, 7)));
    }
    assert!(!ring.put(&Completion::result(9, 7)));
    assert_eq!((memory.u32(4), memory.u32(16 + 2 * 64), memory.u32(16 + 8)), (Some(2), Some(0), Some(7)));
    memory.set_u32(0, 2);
    assert_eq!(ring.room(), 4);
  }

  #[test]
  fn a_ring_outside_the_memory_is_refused() {
    let mut bytes = [0u8; 64];
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), 64) };
    memory.set_u32(8, 4);
    assert!(Ring::new(memory, 0).is_none());
    assert!(Ring::new(memory, 60).is_none());
    assert!(Ring::new(memory, u32::MAX - 3).is_none());
  }
}
