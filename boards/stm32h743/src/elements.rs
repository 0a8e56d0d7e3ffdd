//! The host elements that the image has, over the board's devices.

use embassy_executor::Spawner;
use embassy_stm32::Peripherals;
#[allow(unused_imports)]
use g2g_chips::{
  Mmio,
  stm32::{Timer, Usart},
};
use g2g_kit::BoardElements;

#[allow(unused_imports)]
use crate::{devices, numbers};

/// Makes the elements that the image has; tasks that they need are spawned.
#[allow(unused_mut, unused_variables)]
pub fn make(spawner: &Spawner, peripherals: Peripherals) -> BoardElements {
  let mut elements = BoardElements::new();
  #[cfg(feature = "network")]
  {
    let device = ethernet::start(peripherals);
    g2g_kit::network_elements!(elements, spawner, device, ethernet::Device, numbers, 8, 8192);
  }
  #[cfg(feature = "serial")]
  g2g_kit::serial_elements!(elements, devices::SERIAL, Usart<Mmio>);
  #[cfg(feature = "boardaudiosrc")]
  g2g_kit::sound_element!(elements, devices::PACE, Timer<Mmio>, devices::TIMERS);
  #[cfg(feature = "checksumsink")]
  g2g_kit::checksum::add(&mut elements);
  elements
}

#[cfg(feature = "network")]
mod ethernet {
  use core::mem::MaybeUninit;

  use embassy_stm32::eth::{Ethernet, GenericPhy, InterruptHandler, PacketQueue, Sma};
  use embassy_stm32::peripherals::{ETH, ETH_SMA};
  use embassy_stm32::{Peripherals, bind_interrupts};

  use crate::numbers;

  bind_interrupts!(struct Interrupts {
    ETH => InterruptHandler;
  });

  /// The driver.
  pub type Device = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

  type Queue = PacketQueue<4, 4>;

  /// Frames and their descriptors, where no cache stands between the processor and the controller.
  #[unsafe(link_section = ".ethernet")]
  static mut QUEUE: MaybeUninit<Queue> = MaybeUninit::uninit();

  /// Starts the controller with the pins that it has on the board; its peripherals are taken once.
  pub fn start(p: Peripherals) -> Device {
    // The only use, since peripherals are had only once.
    let queue: &'static mut MaybeUninit<Queue> = unsafe { &mut *(&raw mut QUEUE) };
    Queue::init(queue);
    // Just made.
    let queue = unsafe { queue.assume_init_mut() };
    Ethernet::new(
      queue,
      p.ETH,
      Interrupts,
      p.PA1,
      p.PA7,
      p.PC4,
      p.PC5,
      p.PG13,
      p.PB13,
      p.PG11,
      numbers::MAC,
      p.ETH_SMA,
      p.PA2,
      p.PC1,
    )
  }
}
