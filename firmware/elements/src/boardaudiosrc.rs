//! `boardaudiosrc`: sound from an input of the board. The name is made like GStreamer's, where it says whose sound it is
//! (alsasrc, osxaudiosrc); how the board gets the samples, by I2S, PDM or a converter, is the device's matter.

use core::task::Context;

use g2g_interface::abi::{Op, frame_flag};
use g2g_interface::{Answer, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::audio::{Block, Capture, Filled, SoundDevice};
use crate::cache::{Cache, lines, whole_lines};
use crate::caps::{AudioFormat, Caps};
use crate::credits::{Credits, Times};
use crate::property;

/// Gives the samples that a device captures, a block of `latency-time` at a time. Timestamps count samples, from the time at
/// which the first was captured; lost ones are counted too.
pub struct BoardAudioSrc<'a, D: SoundDevice> {
  device: D,
  queue: &'static Capture,
  cache: &'a dyn Cache,
  memory: Option<Memory>,
  latency_time: u32,
  buffers: i64,
  format: Option<AudioFormat>,
  /// Bytes of a block.
  block: u32,
  credits: Credits,
  running: bool,
  /// Why the device did not start.
  error: Option<HostError>,
  /// The device was asked to stop, and is not started again before all of its blocks are back.
  stopping: bool,
  discont: bool,
  /// When the sample was captured from which `samples` counts.
  origin: i64,
  samples: u64,
  given: u32,
  overruns: u32,
  lost: u32,
}

impl<'a, D: SoundDevice> BoardAudioSrc<'a, D> {
  /// An element over a device that fills the blocks of `queue`.
  pub fn new(device: D, queue: &'static Capture, cache: &'a dyn Cache) -> Self {
    BoardAudioSrc {
      device,
      queue,
      cache,
      memory: None,
      latency_time: 10_000,
      buffers: -1,
      format: None,
      block: 0,
      credits: Credits::new(),
      running: false,
      error: None,
      stopping: false,
      discont: false,
      origin: NONE,
      samples: 0,
      given: 0,
      overruns: 0,
      lost: 0,
    }
  }

  fn ended(&self) -> bool {
    self.buffers >= 0 && self.given as i64 >= self.buffers
  }

  /// Stops the device, which gives all blocks back.
  fn stop(&mut self) {
    if self.running || self.credits.lent() > 0 {
      self.device.stop();
      self.running = false;
      self.stopping = true;
    }
  }

  /// A block came back. The caller has asked for room.
  fn take(&mut self, filled: Filled, out: &mut dyn Completions) {
    self.credits.back(filled.token);
    let Some(format) = self.format.filter(|_| filled.bytes > 0 && !self.ended()) else { return };
    let samples = filled.bytes / format.frame();
    let capture = filled.end - format.time(samples as u64);
    if filled.lost > 0 {
      self.discont = true;
      self.overruns = self.overruns.wrapping_add(1);
      self.samples += filled.lost as u64;
    }
    if self.origin == NONE {
      (self.origin, self.samples) = (capture, 0);
    }
    let begin = format.time(self.samples);
    self.samples += samples as u64;
    let times = Times { pts: self.origin + begin, dts: NONE, duration: format.time(self.samples) - begin, capture };
    let flags = if self.discont { frame_flag::DISCONT } else { frame_flag::NONE };
    self.discont = false;
    self.given = self.given.wrapping_add(1);
    self.credits.give(filled.token, filled.bytes, times, flags, out);
  }

  /// Where the block of a credit lies, when the device may write there.
  fn place(&self, credit: &Credit) -> Option<*mut u8> {
    let room = lines(self.block);
    let at = self.memory?.pointer(credit.block, room)?;
    if whole_lines(self.cache, at, room as usize) { Some(at) } else { None }
  }

  /// Gives the device the blocks of the credits, and starts it when it has two.
  fn lend(&mut self, out: &mut dyn Completions) {
    while let Some(credit) = self.credits.first() {
      let Some(at) = self.place(&credit) else {
        if !out.room() {
          return;
        }
        self.credits.fail(HostError::Invalid, out);
        continue;
      };
      self.cache.invalidate(at, lines(self.block) as usize);
      self.credits.lend(credit.token);
      self.queue.submit(Block { at, length: self.block, token: credit.token });
    }
    if self.running || self.credits.lent() < 2 {
      return;
    }
    match self.device.start() {
      Ok(()) => self.running = true,
      Err(error) => {
        self.error = Some(error);
        self.stop();
      }
    }
  }
}

impl<D: SoundDevice> HostElement for BoardAudioSrc<'_, D> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "latency-time" => self.latency_time = property::int(value, 1, 1_000_000)? as u32,
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
    let format = AudioFormat::read(&Caps::read(caps)?)?;
    let samples = self.latency_time as u64 * format.rate as u64 / 1_000_000;
    let block = u32::try_from(samples * format.frame() as u64).map_err(|_| HostError::Invalid)?;
    if block == 0 || block > 1 << 20 {
      return Err(HostError::Invalid);
    }
    self.stop();
    // What was captured in the old format is void.
    while let Some(filled) = self.queue.result() {
      self.credits.back(filled.token);
    }
    self.device.configure(&format, block)?;
    self.format = Some(format);
    self.block = block;
    self.origin = NONE;
    self.lost = self.queue.lost();
    self.credits.expect(lines(block));
    Ok(lines(block))
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.memory = Some(memory);
    self.credits.add(credit)
  }

  fn flush(&mut self, epoch: u32) {
    self.credits.epoch = epoch;
    self.discont = true;
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("overruns", property::count(self.overruns));
    each("lost-samples", property::count(self.queue.lost().wrapping_sub(self.lost)));
  }

  fn allowance(&self, op: Op) -> Option<i64> {
    // With no more than the two blocks that take turns, the device waits for the core.
    let block = self.latency_time as i64 * 1000;
    if op == Op::Credit && !(self.running && self.credits.lent() > 2) { None } else { Some(2_000_000_000 + 4 * block) }
  }

  fn cancel(&mut self, token: u32) {
    if self.credits.cancel(token) {
      self.stop();
    }
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    self.queue.wait(context.waker());
    while out.room() {
      let Some(filled) = self.queue.result() else { break };
      if let (Some(memory), Some(at)) = (self.memory, self.credits.block(filled.token)) {
        // Lines may have been fetched ahead while the device wrote.
        let room = lines(self.block);
        memory.pointer(at, room).inspect(|at| self.cache.invalidate(*at, room as usize));
      }
      self.take(filled, out);
      if self.ended() {
        self.stop();
      }
    }
    if !self.credits.end_cancelled(out) || self.stopping && self.credits.lent() > 0 {
      return;
    }
    if self.stopping {
      self.stopping = false;
      // What could have been captured meanwhile is not known: time goes on by the clock.
      self.origin = NONE;
      self.discont = self.given > 0;
    }
    if let Some(error) = self.error.filter(|_| out.room()) {
      self.error = None;
      self.credits.fail(error, out);
      return;
    }
    if self.ended() {
      self.credits.end_all(out);
      return;
    }
    self.lend(out);
  }

  fn close(&mut self) {
    self.device.stop();
    while self.queue.result().is_some() {}
    self.credits.clear();
    (self.memory, self.format, self.error, self.origin) = (None, None, None, NONE);
    (self.running, self.stopping, self.discont) = (false, false, false);
    (self.given, self.overruns, self.buffers) = (0, 0, -1);
  }
}
