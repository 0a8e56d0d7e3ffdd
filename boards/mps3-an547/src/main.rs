//! Arm MPS3 with the FPGA image AN547 (ARM DAI 0547): Cortex-M55 of an SSE-300 at 32 MHz, in secure state. UART 0 is the
//! console, UART 1 serves the serial elements, the system counter and its timers are the clock and pace the sound input,
//! and the LAN9220 is the network. The image lies in the instruction memory that is coupled to the processor. The board does
//! not tell why it started.
#![no_std]
#![no_main]

mod devices;
mod elements;

use embassy_executor::Spawner;
use g2g_chips::Terminal;
use g2g_kit::{Devices, Program, WATCHDOG};
use g2g_runtime::{Cause, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

struct Mps;

impl Devices for Mps {
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
  devices::start(WATCHDOG);
  let program = Program::<Mps>::new(Cause::Unknown);
  program.run(elements::make(&spawner), &image::IMAGE).await
}
