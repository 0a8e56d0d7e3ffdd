//! The tables of elements, and the formula for blocks in them.

use g2g_interface::{HostElement, HostError, Value};
use serde_json::Value as Json;

pub fn table(name: &str) -> Json {
  let path = format!("{}/src/{name}.json", env!("CARGO_MANIFEST_DIR"));
  serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Json) -> String {
  value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Sets a property as the core does.
fn send(e: &mut dyn HostElement, property: &Json, value: &str) -> Result<(), HostError> {
  let name = property["name"].as_str().unwrap();
  match property["type"].as_str().unwrap() {
    "boolean" => e.property(name, Value::Int((value == "true") as i64)),
    "int" | "uint" | "int64" | "uint64" => e.property(name, Value::Int(value.parse().unwrap())),
    "double" => e.property(name, Value::Double(value.parse().unwrap())),
    "enum" | "string" | "caps" => e.property(name, Value::Text(value)),
    other => panic!("{other}"),
  }
}

/// Holds an element against its table: it takes the defaults of all properties and their limits, nothing beyond them and
/// nothing unknown, and tells exactly those that can only be read.
pub fn check(e: &mut dyn HostElement, name: &str) {
  let table = table(name);
  assert_eq!(table["name"], name);
  let mut read_only = vec![];
  for p in table["properties"].as_array().unwrap() {
    let property = p["name"].as_str().unwrap();
    let readonly = p["flags"].as_array().is_some_and(|f| f.contains(&"readonly".into()));
    if readonly {
      read_only.push(property.to_owned());
      assert_eq!(send(e, p, "1"), Err(HostError::NotFound), "{name}.{property} is read only");
      continue;
    }
    for (key, step) in [("min", -1.0), ("max", 1.0)] {
      let Some(limit) = p.get(key) else { continue };
      send(e, p, &text(limit)).unwrap_or_else(|error| panic!("{name}.{property} at its {key}: {error:?}"));
      if limit.as_i64() == Some(i64::MAX) {
        continue;
      }
      let beyond = (limit.as_f64().unwrap() + step).to_string();
      assert_eq!(send(e, p, &beyond), Err(HostError::Invalid), "{name}.{property} = {beyond}");
    }
    if let Some(values) = p["values"].as_object() {
      values.keys().for_each(|word| send(e, p, word).unwrap());
      assert_eq!(send(e, p, "no-such-word"), Err(HostError::Invalid), "{name}.{property}");
    }
    let wrong =
      if matches!(p["type"].as_str(), Some("enum" | "string" | "caps")) { Value::Int(0) } else { Value::Text("x") };
    assert_eq!(e.property(property, wrong), Err(HostError::Invalid), "{name}.{property} of another type");
    send(e, p, &text(&p["default"])).unwrap_or_else(|error| panic!("{name}.{property}'s default: {error:?}"));
  }
  assert_eq!(e.property("no-such-property", Value::Int(0)), Err(HostError::NotFound));
  let mut told = vec![];
  e.readings(&mut |n, value| {
    assert!(matches!(value, Value::Int(_) | Value::Text(_)), "{n}");
    told.push(n.to_owned());
  });
  assert_eq!(told, read_only, "{name}");
}

/// What the build takes for the answer to Configure: the formula of the table, by properties and caps.
pub fn block(name: &str, caps: &[(&str, i64)], properties: &[(&str, i64)]) -> u32 {
  let table = table(name);
  let formula = table["block"]["bytes"].as_str().unwrap().to_owned();
  let lookup = |word: &str| -> i64 {
    if let Ok(n) = word.parse() {
      return n;
    }
    let key = word.strip_prefix("caps.").unwrap_or(word);
    let given = caps.iter().chain(properties).find(|(n, _)| *n == key).map(|(_, v)| *v);
    let default = || {
      let all = table["properties"].as_array().unwrap();
      all.iter().find(|p| p["name"] == key).and_then(|p| p["default"].as_i64())
    };
    given.or_else(default).unwrap_or_else(|| panic!("{word} is not known"))
  };
  let mut tokens = vec![];
  let mut word = String::new();
  for c in formula.chars().chain([' ']) {
    if c.is_alphanumeric() || c == '.' || c == '-' && !word.is_empty() {
      word.push(c);
      continue;
    }
    if !word.is_empty() {
      tokens.push(std::mem::take(&mut word));
    }
    if c != ' ' {
      tokens.push(c.to_string());
    }
  }
  let mut at = 0;
  let value = sum(&tokens, &mut at, &lookup);
  assert_eq!(at, tokens.len(), "{formula}");
  value as u32
}

fn sum(t: &[String], at: &mut usize, lookup: &dyn Fn(&str) -> i64) -> i64 {
  let mut value = product(t, at, lookup);
  while let Some(op @ ("+" | "-")) = t.get(*at).map(String::as_str) {
    *at += 1;
    let next = product(t, at, lookup);
    value = if op == "+" { value + next } else { value - next };
  }
  value
}

fn product(t: &[String], at: &mut usize, lookup: &dyn Fn(&str) -> i64) -> i64 {
  let mut value = primary(t, at, lookup);
  while let Some(op @ ("*" | "/")) = t.get(*at).map(String::as_str) {
    *at += 1;
    let next = primary(t, at, lookup);
    value = if op == "*" { value * next } else { value / next };
  }
  value
}

fn primary(t: &[String], at: &mut usize, lookup: &dyn Fn(&str) -> i64) -> i64 {
  *at += 1;
  if t[*at - 1] != "(" {
    return lookup(&t[*at - 1]);
  }
  let value = sum(t, at, lookup);
  assert_eq!(t[*at], ")");
  *at += 1;
  value
}
