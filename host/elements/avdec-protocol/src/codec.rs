//! The codecs.

/// What a codec carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
  /// Pictures.
  Video,
  /// Sound.
  Audio,
}

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Codec {
  /// H.264, ITU-T H.264.
  H264 = 1,
  /// H.265, ITU-T H.265.
  H265 = 2,
  /// VP8, RFC 6386.
  Vp8 = 3,
  /// VP9.
  Vp9 = 4,
  /// AV1.
  Av1 = 5,
  /// JPEG pictures, ITU-T T.81.
  Mjpeg = 6,
  /// AAC, ISO/IEC 14496-3.
  Aac = 7,
  /// Opus, RFC 6716.
  Opus = 8,
}

impl Codec {
  /// All.
  pub const ALL: [Codec; 8] =
    [Codec::H264, Codec::H265, Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::Mjpeg, Codec::Aac, Codec::Opus];

  /// The codec of a number, if it is one.
  pub fn from_raw(raw: u32) -> Option<Codec> {
    Codec::ALL.into_iter().find(|c| *c as u32 == raw)
  }

  /// What it carries.
  pub fn kind(self) -> Kind {
    match self {
      Codec::Aac | Codec::Opus => Kind::Audio,
      _ => Kind::Video,
    }
  }
}

/// How samples of sound are written, each channel by itself or a sample of each in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SampleFormat {
  /// 16 bits, signed.
  S16 = 1,
  /// 32 bits, signed.
  S32 = 2,
  /// 32 bits, floating point.
  F32 = 3,
}

impl SampleFormat {
  /// The format of a number, if it is one.
  pub fn from_raw(raw: u32) -> Option<SampleFormat> {
    [SampleFormat::S16, SampleFormat::S32, SampleFormat::F32].into_iter().find(|f| *f as u32 == raw)
  }

  /// Bytes of a sample.
  pub fn bytes(self) -> u32 {
    match self {
      SampleFormat::S16 => 2,
      SampleFormat::S32 | SampleFormat::F32 => 4,
    }
  }

  /// Its name in caps.
  pub fn name(self) -> &'static str {
    match self {
      SampleFormat::S16 => "S16LE",
      SampleFormat::S32 => "S32LE",
      SampleFormat::F32 => "F32LE",
    }
  }
}
