//! The families of elements that this program serves besides those of the core.

use g2g_host::{ElementFactory, ElementTable, element_tables};

/// All elements of the host.
pub fn elements() -> Vec<ElementFactory> {
  [
    g2g_avdec::elements(),
    #[cfg(feature = "openh264")]
    g2g_openh264::elements(),
  ]
  .concat()
}

/// The tables of all elements, those of the core among them, by name.
pub fn tables() -> Vec<ElementTable> {
  let own = elements();
  let mut all: Vec<ElementTable> = element_tables().iter().chain(own.iter().map(|e| &*e.table)).cloned().collect();
  all.sort_by(|a, b| a.name.cmp(&b.name));
  all
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn no_two_elements_have_the_same_name() {
    let names: Vec<String> = tables().into_iter().map(|t| t.name).collect();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    assert_eq!(names.iter().any(|n| n == "openh264dec"), cfg!(feature = "openh264"));
  }
}
