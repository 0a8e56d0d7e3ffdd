//! An element's table as the records that `describe` takes (assembly/registry/factory.ts).

use g2g_interface::records::RecordWriter;

use crate::errors::Error;
use crate::records::records;
use crate::table::{ElementTable, PadTable, PropertyTable, Texts, caps_text};

type Words = &'static [(&'static str, i64)];

const DIRECTIONS: Words = &[("src", 1), ("sink", 2)];
const PRESENCES: Words = &[("always", 1), ("sometimes", 2), ("request", 3)];
const FACTORY_FLAGS: Words = &[
  ("bin", 1),
  ("host", 2),
  ("hidden", 4),
  ("ranges", 8),
  ("no-end", 16),
  ("aggregator", 32),
  ("timed", 64),
  ("late-caps", 128),
];
const PROPERTY_FLAGS: Words = &[("readonly", 1), ("before", 2)];
const TYPES: Words = &[
  ("boolean", 1),
  ("int", 2),
  ("uint", 3),
  ("int64", 4),
  ("uint64", 5),
  ("double", 6),
  ("string", 7),
  ("enum", 8),
  ("fraction", 9),
  ("caps", 10),
];

/// Words of a table whose numbers have been looked up.
struct Pad<'a>(&'a PadTable, [i64; 2]);
struct Property<'a>(&'a PropertyTable, [i64; 2]);

fn number(words: Words, word: &str, place: &str) -> Result<i64, Error> {
  let found = words.iter().find(|(w, _)| *w == word).map(|(_, n)| *n);
  found.ok_or_else(|| Error::Fault(format!("{place}: unknown word \"{word}\"")))
}

fn flags(words: Words, list: &Option<Vec<String>>, place: &str) -> Result<i64, Error> {
  list.iter().flatten().try_fold(0, |sum, word| Ok(sum | number(words, word, place)?))
}

/// An element's table as records.
/// @throws a fault when the table has a word that does not exist
pub fn describe(t: &ElementTable) -> Result<Vec<u8>, Error> {
  let own = flags(FACTORY_FLAGS, &t.flags, &t.name)?;
  let pad = |p| -> Result<Pad<'_>, Error> {
    let p: &PadTable = p;
    let place = format!("{}.{}", t.name, p.name);
    let presence = p.presence.as_deref().unwrap_or("always");
    Ok(Pad(p, [number(DIRECTIONS, &p.direction, &place)?, number(PRESENCES, presence, &place)?]))
  };
  let property = |p| -> Result<Property<'_>, Error> {
    let p: &PropertyTable = p;
    let place = format!("{}.{}", t.name, p.name);
    Ok(Property(p, [number(TYPES, &p.r#type, &place)?, flags(PROPERTY_FLAGS, &p.flags, &place)?]))
  };
  let pads = t.pads.iter().flatten().map(pad).collect::<Result<Vec<_>, _>>()?;
  let properties = t.properties.iter().flatten().map(property).collect::<Result<Vec<_>, _>>()?;
  Ok(records(|w| {
    w.text(&t.name);
    w.int(t.rank.unwrap_or(0).into());
    w.int(own);
    w.text(&t.aliases.as_ref().map(|list| list.join(",")).unwrap_or_default());
    w.text(t.line.as_deref().unwrap_or_default());
    w.text(&t.relation.as_ref().map_or("none".into(), |r: &Texts| r.join(",")));
    w.int(pads.len() as i64);
    w.int(properties.len() as i64);
    pads.iter().for_each(|p| write_pad(w, p));
    properties.iter().for_each(|p| write_property(w, p));
  }))
}

fn write_pad(w: &mut RecordWriter, Pad(p, numbers): &Pad) {
  w.text(&p.name);
  numbers.iter().for_each(|n| w.int(*n));
  w.text(&caps_text(p.caps.as_ref()));
  w.text(&caps_text(p.prefer.as_ref()));
}

fn write_property(w: &mut RecordWriter, Property(p, numbers): &Property) {
  w.text(&p.name);
  numbers.iter().for_each(|n| w.int(*n));
  for limit in [&p.default, &p.min, &p.max] {
    w.text(&limit.as_ref().map(ToString::to_string).unwrap_or_default());
  }
  let values = p.values.as_ref().map_or(&[][..], |values| &values.0);
  w.int(values.len() as i64);
  for (word, (n, _)) in values {
    w.text(word);
    w.int((*n).into());
  }
}

#[cfg(test)]
mod tests {
  use std::fs;
  use std::path::Path;

  use super::*;
  use crate::table::element_tables;

  /// The records that scripts/generate.mjs has made of a table.
  fn generated(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assembly/generated/elements");
    let text = fs::read_to_string(folder.join(format!("{name}.ts"))).unwrap();
    let list = text.split_once("memory.data<u8>([").and_then(|(_, rest)| rest.split_once(']')).unwrap().0;
    list.split(',').map(|n| n.parse().unwrap()).collect()
  }

  #[test]
  fn descriptors_are_those_that_the_core_is_built_with() {
    for table in element_tables() {
      assert_eq!(describe(table).unwrap(), generated(&table.name), "{}", table.name);
    }
  }

  #[test]
  fn flags_that_only_elements_of_hosts_have_are_known() {
    let flags = Some(vec!["timed".into(), "late-caps".into(), "host".into()]);
    let table = ElementTable { name: "x".into(), rank: Some(7), flags, ..ElementTable::default() };
    let described = describe(&table).unwrap();
    let mut r = g2g_interface::Records::new(&described);
    assert_eq!((r.str(), r.int(), r.int()), (Some("x"), Some(7), Some(64 + 128 + 2)));
  }

  #[test]
  fn a_word_that_does_not_exist_is_a_fault_with_its_place() {
    let pads = Some(vec![PadTable { name: "src".into(), direction: "out".into(), ..PadTable::default() }]);
    let table = ElementTable { name: "x".into(), pads, ..ElementTable::default() };
    assert_eq!(describe(&table), Err(Error::Fault("x.src: unknown word \"out\"".into())));
    let table = ElementTable { name: "x".into(), flags: Some(vec!["odd".into()]), ..ElementTable::default() };
    assert_eq!(describe(&table), Err(Error::Fault("x: unknown word \"odd\"".into())));
  }
}
