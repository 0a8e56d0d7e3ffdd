//! `g2g inspect`: the elements, and what one of them is and can.

use g2g_host::{ElementTable, PropertyTable, caps_text, to_json_lines};

use crate::args::Inspect;
use crate::exit::Exit;
use crate::families;
use crate::output::{print, say};

/// Width of the texts behind a name.
const COLUMN: usize = 24;

/// `g2g inspect`.
pub fn inspect(options: &Inspect) -> Exit {
  let tables = families::tables();
  let shown: Vec<&ElementTable> = tables.iter().filter(|t| !has(&t.flags, "hidden")).collect();
  let text = match &options.element {
    None if options.json => to_json_lines(&shown),
    None => {
      let rows: Vec<String> = shown.iter().map(|t| row(&t.name, t.doc.as_deref().unwrap_or_default())).collect();
      rows.join("\n")
    }
    Some(name) => {
      let Some(table) = shown.iter().find(|t| t.name == *name || has(&t.aliases, name)) else {
        let names = shown.iter().flat_map(|t| std::iter::once(&t.name).chain(t.aliases.iter().flatten()));
        let near = nearest(name, names.map(String::as_str));
        let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        say(&format!("error: no element \"{name}\"{hint}"));
        return Exit::Usage;
      };
      if options.json { to_json_lines(table) } else { describe(table) }
    }
  };
  print(&format!("{text}\n"))
}

fn has(list: &Option<Vec<String>>, word: &str) -> bool {
  list.iter().flatten().any(|w| w == word)
}

fn row(name: &str, text: &str) -> String {
  if name.chars().count() < COLUMN { format!("{name:<COLUMN$}{text}") } else { format!("{name}\n{:COLUMN$}{text}", "") }
}

fn describe(t: &ElementTable) -> String {
  let mut out = vec![format!("{}: {}", t.name, t.doc.as_deref().unwrap_or_default()), String::new()];
  if let Some(klass) = &t.klass {
    out.push(row("class", klass));
  }
  if let Some(aliases) = &t.aliases {
    out.push(row("also called", &aliases.join(", ")));
  }
  if let Some(line) = &t.line {
    out.push(row("stands for", line));
  }
  out.push(row("rank", &t.rank.unwrap_or(0).to_string()));
  let (pads, properties) = (t.pads.as_deref().unwrap_or_default(), t.properties.as_deref().unwrap_or_default());
  if !pads.is_empty() {
    out.extend([String::new(), "pads".into()]);
  }
  for p in pads {
    let presence = p.presence.as_deref().unwrap_or("always");
    out.push(row(&format!("  {}", p.name), &format!("{}, {presence}", p.direction)));
    let caps = caps_text(p.caps.as_ref());
    let caps = if caps.is_empty() { "ANY" } else { &caps };
    out.extend(caps.split("; ").map(|line| row("", &format!("  {line}"))));
  }
  if !properties.is_empty() {
    out.extend([String::new(), "properties".into()]);
  }
  for p in properties {
    out.push(row(&format!("  {}", p.name), p.doc.as_deref().unwrap_or_default()));
    out.push(row("", &facts(p)));
    for (word, (_, doc)) in p.values.iter().flat_map(|values| &values.0) {
      out.push(row("", &format!("  {word}: {doc}")));
    }
  }
  if let Some(example) = &t.example {
    out.extend([String::new(), "example".into(), format!("  g2g launch '{example}'")]);
  }
  out.join("\n")
}

/// Type, range, default and flags of a property.
fn facts(p: &PropertyTable) -> String {
  let mut text = p.r#type.clone();
  text += &match (&p.min, &p.max) {
    (Some(min), Some(max)) => format!(" from {min} to {max}"),
    (Some(min), None) => format!(", {min} or more"),
    (None, Some(max)) => format!(" up to {max}"),
    (None, None) => String::new(),
  };
  if let Some(default) = p.default.as_ref().map(ToString::to_string).filter(|text| !text.is_empty()) {
    text += &format!(", default {default}");
  }
  for (flag, words) in [("readonly", ", read only"), ("before", ", before the start")] {
    if has(&p.flags, flag) {
      text += words;
    }
  }
  text
}

/// The word that is most like another, if one is.
fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
  let mut best = None;
  let mut least = (word.chars().count() / 2).max(2) + 1;
  for w in words {
    let d = if w.starts_with(word) { 1 } else { distance(word, w) };
    if d < least {
      (least, best) = (d, Some(w));
    }
  }
  best
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
  let b: Vec<char> = b.chars().collect();
  let mut last: Vec<usize> = (0..=b.len()).collect();
  for (i, c) in a.chars().enumerate() {
    let mut next = vec![i + 1];
    for (j, d) in b.iter().enumerate() {
      next.push((last[j + 1] + 1).min(next[j] + 1).min(last[j] + usize::from(c != *d)));
    }
    last = next;
  }
  last[b.len()]
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn the_nearest_word_is_found_if_one_is_near() {
    let words = ["fakesink", "fakesrc", "filesrc", "tee"];
    let near = |word| nearest(word, words.into_iter());
    assert_eq!(near("fakesrk"), Some("fakesrc"));
    assert_eq!(near("file"), Some("filesrc"));
    assert_eq!(near("te"), Some("tee"));
    assert_eq!(near("videoconvert"), None);
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("", "abc"), 3);
  }

  #[test]
  fn facts_tell_type_range_default_and_flags() {
    let property: PropertyTable = PropertyTable {
      name: "x".into(),
      r#type: "uint".into(),
      min: Some(g2g_host::Scalar::Int(1)),
      max: Some(g2g_host::Scalar::Double(2.5)),
      default: Some(g2g_host::Scalar::Text(String::new())),
      flags: Some(vec!["before".into(), "readonly".into()]),
      ..PropertyTable::default()
    };
    assert_eq!(facts(&property), "uint from 1 to 2.5, read only, before the start");
    assert_eq!(facts(&PropertyTable { min: None, ..property.clone() }), "uint up to 2.5, read only, before the start");
    assert_eq!(facts(&PropertyTable { max: None, ..property }), "uint, 1 or more, read only, before the start");
  }

  #[test]
  fn a_long_name_has_a_line_of_its_own() {
    assert_eq!(row("a", "b"), format!("a{}b", " ".repeat(23)));
    let long = "x".repeat(24);
    assert_eq!(row(&long, "b"), format!("{long}\n{}b", " ".repeat(24)));
  }
}
