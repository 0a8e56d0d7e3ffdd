//! Timers whose interrupt comes at a pace.

/// A timer.
pub trait Pace {
  /// Has the interrupt come every so many ticks of its clock.
  fn repeat(&self, ticks: u32);
  /// No interrupt comes any more.
  fn stop(&self);
  /// Takes the interrupt back.
  fn clear(&self);
}
