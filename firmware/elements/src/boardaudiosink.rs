//! `boardaudiosink`: sound to an output of the board; named as [`crate::boardaudiosrc`] is.

use core::task::Context;

use g2g_interface::abi::{Completed, Op};
use g2g_interface::{Answer, Completions, Frame, HostElement, HostError, Value};

use crate::audio::{Block, Piece, Playback, SoundDevice};
use crate::cache::Cache;
use crate::caps::{AudioFormat, Caps};
use crate::drain::Drain;
use crate::held::Held;
use crate::property;

/// Frames that wait or play at most.
const QUEUE: usize = 8;

/// Plays frames one behind the other, at the pace of the device: it begins when `buffer-time` of sound has come, and begins
/// anew when it ran out of sound. The device reads the frames where they lie.
pub struct BoardAudioSink<'a, D: SoundDevice> {
  device: D,
  queue: &'static Playback,
  cache: &'a dyn Cache,
  buffer_time: u32,
  format: Option<AudioFormat>,
  held: Held<QUEUE>,
  /// Frames and stretches of the next one that the device has.
  frames: usize,
  stretches: u32,
  running: bool,
  drain: Drain,
  samples: u64,
  /// The device's count when it was last looked at.
  starved: u32,
  underruns: u32,
}

impl<'a, D: SoundDevice> BoardAudioSink<'a, D> {
  /// An element over a device that plays the pieces of `queue`.
  pub fn new(device: D, queue: &'static Playback, cache: &'a dyn Cache) -> Self {
    BoardAudioSink {
      device,
      queue,
      cache,
      buffer_time: 20_000,
      format: None,
      held: Held::new(),
      frames: 0,
      stretches: 0,
      running: false,
      drain: Drain::new(),
      samples: 0,
      starved: 0,
      underruns: 0,
    }
  }

  /// Gives the device as much as it takes.
  fn feed(&mut self) {
    while let Some((frame, token)) = self.held.get(self.frames) {
      while let Some((address, length)) = frame.stretch(self.stretches) {
        if length == 0 {
          self.stretches += 1;
          continue;
        }
        let last = (self.stretches + 1..frame.count()).all(|i| frame.stretch(i).is_none_or(|(_, n)| n == 0));
        let Some(at) = frame.memory().pointer(address, length) else { return };
        self.cache.clean(at, length as usize);
        if !self.queue.submit(Piece { block: Block { at, length, token }, last }) {
          return;
        }
        self.stretches += 1;
      }
      self.frames += 1;
      self.stretches = 0;
    }
  }

  /// How long the frames here play, ns.
  fn held_time(&self, format: &AudioFormat) -> i64 {
    let bytes: u64 = (0..self.held.len()).filter_map(|i| self.held.get(i)).map(|(f, _)| f.size as u64).sum();
    format.time(bytes / format.frame() as u64)
  }

  /// Whether there is enough to begin with.
  fn enough(&self, format: &AudioFormat) -> bool {
    let time = self.held_time(format);
    // A full queue gets no fuller.
    time >= self.buffer_time as i64 * 1000 || self.held.len() == QUEUE || self.drain.is_pending()
  }

  fn stop(&mut self) {
    self.device.stop();
    self.running = false;
    self.frames = 0;
    self.stretches = 0;
  }
}

impl<D: SoundDevice> HostElement for BoardAudioSink<'_, D> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "buffer-time" => self.buffer_time = property::int(value, 0, 10_000_000)? as u32,
      "caps" => {
        property::text(value)?;
      }
      "sync" => {
        property::boolean(value)?;
      }
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, caps: &str) -> Result<u32, HostError> {
    let format = AudioFormat::read(&Caps::read(caps)?)?;
    self.device.configure(&format, 0)?;
    self.format = Some(format);
    Ok(0)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let format = self.format.ok_or(HostError::Invalid)?;
    if frame.handle != 0 || !frame.size.is_multiple_of(format.frame()) {
      return Err(HostError::Invalid);
    }
    if frame.size == 0 {
      return Ok(Answer::Done);
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
    each("samples-played", Value::Int(self.samples as i64));
    each("underruns", property::count(self.underruns));
  }

  fn allowance(&self, _: Op) -> Option<i64> {
    let held = self.format.map_or(0, |format| self.held_time(&format));
    Some(2_000_000_000 + self.buffer_time as i64 * 1000 + held)
  }

  fn cancel(&mut self, token: u32) {
    self.held.cancel(token);
    self.drain.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    let Some(format) = self.format else { return };
    self.queue.wait(context.waker());
    if (0..self.held.len()).any(|i| self.held.is_over(i)) {
      // The device may be at any of them: all come back, and those that are still wanted are played again from their start.
      self.stop();
      while self.queue.done().is_some() {}
      self.held.end_over(0, out);
      if (0..self.held.len()).any(|i| self.held.is_over(i)) {
        return;
      }
    }
    while out.room() {
      let Some(token) = self.queue.done() else { break };
      if let Some((frame, _)) = self.held.get(0) {
        self.samples += frame.size as u64 / format.frame() as u64;
      }
      self.frames = self.frames.saturating_sub(1);
      self.held.end(token, 0, out);
    }
    let starved = self.queue.starved();
    if self.running && starved != self.starved {
      // At the end of a stream that is as it should be.
      if !self.drain.is_pending() {
        self.underruns = self.underruns.wrapping_add(1);
      }
      if self.frames == 0 {
        // It begins again when there is enough.
        self.stop();
      }
    }
    self.starved = starved;
    self.feed();
    if !self.running && self.queue.waiting() > 0 && self.enough(&format) {
      match self.device.start() {
        Ok(()) => self.running = true,
        Err(error) => {
          self.stop();
          while self.queue.done().is_some() {}
          if let Some((_, token)) = self.held.get(0).filter(|_| out.room()) {
            self.held.end(token, error as i32, out);
          }
        }
      }
    }
    self.drain.end(Completed::Result, out, || self.held.is_empty());
  }

  fn close(&mut self) {
    self.stop();
    while self.queue.done().is_some() {}
    self.held.clear();
    self.format = None;
    self.drain.clear();
    (self.samples, self.underruns) = (0, 0);
  }
}
