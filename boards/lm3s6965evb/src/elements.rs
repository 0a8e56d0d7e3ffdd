//! The host elements that the image has, over the board's devices.

use embassy_executor::Spawner;
#[allow(unused_imports)]
use g2g_chips::{Mmio, pl011, stellaris};
use g2g_kit::BoardElements;

#[allow(unused_imports)]
use crate::{devices, numbers};

/// Makes the elements that the image has; tasks that they need are spawned.
#[allow(unused_mut, unused_variables)]
pub fn make(spawner: &Spawner) -> BoardElements {
  let mut elements = BoardElements::new();
  #[cfg(feature = "network")]
  {
    use g2g_kit::ConstStaticCell;
    type Device = stellaris::Device<Mmio>;
    static FRAMES: ConstStaticCell<stellaris::Buffers> = ConstStaticCell::new(stellaris::Buffers::new());
    let device = devices::ETHERNET.start(FRAMES.take(), numbers::MAC);
    devices::start_ethernet();
    g2g_kit::network_elements!(elements, spawner, device, Device, numbers, 4, 2048);
  }
  #[cfg(feature = "serial")]
  g2g_kit::serial_elements!(elements, devices::SERIAL, pl011::Uart<Mmio>);
  #[cfg(feature = "boardaudiosrc")]
  g2g_kit::sound_element!(elements, devices::PACE, stellaris::Timer<Mmio>, numbers::CLOCK);
  #[cfg(feature = "checksumsink")]
  g2g_kit::checksum::add(&mut elements);
  elements
}
