//! Fixed caps, read from the text form in which the core tells them.

use g2g_interface::HostError;

/// The caps of a pad: one structure, whose fields have one value each.
#[derive(Clone, Copy)]
pub struct Caps<'a> {
  media: &'a str,
  fields: &'a str,
}

/// The text in front of a place, and behind the byte there. The place is that of an ASCII character.
fn cut(text: &str, at: usize) -> (&str, &str) {
  (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or(""))
}

/// The text in front of the first such ASCII character, and behind it; `None` when there is none.
fn cut_at(text: &str, character: u8) -> Option<(&str, &str)> {
  text.bytes().position(|b| b == character).map(|at| cut(text, at))
}

// Everything here looks at bytes: searching for characters takes a kilobyte of code more.
impl<'a> Caps<'a> {
  /// Reads caps; `Invalid` when they have a memory feature, which no device here serves.
  pub fn read(text: &'a str) -> Result<Caps<'a>, HostError> {
    let end = text.bytes().position(|b| matches!(b, b',' | b'(' | b';'));
    let (media, fields) = end.map_or((text, ""), |at| cut(text, at));
    let media = media.trim_ascii();
    if media.is_empty() || end.is_some_and(|at| text.as_bytes()[at] == b'(') {
      return Err(HostError::Invalid);
    }
    Ok(Caps { media, fields })
  }

  /// The media type.
  pub fn media(&self) -> &'a str {
    self.media
  }

  /// The value of a field as text, without its type and quotes.
  pub fn field(&self, name: &str) -> Option<&'a str> {
    let mut rest = self.fields;
    while !rest.is_empty() {
      let (field, behind) = split(rest);
      rest = behind;
      let Some((key, value)) = cut_at(field, b'=') else { continue };
      if key.trim_ascii() != name {
        continue;
      }
      let mut value = value.trim_ascii();
      if value.as_bytes().first() == Some(&b'(') {
        value = cut_at(value, b')')?.1.trim_ascii();
      }
      return Some(match value.as_bytes() {
        [b'"', .., b'"'] => value.get(1..value.len() - 1)?,
        _ => value,
      });
    }
    None
  }

  /// The value of a field as a whole number.
  pub fn int(&self, name: &str) -> Option<i32> {
    self.field(name)?.parse().ok()
  }

  /// The value of a field as a number from 1 to `most`.
  pub fn size(&self, name: &str, most: u32) -> Result<u32, HostError> {
    let n = self.int(name).and_then(|n| u32::try_from(n).ok());
    n.filter(|n| (1..=most).contains(n)).ok_or(HostError::Invalid)
  }

  /// The value of a field as a fraction; a denominator is more than 0.
  pub fn fraction(&self, name: &str) -> Option<(i32, i32)> {
    let (n, d) = cut_at(self.field(name)?, b'/')?;
    let (n, d) = (n.trim_ascii().parse().ok()?, d.trim_ascii().parse().ok()?);
    if d > 0 { Some((n, d)) } else { None }
  }
}

/// The first field, and what follows the comma behind it: commas in quotes and brackets are part of a value.
fn split(text: &str) -> (&str, &str) {
  let mut depth = 0u32;
  let mut quoted = false;
  let mut escaped = false;
  for (i, c) in text.bytes().enumerate() {
    if escaped {
      escaped = false;
      continue;
    }
    match c {
      b'\\' => escaped = true,
      b'"' => quoted = !quoted,
      _ if quoted => {}
      b'{' | b'[' | b'<' => depth += 1,
      b'}' | b']' | b'>' => depth = depth.saturating_sub(1),
      b',' | b';' if depth == 0 => return cut(text, i),
      _ => {}
    }
  }
  (text, "")
}

/// Bytes of one sample of one channel, which the name of the format says: S16LE, S24_32BE, U8. `None` for one that is not raw
/// audio's.
fn sample_bytes(format: &str) -> Option<u32> {
  let [b'S' | b'U' | b'F', name @ ..] = format.as_bytes() else { return None };
  let name = match name {
    [name @ .., b'L' | b'B', b'E'] => name,
    _ => name,
  };
  // Where samples lie in more bits than they have, those count.
  match name {
    b"8" => Some(1),
    b"16" => Some(2),
    b"24" => Some(3),
    b"32" | b"24_32" => Some(4),
    b"64" => Some(8),
    _ => None,
  }
}

/// What raw audio looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFormat {
  /// Samples a second.
  pub rate: u32,
  /// Channels, interleaved.
  pub channels: u32,
  /// Bytes of one sample of one channel.
  pub sample: u32,
  /// Whether the bytes of a sample begin with the most significant one.
  pub big_endian: bool,
  /// Whether samples are whole numbers with a sign.
  pub signed: bool,
}

impl AudioFormat {
  /// Reads caps of interleaved raw audio.
  pub fn read(caps: &Caps<'_>) -> Result<AudioFormat, HostError> {
    let format = caps.field("format").ok_or(HostError::Invalid)?;
    let channels = caps.size("channels", 64)?;
    let interleaved = caps.field("layout").is_none_or(|l| l == "interleaved");
    if caps.media() != "audio/x-raw" || !(interleaved || channels == 1) {
      return Err(HostError::Invalid);
    }
    Ok(AudioFormat {
      rate: caps.size("rate", 1_000_000)?,
      channels,
      sample: sample_bytes(format).ok_or(HostError::Unsupported)?,
      big_endian: format.ends_with("BE"),
      signed: format.starts_with('S'),
    })
  }

  /// Bytes of one sample of all channels.
  pub fn frame(&self) -> u32 {
    self.channels * self.sample
  }

  /// How long a number of samples lasts, ns, rounded down. It does not overflow within 292 years.
  pub fn time(&self, samples: u64) -> i64 {
    let rate = self.rate as u64;
    (samples / rate * 1_000_000_000 + samples % rate * 1_000_000_000 / rate) as i64
  }
}

/// A framerate from caps: frames in a number of seconds, both within what [`frame_time`] takes; `None` where there is none, or
/// it varies (0/1).
pub fn framerate(caps: &Caps<'_>) -> Option<(u32, u32)> {
  let (n, d) = caps.fraction("framerate")?;
  let rate = (u32::try_from(n).ok()?, u32::try_from(d).ok()?);
  if (1..=240_000).contains(&rate.0) && rate.1 <= 10_000 { Some(rate) } else { None }
}

/// When a frame begins, counted from frame 0, at a rate that [`framerate`] gave, ns, rounded down.
pub fn frame_time(count: u64, rate: (u32, u32)) -> i64 {
  let (n, d) = (rate.0 as u64, rate.1 as u64);
  // Each n frames last d seconds.
  (count / n * d * 1_000_000_000 + count % n * d * 1_000_000_000 / n) as i64
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fields_are_found_whatever_stands_around_them() {
    let text =
      r#"audio/x-raw, format=(string)S16LE, odd="a, rate=(int)9", list=(int){ 1, 2 }, rate=(int)8000, channels=(int)2"#;
    let caps = Caps::read(text).unwrap();
    assert_eq!((caps.media(), caps.field("format"), caps.int("rate")), ("audio/x-raw", Some("S16LE"), Some(8000)));
    assert_eq!((caps.field("odd"), caps.field("none"), caps.int("list")), (Some("a, rate=(int)9"), None, None));
    let format = AudioFormat::read(&caps).unwrap();
    let expected = AudioFormat { rate: 8000, channels: 2, sample: 2, big_endian: false, signed: true };
    assert_eq!((format, format.frame()), (expected, 4));
    let caps = Caps::read("video/x-raw, framerate=(fraction)30000/1001").unwrap();
    assert_eq!(caps.fraction("framerate"), Some((30000, 1001)));
    assert_eq!(Caps::read("x/y,f=1/0").unwrap().fraction("f"), None);
  }

  #[test]
  fn hostile_text_is_no_panic() {
    for text in
      ["a,b=\"", "a,b=(", "a,b=(x", "a,b=\"\"", "é,é=é", "a,b=\"é", "a,=,==,b", "a,b={[<,", "a,b=\\", "a,b=é)("]
    {
      let caps = Caps::read(text).unwrap();
      for name in ["b", "", "é"] {
        let _ = (caps.field(name), caps.int(name), caps.fraction(name));
      }
    }
    assert_eq!(Caps::read("a,b=\"\"").unwrap().field("b"), Some(""));
    assert_eq!(Caps::read("é, é=(string)ü").unwrap().field("é"), Some("ü"));
  }

  #[test]
  fn the_name_of_a_format_says_how_long_a_sample_is() {
    let all = [("S8", 1), ("U16LE", 2), ("S24BE", 3), ("S24_32LE", 4), ("S32BE", 4), ("F32LE", 4), ("F64BE", 8)];
    assert!(all.iter().all(|(format, bytes)| sample_bytes(format) == Some(*bytes)));
    assert!(["", "S", "LE", "S12LE", "X16LE", "S24_", "16LE"].iter().all(|format| sample_bytes(format).is_none()));
  }

  #[test]
  fn caps_that_no_device_can_have_are_refused() {
    for text in ["", "video/x-raw(memory:DMABuf), format=(string)NV12", ", a=1"] {
      assert!(Caps::read(text).is_err(), "{text}");
    }
    for text in [
      "audio/x-raw, format=(string)S16LE, rate=(int)0, channels=(int)1",
      "audio/x-raw, format=(string)S16LE, rate=(int)-8000, channels=(int)1",
      "audio/x-raw, format=(string)S16LE, rate=(int)8000, channels=(int)2147483647",
      "audio/x-raw, format=(string)XX, rate=(int)8000, channels=(int)1",
      "audio/x-raw, format=(string)S16LE, layout=(string)non-interleaved, rate=(int)8000, channels=(int)2",
      "audio/x-mulaw, rate=(int)8000, channels=(int)1",
    ] {
      assert!(AudioFormat::read(&Caps::read(text).unwrap()).is_err(), "{text}");
    }
  }

  #[test]
  fn times_are_exact_and_do_not_overflow() {
    let format = AudioFormat { rate: 44100, channels: 1, sample: 2, big_endian: false, signed: true };
    assert_eq!(format.time(44100 * 86400 * 365), 86400 * 365 * 1_000_000_000);
    assert_eq!(format.time(1), 22675);
    let rate = framerate(&Caps::read("video/x-raw, framerate=(fraction)30000/1001").unwrap()).unwrap();
    assert_eq!(frame_time(30000, rate), 1001 * 1_000_000_000);
    assert_eq!(framerate(&Caps::read("video/x-raw, framerate=(fraction)0/1").unwrap()), None);
    assert_eq!(frame_time(1, (30000, 1001)), 33_366_666);
  }
}
