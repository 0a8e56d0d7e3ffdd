//! Where decoders render, and what they rendered, in the words of the protocol.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{addr_of, null_mut};

use ffmpeg_sys_next as av;
use g2g_avdec_protocol::{CHANNELS, PADDING, PLANES, Picture, Report, SampleFormat, Sound, mask_of_order};

use crate::area::Area;
use crate::decoder::{Decoder, Frame};
use crate::formats::format_of;

/// Rows and planes begin at multiples of this.
const ALIGN: u64 = 64;

/// Bytes behind a plane that vector instructions may touch.
const BEHIND: u64 = 2 * ALIGN;

/// Called by libavcodec, from any of its threads, for a place to render into.
pub unsafe extern "C" fn get_buffer(context: *mut av::AVCodecContext, frame: *mut av::AVFrame, flags: c_int) -> c_int {
  // The area lives until the process ends; context and frame are the caller's for the time of the call.
  unsafe {
    let area = &*(*context).opaque.cast::<Area>();
    let audio = (*context).codec_type == av::AVMediaType::AVMEDIA_TYPE_AUDIO;
    let planned = if audio { plan_sound(frame) } else { plan_picture(context, frame) };
    // What cannot lie in the area (a palette, more channels than are told of) is rendered elsewhere, to be refused later.
    let Some((linesizes, sizes)) = planned else { return av::avcodec_default_get_buffer2(context, frame, flags) };
    let total = sizes.iter().map(|size| size.next_multiple_of(ALIGN)).sum();
    let Some((offset, base)) = area.take(total).and_then(|o| Some((o, area.memory.at(o, total)?))) else {
      return av::AVERROR(libc::ENOMEM);
    };
    let buffer =
      av::av_buffer_create(base, total as usize, Some(give_back), std::ptr::from_ref(area).cast_mut().cast(), 0);
    if buffer.is_null() {
      area.give(offset);
      return av::AVERROR(libc::ENOMEM);
    }
    let f = &mut *frame;
    f.buf[0] = buffer;
    let mut at = 0;
    for i in 0..CHANNELS {
      let used = sizes[i] > 0;
      f.data[i] = if used { base.add(at as usize) } else { null_mut() };
      f.linesize[i] = if audio && i > 0 { 0 } else { linesizes[i] };
      at += sizes[i].next_multiple_of(ALIGN);
    }
    f.extended_data = f.data.as_mut_ptr();
    0
  }
}

/// Called by libavcodec when nothing uses a picture any more.
unsafe extern "C" fn give_back(area: *mut c_void, data: *mut u8) {
  // The area lives until the process ends.
  let area = unsafe { &*area.cast::<Area>() };
  if let Some(offset) = area.memory.offset_of(data) {
    area.give(offset);
  }
}

type Planes = ([c_int; CHANNELS], [u64; CHANNELS]);

/// Rows and planes of a picture as the decoder needs them, as `avcodec_default_get_buffer2` would have them.
unsafe fn plan_picture(context: *mut av::AVCodecContext, frame: *const av::AVFrame) -> Option<Planes> {
  // All pointers are to what lives here or is the caller's.
  unsafe {
    let (mut width, mut height) = ((*frame).width, (*frame).height);
    format_of((*frame).format)?;
    let format = addr_of!((*context).pix_fmt).read();
    let mut align = [0; CHANNELS];
    av::avcodec_align_dimensions2(context, &mut width, &mut height, align.as_mut_ptr());
    let mut linesizes = [0; CHANNELS];
    loop {
      if width <= 0 || av::av_image_fill_linesizes(linesizes.as_mut_ptr(), format, width) < 0 {
        return None;
      }
      if linesizes.iter().all(|n| (*n as u64).is_multiple_of(ALIGN)) {
        break;
      }
      // Twice the odd part at most, until all planes suit.
      width = width.checked_add(width & width.wrapping_neg())?;
    }
    let strides: [isize; PLANES] = std::array::from_fn(|i| linesizes[i] as isize);
    let mut sizes = [0usize; PLANES];
    if av::av_image_fill_plane_sizes(sizes.as_mut_ptr(), format, height, strides.as_ptr()) < 0 {
      return None;
    }
    let size = |i: usize| sizes.get(i).filter(|n| **n > 0).map_or(0, |n| *n as u64 + BEHIND);
    Some((linesizes, std::array::from_fn(size)))
  }
}

/// Channels of sound, each by itself or all in one.
unsafe fn plan_sound(frame: *const av::AVFrame) -> Option<Planes> {
  // The frame is the caller's.
  let f = unsafe { &*frame };
  let (format, planar) = sample_format(f.format)?;
  let channels = usize::try_from(f.ch_layout.nb_channels).ok().filter(|n| (1..=CHANNELS).contains(n))?;
  let (planes, in_each) = if planar { (channels, 1) } else { (1, channels) };
  let samples = u64::try_from(f.nb_samples).ok().filter(|n| *n < 1 << 20)?;
  let bytes = (samples * u64::from(format.bytes()) * in_each as u64).next_multiple_of(ALIGN);
  let size = |i: usize| if i < planes { bytes + PADDING } else { 0 };
  Some(([c_int::try_from(bytes).ok()?; CHANNELS], std::array::from_fn(size)))
}

fn sample_format(format: c_int) -> Option<(SampleFormat, bool)> {
  use av::AVSampleFormat::*;
  let is = |f: av::AVSampleFormat| format == f as c_int;
  Some(match () {
    () if is(AV_SAMPLE_FMT_FLTP) => (SampleFormat::F32, true),
    () if is(AV_SAMPLE_FMT_FLT) => (SampleFormat::F32, false),
    () if is(AV_SAMPLE_FMT_S16P) => (SampleFormat::S16, true),
    () if is(AV_SAMPLE_FMT_S16) => (SampleFormat::S16, false),
    () if is(AV_SAMPLE_FMT_S32P) => (SampleFormat::S32, true),
    () if is(AV_SAMPLE_FMT_S32) => (SampleFormat::S32, false),
    () => return None,
  })
}

/// A fraction of positive numbers; 0/1 for others.
pub fn fraction(r: av::AVRational) -> [u32; 2] {
  match (u32::try_from(r.num), u32::try_from(r.den)) {
    (Ok(num), Ok(den)) if num > 0 && den > 0 => [num, den],
    _ => [0, 1],
  }
}

/// Something in the area, until the host has given it back.
pub enum Held {
  /// The decoder rendered it there, and keeps it until this is dropped.
  Frame { _frame: Frame },
  /// It was copied there.
  Copy(&'static Area, u64),
}

impl Drop for Held {
  fn drop(&mut self) {
    if let Held::Copy(area, offset) = self {
      area.give(*offset);
    }
  }
}

/// A piece of a frame: address, bytes from row to row, bytes of a row, rows.
type Piece = (*const u8, isize, u64, u64);

/// Has the pieces of a frame lie in the area: where they are, or as copies; their offsets.
fn place(area: &'static Area, frame: Frame, pieces: &[Piece]) -> Result<(Held, Vec<u64>, Vec<u32>), String> {
  let inside =
    pieces.iter().map(|(at, stride, _, _)| Some((area.memory.offset_of(*at)?, u32::try_from(*stride).ok()?)));
  if let Some((offsets, strides)) = inside.collect::<Option<Vec<_>>>().map(|all| all.into_iter().unzip()) {
    return Ok((Held::Frame { _frame: frame }, offsets, strides));
  }
  let stride = |row: u64| row.next_multiple_of(ALIGN);
  let total: u64 = pieces.iter().map(|(_, _, row, rows)| stride(*row) * rows).sum();
  let full = || "the picture area is full".to_string();
  let start = area.take(total.max(1)).ok_or_else(full)?;
  let held = Held::Copy(area, start);
  let (mut offsets, mut strides, mut offset) = (vec![], vec![], start);
  for (at, from, row, rows) in pieces {
    let to = area.memory.at(offset, stride(*row) * rows).ok_or_else(full)?;
    for y in 0..*rows {
      // Rows of a frame that libavcodec made, and a piece of the area that was just given out.
      unsafe {
        let source = at.offset(*from * y as isize);
        source.copy_to_nonoverlapping(to.add((stride(*row) * y) as usize), *row as usize);
      }
    }
    offsets.push(offset);
    strides.push(u32::try_from(stride(*row)).map_err(|_| full())?);
    offset += stride(*row) * rows;
  }
  Ok((held, offsets, strides))
}

fn fill<T: Copy + Default, const N: usize>(values: Vec<T>) -> [T; N] {
  std::array::from_fn(|i| values.get(i).copied().unwrap_or_default())
}

/// A code point, which enums of the library may not have.
unsafe fn code<T>(field: *const T) -> u32 {
  const { assert!(size_of::<T>() == 4) };
  // Four bytes of a number.
  unsafe { field.cast::<u32>().read() }
}

/// Tells of a picture.
pub fn picture(
  area: &'static Area,
  decoder: &Decoder,
  frame: Frame,
  slot: u32,
  epoch: u32,
) -> Result<(Held, Report), String> {
  // The frame was just decoded.
  let f = unsafe { &*frame.0 };
  let Some((format, full)) = format_of(f.format) else { return Err(unsupported(f.format)) };
  let (width, height) = (f.width.max(0) as u32, f.height.max(0) as u32);
  let share = |length: u32, shift: u32| u64::from((length >> shift) + u32::from(length & ((1 << shift) - 1) != 0));
  let piece = |(i, p): (usize, &g2g_avdec_protocol::PlaneFormat)| -> Piece {
    (f.data[i], f.linesize[i] as isize, share(width, p.columns) * u64::from(p.step), share(height, p.rows))
  };
  let pieces: Vec<Piece> = format.planes.iter().enumerate().map(piece).collect();
  if pieces.iter().any(|(at, ..)| at.is_null()) {
    return Err("the decoder gave a picture without planes".into());
  }
  let [range, matrix, transfer, primaries, chroma] = unsafe {
    let chroma = code(addr_of!(f.chroma_location));
    [
      code(addr_of!(f.color_range)),
      code(addr_of!(f.colorspace)),
      code(addr_of!(f.color_trc)),
      code(addr_of!(f.color_primaries)),
      chroma,
    ]
  };
  let made = Picture {
    slot,
    id: u64::try_from(f.pts).unwrap_or(0),
    epoch,
    format,
    width,
    height,
    offsets: [0; PLANES],
    strides: [0; PLANES],
    corrupt: f.flags & av::AV_FRAME_FLAG_CORRUPT != 0 || f.decode_error_flags != 0,
    copied: false,
    interlaced: f.interlaced_frame != 0,
    top_first: f.top_field_first != 0,
    aspect: fraction(f.sample_aspect_ratio),
    rate: decoder.rate(),
    full_range: full || range == av::AVColorRange::AVCOL_RANGE_JPEG as u32,
    colors: [matrix, transfer, primaries],
    chroma,
    delay: decoder.delay(),
  };
  let (held, offsets, strides) = place(area, frame, &pieces)?;
  let copied = matches!(held, Held::Copy(..));
  let report = Report::Picture(Box::new(Picture { offsets: fill(offsets), strides: fill(strides), copied, ..made }));
  Ok((held, report))
}

unsafe extern "C" {
  // Declared anew with a number, as a format need not be one of those that the library's enum had when it was bound.
  safe fn av_get_pix_fmt_name(format: c_int) -> *const c_char;
}

/// What is said of a picture whose format has no name.
fn unsupported(format: c_int) -> String {
  let name = av_get_pix_fmt_name(format);
  // Names are constant texts.
  let name = if name.is_null() { "(unknown)".into() } else { unsafe { CStr::from_ptr(name) }.to_string_lossy() };
  format!("pictures of libavcodec's format {name} have no caps")
}

/// Tells of sound.
pub fn sound(area: &'static Area, frame: Frame, slot: u32, epoch: u32) -> Result<(Held, Report), String> {
  // The frame was just decoded.
  let f = unsafe { &*frame.0 };
  let (format, planar) = sample_format(f.format).ok_or("sound of this sample format has no caps")?;
  let channels = u32::try_from(f.ch_layout.nb_channels).unwrap_or(0);
  if channels == 0 || channels as usize > CHANNELS {
    return Err(format!("sound of {channels} channels is not supported, but of 1 to {CHANNELS}"));
  }
  let samples = u32::try_from(f.nb_samples).unwrap_or(0);
  let (planes, in_each) = if planar { (channels, 1) } else { (1, channels) };
  let bytes = u64::from(samples) * u64::from(format.bytes()) * u64::from(in_each);
  let pieces: Vec<Piece> = (0..planes as usize).map(|i| (f.data[i].cast_const(), bytes as isize, bytes, 1)).collect();
  if samples == 0 || pieces.iter().any(|(at, ..)| at.is_null()) {
    return Err("the decoder gave sound without samples".into());
  }
  // The union has a mask where the order is the usual one.
  let mask = unsafe {
    let native = code(addr_of!(f.ch_layout.order)) == av::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE as u32;
    if native { f.ch_layout.u.mask } else { mask_of_order(channels) }
  };
  let rate = u32::try_from(f.sample_rate).unwrap_or(0);
  let id = u64::try_from(f.pts).unwrap_or(0);
  let (held, offsets, _) = place(area, frame, &pieces)?;
  let copied = matches!(held, Held::Copy(..));
  let made = Sound { slot, id, epoch, format, planar, rate, channels, mask, samples, offsets: fill(offsets), copied };
  Ok((held, Report::Sound(Box::new(made))))
}
