//! `openh264enc`.

use g2g_element_support::{Caps, Codec, I420, Input, Output, Setting, Stop};
use g2g_interface::abi::frame_flag::{CORRUPT, DECODE_ONLY, DELTA, DISCONT, GAP, KEY};
use g2g_interface::{HostError, NONE};
use openh264_sys2::{PRO_BASELINE, PRO_HIGH, PRO_MAIN};

use crate::native_encoder::{NativeEncoder, Options};
use crate::number_of;

/// The longer and the shorter side of the largest picture, pixels.
const MAX_SIDES: (u32, u32) = (3840, 2160);

/// Pictures a second where the caps do not say how many.
const RATE: f32 = 30.0;

/// Key frames that may be asked for ahead of their time.
const MAX_ASKED: usize = 64;

/// Slices a picture may have.
const MAX_SLICES: i64 = 35;

/// Encodes H.264.
#[derive(Default)]
pub struct Encoder {
  options: Options,
  /// The property `num-slices`, and whether there are as many slices as threads.
  slices: (u32, bool),
  layout: Option<I420>,
  native: Option<NativeEncoder>,
  /// Running times from which on the next picture is to be a key frame, ns; NONE for at once.
  asked: Vec<i64>,
  /// The time of the last picture, ms: those of the encoder never go back.
  time: i64,
  gather: Vec<u8>,
  unit: Vec<u8>,
}

fn layout(caps: Caps<'_>) -> Result<I420, HostError> {
  let (width, height) = caps.number("width").zip(caps.number("height")).ok_or(HostError::Invalid)?;
  if width.max(height) > MAX_SIDES.0 || width.min(height) > MAX_SIDES.1 {
    return Err(HostError::Unsupported);
  }
  I420::new(width, height).ok_or(HostError::Invalid)
}

impl Codec for Encoder {
  fn accepts(caps: Caps<'_>) -> Result<(), HostError> {
    layout(caps).map(drop)
  }

  fn block_size(_caps: Caps<'_>) -> Result<u32, HostError> {
    // An access unit may be as large as its picture, and is mostly far smaller.
    Ok(0)
  }

  fn property(&mut self, name: &str, value: &Setting) {
    let o = &mut self.options;
    let n = match value {
      Setting::Text(word) => number_of(name, word).map_or(0, i64::from),
      other => other.int(),
    };
    let int = i32::try_from(n).unwrap_or(i32::MAX);
    match name {
      "usage-type" => o.usage = int,
      "bitrate" => o.bitrate = int,
      "max-bitrate" => o.max_bitrate = int,
      "rate-control" => o.rate_control = int,
      "gop-size" => o.gop_size = u32::try_from(n).unwrap_or(0),
      "enable-frame-skip" => o.frame_skip = n != 0,
      "scene-change-detection" => o.scene_change = n != 0,
      "background-detection" => o.background = n != 0,
      "adaptive-quantization" => o.adaptive_quantization = n != 0,
      "enable-denoise" => o.denoise = n != 0,
      "deblocking" => o.deblocking = int,
      "slice-mode" => self.slices.1 = n != 1,
      "num-slices" => self.slices.0 = n.clamp(1, MAX_SLICES) as u32,
      "complexity" => o.complexity = int,
      "multi-thread" => o.threads = u16::try_from(n).unwrap_or(0),
      "qp-min" => o.qp.0 = int,
      "qp-max" => o.qp.1 = int,
      _ => {}
    }
    o.slices = if self.slices.1 { 0 } else { self.slices.0.max(1) };
    if let Some(native) = &mut self.native
      && matches!(name, "bitrate" | "max-bitrate")
    {
      native.set_bitrates(o.bitrate, o.max_bitrate);
    }
  }

  fn input(&mut self, caps: Caps<'_>) -> Result<(), Stop> {
    self.options.rate = match caps.fraction("framerate") {
      Some((n, d)) if n > 0 => n as f32 / d as f32,
      _ => RATE,
    };
    self.layout = Some(layout(caps)?);
    self.native = None;
    Ok(())
  }

  fn output(&mut self, caps: Caps<'_>) -> Result<(), Stop> {
    self.options.profile = match caps.text("profile") {
      Some("main") => PRO_MAIN,
      Some("high" | "constrained-high") => PRO_HIGH,
      _ => PRO_BASELINE,
    };
    self.native = None;
    Ok(())
  }

  fn frame(&mut self, frame: &Input<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    let layout = self.layout.ok_or(HostError::Invalid)?;
    if frame.size() < layout.size as usize {
      return Err(HostError::Invalid.into());
    }
    let mut times = frame.times();
    if times.flags & DECODE_ONLY != 0 {
      return Ok(());
    }
    let native = match &mut self.native {
      Some(native) => native,
      none => none.insert(NativeEncoder::new(&self.options, layout)?),
    };
    let running = frame.running();
    let due = |at: i64| at == NONE || (running != NONE && running >= at);
    let key = self.asked.iter().any(|at| due(*at));
    self.asked.retain(|at| !due(*at));
    let time = if times.pts == NONE { self.time } else { times.pts / 1_000_000 };
    self.time = self.time.max(time);
    let (time, unit) = (self.time, &mut self.unit);
    let key = frame.with(&mut self.gather, |bytes| native.encode(bytes, time, key, unit))??;
    if self.unit.is_empty() {
      // Left out for the bitrate.
      return Ok(());
    }
    times.flags = times.flags & (CORRUPT | DISCONT | GAP) | if key { KEY } else { DELTA };
    // Nothing is reordered.
    times.dts = times.pts;
    out.bytes(&times, &self.unit)
  }

  fn flush(&mut self) {
    self.native = None;
    self.asked.clear();
    self.time = 0;
  }

  fn key_unit(&mut self, at: i64) {
    if self.asked.len() < MAX_ASKED {
      self.asked.push(at);
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn words_and_numbers_of_properties_become_options() {
    let mut encoder = Encoder::default();
    let words = [("usage-type", "screen"), ("rate-control", "off"), ("deblocking", "off"), ("complexity", "high")];
    for (name, word) in words {
      encoder.property(name, &Setting::Text(word.into()));
    }
    let numbers =
      [("bitrate", 4_294_967_295), ("gop-size", 7), ("qp-max", 40), ("num-slices", 3), ("enable-denoise", 1)];
    for (name, n) in numbers {
      encoder.property(name, &Setting::Int(n));
    }
    encoder.property("slice-mode", &Setting::Text("n-slices".into()));
    let o = &encoder.options;
    assert_eq!((o.usage, o.rate_control, o.deblocking, o.complexity), (1, -1, 1, 2));
    assert_eq!((o.bitrate, o.gop_size, o.qp, o.slices, o.denoise), (i32::MAX, 7, (0, 40), 3, true));
    encoder.property("slice-mode", &Setting::Text("auto".into()));
    assert_eq!(encoder.options.slices, 0);
  }

  #[test]
  fn pictures_that_are_too_large_are_refused() {
    for (size, good) in [((3840, 2160), true), ((2160, 3840), true), ((3840, 2162), false), ((3842, 16), false)] {
      let caps = format!("video/x-raw, width=(int){}, height=(int){}", size.0, size.1);
      assert_eq!(Encoder::accepts(Caps::new(&caps)).is_ok(), good, "{caps}");
    }
    assert!(Encoder::accepts(Caps::new("video/x-raw")).is_err());
  }
}
