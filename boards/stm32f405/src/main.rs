//! ST's STM32F405RG (reference manual RM0090): Cortex-M4F at 168 MHz from the oscillator inside, so that any crystal will do.
//! USART 1 (PA9, PA10) is the console, USART 3 (PB10, PB11) serves the serial elements, timer 3 is the clock, and timer 2
//! paces the sound input.
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
async fn main(_spawner: Spawner) {
  stack::paint();
  let (_, cause) = devices::start(WATCHDOG);
  let program = Program::<Stm32>::new(cause);
  program.run(elements::make(), &image::IMAGE).await
}
