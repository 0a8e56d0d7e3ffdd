//! `hwjpegdec`: decodes JPEG pictures with the board's decoder.

use core::task::Context;

use g2g_interface::abi::Op;
use g2g_interface::{Answer, Completions, Credit, Frame, HostElement, HostError, Memory, NONE, Value};

use crate::block::Block;
use crate::cache::Cache;
use crate::caps::Caps;
use crate::codec::{Codec, Outcome, Outcomes, Work};
use crate::property;

/// Raw formats that decoders write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
  /// 8 bits of luma and, for each two by two points, a pair of 8 bits of chroma.
  Nv12,
  /// The same in three planes.
  I420,
  /// Luma and chroma in turn, chroma for each two points of a row.
  Yuy2,
  /// Luma alone.
  Gray8,
  /// 5, 6 and 5 bits of red, green and blue in 16 bits, little-endian.
  Rgb16,
}

/// What a decoded picture looks like. Rows are not padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
  /// Points in a row; a multiple of 8.
  pub width: u32,
  /// Rows; an even number.
  pub height: u32,
  /// The format of its points.
  pub format: Format,
}

impl Picture {
  /// Reads caps of video/x-raw.
  pub fn read(caps: &Caps<'_>) -> Result<Picture, HostError> {
    let picture = Picture {
      width: caps.size("width", 8192)?,
      height: caps.size("height", 8192)?,
      format: match caps.field("format") {
        Some("NV12") => Format::Nv12,
        Some("I420") => Format::I420,
        Some("YUY2") => Format::Yuy2,
        Some("GRAY8") => Format::Gray8,
        Some("RGB16") => Format::Rgb16,
        _ => return Err(HostError::Unsupported),
      },
    };
    let whole = picture.width.is_multiple_of(8) && picture.height.is_multiple_of(2);
    if caps.media() == "video/x-raw" && whole { Ok(picture) } else { Err(HostError::Invalid) }
  }

  /// Bytes of a picture.
  pub fn size(&self) -> u32 {
    let points = self.width * self.height;
    match self.format {
      Format::Nv12 | Format::I420 => points / 2 * 3,
      Format::Yuy2 | Format::Rgb16 => points * 2,
      Format::Gray8 => points,
    }
  }
}

/// A decoder in hardware. It may believe that the picture of a frame has the size of the caps: that was looked at.
pub trait JpegDecoder {
  /// Prepares for pictures; `Unsupported` when it cannot write them.
  fn configure(&mut self, picture: &Picture) -> Result<(), HostError>;
  /// Begins: reads the stretches of a frame and writes a picture to the block. Its outcome comes from an interrupt.
  fn start(&mut self, frame: &Frame, to: Block) -> Result<(), HostError>;
  /// Stops; when it returns, it touches no memory and no outcome comes.
  fn abort(&mut self);
}

/// What the marker of a frame header says: ITU-T T.81, B.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
  progressive: bool,
  precision: u8,
  width: u32,
  height: u32,
  components: u8,
}

fn word(bytes: &mut impl Iterator<Item = u8>) -> Option<u32> {
  Some((bytes.next()? as u32) << 8 | bytes.next()? as u32)
}

/// Finds the frame header; `None` when there is none before the first scan.
fn header(mut bytes: impl Iterator<Item = u8>) -> Option<Header> {
  if (bytes.next()?, bytes.next()?) != (0xff, 0xd8) {
    return None;
  }
  loop {
    if bytes.next()? != 0xff {
      return None;
    }
    // Any number of fill bytes may stand before a marker (B.1.1.2).
    let marker = loop {
      match bytes.next()? {
        0xff => {}
        marker => break marker,
      }
    };
    match marker {
      // Markers without parameters: TEM and restarts; the start and the end of an image do not belong here.
      0x01 | 0xd0..=0xd7 => continue,
      0x00 | 0xd8 | 0xd9 | 0xda => return None,
      // Frame headers, without DHT, JPG and DAC, which lie among them.
      0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
        let length = word(&mut bytes)?;
        let precision = bytes.next()?;
        let (height, width) = (word(&mut bytes)?, word(&mut bytes)?);
        let components = bytes.next()?;
        if length != 8 + 3 * components as u32 {
          return None;
        }
        return Some(Header { progressive: marker >= 0xc2, precision, width, height, components });
      }
      _ => {
        let length = word(&mut bytes)?.checked_sub(2)?;
        if length > 0 {
          bytes.nth(length as usize - 1)?;
        }
      }
    }
  }
}

struct Device<D> {
  decoder: D,
  picture: Option<Picture>,
  max_errors: i64,
  in_a_row: i64,
  errors: u32,
  decoded: u32,
}

impl<D: JpegDecoder> Codec for Device<D> {
  fn begin(&mut self, frame: &Frame, to: Block) -> Result<(), HostError> {
    let picture = self.picture.ok_or(HostError::Invalid)?;
    let header = header(frame.stretches().flatten().copied()).ok_or(HostError::Invalid)?;
    // What the decoder writes must fit: the file is not believed.
    if (header.width, header.height) != (picture.width, picture.height) {
      return Err(HostError::Invalid);
    }
    if header.progressive || header.precision != 8 || !matches!(header.components, 1 | 3) {
      return Err(HostError::Unsupported);
    }
    self.decoder.start(frame, to)
  }

  fn dts(&self, _: &Frame) -> i64 {
    NONE
  }

  fn abort(&mut self) {
    self.decoder.abort();
  }

  fn done(&mut self, outcome: &Outcome) -> Result<(), HostError> {
    match outcome.result {
      Ok(_) => {
        self.in_a_row = 0;
        self.decoded = self.decoded.wrapping_add(1);
        Ok(())
      }
      Err(error) => {
        self.in_a_row += 1;
        self.errors = self.errors.wrapping_add(1);
        if self.max_errors >= 0 && self.in_a_row > self.max_errors { Err(error) } else { Ok(()) }
      }
    }
  }
}

/// Decodes each frame, which is a picture, into a block. Damaged pictures are left out and counted.
pub struct HwJpegDec<'a, D: JpegDecoder> {
  device: Device<D>,
  work: Work<'a>,
}

impl<'a, D: JpegDecoder> HwJpegDec<'a, D> {
  /// An element over a decoder whose interrupt puts what came of a picture into `outcomes`.
  pub fn new(decoder: D, outcomes: &'static Outcomes, cache: &'a dyn Cache) -> Self {
    let device = Device { decoder, picture: None, max_errors: 10, in_a_row: 0, errors: 0, decoded: 0 };
    HwJpegDec { device, work: Work::new(outcomes, cache) }
  }
}

impl<D: JpegDecoder> HostElement for HwJpegDec<'_, D> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      "max-errors" => self.device.max_errors = property::int(value, -1, i32::MAX as i64)?,
      _ => return Err(HostError::NotFound),
    }
    Ok(())
  }

  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    let caps = Caps::read(caps)?;
    if pad == 0 {
      return if caps.media() == "image/jpeg" { Ok(0) } else { Err(HostError::Invalid) };
    }
    let picture = Picture::read(&caps)?;
    self.device.decoder.configure(&picture)?;
    self.device.picture = Some(picture);
    Ok(self.work.expect(picture.size()))
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    self.work.frame(frame, token)
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.work.credit(credit, memory)
  }

  fn drain(&mut self, _: u32, token: u32) -> Result<Answer, HostError> {
    self.work.drain(token)
  }

  fn flush(&mut self, epoch: u32) {
    self.work.flush(epoch, &mut self.device);
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("decoded", property::count(self.device.decoded));
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
    self.device.picture = None;
    (self.device.in_a_row, self.device.errors, self.device.decoded) = (0, 0, 0);
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn the_frame_header_is_found_behind_other_segments() {
    let jpeg = [
      0xff, 0xd8, 0xff, 0xff, 0xe0, 0, 4, 0xff, 0xc0, 0xff, 0xc4, 0, 3, 9, 0xff, 0xc0, 0, 17, 8, 0, 16, 0, 32, 3, 1, 2,
    ];
    let expected = Header { progressive: false, precision: 8, width: 32, height: 16, components: 3 };
    assert_eq!(header(jpeg.into_iter()), Some(expected));
    for n in 0..24 {
      assert_eq!(header(jpeg[..n].iter().copied()), None, "{n}");
    }
    for bad in [&[0xff, 0xd8, 0xff, 0xda][..], &[0xff, 0xd8, 0xff, 0xe0, 0, 1], &[0xff, 0xd8, 7], &[]] {
      assert_eq!(header(bad.iter().copied()), None);
    }
  }
}
