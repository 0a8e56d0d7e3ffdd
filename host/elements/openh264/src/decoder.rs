//! `openh264dec`.

use std::collections::VecDeque;
use std::fmt::Write;

use g2g_element_support::{Caps, Codec, I420, Input, Output, Stop, Times};
use g2g_interface::abi::frame_flag::{CORRUPT, DECODE_ONLY, DELTA, DISCONT};
use g2g_interface::{HostError, NONE};
use openh264_sys2::{dsErrorFree, dsFramePending, dsOutOfMemory};

use crate::native_decoder::{NativeDecoder, Picture};
use crate::parameters::{ParameterSets, has_idr};

/// Pictures that the decoder holds back at most.
const HELD: u64 = 17;

/// Access units whose times are remembered; of some no picture comes.
const REMEMBERED: usize = 64;

/// Caps of the input that the output has as well, when they are known.
const COPIED: [&str; 4] = ["pixel-aspect-ratio", "framerate", "colorimetry", "chroma-site"];

/// What is known of an access unit whose picture has not come out.
struct Unit {
  number: u64,
  times: Times,
}

/// Decodes H.264.
#[derive(Default)]
pub struct Decoder {
  native: Option<NativeDecoder>,
  sets: ParameterSets,
  /// Fields that the output has of the input's caps, as text.
  copied: String,
  /// The caps of the output as they were told last, and the layout under them.
  told: Option<(String, I420)>,
  units: VecDeque<Unit>,
  last: u64,
  /// Nothing can be decoded before a key frame.
  begins: bool,
  /// How much later pictures come out, as it was told last, ns.
  latency: i64,
  bytes: Vec<u8>,
}

impl Codec for Decoder {
  fn accepts(caps: Caps<'_>) -> Result<(), HostError> {
    match caps.text("interlace-mode") {
      None | Some("progressive") => Ok(()),
      _ => Err(HostError::Unsupported),
    }
  }

  fn block_size(caps: Caps<'_>) -> Result<u32, HostError> {
    let layout = caps.number("width").zip(caps.number("height")).and_then(|(w, h)| I420::new(w, h));
    layout.map(|l| l.size).ok_or(HostError::Invalid)
  }

  fn input(&mut self, caps: Caps<'_>) -> Result<(), Stop> {
    self.copied.clear();
    for name in COPIED {
      let kind = if name == "pixel-aspect-ratio" || name == "framerate" { "fraction" } else { "string" };
      if let Some(value) = caps.text(name) {
        let quote = if kind == "string" { "\"" } else { "" };
        let _ = write!(self.copied, ", {name}=({kind}){quote}{value}{quote}");
      }
    }
    Ok(())
  }

  fn frame(&mut self, frame: &Input<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    let mut bytes = std::mem::take(&mut self.bytes);
    let done = frame.copy_to(&mut bytes).and_then(|()| self.unit(&bytes, frame.times(), out));
    self.bytes = bytes;
    done
  }

  fn drain(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
    let Some(mut native) = self.native.take() else { return Ok(()) };
    let mut done = match native.decode(&[], self.last) {
      (_, Some(picture)) => self.give(&picture, out),
      _ => Ok(()),
    };
    while done.is_ok()
      && let Some(picture) = native.flush()
    {
      done = self.give(&picture, out);
    }
    self.native = Some(native);
    done
  }

  fn flush(&mut self) {
    // The next key frame begins anew; what is to be known for it is told to the new decoder.
    self.native = None;
    self.units.clear();
  }
}

impl Decoder {
  /// Decodes an access unit.
  fn unit(&mut self, bytes: &[u8], times: Times, out: &mut Output<'_>) -> Result<(), Stop> {
    self.sets.note(bytes);
    let mut native = match self.native.take() {
      Some(native) => native,
      None => {
        self.begins = true;
        let mut native = NativeDecoder::new()?;
        self.sets.each(|set| {
          native.decode(set, 0);
        });
        native
      }
    };
    if self.begins && times.flags & DELTA != 0 && !has_idr(bytes) {
      self.native = Some(native);
      return Ok(());
    }
    self.begins = false;
    self.last += 1;
    let number = self.last;
    if self.units.len() >= REMEMBERED {
      self.units.pop_front();
    }
    self.units.push_back(Unit { number, times });
    // What begins is decoded when something else begins behind it, or at once by an empty call.
    let mut state = 0;
    for part in [bytes, &[]] {
      let (bits, picture) = native.decode(part, number);
      state |= bits;
      if bits & !dsFramePending != dsErrorFree
        && let Some(unit) = self.units.iter_mut().find(|u| u.number == number)
      {
        unit.times.flags |= CORRUPT;
      }
      if let Some(picture) = picture
        && let Err(stop) = self.give(&picture, out)
      {
        self.native = Some(native);
        return Err(stop);
      }
    }
    if state & dsOutOfMemory != 0 {
      return Err(HostError::NoMemory.into());
    }
    self.native = Some(native);
    self.tell_latency(number, &times, out);
    Ok(())
  }

  /// Gives a picture that has come out.
  fn give(&mut self, picture: &Picture<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    let known = self.units.iter().position(|u| u.number == picture.number);
    let mut times = known.and_then(|i| self.units.remove(i)).map(|u| u.times).unwrap_or_default();
    if times.flags & DECODE_ONLY != 0 {
      return Ok(());
    }
    // A picture stands by itself; that something is missing or damaged is still so.
    times.flags &= CORRUPT | DISCONT;
    times.dts = NONE;
    let layout = self.settle(picture, out)?;
    let mut whole = true;
    out.fill(&times, layout.size, |to| {
      whole = layout.fill(to, &picture.planes);
      layout.size
    })?;
    if whole { Ok(()) } else { Err(HostError::Invalid.into()) }
  }

  /// Tells the caps that a picture has, unless they are known.
  fn settle(&mut self, picture: &Picture<'_>, out: &mut Output<'_>) -> Result<I420, Stop> {
    let mut caps =
      format!("video/x-raw, format=(string)I420, width=(int){}, height=(int){}", picture.width, picture.height);
    caps += ", interlace-mode=(string)progressive";
    caps += &self.copied;
    if let Some((told, layout)) = &self.told
      && *told == caps
    {
      return Ok(*layout);
    }
    let layout = I420::new(picture.width, picture.height).ok_or(HostError::TooMany)?;
    out.caps(&caps)?;
    self.told = Some((caps, layout));
    Ok(layout)
  }

  /// Tells how far what comes out lies behind what goes in, when it is further than before.
  fn tell_latency(&mut self, number: u64, times: &Times, out: &mut Output<'_>) {
    let held = self.units.iter().filter(|u| u.number + HELD > number).count() as i64;
    let latency = if times.duration > 0 { times.duration.saturating_mul(held) } else { 0 };
    if latency > self.latency {
      self.latency = latency;
      out.latency(latency, latency);
    }
  }
}
