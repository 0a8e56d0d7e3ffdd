//! The messages.

use crate::codec::{Codec, SampleFormat};
use crate::fields::{Put, Take};
use crate::format::{FORMATS, Format};
use crate::{CHANNELS, PLANES};

/// How a decoder is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
  /// The codec.
  pub codec: Codec,
  /// Threads; 0: as many as there are processors.
  pub threads: u32,
  /// Bits: 1 a frame a thread, 2 a slice a thread; 0: as the decoder likes.
  pub thread_type: u32,
  /// What is left out: 0 nothing, 1 frames that no other needs, 2 all but key frames' transforms, 5 everything.
  pub skip_frame: u32,
  /// Whether damaged pictures come out.
  pub output_corrupt: bool,
  /// How strictly the decoder keeps to its standard: -2 to 2. From 1 on, H.264 without a limit to its reordering waits for the
  /// most that there can be.
  pub compliance: i32,
  /// Samples a second, as the caps have it; 0: not known.
  pub rate: u32,
  /// Channels, as the caps have it; 0: not known.
  pub channels: u32,
  /// Codec data.
  pub extra: Vec<u8>,
}

/// A decoded picture in the picture area.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
  /// Names it in `Return`.
  pub slot: u32,
  /// Number of the packet that it came of; 0: not known.
  pub id: u64,
  /// The epoch in which it was decoded.
  pub epoch: u32,
  /// How it is laid out.
  pub format: &'static Format,
  /// Pixels of a row.
  pub width: u32,
  /// Rows.
  pub height: u32,
  /// Where the planes begin, bytes from the start of the area.
  pub offsets: [u64; PLANES],
  /// Bytes from row to row.
  pub strides: [u32; PLANES],
  /// Whether bytes are missing or concealed.
  pub corrupt: bool,
  /// Whether it was copied inside the process, as its decoder brings its own memory.
  pub copied: bool,
  /// Whether it is two fields.
  pub interlaced: bool,
  /// Which field is first.
  pub top_first: bool,
  /// Shape of a pixel; 0/1: not known.
  pub aspect: [u32; 2],
  /// Frames a second that the stream tells; 0/1: none.
  pub rate: [u32; 2],
  /// Whether values use the full range.
  pub full_range: bool,
  /// Code points of ISO/IEC 23091-2: matrix, transfer, primaries; 2: not known.
  pub colors: [u32; 3],
  /// Where chroma samples lie: 0 not known, 1 left, 2 center, 3 top left, 4 top, 5 bottom left, 6 bottom.
  pub chroma: u32,
  /// Pictures by which the decoder is behind its input.
  pub delay: u32,
}

/// Decoded sound in the picture area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
  /// Names it in `Return`.
  pub slot: u32,
  /// Number of the packet that it came of; 0: goes on where the last one ended.
  pub id: u64,
  /// The epoch in which it was decoded.
  pub epoch: u32,
  /// How samples are written.
  pub format: SampleFormat,
  /// Whether each channel is by itself.
  pub planar: bool,
  /// Samples a second.
  pub rate: u32,
  /// Channels, at most [`CHANNELS`].
  pub channels: u32,
  /// Where channels go: bits of a channel mask; 0: not known.
  pub mask: u64,
  /// Samples of a channel.
  pub samples: u32,
  /// Where each channel begins, or in the first all; bytes from the start of the area.
  pub offsets: [u64; CHANNELS],
  /// Whether it was copied inside the process.
  pub copied: bool,
}

/// What the host says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
  /// Brings the areas, as two descriptors: input, pictures.
  Setup {
    /// [`crate::VERSION`].
    version: u32,
    /// Bytes of the input area.
    input: u64,
    /// Bytes of the picture area.
    pictures: u64,
  },
  /// Opens a decoder.
  Open(Config),
  /// Coded bytes.
  Packet {
    /// Its number: 1 and up.
    id: u64,
    /// Where they begin in the input area; zeros follow.
    offset: u64,
    /// How many.
    length: u32,
    /// Whether it can be decoded without what came before.
    key: bool,
  },
  /// Something decoded is not needed any more.
  Return {
    /// Which.
    slot: u32,
  },
  /// All input has come.
  Drain {
    /// To be answered with.
    serial: u32,
  },
  /// Forgets what is inside.
  Flush {
    /// The new epoch.
    epoch: u32,
  },
  /// Changes what can be changed while it runs.
  Set {
    /// As in [`Config`].
    skip_frame: u32,
    /// As in [`Config`].
    output_corrupt: bool,
  },
}

/// What the process says.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
  /// It has given everything up that it does not need.
  Ready {
    /// [`crate::VERSION`].
    version: u32,
  },
  /// A decoder is open.
  Opened,
  /// A decoder cannot be opened, or cannot go on.
  Failed {
    /// Why.
    why: String,
  },
  /// The decoder has taken a packet.
  Accepted {
    /// Which.
    id: u64,
    /// Why it is of no use, or empty.
    why: String,
  },
  /// The place of a packet is free.
  Released {
    /// Which.
    id: u64,
  },
  /// A picture.
  Picture(Box<Picture>),
  /// Sound.
  Sound(Box<Sound>),
  /// Everything has come out.
  Drained {
    /// That of the `Drain`.
    serial: u32,
  },
}

impl Request {
  /// The bytes of a message.
  pub fn write(&self) -> Vec<u8> {
    let mut put = Put::default();
    match self {
      Request::Setup { version, input, pictures } => put.u32(1).u32(*version).u64(*input).u64(*pictures),
      Request::Open(c) => put
        .u32(2)
        .u32s(&[c.codec as u32, c.threads, c.thread_type, c.skip_frame, c.output_corrupt.into()])
        .u32s(&[c.compliance as u32, c.rate, c.channels])
        .bytes(&c.extra),
      Request::Packet { id, offset, length, key } => put.u32(3).u64(*id).u64(*offset).u32s(&[*length, (*key).into()]),
      Request::Return { slot } => put.u32s(&[4, *slot]),
      Request::Drain { serial } => put.u32s(&[5, *serial]),
      Request::Flush { epoch } => put.u32s(&[6, *epoch]),
      Request::Set { skip_frame, output_corrupt } => put.u32s(&[7, *skip_frame, (*output_corrupt).into()]),
    };
    put.0
  }

  /// Reads a message; `None` when it is none.
  pub fn read(bytes: &[u8]) -> Option<Request> {
    let mut take = Take(bytes);
    let request = match take.u32()? {
      1 => Request::Setup { version: take.u32()?, input: take.u64()?, pictures: take.u64()? },
      2 => {
        let [codec, threads, thread_type, skip_frame, output_corrupt] = take.u32s()?;
        let [compliance, rate, channels] = take.u32s()?;
        Request::Open(Config {
          codec: Codec::from_raw(codec)?,
          threads,
          thread_type,
          skip_frame,
          output_corrupt: output_corrupt != 0,
          compliance: compliance as i32,
          rate,
          channels,
          extra: take.bytes()?.to_vec(),
        })
      }
      3 => Request::Packet { id: take.u64()?, offset: take.u64()?, length: take.u32()?, key: take.u32()? != 0 },
      4 => Request::Return { slot: take.u32()? },
      5 => Request::Drain { serial: take.u32()? },
      6 => Request::Flush { epoch: take.u32()? },
      7 => Request::Set { skip_frame: take.u32()?, output_corrupt: take.u32()? != 0 },
      _ => return None,
    };
    take.end(request)
  }
}

impl Report {
  /// The bytes of a message.
  pub fn write(&self) -> Vec<u8> {
    let mut put = Put::default();
    match self {
      Report::Ready { version } => put.u32s(&[1, *version]),
      Report::Opened => put.u32(2),
      Report::Failed { why } => put.u32(3).bytes(why.as_bytes()),
      Report::Accepted { id, why } => put.u32(4).u64(*id).bytes(why.as_bytes()),
      Report::Released { id } => put.u32(5).u64(*id),
      Report::Picture(p) => write_picture(&mut put, p),
      Report::Sound(s) => write_sound(&mut put, s),
      Report::Drained { serial } => put.u32s(&[8, *serial]),
    };
    put.0
  }

  /// Reads a message; `None` when it is none.
  pub fn read(bytes: &[u8]) -> Option<Report> {
    let mut take = Take(bytes);
    let report = match take.u32()? {
      1 => Report::Ready { version: take.u32()? },
      2 => Report::Opened,
      3 => Report::Failed { why: text(&mut take)? },
      4 => Report::Accepted { id: take.u64()?, why: text(&mut take)? },
      5 => Report::Released { id: take.u64()? },
      6 => Report::Picture(Box::new(read_picture(&mut take)?)),
      7 => Report::Sound(Box::new(read_sound(&mut take)?)),
      8 => Report::Drained { serial: take.u32()? },
      _ => return None,
    };
    take.end(report)
  }
}

/// A text in words for people, whatever it was: nothing that steers a terminal.
fn text(take: &mut Take) -> Option<String> {
  let text = String::from_utf8_lossy(take.bytes()?);
  Some(text.chars().filter(|c| !c.is_control()).take(200).collect())
}

fn write_picture<'a>(put: &'a mut Put, p: &Picture) -> &'a mut Put {
  let format = FORMATS.iter().position(|f| std::ptr::eq(f, p.format)).unwrap_or(usize::MAX);
  put.u32(6).u64(p.id).u32s(&[p.slot, p.epoch, format as u32, p.width, p.height]);
  for offset in p.offsets {
    put.u64(offset);
  }
  let flags = [p.corrupt, p.copied, p.interlaced, p.top_first, p.full_range].map(u32::from);
  put.u32s(&p.strides).u32s(&flags).u32s(&p.aspect).u32s(&p.rate).u32s(&p.colors).u32s(&[p.chroma, p.delay])
}

fn read_picture(take: &mut Take) -> Option<Picture> {
  let id = take.u64()?;
  let [slot, epoch, format, width, height] = take.u32s()?;
  let format = FORMATS.get(format as usize)?;
  let (offsets, strides) = (take.u64s()?, take.u32s()?);
  let [corrupt, copied, interlaced, top_first, full_range] = take.u32s()?.map(|flag| flag != 0);
  let (aspect, rate, colors) = (take.u32s()?, take.u32s()?, take.u32s()?);
  let [chroma, delay] = take.u32s()?;
  Some(Picture {
    slot,
    id,
    epoch,
    format,
    width,
    height,
    offsets,
    strides,
    corrupt,
    copied,
    interlaced,
    top_first,
    aspect,
    rate,
    full_range,
    colors,
    chroma,
    delay,
  })
}

fn write_sound<'a>(put: &'a mut Put, s: &Sound) -> &'a mut Put {
  put.u32(7).u64(s.id).u64(s.mask);
  put.u32s(&[s.slot, s.epoch, s.format as u32, s.planar.into(), s.rate, s.channels, s.samples, s.copied.into()]);
  for offset in s.offsets {
    put.u64(offset);
  }
  put
}

fn read_sound(take: &mut Take) -> Option<Sound> {
  let (id, mask) = (take.u64()?, take.u64()?);
  let [slot, epoch, format, planar, rate, channels, samples, copied] = take.u32s()?;
  let (format, planar, copied) = (SampleFormat::from_raw(format)?, planar != 0, copied != 0);
  Some(Sound { slot, id, epoch, format, planar, rate, channels, mask, samples, offsets: take.u64s()?, copied })
}

/// The positions of channels in the order in which decoders and caps have them, where nothing else is said; 0 for more than 8.
pub fn mask_of_order(channels: u32) -> u64 {
  [0, 0x4, 0x3, 0x7, 0x107, 0x37, 0x3f, 0x13f, 0x63f].get(channels as usize).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
  use super::*;

  fn picture() -> Picture {
    Picture {
      slot: 3,
      id: 1 << 40,
      epoch: 2,
      format: &FORMATS[1],
      width: 322,
      height: 182,
      offsets: [0, 1 << 33, 5, 6],
      strides: [384, 192, 192, 0],
      corrupt: true,
      copied: false,
      interlaced: true,
      top_first: false,
      aspect: [4, 3],
      rate: [30000, 1001],
      full_range: true,
      colors: [1, 2, 9],
      chroma: 1,
      delay: 2,
    }
  }

  fn reports() -> Vec<Report> {
    let offsets = [1, 2, 3, 4, 5, 6, 7, 8];
    let (format, mask) = (SampleFormat::F32, 3);
    let sound = Sound {
      slot: 1,
      id: 0,
      epoch: 9,
      format,
      planar: true,
      rate: 48000,
      channels: 2,
      mask,
      samples: 960,
      offsets,
      copied: true,
    };
    vec![
      Report::Ready { version: 1 },
      Report::Opened,
      Report::Failed { why: "no decoder".into() },
      Report::Accepted { id: 7, why: String::new() },
      Report::Released { id: 7 },
      Report::Picture(Box::new(picture())),
      Report::Sound(Box::new(sound)),
      Report::Drained { serial: 4 },
    ]
  }

  fn requests() -> Vec<Request> {
    let config = Config {
      codec: Codec::Aac,
      threads: 1,
      thread_type: 2,
      skip_frame: 5,
      output_corrupt: true,
      compliance: -2,
      rate: 44100,
      channels: 1,
      extra: vec![1, 2, 3],
    };
    vec![
      Request::Setup { version: 1, input: 1 << 26, pictures: 1 << 31 },
      Request::Open(config),
      Request::Packet { id: 1, offset: 64, length: 9, key: true },
      Request::Return { slot: 2 },
      Request::Drain { serial: 3 },
      Request::Flush { epoch: 4 },
      Request::Set { skip_frame: 1, output_corrupt: false },
    ]
  }

  #[test]
  fn what_is_written_is_read_back() {
    for report in reports() {
      assert_eq!(Report::read(&report.write()), Some(report));
    }
    for request in requests() {
      assert_eq!(Request::read(&request.write()), Some(request));
    }
  }

  #[test]
  fn a_message_that_is_cut_or_longer_is_none() {
    for report in reports() {
      let mut bytes = report.write();
      for n in 0..bytes.len() {
        assert_eq!(Report::read(&bytes[..n]), None);
      }
      bytes.push(0);
      assert_eq!(Report::read(&bytes), None);
    }
    for request in requests() {
      let bytes = request.write();
      for n in 0..bytes.len() {
        assert_eq!(Request::read(&bytes[..n]), None);
      }
    }
  }

  #[test]
  fn a_format_that_does_not_exist_is_no_picture() {
    let mut bytes = Report::Picture(Box::new(picture())).write();
    bytes[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Report::read(&bytes), None);
  }

  #[test]
  fn texts_are_freed_of_what_steers_a_terminal() {
    let mut put = Put::default();
    put.u32(3).bytes(b"a\x1b[2Jb\n\xff");
    assert_eq!(Report::read(&put.0), Some(Report::Failed { why: "a[2Jb\u{fffd}".into() }));
  }
}
