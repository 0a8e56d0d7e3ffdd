//! What elements are: the tables that `inspect` shows and that the core is told of an element of the host.

use std::sync::OnceLock;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use crate::descriptor::describe;

/// What an element is, as tables and `inspect` have it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ElementTable {
  /// Name in launch lines.
  pub name: String,
  /// Class, such as "Source/File".
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub klass: Option<String>,
  /// Purpose, one line.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub doc: Option<String>,
  /// A launch line that shows it.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub example: Option<String>,
  /// Preference among elements that would do; higher is better.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub rank: Option<i32>,
  /// Flags: bin, hidden, ranges, no-end, aggregator, timed, late-caps.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub flags: Option<Vec<String>>,
  /// Further names.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub aliases: Option<Vec<String>>,
  /// For a bin: the elements it stands for.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub line: Option<String>,
  /// How the caps of the pads depend on each other: "none", "same", or the fields that both sides share.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub relation: Option<Texts>,
  /// Its pads.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub pads: Option<Vec<PadTable>>,
  /// Its properties.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub properties: Option<Vec<PropertyTable>>,
}

/// A pad of an element.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PadTable {
  /// Name; "video_%u" for pads that are made as needed.
  pub name: String,
  /// src or sink.
  pub direction: String,
  /// always (the default), sometimes or request.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub presence: Option<String>,
  /// What it can carry: "ANY", or structures in GStreamer's notation.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub caps: Option<Texts>,
  /// What it would like best.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub prefer: Option<Texts>,
}

/// A property of an element.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyTable {
  /// Its name.
  pub name: String,
  /// boolean, int, uint, int64, uint64, double, string, enum, fraction or caps.
  pub r#type: String,
  /// What it is when nothing is said.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub default: Option<Scalar>,
  /// The least.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub min: Option<Scalar>,
  /// The most.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub max: Option<Scalar>,
  /// For an enum: number and meaning of each word.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub values: Option<Choices>,
  /// readonly; before: can only be set before the pipeline starts.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub flags: Option<Vec<String>>,
  /// What it does, one line.
  #[serde(default, skip_serializing_if = "Option::is_none")]
  pub doc: Option<String>,
}

/// A text, or several.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Texts {
  /// One.
  One(String),
  /// Several.
  Many(Vec<String>),
}

impl Texts {
  /// All in one, with something between them.
  pub fn join(&self, between: &str) -> String {
    match self {
      Texts::One(text) => text.clone(),
      Texts::Many(list) => list.join(between),
    }
  }
}

/// A number or a text.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Scalar {
  /// A whole number.
  Int(i64),
  /// A number.
  Double(f64),
  /// A text.
  Text(String),
}

impl std::fmt::Display for Scalar {
  fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    match self {
      Scalar::Int(n) => write!(f, "{n}"),
      Scalar::Double(n) => f.write_str(&crate::json::number_text(*n)),
      Scalar::Text(text) => f.write_str(text),
    }
  }
}

/// The words of an enum in their order, each with its number and meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choices(pub Vec<(String, (i32, String))>);

impl Serialize for Choices {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(self.0.len()))?;
    for (word, meaning) in &self.0 {
      map.serialize_entry(word, meaning)?;
    }
    map.end()
  }
}

impl<'de> Deserialize<'de> for Choices {
  fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
      type Value = Choices;

      fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("words with their numbers and meanings")
      }

      fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choices, A::Error> {
        let mut all = vec![];
        while let Some(entry) = map.next_entry()? {
          all.push(entry);
        }
        Ok(Choices(all))
      }
    }
    deserializer.deserialize_map(InOrder)
  }
}

/// Caps of a table as one text; empty for any.
pub fn caps_text(caps: Option<&Texts>) -> String {
  caps.map(|caps| caps.join("; ")).filter(|text| text != "ANY").unwrap_or_default()
}

/// The elements of the core, by name.
pub fn element_tables() -> &'static [ElementTable] {
  static ELEMENTS: OnceLock<Vec<ElementTable>> = OnceLock::new();
  ELEMENTS.get_or_init(|| {
    let tables = include_str!("generated/elements.json");
    serde_json::from_str(tables).expect("the generated tables can be read, as a test has seen")
  })
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::json::to_json;

  #[test]
  fn the_tables_are_read_and_written_without_loss() {
    let lines: Vec<&str> = include_str!("generated/elements.json")
      .lines()
      .filter(|l| l.starts_with("  {"))
      .map(|l| l.trim().trim_end_matches(','))
      .collect();
    assert!(lines.len() > 20 && lines.len() == element_tables().len());
    for (line, table) in lines.iter().zip(element_tables()) {
      assert_eq!(to_json(table), *line);
    }
  }

  #[test]
  fn caps_are_one_text() {
    let many = Texts::Many(vec!["a/b".into(), "c/d, e=1".into()]);
    assert_eq!(caps_text(Some(&many)), "a/b; c/d, e=1");
    assert_eq!(caps_text(Some(&Texts::One("ANY".into()))), "");
    assert_eq!(caps_text(None), "");
  }
}
