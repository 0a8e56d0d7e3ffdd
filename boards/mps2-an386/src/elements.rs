//! The host elements that the image has, over the board's devices.

use embassy_executor::Spawner;
use g2g_elements::Registry;
use g2g_interface::{HostElement, HostError};
use g2g_runtime::Elements;
#[allow(unused_imports)]
use static_cell::{ConstStaticCell, StaticCell};

/// Elements at most: one of each, and several checksums.
pub const MOST: usize = 9;

/// All of them.
pub struct Board {
  registry: Registry<MOST>,
  /// The network, if it is up.
  #[cfg(feature = "update")]
  pub stack: Option<embassy_net::Stack<'static>>,
}

impl Board {
  /// Makes the elements that the image has; tasks that they need are spawned.
  #[allow(unused_mut, unused_variables)]
  #[inline(never)]
  pub fn new(spawner: &Spawner) -> Self {
    let mut registry = Registry::new();
    #[cfg(feature = "network")]
    let network = crate::network::start(spawner);
    #[cfg(feature = "network")]
    if let Some(stack) = network {
      crate::network::add(stack, &mut registry);
      #[cfg(feature = "record")]
      crate::record::start(stack, spawner);
    }
    #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
    serial::add(&mut registry);
    #[cfg(feature = "boardaudiosrc")]
    sound::add(&mut registry);
    #[cfg(feature = "checksumsink")]
    checksum::add(&mut registry);
    Board {
      registry,
      #[cfg(feature = "update")]
      stack: network,
    }
  }
}

impl Elements for Board {
  fn open(&mut self, factory: &str, _: &str) -> Result<usize, HostError> {
    self.registry.open(factory)
  }

  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    self.registry.element(slot)
  }

  fn close(&mut self, slot: usize) {
    self.registry.close(slot);
  }
}

#[cfg(any(feature = "uartsrc", feature = "uartsink"))]
pub use serial::{received as serial_received, sent as serial_sent};

#[cfg(any(feature = "uartsrc", feature = "uartsink"))]
mod serial {
  use g2g_chips::console::Transmitter;
  use g2g_elements::uart::{Receiver, Sender, Uart};

  use super::*;
  use crate::devices::SERIAL;
  use crate::numbers;

  static RECEIVER: Receiver<512> = Receiver::new();
  static SENDER: Sender<512> = Sender::new();

  struct Serial;

  impl Uart for Serial {
    fn set_baudrate(&mut self, baudrate: u32) -> Result<(), HostError> {
      if SERIAL.set_baudrate(numbers::CLOCK, baudrate) { Ok(()) } else { Err(HostError::Unsupported) }
    }

    fn listen(&mut self, on: bool) {
      SERIAL.listen_received(on);
    }

    fn send(&mut self) {
      cortex_m::interrupt::free(|_| sent());
    }
  }

  /// The interrupt: bytes have come, or were lost.
  pub fn received() {
    if SERIAL.overrun() {
      RECEIVER.lose(1);
    }
    while let Some(byte) = SERIAL.receive() {
      RECEIVER.received(byte);
    }
    RECEIVER.idle();
  }

  /// The interrupt: there is room for a byte.
  pub fn sent() {
    // The part holds one byte, and says so when it is gone.
    let mut any = false;
    while SERIAL.room() {
      let Some(byte) = SENDER.next() else { break };
      any = SERIAL.send(byte);
    }
    SERIAL.listen(any || !SERIAL.room());
  }

  pub fn add(registry: &mut Registry<MOST>) {
    #[cfg(feature = "uartsrc")]
    {
      use g2g_elements::uartsrc::UartSrc;
      static ELEMENT: StaticCell<UartSrc<'static, Serial, 512>> = StaticCell::new();
      registry.add("uartsrc", ELEMENT.init(UartSrc::new(Serial, &RECEIVER)));
    }
    #[cfg(feature = "uartsink")]
    {
      use g2g_elements::uartsink::UartSink;
      static ELEMENT: StaticCell<UartSink<'static, Serial, 512>> = StaticCell::new();
      registry.add("uartsink", ELEMENT.init(UartSink::new(Serial, &SENDER)));
    }
  }
}

#[cfg(feature = "boardaudiosrc")]
pub use sound::interrupt as sound;

#[cfg(feature = "boardaudiosrc")]
mod sound {
  use g2g_elements::audio::Capture;
  use g2g_elements::boardaudiosrc::BoardAudioSrc;
  use g2g_elements::cache::NoCache;
  use g2g_elements::tone::{Pattern, Ticker, Tone, ToneDevice};

  use super::*;
  use crate::devices::PACE;
  use crate::numbers;

  /// Periods a second of the sine that is heard.
  const FREQUENCY: u32 = 440;

  static CAPTURE: Capture = Capture::new();
  static TONE: Tone = Tone::new(&CAPTURE, Pattern::Sine(FREQUENCY));

  struct Pace;

  impl Ticker for Pace {
    fn start(&mut self, period: u64) {
      let ticks = period.saturating_mul(u64::from(numbers::CLOCK)) / 1_000_000_000;
      PACE.repeat(u32::try_from(ticks).unwrap_or(u32::MAX));
    }

    fn stop(&mut self) {
      PACE.stop();
    }
  }

  /// The interrupt: a block's time has passed.
  pub fn interrupt() {
    use g2g_runtime::Board as _;
    TONE.interrupt(crate::Mps2.now());
  }

  pub fn add(registry: &mut Registry<MOST>) {
    static ELEMENT: StaticCell<BoardAudioSrc<'static, ToneDevice<Pace>>> = StaticCell::new();
    let element = BoardAudioSrc::new(ToneDevice::new(&TONE, Pace), &CAPTURE, &NoCache);
    registry.add("boardaudiosrc", ELEMENT.init(element));
  }
}

#[cfg(feature = "checksumsink")]
mod checksum {
  use g2g_elements::checksumsink::ChecksumSink;

  use super::*;

  pub fn add(registry: &mut Registry<MOST>) {
    static ELEMENTS: ConstStaticCell<[ChecksumSink; 4]> = ConstStaticCell::new([const { ChecksumSink::new() }; 4]);
    for element in ELEMENTS.take() {
      registry.add("checksumsink", element);
    }
  }
}
