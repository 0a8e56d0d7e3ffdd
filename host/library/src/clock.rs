//! The host's clock.

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};

/// A monotonic clock, ns. Copies are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Default for Clock {
  /// The system's.
  fn default() -> Self {
    Clock(Arc::new(system))
  }
}

impl Clock {
  /// A clock of the program's own, which never goes back.
  pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
    Clock(Arc::new(now))
  }

  /// The time.
  pub fn now(&self) -> i64 {
    (self.0)()
  }

  /// The time for what elements take, which is the system's whatever the clock.
  pub fn tick(&self) -> i64 {
    system()
  }
}

fn system() -> i64 {
  let t = clock_gettime(ClockId::Monotonic);
  t.tv_sec * 1_000_000_000 + t.tv_nsec
}
