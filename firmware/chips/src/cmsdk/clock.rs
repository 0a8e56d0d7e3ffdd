//! Time for embassy-time from two timers: one counts, the other wakes. Nothing ticks between.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use super::Timer;
use crate::pace::Pace;
use crate::registers::Registers;

/// The most counts that an alarm is set for: the counter must be read before it has come round.
const LONGEST: u32 = 1 << 31;

struct State {
  /// What the counter said when it was last read.
  last: u32,
  /// Ticks of embassy-time until then, and counts that make no whole tick.
  ticks: u64,
  rest: u32,
  queue: Queue,
}

/// A clock of two timers.
pub struct Clock<R> {
  counter: Timer<R>,
  alarm: Timer<R>,
  /// Counts of the timers that make a tick.
  divider: u32,
  state: Mutex<RefCell<State>>,
}

impl<R: Registers> Clock<R> {
  /// A clock that stands still.
  /// @param divider counts of the timers that make a tick of embassy-time
  pub const fn new(counter: R, alarm: R, divider: u32) -> Self {
    let state = State { last: u32::MAX, ticks: 0, rest: 0, queue: Queue::new() };
    Clock { counter: Timer::new(counter), alarm: Timer::new(alarm), divider, state: Mutex::new(RefCell::new(state)) }
  }

  /// Starts it; the board then lets the alarm's interrupt through.
  pub fn start(&self) {
    self.counter.run_free();
    self.with(|state| {
      state.last = self.counter.value();
      self.set_alarm(state);
    });
  }

  /// The alarm's interrupt.
  pub fn interrupt(&self) {
    self.with(|state| self.set_alarm(state));
  }

  fn read(&self, state: &mut State) -> u64 {
    let value = self.counter.value();
    let counts = state.last.wrapping_sub(value);
    state.last = value;
    // Less than two dividers, so that it cannot overflow.
    let rest = counts % self.divider + state.rest;
    let more = u32::from(rest >= self.divider);
    state.rest = rest - more * self.divider;
    state.ticks += u64::from(counts / self.divider) + u64::from(more);
    state.ticks
  }

  /// Wakes who is due, and has the interrupt come when the next one is.
  fn set_alarm(&self, state: &mut State) {
    self.alarm.stop();
    let now = self.read(state);
    let next = state.queue.next_expiration(now);
    let ticks = next.saturating_sub(now).min(u64::from(LONGEST / self.divider)) as u32;
    // The tick that has begun is not over, so that it comes late rather than early.
    self.alarm.repeat(ticks * self.divider);
  }

  fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> T {
    critical_section::with(|cs| call(&mut self.state.borrow_ref_mut(cs)))
  }
}

impl<R: Registers + Send + Sync + 'static> Driver for Clock<R> {
  fn now(&self) -> u64 {
    self.with(|state| self.read(state))
  }

  fn schedule_wake(&self, at: u64, waker: &Waker) {
    self.with(|state| {
      if state.queue.schedule_wake(at, waker) {
        self.set_alarm(state);
      }
    });
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::sync::atomic::{AtomicU32, Ordering};

  /// The registers of a timer whose value a test sets.
  #[derive(Default)]
  struct Fake {
    value: AtomicU32,
    reload: AtomicU32,
  }

  impl Registers for &'static Fake {
    fn read(&self, _: usize) -> u32 {
      self.value.load(Ordering::Relaxed)
    }
    fn write(&self, offset: usize, value: u32) {
      match offset {
        4 => self.value.store(value, Ordering::Relaxed),
        8 => self.reload.store(value, Ordering::Relaxed),
        _ => {}
      }
    }
  }

  fn fakes() -> (&'static Fake, &'static Fake) {
    (Box::leak(Box::default()), Box::leak(Box::default()))
  }

  #[test]
  fn ticks_are_exact_over_many_readings_and_rounds() {
    let (counter, alarm) = fakes();
    let clock = Clock::new(counter, alarm, 25);
    clock.start();
    let mut counts = 0u64;
    for i in 0..100_000u64 {
      counts += 1 + i * 7919 % 200_000;
      counter.value.store((u32::MAX as u64 - counts % (1 << 32)) as u32, Ordering::Relaxed);
      assert_eq!(clock.now(), counts / 25);
    }
    assert!(counts > 2 << 32, "it has come round");
  }

  #[test]
  fn without_a_timer_the_counter_is_still_read_in_time() {
    let (counter, alarm) = fakes();
    let clock = Clock::new(counter, alarm, 25);
    clock.start();
    let reload = alarm.reload.load(Ordering::Relaxed);
    assert!(reload > 1 << 30 && reload < 1 << 31, "{reload}");
  }
}
