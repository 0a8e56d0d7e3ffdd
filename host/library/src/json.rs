//! JSON as the command lines print it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// A number as ECMAScript writes it: the shortest that reads back as the same, `1` for 1.0, `1e+21`.
pub fn number_text(n: f64) -> String {
  if n == 0.0 {
    return "0".into();
  }
  if !n.is_finite() {
    return if n.is_nan() {
      "NaN"
    } else if n > 0.0 {
      "Infinity"
    } else {
      "-Infinity"
    }
    .into();
  }
  if (1e-6..1e21).contains(&n.abs()) {
    return n.to_string();
  }
  let text = format!("{n:e}");
  if text.contains("e-") { text } else { text.replace('e', "e+") }
}

/// A form of JSON whose numbers are written by [`number_text`].
struct Numbers<F>(F);

macro_rules! hand_on {
  ($($method:ident($($arg:ident: $type:ty),*);)*) => {
    $(fn $method<W: ?Sized + Write>(&mut self, writer: &mut W $(, $arg: $type)*) -> io::Result<()> {
      self.0.$method(writer $(, $arg)*)
    })*
  };
}

impl<F: Formatter> Formatter for Numbers<F> {
  fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
    writer.write_all(number_text(value).as_bytes())
  }

  hand_on! {
    begin_array();
    end_array();
    begin_array_value(first: bool);
    end_array_value();
    begin_object();
    end_object();
    begin_object_key(first: bool);
    begin_object_value();
    end_object_value();
  }
}

fn write(value: &impl Serialize, form: impl Formatter) -> String {
  let mut out = Vec::new();
  let done = value.serialize(&mut Serializer::with_formatter(&mut out, Numbers(form)));
  done.expect("texts, numbers, lists and objects with texts as keys can be written");
  String::from_utf8(out).expect("JSON is UTF-8")
}

/// JSON in one line, as the command line prints it.
/// @param value anything whose maps have texts as keys
pub fn to_json(value: &impl Serialize) -> String {
  write(value, CompactFormatter)
}

/// JSON in lines, indented by two spaces, as the command line prints it.
/// @param value anything whose maps have texts as keys
pub fn to_json_lines(value: &impl Serialize) -> String {
  write(value, PrettyFormatter::new())
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn numbers_are_written_as_ecmascript_does() {
    let cases = [
      (0.0, "0"),
      (-0.0, "0"),
      (1.0, "1"),
      (-2.5, "-2.5"),
      (0.1, "0.1"),
      (0.000001, "0.000001"),
      (0.0000015, "0.0000015"),
      (1e-7, "1e-7"),
      (1.5e-10, "1.5e-10"),
      (123456789012345680000.0, "123456789012345680000"),
      (1e21, "1e+21"),
      (-1.25e300, "-1.25e+300"),
      (f64::MAX, "1.7976931348623157e+308"),
      (5e-324, "5e-324"),
    ];
    for (n, text) in cases {
      assert_eq!(number_text(n), text);
      assert_eq!(to_json(&n), text);
    }
    assert_eq!(to_json(&[f64::NAN, f64::INFINITY]), "[null,null]");
  }

  #[test]
  fn lines_are_indented_and_what_is_empty_stays_together() {
    let value = serde_json::json!({ "a": [1, 2.0, {}], "b": [] });
    assert_eq!(to_json_lines(&value), "{\n  \"a\": [\n    1,\n    2,\n    {}\n  ],\n  \"b\": []\n}");
    assert_eq!(to_json(&value), "{\"a\":[1,2,{}],\"b\":[]}");
    assert_eq!(to_json(&"\u{8}\u{c}\n\u{1}\"\\/\u{7f}ü\u{2028}"), "\"\\b\\f\\n\\u0001\\\"\\\\/\u{7f}ü\u{2028}\"");
  }
}
