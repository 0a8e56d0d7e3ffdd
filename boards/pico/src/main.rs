//! Raspberry Pi Pico (RP2040 data sheet): Cortex-M0+ at 125 MHz, one of the two. UART 0 (GP0, GP1) is the console, UART 1
//! (GP4, GP5) serves the serial elements, alarm 0 of the timer is the clock, and alarm 1 paces the sound input.
#![no_std]
#![no_main]

mod devices;
mod elements;

use embassy_executor::Spawner;
use g2g_chips::Terminal;
use g2g_kit::{Devices, Program, WATCHDOG};
use g2g_runtime::stack;

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

struct Pico;

impl Devices for Pico {
  fn console() -> &'static impl Terminal {
    &devices::CONSOLE
  }

  fn feed() {
    devices::feed();
  }

  fn stop_watchdog() -> bool {
    devices::stop_watchdog();
    true
  }

  fn random(to: &mut [u8]) -> bool {
    devices::random(to);
    true
  }

  fn reset() -> ! {
    devices::reset()
  }
}

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
  stack::paint();
  let program = Program::<Pico>::new(devices::start(WATCHDOG));
  program.run(elements::make(), &image::IMAGE).await
}
