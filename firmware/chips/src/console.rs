//! A console over a serial port: text waits in memory until the port's interrupt takes it, so that nobody waits.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use critical_section::Mutex;

use crate::serial::Port;

/// A console, whatever port it is on.
pub trait Terminal {
  /// Takes text, without waiting; what finds no room is left out and counted.
  fn print(&self, text: &[u8]);
  /// Sends all that waits, and more text behind it, without interrupts: for last words. A port that does not move for a
  /// long time is given up.
  fn flush(&self, text: &[u8]);
  /// The byte that was typed last and not taken yet; `waker` is woken by the next one.
  fn typed(&self, waker: &Waker) -> Option<u8>;
}

/// The sending side of a serial port, byte by byte.
pub trait Transmitter {
  /// Sends a byte; false when the port has no room.
  fn send(&self, byte: u8) -> bool;
  /// Has the interrupt come when there is room again.
  fn listen(&self, on: bool);
}

struct State<const N: usize> {
  bytes: [u8; N],
  head: usize,
  length: usize,
  lost: usize,
}

impl<const N: usize> State<N> {
  fn put(&mut self, byte: u8) -> bool {
    if self.length == N {
      return false;
    }
    self.bytes[(self.head + self.length) % N] = byte;
    self.length += 1;
    true
  }

  fn first(&self) -> Option<u8> {
    if self.length > 0 { Some(self.bytes[self.head % N]) } else { None }
  }

  fn drop_first(&mut self) {
    self.head = (self.head + 1) % N;
    self.length -= 1;
  }

  /// Says how much was left out, once there is room to say it.
  fn own_up(&mut self) {
    const BEFORE: &[u8] = b"\r\n[";
    const BEHIND: &[u8] = b" bytes lost]\r\n";
    if self.lost == 0 || N - self.length < BEFORE.len() + 10 + BEHIND.len() {
      return;
    }
    let mut digits = [0; 10];
    let mut n = core::mem::take(&mut self.lost);
    let mut at = digits.len();
    loop {
      at -= 1;
      digits[at] = b'0' + (n % 10) as u8;
      n /= 10;
      if n == 0 || at == 0 {
        break;
      }
    }
    for byte in BEFORE.iter().chain(&digits[at..]).chain(BEHIND) {
      self.put(*byte);
    }
  }
}

/// A console with room for `N` bytes that wait.
pub struct Console<T, const N: usize> {
  port: T,
  state: Mutex<RefCell<State<N>>>,
  typed: Typed,
}

impl<T: Transmitter, const N: usize> Console<T, N> {
  /// A console without any text.
  pub const fn new(port: T) -> Self {
    let state = State { bytes: [0; N], head: 0, length: 0, lost: 0 };
    Console { port, state: Mutex::new(RefCell::new(state)), typed: Typed::new() }
  }

  /// The port.
  pub fn port(&self) -> &T {
    &self.port
  }

  fn with<R>(&self, call: impl FnOnce(&mut State<N>) -> R) -> R {
    critical_section::with(|cs| call(&mut self.state.borrow_ref_mut(cs)))
  }

  /// Sends what waits as long as the port has room.
  fn drain(&self) {
    self.with(|state| {
      while let Some(byte) = state.first() {
        if !self.port.send(byte) {
          break;
        }
        state.drop_first();
      }
      state.own_up();
      self.port.listen(state.length > 0);
    });
  }
}

impl<T: Port, const N: usize> Console<T, N> {
  /// The port's interrupt, whatever it is about.
  pub fn interrupt(&self) {
    while let Some(received) = self.port.receive() {
      if let Some(byte) = received.byte {
        self.typed.put(byte);
      }
    }
    self.drain();
  }
}

impl<T: Transmitter, const N: usize> Terminal for Console<T, N> {
  fn print(&self, text: &[u8]) {
    self.with(|state| {
      state.own_up();
      for byte in text {
        // Nothing behind a gap before it was owned up to, or the text would not show where it is.
        if state.lost > 0 || !state.put(*byte) {
          state.lost += 1;
        }
      }
    });
    self.drain();
  }

  fn flush(&self, text: &[u8]) {
    const PATIENCE: u32 = 1_000_000;
    let send = |byte: u8| (0..PATIENCE).any(|_| self.port.send(byte));
    let mut tries = 0;
    loop {
      // Taken and sent in one, or the interrupt would send what stands behind it first.
      let sent = self.with(|state| {
        let sent = self.port.send(state.first()?);
        if sent {
          state.drop_first();
        }
        Some(sent)
      });
      match sent {
        None => break,
        Some(true) => tries = 0,
        Some(false) if tries < PATIENCE => tries += 1,
        Some(false) => return,
      }
    }
    for byte in text {
      if !send(*byte) {
        return;
      }
    }
  }

  fn typed(&self, waker: &Waker) -> Option<u8> {
    self.typed.take(waker)
  }
}

/// The byte that was typed last, and who waits for one.
struct Typed {
  state: Mutex<Cell<(Option<u8>, Option<Waker>)>>,
}

impl Typed {
  const fn new() -> Self {
    Typed { state: Mutex::new(Cell::new((None, None))) }
  }

  /// Takes a byte; one that nobody has taken is forgotten.
  fn put(&self, byte: u8) {
    let waker = critical_section::with(|cs| self.state.borrow(cs).replace((Some(byte), None)).1);
    if let Some(waker) = waker {
      waker.wake();
    }
  }

  fn take(&self, waker: &Waker) -> Option<u8> {
    critical_section::with(|cs| self.state.borrow(cs).replace((None, Some(waker.clone()))).0)
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::cell::{Cell, RefCell};

  #[derive(Default)]
  struct Port {
    room: Cell<usize>,
    sent: RefCell<Vec<u8>>,
    listens: Cell<bool>,
  }

  impl Transmitter for Port {
    fn send(&self, byte: u8) -> bool {
      let Some(left) = self.room.get().checked_sub(1) else { return false };
      self.room.set(left);
      self.sent.borrow_mut().push(byte);
      true
    }
    fn listen(&self, on: bool) {
      self.listens.set(on);
    }
  }

  #[test]
  fn text_leaves_as_the_port_has_room() {
    let console: Console<Port, 64> = Console::new(Port::default());
    console.port.room.set(2);
    console.print(b"hello");
    assert_eq!(*console.port.sent.borrow(), b"he");
    assert!(console.port.listens.get());
    console.port.room.set(9);
    console.drain();
    assert_eq!(*console.port.sent.borrow(), b"hello");
    assert!(!console.port.listens.get());
  }

  #[test]
  fn what_was_left_out_is_owned_up_to_in_its_place() {
    let console: Console<Port, 40> = Console::new(Port::default());
    console.print(&[b'a'; 50]);
    console.print(b"bb");
    console.port.room.set(200);
    console.drain();
    console.print(b"c");
    let sent = console.port.sent.borrow().clone();
    let text = String::from_utf8(sent).unwrap();
    assert_eq!(text, format!("{}\r\n[12 bytes lost]\r\nc", "a".repeat(40)));
  }

  #[test]
  fn last_words_come_behind_what_waits() {
    let console: Console<Port, 40> = Console::new(Port::default());
    console.print(b"one ");
    console.port.room.set(7);
    console.flush(b"two and what finds no room");
    assert_eq!(*console.port.sent.borrow(), b"one two");
  }
}
