//! The system counter and a system timer of Arm's SSE-300 (ARM 101773, chapter 5): a count of 64 bits, and an alarm that is
//! compared with it.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::pace::Pace;
use crate::registers::Registers;

/// Of the counter's control frame.
const COUNTER_CONTROL: usize = 0x00;

const COUNT_LOW: usize = 0x00;
const COUNT_HIGH: usize = 0x04;
const COMPARE_LOW: usize = 0x20;
const COMPARE_HIGH: usize = 0x24;
const CONTROL: usize = 0x2c;
const INCREMENT: usize = 0x48;

const ENABLE: u32 = 1;

/// A system timer.
pub struct Timer<R> {
  registers: R,
}

impl<R: Registers> Timer<R> {
  /// The timer with these registers.
  pub const fn new(registers: R) -> Self {
    Timer { registers }
  }

  /// The system counter.
  pub fn count(&self) -> u64 {
    loop {
      let high = self.registers.read(COUNT_HIGH);
      let low = self.registers.read(COUNT_LOW);
      if self.registers.read(COUNT_HIGH) == high {
        return u64::from(high) << 32 | u64::from(low);
      }
    }
  }

  /// Has the interrupt come, and stay, from a count on.
  pub fn alarm(&self, at: u64) {
    self.registers.write(CONTROL, 0);
    self.registers.write(COMPARE_LOW, at as u32);
    self.registers.write(COMPARE_HIGH, (at >> 32) as u32);
    self.registers.write(CONTROL, ENABLE);
  }
}

/// The register of the timer's own repetition only remembers the period: in the emulator, each repetition would begin when the
/// last was noticed.
impl<R: Registers> Pace for Timer<R> {
  fn repeat(&self, counts: u32) {
    self.registers.write(INCREMENT, counts.max(1));
    self.alarm(self.count() + u64::from(counts));
  }

  fn stop(&self) {
    self.registers.write(CONTROL, 0);
  }

  fn clear(&self) {
    let compare = u64::from(self.registers.read(COMPARE_HIGH)) << 32 | u64::from(self.registers.read(COMPARE_LOW));
    let period = u64::from(self.registers.read(INCREMENT));
    // After an interrupt that came late, the next is not held back, but does not come at once either.
    self.alarm((compare + period).max(self.count() + period / 2));
  }
}

/// Lets the system counter run.
/// @param control its control frame
pub fn start_counter(control: &impl Registers) {
  control.write(COUNTER_CONTROL, ENABLE);
}

/// Time for embassy-time from the system counter; nothing ticks.
pub struct Clock<R> {
  timer: Timer<R>,
  /// Counts that make a tick of embassy-time.
  divider: u32,
  queue: Mutex<RefCell<Queue>>,
}

impl<R: Registers> Clock<R> {
  /// A clock over a timer; it stands still until the counter was started, and the board lets the timer's interrupt through.
  pub const fn new(timer: R, divider: u32) -> Self {
    Clock { timer: Timer::new(timer), divider, queue: Mutex::new(RefCell::new(Queue::new())) }
  }

  /// The alarm's interrupt.
  pub fn interrupt(&self) {
    critical_section::with(|cs| self.set_alarm(&mut self.queue.borrow_ref_mut(cs)));
  }

  fn ticks(&self) -> u64 {
    self.timer.count() / u64::from(self.divider)
  }

  /// Wakes who is due, and has the interrupt come when the next one is.
  fn set_alarm(&self, queue: &mut Queue) {
    match queue.next_expiration(self.ticks()).checked_mul(self.divider.into()) {
      Some(at) => self.timer.alarm(at),
      None => Pace::stop(&self.timer),
    }
  }
}

impl<R: Registers + Send + Sync + 'static> Driver for Clock<R> {
  fn now(&self) -> u64 {
    self.ticks()
  }

  fn schedule_wake(&self, at: u64, waker: &Waker) {
    critical_section::with(|cs| {
      let queue = &mut *self.queue.borrow_ref_mut(cs);
      if queue.schedule_wake(at, waker) {
        self.set_alarm(queue);
      }
    });
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::cell::Cell;

  /// A counter whose low half comes round between two readings.
  struct Turning {
    reads: Cell<u32>,
  }

  impl Registers for Turning {
    fn read(&self, offset: usize) -> u32 {
      let n = self.reads.get();
      self.reads.set(n + 1);
      let count = 0x1_ffff_fffe_u64 + u64::from(n);
      (if offset == COUNT_LOW { count } else { count >> 32 }) as u32
    }
    fn write(&self, _: usize, _: u32) {}
  }

  #[test]
  fn a_count_is_never_put_together_of_two() {
    for start in 0..4 {
      let timer = Timer::new(Turning { reads: Cell::new(start) });
      let before = 0x1_ffff_fffe + u64::from(start);
      let count = timer.count();
      assert!(count > before && count < before + 8, "{count:x}");
    }
  }
}
