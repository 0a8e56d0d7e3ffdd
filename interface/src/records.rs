//! Records: a type byte, then the value, little-endian, unaligned. See DESIGN.md, "Records".

const INT: u8 = 1;
const TEXT: u8 = 2;
const DOUBLE: u8 = 3;
const BYTES: u8 = 4;
const SMALL: u8 = 5;
const SHORT: u8 = 6;

/// One value. Texts are those of the core, which are UTF-8 but for what came out of media.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Record<'a> {
  /// A whole number.
  Int(i64),
  /// A number.
  Double(f64),
  /// Text.
  Text(&'a str),
  /// Bytes, or text that is not UTF-8.
  Bytes(&'a [u8]),
}

/// Reads records one after the other; ends at the first that is damaged.
#[derive(Clone, Copy)]
pub struct Records<'a> {
  rest: &'a [u8],
}

impl<'a> Records<'a> {
  /// Reads from the start of `bytes`.
  pub fn new(bytes: &'a [u8]) -> Self {
    Records { rest: bytes }
  }

  fn take(&mut self, n: usize) -> Option<&'a [u8]> {
    if n > self.rest.len() {
      return None;
    }
    let (taken, rest) = self.rest.split_at(n);
    self.rest = rest;
    Some(taken)
  }

  fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
    self.take(N)?.try_into().ok()
  }

  fn text(&mut self, n: usize) -> Option<Record<'a>> {
    let bytes = self.take(n)?;
    Some(core::str::from_utf8(bytes).map_or(Record::Bytes(bytes), Record::Text))
  }

  /// Whether the next value is text, which may not be UTF-8 and then comes as bytes.
  pub fn is_text(&self) -> bool {
    matches!(self.rest.first(), Some(&(TEXT | SHORT)))
  }

  /// The next value as a whole number.
  pub fn int(&mut self) -> Option<i64> {
    match self.next()? {
      Record::Int(n) => Some(n),
      _ => None,
    }
  }

  /// The next value as text.
  pub fn str(&mut self) -> Option<&'a str> {
    match self.next()? {
      Record::Text(t) => Some(t),
      _ => None,
    }
  }
}

impl<'a> Iterator for Records<'a> {
  type Item = Record<'a>;

  fn next(&mut self) -> Option<Record<'a>> {
    let before = *self;
    let [kind] = self.array()?;
    let record = match kind {
      INT => self.array().map(|b| Record::Int(i64::from_le_bytes(b))),
      SMALL => self.array().map(|b| Record::Int(i8::from_le_bytes(b) as i64)),
      DOUBLE => self.array().map(|b| Record::Double(f64::from_le_bytes(b))),
      TEXT => self.array().and_then(|b| self.text(u32::from_le_bytes(b) as usize)),
      SHORT => self.array().and_then(|[n]| self.text(n as usize)),
      BYTES => self.array().and_then(|b| self.take(u32::from_le_bytes(b) as usize)).map(Record::Bytes),
      _ => None,
    };
    if record.is_none() {
      *self = before;
    }
    record
  }
}

/// Writes records into a buffer; what does not fit is left out, and `full` says so.
pub struct RecordWriter<'a> {
  buffer: &'a mut [u8],
  length: usize,
  full: bool,
}

impl<'a> RecordWriter<'a> {
  /// Writes from the start of `buffer`.
  pub fn new(buffer: &'a mut [u8]) -> Self {
    RecordWriter { buffer, length: 0, full: false }
  }

  fn put(&mut self, kind: u8, parts: [&[u8]; 2]) {
    let size = 1 + parts[0].len() + parts[1].len();
    if self.full || self.buffer.len() - self.length < size {
      self.full = true;
      return;
    }
    self.buffer[self.length] = kind;
    self.length += 1;
    for part in parts {
      self.buffer[self.length..self.length + part.len()].copy_from_slice(part);
      self.length += part.len();
    }
  }

  /// A whole number.
  pub fn int(&mut self, value: i64) {
    match i8::try_from(value) {
      Ok(small) => self.put(SMALL, [&small.to_le_bytes(), &[]]),
      Err(_) => self.put(INT, [&value.to_le_bytes(), &[]]),
    }
  }

  /// A number.
  pub fn double(&mut self, value: f64) {
    self.put(DOUBLE, [&value.to_le_bytes(), &[]]);
  }

  /// Text.
  pub fn text(&mut self, value: &str) {
    match u8::try_from(value.len()) {
      Ok(short) => self.put(SHORT, [&[short], value.as_bytes()]),
      Err(_) => self.put(TEXT, [&(value.len() as u32).to_le_bytes(), value.as_bytes()]),
    }
  }

  /// Bytes.
  pub fn bytes(&mut self, value: &[u8]) {
    self.put(BYTES, [&(value.len() as u32).to_le_bytes(), value]);
  }

  /// What was written, or `None` when something was left out.
  pub fn finish(self) -> Option<&'a [u8]> {
    let RecordWriter { buffer, length, full } = self;
    if full { None } else { Some(&buffer[..length]) }
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn what_is_written_is_read_back() {
    let mut buffer = [0; 400];
    let long = "x".repeat(300);
    let mut w = RecordWriter::new(&mut buffer);
    w.int(-128);
    w.int(1 << 40);
    w.double(0.5);
    w.text("caps");
    w.text(&long);
    w.bytes(&[1, 2]);
    let written = w.finish().unwrap();
    let read: Vec<_> = Records::new(written).collect();
    let expected = [
      Record::Int(-128),
      Record::Int(1 << 40),
      Record::Double(0.5),
      Record::Text("caps"),
      Record::Text(&long),
      Record::Bytes(&[1, 2]),
    ];
    assert_eq!(read, expected);
  }

  #[test]
  fn text_that_is_not_utf8_comes_as_bytes_and_is_known_as_text() {
    for (bytes, text) in [(&[SHORT, 1, 255][..], true), (&[BYTES, 1, 0, 0, 0, 255], false)] {
      let mut r = Records::new(bytes);
      assert_eq!((r.is_text(), r.next()), (text, Some(Record::Bytes(&[255]))));
      assert!(!r.is_text());
    }
  }

  #[test]
  fn damaged_records_end_the_list() {
    for bytes in [&[INT, 1, 2][..], &[TEXT, 255, 255, 255, 255, 65], &[SHORT, 2, 65], &[99], &[BYTES, 1, 0, 0]] {
      assert_eq!(Records::new(bytes).next(), None);
      // It does not come back to life behind the damage.
      let mut r = Records::new(bytes);
      r.next();
      assert_eq!(r.next(), None);
    }
  }

  #[test]
  fn a_full_buffer_is_told() {
    let mut buffer = [0; 3];
    let mut w = RecordWriter::new(&mut buffer);
    w.int(1);
    w.int(2);
    assert_eq!(w.finish(), None);
  }
}
