//! `framegrabber`: pictures from a camera of the board, as its sensor gives them.
//!
//! The seam has three parts. A [`Camera`] moves pictures from the sensor's bus into the blocks of the core by itself; its
//! interrupts at the start and the end of a picture call [`CaptureSide::begin`] and [`CaptureSide::end`]. An image signal
//! processor that the camera has tells its [`Statistics`] with each picture; without one they are taken here, from a grid
//! of points. A [`SensorControl`] sets exposure and gains, over a slow bus, in a task of the board's: [`serve`].
//!
//! [`CaptureSide::begin`]: crate::capture::CaptureSide::begin
//! [`CaptureSide::end`]: crate::capture::CaptureSide::end

use core::task::Context;

use g2g_interface::abi::{Op, frame_flag};
use g2g_interface::{Answer, Completions, Credit, HostElement, HostError, Memory, NONE, Value};

use crate::cache::Cache;
use crate::caps::{Caps, frame_time, framerate};
use crate::capture::{Capture, Filled};
use crate::credits::Times;
use crate::exchange::Exchange;
use crate::intake::{Device, Intake};
use crate::property;

/// Colours of the points of a sensor: those of the first row, then of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
  /// Blue and green, green and red.
  Bggr,
  /// Green and blue, red and green.
  Gbrg,
  /// Green and red, blue and green.
  Grbg,
  /// Red and green, green and blue.
  Rggb,
}

/// What pictures look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
  /// Points in a row; a multiple of 4.
  pub width: u32,
  /// Rows; an even number.
  pub height: u32,
  /// Order of the colours.
  pub order: Order,
  /// Bits of a point: 8 in a byte; 10, 12, 14 or 16 in the lower bits of two bytes, little-endian.
  pub bits: u32,
  /// Pictures in a number of seconds; `None` where the caps leave it open.
  pub rate: Option<(u32, u32)>,
}

impl Mode {
  /// Reads caps of video/x-bayer.
  pub fn read(caps: &Caps<'_>) -> Result<Mode, HostError> {
    let format = caps.field("format").ok_or(HostError::Invalid)?;
    let (order, bits) = format.split_at_checked(4).ok_or(HostError::Unsupported)?;
    let mode = Mode {
      width: caps.size("width", 8192)?,
      height: caps.size("height", 8192)?,
      order: match order {
        "bggr" => Order::Bggr,
        "gbrg" => Order::Gbrg,
        "grbg" => Order::Grbg,
        "rggb" => Order::Rggb,
        _ => return Err(HostError::Unsupported),
      },
      bits: match bits {
        "" => 8,
        "10le" => 10,
        "12le" => 12,
        "14le" => 14,
        "16le" => 16,
        _ => return Err(HostError::Unsupported),
      },
      rate: framerate(caps),
    };
    // Rows of other lengths would be padded.
    let whole = mode.width.is_multiple_of(4) && mode.height.is_multiple_of(2);
    if caps.media() == "video/x-bayer" && whole { Ok(mode) } else { Err(HostError::Invalid) }
  }

  /// Bytes of a picture.
  pub fn size(&self) -> u32 {
    self.width * self.height * if self.bits > 8 { 2 } else { 1 }
  }
}

/// What an image signal processor measures of a picture. Means are parts of full scale, 65535 being full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
  /// Mean of the red points.
  pub red: u32,
  /// Mean of the green points.
  pub green: u32,
  /// Mean of the blue points.
  pub blue: u32,
}

impl Statistics {
  /// Takes them from one square of four points in each of 16 by 16 fields.
  fn of(picture: &[u8], mode: &Mode) -> Statistics {
    const GRID: u32 = 16;
    let (squares_x, squares_y) = (mode.width / 2, mode.height / 2);
    let (steps_x, steps_y) = (squares_x.min(GRID), squares_y.min(GRID));
    let point = |x: u32, y: u32| -> u32 {
      let i = (y * mode.width + x) as usize;
      if mode.bits == 8 {
        // A full byte is full scale.
        return picture.get(i).map_or(0, |b| *b as u32 * 257);
      }
      let pair = picture.get(2 * i..2 * i + 2).map_or(0, |p| p[0] as u32 | (p[1] as u32) << 8);
      (pair << (16 - mode.bits)).min(65535)
    };
    let mut sums = [0u32; 4];
    for j in 0..steps_y {
      for i in 0..steps_x {
        let (x, y) = (i * squares_x / steps_x * 2, j * squares_y / steps_y * 2);
        for (k, sum) in sums.iter_mut().enumerate() {
          *sum += point(x + (k as u32 & 1), y + (k as u32 >> 1));
        }
      }
    }
    let n = (steps_x * steps_y).max(1);
    let [a, b, c, d] = sums.map(|s| s / n);
    let (red, green, blue) = match mode.order {
      Order::Bggr => (d, (b + c) / 2, a),
      Order::Gbrg => (c, (a + d) / 2, b),
      Order::Grbg => (b, (a + d) / 2, c),
      Order::Rggb => (a, (b + c) / 2, d),
    };
    Statistics { red, green, blue }
  }

  /// Mean luma by ITU-R BT.601-7, 2.5.1: 0.299, 0.587 and 0.114 of red, green and blue.
  pub fn luma(&self) -> u32 {
    (self.red * 299 + self.green * 587 + self.blue * 114) / 1000
  }
}

/// What moves pictures from the sensor into the blocks of a [`Capture`], by itself.
pub trait Camera {
  /// Prepares for a mode; `Unsupported` when it cannot be had.
  fn configure(&mut self, mode: &Mode) -> Result<(), HostError>;
  /// Begins with the next picture.
  fn start(&mut self) -> Result<(), HostError>;
  /// Stops; when it returns, nothing touches a block, and all were given back. It may be called when it is not running.
  fn stop(&mut self);
  /// What the image signal processor measured of the picture that was last handed over, if there is one.
  fn statistics(&mut self) -> Option<Statistics> {
    None
  }
}

/// A setting of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
  /// How long it is exposed, in microseconds.
  Exposure(u32),
  /// Gain before conversion, in thousandths.
  AnalogueGain(u32),
  /// Gain of the red points against the green ones, in thousandths.
  RedGain(u32),
  /// Gain of the blue points against the green ones, in thousandths.
  BlueGain(u32),
}

/// What sets a sensor up, over I2C for the most part.
#[allow(async_fn_in_trait)]
pub trait SensorControl {
  /// Sets one thing; it counts from some later picture on.
  async fn set(&mut self, control: Control) -> Result<(), HostError>;
}

/// Settings on their way to the sensor, in static memory.
pub type Controls = Exchange<Control, Result<(), HostError>, 4>;

/// Carries settings out; to be run as a task of the board's.
pub async fn serve(controls: &Controls, sensor: &mut impl SensorControl) -> ! {
  loop {
    let job = controls.next().await;
    let result = sensor.set(job.job).await;
    controls.finish(&job, result);
  }
}

struct Grabber<C>(C);

impl<C: Camera> Device for Grabber<C> {
  const LEAST: usize = 1;

  fn start(&mut self) -> Result<(), HostError> {
    self.0.start()
  }

  fn stop(&mut self) {
    self.0.stop();
  }
}

/// Kinds of settings.
const CONTROLS: usize = 4;

/// Gives the pictures of a camera.
pub struct FrameGrabber<'a, C: Camera> {
  camera: Grabber<C>,
  intake: Intake<'a>,
  controls: &'a Controls,
  mode: Option<Mode>,
  /// Settings that the sensor has not been told, newest values alone.
  wanted: [Option<Control>; CONTROLS],
  /// Settings that are on their way.
  sent: usize,
  control_errors: u32,
  statistics: Statistics,
}

impl<'a, C: Camera> FrameGrabber<'a, C> {
  /// An element over a camera that fills the blocks of `queue`.
  pub fn new(camera: C, queue: &'static Capture, controls: &'a Controls, cache: &'a dyn Cache) -> Self {
    FrameGrabber {
      camera: Grabber(camera),
      intake: Intake::new(queue, cache),
      controls,
      mode: None,
      wanted: [None; CONTROLS],
      sent: 0,
      control_errors: 0,
      statistics: Statistics { red: 0, green: 0, blue: 0 },
    }
  }

  /// A block came back. The caller has asked for room.
  fn take(&mut self, filled: Filled, out: &mut dyn Completions) {
    let Some(mode) = self.mode.filter(|_| filled.bytes > 0 && !self.intake.ended()) else { return };
    let Some(picture) = self.intake.credits.bytes(filled.token, filled.bytes) else { return };
    let mut flags = frame_flag::KEY;
    if filled.lost > 0 || self.intake.discont {
      flags |= frame_flag::DISCONT;
    }
    if filled.bytes < mode.size() {
      flags |= frame_flag::CORRUPT;
    }
    self.statistics = self.camera.0.statistics().unwrap_or_else(|| Statistics::of(picture, &mode));
    let duration = mode.rate.map_or(NONE, |rate| frame_time(1, rate));
    let times = Times { pts: filled.end, dts: NONE, duration, capture: filled.end };
    self.intake.give(&filled, times, flags, out);
  }

  fn want(&mut self, control: Control) {
    let i = match control {
      Control::Exposure(_) => 0,
      Control::AnalogueGain(_) => 1,
      Control::RedGain(_) => 2,
      Control::BlueGain(_) => 3,
    };
    self.wanted[i] = Some(control);
  }

  /// Tells the sensor what it has not been told.
  fn control(&mut self, context: &mut Context<'_>) {
    while let Some(result) = self.controls.result(context) {
      self.sent = self.sent.saturating_sub(1);
      if result.is_err() {
        self.control_errors = self.control_errors.wrapping_add(1);
      }
    }
    for wanted in &mut self.wanted {
      if self.sent < CONTROLS && wanted.is_some_and(|control| self.controls.submit(control)) {
        *wanted = None;
        self.sent += 1;
      }
    }
  }
}

/// Thousandths of a number; 0 leaves the sensor as it is.
fn thousandths(value: Value<'_>, most: f64) -> Result<Option<u32>, HostError> {
  let n = (property::double(value, 0.0, most)? * 1000.0 + 0.5) as u32;
  Ok(Some(n).filter(|n| *n > 0))
}

impl<C: Camera> HostElement for FrameGrabber<'_, C> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    let control = match name {
      "exposure-time" => {
        let time = property::int(value, 0, 60_000_000)? as u32;
        Some(Control::Exposure(time)).filter(|_| time > 0)
      }
      "analogue-gain" => thousandths(value, 1000.0)?.map(Control::AnalogueGain),
      "red-gain" => thousandths(value, 100.0)?.map(Control::RedGain),
      "blue-gain" => thousandths(value, 100.0)?.map(Control::BlueGain),
      "num-buffers" => {
        self.intake.buffers = property::int(value, -1, i32::MAX as i64)?;
        None
      }
      "caps" => property::text(value).map(|_| None)?,
      "is-live" => property::boolean(value).map(|_| None)?,
      _ => return Err(HostError::NotFound),
    };
    if let Some(control) = control {
      self.want(control);
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, caps: &str) -> Result<u32, HostError> {
    let mode = Mode::read(&Caps::read(caps)?)?;
    self.intake.void(&mut self.camera);
    self.camera.0.configure(&mode)?;
    self.mode = Some(mode);
    Ok(self.intake.expect(mode.size()))
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.intake.credits.add(credit, memory)
  }

  fn flush(&mut self, epoch: u32) {
    self.intake.flush(epoch);
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    let s = &self.statistics;
    // What makes a grey world grey.
    let gain = |mean: u32| property::count((s.green * 1000).checked_div(mean).unwrap_or(1000));
    each("mean-luma", property::count(s.luma()));
    each("mean-red", property::count(s.red));
    each("mean-green", property::count(s.green));
    each("mean-blue", property::count(s.blue));
    each("grey-red-gain", gain(s.red));
    each("grey-blue-gain", gain(s.blue));
    each("dropped", property::count(self.intake.lost()));
    each("control-errors", property::count(self.control_errors));
  }

  fn allowance(&self, op: Op) -> Option<i64> {
    // A camera gives a picture at its rate; where that is open, it may wait for a trigger.
    let rate = self.mode.and_then(|mode| mode.rate).filter(|_| self.intake.running);
    match (op, rate) {
      (Op::Credit, None) => None,
      (_, rate) => Some(2_000_000_000 + rate.map_or(0, |rate| 4 * frame_time(1, rate))),
    }
  }

  fn cancel(&mut self, token: u32) {
    self.intake.cancel(token, &mut self.camera);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    self.control(context);
    if self.mode.is_none() {
      return;
    }
    self.intake.queue.wait(context.waker());
    while out.room() {
      let Some(filled) = self.intake.next() else { break };
      self.take(filled, out);
      if self.intake.ended() {
        self.intake.stop(&mut self.camera);
      }
    }
    if self.intake.settle(out) {
      self.intake.go_on(out, &mut self.camera);
    }
  }

  fn close(&mut self) {
    self.intake.close(&mut self.camera);
    (self.mode, self.control_errors) = (None, 0);
    self.wanted = [None; CONTROLS];
    self.statistics = Statistics::default();
  }
}
