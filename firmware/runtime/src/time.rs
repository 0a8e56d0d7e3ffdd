//! The board's clock by way of embassy-time, whose ticks are a whole number of nanoseconds or a fraction of one.

use core::task::Waker;

use embassy_time::TICK_HZ;

const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since the start; 1 at the least, since a core takes 0 for no time at all.
pub(crate) fn now() -> i64 {
  let ticks = embassy_time_driver::now();
  let ns = if SECOND.is_multiple_of(TICK_HZ) {
    ticks * (SECOND / TICK_HZ)
  } else {
    ticks / TICK_HZ * SECOND + ticks % TICK_HZ * SECOND / TICK_HZ
  };
  ns.max(1) as i64
}

/// Has a task woken at a time, or one tick later.
pub(crate) fn wake_at(at: i64, waker: &Waker) {
  let at = at.max(0) as u64;
  let ticks = if SECOND.is_multiple_of(TICK_HZ) {
    at.div_ceil(SECOND / TICK_HZ)
  } else {
    at / SECOND * TICK_HZ + (at % SECOND * TICK_HZ).div_ceil(SECOND)
  };
  embassy_time_driver::schedule_wake(ticks, waker);
}
