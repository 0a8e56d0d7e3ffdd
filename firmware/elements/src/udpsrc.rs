//! `udpsrc`: receives datagrams.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};

use embassy_net::udp::UdpSocket;
use embassy_net::{IpAddress, IpListenEndpoint, Ipv4Address};
use g2g_interface::abi::frame_flag;
use g2g_interface::{Answer, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::credits::{Credits, Times};
use crate::property;
use crate::udp;

/// Gives each datagram that comes to a port as a frame.
///
/// What finds no room in the socket's buffer is dropped by the network stack, which keeps no count of it.
pub struct UdpSrc<'a> {
  socket: UdpSocket<'a>,
  address: Option<Ipv4Address>,
  port: u16,
  mtu: u32,
  timeout: i64,
  /// When something last came, or the pipeline began to listen.
  heard: i64,
  credits: Credits,
  bytes: u64,
  received: u32,
  truncated: u32,
  timeouts: u32,
}

impl<'a> UdpSrc<'a> {
  /// An element over a socket that is not bound.
  pub fn new(socket: UdpSocket<'a>) -> Self {
    UdpSrc {
      socket,
      address: None,
      port: 5004,
      mtu: 1492,
      timeout: 0,
      heard: NONE,
      credits: Credits::new(),
      bytes: 0,
      received: 0,
      truncated: 0,
      timeouts: 0,
    }
  }

  /// Counts the times that nothing came for as long as the property `timeout` says.
  fn watch(&mut self, now: i64) {
    if self.heard == NONE {
      self.heard = now;
    }
    if self.timeout > 0 {
      let times = (now - self.heard) / self.timeout;
      self.timeouts = self.timeouts.wrapping_add(times as u32);
      self.heard += times * self.timeout;
    }
  }
}

impl HostElement for UdpSrc<'_> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "address" => {
        let address = udp::address(property::text(value)?)?;
        if address.is_multicast() {
          return Err(HostError::Unsupported);
        }
        self.address = if address.is_unspecified() { None } else { Some(address) };
      }
      "port" => self.port = property::int(value, 0, 65535)? as u16,
      "mtu" => self.mtu = property::int(value, 1, 65535)? as u32,
      "timeout" => self.timeout = property::int(value, 0, i64::MAX)?,
      // The core has looked at these.
      "caps" => {
        property::text(value)?;
      }
      "is-live" => {
        property::boolean(value)?;
      }
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, _: &str) -> Result<u32, HostError> {
    if !self.socket.is_open() {
      let local = IpListenEndpoint { addr: self.address.map(IpAddress::Ipv4), port: self.port };
      self.socket.bind(local).map_err(|_| HostError::Busy)?;
    }
    self.credits.expect(self.mtu);
    Ok(self.mtu)
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.credits.add(credit, memory)
  }

  fn flush(&mut self, epoch: u32) {
    self.credits.epoch = epoch;
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("bytes-received", Value::Int(self.bytes as i64));
    each("datagrams-received", property::count(self.received));
    each("truncated", property::count(self.truncated));
    each("timeouts", property::count(self.timeouts));
  }

  fn cancel(&mut self, token: u32) {
    self.credits.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    if !self.credits.end_cancelled(out) {
      return;
    }
    while let Some(credit) = self.credits.first() {
      if !out.room() {
        return;
      }
      let Some(block) = self.credits.bytes_mut(credit.token, self.mtu) else {
        self.credits.fail(HostError::Invalid, out);
        continue;
      };
      let copy = |datagram: &[u8], _| {
        let n = datagram.len().min(block.len());
        block[..n].copy_from_slice(&datagram[..n]);
        (n, n < datagram.len())
      };
      let received = pin!(self.socket.recv_from_with(copy)).poll(context);
      self.watch(now);
      let Poll::Ready((n, cut)) = received else { return };
      self.heard = now;
      self.received = self.received.wrapping_add(1);
      self.bytes += n as u64;
      let mut flags = frame_flag::NONE;
      if cut {
        self.truncated = self.truncated.wrapping_add(1);
        flags = frame_flag::CORRUPT;
      }
      self.credits.give(
        credit.token,
        n as u32,
        Times { pts: now, dts: NONE, duration: NONE, capture: now },
        flags,
        out,
      );
    }
  }

  fn close(&mut self) {
    self.socket.close();
    self.credits.clear();
    self.heard = NONE;
    (self.bytes, self.received, self.truncated, self.timeouts) = (0, 0, 0, 0);
  }
}
