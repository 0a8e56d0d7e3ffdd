//! Arm's UART PL011 (ARM DDI 0183), as it stands in the Stellaris parts and in the RP2040: sixteen bytes of buffer in either
//! direction.

use crate::console::Transmitter;
use crate::registers::Registers;
use crate::serial::{Port, Received};

const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const DIVIDER: usize = 0x24;
const FRACTION: usize = 0x28;
const LINE: usize = 0x2c;
const CONTROL: usize = 0x30;
const LEVELS: usize = 0x34;
const MASK: usize = 0x38;
const CLEAR: usize = 0x44;

const DATA_DAMAGED: u32 = 7 << 8;
const DATA_OVERRUN: u32 = 1 << 11;

const FLAGS_BUSY: u32 = 1 << 3;
const FLAGS_RX_EMPTY: u32 = 1 << 4;
const FLAGS_TX_FULL: u32 = 1 << 5;

const EIGHT_BITS_WITH_FIFO: u32 = 3 << 5 | 1 << 4;
const ENABLE: u32 = 1 | 1 << 8 | 1 << 9;
/// Interrupts when a buffer is half full, or half empty.
const HALF: u32 = 2 << 3 | 2;

/// Received bytes, and received bytes that nothing has followed for a while.
const RECEIVED: u32 = 1 << 4;
const ROOM: u32 = 1 << 5;
const SILENCE: u32 = 1 << 6;
const OVERRUN: u32 = 1 << 10;
const ALL: u32 = 0x7ff;

/// A UART.
pub struct Uart<R> {
  registers: R,
}

impl<R: Registers> Uart<R> {
  /// The UART with these registers.
  pub const fn new(registers: R) -> Self {
    Uart { registers }
  }

  /// Sets the speed and sends and receives, both without interrupts.
  /// @param clock Hz
  /// @param baudrate bits a second
  /// @returns false when the part cannot have that speed
  pub fn start(&self, clock: u32, baudrate: u32) -> bool {
    self.registers.write(CONTROL, 0);
    self.registers.write(MASK, 0);
    self.registers.write(CLEAR, ALL);
    let possible = self.divide(clock, baudrate);
    // The divider takes effect with a write here.
    self.registers.write(LINE, EIGHT_BITS_WITH_FIFO);
    self.registers.write(LEVELS, HALF);
    self.registers.write(CONTROL, ENABLE);
    possible
  }

  /// Sixteen clocks to a bit, in 64ths.
  fn divide(&self, clock: u32, baudrate: u32) -> bool {
    let Some(units) = clock.checked_mul(4).zip(Some(baudrate)).and_then(|(c, b)| c.checked_add(b / 2)?.checked_div(b))
    else {
      return false;
    };
    let possible = (64..1 << 22).contains(&units);
    if possible {
      self.registers.write(DIVIDER, units >> 6);
      self.registers.write(FRACTION, units & 63);
    }
    possible
  }

  fn mask(&self, bits: u32, on: bool) {
    critical_section::with(|_| {
      let mask = self.registers.read(MASK);
      self.registers.write(MASK, if on { mask | bits } else { mask & !bits });
    });
  }
}

impl<R: Registers> Port for Uart<R> {
  fn set_baudrate(&self, clock: u32, baudrate: u32) -> bool {
    const PATIENCE: u32 = 1_000_000;
    let _ = (0..PATIENCE).find(|_| self.registers.read(FLAGS) & FLAGS_BUSY == 0);
    self.registers.write(CONTROL, 0);
    let possible = self.divide(clock, baudrate);
    self.registers.write(LINE, EIGHT_BITS_WITH_FIFO);
    self.registers.write(CONTROL, ENABLE);
    possible
  }

  fn listen_received(&self, on: bool) {
    self.mask(RECEIVED | SILENCE | OVERRUN, on);
  }

  fn receive(&self) -> Option<Received> {
    if self.registers.read(FLAGS) & FLAGS_RX_EMPTY != 0 {
      self.registers.write(CLEAR, RECEIVED | SILENCE | OVERRUN);
      // What has come between is not forgotten.
      if self.registers.read(FLAGS) & FLAGS_RX_EMPTY != 0 {
        return None;
      }
    }
    let data = self.registers.read(DATA);
    let byte = if data & DATA_DAMAGED == 0 { Some(data as u8) } else { None };
    Some(Received { byte, overrun: data & DATA_OVERRUN != 0 })
  }

  fn room(&self) -> bool {
    self.registers.read(FLAGS) & FLAGS_TX_FULL == 0
  }
}

impl<R: Registers> Transmitter for Uart<R> {
  fn send(&self, byte: u8) -> bool {
    if !self.room() {
      return false;
    }
    self.registers.write(DATA, byte.into());
    true
  }

  fn listen(&self, on: bool) {
    self.mask(ROOM, on);
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::cell::{Cell, RefCell};
  use std::collections::VecDeque;

  /// A part whose line is so slow that its buffer only empties when a test says so.
  #[derive(Default)]
  struct Part {
    sending: RefCell<VecDeque<u8>>,
    received: RefCell<VecDeque<u32>>,
    mask: Cell<u32>,
    divider: Cell<(u32, u32)>,
  }

  impl Registers for &Part {
    fn read(&self, offset: usize) -> u32 {
      let full = if self.sending.borrow().len() == 16 { FLAGS_TX_FULL } else { 0 };
      let empty = if self.received.borrow().is_empty() { FLAGS_RX_EMPTY } else { 0 };
      match offset {
        DATA => self.received.borrow_mut().pop_front().unwrap_or(0),
        FLAGS => full | empty,
        MASK => self.mask.get(),
        _ => 0,
      }
    }

    fn write(&self, offset: usize, value: u32) {
      match offset {
        DATA => self.sending.borrow_mut().push_back(value as u8),
        MASK => self.mask.set(value),
        DIVIDER => self.divider.set((value, self.divider.get().1)),
        FRACTION => self.divider.set((self.divider.get().0, value)),
        _ => {}
      }
    }
  }

  #[test]
  fn the_divider_is_the_nearest() {
    let part = Part::default();
    let uart = Uart::new(&part);
    // 50 MHz / (16 * 115200) = 27.1267, 0.1267 * 64 = 8.1
    assert!(uart.start(50_000_000, 115_200));
    assert_eq!(part.divider.get(), (27, 8));
    assert!(!uart.start(50_000_000, 4_000_000));
    assert!(!uart.start(50_000_000, 0));
    assert!(!uart.start(50_000_000, 40));
    assert!(!uart.start(2_000_000_000, 115_200));
  }

  #[test]
  fn the_interrupt_comes_as_long_as_there_is_more() {
    let part = Part::default();
    let uart = Uart::new(&part);
    let mut bytes = 0..40u8;
    for (taken, listens) in [(16, true), (32, true), (40, false)] {
      uart.pump(|| bytes.next());
      assert_eq!((bytes.start, part.mask.get() & ROOM != 0), (taken, listens));
      part.sending.borrow_mut().clear();
    }
  }

  #[test]
  fn damage_and_loss_come_with_the_byte() {
    let part = Part::default();
    let uart = Uart::new(&part);
    part.received.borrow_mut().extend([0x41, 0x100, 0x842]);
    let all: Vec<_> = core::iter::from_fn(|| uart.receive()).collect();
    let r = |byte, overrun| Received { byte, overrun };
    assert_eq!(all, [r(Some(0x41), false), r(None, false), r(Some(0x42), true)]);
  }
}
