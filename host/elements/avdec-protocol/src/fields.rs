//! Fields of messages: little-endian numbers one after the other.

/// Puts fields in.
#[derive(Default)]
pub struct Put(pub Vec<u8>);

impl Put {
  pub fn u32(&mut self, value: u32) -> &mut Self {
    self.0.extend(value.to_le_bytes());
    self
  }

  pub fn u64(&mut self, value: u64) -> &mut Self {
    self.0.extend(value.to_le_bytes());
    self
  }

  pub fn u32s(&mut self, values: &[u32]) -> &mut Self {
    for value in values {
      self.u32(*value);
    }
    self
  }

  pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
    self.u32(bytes.len() as u32);
    self.0.extend(bytes);
    self
  }
}

/// Takes fields out; `None` behind the end.
pub struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
  fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
    let (taken, rest) = self.0.split_first_chunk()?;
    self.0 = rest;
    Some(*taken)
  }

  pub fn u32(&mut self) -> Option<u32> {
    self.array().map(u32::from_le_bytes)
  }

  pub fn u64(&mut self) -> Option<u64> {
    self.array().map(u64::from_le_bytes)
  }

  pub fn u32s<const N: usize>(&mut self) -> Option<[u32; N]> {
    let mut values = [0; N];
    for v in &mut values {
      *v = self.u32()?;
    }
    Some(values)
  }

  pub fn u64s<const N: usize>(&mut self) -> Option<[u64; N]> {
    let mut values = [0; N];
    for v in &mut values {
      *v = self.u64()?;
    }
    Some(values)
  }

  pub fn bytes(&mut self) -> Option<&'a [u8]> {
    let length = self.u32()? as usize;
    let (taken, rest) = self.0.split_at_checked(length)?;
    self.0 = rest;
    Some(taken)
  }

  /// What was read, if nothing is left over.
  pub fn end<T>(&self, value: T) -> Option<T> {
    self.0.is_empty().then_some(value)
  }
}
