//! The USART: RM0090 chapter 30, RM0433 chapter 48.

use crate::console::Transmitter;
use crate::registers::Registers;
use crate::serial::{Port, Received};

/// Where a generation of the part has its registers.
#[derive(Clone, Copy)]
pub struct Layout {
  control: usize,
  divider: usize,
  status: usize,
  /// Where flags are taken back; the older part does that when the data is read.
  clear: Option<usize>,
  received: usize,
  send: usize,
  enable: u32,
}

impl Layout {
  /// STM32F1, F2, F4.
  pub const F4: Layout =
    Layout { control: 0x0c, divider: 0x08, status: 0x00, clear: None, received: 0x04, send: 0x04, enable: 1 << 13 };
  /// STM32F0, F3, F7, G, H, L, U, W.
  pub const H7: Layout =
    Layout { control: 0x00, divider: 0x0c, status: 0x1c, clear: Some(0x20), received: 0x24, send: 0x28, enable: 1 };
}

const RECEIVE: u32 = 1 << 2;
const SEND: u32 = 1 << 3;
const SILENCE_INTERRUPT: u32 = 1 << 4;
const RECEIVED_INTERRUPT: u32 = 1 << 5;
const ROOM_INTERRUPT: u32 = 1 << 7;

const DAMAGED: u32 = 7;
const OVERRUN: u32 = 1 << 3;
const SILENCE: u32 = 1 << 4;
const RECEIVED: u32 = 1 << 5;
const SENT: u32 = 1 << 6;
const ROOM: u32 = 1 << 7;

/// A USART.
pub struct Usart<R> {
  registers: R,
  layout: Layout,
}

impl<R: Registers> Usart<R> {
  /// The USART with these registers.
  pub const fn new(registers: R, layout: Layout) -> Self {
    Usart { registers, layout }
  }

  /// Sets the speed and sends and receives, both without interrupts.
  /// @param clock Hz
  /// @param baudrate bits a second
  /// @returns false when the part cannot have that speed
  pub fn start(&self, clock: u32, baudrate: u32) -> bool {
    self.registers.write(self.layout.control, 0);
    let possible = self.divide(clock, baudrate);
    self.registers.write(self.layout.control, self.layout.enable | RECEIVE | SEND);
    possible
  }

  /// Clocks to a bit, sixteen at least.
  fn divide(&self, clock: u32, baudrate: u32) -> bool {
    let Some(clocks) = clock.checked_add(baudrate / 2).and_then(|c| c.checked_div(baudrate)) else { return false };
    let possible = (16..1 << 16).contains(&clocks);
    if possible {
      self.registers.write(self.layout.divider, clocks);
    }
    possible
  }

  fn status(&self) -> u32 {
    self.registers.read(self.layout.status)
  }

  fn control(&self, bits: u32, on: bool) {
    critical_section::with(|_| {
      let control = self.registers.read(self.layout.control);
      self.registers.write(self.layout.control, if on { control | bits } else { control & !bits });
    });
  }
}

impl<R: Registers> Port for Usart<R> {
  fn set_baudrate(&self, clock: u32, baudrate: u32) -> bool {
    const PATIENCE: u32 = 1_000_000;
    let _ = (0..PATIENCE).find(|_| self.status() & SENT != 0);
    let control = self.registers.read(self.layout.control);
    self.registers.write(self.layout.control, control & !self.layout.enable);
    let possible = self.divide(clock, baudrate);
    self.registers.write(self.layout.control, control);
    possible
  }

  fn listen_received(&self, on: bool) {
    self.control(RECEIVED_INTERRUPT | SILENCE_INTERRUPT, on);
  }

  fn receive(&self) -> Option<Received> {
    let status = self.status();
    let news = status & (RECEIVED | OVERRUN | SILENCE);
    if news == 0 {
      return None;
    }
    if let Some(clear) = self.layout.clear {
      self.registers.write(clear, status & (DAMAGED | OVERRUN | SILENCE));
      if news == SILENCE {
        return None;
      }
    }
    // On the older part, reading the data behind the status is what takes the flags back.
    let byte = self.registers.read(self.layout.received) as u8;
    if news == SILENCE {
      return None;
    }
    let damaged = status & DAMAGED != 0 || status & RECEIVED == 0;
    Some(Received { byte: if damaged { None } else { Some(byte) }, overrun: status & OVERRUN != 0 })
  }

  fn room(&self) -> bool {
    self.status() & ROOM != 0
  }
}

impl<R: Registers> Transmitter for Usart<R> {
  fn send(&self, byte: u8) -> bool {
    if !self.room() {
      return false;
    }
    self.registers.write(self.layout.send, byte.into());
    true
  }

  fn listen(&self, on: bool) {
    self.control(ROOM_INTERRUPT, on);
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use std::cell::Cell;

  /// A part that has received a byte, and whose flags go as the reference manuals say.
  struct Part {
    layout: Layout,
    status: Cell<u32>,
    seen: Cell<bool>,
    room: Cell<u32>,
    control: Cell<u32>,
    divider: Cell<u32>,
  }

  impl Part {
    fn new(layout: Layout) -> Part {
      let status = Cell::new(SENT | ROOM);
      Part { layout, status, seen: Cell::default(), room: Cell::new(9), control: Cell::new(0), divider: Cell::new(0) }
    }
  }

  impl Registers for &Part {
    fn read(&self, offset: usize) -> u32 {
      if offset == self.layout.status {
        self.seen.set(true);
        return self.status.get() & if self.room.get() > 0 { !0 } else { !ROOM };
      }
      if offset == self.layout.received {
        let also = if self.layout.clear.is_none() && self.seen.take() { DAMAGED | OVERRUN | SILENCE } else { 0 };
        self.status.set(self.status.get() & !(RECEIVED | also));
        return 0x41;
      }
      self.control.get()
    }

    fn write(&self, offset: usize, value: u32) {
      if offset == self.layout.send {
        self.room.set(self.room.get() - 1);
      } else if Some(offset) == self.layout.clear {
        self.status.set(self.status.get() & !value);
      } else if offset == self.layout.control {
        self.control.set(value);
      } else if offset == self.layout.divider {
        self.divider.set(value);
      }
    }
  }

  #[test]
  fn no_flag_stays_that_would_bring_the_interrupt_again() {
    for layout in [Layout::F4, Layout::H7] {
      for flags in 0..64 {
        let part = Part::new(layout);
        part.status.set(flags);
        let usart = Usart::new(&part, layout);
        let received = usart.receive();
        let byte = flags & (RECEIVED | OVERRUN) != 0;
        assert_eq!(received.is_some(), byte, "{flags:x}");
        if let Some(r) = received {
          assert_eq!(r.overrun, flags & OVERRUN != 0);
          assert_eq!(r.byte.is_none(), flags & DAMAGED != 0 || flags & RECEIVED == 0);
        }
        assert_eq!(part.status.get() & (RECEIVED | OVERRUN | SILENCE), 0, "{flags:x}");
        assert_eq!(usart.receive(), None);
      }
    }
  }

  #[test]
  fn the_interrupt_comes_as_long_as_there_is_more() {
    let part = Part::new(Layout::H7);
    let usart = Usart::new(&part, Layout::H7);
    assert!(usart.start(100_000_000, 115_200));
    assert_eq!(part.divider.get(), 868);
    assert!(!usart.set_baudrate(100_000_000, 10_000_000) && !usart.set_baudrate(100_000_000, 0));
    let mut bytes = 0..20;
    usart.pump(|| bytes.next());
    assert_eq!((bytes.start, part.control.get() & ROOM_INTERRUPT), (9, ROOM_INTERRUPT));
    part.room.set(99);
    usart.pump(|| bytes.next());
    assert_eq!((bytes.start, part.control.get()), (20, Layout::H7.enable | RECEIVE | SEND));
  }
}
