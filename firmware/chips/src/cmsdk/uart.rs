//! The APB UART (ARM DDI 0479, 4.3): one byte of buffer in either direction.

use crate::console::Transmitter;
use crate::registers::Registers;
use crate::serial::{Port, Received};

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CTRL: usize = 0x08;
const INTCLEAR: usize = 0x0c;
const BAUDDIV: usize = 0x10;

const STATE_TX_FULL: u32 = 1;
const STATE_RX_FULL: u32 = 2;
const STATE_RX_OVERRUN: u32 = 8;

const CTRL_TX: u32 = 1;
const CTRL_RX: u32 = 2;
const CTRL_TX_INTERRUPT: u32 = 4;
const CTRL_RX_INTERRUPT: u32 = 8;
const CTRL_RX_OVERRUN_INTERRUPT: u32 = 0x20;

/// The least divider that the part takes.
const LEAST_DIVIDER: u32 = 16;

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
  /// @param clock Hz, @param baudrate bits a second
  /// @returns false when the part cannot have that speed
  pub fn start(&self, clock: u32, baudrate: u32) -> bool {
    if !self.set_baudrate(clock, baudrate) {
      return false;
    }
    self.registers.write(CTRL, CTRL_TX | CTRL_RX);
    true
  }

  fn control(&self, bits: u32, on: bool) {
    // Interrupts of one UART come on several lines, which all change this register.
    critical_section::with(|_| {
      let control = self.registers.read(CTRL);
      self.registers.write(CTRL, if on { control | bits } else { control & !bits });
    });
  }

  /// The byte that was received; the interrupt is taken back.
  fn byte(&self) -> Option<u8> {
    self.registers.write(INTCLEAR, 2);
    if self.registers.read(STATE) & STATE_RX_FULL == 0 {
      return None;
    }
    Some(self.registers.read(DATA) as u8)
  }

  /// Whether bytes were lost since this was last asked.
  fn overrun(&self) -> bool {
    let overrun = self.registers.read(STATE) & STATE_RX_OVERRUN != 0;
    if overrun {
      self.registers.write(STATE, STATE_RX_OVERRUN);
      self.registers.write(INTCLEAR, 8);
    }
    overrun
  }
}

impl<R: Registers> Port for Uart<R> {
  fn set_baudrate(&self, clock: u32, baudrate: u32) -> bool {
    let Some(divider) = clock.checked_div(baudrate).filter(|d| *d >= LEAST_DIVIDER && *d < 1 << 20) else {
      return false;
    };
    self.registers.write(BAUDDIV, divider);
    true
  }

  fn listen_received(&self, on: bool) {
    self.control(CTRL_RX_INTERRUPT | CTRL_RX_OVERRUN_INTERRUPT, on);
    if !on {
      self.registers.write(INTCLEAR, 2 | 8);
    }
  }

  /// The part does not look at stop bits. Bytes are lost only while one waits, so that this is asked behind it.
  fn receive(&self) -> Option<Received> {
    let byte = self.byte();
    let overrun = self.overrun();
    Some(Received { byte: Some(byte?), overrun })
  }

  fn room(&self) -> bool {
    self.registers.read(STATE) & STATE_TX_FULL == 0
  }
}

impl<R: Registers> Transmitter for Uart<R> {
  fn send(&self, byte: u8) -> bool {
    self.registers.write(INTCLEAR, 1);
    if !self.room() {
      return false;
    }
    self.registers.write(DATA, byte as u32);
    true
  }

  fn listen(&self, on: bool) {
    self.control(CTRL_TX_INTERRUPT, on);
    if !on {
      // What it has told already stays up otherwise.
      self.registers.write(INTCLEAR, 1);
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::cell::RefCell;
  use std::collections::VecDeque;

  /// The part: interrupts stay up until they are taken back, whatever is enabled since.
  #[derive(Default)]
  struct Part {
    control: u32,
    divider: u32,
    interrupts: u32,
    overrun: bool,
    full: bool,
    received: VecDeque<u8>,
    sent: Vec<u8>,
  }

  struct Model(RefCell<Part>);

  impl Registers for &Model {
    fn read(&self, offset: usize) -> u32 {
      let mut p = self.0.borrow_mut();
      match offset {
        DATA => p.received.pop_front().unwrap_or(0).into(),
        STATE => {
          u32::from(p.full) | u32::from(!p.received.is_empty()) << 1 | if p.overrun { STATE_RX_OVERRUN } else { 0 }
        }
        CTRL => p.control,
        _ => 0,
      }
    }

    fn write(&self, offset: usize, value: u32) {
      let mut p = self.0.borrow_mut();
      match offset {
        DATA => {
          p.sent.push(value as u8);
          p.interrupts |= u32::from(p.control & CTRL_TX_INTERRUPT != 0);
        }
        STATE => p.overrun &= value & STATE_RX_OVERRUN == 0,
        CTRL => p.control = value,
        INTCLEAR => p.interrupts &= !value,
        BAUDDIV => p.divider = value,
        _ => {}
      }
    }
  }

  #[test]
  fn speeds_that_the_part_cannot_have_are_refused() {
    let model = Model(RefCell::default());
    let uart = Uart::new(&model);
    assert!(uart.start(25_000_000, 115_200));
    assert_eq!(model.0.borrow().divider, 217);
    for baudrate in [0, 2_000_000, 10] {
      assert!(!uart.set_baudrate(25_000_000, baudrate), "{baudrate}");
    }
    assert_eq!(model.0.borrow().divider, 217);
  }

  #[test]
  fn the_interrupt_is_quiet_when_there_is_nothing_to_send() {
    let model = Model(RefCell::default());
    let uart = Uart::new(&model);
    uart.start(25_000_000, 115_200);
    uart.listen(true);
    assert!(uart.send(b'a'));
    assert_eq!(model.0.borrow().interrupts, 1);
    uart.listen(false);
    assert_eq!(model.0.borrow().interrupts, 0);
    model.0.borrow_mut().full = true;
    assert!(!uart.send(b'b') && !uart.room());
    assert_eq!(model.0.borrow().sent, b"a");
  }

  #[test]
  fn a_new_speed_leaves_interrupts_as_they_are() {
    let model = Model(RefCell::default());
    let uart = Uart::new(&model);
    uart.start(25_000_000, 115_200);
    uart.listen_received(true);
    let control = model.0.borrow().control;
    uart.set_baudrate(25_000_000, 9600);
    assert_eq!(model.0.borrow().control, control);
    assert_eq!(control, CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT | CTRL_RX_OVERRUN_INTERRUPT);
  }

  #[test]
  fn what_was_received_and_lost_is_told_once() {
    let model = Model(RefCell::default());
    let uart = Uart::new(&model);
    model.0.borrow_mut().received.extend([1, 2]);
    model.0.borrow_mut().overrun = true;
    model.0.borrow_mut().interrupts = 2 | 8;
    assert!(uart.overrun() && !uart.overrun());
    assert_eq!([uart.byte(), uart.byte(), uart.byte()], [Some(1), Some(2), None]);
    assert_eq!(model.0.borrow().interrupts, 0);
  }
}
