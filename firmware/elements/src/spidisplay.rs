//! `spidisplay`: shows pictures on a display with an ST7789V or ILI9341 controller; see [`crate::panel`].

use core::task::Context;

use g2g_interface::abi::{Completed, frame_flag};
use g2g_interface::{Answer, Completions, Frame, HostElement, HostError, Value};

use crate::caps::Caps;
use crate::drain::Drain;
use crate::held::Held;
use crate::panel::{Panel, Pixels, Rotation, Show, Shows};
use crate::property;

/// Frames that wait or are shown at most.
const QUEUE: usize = 2;

/// Shows frames at a place of a panel. A frame is a picture, or a band of one: then bands come from top to bottom, and each is
/// sent as it comes.
pub struct SpiDisplay {
  shows: &'static Shows,
  panel: Panel,
  rotation: Rotation,
  x: u16,
  y: u16,
  band: u32,
  pixels: Pixels,
  /// Of a picture; 0 before the caps are known.
  width: u16,
  height: u16,
  held: Held<QUEUE>,
  /// Frames that the display has.
  sent: usize,
  /// Where the next band begins, and where those began that the display has.
  row: u32,
  begun: [u32; QUEUE],
  drain: Drain,
  frames: u32,
}

impl SpiDisplay {
  /// An element over a display whose task serves `shows`.
  pub fn new(shows: &'static Shows, panel: Panel) -> Self {
    SpiDisplay {
      shows,
      panel,
      rotation: Rotation::Identity,
      x: 0,
      y: 0,
      band: 0,
      pixels: Pixels::Rgb16,
      width: 0,
      height: 0,
      held: Held::new(),
      sent: 0,
      row: 0,
      begun: [0; QUEUE],
      drain: Drain::new(),
      frames: 0,
    }
  }

  /// Rows of a frame; `None` when it has not as many as it should.
  fn rows(&self, frame: &Frame) -> Option<u32> {
    let stride = self.pixels.stride(self.width as u32);
    let rows = frame.size / stride;
    let height = self.height as u32;
    let most = if self.band > 0 { self.band.min(height) } else { height };
    let whole = rows == most || self.band > 0 && rows == height % most && rows > 0;
    if frame.size.is_multiple_of(stride) && whole { Some(rows) } else { None }
  }

  /// Gives the display what is held, in order.
  fn send(&mut self) -> Result<(), u32> {
    while let Some((frame, token)) = self.held.get(self.sent).filter(|_| !self.held.is_over(self.sent)) {
      let continued = frame.flags & frame_flag::CONTINUED != 0;
      if frame.flags & frame_flag::DISCONT != 0 && !continued {
        self.row = 0;
      }
      let rows = self.rows(&frame).ok_or(token)?;
      if self.row + rows > self.height as u32 {
        self.row = 0;
      }
      let show = Show {
        frame,
        pixels: self.pixels,
        rotation: self.rotation,
        x: self.x,
        y: self.y + self.row as u16,
        width: self.width,
        height: rows as u16,
      };
      if !self.shows.submit(show) {
        return Ok(());
      }
      self.begun[self.sent] = self.row;
      self.sent += 1;
      self.row += rows;
      if self.row == self.height as u32 || frame.flags & frame_flag::MARKER != 0 {
        self.row = 0;
      }
    }
    Ok(())
  }

  /// Takes back what the display has.
  fn void(&mut self) {
    self.shows.void();
    if self.sent > 0 {
      self.row = self.begun[0];
    }
    self.sent = 0;
  }
}

impl HostElement for SpiDisplay {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "rotate-method" => {
        let all = [Rotation::Identity, Rotation::Right, Rotation::Half, Rotation::Left];
        self.rotation = all[property::word(value, &["identity", "90r", "180", "90l"])?];
      }
      "x" => self.x = property::int(value, 0, 319)? as u16,
      "y" => self.y = property::int(value, 0, 319)? as u16,
      "band-height" => self.band = property::int(value, 0, 320)? as u32,
      "sync" => {
        property::boolean(value)?;
      }
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, _: u32, caps: &str) -> Result<u32, HostError> {
    let caps = Caps::read(caps)?;
    let pixels = match caps.field("format") {
      Some("RGB16") => Pixels::Rgb16,
      Some("RGB") => Pixels::Rgb,
      Some("BGR") => Pixels::Bgr,
      Some("RGBx") => Pixels::Rgbx,
      Some("BGRx") => Pixels::Bgrx,
      Some("GRAY8") => Pixels::Gray8,
      _ => return Err(HostError::Unsupported),
    };
    let size = self.panel.size(self.rotation);
    let width = caps.size("width", size.0.saturating_sub(self.x) as u32)?;
    let height = caps.size("height", size.1.saturating_sub(self.y) as u32)?;
    if caps.media() != "video/x-raw" {
      return Err(HostError::Invalid);
    }
    (self.pixels, self.width, self.height, self.row) = (pixels, width as u16, height as u16, 0);
    Ok(0)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    if frame.handle != 0 || self.width == 0 || self.rows(frame).is_none() {
      return Err(HostError::Invalid);
    }
    self.held.add(frame, token)
  }

  fn drain(&mut self, _: u32, token: u32) -> Result<Answer, HostError> {
    self.drain.begin(token)
  }

  fn flush(&mut self, _: u32) {
    self.void();
    self.row = 0;
    self.held.cancel_all();
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("frames-shown", property::count(self.frames));
  }

  fn cancel(&mut self, token: u32) {
    if self.held.cancel(token) {
      // What is still wanted of the others is shown from its start.
      self.void();
    }
    self.drain.cancel(token);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    while out.room() {
      let Some(result) = self.shows.result(context) else { break };
      self.sent = self.sent.saturating_sub(1);
      self.begun.copy_within(1.., 0);
      if let Some((_, token)) = self.held.get(0) {
        self.frames = self.frames.wrapping_add(u32::from(result.is_ok()));
        self.held.end(token, result.map_or_else(|e| e as i32, |()| 0), out);
      }
    }
    self.held.end_over(self.sent, out);
    // Behind the results, whose places are free again.
    if let Err(token) = self.send() {
      self.held.end(token, HostError::Invalid as i32, out);
    }
    self.drain.end(Completed::Result, out, || self.held.is_empty());
  }

  fn close(&mut self) {
    self.void();
    self.held.clear();
    (self.width, self.height, self.row) = (0, 0, 0);
    self.drain.clear();
    self.frames = 0;
  }
}
