//! `uartsink`: sends bytes over a serial port.

use core::task::Context;

use g2g_interface::abi::{Completed, Op};
use g2g_interface::{Answer, Completions, Frame, HostElement, HostError, Value};

use crate::drain::Drain;
use crate::held::Held;
use crate::property;
use crate::uart::{Sender, Uart};

/// Frames that wait at most.
const QUEUE: usize = 4;

/// Sends frames byte by byte. A frame is done when the port's queue has all of it.
pub struct UartSink<'a, U: Uart, const N: usize> {
  uart: U,
  queue: &'a Sender<N>,
  baudrate: u32,
  held: Held<QUEUE>,
  /// Bytes of the oldest frame that the queue has.
  done: usize,
  drain: Drain,
  bytes: u64,
}

impl<'a, U: Uart, const N: usize> UartSink<'a, U, N> {
  /// An element over a port whose interrupt empties `queue`.
  pub fn new(uart: U, queue: &'a Sender<N>) -> Self {
    UartSink { uart, queue, baudrate: 115_200, held: Held::new(), done: 0, drain: Drain::new(), bytes: 0 }
  }

  /// Moves bytes of a frame into the queue; whether it has all of them.
  fn feed(&mut self, frame: &Frame) -> bool {
    let rest = frame.stretches().flatten().skip(self.done);
    let before = self.done;
    for byte in rest {
      if !self.queue.put(*byte) {
        break;
      }
      self.done += 1;
    }
    if self.done > before {
      self.bytes += (self.done - before) as u64;
      self.uart.send();
    }
    self.done == frame.size as usize
  }
}

impl<U: Uart, const N: usize> HostElement for UartSink<'_, U, N> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "baudrate" => self.baudrate = property::int(value, 1, 100_000_000)? as u32,
      "sync" => {
        property::boolean(value)?;
      }
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, _: &str) -> Result<u32, HostError> {
    self.uart.set_baudrate(self.baudrate)?;
    Ok(0)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    if frame.handle != 0 {
      return Err(HostError::Invalid);
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
  }

  fn allowance(&self, _: Op) -> Option<i64> {
    // Ten bits a byte, twice as long as what is here takes, and some more.
    let held: u64 = (0..self.held.len()).filter_map(|i| self.held.get(i)).map(|(f, _)| f.size as u64).sum();
    let bits = (held + N as u64) * 20;
    Some(2_000_000_000 + (bits * 1_000_000_000 / self.baudrate as u64) as i64)
  }

  fn cancel(&mut self, token: u32) {
    self.held.cancel(token);
    self.drain.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    if self.held.is_over(0) {
      self.done = 0;
    }
    self.held.end_over(0, out);
    self.queue.wait(context.waker());
    while let Some((frame, token)) = self.held.get(0) {
      // A cancelled frame for whose end there was no room is not begun again.
      if self.held.is_over(0) || !self.feed(&frame) || !out.room() {
        break;
      }
      self.done = 0;
      self.held.end(token, 0, out);
    }
    self.drain.end(Completed::Result, out, || self.held.is_empty() && self.queue.is_empty());
  }

  fn close(&mut self) {
    self.held.clear();
    self.drain.clear();
    (self.done, self.bytes) = (0, 0);
  }
}
