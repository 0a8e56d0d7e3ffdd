//! The Ethernet controller (data sheet, chapter 15) for embassy-net: frames go through a window into its memory.

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;

use crate::registers::Registers;

/// Reads what interrupts there are, takes back what is written as 1.
const INTERRUPTS: usize = 0x00;
const MASK: usize = 0x04;
const RECEIVE_CONTROL: usize = 0x08;
const SEND_CONTROL: usize = 0x0c;
const DATA: usize = 0x10;
const ADDRESS: [usize; 2] = [0x14, 0x18];
const THRESHOLD: usize = 0x1c;
const WAITING: usize = 0x34;
const SEND: usize = 0x38;

const RECEIVED: u32 = 1;
const SEND_ERROR: u32 = 2;
const SENT: u32 = 4;
const OVERRUN: u32 = 8;
const RECEIVE_ERROR: u32 = 16;
const ALL: u32 = 0x7f;

const RECEIVE: u32 = 1;
const REJECT_DAMAGED: u32 = 8;
const RESET_FIFO: u32 = 16;
const SEND_PADDED_FULL_DUPLEX: u32 = 1 | 2 | 4 | 16;
const NEVER_EARLY: u32 = 0x3f;
const NEW: u32 = 1;

/// Bytes of a frame without its check sequence.
const LONGEST: usize = 1514;
const HEADER: usize = 14;
/// What the controller counts besides: its own length before a frame, the check sequence behind.
const LENGTH: usize = 2;
const AROUND: usize = LENGTH + 4;
const WORDS: usize = (LONGEST + AROUND).div_ceil(4);

/// The controller, in static memory.
pub struct Ethernet<R> {
  registers: R,
  waker: AtomicWaker,
}

impl<R: Registers> Ethernet<R> {
  /// The controller with these registers.
  pub const fn new(registers: R) -> Self {
    Ethernet { registers, waker: AtomicWaker::new() }
  }

  /// The interrupt. What it was about is looked at by the driver's task, which also lets it come again.
  pub fn interrupt(&self) {
    self.registers.write(MASK, 0);
    self.waker.wake();
  }

  /// Starts it; the board then lets its interrupt through.
  pub fn start(&'static self, buffers: &'static mut Buffers, address: [u8; 6]) -> Device<R> {
    let [a, b, c, d, e, f] = address;
    self.registers.write(MASK, 0);
    self.registers.write(INTERRUPTS, ALL);
    self.registers.write(ADDRESS[0], u32::from_le_bytes([a, b, c, d]));
    self.registers.write(ADDRESS[1], u32::from_le_bytes([e, f, 0, 0]));
    self.registers.write(THRESHOLD, NEVER_EARLY);
    self.registers.write(SEND_CONTROL, SEND_PADDED_FULL_DUPLEX);
    self.restart_receiver();
    Device { port: self, buffers, address }
  }

  fn restart_receiver(&self) {
    self.registers.write(RECEIVE_CONTROL, 0);
    self.registers.write(RECEIVE_CONTROL, RESET_FIFO);
    self.registers.write(RECEIVE_CONTROL, RECEIVE | REJECT_DAMAGED);
  }

  fn sends(&self) -> bool {
    self.registers.read(SEND) & NEW != 0
  }

  fn listen(&self, context: &Context<'_>, sends: bool) {
    self.waker.register(context.waker());
    let sent = if sends { SENT | SEND_ERROR } else { 0 };
    self.registers.write(MASK, RECEIVED | OVERRUN | RECEIVE_ERROR | sent);
  }
}

/// One frame for each direction, in static memory.
pub struct Buffers {
  received: [u32; WORDS],
  sending: [u32; WORDS],
}

impl Default for Buffers {
  fn default() -> Self {
    Self::new()
  }
}

impl Buffers {
  /// Empty buffers.
  pub const fn new() -> Self {
    Buffers { received: [0; WORDS], sending: [0; WORDS] }
  }
}

/// The driver of a controller.
pub struct Device<R: 'static> {
  port: &'static Ethernet<R>,
  buffers: &'static mut Buffers,
  address: [u8; 6],
}

fn bytes(words: &mut [u32; WORDS]) -> &mut [u8] {
  // Bytes have no alignment, and all of them are there.
  unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), WORDS * 4) }
}

impl<R: Registers> Device<R> {
  /// Takes the next frame out of the controller; its length. After an overrun the memory holds parts of frames, and after a
  /// length that cannot be, nobody knows where the next one begins: all that waits is dropped.
  fn take(&mut self) -> Option<usize> {
    let registers = &self.port.registers;
    if registers.read(INTERRUPTS) & OVERRUN != 0 {
      registers.write(INTERRUPTS, OVERRUN);
      self.port.restart_receiver();
      return None;
    }
    if registers.read(WAITING) & 0x3f == 0 {
      return None;
    }
    let first = registers.read(DATA);
    let all = (first & 0xffff) as usize;
    let Some(length) = all.checked_sub(AROUND).filter(|n| (HEADER..=LONGEST).contains(n)) else {
      self.port.restart_receiver();
      return None;
    };
    let words = all.div_ceil(4);
    self.buffers.received[0] = first;
    for word in self.buffers.received.iter_mut().take(words).skip(1) {
      *word = registers.read(DATA);
    }
    Some(length)
  }
}

/// A frame that was received, and room for an answer.
pub struct Receiving<'a> {
  frame: &'a mut [u8],
}

/// Room for a frame.
pub struct Sending<'a, R> {
  port: &'a Ethernet<R>,
  words: &'a mut [u32; WORDS],
}

impl RxToken for Receiving<'_> {
  fn consume<O, F: FnOnce(&mut [u8]) -> O>(self, f: F) -> O {
    f(self.frame)
  }
}

impl<R: Registers> TxToken for Sending<'_, R> {
  fn consume<O, F: FnOnce(&mut [u8]) -> O>(self, length: usize, f: F) -> O {
    let length = length.clamp(HEADER, LONGEST);
    let all = bytes(self.words);
    let result = f(&mut all[LENGTH..LENGTH + length]);
    all[..LENGTH].copy_from_slice(&((length - HEADER) as u16).to_le_bytes());
    for word in self.words.iter().take((LENGTH + length).div_ceil(4)) {
      self.port.registers.write(DATA, *word);
    }
    self.port.registers.write(SEND, NEW);
    result
  }
}

impl<R: Registers> Driver for Device<R> {
  type RxToken<'a>
    = Receiving<'a>
  where
    Self: 'a;
  type TxToken<'a>
    = Sending<'a, R>
  where
    Self: 'a;

  fn receive(&mut self, context: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
    if self.port.sends() {
      self.port.listen(context, true);
      if self.port.sends() {
        return None;
      }
    }
    let mut length = self.take();
    if length.is_none() {
      self.port.registers.write(INTERRUPTS, RECEIVED | RECEIVE_ERROR | SENT | SEND_ERROR);
      self.port.listen(context, false);
      // What came before the interrupt was taken back.
      length = self.take();
    }
    let frame = &mut bytes(&mut self.buffers.received)[LENGTH..LENGTH + length?];
    Some((Receiving { frame }, Sending { port: self.port, words: &mut self.buffers.sending }))
  }

  fn transmit(&mut self, context: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
    if self.port.sends() {
      self.port.listen(context, true);
      if self.port.sends() {
        return None;
      }
    }
    Some(Sending { port: self.port, words: &mut self.buffers.sending })
  }

  /// The link is taken to be up: what is sent into one that is down is lost, as on the way.
  fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
    LinkState::Up
  }

  fn capabilities(&self) -> Capabilities {
    let mut capabilities = Capabilities::default();
    capabilities.max_transmission_unit = LONGEST;
    capabilities.max_burst_size = Some(1);
    capabilities
  }

  fn hardware_address(&self) -> HardwareAddress {
    HardwareAddress::Ethernet(self.address)
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use core::task::Waker;
  use std::cell::{Cell, RefCell};
  use std::collections::VecDeque;

  #[derive(Default)]
  struct Part {
    frames: RefCell<VecDeque<Vec<u8>>>,
    interrupts: Cell<u32>,
    written: RefCell<Vec<u32>>,
    sends: Cell<bool>,
    mask: Cell<u32>,
  }

  impl Part {
    fn bring(&self, length: u16, frame: &[u8]) {
      let mut all = length.to_le_bytes().to_vec();
      all.extend_from_slice(frame);
      self.frames.borrow_mut().push_back(all);
      self.interrupts.set(self.interrupts.get() | RECEIVED);
    }
  }

  impl Registers for Part {
    fn read(&self, offset: usize) -> u32 {
      let mut frames = self.frames.borrow_mut();
      match offset {
        INTERRUPTS => self.interrupts.get(),
        WAITING => frames.len() as u32,
        SEND => u32::from(self.sends.get()),
        DATA => {
          let mut word = [0; 4];
          let Some(frame) = frames.front_mut() else { panic!("read without a frame") };
          for (to, byte) in word.iter_mut().zip(frame.drain(..frame.len().min(4)).collect::<Vec<_>>()) {
            *to = byte;
          }
          if frame.is_empty() {
            frames.pop_front();
          }
          u32::from_le_bytes(word)
        }
        _ => 0,
      }
    }

    fn write(&self, offset: usize, value: u32) {
      match offset {
        INTERRUPTS => self.interrupts.set(self.interrupts.get() & !value),
        MASK => self.mask.set(value),
        DATA => self.written.borrow_mut().push(value),
        SEND => self.sends.set(true),
        RECEIVE_CONTROL if value & RESET_FIFO != 0 => self.frames.borrow_mut().clear(),
        _ => {}
      }
    }
  }

  fn started() -> (&'static Ethernet<Part>, Device<Part>) {
    let port: &'static Ethernet<Part> = Box::leak(Box::new(Ethernet::new(Part::default())));
    (port, port.start(Box::leak(Box::default()), [2, 0, 0, 0, 0, 1]))
  }

  fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
  }

  #[test]
  fn frames_come_and_go_whole() {
    let (port, mut device) = started();
    assert!(device.receive(&mut context()).is_none());
    assert!(port.registers.mask.get() & RECEIVED != 0);
    for length in [14usize, 60, 61, 62, 63, 1514] {
      let frame: Vec<u8> = (0..length).map(|i| i as u8).collect();
      let with_check: Vec<u8> = frame.iter().copied().chain([0xde, 0xad, 0xbe, 0xef]).collect();
      port.registers.bring(length as u16 + 6, &with_check);
      let (rx, tx) = device.receive(&mut context()).unwrap();
      assert_eq!(rx.consume(|f| f.to_vec()), frame);
      tx.consume(length, |f| f.copy_from_slice(&frame));
      let written: Vec<u8> = port.registers.written.take().iter().flat_map(|w| w.to_le_bytes()).collect();
      assert_eq!(written[..2], (length as u16 - 14).to_le_bytes());
      assert_eq!(written[2..2 + length], frame);
      assert!(written.len() < length + 6);
      assert!(device.transmit(&mut context()).is_none());
      assert!(port.registers.mask.get() & SENT != 0);
      port.registers.sends.set(false);
    }
    assert!(port.registers.frames.borrow().is_empty());
  }

  #[test]
  fn lengths_that_cannot_be_drop_what_waits() {
    let (port, mut device) = started();
    for length in [0, 5, 19, 1521, 0xffff] {
      port.registers.bring(length, &[0; 64]);
      port.registers.bring(70, &[1; 68]);
      assert!(device.receive(&mut context()).is_none(), "{length}");
      port.registers.bring(70, &[2; 68]);
      let (rx, _) = device.receive(&mut context()).unwrap();
      assert_eq!(rx.consume(|f| (f.len(), f[0])), (64, 2));
    }
  }

  #[test]
  fn after_an_overrun_it_begins_anew() {
    let (port, mut device) = started();
    port.registers.bring(70, &[1; 68]);
    port.registers.interrupts.set(RECEIVED | OVERRUN);
    assert!(device.receive(&mut context()).is_none());
    assert_eq!(port.registers.interrupts.get(), 0);
    port.registers.bring(70, &[2; 68]);
    assert!(device.receive(&mut context()).is_some());
  }
}
