//! The registers of the part, and what its interrupt does.

use core::sync::atomic::{AtomicBool, Ordering};

use embassy_sync::waitqueue::AtomicWaker;

use crate::registers::Registers;

pub(super) const RX_DATA: usize = 0x00;
pub(super) const TX_DATA: usize = 0x20;
pub(super) const RX_STATUS: usize = 0x40;
const TX_STATUS: usize = 0x48;
const IRQ_CFG: usize = 0x54;
const INT_STS: usize = 0x58;
const INT_EN: usize = 0x5c;
const BYTE_TEST: usize = 0x64;
const FIFO_INT: usize = 0x68;
const RX_CFG: usize = 0x6c;
const TX_CFG: usize = 0x70;
const HW_CFG: usize = 0x74;
const RX_DP_CTRL: usize = 0x78;
const RX_FIFO_INF: usize = 0x7c;
const TX_FIFO_INF: usize = 0x80;
const MAC_CSR_CMD: usize = 0xa4;
const MAC_CSR_DATA: usize = 0xa8;

// Registers of the MAC (5.4) and of its PHY (5.5), reached through commands.
const MAC_CR: u32 = 1;
const ADDRH: u32 = 2;
const ADDRL: u32 = 3;
const MII_ACC: u32 = 6;
const MII_DATA: u32 = 7;
const PHY_CONTROL: u32 = 0;
const PHY_STATUS: u32 = 1;
const PHY_INTERRUPT_SOURCE: u32 = 29;
const PHY_INTERRUPT_MASK: u32 = 30;

/// The status FIFO of the receiver holds something.
pub(super) const RECEIVED: u32 = 1 << 3;
/// The transmitter has room.
pub(super) const ROOM: u32 = 1 << 9;
const PHY: u32 = 1 << 18;

/// Bytes that the transmitter must have room for: a frame, its two commands and the padding.
pub(super) const TX_NEEDS: u32 = 1536;

/// How often a bit is looked at that the part must set or clear by itself, before the part is held for dead.
const PATIENCE: u32 = 100_000;

/// The part, as its driver and its interrupt share it.
pub struct Port<R> {
  pub(super) registers: R,
  pub(super) waker: AtomicWaker,
  link_changed: AtomicBool,
}

impl<R: Registers> Port<R> {
  /// The part with these registers.
  pub const fn new(registers: R) -> Self {
    Port { registers, waker: AtomicWaker::new(), link_changed: AtomicBool::new(true) }
  }

  /// The part's interrupt. What it told stays silent until the driver asks for it again.
  pub fn interrupt(&self) {
    let enabled = self.registers.read(INT_EN);
    let told = self.registers.read(INT_STS) & enabled;
    self.registers.write(INT_EN, enabled & !told);
    self.registers.write(INT_STS, told);
    if told & PHY != 0 {
      self.link_changed.store(true, Ordering::Release);
    }
    self.waker.wake();
  }

  /// Has interrupts come, among them the PHY's.
  pub(super) fn listen(&self, bits: u32) {
    critical_section::with(|_| {
      // What has gone by is not told again; what is still so is.
      self.registers.write(INT_STS, bits & !PHY);
      self.registers.write(INT_EN, self.registers.read(INT_EN) | bits | PHY);
    });
  }

  fn wait(&self, register: usize, bits: u32) -> Option<()> {
    (0..PATIENCE).any(|_| self.registers.read(register) & bits == 0).then_some(())
  }

  fn mac_read(&self, register: u32) -> Option<u32> {
    self.wait(MAC_CSR_CMD, 1 << 31)?;
    self.registers.write(MAC_CSR_CMD, 0xc000_0000 | register);
    self.wait(MAC_CSR_CMD, 1 << 31)?;
    Some(self.registers.read(MAC_CSR_DATA))
  }

  fn mac_write(&self, register: u32, value: u32) -> Option<()> {
    self.wait(MAC_CSR_CMD, 1 << 31)?;
    self.registers.write(MAC_CSR_DATA, value);
    self.registers.write(MAC_CSR_CMD, 0x8000_0000 | register);
    self.wait(MAC_CSR_CMD, 1 << 31)
  }

  fn phy_wait(&self) -> Option<()> {
    for _ in 0..PATIENCE {
      if self.mac_read(MII_ACC)? & 1 == 0 {
        return Some(());
      }
    }
    None
  }

  fn phy_read(&self, register: u32) -> Option<u32> {
    self.phy_wait()?;
    self.mac_write(MII_ACC, 1 << 11 | register << 6 | 1)?;
    self.phy_wait()?;
    self.mac_read(MII_DATA)
  }

  fn phy_write(&self, register: u32, value: u32) -> Option<()> {
    self.phy_wait()?;
    self.mac_write(MII_DATA, value)?;
    self.mac_write(MII_ACC, 1 << 11 | register << 6 | 3)?;
    self.phy_wait()
  }

  /// Resets the part and sets it up; `None` when it does not answer.
  pub(super) fn start(&self, address: [u8; 6]) -> Option<()> {
    let r = &self.registers;
    if r.read(BYTE_TEST) != 0x8765_4321 {
      return None;
    }
    r.write(HW_CFG, 1);
    self.wait(HW_CFG, 1)?;
    // 5 KiB of the memory for the transmitter; bit 20 must be one (5.3.9).
    r.write(HW_CFG, 5 << 16 | 1 << 20);
    r.write(INT_EN, 0);
    r.write(INT_STS, u32::MAX);
    // Dump what the FIFOs hold, then begin.
    r.write(TX_CFG, 3 << 14);
    r.write(RX_CFG, 1 << 15);
    self.wait(RX_CFG, 1 << 15)?;
    let [a, b, c, d, e, f] = address;
    self.mac_write(ADDRH, u16::from_le_bytes([e, f]).into())?;
    self.mac_write(ADDRL, u32::from_le_bytes([a, b, c, d]))?;
    // Negotiates by itself, and tells when the link has come or gone.
    self.phy_write(PHY_CONTROL, 1 << 12 | 1 << 9)?;
    self.phy_write(PHY_INTERRUPT_MASK, 1 << 6 | 1 << 4)?;
    // Full duplex, and both directions on.
    let control = self.mac_read(MAC_CR)?;
    self.mac_write(MAC_CR, control | 1 << 20 | 1 << 3 | 1 << 2)?;
    // Tell of the first frame that was received, and of room for a frame, in units of 64 bytes.
    r.write(FIFO_INT, (TX_NEEDS / 64) << 24);
    r.write(TX_CFG, 1 << 1);
    // The pin is pushed and pulled, active high, and on.
    r.write(IRQ_CFG, 1 << 8 | 1 << 4 | 1);
    self.listen(RECEIVED);
    Some(())
  }

  /// Whether the link has come or gone since this was last asked, and which.
  pub(super) fn link(&self) -> Option<bool> {
    if !self.link_changed.swap(false, Ordering::AcqRel) {
      return None;
    }
    // Taken back before the PHY is asked, so that what changes from here on is told.
    self.registers.write(INT_STS, PHY);
    self.phy_read(PHY_INTERRUPT_SOURCE)?;
    // The first reading tells whether it was ever down.
    self.phy_read(PHY_STATUS)?;
    let up = self.phy_read(PHY_STATUS)? & 1 << 2 != 0;
    self.listen(0);
    Some(up)
  }

  /// Frames that were received and not taken.
  pub(super) fn received(&self) -> u32 {
    self.registers.read(RX_FIFO_INF) >> 16 & 0xff
  }

  /// Bytes that the transmitter has room for.
  pub(super) fn room(&self) -> u32 {
    self.registers.read(TX_FIFO_INF) & 0xffff
  }

  /// Takes what the transmitter has said, of which its FIFO holds 512 bytes.
  pub(super) fn drop_statuses(&self) {
    for _ in 0..self.registers.read(TX_FIFO_INF) >> 16 & 0xff {
      self.registers.read(TX_STATUS);
    }
  }

  /// Throws a frame away whose status was read (3.13.1.1).
  pub(super) fn skip(&self, words: usize) {
    if words >= 4 {
      self.registers.write(RX_DP_CTRL, 1 << 31);
      if self.wait(RX_DP_CTRL, 1 << 31).is_some() {
        return;
      }
    }
    for _ in 0..words {
      self.registers.read(RX_DATA);
    }
  }
}
