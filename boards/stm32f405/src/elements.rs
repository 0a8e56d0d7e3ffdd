//! The host elements that the image has, over the board's devices.

#[allow(unused_imports)]
use g2g_chips::{
  Mmio,
  stm32::{Timer, Usart},
};
use g2g_kit::BoardElements;

#[allow(unused_imports)]
use crate::devices;

/// Makes the elements that the image has.
#[allow(unused_mut)]
pub fn make() -> BoardElements {
  let mut elements = BoardElements::new();
  #[cfg(feature = "serial")]
  g2g_kit::serial_elements!(elements, devices::SERIAL, Usart<Mmio>);
  #[cfg(feature = "boardaudiosrc")]
  g2g_kit::sound_element!(elements, devices::PACE, Timer<Mmio>, devices::TIMERS);
  #[cfg(feature = "checksumsink")]
  g2g_kit::checksum::add(&mut elements);
  elements
}
