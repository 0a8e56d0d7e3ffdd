//! `uartsrc`: receives bytes from a serial port.

use core::task::Context;

use g2g_interface::abi::frame_flag;
use g2g_interface::{Answer, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::credits::{Credits, Times};
use crate::property;
use crate::uart::{Receiver, Uart};

/// Gives what a serial port has received, `blocksize` bytes at a time or what there is when the line falls silent.
/// Timestamps are those at which the step loop took the bytes.
pub struct UartSrc<'a, U: Uart, const N: usize> {
  uart: U,
  queue: &'a Receiver<N>,
  baudrate: u32,
  blocksize: u32,
  credits: Credits,
  discont: bool,
  bytes: u64,
  // Counts of the queue when this instance began.
  lost: u32,
  errors: u32,
}

impl<'a, U: Uart, const N: usize> UartSrc<'a, U, N> {
  /// An element over a port whose interrupt feeds `queue`.
  pub fn new(uart: U, queue: &'a Receiver<N>) -> Self {
    UartSrc {
      uart,
      queue,
      baudrate: 115_200,
      blocksize: 256,
      credits: Credits::new(),
      discont: false,
      bytes: 0,
      lost: 0,
      errors: 0,
    }
  }
}

impl<U: Uart, const N: usize> HostElement for UartSrc<'_, U, N> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "baudrate" => self.baudrate = property::int(value, 1, 100_000_000)? as u32,
      "blocksize" => self.blocksize = property::int(value, 1, 65536)? as u32,
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
    self.uart.set_baudrate(self.baudrate)?;
    // What came before the stream is none of it.
    while self.queue.take().is_some() {}
    self.queue.close_gap();
    self.lost = self.queue.lost();
    self.errors = self.queue.errors();
    self.uart.listen(true);
    self.credits.expect(self.blocksize);
    Ok(self.blocksize)
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.credits.add(credit, memory)
  }

  fn flush(&mut self, epoch: u32) {
    self.credits.epoch = epoch;
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("bytes-received", Value::Int(self.bytes as i64));
    each("lost", property::count(self.queue.lost().wrapping_sub(self.lost)));
    each("errors", property::count(self.queue.errors().wrapping_sub(self.errors)));
  }

  fn cancel(&mut self, token: u32) {
    self.credits.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    if !self.credits.end_cancelled(out) {
      return;
    }
    self.queue.wait(context.waker(), self.blocksize);
    while let Some(credit) = self.credits.first() {
      // All that came before a gap is taken before it is closed: the gap is seen first, so that nothing can come between.
      let gap = self.queue.gap();
      if self.queue.is_empty() {
        if !gap {
          return;
        }
        self.queue.close_gap();
        self.discont = true;
        continue;
      }
      if !out.room() {
        return;
      }
      let Some(block) = self.credits.bytes_mut(credit.token, self.blocksize) else {
        self.credits.fail(HostError::Invalid, out);
        continue;
      };
      let mut n = 0;
      for (to, byte) in block.iter_mut().zip(core::iter::from_fn(|| self.queue.take())) {
        *to = byte;
        n += 1;
      }
      let flags = if self.discont { frame_flag::DISCONT } else { frame_flag::NONE };
      self.discont = false;
      self.bytes += n as u64;
      self.credits.give(credit.token, n, Times { pts: now, dts: NONE, duration: NONE, capture: now }, flags, out);
    }
  }

  fn close(&mut self) {
    self.uart.listen(false);
    self.credits.clear();
    (self.discont, self.bytes) = (false, 0);
  }
}
