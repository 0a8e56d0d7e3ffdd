//! Launch lines as the command line gets them and shows them.

use g2g_host::Error;

/// Lines up to this length are not shown again with the place of an error.
const SHORT: usize = 20;

/// White space of ECMAScript, which the launch lines of all hosts have.
fn is_space(c: char) -> bool {
  c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// Whether a word sets a property to a value with white space, and no quotes before that.
fn is_loose(word: &str) -> bool {
  let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
  let Some((before, value)) = word.split_once('=') else { return false };
  let until_quote = value.split(['"', '\'']).next().unwrap_or_default();
  !before.is_empty() && before.chars().all(name) && until_quote.contains(is_space)
}

/// The launch line of several words: white space inside a property belongs to its value.
pub fn join(words: &[String]) -> String {
  if let [line] = words {
    return line.clone();
  }
  let escaped = |word: &String| {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
      if is_space(c) || c == '\\' {
        out.push('\\');
      }
      out.push(c);
    }
    out
  };
  let words: Vec<String> = words.iter().map(|w| if is_loose(w) { escaped(w) } else { w.clone() }).collect();
  words.join(" ")
}

/// The number behind the first "column " that has one.
fn column_of(reason: &str) -> Option<usize> {
  reason.match_indices("column ").find_map(|(at, mark)| {
    let rest = &reason[at + mark.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
  })
}

/// Why a line could not be built; a long line is shown with the place.
pub fn explain(error: &Error, line: &str) -> String {
  let column = match error {
    Error::Pipeline(report) => column_of(&report.reason),
    _ => None,
  };
  match column {
    Some(column) if line.encode_utf16().count() > SHORT && !line.contains('\n') => {
      // A column may lie behind the line's end, but not far.
      let column = column.clamp(1, line.len() + 1);
      format!("{error}\n  {line}\n  {:>column$}", "^")
    }
    _ => error.to_string(),
  }
}

#[cfg(test)]
mod tests {
  use g2g_host::Report;

  use super::*;

  #[test]
  fn white_space_inside_a_property_belongs_to_its_value() {
    let joined = |words: &[&str]| join(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>());
    assert_eq!(joined(&["a=b c ! d"]), "a=b c ! d");
    assert_eq!(joined(&["filesrc", "location=a b\\c", "!", "fakesink"]), "filesrc location=a\\ b\\\\c ! fakesink");
    assert_eq!(
      joined(&["x", "a=\"b c\"", "text/plain, x=1", "a=b'c d'", "=a b"]),
      "x a=\"b c\" text/plain, x=1 a=b'c d' =a b"
    );
  }

  #[test]
  fn the_place_in_a_long_line_is_shown() {
    let error = |column| {
      Error::Pipeline(Box::new(Report::new(101, "", None, None, vec!["fakesunk".into(), g2g_host::Value::Int(column)])))
    };
    let line = "fakesrc num-buffers=1 ! fakesunk";
    assert_eq!(
      explain(&error(25), line),
      format!("no element \"fakesunk\" (column 25)\n  {line}\n  {}^", " ".repeat(24))
    );
    assert_eq!(explain(&error(1), line), format!("no element \"fakesunk\" (column 1)\n  {line}\n  ^"));
    assert_eq!(explain(&error(25), "fakesunk"), "no element \"fakesunk\" (column 25)");
    assert_eq!(explain(&Error::Fault("column 1".into()), line), "column 1");
  }
}
