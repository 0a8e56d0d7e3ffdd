//! What a handle of `open` stands for.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use g2g_interface::Memory;
use g2g_interface::abi::Op;

use crate::outbox::Outbox;

/// The linear memory of an instance. It does not move, and stays until no thread works on an operation.
#[derive(Clone, Copy)]
pub struct Linear(pub Memory);

// What an operation names is the host's until its completion, so that a thread of the host and the core never touch the
// same bytes; and the memory outlives the operation (`Outbox::begin`).
unsafe impl Send for Linear {}
unsafe impl Sync for Linear {}

/// Bytes that went through files, for statistics and progress.
#[derive(Debug, Default)]
pub struct Traffic {
  /// Reads that were submitted.
  pub reads: AtomicU64,
  /// Bytes that were read.
  pub read_bytes: AtomicU64,
  /// Writes that were submitted.
  pub writes: AtomicU64,
  /// Bytes that were written.
  pub written_bytes: AtomicU64,
  /// Bytes of the regular files that are read.
  pub input_bytes: AtomicU64,
}

/// What a resource may use of the host.
#[derive(Clone)]
pub struct ResourceHost {
  /// The memory of the instance.
  pub memory: Linear,
  /// Where completions go.
  pub outbox: Outbox,
  /// To be counted.
  pub traffic: Arc<Traffic>,
}

/// A resource that the core has opened. All calls come from the loop of the pipeline, some inside a step: none may wait.
pub trait Resource: Send {
  /// Starts an operation; see DESIGN.md, "Operations".
  /// @returns a result of 0 or more, Pending, or a negative HostError
  fn submit(&mut self, op: Op, ptr: u32, length: u32, aux: i64, token: u32) -> i32;

  /// Asks for an operation to end soon; a token that is not this resource's is nothing.
  fn cancel(&mut self, token: u32);

  /// Does a piece of what can be done in this thread while the core has nothing to do; whether there was any.
  fn idle(&mut self) -> bool {
    false
  }

  /// Called after each step: moves what can be moved, and has the outbox woken when there is more to do.
  /// @param now the host's clock, ns
  fn poll(&mut self, now: i64) {
    let _ = now;
  }

  /// Gives the resource back; nothing is pending on it, but after a trap.
  fn close(&mut self);
}
