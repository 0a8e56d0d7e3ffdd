//! A decoder of libavcodec. All calls of it are here and in pictures.rs.

use std::ffi::{CStr, c_int, c_void};
use std::ptr::{null, null_mut};

use ffmpeg_sys_next as av;
use g2g_avdec_protocol::{Codec, Config, Kind, PADDING, Report};

use crate::area::{Area, Mapping};
use crate::pictures;
use crate::wire;

/// Pixels that a picture may have: 8K twice.
const MAX_PIXELS: i64 = 2 * 7680 * 4320;

/// What came of asking for something decoded.
pub enum Next {
  /// Something.
  Frame(Frame),
  /// It needs more input.
  Hungry,
  /// It was drained, and all has come.
  Over,
  /// What it tried to decode was of no use.
  Error(String),
}

/// Something decoded, which goes back to the decoder when this is dropped.
pub struct Frame(pub *mut av::AVFrame);

impl Drop for Frame {
  fn drop(&mut self) {
    // It is nobody else's.
    unsafe { av::av_frame_free(&mut self.0) }
  }
}

/// A packet that the decoder has yet to take.
pub struct Packet(*mut av::AVPacket);

impl Packet {
  /// Coded bytes in the input area, whose number is the packet's time. Its place is told to be free when libavcodec lets go.
  pub fn new(input: &'static Mapping, id: u64, offset: u64, length: u32, key: bool) -> Option<Packet> {
    let at = input.at(offset, u64::from(length) + PADDING)?;
    let time = i64::try_from(id).ok()?;
    // The bytes lie in the area with their padding, which is mapped until the process ends.
    unsafe {
      let packet = av::av_packet_alloc();
      if packet.is_null() {
        return None;
      }
      let made = Packet(packet);
      let readonly = av::AV_BUFFER_FLAG_READONLY;
      let size = length as usize + PADDING as usize;
      (*packet).buf = av::av_buffer_create(at, size, Some(release), id as usize as *mut c_void, readonly);
      if (*packet).buf.is_null() {
        return None;
      }
      (*packet).data = at;
      (*packet).size = c_int::try_from(length).ok()?;
      (*packet).pts = time;
      (*packet).flags = if key { av::AV_PKT_FLAG_KEY } else { 0 };
      Some(made)
    }
  }
}

impl Drop for Packet {
  fn drop(&mut self) {
    unsafe { av::av_packet_free(&mut self.0) }
  }
}

/// Called by libavcodec, from any of its threads, when nothing reads a packet's bytes any more.
unsafe extern "C" fn release(id: *mut c_void, _data: *mut u8) {
  wire::report(&Report::Released { id: id as usize as u64 });
}

/// A decoder.
pub struct Decoder {
  context: *mut av::AVCodecContext,
}

impl Drop for Decoder {
  fn drop(&mut self) {
    unsafe { av::avcodec_free_context(&mut self.context) }
  }
}

/// What libavcodec calls an error.
fn text_of(error: c_int) -> String {
  let mut text = [0; 128];
  // It ends the text with a zero.
  unsafe {
    av::av_strerror(error, text.as_mut_ptr(), text.len());
    CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned()
  }
}

fn id_of(codec: Codec) -> av::AVCodecID {
  match codec {
    Codec::H264 => av::AVCodecID::AV_CODEC_ID_H264,
    Codec::H265 => av::AVCodecID::AV_CODEC_ID_HEVC,
    Codec::Vp8 => av::AVCodecID::AV_CODEC_ID_VP8,
    Codec::Vp9 => av::AVCodecID::AV_CODEC_ID_VP9,
    Codec::Av1 => av::AVCodecID::AV_CODEC_ID_AV1,
    Codec::Mjpeg => av::AVCodecID::AV_CODEC_ID_MJPEG,
    Codec::Aac => av::AVCodecID::AV_CODEC_ID_AAC,
    Codec::Opus => av::AVCodecID::AV_CODEC_ID_OPUS,
  }
}

impl Decoder {
  /// Opens a decoder, which renders into `area`.
  pub fn open(config: &Config, area: &'static Area) -> Result<Decoder, String> {
    // The context is this function's; its fields are set as its documentation asks before it is opened.
    unsafe {
      let codec = av::avcodec_find_decoder(id_of(config.codec));
      if codec.is_null() {
        return Err(format!("this libavcodec has no decoder for {:?}", config.codec));
      }
      let context = av::avcodec_alloc_context3(codec);
      if context.is_null() {
        return Err("there is no memory for a decoder".into());
      }
      let decoder = Decoder { context };
      let c = &mut *context;
      c.opaque = std::ptr::from_ref(area).cast_mut().cast();
      c.get_buffer2 = Some(pictures::get_buffer);
      c.max_pixels = MAX_PIXELS;
      c.strict_std_compliance = config.compliance.clamp(-2, 2);
      c.thread_count = c_int::try_from(config.threads).unwrap_or(0);
      c.thread_type = match config.thread_type {
        1 => av::FF_THREAD_FRAME,
        2 => av::FF_THREAD_SLICE,
        _ => av::FF_THREAD_FRAME | av::FF_THREAD_SLICE,
      };
      let threads =
        (av::AV_CODEC_CAP_FRAME_THREADS | av::AV_CODEC_CAP_SLICE_THREADS | av::AV_CODEC_CAP_OTHER_THREADS) as c_int;
      if (*codec).capabilities & threads == 0 || config.codec.kind() == Kind::Audio {
        c.thread_count = 1;
      }
      c.flags |= av::AV_CODEC_FLAG_UNALIGNED as c_int;
      decoder.set(config.skip_frame, config.output_corrupt);
      if config.codec.kind() == Kind::Audio {
        c.sample_rate = c_int::try_from(config.rate).unwrap_or(0);
        if config.channels > 0 {
          av::av_channel_layout_default(&mut c.ch_layout, c_int::try_from(config.channels).unwrap_or(0));
        }
      }
      if !config.extra.is_empty() {
        c.extradata = av::av_mallocz(config.extra.len() + PADDING as usize).cast();
        if c.extradata.is_null() {
          return Err("there is no memory for codec data".into());
        }
        c.extradata.copy_from_nonoverlapping(config.extra.as_ptr(), config.extra.len());
        c.extradata_size = config.extra.len() as c_int;
      }
      match av::avcodec_open2(context, codec, null_mut()) {
        0.. => Ok(decoder),
        error => Err(format!("the decoder cannot be opened: {}", text_of(error))),
      }
    }
  }

  /// Changes what can be changed while it runs.
  pub fn set(&self, skip_frame: u32, output_corrupt: bool) {
    // Nothing else works with the context now.
    let c = unsafe { &mut *self.context };
    c.skip_frame = match skip_frame {
      1 => av::AVDiscard::AVDISCARD_BIDIR,
      5 => av::AVDiscard::AVDISCARD_ALL,
      _ => av::AVDiscard::AVDISCARD_DEFAULT,
    };
    c.skip_idct = if skip_frame == 2 { av::AVDiscard::AVDISCARD_ALL } else { av::AVDiscard::AVDISCARD_DEFAULT };
    let corrupt = av::AV_CODEC_FLAG_OUTPUT_CORRUPT as c_int;
    c.flags = if output_corrupt { c.flags | corrupt } else { c.flags & !corrupt };
  }

  /// Gives it a packet; whether it took it. What it finds wrong with it at once is told.
  pub fn feed(&self, packet: &Packet) -> Result<bool, String> {
    match unsafe { av::avcodec_send_packet(self.context, packet.0) } {
      0.. => Ok(true),
      error if error == av::AVERROR(libc::EAGAIN) => Ok(false),
      error => Err(text_of(error)),
    }
  }

  /// Tells it that no more input comes.
  pub fn drain(&self) {
    unsafe { av::avcodec_send_packet(self.context, null()) };
  }

  /// Takes something decoded.
  pub fn take(&self) -> Next {
    // The frame is filled by the call if it succeeds.
    unsafe {
      let frame = Frame(av::av_frame_alloc());
      if frame.0.is_null() {
        return Next::Error("there is no memory for a picture".into());
      }
      match av::avcodec_receive_frame(self.context, frame.0) {
        0.. => Next::Frame(frame),
        error if error == av::AVERROR(libc::EAGAIN) => Next::Hungry,
        error if error == av::AVERROR_EOF => Next::Over,
        error => Next::Error(text_of(error)),
      }
    }
  }

  /// Forgets all that is inside.
  pub fn flush(&self) {
    unsafe { av::avcodec_flush_buffers(self.context) }
  }

  /// Pictures by which it is behind its input.
  pub fn delay(&self) -> u32 {
    let c = unsafe { &*self.context };
    let threads = if c.active_thread_type & av::FF_THREAD_FRAME != 0 { c.thread_count - 1 } else { 0 };
    u32::try_from(c.has_b_frames.clamp(0, 64) + threads.clamp(0, 64)).unwrap_or(0)
  }

  /// Frames a second that the stream tells.
  pub fn rate(&self) -> [u32; 2] {
    pictures::fraction(unsafe { (*self.context).framerate })
  }
}
