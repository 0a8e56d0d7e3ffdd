//! What libavcodec's pixel formats are called in caps.

use ffmpeg_sys_next::AVPixelFormat::{self, *};
use g2g_avdec_protocol::{FORMATS, Format};

/// In the order of [`FORMATS`].
const PIXEL_FORMATS: [AVPixelFormat; 28] = [
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_NV21,
  AV_PIX_FMT_NV16,
  AV_PIX_FMT_NV24,
  AV_PIX_FMT_YUVA420P,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_GRAY16LE,
  AV_PIX_FMT_YUV420P10LE,
  AV_PIX_FMT_YUV422P10LE,
  AV_PIX_FMT_YUV444P10LE,
  AV_PIX_FMT_YUV420P12LE,
  AV_PIX_FMT_YUV422P12LE,
  AV_PIX_FMT_YUV444P12LE,
  AV_PIX_FMT_YUV444P16LE,
  AV_PIX_FMT_P010LE,
  AV_PIX_FMT_GBRP,
  AV_PIX_FMT_GBRP10LE,
  AV_PIX_FMT_GBRP12LE,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_BGR24,
  AV_PIX_FMT_RGBA,
  AV_PIX_FMT_BGRA,
  AV_PIX_FMT_ARGB,
  AV_PIX_FMT_ABGR,
  AV_PIX_FMT_RGB0,
];

/// Formats that differ from others only in that they use the full range.
const FULL_RANGE: [(AVPixelFormat, AVPixelFormat); 3] = [
  (AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P),
  (AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P),
  (AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P),
];

/// The format of a pixel format, and whether that alone says that the full range is used.
pub fn format_of(pixel: i32) -> Option<(&'static Format, bool)> {
  let full = FULL_RANGE.iter().find(|(j, _)| *j as i32 == pixel);
  let plain = full.map_or(pixel, |(_, plain)| *plain as i32);
  let i = PIXEL_FORMATS.iter().position(|p| *p as i32 == plain)?;
  Some((&FORMATS[i], full.is_some()))
}
