//! The part as embassy-net wants it.

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

use super::FRAME;
use super::device::{Port, RECEIVED, ROOM, RX_DATA, RX_STATUS, TX_DATA, TX_NEEDS};
use crate::registers::Registers;

/// Words of a frame.
const WORDS: usize = FRAME.div_ceil(4);

/// The least bytes of a frame, and those of the checksum behind it.
const LEAST: usize = 60;
const CHECKSUM: usize = 4;

/// Frames that are thrown away before others get their turn.
const MAX_SKIPPED: usize = 16;

type Buffer = [u32; WORDS];

/// One frame for each direction, in static memory.
pub struct Buffers {
  received: Buffer,
  sent: Buffer,
}

impl Default for Buffers {
  fn default() -> Self {
    Self::new()
  }
}

impl Buffers {
  /// Empty buffers.
  pub const fn new() -> Self {
    Buffers { received: [0; WORDS], sent: [0; WORDS] }
  }
}

fn bytes(buffer: &mut Buffer) -> &mut [u8] {
  // Any bytes are words, and words are at least as aligned.
  unsafe { core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast(), WORDS * 4) }
}

/// The driver. Frames are copied between the part and one buffer for each direction, since the part is read in words.
pub struct Lan9118<R: Registers + 'static> {
  port: &'static Port<R>,
  buffers: &'static mut Buffers,
  address: [u8; 6],
  up: bool,
  /// Frames that were thrown away: damaged, or of a length that no frame has.
  bad: u32,
}

impl<R: Registers> Lan9118<R> {
  /// Resets the part and sets it up; `None` when it does not answer. Until then its interrupt's pin is not quiet: a board
  /// lets it through afterwards.
  /// @param address the Ethernet address
  pub fn new(port: &'static Port<R>, buffers: &'static mut Buffers, address: [u8; 6]) -> Option<Self> {
    port.start(address)?;
    Some(Lan9118 { port, buffers, address, up: false, bad: 0 })
  }

  /// Frames that were thrown away since the start; wraps.
  pub fn bad(&self) -> u32 {
    self.bad
  }

  /// The length of the next good frame, which is in the buffer then.
  fn take(&mut self) -> Option<usize> {
    for _ in 0..MAX_SKIPPED {
      if self.port.received() == 0 {
        return None;
      }
      let status = self.port.registers.read(RX_STATUS);
      // 3.13.3: bit 15 sums up the errors; the length counts the checksum.
      let length = (status >> 16 & 0x3fff) as usize;
      let damaged = status & 1 << 15 != 0;
      if damaged || !(LEAST + CHECKSUM..=FRAME + CHECKSUM).contains(&length) {
        self.port.skip(length.div_ceil(4));
        self.bad = self.bad.wrapping_add(1);
        continue;
      }
      for i in 0..length.div_ceil(4) {
        let word = self.port.registers.read(RX_DATA);
        // The end of the checksum may lie behind the buffer.
        if let Some(to) = self.buffers.received.get_mut(i) {
          *to = word.to_le();
        }
      }
      return Some(length - CHECKSUM);
    }
    None
  }
}

/// A frame that was received.
pub struct Received<'a> {
  frame: &'a mut [u8],
}

impl RxToken for Received<'_> {
  fn consume<T, F: FnOnce(&mut [u8]) -> T>(self, f: F) -> T {
    f(self.frame)
  }
}

/// Room for a frame.
pub struct Sent<'a, R> {
  port: &'a Port<R>,
  buffer: &'a mut Buffer,
}

impl<R: Registers> TxToken for Sent<'_, R> {
  fn consume<T, F: FnOnce(&mut [u8]) -> T>(self, length: usize, f: F) -> T {
    let Sent { port, buffer } = self;
    // The stack knows the largest frame, so that this cuts nothing off.
    let length = length.min(FRAME);
    let result = f(bytes(buffer).get_mut(..length).unwrap_or(&mut []));
    port.drop_statuses();
    // 3.12.2: first and last segment, its length, then the length of the frame.
    port.registers.write(TX_DATA, 1 << 13 | 1 << 12 | length as u32);
    port.registers.write(TX_DATA, length as u32);
    for word in buffer.iter().take(length.div_ceil(4)) {
      port.registers.write(TX_DATA, u32::from_le(*word));
    }
    result
  }
}

impl<R: Registers> Driver for Lan9118<R> {
  type RxToken<'a> = Received<'a>;
  type TxToken<'a> = Sent<'a, R>;

  fn receive(&mut self, context: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
    self.port.waker.register(context.waker());
    // What is received must be answerable.
    if self.port.room() < TX_NEEDS {
      self.port.listen(ROOM);
      return None;
    }
    let Some(length) = self.take() else {
      // Enabled while there are frames, it comes at once.
      self.port.listen(RECEIVED);
      return None;
    };
    let frame = bytes(&mut self.buffers.received).get_mut(..length)?;
    Some((Received { frame }, Sent { port: self.port, buffer: &mut self.buffers.sent }))
  }

  fn transmit(&mut self, context: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
    if self.port.room() < TX_NEEDS {
      self.port.waker.register(context.waker());
      self.port.listen(ROOM);
      return None;
    }
    Some(Sent { port: self.port, buffer: &mut self.buffers.sent })
  }

  fn link_state(&mut self, context: &mut Context<'_>) -> LinkState {
    self.port.waker.register(context.waker());
    if let Some(up) = self.port.link() {
      self.up = up;
    }
    if self.up { LinkState::Up } else { LinkState::Down }
  }

  fn capabilities(&self) -> Capabilities {
    let mut capabilities = Capabilities::default();
    capabilities.max_transmission_unit = FRAME;
    capabilities.max_burst_size = Some(1);
    capabilities
  }

  fn hardware_address(&self) -> HardwareAddress {
    HardwareAddress::Ethernet(self.address)
  }
}
