//! `i2csensor`: samples of a sensor on an I2C bus; see [`crate::sensor`].

use core::task::Context;

use g2g_interface::abi::{Op, frame_flag};
use g2g_interface::{Answer, Completion, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::caps::Caps;
use crate::credits::{Credits, Times};
use crate::property;
use crate::sensor::{Fill, Filled, Fills};

/// Gives the samples of a sensor, `samplesperbuffer` at a time. Timestamps are the times at which samples were taken.
pub struct I2cSensor {
  fills: &'static Fills,
  /// Bytes of a sample.
  sample: u32,
  rate: u32,
  samples: u32,
  buffers: i64,
  credits: Credits,
  discont: bool,
  given: u32,
  lost: u32,
  gaps: u32,
}

impl I2cSensor {
  /// An element over a sensor whose task serves `fills`.
  /// @param sample bytes of a sample
  pub fn new(fills: &'static Fills, sample: u32) -> Self {
    I2cSensor {
      fills,
      sample,
      rate: 0,
      samples: 1,
      buffers: -1,
      credits: Credits::new(),
      discont: false,
      given: 0,
      lost: 0,
      gaps: 0,
    }
  }

  fn ended(&self) -> bool {
    self.buffers >= 0 && self.given as i64 >= self.buffers
  }

  /// How long the samples of a frame take, ns.
  fn duration(&self) -> i64 {
    1_000_000_000 * self.samples as i64 / self.rate.max(1) as i64
  }

  fn block(&self) -> u32 {
    self.sample * self.samples
  }

  /// A block came back. The caller has asked for room.
  fn take(&mut self, filled: Filled, out: &mut dyn Completions) {
    self.credits.back(filled.token);
    let begin = match filled.begin {
      Ok(_) if self.ended() => return,
      Ok(begin) => begin,
      Err(error) => {
        self.credits.take(filled.token);
        out.put(Completion::result(filled.token, error as i32));
        return;
      }
    };
    self.lost = self.lost.wrapping_add(filled.lost);
    self.gaps = self.gaps.wrapping_add(u32::from(filled.gap));
    let flags = if filled.gap || self.discont { frame_flag::DISCONT } else { frame_flag::NONE };
    self.discont = false;
    self.given = self.given.wrapping_add(1);
    let times = Times { pts: begin, dts: NONE, duration: self.duration(), capture: begin };
    self.credits.give(filled.token, self.block(), times, flags, out);
  }

  fn void(&mut self) {
    self.fills.void();
    self.credits.all_back();
    self.discont = self.given > 0;
  }
}

impl HostElement for I2cSensor {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "samplesperbuffer" => self.samples = property::int(value, 1, 1024)? as u32,
      "num-buffers" => self.buffers = property::int(value, -1, i32::MAX as i64)?,
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

  fn configure(&mut self, _: u32, caps: &str) -> Result<u32, HostError> {
    let caps = Caps::read(caps)?;
    if caps.media() != "application/x-sensor" || caps.int("sample-size") != i32::try_from(self.sample).ok() {
      return Err(HostError::Invalid);
    }
    self.rate = caps.size("rate", 100_000)?;
    self.credits.expect(self.block());
    Ok(self.block())
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.credits.add(credit, memory)
  }

  fn flush(&mut self, epoch: u32) {
    self.void();
    self.credits.epoch = epoch;
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("lost-samples", property::count(self.lost));
    each("overruns", property::count(self.gaps));
  }

  fn allowance(&self, _: Op) -> Option<i64> {
    Some(2_000_000_000 + 2 * self.duration())
  }

  fn cancel(&mut self, token: u32) {
    if self.credits.cancel(token) {
      self.void();
    }
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    while out.room() {
      let Some(filled) = self.fills.result(context) else { break };
      self.take(filled, out);
    }
    if self.ended() {
      self.void();
    }
    if !self.credits.end_cancelled(out) {
      return;
    }
    if self.ended() {
      self.credits.end_all(out);
      return;
    }
    // Behind the results, whose places are free again.
    while let Some(credit) = self.credits.first() {
      let Some(at) = self.credits.pointer(credit.token, self.block()) else {
        if !out.room() {
          return;
        }
        self.credits.fail(HostError::Invalid, out);
        continue;
      };
      if !self.fills.submit(Fill { at, length: self.block(), token: credit.token, rate: self.rate }) {
        return;
      }
      self.credits.lend(credit.token);
    }
  }

  fn close(&mut self) {
    self.fills.void();
    self.credits.clear();
    (self.discont, self.buffers) = (false, -1);
    (self.given, self.lost, self.gaps) = (0, 0, 0);
  }
}
