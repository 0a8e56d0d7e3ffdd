//! The SMSC LAN9118 and LAN9220: Ethernet on a parallel bus, frames read and written word by word through FIFOs. Section
//! numbers are those of the LAN9118 data sheet, revision 1.5.

mod device;
mod driver;
#[cfg(test)]
mod tests;

pub use device::Port;
pub use driver::{Buffers, Lan9118};

/// Bytes of an Ethernet frame without its checksum.
pub const FRAME: usize = 1514;
