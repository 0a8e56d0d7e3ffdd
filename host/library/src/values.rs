//! Values that the core gives: of properties, tags and messages.

use std::fmt;

use g2g_interface::Record;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::json::number_text;

/// A value that the core gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
  /// A whole number; times are ns, booleans 0 and 1.
  Int(i64),
  /// A number.
  Double(f64),
  /// A text, a word, a fraction or caps.
  Text(String),
  /// Bytes.
  Bytes(Vec<u8>),
}

impl From<&str> for Value {
  fn from(text: &str) -> Value {
    Value::Text(text.into())
  }
}

/// Text that is not UTF-8 becomes bytes.
impl From<Record<'_>> for Value {
  fn from(record: Record<'_>) -> Value {
    match record {
      Record::Int(n) => Value::Int(n),
      Record::Double(n) => Value::Double(n),
      Record::Text(t) => Value::Text(t.into()),
      Record::Bytes(b) => Value::Bytes(b.into()),
    }
  }
}

impl fmt::Display for Value {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Value::Int(n) => write!(f, "{n}"),
      Value::Double(n) => f.write_str(&number_text(*n)),
      Value::Text(t) => f.write_str(t),
      Value::Bytes(b) => {
        let numbers: Vec<String> = b.iter().map(u8::to_string).collect();
        f.write_str(&numbers.join(","))
      }
    }
  }
}

/// Bytes are hexadecimal text.
impl Serialize for Value {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    match self {
      Value::Int(n) => serializer.serialize_i64(*n),
      Value::Double(n) => serializer.serialize_f64(*n),
      Value::Text(t) => serializer.serialize_str(t),
      Value::Bytes(b) => serializer.serialize_str(&b.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
  }
}

/// Tags by name, in the order in which they came; a name that came more than once has several values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags(pub Vec<(String, Vec<Value>)>);

impl Tags {
  /// Adds a value to a name.
  pub fn add(&mut self, name: String, value: Value) {
    match self.0.iter_mut().find(|(n, _)| *n == name) {
      Some((_, values)) => values.push(value),
      None => self.0.push((name, vec![value])),
    }
  }
}

/// One value stands by itself, several are a list.
impl Serialize for Tags {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(self.0.len()))?;
    for (name, values) in &self.0 {
      match values.as_slice() {
        [value] => map.serialize_entry(name, value)?,
        list => map.serialize_entry(name, list)?,
      }
    }
    map.end()
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::json::to_json;

  #[test]
  fn values_are_text_and_json() {
    let values = [Value::Int(-3), Value::Double(2.0), "a".into(), Value::Bytes(vec![1, 255])];
    assert_eq!(values.each_ref().map(Value::to_string), ["-3", "2", "a", "1,255"]);
    assert_eq!(to_json(&values), "[-3,2,\"a\",\"01ff\"]");
  }
}
