//! Both timers as such that set a pace.

use super::{DualTimer, Timer};
use crate::pace::Pace;
use crate::registers::Registers;

impl<R: Registers> Pace for Timer<R> {
  fn repeat(&self, ticks: u32) {
    Timer::repeat(self, ticks);
  }

  fn stop(&self) {
    Timer::stop(self);
  }

  fn clear(&self) {
    Timer::clear(self);
  }
}

impl<R: Registers> Pace for DualTimer<R> {
  fn repeat(&self, ticks: u32) {
    DualTimer::repeat(self, ticks);
  }

  fn stop(&self) {
    DualTimer::stop(self);
  }

  fn clear(&self) {
    DualTimer::clear(self);
  }
}
