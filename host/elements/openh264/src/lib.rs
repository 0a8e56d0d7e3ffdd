//! `openh264dec` and `openh264enc`: H.264 with Cisco's OpenH264, which is built from source into the program.

mod decoder;
mod encoder;
mod native_decoder;
mod native_encoder;
mod parameters;

use std::sync::OnceLock;

use g2g_element_support::Threaded;
use g2g_host::{ElementContext, ElementFactory, ElementTable};

use crate::decoder::Decoder;
use crate::encoder::Encoder;

/// Frames that may wait for a decoder: small, and a few of them let it go on while the core does something else.
const CODED: usize = 8;

/// Pictures that may wait for an encoder: large.
const RAW: usize = 2;

/// The elements of the family.
pub fn elements() -> Vec<ElementFactory> {
  let decoder = |c: &ElementContext<'_>| Box::new(Threaded::new(c.name, CODED, Decoder::default())) as Box<_>;
  let encoder = |c: &ElementContext<'_>| Box::new(Threaded::new(c.name, RAW, Encoder::default())) as Box<_>;
  vec![
    ElementFactory::new(table(include_str!("openh264dec.json")), decoder),
    ElementFactory::new(encoder_table().clone(), encoder),
  ]
}

fn table(json: &str) -> ElementTable {
  serde_json::from_str(json).expect("the table can be read, as a test has seen")
}

fn encoder_table() -> &'static ElementTable {
  static TABLE: OnceLock<ElementTable> = OnceLock::new();
  TABLE.get_or_init(|| table(include_str!("openh264enc.json")))
}

/// The number of a word that a property of the encoder has.
fn number_of(property: &str, word: &str) -> Option<i32> {
  let property = encoder_table().properties.iter().flatten().find(|p| p.name == property)?;
  property.values.iter().flat_map(|values| &values.0).find(|(w, _)| w == word).map(|(_, (n, _))| *n)
}

#[cfg(test)]
mod tests {
  #[test]
  fn the_tables_can_be_read() {
    let names: Vec<String> = super::elements().iter().map(|e| e.table.name.clone()).collect();
    assert_eq!(names, ["openh264dec", "openh264enc"]);
  }
}
