//! The LAN9118 of a board, or a part like it.

use g2g_chips::Mmio;
use g2g_chips::lan9118::{Buffers, Lan9118, Port};
use static_cell::ConstStaticCell;

use crate::unmask;

/// Starts it, of which a board has one; `None` when it does not answer.
/// @param line its interrupt, which is quiet only after the part was set up
/// @param address of the Ethernet
pub fn start(port: &'static Port<Mmio>, line: i32, address: [u8; 6]) -> Option<Lan9118<Mmio>> {
  static FRAMES: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());
  let device = Lan9118::new(port, FRAMES.take(), address)?;
  unmask(line);
  Some(device)
}
