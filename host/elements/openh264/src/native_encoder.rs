//! The encoder of OpenH264, behind calls that cannot be made wrongly.

use std::ffi::c_void;
use std::ptr::null_mut;

use g2g_element_support::I420;
use g2g_interface::HostError;
use openh264_sys2::source::APILoader;
use openh264_sys2::{
  CONSTANT_ID, ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE, ENCODER_OPTION_TRACE_LEVEL,
  EProfileIdc, ISVCEncoder, ISVCEncoderVtbl, PRO_BASELINE, SBitrateInfo, SEncParamExt, SFrameBSInfo,
  SM_FIXEDSLCNUM_SLICE, SM_SINGLE_SLICE, SPATIAL_LAYER_ALL, SSourcePicture, WELS_LOG_QUIET, videoFormatI420,
  videoFrameTypeIDR,
};

/// How pictures are to be coded; the numbers are those of the properties.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
  pub usage: i32,
  pub bitrate: i32,
  pub max_bitrate: i32,
  pub rate_control: i32,
  pub gop_size: u32,
  pub frame_skip: bool,
  pub scene_change: bool,
  pub background: bool,
  pub adaptive_quantization: bool,
  pub denoise: bool,
  pub deblocking: i32,
  /// 0 for as many as threads.
  pub slices: u32,
  pub complexity: i32,
  pub threads: u16,
  pub qp: (i32, i32),
  pub profile: EProfileIdc,
  /// Pictures a second.
  pub rate: f32,
}

impl Default for Options {
  fn default() -> Options {
    Options {
      usage: 0,
      bitrate: 128_000,
      max_bitrate: 0,
      rate_control: 0,
      gop_size: 90,
      frame_skip: false,
      scene_change: true,
      background: true,
      adaptive_quantization: true,
      denoise: false,
      deblocking: 0,
      slices: 1,
      complexity: 1,
      threads: 0,
      qp: (0, 51),
      profile: PRO_BASELINE,
      rate: 30.0,
    }
  }
}

/// An encoder for pictures of one size.
pub struct NativeEncoder {
  encoder: *mut ISVCEncoder,
  calls: ISVCEncoderVtbl,
  layout: I420,
  info: Box<SFrameBSInfo>,
}

// It belongs to whoever holds it; nothing in it is bound to a thread.
unsafe impl Send for NativeEncoder {}

impl NativeEncoder {
  /// An encoder that begins with a key frame.
  pub fn new(options: &Options, layout: I420) -> Result<NativeEncoder, HostError> {
    let mut encoder: *mut ISVCEncoder = null_mut();
    // Makes an encoder or leaves the pointer null.
    if unsafe { APILoader::WelsCreateSVCEncoder(&mut encoder) } != 0 || encoder.is_null() {
      return Err(HostError::NoMemory);
    }
    // An encoder begins with the address of its table of calls, which is constant.
    let calls = unsafe { **encoder };
    let mut made = NativeEncoder { encoder, calls, layout, info: Box::default() };
    let mut parameters = SEncParamExt::default();
    let (defaults, initialize) = calls.GetDefaultParams.zip(calls.InitializeExt).ok_or(HostError::Unsupported)?;
    let mut quiet = WELS_LOG_QUIET;
    made.set(ENCODER_OPTION_TRACE_LEVEL, &mut quiet);
    // The encoder fills the record in, and copies it.
    let failed = unsafe {
      if defaults(encoder, &mut parameters) != 0 {
        return Err(HostError::Unsupported);
      }
      apply(options, layout, &mut parameters)?;
      initialize(encoder, &parameters)
    };
    if failed == 0 { Ok(made) } else { Err(HostError::Invalid) }
  }

  /// Sets an option whose value is of the type that belongs to it.
  fn set<T>(&mut self, option: ENCODER_OPTION, value: &mut T) -> bool {
    // Called with the option's type below; the encoder copies the value.
    self
      .calls
      .SetOption
      .is_some_and(|set| unsafe { set(self.encoder, option, (&raw mut *value).cast::<c_void>()) } == 0)
  }

  /// Changes the bitrates, bits a second.
  pub fn set_bitrates(&mut self, bitrate: i32, most: i32) {
    let mut info = SBitrateInfo { iLayer: SPATIAL_LAYER_ALL, iBitrate: most };
    self.set(ENCODER_OPTION_MAX_BITRATE, &mut info);
    info.iBitrate = bitrate;
    self.set(ENCODER_OPTION_BITRATE, &mut info);
  }

  /// Codes a picture.
  /// @param bytes the picture, in the layout the encoder was made for
  /// @param time of it, ms
  /// @param key whether it is to be a key frame
  /// @param into gets the access unit as byte stream, in place of what was there; nothing when the picture was left out
  /// @returns whether it became a key frame
  pub fn encode(&mut self, bytes: &[u8], time: i64, key: bool, into: &mut Vec<u8>) -> Result<bool, HostError> {
    into.clear();
    let (encode, force) = self.calls.EncodeFrame.zip(self.calls.ForceIntraFrame).ok_or(HostError::Unsupported)?;
    let bytes = bytes.get(..self.layout.size as usize).ok_or(HostError::Invalid)?;
    let mut picture = SSourcePicture { iColorFormat: videoFormatI420, uiTimeStamp: time, ..SSourcePicture::default() };
    (picture.iPicWidth, picture.iPicHeight) = (self.layout.width as i32, self.layout.height as i32);
    for i in 0..3 {
      picture.iStride[i] = self.layout.strides[i] as i32;
      // The encoder only reads the planes, all of which lie in `bytes` by the layout.
      picture.pData[i] = bytes[self.layout.offsets[i] as usize..].as_ptr().cast_mut();
    }
    // The encoder writes the record, whose pointers stay good until it is called again.
    let failed = unsafe {
      if key {
        force(self.encoder, true);
      }
      encode(self.encoder, &picture, &mut *self.info)
    };
    if failed != 0 {
      return Err(HostError::Io);
    }
    let layers = usize::try_from(self.info.iLayerNum).unwrap_or(0);
    for layer in self.info.sLayerInfo.iter().take(layers) {
      let units = usize::try_from(layer.iNalCount).unwrap_or(0);
      if units == 0 || layer.pNalLengthInByte.is_null() || layer.pBsBuf.is_null() {
        continue;
      }
      // A layer has as many lengths, and bytes of their sum.
      let bytes = unsafe {
        let lengths = std::slice::from_raw_parts(layer.pNalLengthInByte, units);
        let size = lengths.iter().map(|n| usize::try_from(*n).unwrap_or(0)).sum();
        std::slice::from_raw_parts(layer.pBsBuf, size)
      };
      into.extend_from_slice(bytes);
    }
    Ok(self.info.eFrameType == videoFrameTypeIDR)
  }
}

/// Puts options into the encoder's record.
fn apply(options: &Options, layout: I420, p: &mut SEncParamExt) -> Result<(), HostError> {
  let size = |n: u32| i32::try_from(n).map_err(|_| HostError::Invalid);
  let (width, height) = (size(layout.width)?, size(layout.height)?);
  p.iUsageType = options.usage;
  (p.iPicWidth, p.iPicHeight) = (width, height);
  (p.iTargetBitrate, p.iMaxBitrate) = (options.bitrate, options.max_bitrate);
  p.iRCMode = options.rate_control;
  p.fMaxFrameRate = options.rate;
  (p.iTemporalLayerNum, p.iSpatialLayerNum) = (1, 1);
  p.iComplexityMode = options.complexity;
  p.uiIntraPeriod = options.gop_size;
  p.eSpsPpsIdStrategy = CONSTANT_ID;
  p.bPrefixNalAddingCtrl = false;
  p.iEntropyCodingModeFlag = i32::from(options.profile != PRO_BASELINE);
  p.bEnableFrameSkip = options.frame_skip;
  (p.iMinQp, p.iMaxQp) = options.qp;
  p.iMultipleThreadIdc = options.threads;
  p.iLoopFilterDisableIdc = options.deblocking;
  p.bEnableDenoise = options.denoise;
  p.bEnableBackgroundDetection = options.background;
  p.bEnableAdaptiveQuant = options.adaptive_quantization;
  p.bEnableSceneChangeDetect = options.scene_change;
  let layer = &mut p.sSpatialLayers[0];
  (layer.iVideoWidth, layer.iVideoHeight) = (width, height);
  layer.fFrameRate = options.rate;
  (layer.iSpatialBitrate, layer.iMaxSpatialBitrate) = (options.bitrate, options.max_bitrate);
  layer.uiProfileIdc = options.profile;
  let slices = &mut layer.sSliceArgument;
  slices.uiSliceMode = if options.slices == 1 { SM_SINGLE_SLICE } else { SM_FIXEDSLCNUM_SLICE };
  slices.uiSliceNum = options.slices;
  Ok(())
}

impl Drop for NativeEncoder {
  fn drop(&mut self) {
    // It was made by WelsCreateSVCEncoder, and nothing of it is held any more.
    unsafe {
      if let Some(uninitialize) = self.calls.Uninitialize {
        uninitialize(self.encoder);
      }
      APILoader::WelsDestroySVCEncoder(self.encoder);
    }
  }
}
