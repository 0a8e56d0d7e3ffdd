//! TI's Stellaris LM3S6965 evaluation kit (data sheet DS-LM3S6965): Cortex-M3 at 50 MHz. UART 0 is the console, UART 1 serves
//! the serial elements, the SysTick and timer 0 are the clock, timer 1 paces the sound input, and the controller inside is
//! the network.
#![no_std]
#![no_main]

mod devices;
mod elements;

use embassy_executor::Spawner;
use g2g_chips::Terminal;
use g2g_chips::stellaris::Reset;
use g2g_kit::{Devices, Program, WATCHDOG};
use g2g_runtime::{Cause, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

struct Evb;

impl Devices for Evb {
  fn console() -> &'static impl Terminal {
    &devices::CONSOLE
  }

  fn feed() {
    devices::WATCHDOG.feed();
  }

  fn stop_watchdog() -> bool {
    devices::WATCHDOG.stop();
    true
  }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
  stack::paint();
  let program = Program::<Evb>::new(cause(devices::start(WATCHDOG)));
  program.run(elements::make(&spawner), &image::IMAGE).await
}

fn cause(reset: Reset) -> Cause {
  match reset {
    Reset::Unknown => Cause::Unknown,
    Reset::Power => Cause::Power,
    Reset::Pin => Cause::Pin,
    Reset::Program => Cause::Program,
    Reset::Watchdog => Cause::Watchdog,
  }
}
