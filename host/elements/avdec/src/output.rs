//! What was decoded: checked, described as caps, copied to where the core wants it.

use g2g_avdec_protocol::{CHANNELS, Format, Kind, PICTURE_AREA, Picture, PictureLayout, Plane, SampleFormat, Sound};
use g2g_element_support::Caps;

use crate::colors::{chroma_site, colorimetry};
use crate::shared::Shared;

/// The most samples of a channel that a frame of sound can have: 120 ms of Opus.
const MAX_SAMPLES: u32 = 5760;

/// Something decoded that a process has told of.
pub enum Decoded {
  /// A picture, its interlace mode, and how it is to lie in memory.
  Picture(Box<Picture>, &'static str, PictureLayout),
  /// Sound.
  Sound(Box<Sound>),
}

impl Decoded {
  /// Takes a picture, of which nothing is believed.
  /// @param mode interlace-mode of the stream
  pub fn picture(picture: Box<Picture>, mode: &'static str) -> Option<Decoded> {
    let p = &*picture;
    let layout = PictureLayout::new(p.format, p.width, p.height, mode != "progressive")?;
    let planes = p.format.planes.len();
    let inside = (0..planes).all(|i| {
      let Plane { row, rows, .. } = layout.planes[i];
      let end = u64::from(p.strides[i]) * u64::from(rows - 1) + u64::from(row);
      p.strides[i] >= row && p.offsets[i].checked_add(end).is_some_and(|end| end <= PICTURE_AREA)
    });
    inside.then_some(Decoded::Picture(picture, mode, layout))
  }

  /// Takes sound, of which nothing is believed.
  pub fn sound(sound: Box<Sound>) -> Option<Decoded> {
    let s = &*sound;
    let known = (1..=CHANNELS as u32).contains(&s.channels) && (1..=MAX_SAMPLES).contains(&s.samples);
    (known && (1..=768_000).contains(&s.rate)).then_some(Decoded::Sound(sound))
  }

  /// Which slot of the process it lies in.
  pub fn slot(&self) -> u32 {
    match self {
      Decoded::Picture(p, ..) => p.slot,
      Decoded::Sound(s) => s.slot,
    }
  }

  /// Number of the packet that it came of; 0: not known.
  pub fn id(&self) -> u64 {
    match self {
      Decoded::Picture(p, ..) => p.id,
      Decoded::Sound(s) => s.id,
    }
  }

  /// In which epoch it was decoded.
  pub fn epoch(&self) -> u32 {
    match self {
      Decoded::Picture(p, ..) => p.epoch,
      Decoded::Sound(s) => s.epoch,
    }
  }

  /// Its bytes as the core gets them.
  pub fn size(&self) -> u32 {
    match self {
      Decoded::Picture(.., layout) => layout.size,
      Decoded::Sound(s) => s.samples * s.channels * s.format.bytes(),
    }
  }

  /// How long it lasts, ns, as far as it tells itself.
  /// @param input caps of the input
  pub fn duration(&self, input: Caps<'_>) -> Option<i64> {
    match self {
      Decoded::Picture(p, ..) => {
        let (n, d) = rate_of(p, input);
        (n > 0).then(|| (1_000_000_000 * i64::from(d) + i64::from(n) / 2) / i64::from(n))
      }
      Decoded::Sound(s) => Some((1_000_000_000 * i64::from(s.samples) + i64::from(s.rate) / 2) / i64::from(s.rate)),
    }
  }

  /// Its caps; fields that the input's caps have too are theirs, but for what pictures alone tell.
  /// @param input caps of the input
  pub fn caps(&self, input: Caps<'_>) -> String {
    match self {
      Decoded::Picture(p, mode, _) => picture_caps(p, mode, input),
      Decoded::Sound(s) => sound_caps(s),
    }
  }

  /// Copies it out of the picture area.
  /// @param to as many bytes as it has
  /// @returns false when it does not lie in the area
  pub fn copy(&self, from: &Shared, to: &mut [u8]) -> bool {
    match self {
      Decoded::Picture(p, _, layout) => (0..p.format.planes.len()).all(|i| {
        let plane = layout.planes[i];
        let last = i + 1 == p.format.planes.len();
        let end = if last { layout.size } else { layout.planes[i + 1].offset };
        let Some(to) = to.get_mut(plane.offset as usize..end as usize) else { return false };
        from.read_rows(p.offsets[i], p.strides[i], plane.row, plane.rows, to, plane.stride)
      }),
      Decoded::Sound(s) => {
        let (planes, in_each) = if s.planar { (s.channels, 1) } else { (1, s.channels) };
        let bytes = s.samples * s.format.bytes() * in_each;
        let mut parts = to.chunks_exact_mut(bytes as usize);
        (0..planes as usize)
          .all(|i| parts.next().is_some_and(|to| from.read_rows(s.offsets[i], 0, bytes, 1, to, bytes)))
      }
    }
  }
}

/// Bytes of the blocks that hold what has these caps.
pub fn block_size(kind: Kind, caps: Caps<'_>) -> Option<u32> {
  match kind {
    Kind::Video => {
      let format = Format::named(caps.text("format")?)?;
      let interlaced = caps.text("interlace-mode").is_some_and(|mode| mode != "progressive");
      PictureLayout::new(format, caps.number("width")?, caps.number("height")?, interlaced).map(|l| l.size)
    }
    Kind::Audio => {
      let formats = [SampleFormat::S16, SampleFormat::S32, SampleFormat::F32];
      let format = formats.into_iter().find(|f| Some(f.name()) == caps.text("format"))?;
      let channels = caps.number("channels").filter(|n| *n <= CHANNELS as u32)?;
      Some(MAX_SAMPLES * channels * format.bytes())
    }
  }
}

/// Frames a second: as the caps of the input have it, or as the stream tells.
fn rate_of(p: &Picture, input: Caps<'_>) -> (u32, u32) {
  match input.fraction("framerate").filter(|(n, _)| *n > 0) {
    Some(rate) => rate,
    None if p.rate[0] > 0 && p.rate[1] > 0 && p.rate[0] <= i32::MAX as u32 && p.rate[1] <= i32::MAX as u32 => {
      (p.rate[0], p.rate[1])
    }
    None => (0, 1),
  }
}

/// The shape of a pixel: where container and stream differ, that of the container, unless it says nothing.
fn aspect_of(p: &Picture, input: Caps<'_>) -> (u32, u32) {
  let own = Some((p.aspect[0], p.aspect[1]))
    .filter(|(n, d)| (1..=i32::MAX as u32).contains(n) && (1..=i32::MAX as u32).contains(d));
  let told = input.fraction("pixel-aspect-ratio").filter(|(n, _)| *n > 0);
  match (told, own) {
    (Some((n, d)), Some(own)) if n == d => own,
    (Some(told), _) => told,
    (None, own) => own.unwrap_or((1, 1)),
  }
}

fn picture_caps(p: &Picture, mode: &str, input: Caps<'_>) -> String {
  let (rate, aspect) = (rate_of(p, input), aspect_of(p, input));
  let mut caps = format!(
    "video/x-raw, format=(string){}, width=(int){}, height=(int){}, interlace-mode=(string){mode}, \
     pixel-aspect-ratio=(fraction){}/{}",
    p.format.name, p.width, p.height, aspect.0, aspect.1
  );
  if mode == "interleaved" {
    caps +=
      if p.top_first { ", field-order=(string)top-field-first" } else { ", field-order=(string)bottom-field-first" };
  }
  let own_site = if p.format.planes.iter().any(|p| p.columns > 0) { chroma_site(p.chroma) } else { None };
  if let Some(site) = input.text("chroma-site").or(own_site) {
    caps += &format!(", chroma-site=(string){site}");
  }
  let own = colorimetry(p.full_range, p.colors).filter(|_| p.format.yuv);
  if let Some(colors) = input.text("colorimetry").map(str::to_string).or(own) {
    caps += &format!(", colorimetry=(string){colors}");
  }
  caps + &format!(", framerate=(fraction){}/{}", rate.0, rate.1)
}

fn sound_caps(s: &Sound) -> String {
  let layout = if s.planar { "non-interleaved" } else { "interleaved" };
  let mut caps = format!(
    "audio/x-raw, format=(string){}, layout=(string){layout}, rate=(int){}, channels=(int){}",
    s.format.name(),
    s.rate,
    s.channels
  );
  if s.channels > 1 {
    caps += &format!(", channel-mask=(bitmask)0x{:016x}", s.mask);
  }
  caps
}
