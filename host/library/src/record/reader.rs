//! Reads fields out of a recording, of which nothing is believed.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::format::Hash;

/// Bytes that are read at a time.
const SIZE: usize = 1 << 20;

/// Why there is no field.
#[derive(Debug)]
pub enum FieldError {
  /// The recording ends, at this byte.
  End(u64),
  /// It cannot be one.
  Damaged,
  /// The file cannot be read.
  Unreadable(io::Error),
}

/// Reads fields.
pub struct FieldReader {
  source: Box<dyn Read>,
  /// Bytes of the file, as far as it has a size.
  size: u64,
  buffer: Vec<u8>,
  /// What is left in the buffer.
  from: usize,
  to: usize,
  /// Where the buffer lies in the file.
  before: u64,
}

impl FieldReader {
  /// Reads a file from its start.
  pub fn open(path: &Path) -> io::Result<FieldReader> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    Ok(FieldReader::of(Box::new(file), size))
  }

  fn of(source: Box<dyn Read>, size: u64) -> FieldReader {
    FieldReader { source, size, buffer: vec![0; SIZE], from: 0, to: 0, before: 0 }
  }

  /// Where the next field stands in the file, bytes.
  pub fn offset(&self) -> u64 {
    self.before + self.from as u64
  }

  /// A byte.
  pub fn byte(&mut self) -> Result<u8, FieldError> {
    Ok(self.raw(1)?[0])
  }

  /// An unsigned number.
  pub fn uint(&mut self) -> Result<u64, FieldError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
      let byte = self.byte()?;
      let bits = u64::from(byte & 0x7f);
      if bits << shift >> shift != bits {
        break;
      }
      value |= bits << shift;
      if byte < 0x80 {
        return Ok(value);
      }
    }
    Err(FieldError::Damaged)
  }

  /// An unsigned number, of which the core takes 32 bits.
  pub fn u32(&mut self) -> Result<u32, FieldError> {
    self.uint().map(|n| n as u32)
  }

  /// A signed number.
  pub fn sint(&mut self) -> Result<i64, FieldError> {
    let v = self.uint()?;
    Ok((v >> 1) as i64 ^ -((v & 1) as i64))
  }

  /// A signed number, of which the core takes 32 bits.
  pub fn i32(&mut self) -> Result<i32, FieldError> {
    self.sint().map(|n| n as i32)
  }

  /// Bytes with their length before them.
  pub fn bytes(&mut self) -> Result<&[u8], FieldError> {
    let length = self.uint()?;
    self.raw(length)
  }

  /// A text; what is not UTF-8 is replaced.
  pub fn text(&mut self) -> Result<String, FieldError> {
    self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
  }

  /// A hash.
  pub fn hash(&mut self) -> Result<Hash, FieldError> {
    self.raw(32)?.try_into().map_err(|_| FieldError::Damaged)
  }

  /// Bytes as they are.
  pub fn raw(&mut self, length: u64) -> Result<&[u8], FieldError> {
    let n = usize::try_from(length).map_err(|_| FieldError::End(self.size))?;
    self.need(n)?;
    let at = self.from;
    self.from += n;
    Ok(&self.buffer[at..self.from])
  }

  /// Has a number of bytes in the buffer.
  fn need(&mut self, n: usize) -> Result<(), FieldError> {
    if self.to - self.from >= n {
      return Ok(());
    }
    // A length that the file cannot have is given no memory.
    if n > SIZE && n as u64 > self.size.saturating_sub(self.offset()) {
      return Err(FieldError::End(self.size));
    }
    self.buffer.copy_within(self.from..self.to, 0);
    self.before += self.from as u64;
    (self.from, self.to) = (0, self.to - self.from);
    self.buffer.resize(n.max(SIZE), 0);
    while self.to < n {
      match self.source.read(&mut self.buffer[self.to..]) {
        Ok(0) => return Err(FieldError::End(self.before + self.to as u64)),
        Ok(got) => self.to += got,
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(error) => return Err(FieldError::Unreadable(error)),
      }
    }
    Ok(())
  }
}

#[cfg(test)]
mod tests {
  use super::super::writer::tests::written;
  use super::*;

  fn reader(bytes: Vec<u8>) -> FieldReader {
    let size = bytes.len() as u64;
    FieldReader::of(Box::new(io::Cursor::new(bytes)), size)
  }

  #[test]
  fn what_is_written_is_read_back() {
    let unsigned = [0, 1, 127, 128, 16383, 16384, 1 << 32, u64::MAX];
    let signed = [0, -1, 1, -64, 64, i64::from(i32::MIN), i64::MIN, i64::MAX];
    let long: Vec<u8> = (0..3 * SIZE + 5).map(|i| (i % 251) as u8).collect();
    let bytes = written(|w| {
      unsigned.iter().for_each(|&n| {
        w.uint(n);
      });
      signed.iter().for_each(|&n| {
        w.sint(n);
      });
      w.bytes(&long).byte(7).bytes("käse".as_bytes()).raw(&[3; 32]);
    });
    let size = bytes.len() as u64;
    let mut r = reader(bytes);
    unsigned.iter().for_each(|&n| assert_eq!(r.uint().unwrap(), n));
    signed.iter().for_each(|&n| assert_eq!(r.sint().unwrap(), n));
    assert!(r.bytes().unwrap() == long);
    assert_eq!((r.byte().unwrap(), r.text().unwrap().as_str(), r.hash().unwrap()), (7, "käse", [3; 32]));
    assert_eq!(r.offset(), size);
    assert!(matches!(r.byte(), Err(FieldError::End(at)) if at == size));
  }

  #[test]
  fn numbers_that_are_too_long_or_too_large_are_damage() {
    for bytes in [&[0x80; 12][..], &[255, 255, 255, 255, 255, 255, 255, 255, 255, 2]] {
      assert!(matches!(reader(bytes.into()).uint(), Err(FieldError::Damaged)));
    }
    assert_eq!(reader(vec![0x83, 0x80, 0x80, 0x80, 0x10]).u32().unwrap(), 3);
    assert_eq!(reader(vec![0xff, 0xff, 0xff, 0xff, 0x0f]).u32().unwrap(), u32::MAX);
    assert_eq!(reader(vec![0xff, 0xff, 0xff, 0xff, 0x0f]).i32().unwrap(), i32::MIN);
  }

  #[test]
  fn a_length_that_the_file_cannot_have_is_its_end() {
    let mut lengths = written(|w| {
      w.uint(u64::MAX);
    });
    lengths.extend_from_slice(&[1; 100]);
    assert!(matches!(reader(lengths).bytes(), Err(FieldError::End(110))));
    let huge = written(|w| {
      w.uint(1u64 << 40);
    });
    let mut r = reader(huge);
    assert!(matches!(r.bytes(), Err(FieldError::End(6))));
    assert_eq!(r.buffer.capacity(), SIZE);
    assert!(matches!(reader(vec![5, 1, 2]).bytes(), Err(FieldError::End(3))));
  }
}
