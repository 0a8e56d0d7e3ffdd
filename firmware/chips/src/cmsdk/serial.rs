//! The UART as a serial port.

use super::Uart;
use crate::console::Transmitter;
use crate::registers::Registers;
use crate::serial::{Port, Received};

impl<R: Registers> Port for Uart<R> {
  fn set_baudrate(&self, clock: u32, baudrate: u32) -> bool {
    Uart::set_baudrate(self, clock, baudrate)
  }

  fn listen_received(&self, on: bool) {
    Uart::listen_received(self, on);
  }

  /// The part does not look at stop bits.
  fn receive(&self) -> Option<Received> {
    let overrun = self.overrun();
    let byte = Uart::receive(self)?;
    Some(Received { byte: Some(byte), overrun })
  }

  fn pump(&self, mut next: impl FnMut() -> Option<u8>) {
    critical_section::with(|_| {
      while self.room() {
        let Some(byte) = next() else {
          // The interrupt comes when a byte is gone, and there is none.
          self.listen(false);
          return;
        };
        self.send(byte);
      }
      self.listen(true);
    });
  }
}
