//! The way of a thread into the memory of an instance, which ends with the element.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets a thread touch the memory of an instance as long as the element lives.
#[derive(Debug)]
pub struct Gate(Mutex<bool>);

impl Gate {
  /// An open gate.
  pub fn new() -> Gate {
    Gate(Mutex::new(true))
  }

  /// Enters for as long as the answer is held; `None` when the memory may be gone.
  pub fn enter(&self) -> Option<MutexGuard<'_, bool>> {
    let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
    open.then_some(open)
  }

  /// Nobody enters any more; waits for whoever is inside.
  pub fn shut(&self) {
    *self.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
  }
}
