//! The boot log: what the core asked of its host while the build brought it to where the image begins.
//!
//! Entries follow each other, little-endian:
//!
//! ```text
//!  0 kind u16     1 open, 2 submit, 3 random
//!  2 op u16       of submit
//!  4 handle i32   of submit
//!  8 ptr u32      of submit: records, a frame record or a block; of random: what was filled
//! 12 length u32
//! 16 aux i64
//! 24 token u32
//! 28 result i32   of open: the handle; of submit: what the build answered
//! 32 data         the spec of open, the records of Property, Configure and Event, the bytes of random; padded to 4
//! ```

use g2g_interface::abi::Op;

const HEADER: usize = 32;

/// What an entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
  /// An element; the data is records, factory and name.
  Open,
  /// An operation.
  Submit(Op),
  /// Random numbers, which the board makes anew where they still stand.
  Random,
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
  /// What is asked for.
  pub asked: Asked,
  /// On which handle, or which handle an open gave.
  pub handle: i32,
  /// Address in linear memory.
  pub ptr: u32,
  /// Bytes, or what the operation says.
  pub length: u32,
  /// What the operation says.
  pub aux: i64,
  /// Names the operation.
  pub token: u32,
  /// The answer that the frozen pipeline has been given.
  pub result: i32,
  /// Spec or records; empty where the operation names linear memory.
  pub data: &'static [u8],
}

/// Reads a log entry by entry; `None` at its end, and where it is damaged, which [`Log::damaged`] tells apart.
#[derive(Clone, Copy)]
pub struct Log {
  rest: &'static [u8],
}

impl Log {
  /// Reads from the start of `bytes`.
  pub const fn new(bytes: &'static [u8]) -> Self {
    Log { rest: bytes }
  }

  /// Whether reading stopped before the end.
  pub fn damaged(&self) -> bool {
    !self.rest.is_empty()
  }

  fn entry(&self) -> Option<(Entry, &'static [u8])> {
    let header = self.rest.first_chunk::<HEADER>()?;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let result = word(28) as i32;
    let (asked, handle, carried) = match half(0) {
      1 => (Asked::Open, result, true),
      2 => {
        let op = Op::from_raw(half(2) as i32)?;
        (Asked::Submit(op), word(4) as i32, matches!(op, Op::Property | Op::Configure | Op::Event))
      }
      3 => (Asked::Random, 0, true),
      _ => return None,
    };
    let length = word(12);
    let size = if carried { length as usize } else { 0 };
    let data = self.rest.get(HEADER..HEADER.checked_add(size)?)?;
    let rest = self.rest.get(HEADER + size.checked_next_multiple_of(4)?..)?;
    let aux = (word(16) as u64 | (word(20) as u64) << 32) as i64;
    Some((Entry { asked, handle, ptr: word(8), length, aux, token: word(24), result, data }, rest))
  }
}

impl Iterator for Log {
  type Item = Entry;

  fn next(&mut self) -> Option<Entry> {
    let (entry, rest) = self.entry()?;
    self.rest = rest;
    Some(entry)
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn entry(kind: u16, op: u16, length: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[0..2].copy_from_slice(&kind.to_le_bytes());
    bytes[2..4].copy_from_slice(&op.to_le_bytes());
    bytes[12..16].copy_from_slice(&length.to_le_bytes());
    bytes[16..24].copy_from_slice(&(-3i64).to_le_bytes());
    bytes[28..32].copy_from_slice(&7i32.to_le_bytes());
    bytes.extend_from_slice(data);
    bytes
  }

  #[test]
  fn entries_carry_their_data_padded() {
    let mut bytes = entry(1, 0, 5, b"abcde\0\0\0");
    bytes.extend(entry(2, Op::Credit as u16, 320, b""));
    bytes.extend(entry(3, 0, 4, b"1234"));
    let mut log = Log::new(bytes.leak());
    let read: Vec<_> = log.by_ref().map(|e| (e.asked, e.handle, e.length, e.aux, e.data)).collect();
    let expected: [(Asked, i32, u32, i64, &[u8]); 3] = [
      (Asked::Open, 7, 5, -3, b"abcde"),
      (Asked::Submit(Op::Credit), 0, 320, -3, b""),
      (Asked::Random, 0, 4, -3, b"1234"),
    ];
    assert_eq!(read, expected);
    assert!(!log.damaged());
  }

  #[test]
  fn a_damaged_log_ends_and_says_so() {
    let whole = [entry(1, 0, 4, b"abcd"), entry(2, Op::Drain as u16, 0, b"")].concat();
    for n in 0..whole.len() {
      let mut log = Log::new(whole[..n].to_vec().leak());
      let read = log.by_ref().count();
      assert_eq!(log.damaged(), n != 0 && n != 36, "cut at {n}");
      assert_eq!(read, usize::from(n >= 36));
    }
    for bytes in [entry(9, 0, 0, b""), entry(2, 99, 0, b""), entry(1, 0, u32::MAX, b"abcd")] {
      let mut log = Log::new(bytes.leak());
      assert!(log.next().is_none() && log.damaged());
    }
  }
}
