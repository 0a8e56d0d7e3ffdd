//! `avdec_*`: decoders of libavcodec, by GStreamer's names. A decoder runs in a process of its own, which has no rights but to
//! decode: whatever a stream does to it, the worst is that it ends, and is started anew. See g2g-avdec-protocol.

mod colors;
mod element;
mod output;
mod process;
mod ring;
mod settings;
mod shared;
mod times;

use g2g_avdec_protocol::Codec;
use g2g_host::{ElementFactory, ElementTable};

use crate::element::Avdec;

/// The elements, with their codecs and tables.
const ELEMENTS: [(Codec, &str); 8] = [
  (Codec::H264, include_str!("avdec_h264.json")),
  (Codec::H265, include_str!("avdec_h265.json")),
  (Codec::Vp8, include_str!("avdec_vp8.json")),
  (Codec::Vp9, include_str!("avdec_vp9.json")),
  (Codec::Av1, include_str!("avdec_av1.json")),
  (Codec::Mjpeg, include_str!("avdec_mjpeg.json")),
  (Codec::Aac, include_str!("avdec_aac.json")),
  (Codec::Opus, include_str!("avdec_opus.json")),
];

/// The elements of the family.
pub fn elements() -> Vec<ElementFactory> {
  let factory = |(codec, json): &(Codec, &str)| {
    let table: ElementTable = serde_json::from_str(json).expect("the table can be read, as a test has seen");
    let codec = *codec;
    ElementFactory::new(table, move |_| Box::new(Avdec::new(codec)))
  };
  ELEMENTS.iter().map(factory).collect()
}

/// Why the elements of this family cannot work here; `None` when they can.
pub fn missing() -> Option<String> {
  process::program().err()
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn the_tables_can_be_read() {
    let names: Vec<String> = elements().iter().map(|e| e.table.name.clone()).collect();
    let expected = ["h264", "h265", "vp8", "vp9", "av1", "mjpeg", "aac", "opus"].map(|n| format!("avdec_{n}"));
    assert_eq!(names, expected);
  }
}
