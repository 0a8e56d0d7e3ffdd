//! What serial ports have in common.

use crate::console::Transmitter;

/// What came on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
  /// The byte; `None` when it is not what was sent: its stop bit or parity was wrong, or the line was held low.
  pub byte: Option<u8>,
  /// Bytes before it were lost.
  pub overrun: bool,
}

/// A serial port that was started.
pub trait Port: Transmitter {
  /// Sets the speed once all has been sent; false when the part cannot have it.
  /// @param clock Hz
  /// @param baudrate bits a second
  fn set_baudrate(&self, clock: u32, baudrate: u32) -> bool;

  /// Has the interrupt come for received bytes, or not.
  fn listen_received(&self, on: bool);

  /// What was received next; with the last, the interrupt is taken back.
  fn receive(&self) -> Option<Received>;

  /// Whether a byte can be sent.
  fn room(&self) -> bool;

  /// Sends what `next` gives as long as there is room; the interrupt comes as long as it had more. For the interrupt, and to
  /// begin.
  fn pump(&self, mut next: impl FnMut() -> Option<u8>) {
    critical_section::with(|_| {
      while self.room() {
        let Some(byte) = next() else {
          // The interrupt comes when bytes are gone, and there are none.
          self.listen(false);
          return;
        };
        self.send(byte);
      }
      self.listen(true);
    });
  }
}
