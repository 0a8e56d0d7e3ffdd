//! Sinks that compute checksums, as many as a line that is compared with a run at the desk may have.

use g2g_elements::checksumsink::ChecksumSink;
use static_cell::ConstStaticCell;

use crate::BoardElements;

/// How many.
pub const SINKS: usize = 4;

/// Adds them; to be called once.
pub fn add(elements: &mut BoardElements) {
  static ELEMENTS: ConstStaticCell<[ChecksumSink; SINKS]> =
    ConstStaticCell::new([const { ChecksumSink::new() }; SINKS]);
  for element in ELEMENTS.take() {
    elements.add("checksumsink", element);
  }
}
