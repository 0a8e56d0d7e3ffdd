//! The host elements that the image has, over the board's devices.

use embassy_executor::Spawner;
#[allow(unused_imports)]
use g2g_chips::{Mmio, cmsdk};
use g2g_kit::BoardElements;

#[allow(unused_imports)]
use crate::{devices, numbers};

/// Makes the elements that the image has; tasks that they need are spawned.
#[allow(unused_mut, unused_variables)]
pub fn make(spawner: &Spawner) -> BoardElements {
  let mut elements = BoardElements::new();
  // A part that does not answer leaves the image without its elements, which the host reports.
  #[cfg(feature = "network")]
  if let Some(device) = devices::ethernet() {
    g2g_kit::network_elements!(elements, spawner, device, devices::Ethernet, numbers, 8, 4096);
  }
  #[cfg(feature = "serial")]
  g2g_kit::serial_elements!(elements, devices::SERIAL, cmsdk::Uart<Mmio>);
  #[cfg(feature = "boardaudiosrc")]
  g2g_kit::sound_element!(elements, devices::PACE, cmsdk::DualTimer<Mmio>, numbers::CLOCK);
  #[cfg(feature = "checksumsink")]
  g2g_kit::checksum::add(&mut elements);
  elements
}
