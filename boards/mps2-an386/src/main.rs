//! Arm MPS2 with the FPGA image AN386 (ARM DAI 0386): Cortex-M4F at 25 MHz. UART 0 is the console, UART 1 serves the serial
//! elements, two timers are the clock, the dual timer paces the sound input, and the LAN9220 is the network.
#![no_std]
#![no_main]

mod devices;
mod elements;
#[cfg(all(feature = "record", not(feature = "update")))]
mod record;
#[cfg(feature = "update")]
mod update;

use embassy_executor::Spawner;
use g2g_chips::Terminal;
use g2g_kit::{Devices, Program, WATCHDOG};
use g2g_runtime::{Cause, Outcome, stack};

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
  let made = elements::make(&spawner);
  let outcome = run(program, made, &spawner).await;
  #[cfg(all(feature = "record", not(feature = "update")))]
  record::sent().await;
  Program::<Mps>::end(outcome).await
}

#[cfg(feature = "update")]
use update::run;

#[cfg(not(feature = "update"))]
#[allow(unused_variables)]
async fn run(mut program: Program<Mps>, made: elements::Made, spawner: &Spawner) -> Outcome {
  let Some(engine) = g2g_kit::run::start(&mut program, &image::IMAGE) else { return Outcome::Halted };
  #[cfg(feature = "record")]
  let engine = record::over(engine, made.network, spawner);
  g2g_runtime::run(program, made.elements, engine, &image::IMAGE).await
}
