//! A serial port for the serial elements.

use g2g_chips::serial::Port;
use g2g_elements::uart::{Receiver, Sender, Uart};
use g2g_interface::HostError;

/// Bytes that may wait in either direction.
pub const QUEUE: usize = 512;

/// A port and its queues, in static memory.
pub struct Serial<P> {
  /// The port, which the board starts.
  pub port: P,
  clock: u32,
  /// For `uartsrc`.
  pub receiver: Receiver<QUEUE>,
  /// For `uartsink`.
  pub sender: Sender<QUEUE>,
}

impl<P: Port> Serial<P> {
  /// A port with nothing under way.
  /// @param clock of the port, Hz
  pub const fn new(port: P, clock: u32) -> Self {
    Serial { port, clock, receiver: Receiver::new(), sender: Sender::new() }
  }

  /// The port's interrupt, whatever it is about.
  pub fn interrupt(&self) {
    while let Some(received) = self.port.receive() {
      if received.overrun {
        self.receiver.lose(1);
      }
      match received.byte {
        Some(byte) => self.receiver.received(byte),
        None => self.receiver.error(),
      }
    }
    self.receiver.idle();
    self.pump();
  }

  fn pump(&self) {
    // The queue has one reader: the interrupt, or who holds it off.
    critical_section::with(|_| self.port.pump(|| self.sender.next()));
  }
}

/// One end of a port, for an element.
pub struct End<P: 'static>(pub &'static Serial<P>);

impl<P: Port> Uart for End<P> {
  fn set_baudrate(&mut self, baudrate: u32) -> Result<(), HostError> {
    if self.0.port.set_baudrate(self.0.clock, baudrate) { Ok(()) } else { Err(HostError::Unsupported) }
  }

  fn listen(&mut self, on: bool) {
    self.0.port.listen_received(on);
  }

  fn send(&mut self) {
    self.0.pump();
  }
}

/// Adds the serial elements that the board has as features.
/// @param elements the board's, @param serial a static [`Serial`], @param port the type of its port
#[macro_export]
macro_rules! serial_elements {
  ($elements:expr, $serial:expr, $port:ty) => {{
    use $crate::serial::{End, QUEUE};
    #[cfg(feature = "uartsink")]
    {
      use $crate::parts::uartsink::UartSink;
      static ELEMENT: $crate::StaticCell<UartSink<'static, End<$port>, QUEUE>> = $crate::StaticCell::new();
      $elements.add("uartsink", ELEMENT.init(UartSink::new(End(&$serial), &$serial.sender)));
    }
    #[cfg(feature = "uartsrc")]
    {
      use $crate::parts::uartsrc::UartSrc;
      static ELEMENT: $crate::StaticCell<UartSrc<'static, End<$port>, QUEUE>> = $crate::StaticCell::new();
      $elements.add("uartsrc", ELEMENT.init(UartSrc::new(End(&$serial), &$serial.receiver)));
    }
  }};
}
