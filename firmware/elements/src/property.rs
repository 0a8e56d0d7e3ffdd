//! Values of properties, checked.

use g2g_interface::{HostError, Value};

/// A whole number from `least` to `most`.
pub fn int(value: Value<'_>, least: i64, most: i64) -> Result<i64, HostError> {
  match value {
    Value::Int(n) if (least..=most).contains(&n) => Ok(n),
    _ => Err(HostError::Invalid),
  }
}

/// A boolean, which is 0 or 1.
pub fn boolean(value: Value<'_>) -> Result<bool, HostError> {
  int(value, 0, 1).map(|n| n != 0)
}

/// A number from `least` to `most`.
pub fn double(value: Value<'_>, least: f64, most: f64) -> Result<f64, HostError> {
  match value {
    Value::Double(x) if (least..=most).contains(&x) => Ok(x),
    _ => Err(HostError::Invalid),
  }
}

/// A text.
pub fn text(value: Value<'_>) -> Result<&str, HostError> {
  match value {
    Value::Text(t) => Ok(t),
    _ => Err(HostError::Invalid),
  }
}

/// The place of a word among the words of an enumeration.
pub fn word(value: Value<'_>, words: &[&str]) -> Result<usize, HostError> {
  let text = text(value)?;
  words.iter().position(|w| *w == text).ok_or(HostError::Invalid)
}

/// A count as the value of a read-only property.
pub fn count(n: u32) -> Value<'static> {
  Value::Int(n as i64)
}
