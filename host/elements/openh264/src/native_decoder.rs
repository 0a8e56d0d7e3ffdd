//! The decoder of OpenH264, behind calls that cannot be made wrongly.

use std::ffi::c_void;
use std::ptr::null_mut;

use g2g_interface::HostError;
use openh264_sys2::source::APILoader;
use openh264_sys2::{
  DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, DECODER_OPTION_TRACE_LEVEL, DECODING_STATE, ERROR_CON_SLICE_COPY,
  ISVCDecoder, ISVCDecoderVtbl, SBufferInfo, SDecodingParam, VIDEO_BITSTREAM_AVC, WELS_LOG_QUIET, dsErrorFree,
  dsInvalidArgument,
};

/// All layers of a stream: H.264 without extensions has one.
const ALL_LAYERS: u8 = 255;

/// A picture, until the next call of the decoder.
pub struct Picture<'a> {
  /// Pixels of a row.
  pub width: u32,
  /// Rows.
  pub height: u32,
  /// Y, U, V: bytes, and from row to row of them.
  pub planes: [(&'a [u8], usize); 3],
  /// Number of the access unit it was coded in.
  pub number: u64,
}

/// A decoder.
pub struct NativeDecoder {
  decoder: *mut ISVCDecoder,
  calls: ISVCDecoderVtbl,
}

// It belongs to whoever holds it; nothing in it is bound to a thread.
unsafe impl Send for NativeDecoder {}

impl NativeDecoder {
  /// A decoder that has seen nothing.
  pub fn new() -> Result<NativeDecoder, HostError> {
    let mut decoder: *mut ISVCDecoder = null_mut();
    // Makes a decoder or leaves the pointer null.
    if unsafe { APILoader::WelsCreateDecoder(&mut decoder) } != 0 || decoder.is_null() {
      return Err(HostError::NoMemory);
    }
    // A decoder begins with the address of its table of calls, which is constant.
    let calls = unsafe { **decoder };
    let made = NativeDecoder { decoder, calls };
    let mut parameters = SDecodingParam { uiTargetDqLayer: ALL_LAYERS, ..SDecodingParam::default() };
    parameters.eEcActiveIdc = ERROR_CON_SLICE_COPY;
    parameters.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
    let mut quiet = WELS_LOG_QUIET;
    let (initialize, set) = made.calls.Initialize.zip(made.calls.SetOption).ok_or(HostError::Unsupported)?;
    // The decoder copies the parameters, and reads an int as the trace level.
    let failed = unsafe {
      set(decoder, DECODER_OPTION_TRACE_LEVEL, (&raw mut quiet).cast::<c_void>());
      initialize(decoder, &parameters)
    };
    if failed == 0 { Ok(made) } else { Err(HostError::NoMemory) }
  }

  /// Takes bytes in.
  /// @param bytes an access unit as a byte stream; none ends the access unit that was begun
  /// @param number of the access unit
  /// @returns bits of DECODING_STATE, and a picture if one is due
  pub fn decode(&mut self, bytes: &[u8], number: u64) -> (DECODING_STATE, Option<Picture<'_>>) {
    let (Some(decode), Ok(length)) = (self.calls.DecodeFrame2, i32::try_from(bytes.len())) else {
      return (dsInvalidArgument, None);
    };
    let mut planes = [null_mut(); 3];
    let mut info = SBufferInfo { uiInBsTimeStamp: number, ..SBufferInfo::default() };
    let from = if bytes.is_empty() { std::ptr::null() } else { bytes.as_ptr() };
    // The decoder reads `length` bytes, and writes three pointers and the record.
    let state = unsafe { decode(self.decoder, from, length, planes.as_mut_ptr(), &mut info) };
    (state, self.picture(planes, &info))
  }

  /// Gives a picture that waited for its turn; to be called behind the end of an access unit.
  pub fn flush(&mut self) -> Option<Picture<'_>> {
    let mut waiting = 0i32;
    let (get, flush) = self.calls.GetOption.zip(self.calls.FlushFrame)?;
    let option = DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER;
    // The option is an int.
    if unsafe { get(self.decoder, option, (&raw mut waiting).cast::<c_void>()) } != 0 || waiting <= 0 {
      return None;
    }
    let mut planes = [null_mut(); 3];
    let mut info = SBufferInfo::default();
    // The decoder writes three pointers and the record.
    let state = unsafe { flush(self.decoder, planes.as_mut_ptr(), &mut info) };
    if state == dsErrorFree { self.picture(planes, &info) } else { None }
  }

  fn picture(&self, planes: [*mut u8; 3], info: &SBufferInfo) -> Option<Picture<'_>> {
    if info.iBufferStatus != 1 || planes.iter().any(|p| p.is_null()) {
      return None;
    }
    // The record describes a picture in memory when its status is 1.
    let system = unsafe { info.UsrData.sSystemBuffer };
    let (width, height) = (u32::try_from(system.iWidth).ok()?, u32::try_from(system.iHeight).ok()?);
    if width == 0 || height == 0 {
      return None;
    }
    let plane = |i: usize| {
      let (w, h) = if i == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) };
      let stride = usize::try_from(system.iStride[i.min(1)]).ok().filter(|s| *s >= w as usize)?;
      // The decoder has rows of `stride` bytes there, which stay until it is called again: this borrows it.
      Some((unsafe { std::slice::from_raw_parts(planes[i], stride * (h as usize - 1) + w as usize) }, stride))
    };
    Some(Picture { width, height, planes: [plane(0)?, plane(1)?, plane(2)?], number: info.uiOutYuvTimeStamp })
  }
}

impl Drop for NativeDecoder {
  fn drop(&mut self) {
    // It was made by WelsCreateDecoder, and nothing of it is held any more.
    unsafe {
      if let Some(uninitialize) = self.calls.Uninitialize {
        uninitialize(self.decoder);
      }
      APILoader::WelsDestroyDecoder(self.decoder);
    }
  }
}
