//! `boardaudiosrc`: sound from an input of the board. The name is made like GStreamer's, where it says whose sound it is
//! (alsasrc, osxaudiosrc); how the board gets the samples, by I2S, PDM or a converter, is the device's matter.

use core::task::Context;

use g2g_interface::abi::{Op, frame_flag};
use g2g_interface::{Answer, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::audio::{Capture, Filled, SoundDevice};
use crate::cache::Cache;
use crate::caps::{AudioFormat, Caps};
use crate::credits::Times;
use crate::intake::{Device, Intake};
use crate::property;

struct Input<D>(D);

impl<D: SoundDevice> Device for Input<D> {
  // They take turns.
  const LEAST: usize = 2;

  fn start(&mut self) -> Result<(), HostError> {
    self.0.start()
  }

  fn stop(&mut self) {
    self.0.stop();
  }
}

/// Gives the samples that a device captures, a block of `latency-time` at a time. Timestamps count samples, from the time at
/// which the first was captured; lost ones are counted too.
pub struct BoardAudioSrc<'a, D: SoundDevice> {
  device: Input<D>,
  intake: Intake<'a>,
  latency_time: u32,
  format: Option<AudioFormat>,
  /// When the sample was captured from which `samples` counts.
  origin: i64,
  samples: u64,
  overruns: u32,
}

impl<'a, D: SoundDevice> BoardAudioSrc<'a, D> {
  /// An element over a device that fills the blocks of `queue`.
  pub fn new(device: D, queue: &'static Capture, cache: &'a dyn Cache) -> Self {
    BoardAudioSrc {
      device: Input(device),
      intake: Intake::new(queue, cache),
      latency_time: 10_000,
      format: None,
      origin: NONE,
      samples: 0,
      overruns: 0,
    }
  }

  /// A block came back. The caller has asked for room.
  fn take(&mut self, filled: Filled, out: &mut dyn Completions) {
    let Some(format) = self.format.filter(|_| filled.bytes > 0 && !self.intake.ended()) else { return };
    let samples = filled.bytes / format.frame();
    let capture = filled.end - format.time(samples as u64);
    if filled.lost > 0 {
      self.intake.discont = true;
      self.overruns = self.overruns.wrapping_add(1);
      self.samples += filled.lost as u64;
    }
    if self.origin == NONE {
      (self.origin, self.samples) = (capture, 0);
    }
    let begin = format.time(self.samples);
    self.samples += samples as u64;
    let times = Times { pts: self.origin + begin, dts: NONE, duration: format.time(self.samples) - begin, capture };
    let flags = if self.intake.discont { frame_flag::DISCONT } else { frame_flag::NONE };
    self.intake.give(&filled, times, flags, out);
  }
}

impl<D: SoundDevice> HostElement for BoardAudioSrc<'_, D> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "latency-time" => self.latency_time = property::int(value, 1, 1_000_000)? as u32,
      "num-buffers" => self.intake.buffers = property::int(value, -1, i32::MAX as i64)?,
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
    let format = AudioFormat::read(&Caps::read(caps)?)?;
    let samples = self.latency_time as u64 * format.rate as u64 / 1_000_000;
    let block = u32::try_from(samples * format.frame() as u64).map_err(|_| HostError::Invalid)?;
    if block == 0 || block > 1 << 20 {
      return Err(HostError::Invalid);
    }
    self.intake.void(&mut self.device);
    self.device.0.configure(&format, block)?;
    self.format = Some(format);
    self.origin = NONE;
    Ok(self.intake.expect(block))
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.intake.credits.add(credit, memory)
  }

  fn flush(&mut self, epoch: u32) {
    self.intake.flush(epoch);
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("overruns", property::count(self.overruns));
    each("lost-samples", property::count(self.intake.lost()));
  }

  fn allowance(&self, op: Op) -> Option<i64> {
    // With no more than the two blocks that take turns, the device waits for the core.
    let block = self.latency_time as i64 * 1000;
    if op == Op::Credit && !(self.intake.running && self.intake.credits.lent() > 2) {
      None
    } else {
      Some(2_000_000_000 + 4 * block)
    }
  }

  fn cancel(&mut self, token: u32) {
    self.intake.cancel(token, &mut self.device);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    self.intake.queue.wait(context.waker());
    while out.room() {
      let Some(filled) = self.intake.next() else { break };
      self.take(filled, out);
      if self.intake.ended() {
        self.intake.stop(&mut self.device);
      }
    }
    if !self.intake.settle(out) {
      return;
    }
    if self.intake.stopping {
      // What could have been captured meanwhile is not known: time goes on by the clock.
      self.origin = NONE;
    }
    self.intake.go_on(out, &mut self.device);
  }

  fn close(&mut self) {
    self.intake.close(&mut self.device);
    (self.format, self.origin, self.overruns) = (None, NONE, 0);
  }
}
