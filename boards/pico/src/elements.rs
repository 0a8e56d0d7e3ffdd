//! The host elements that the image has, over the board's devices.

use g2g_kit::BoardElements;

#[allow(unused_imports)]
use crate::devices;

/// Makes the elements that the image has.
#[allow(unused_mut)]
pub fn make() -> BoardElements {
  let mut elements = BoardElements::new();
  #[cfg(feature = "serial")]
  g2g_kit::serial_elements!(elements, devices::SERIAL, g2g_chips::pl011::Uart<g2g_chips::Mmio>);
  #[cfg(feature = "boardaudiosrc")]
  g2g_kit::sound_element!(elements, devices::PACE, devices::pace::Alarm, devices::pace::CLOCK);
  #[cfg(feature = "checksumsink")]
  g2g_kit::checksum::add(&mut elements);
  elements
}
