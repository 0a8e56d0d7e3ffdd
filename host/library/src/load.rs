//! How busy the pipelines of this program keep the machine.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

/// Pipelines that take steps now.
static STEPPING: AtomicUsize = AtomicUsize::new(0);

/// A pipeline takes steps, as long as this lives.
pub struct Stepping;

impl Stepping {
  /// From now on.
  pub fn begin() -> Self {
    STEPPING.fetch_add(1, Ordering::Relaxed);
    Stepping
  }
}

impl Drop for Stepping {
  fn drop(&mut self) {
    STEPPING.fetch_sub(1, Ordering::Relaxed);
  }
}

/// Whether a processor has nothing to do while all of these pipelines take steps, so that a thread may work ahead of them.
pub fn has_spare() -> bool {
  static PROCESSORS: OnceLock<usize> = OnceLock::new();
  let processors = *PROCESSORS.get_or_init(|| available_parallelism().map_or(1, usize::from));
  STEPPING.load(Ordering::Relaxed) < processors
}
