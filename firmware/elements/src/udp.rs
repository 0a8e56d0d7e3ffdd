//! What the elements over UDP share.

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Ipv4Address, Stack};
use g2g_interface::HostError;

/// Bytes of a datagram at most that Ethernet carries in one piece; larger ones would have to be split, which boards do not.
pub const MAX_DATAGRAM: usize = 1472;

/// The buffers of a socket, in static memory: so many datagrams and bytes may wait in either direction.
pub struct Buffers<const DATAGRAMS: usize, const BYTES: usize> {
  meta: [PacketMetadata; DATAGRAMS],
  bytes: [u8; BYTES],
}

impl<const DATAGRAMS: usize, const BYTES: usize> Default for Buffers<DATAGRAMS, BYTES> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const DATAGRAMS: usize, const BYTES: usize> Buffers<DATAGRAMS, BYTES> {
  /// Empty buffers.
  pub const fn new() -> Self {
    Buffers { meta: [PacketMetadata::EMPTY; DATAGRAMS], bytes: [0; BYTES] }
  }

  /// A socket that only sends.
  pub fn sender<'a>(&'a mut self, stack: Stack<'a>) -> UdpSocket<'a> {
    UdpSocket::new(stack, &mut [], &mut [], &mut self.meta, &mut self.bytes)
  }

  /// A socket that only receives.
  pub fn receiver<'a>(&'a mut self, stack: Stack<'a>) -> UdpSocket<'a> {
    UdpSocket::new(stack, &mut self.meta, &mut self.bytes, &mut [], &mut [])
  }
}

/// An IPv4 address in digits, "10.0.2.2": there is no name service on a board. (The standard library's reader is much larger.)
pub fn address(text: &str) -> Result<Ipv4Address, HostError> {
  let mut octets = [0u8; 4];
  let mut count = 0;
  for part in text.as_bytes().split(|b| *b == b'.') {
    let octet = octets.get_mut(count).ok_or(HostError::Invalid)?;
    // A zero in front could mean that the number is octal.
    if part.is_empty() || part.len() > 1 && part[0] == b'0' {
      return Err(HostError::Invalid);
    }
    for digit in part {
      let value = digit.checked_sub(b'0').filter(|v| *v < 10);
      let sum = value.and_then(|v| octet.checked_mul(10)?.checked_add(v));
      *octet = sum.ok_or(HostError::Invalid)?;
    }
    count += 1;
  }
  if count == 4 { Ok(Ipv4Address::from(octets)) } else { Err(HostError::Invalid) }
}
