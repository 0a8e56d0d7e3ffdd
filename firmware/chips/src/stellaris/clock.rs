//! Time for embassy-time: the processor's SysTick (ARM DDI 0403, B3.3) counts, a timer wakes who is due. The timers of this
//! part cannot be read in the emulator.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use super::Timer;
use crate::registers::Registers;

const CONTROL: usize = 0x0;
const RELOAD: usize = 0x4;
const VALUE: usize = 0x8;

const ENABLE: u32 = 1;
const PROCESSOR_CLOCK: u32 = 4;
const ROUND: u32 = 1 << 24;

/// The most counts that an alarm is set for: the counter must be read before it has come round.
const LONGEST: u32 = ROUND / 2;

struct State {
  /// What the counter said when it was last read.
  last: u32,
  /// Ticks of embassy-time until then, and counts that make no whole tick.
  ticks: u64,
  rest: u32,
  queue: Queue,
}

/// A clock of the SysTick and a timer.
pub struct Clock<S, T> {
  systick: S,
  alarm: Timer<T>,
  divider: u32,
  state: Mutex<RefCell<State>>,
}

impl<S: Registers, T: Registers> Clock<S, T> {
  /// A clock that stands still.
  /// @param systick the registers of the SysTick
  /// @param divider counts of the processor's clock that make a tick of embassy-time
  pub const fn new(systick: S, alarm: T, divider: u32) -> Self {
    let state = State { last: ROUND - 1, ticks: 0, rest: 0, queue: Queue::new() };
    Clock { systick, alarm: Timer::new(alarm), divider, state: Mutex::new(RefCell::new(state)) }
  }

  /// Starts it; the board then lets the alarm's interrupt through.
  pub fn start(&self) {
    self.systick.write(CONTROL, 0);
    self.systick.write(RELOAD, ROUND - 1);
    self.systick.write(VALUE, 0);
    self.systick.write(CONTROL, ENABLE | PROCESSOR_CLOCK);
    self.with(|state| {
      state.last = self.systick.read(VALUE) & (ROUND - 1);
      self.set_alarm(state);
    });
  }

  /// The alarm's interrupt.
  pub fn interrupt(&self) {
    self.with(|state| self.set_alarm(state));
  }

  fn read(&self, state: &mut State) -> u64 {
    let value = self.systick.read(VALUE) & (ROUND - 1);
    let counts = state.last.wrapping_sub(value) & (ROUND - 1);
    state.last = value;
    let counts = counts + state.rest;
    state.rest = counts % self.divider;
    state.ticks += u64::from(counts / self.divider);
    state.ticks
  }

  /// Wakes who is due, and has the interrupt come when the next one is.
  fn set_alarm(&self, state: &mut State) {
    let now = self.read(state);
    let next = state.queue.next_expiration(now);
    let ticks = next.saturating_sub(now).clamp(1, (LONGEST / self.divider).into()) as u32;
    self.alarm.once(ticks * self.divider);
  }

  fn with<O>(&self, call: impl FnOnce(&mut State) -> O) -> O {
    critical_section::with(|cs| call(&mut self.state.borrow_ref_mut(cs)))
  }
}

impl<S: Registers + Send + Sync + 'static, T: Registers + Send + Sync + 'static> Driver for Clock<S, T> {
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

  #[derive(Default)]
  struct Part {
    value: AtomicU32,
    load: AtomicU32,
  }

  impl Registers for &'static Part {
    fn read(&self, _: usize) -> u32 {
      self.value.load(Ordering::Relaxed)
    }
    fn write(&self, offset: usize, value: u32) {
      if offset == 0x28 {
        self.load.store(value, Ordering::Relaxed);
      }
    }
  }

  #[test]
  fn ticks_are_exact_over_many_rounds() {
    let part: &'static Part = Box::leak(Box::default());
    part.value.store(ROUND - 1, Ordering::Relaxed);
    let clock = Clock::new(part, part, 50);
    clock.start();
    let mut counts = 0u64;
    for i in 0..10_000u64 {
      counts += 1 + i * 7919 % 16_000_000;
      part.value.store((u64::from(ROUND) - 1 - counts % u64::from(ROUND)) as u32, Ordering::Relaxed);
      assert_eq!(clock.now(), counts / 50);
    }
    assert!(counts > 100 << 24);
  }

  #[test]
  fn without_anybody_who_waits_the_counter_is_still_read_in_time() {
    let part: &'static Part = Box::leak(Box::default());
    Clock::new(part, part, 50).start();
    let load = part.load.load(Ordering::Relaxed);
    assert!(load > ROUND / 4 && load <= ROUND / 2, "{load}");
  }
}
