//! What a board gives to the host.

use core::task::Waker;

/// Why the processor started, as far as the board can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
  /// The board cannot tell.
  Unknown,
  /// Power came.
  Power,
  /// The reset pin, or a debugger.
  Pin,
  /// The program asked for it.
  Program,
  /// The watchdog was not fed.
  Watchdog,
}

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
  /// The pipeline has ended by itself, and posted no error.
  Eos,
  /// The ladder ended it: nothing that may still be tried would help.
  Halted,
  /// The ladder asks for a reset of the processor.
  Reset,
}

/// A board, as the host sees it. Everything is called from the task of the host, never from an interrupt.
pub trait Board {
  /// Writes to the console, without waiting: what finds no room is left out, and the board says so when there is room.
  fn print(&mut self, text: &[u8]);

  /// A byte that was typed at the console; `None` when there is none. `waker` is woken by the next one.
  fn typed(&mut self, waker: &Waker) -> Option<u8> {
    let _ = waker;
    None
  }

  /// Nanoseconds since the start, more than 0 from the first call on and never less than before.
  #[cfg(feature = "embassy-time")]
  fn now(&self) -> i64 {
    crate::time::now()
  }

  /// Nanoseconds since the start, more than 0 from the first call on and never less than before.
  #[cfg(not(feature = "embassy-time"))]
  fn now(&self) -> i64;

  /// Has `waker` woken at a time of [`Board::now`], or before.
  #[cfg(feature = "embassy-time")]
  fn wake_at(&mut self, at: i64, waker: &Waker) {
    crate::time::wake_at(at, waker);
  }

  /// Has `waker` woken at a time of [`Board::now`], or before.
  #[cfg(not(feature = "embassy-time"))]
  fn wake_at(&mut self, at: i64, waker: &Waker);

  /// Nanoseconds after which the watchdog resets a processor that does not feed it, or `None` where there is no watchdog.
  /// It runs from the start of the host on.
  fn watchdog(&self) -> Option<i64> {
    None
  }

  /// Feeds the watchdog. The host calls it only when something has moved, or when nothing had to.
  fn feed(&mut self) {}

  /// Why the processor started.
  fn cause(&self) -> Cause {
    Cause::Unknown
  }

  /// Fills bytes with random numbers; false where the board has no source of them.
  fn random(&mut self, to: &mut [u8]) -> bool {
    let _ = to;
    false
  }

  /// A fault of the board itself that concerns the pipeline, in short; told once.
  fn fault(&mut self) -> Option<&'static str> {
    None
  }

  /// Bytes of the stack that were ever used, and all there are, where the board can tell.
  fn stack(&self) -> Option<(u32, u32)> {
    None
  }
}
