//! `hwh264enc`: encodes H.264 with the board's encoder.

use core::task::Context;

use g2g_interface::abi::Op;
use g2g_interface::{Answer, Completions, Credit, Frame, HostElement, HostError, Memory, NONE, Upstream, Value};

use crate::block::Block;
use crate::cache::Cache;
use crate::caps::{Caps, framerate};
use crate::codec::{Codec, Outcome, Outcomes, Work};
use crate::property;

/// What the encoder gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
  /// Points in a row, a multiple of 8.
  pub width: u32,
  /// Rows, an even number.
  pub height: u32,
  /// Whether chroma is in one plane of pairs (NV12), or in two planes (I420).
  pub pairs: bool,
  /// Pictures in a number of seconds; `None` when that varies.
  pub rate: Option<(u32, u32)>,
}

impl Source {
  /// Reads caps of video/x-raw.
  pub fn read(caps: &Caps<'_>) -> Result<Source, HostError> {
    let pairs = match caps.field("format") {
      Some("NV12") => true,
      Some("I420") => false,
      _ => return Err(HostError::Unsupported),
    };
    let (width, height) = (caps.size("width", 4096)?, caps.size("height", 4096)?);
    let whole = width.is_multiple_of(8) && height.is_multiple_of(2);
    if caps.media() != "video/x-raw" || !whole {
      return Err(HostError::Invalid);
    }
    Ok(Source { width, height, pairs, rate: framerate(caps) })
  }

  /// Bytes of a picture.
  pub fn size(&self) -> u32 {
    self.width * self.height / 2 * 3
  }
}

/// An encoder in hardware. It writes an access unit for each picture, in order, in byte stream format (ITU-T H.264, annex B)
/// with its parameter sets in front of each IDR picture.
pub trait H264Encoder {
  /// Prepares for pictures; `Unsupported` when it cannot take them.
  fn configure(&mut self, source: &Source) -> Result<(), HostError>;
  /// Sets the bit rate that is aimed at, in kbit/s, from the next picture on.
  fn set_bitrate(&mut self, bitrate: u32) -> Result<(), HostError>;
  /// Begins with a picture, as an IDR picture if `key`. Its outcome comes from an interrupt.
  fn start(&mut self, frame: &Frame, key: bool, to: Block) -> Result<(), HostError>;
  /// Stops; when it returns, it touches no memory and no outcome comes. The next picture is an IDR picture.
  fn abort(&mut self);
}

struct Device<E> {
  encoder: E,
  source: Option<Source>,
  key_int_max: u32,
  /// Pictures since the last key, that one included; 0 before the first.
  since_key: u32,
  /// From which running time on a key is wanted; NONE for now.
  force: Option<i64>,
  encoded: u32,
  keys: u32,
  errors: u32,
}

impl<E: H264Encoder> Codec for Device<E> {
  fn begin(&mut self, frame: &Frame, to: Block) -> Result<(), HostError> {
    let source = self.source.ok_or(HostError::Invalid)?;
    if frame.size != source.size() {
      return Err(HostError::Invalid);
    }
    // NONE is less than every time, so that it is now.
    let forced = self.force.is_some_and(|at| frame.running >= at || frame.running == NONE);
    let due = self.key_int_max > 0 && self.since_key >= self.key_int_max;
    self.encoder.start(frame, self.since_key == 0 || forced || due, to)?;
    if forced {
      self.force = None;
    }
    Ok(())
  }

  fn dts(&self, frame: &Frame) -> i64 {
    // Pictures are not reordered.
    frame.pts
  }

  fn abort(&mut self) {
    self.encoder.abort();
    self.since_key = 0;
  }

  fn done(&mut self, outcome: &Outcome) -> Result<(), HostError> {
    match outcome.result {
      Ok(_) => {
        self.encoded = self.encoded.wrapping_add(1);
        self.since_key = if outcome.key { 1 } else { self.since_key.saturating_add(1) };
        if outcome.key {
          self.keys = self.keys.wrapping_add(1);
        }
        Ok(())
      }
      // Too large for a block: what follows cannot refer to it.
      Err(HostError::NoSpace) => {
        self.errors = self.errors.wrapping_add(1);
        self.since_key = 0;
        Ok(())
      }
      Err(error) => Err(error),
    }
  }
}

/// Encodes each frame, which is a picture, into a block of `max-size` bytes. A picture that needs more is left out and
/// counted, and the next is a key.
pub struct HwH264Enc<'a, E: H264Encoder> {
  device: Device<E>,
  work: Work<'a>,
  bitrate: u32,
  max_size: u32,
}

impl<'a, E: H264Encoder> HwH264Enc<'a, E> {
  /// An element over an encoder whose interrupt puts what came of a picture into `outcomes`.
  pub fn new(encoder: E, outcomes: &'static Outcomes, cache: &'a dyn Cache) -> Self {
    let device =
      Device { encoder, source: None, key_int_max: 0, since_key: 0, force: None, encoded: 0, keys: 0, errors: 0 };
    HwH264Enc { device, work: Work::new(outcomes, cache), bitrate: 2048, max_size: 65536 }
  }
}

impl<E: H264Encoder> HostElement for HwH264Enc<'_, E> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "bitrate" => {
        self.bitrate = property::int(value, 1, 2_048_000)? as u32;
        if self.device.source.is_some() {
          self.device.encoder.set_bitrate(self.bitrate)?;
        }
      }
      "key-int-max" => self.device.key_int_max = property::int(value, 0, i32::MAX as i64)? as u32,
      "max-size" => self.max_size = property::int(value, 1024, 16 << 20)? as u32,
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    let caps = Caps::read(caps)?;
    if pad == 0 {
      let source = Source::read(&caps)?;
      self.device.encoder.configure(&source)?;
      self.device.encoder.set_bitrate(self.bitrate)?;
      self.device.source = Some(source);
      self.device.since_key = 0;
      return Ok(0);
    }
    if caps.media() != "video/x-h264" {
      return Err(HostError::Invalid);
    }
    Ok(self.work.expect(self.max_size))
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    // A picture of another size would be read beyond its end.
    let size = self.device.source.map(|s| s.size());
    if size == Some(frame.size) { self.work.frame(frame, token) } else { Err(HostError::Invalid) }
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.work.credit(credit, memory)
  }

  fn drain(&mut self, _: u32, token: u32) -> Result<Answer, HostError> {
    self.work.drain(token)
  }

  fn flush(&mut self, epoch: u32) {
    self.work.flush(epoch, &mut self.device);
    self.device.since_key = 0;
  }

  fn event(&mut self, event: Upstream) {
    if let Upstream::ForceKeyUnit { at, .. } = event {
      // The earliest that was asked for counts.
      self.device.force = Some(self.device.force.map_or(at, |before| before.min(at)));
    }
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("encoded", property::count(self.device.encoded));
    each("keys", property::count(self.device.keys));
    each("errors", property::count(self.device.errors));
  }

  fn allowance(&self, op: Op) -> Option<i64> {
    self.work.allowance(op)
  }

  fn cancel(&mut self, token: u32) {
    self.work.cancel(token, &mut self.device);
  }

  fn poll(&mut self, context: &mut Context<'_>, _: i64, out: &mut dyn Completions) {
    self.work.poll(context, out, &mut self.device);
  }

  fn close(&mut self) {
    self.work.close(&mut self.device);
    let d = &mut self.device;
    (d.source, d.since_key, d.force) = (None, 0, None);
    (d.encoded, d.keys, d.errors) = (0, 0, 0);
  }
}
