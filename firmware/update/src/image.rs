//! The image of a package.

use g2g_runtime::{Image, Start};

use crate::header::{HEADER, Header};

/// The image of a package that was verified.
/// @param slot the bytes of its slot, which stay as they are while it runs
/// @param text for the module's hash
/// @param memory bytes of linear memory that the engine gives to every module
/// @returns `None` when the header says more than the slot has
pub fn image(header: &Header, slot: &'static [u8], text: &'static mut [u8; 64], memory: usize) -> Option<Image> {
  let [log, line, _] = header.parts()?;
  let payload = slot.get(HEADER..)?;
  let part = |at: u32, length: u32| payload.get(at as usize..(at as usize).checked_add(length as usize)?);
  for (digits, byte) in text.chunks_mut(2).zip(header.hash) {
    for (to, digit) in digits.iter_mut().zip([byte >> 4, byte & 15]) {
      *to = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
    }
  }
  Some(Image {
    line: core::str::from_utf8(part(line, header.line)?).ok()?,
    module_hash: core::str::from_utf8(text).ok()?,
    module: part(0, header.module)?,
    memory,
    ring: header.ring,
    start: Start::Frozen { log: part(log, header.log)? },
  })
}
