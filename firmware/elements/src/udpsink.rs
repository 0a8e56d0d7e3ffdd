//! `udpsink`: sends each frame as a datagram.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embassy_net::udp::{SendError, UdpSocket};
use embassy_net::{IpAddress, IpEndpoint, Ipv4Address};
use g2g_interface::abi::Completed;
use g2g_interface::{Answer, Completions, Frame, HostElement, HostError, Value};

use crate::drain::Drain;
use crate::held::Held;
use crate::property;
use crate::udp::{self, MAX_DATAGRAM};

/// Frames that wait for room in the network's queue at most.
const QUEUE: usize = 8;

/// What goes when the queue is full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaky {
  No,
  Upstream,
  Downstream,
}

/// Sends frames to one address. What finds no room in the socket's buffer waits here, and then in the pipeline.
pub struct UdpSink<'a> {
  socket: UdpSocket<'a>,
  host: Option<Ipv4Address>,
  port: u16,
  bind_port: u16,
  ttl: u8,
  multicast_ttl: u8,
  leaky: Leaky,
  held: Held<QUEUE>,
  drain: Drain,
  bytes: u64,
  sent: u32,
  waits: u32,
  dropped: u32,
}

impl<'a> UdpSink<'a> {
  /// An element over a socket that is not bound.
  pub fn new(socket: UdpSocket<'a>) -> Self {
    UdpSink {
      socket,
      host: None,
      port: 5004,
      bind_port: 0,
      ttl: 64,
      multicast_ttl: 1,
      leaky: Leaky::No,
      held: Held::new(),
      drain: Drain::new(),
      bytes: 0,
      sent: 0,
      waits: 0,
      dropped: 0,
    }
  }

  /// Gathers a frame into the socket's buffer. Pending when that has no room; `waker` is woken when it has.
  fn send(&mut self, frame: &Frame, waker: &Waker) -> Poll<Result<(), HostError>> {
    let Some(host) = self.host else { return Poll::Ready(Err(HostError::Invalid)) };
    let size = frame.size as usize;
    let to = IpEndpoint::new(IpAddress::Ipv4(host), self.port);
    let gather = |buffer: &mut [u8]| (frame.copy_to(buffer).unwrap_or(0), ());
    let sending = pin!(self.socket.send_to_with(size, to, gather));
    let Poll::Ready(result) = sending.poll(&mut Context::from_waker(waker)) else { return Poll::Pending };
    Poll::Ready(match result {
      Ok(()) => {
        self.bytes += size as u64;
        self.sent = self.sent.wrapping_add(1);
        Ok(())
      }
      Err(SendError::PacketTooLarge) => Err(HostError::NoSpace),
      Err(SendError::NoRoute) => Err(HostError::NotFound),
      Err(SendError::SocketNotBound) => Err(HostError::Closed),
    })
  }
}

impl HostElement for UdpSink<'_> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "host" => {
        let text = property::text(value)?;
        self.host = if text.is_empty() { None } else { Some(udp::address(text)?) };
      }
      "port" => self.port = property::int(value, 1, 65535)? as u16,
      "bind-port" => self.bind_port = property::int(value, 0, 65535)? as u16,
      "ttl" => self.ttl = property::int(value, 1, 255)? as u8,
      "ttl-mc" => self.multicast_ttl = property::int(value, 1, 255)? as u8,
      "leaky" => {
        self.leaky =
          [Leaky::No, Leaky::Upstream, Leaky::Downstream][property::word(value, &["no", "upstream", "downstream"])?]
      }
      // The core holds frames until they are due.
      "sync" => {
        property::boolean(value)?;
      }
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, _: &str) -> Result<u32, HostError> {
    let host = self.host.ok_or(HostError::Invalid)?;
    if !self.socket.is_open() {
      self.socket.bind(self.bind_port).map_err(|_| HostError::Busy)?;
    }
    self.socket.set_hop_limit(Some(if host.is_multicast() { self.multicast_ttl } else { self.ttl }));
    Ok(0)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    if frame.handle != 0 || frame.size as usize > MAX_DATAGRAM {
      return Err(HostError::Invalid);
    }
    if self.held.is_empty() {
      // Nobody waits for room while nothing is held.
      match self.send(frame, Waker::noop()) {
        Poll::Ready(sent) => return sent.map(|()| Answer::Done),
        Poll::Pending => self.waits = self.waits.wrapping_add(1),
      }
    }
    if self.held.len() == QUEUE {
      match self.leaky {
        Leaky::No => {}
        Leaky::Upstream => {
          self.dropped = self.dropped.wrapping_add(1);
          return Ok(Answer::Done);
        }
        Leaky::Downstream => {
          // The oldest makes room when the host polls, which it does before the frame is offered again.
          if (0..QUEUE).all(|i| !self.held.is_over(i)) {
            self.dropped = self.dropped.wrapping_add(1);
            let oldest = self.held.get(0).map(|(_, token)| token);
            oldest.map(|token| self.held.cancel(token));
          }
        }
      }
    }
    self.held.add(frame, token)
  }

  fn drain(&mut self, _: u32, token: u32) -> Result<Answer, HostError> {
    self.drain.begin(token)
  }

  fn flush(&mut self, _: u32) {
    self.held.cancel_all();
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("bytes-served", Value::Int(self.bytes as i64));
    each("datagrams-served", property::count(self.sent));
    each("waits", property::count(self.waits));
    each("dropped", property::count(self.dropped));
  }

  fn cancel(&mut self, token: u32) {
    self.held.cancel(token);
    self.drain.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    self.held.end_over(0, out);
    while let Some((frame, token)) = self.held.get(0) {
      if !out.room() {
        return;
      }
      let Poll::Ready(sent) = self.send(&frame, context.waker()) else { return };
      self.held.end(token, sent.map_or_else(|e| e as i32, |()| 0), out);
    }
    // What is still in the socket's buffer would be lost when the pipeline ends.
    self.drain.end(Completed::Result, out, || pin!(self.socket.flush()).poll(context).is_ready());
  }

  fn close(&mut self) {
    self.socket.close();
    self.held.clear();
    self.drain.clear();
    (self.bytes, self.sent, self.waits, self.dropped) = (0, 0, 0, 0);
  }
}
