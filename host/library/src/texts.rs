//! Texts of errors and warnings: tables/errors.json, with the arguments of a message filled in.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::errors::host_error_text;
use crate::messages::Value;

/// What a code means. {0} and so on stand for the arguments of the message, {3*} for all from number 3 on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
  code: i32,
  name: String,
  text: String,
  hint: Option<String>,
  /// Words of arguments that are an index.
  #[serde(default)]
  choices: HashMap<usize, Vec<String>>,
  /// Arguments that are a HostError, with or without its sign.
  #[serde(default)]
  host_errors: Vec<usize>,
  hints: Option<Hints>,
}

/// Hints that depend on an argument.
#[derive(Deserialize)]
struct Hints {
  by: usize,
  #[serde(flatten)]
  of: HashMap<String, String>,
}

/// A code in words.
pub struct Words {
  /// Its name.
  pub name: String,
  /// What is wrong.
  pub reason: String,
  /// What would help; empty when there is nothing to say.
  pub hint: String,
}

fn entries() -> &'static [Entry] {
  static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
  ENTRIES.get_or_init(|| {
    let table = include_str!("../../../tables/errors.json");
    serde_json::from_str(table).expect("tables/errors.json is a list of texts, as a test has seen")
  })
}

/// Whole numbers that a property of a type can hold.
fn range_of(type_number: &str) -> Option<[&'static str; 2]> {
  Some(match type_number {
    "2" => ["-2147483648", "2147483647"],
    "3" => ["0", "4294967295"],
    "4" => ["-9223372036854775808", "9223372036854775807"],
    "5" => ["0", "9223372036854775807"],
    _ => return None,
  })
}

/// A placeholder at the start of `text`: the number, whether it stands for all that follow, and its length.
fn placeholder(text: &str) -> Option<(usize, bool, usize)> {
  let inner = &text[1..text.find('}')?];
  let digits = inner.strip_suffix('*').unwrap_or(inner);
  if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
    return None;
  }
  Some((digits.parse().ok()?, digits.len() < inner.len(), inner.len() + 2))
}

/// Fills {n} and {n*} in; the text, and whether there is a placeholder but nothing for any.
fn fill(template: &str, args: &[String]) -> (String, bool) {
  let (mut named, mut given) = (false, false);
  let mut out = String::with_capacity(template.len());
  let mut rest = template;
  while let Some(at) = rest.find('{') {
    out.push_str(&rest[..at]);
    rest = &rest[at..];
    let Some((n, all, length)) = placeholder(rest) else {
      out.push('{');
      rest = &rest[1..];
      continue;
    };
    let value = if all {
      let present: Vec<&str> = args.iter().skip(n).filter(|a| !a.is_empty()).map(String::as_str).collect();
      present.join(", ")
    } else {
      args.get(n).cloned().unwrap_or_default()
    };
    named = true;
    given |= !value.is_empty();
    out.push_str(&value);
    rest = &rest[length..];
  }
  out.push_str(rest);
  (out, named && !given)
}

/// The words for an argument.
fn word(entry: &Entry, i: usize, value: &Value) -> String {
  if let Value::Int(n) = value {
    let choices = entry.choices.get(&i);
    let choice = choices.and_then(|list| list.get(usize::try_from(*n).ok()?));
    if let Some(choice) = choice {
      return choice.clone();
    }
    if entry.host_errors.contains(&i) {
      return host_error_text(i32::try_from(n.saturating_abs()).map_or(i32::MIN, |n| -n));
    }
  }
  value.to_string()
}

/// A code and the arguments of its message in words.
pub fn of(code: i32, args: &[Value]) -> Words {
  let unknown;
  let entry = match entries().iter().find(|e| e.code == code) {
    Some(entry) => entry,
    None => {
      unknown = Entry {
        code,
        name: format!("Code{code}"),
        text: format!("error {code}: {{0*}}"),
        hint: None,
        choices: HashMap::new(),
        host_errors: vec![],
        hints: None,
      };
      &unknown
    }
  };
  let mut words: Vec<String> = args.iter().enumerate().map(|(i, value)| word(entry, i, value)).collect();
  let mut hint = entry.hint.as_deref();
  if let Some(hints) = &entry.hints {
    let by = words.get(hints.by).cloned().unwrap_or_default();
    hint = hint.or(hints.of.get(&by).map(String::as_str));
    // A property without limits of its own has those of its type.
    if let Some(range) = range_of(&by).filter(|_| entry.name == "BadValue") {
      words.resize(words.len().max(7), String::new());
      for (word, limit) in words[5..7].iter_mut().zip(range) {
        if word.is_empty() {
          *word = limit.into();
        }
      }
    }
  }
  let reason = match fill(&entry.text, &words) {
    (text, false) => text,
    (text, true) => text.trim().into(),
  };
  let hint = hint.map(|hint| fill(hint, &words)).and_then(|(text, empty)| (!empty).then_some(text));
  Words { name: entry.name.clone(), reason, hint: hint.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn every_code_of_the_core_has_a_text() {
    for code in entries().iter().map(|e| e.code) {
      let words = of(code, &["x".into()]);
      assert!(!words.reason.is_empty() && !words.name.starts_with("Code"), "{code}");
      assert_eq!(g2g_interface::generated::errors::error_text(code).map(|t| t.0), Some(words.name.as_str()));
    }
    assert!(entries().len() > 50);
  }

  #[test]
  fn arguments_are_filled_in() {
    let args = ["a", "", "c"].map(String::from);
    assert_eq!(fill("{0}-{1}-{2}: {0*}; {x} {", &args), ("a--c: a, c; {x} {".into(), false));
    assert_eq!(fill("{1}{9}!", &args), ("!".into(), true));
    assert_eq!(fill("none", &args), ("none".into(), false));
  }

  #[test]
  fn a_number_chooses_words_and_a_host_may_say_its_own() {
    assert_eq!(of(100, &["x".into(), Value::Int(3), Value::Int(1)]).reason, "\"x\" at column 3: a quote is not closed");
    assert_eq!(of(162, &["x".into(), Value::Int(5)]).reason, "cannot write \"x\": there is no space left");
    assert_eq!(of(162, &["x".into(), Value::Int(-5)]).reason, "cannot write \"x\": there is no space left");
    assert_eq!(of(165, &["out of film".into()]).reason, "the host's element failed: out of film");
    assert_eq!(of(162, &["x".into(), Value::Int(i64::MIN)]).reason, "cannot write \"x\": error -2147483648");
  }

  #[test]
  fn a_hint_depends_on_the_type_of_a_property_and_knows_its_limits() {
    let bad = |type_number, min: &str, max: &str| {
      let args = ["p".into(), "v".into(), Value::Int(9), "e".into(), Value::Int(type_number), min.into(), max.into()];
      of(103, &args).hint
    };
    assert_eq!(bad(1, "", ""), "true or false");
    assert_eq!(bad(3, "", ""), "a whole number from 0 to 4294967295");
    assert_eq!(bad(3, "7", ""), "a whole number from 7 to 4294967295");
    assert_eq!(bad(7, "", ""), "");
    assert_eq!(
      of(103, &["p".into(), "v".into(), Value::Int(9), "e".into(), Value::Int(2)]).hint,
      "a whole number from -2147483648 to 2147483647"
    );
  }

  #[test]
  fn an_unknown_code_tells_all_that_it_came_with() {
    let words = of(9999, &["a".into(), Value::Double(1.5), Value::Bytes(vec![1, 2])]);
    assert_eq!((words.name.as_str(), words.reason.as_str()), ("Code9999", "error 9999: a, 1.5, 1,2"));
    assert_eq!(of(9999, &[]).reason, "error 9999:");
  }
}
