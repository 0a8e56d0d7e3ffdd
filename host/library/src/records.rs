//! Records as values of a program.

use g2g_interface::records::RecordWriter;
use g2g_interface::{Record, Records};

use crate::messages::Value;

/// Bytes that records are first given room for.
const ROOM: usize = 256;

/// Reads records one after the other. Nothing is given from the first on that is damaged or of another kind than is asked for.
pub struct Reader<'a>(Records<'a>);

impl<'a> Reader<'a> {
  /// Reads on from where `records` stands.
  pub fn new(records: Records<'a>) -> Self {
    Reader(records)
  }

  /// The next value.
  pub fn value(&mut self) -> Option<Value> {
    let text = self.0.is_text();
    Some(match self.0.next()? {
      Record::Bytes(b) if text => Value::Text(String::from_utf8_lossy(b).into_owned()),
      record => record.into(),
    })
  }

  /// The next value, which is a whole number.
  pub fn int(&mut self) -> Option<i64> {
    self.0.int()
  }

  /// The next value, which is a number of things or bytes.
  pub fn number(&mut self) -> Option<u64> {
    u64::try_from(self.0.int()?).ok()
  }

  /// The next value, which is a text; what is not UTF-8 is replaced.
  pub fn text(&mut self) -> Option<String> {
    match self.value()? {
      Value::Text(t) => Some(t),
      _ => None,
    }
  }

  /// All values that remain.
  pub fn rest(&mut self) -> Vec<Value> {
    std::iter::from_fn(|| self.value()).collect()
  }
}

/// Makes records, in as much room as they need. `write` may be called again, with more of it.
pub fn records(write: impl Fn(&mut RecordWriter)) -> Vec<u8> {
  let mut room = ROOM;
  loop {
    let mut buffer = vec![0; room];
    let mut writer = RecordWriter::new(&mut buffer);
    write(&mut writer);
    if let Some(length) = writer.finish().map(|written| written.len()) {
      buffer.truncate(length);
      return buffer;
    }
    room *= 2;
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn records_are_given_the_room_they_need() {
    let long = "x".repeat(3 * ROOM);
    let made = records(|w| {
      w.int(-1);
      w.text(&long);
      w.double(0.5);
      w.bytes(&[1, 2]);
    });
    let read = Reader::new(Records::new(&made)).rest();
    assert_eq!(read, [Value::Int(-1), Value::Text(long.clone()), Value::Double(0.5), Value::Bytes(vec![1, 2])]);
  }

  #[test]
  fn text_that_is_not_utf8_stays_text() {
    let mut r = Reader::new(Records::new(&[6, 3, b'a', 0xff, b'b', 4, 1, 0, 0, 0, 7]));
    assert_eq!(r.text().as_deref(), Some("a\u{fffd}b"));
    assert_eq!(r.value(), Some(Value::Bytes(vec![7])));
    assert_eq!(r.value(), None);
  }

  #[test]
  fn a_value_of_another_kind_is_none() {
    let made = records(|w| w.text("1"));
    assert_eq!(Reader::new(Records::new(&made)).int(), None);
    let made = records(|w| w.int(-1));
    assert_eq!(Reader::new(Records::new(&made)).number(), None);
    assert_eq!(Reader::new(Records::new(&made)).text(), None);
  }
}
