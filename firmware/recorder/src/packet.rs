//! Packets that carry a recording.
//!
//! ```text
//!  0 "G2GR"
//!  4 session u32   tells one start of the board from the next
//!  8 sequence u32  counts packets from 0
//! 12 whole u16     bytes of the payload up to the end of the last entry that ends in it, 0 when none does
//! 14 length u16    bytes of the payload; bit 15: the last packet
//! 16 payload       the recording, packet after packet
//! ```
//!
//! Numbers are little-endian. On a serial line a CRC-32 (ISO-HDLC) follows, u32, and all of it is encoded by COBS (Cheshire and
//! Baker, 1999) and ended by a zero byte.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// Bytes before the payload.
pub const HEAD: usize = 16;

/// Bytes of a payload at most.
pub const PACKET: usize = 1024;

/// Of the length: nothing follows.
const LAST: u16 = 0x8000;

/// Bytes of a packet on a serial line at most.
pub const SERIAL: usize = HEAD + PACKET + 4 + (HEAD + PACKET + 4).div_ceil(254) + 1;

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Writes a head.
pub(crate) fn write_head(to: &mut [u8; HEAD], session: u32, sequence: u32, whole: usize, length: usize, last: bool) {
  to[0..4].copy_from_slice(b"G2GR");
  to[4..8].copy_from_slice(&session.to_le_bytes());
  to[8..12].copy_from_slice(&sequence.to_le_bytes());
  to[12..14].copy_from_slice(&(whole as u16).to_le_bytes());
  to[14..16].copy_from_slice(&(length as u16 | if last { LAST } else { 0 }).to_le_bytes());
}

/// Encodes a packet for a serial line; how many bytes of `to` it takes.
pub fn serial(packet: &[u8], to: &mut [u8; SERIAL]) -> usize {
  let crc = CRC.checksum(packet).to_le_bytes();
  let mut encoder = cobs::CobsEncoder::new(to);
  // The buffer is as large as the largest packet needs.
  let _ = encoder.push(packet);
  let _ = encoder.push(&crc);
  let n = encoder.finalize();
  to[n] = 0;
  n + 1
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn a_serial_packet_has_one_zero_and_its_checksum() {
    for fill in [0u8, 1, 255] {
      let packet = [fill; HEAD + PACKET];
      let mut to = [0xaa; SERIAL];
      let n = serial(&packet, &mut to);
      assert_eq!(to[..n].iter().position(|b| *b == 0), Some(n - 1));
      let mut back = [0; SERIAL];
      let size = cobs::decode(&to[..n - 1], &mut back).unwrap().frame_size();
      let (got, crc) = back[..size].split_at(packet.len());
      assert_eq!(got, packet);
      assert_eq!(crc, Crc::<u32>::new(&CRC_32_ISO_HDLC).checksum(&packet).to_le_bytes());
    }
  }
}
