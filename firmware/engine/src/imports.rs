//! What the core asks of the host.

use g2g_interface::Memory;

/// The imports of the core: see DESIGN.md, "Imports". None of them may call the engine.
///
/// Addresses are as the core gave them: nothing has been checked. Results below 0 are those of
/// [`g2g_interface::abi::HostError`].
pub trait Imports {
  /// Opens something; a handle of 1 or more.
  fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32) -> i32;
  /// Submits an operation; 0 or more when it is done.
  #[allow(clippy::too_many_arguments)]
  fn submit(&mut self, memory: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32;
  /// Asks for an operation to end; its last completion still comes.
  fn cancel(&mut self, token: u32);
  /// Closes a handle on which nothing is pending.
  fn close(&mut self, handle: i32);
  /// One more reference on a memory handle.
  fn retain(&mut self, handle: i32);
  /// One reference less.
  fn release(&mut self, handle: i32);
  /// A message for the bus.
  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32);
  /// Fills bytes with random numbers.
  fn random(&mut self, memory: Memory, ptr: u32, length: u32);
  /// ns, for statistics only.
  fn tick(&mut self) -> i64;
}
