//! The program's platform as the board of the host.

use core::task::Waker;

use g2g_runtime::{Board, Cause};

use crate::types::CPlatform;
use crate::wake;

/// Why the processor started.
pub const CAUSE_POWER: i32 = 1;
pub const CAUSE_PIN: i32 = 2;
pub const CAUSE_PROGRAM: i32 = 3;
pub const CAUSE_WATCHDOG: i32 = 4;

/// The board.
pub struct Platform {
  at: *const CPlatform,
  /// When the host wants to go on, ns; `i64::MAX` for no time.
  pub alarm: i64,
}

impl Platform {
  /// A board over a platform.
  ///
  /// # Safety
  /// It stays as it is while the board is used.
  pub const unsafe fn new(at: *const CPlatform) -> Self {
    Platform { at, alarm: i64::MAX }
  }

  fn get(&self) -> &CPlatform {
    // By the contract of `new`.
    unsafe { &*self.at }
  }
}

impl Board for Platform {
  fn print(&mut self, text: &[u8]) {
    let p = self.get();
    if let Some(print) = p.print {
      unsafe { print(p.this, text.as_ptr(), text.len() as u32) };
    }
  }

  fn now(&self) -> i64 {
    let p = self.get();
    p.now.map_or(1, |now| unsafe { now(p.this) }).max(1)
  }

  fn wake_at(&mut self, at: i64, _: &Waker) {
    self.alarm = self.alarm.min(at);
  }

  fn watchdog(&self) -> Option<i64> {
    Some(self.get().watchdog).filter(|period| *period > 0)
  }

  fn feed(&mut self) {
    let p = self.get();
    if let Some(feed) = p.feed {
      unsafe { feed(p.this) };
    }
  }

  fn cause(&self) -> Cause {
    match self.get().cause {
      CAUSE_POWER => Cause::Power,
      CAUSE_PIN => Cause::Pin,
      CAUSE_PROGRAM => Cause::Program,
      CAUSE_WATCHDOG => Cause::Watchdog,
      _ => Cause::Unknown,
    }
  }

  fn random(&mut self, to: &mut [u8]) -> bool {
    let p = self.get();
    p.random.is_some_and(|random| unsafe { random(p.this, to.as_mut_ptr(), to.len() as u32) })
  }

  fn stack(&self) -> Option<(u32, u32)> {
    let p = self.get();
    let left = unsafe { p.stack_left?(p.this) };
    Some((p.stack_size.saturating_sub(left), p.stack_size))
  }
}

/// Has a step asked for when somebody has called, else when the alarm says.
pub fn until(alarm: i64) -> i64 {
  if wake::woken() { 0 } else { alarm }
}
