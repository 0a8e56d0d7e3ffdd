//! What the elements over a [`Capture`] share: they lend blocks of the core to a device, and take them back filled.

use g2g_interface::{Completions, HostError};

use crate::block::Block;
use crate::cache::{Cache, lines};
use crate::capture::{Capture, Filled};
use crate::credits::{Credits, Times};

/// A device that fills blocks at its own pace.
pub(crate) trait Device {
  /// Blocks that it must have to begin.
  const LEAST: usize;
  /// Begins.
  fn start(&mut self) -> Result<(), HostError>;
  /// Stops; when it returns, nothing touches a block, and all were given back. It may be called when it is not running.
  fn stop(&mut self);
}

/// The blocks of an element with a src pad and a device, and whether that runs.
pub(crate) struct Intake<'a> {
  pub queue: &'static Capture,
  cache: &'a dyn Cache,
  pub credits: Credits,
  /// Frames that are given in all; -1 for no end.
  pub buffers: i64,
  given: u32,
  /// Bytes that the device fills of a block.
  block: u32,
  pub running: bool,
  /// The device was asked to stop, and is not started again before all of its blocks are back.
  pub stopping: bool,
  /// Why the device did not start.
  error: Option<HostError>,
  /// What is given next does not follow what was given before.
  pub discont: bool,
  /// The device's count when it was configured.
  lost: u32,
}

impl<'a> Intake<'a> {
  pub fn new(queue: &'static Capture, cache: &'a dyn Cache) -> Self {
    Intake {
      queue,
      cache,
      credits: Credits::new(),
      buffers: -1,
      given: 0,
      block: 0,
      running: false,
      stopping: false,
      error: None,
      discont: false,
      lost: 0,
    }
  }

  /// Whether all frames were given that are to be.
  pub fn ended(&self) -> bool {
    self.buffers >= 0 && self.given as i64 >= self.buffers
  }

  /// Units that the device has lost since it was configured.
  pub fn lost(&self) -> u32 {
    self.queue.lost().wrapping_sub(self.lost)
  }

  /// Stops the device, which gives all blocks back.
  pub fn stop(&mut self, device: &mut impl Device) {
    if self.running || self.credits.lent() > 0 {
      device.stop();
      self.running = false;
      self.stopping = true;
    }
  }

  /// Stops the device for another format; what was captured in the old one is void.
  pub fn void(&mut self, device: &mut impl Device) {
    self.stop(device);
    while let Some(filled) = self.queue.result() {
      self.credits.back(filled.token);
    }
  }

  /// Sets how many bytes the device fills at a time; answers those of a block.
  pub fn expect(&mut self, bytes: u32) -> u32 {
    self.block = bytes;
    self.lost = self.queue.lost();
    self.credits.expect(lines(bytes));
    lines(bytes)
  }

  /// The epoch changes: what comes now does not follow what was given before.
  pub fn flush(&mut self, epoch: u32) {
    self.credits.epoch = epoch;
    self.discont = true;
  }

  /// Notes that a credit is wanted back, which a device that has its block must stop for.
  pub fn cancel(&mut self, token: u32, device: &mut impl Device) {
    if self.credits.cancel(token) {
      self.stop(device);
    }
  }

  /// The oldest block that came back, for the processor to read.
  pub fn next(&mut self) -> Option<Filled> {
    let filled = self.queue.result()?;
    self.credits.written(filled.token, self.block, self.cache);
    self.credits.back(filled.token);
    Some(filled)
  }

  /// Gives a block that came back. The caller has asked for room.
  pub fn give(&mut self, filled: &Filled, times: Times, flags: u32, out: &mut dyn Completions) {
    self.discont = false;
    self.given = self.given.wrapping_add(1);
    self.credits.give(filled.token, filled.bytes, times, flags, out);
  }

  /// Ends what was cancelled; whether the device may go on: it is not stopping, or has given all blocks back.
  pub fn settle(&mut self, out: &mut dyn Completions) -> bool {
    self.credits.end_cancelled(out) && !(self.stopping && self.credits.lent() > 0)
  }

  /// Has the device go on after [`Intake::settle`], unless there is nothing more to give.
  pub fn go_on(&mut self, out: &mut dyn Completions, device: &mut impl Device) {
    if self.stopping {
      self.stopping = false;
      self.discont = self.given > 0;
    }
    if let Some(error) = self.error.filter(|_| out.room()) {
      self.error = None;
      self.credits.fail(error, out);
    } else if self.ended() {
      self.credits.end_all(out);
    } else {
      self.lend(out, device);
    }
  }

  /// Gives the device the blocks of the credits, and starts it when it has enough.
  fn lend<D: Device>(&mut self, out: &mut dyn Completions, device: &mut D) {
    while let Some(credit) = self.credits.first() {
      let Some(at) = self.credits.writable(credit.token, self.block, self.cache) else {
        if !out.room() {
          return;
        }
        self.credits.fail(HostError::Invalid, out);
        continue;
      };
      self.credits.lend(credit.token);
      self.queue.submit(Block { at, length: self.block, token: credit.token });
    }
    if self.running || self.credits.lent() < D::LEAST {
      return;
    }
    match device.start() {
      Ok(()) => self.running = true,
      Err(error) => {
        self.error = Some(error);
        self.stop(device);
      }
    }
  }

  pub fn close(&mut self, device: &mut impl Device) {
    device.stop();
    *self = Intake { block: self.block, lost: self.lost, ..Intake::new(self.queue, self.cache) };
    while self.queue.result().is_some() {}
  }
}
