//! Reads the encoding of modules: bytes, LEB128, names, constant expressions.

use super::{DAMAGED, F32, F64, FOREIGN, I32, I64, Refusal, Value};

/// A position in bytes of a module.
pub(super) struct Reader<'a> {
  rest: &'a [u8],
}

impl<'a> Reader<'a> {
  pub fn new(bytes: &'a [u8]) -> Self {
    Reader { rest: bytes }
  }

  pub fn done(&self) -> bool {
    self.rest.is_empty()
  }

  pub fn u8(&mut self) -> Result<u8, Refusal> {
    let (first, rest) = self.rest.split_first().ok_or(DAMAGED)?;
    self.rest = rest;
    Ok(*first)
  }

  pub fn take(&mut self, length: u32) -> Result<&'a [u8], Refusal> {
    let (taken, rest) = self.rest.split_at_checked(length as usize).ok_or(DAMAGED)?;
    self.rest = rest;
    Ok(taken)
  }

  /// An unsigned number of 32 bits.
  pub fn u32(&mut self) -> Result<u32, Refusal> {
    let mut value = 0u64;
    for i in 0..5 {
      let byte = self.u8()?;
      value |= ((byte & 127) as u64) << (7 * i);
      if byte & 128 == 0 {
        return u32::try_from(value).map_err(|_| DAMAGED);
      }
    }
    Err(DAMAGED)
  }

  /// A signed number of `bits` bits, 32 or 64.
  pub fn signed(&mut self, bits: u32) -> Result<i64, Refusal> {
    let mut value = 0i128;
    for i in 0..bits.div_ceil(7) {
      let byte = self.u8()?;
      value |= ((byte & 127) as i128) << (7 * i);
      if byte & 128 == 0 {
        if byte & 64 != 0 {
          value -= 1 << (7 * (i + 1));
        }
        let limit = 1i128 << (bits - 1);
        return if (-limit..limit).contains(&value) { Ok(value as i64) } else { Err(DAMAGED) };
      }
    }
    Err(DAMAGED)
  }

  /// How many things follow, of a byte or more each.
  pub fn count(&mut self) -> Result<u32, Refusal> {
    let n = self.u32()?;
    if n as usize > self.rest.len() { Err(DAMAGED) } else { Ok(n) }
  }

  pub fn name(&mut self) -> Result<&'a [u8], Refusal> {
    let length = self.u32()?;
    let bytes = self.take(length)?;
    if core::str::from_utf8(bytes).is_ok() { Ok(bytes) } else { Err(DAMAGED) }
  }

  /// An expression that is one constant of a type; its value as an address, if it is one.
  pub fn constant(&mut self, t: Value) -> Result<u32, Refusal> {
    let value = match (self.u8()?, t) {
      (0x41, I32) => self.signed(32)? as u32,
      (0x42, I64) => self.signed(64).map(|_| 0)?,
      (0x43, F32) => self.take(4).map(|_| 0)?,
      (0x44, F64) => self.take(8).map(|_| 0)?,
      _ => return Err(FOREIGN),
    };
    if self.u8()? == 0x0b { Ok(value) } else { Err(FOREIGN) }
  }
}
