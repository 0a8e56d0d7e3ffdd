//! `checksumsink`: the checksum of a stream.

use core::task::Context;

use g2g_interface::{Answer, Completions, Frame, HostElement, HostError, Value};

use crate::property;

/// What four bits add to a CRC-32 of ISO/IEC 3309, least bit first. A table for whole bytes would be 1 KB.
const NIBBLES: [u32; 16] = {
  let mut table = [0; 16];
  let mut i = 0;
  while i < table.len() {
    let mut crc = i as u32;
    let mut bit = 0;
    while bit < 4 {
      crc = crc >> 1 ^ if crc & 1 == 0 { 0 } else { 0xedb8_8320 };
      bit += 1;
    }
    table[i] = crc;
    i += 1;
  }
  table
};

/// Counts frames and bytes and checksums them; each frame is done at once.
pub struct ChecksumSink {
  frames: u32,
  bytes: u64,
  /// Inverted, as the code is defined.
  crc: u32,
}

impl Default for ChecksumSink {
  fn default() -> Self {
    Self::new()
  }
}

impl ChecksumSink {
  /// One that has got nothing.
  pub const fn new() -> Self {
    ChecksumSink { frames: 0, bytes: 0, crc: u32::MAX }
  }

  fn take(&mut self, bytes: &[u8]) {
    self.bytes += bytes.len() as u64;
    for byte in bytes {
      self.crc ^= *byte as u32;
      for _ in 0..2 {
        self.crc = self.crc >> 4 ^ NIBBLES[(self.crc & 15) as usize];
      }
    }
  }

  fn digits(&self) -> [u8; 8] {
    let mut rest = !self.crc;
    let mut digits = [0; 8];
    for digit in digits.iter_mut().rev() {
      *digit = b"0123456789abcdef"[(rest & 15) as usize];
      rest >>= 4;
    }
    digits
  }
}

impl HostElement for ChecksumSink {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    match name {
      // The core holds frames until they are due.
      "sync" => property::boolean(value).map(|_| ()),
      _ => Err(HostError::NotFound),
    }
  }

  fn frame(&mut self, frame: &Frame, _: u32) -> Result<Answer, HostError> {
    if frame.handle != 0 {
      return Err(HostError::Invalid);
    }
    self.frames = self.frames.wrapping_add(1);
    for part in frame.stretches() {
      self.take(part);
    }
    Ok(Answer::Done)
  }

  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    each("frames", property::count(self.frames));
    each("bytes", Value::Int(self.bytes as i64));
    let digits = self.digits();
    each("crc32", Value::Text(core::str::from_utf8(&digits).unwrap_or("")));
  }

  fn poll(&mut self, _: &mut Context<'_>, _: i64, _: &mut dyn Completions) {}

  fn close(&mut self) {
    *self = ChecksumSink::new();
  }
}
