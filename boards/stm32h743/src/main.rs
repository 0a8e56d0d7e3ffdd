//! ST's STM32H743ZI (reference manual RM0433) on a NUCLEO-H743ZI2: Cortex-M7 at 400 MHz from the oscillator inside, both
//! caches on. USART 3 (PD8, PD9: the debugger's port) is the console, USART 2 (PD5, PD6) serves the serial elements, timer 3
//! is the clock, timer 2 paces the sound input, and the controller inside is the network.
#![no_std]
#![no_main]

mod devices;
mod elements;
mod memory;

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

struct Stm32;

impl Devices for Stm32 {
  fn console() -> &'static impl Terminal {
    &devices::CONSOLE
  }

  fn feed() {
    devices::WATCHDOG.feed();
  }

  fn random(to: &mut [u8]) -> bool {
    devices::RANDOM.fill(to)
  }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
  stack::paint();
  memory::start();
  let (peripherals, cause) = devices::start(WATCHDOG);
  let program = Program::<Stm32>::new(cause);
  program.run(elements::make(&spawner, peripherals), &image::IMAGE).await
}
