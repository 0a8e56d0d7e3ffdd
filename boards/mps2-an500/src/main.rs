//! Arm MPS2 with the FPGA image AN500 (ARM DAI 0500): Cortex-M7 at 25 MHz, caches off. UART 0 is the console, UART 1 serves
//! the serial elements, two timers are the clock, the dual timer paces the sound input, and the LAN9220 is the network. The
//! board does not tell why it started.
#![no_std]
#![no_main]

mod devices;
mod elements;

use core::task::Waker;

use embassy_executor::Spawner;
use g2g_runtime::emergency::{self, Emergency};
use g2g_runtime::{Board, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

/// How long the host may go without moving anything, in seconds.
const WATCHDOG: u32 = 4;

struct Mps;

impl Board for Mps {
  fn print(&mut self, text: &[u8]) {
    devices::CONSOLE.print(text);
  }

  fn typed(&mut self, waker: &Waker) -> Option<u8> {
    devices::TYPED.take(waker)
  }

  fn watchdog(&self) -> Option<i64> {
    Some(i64::from(WATCHDOG) * 1_000_000_000)
  }

  fn feed(&mut self) {
    devices::WATCHDOG.feed();
  }

  fn stack(&self) -> Option<(u32, u32)> {
    Some(stack::used())
  }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
  stack::paint();
  devices::start(WATCHDOG);
  emergency::set(&Emergency { write: |text| devices::CONSOLE.flush(text), halt });
  let elements = elements::make(&spawner);
  let outcome = g2g_kit::run::run(Mps, elements, &image::IMAGE).await;
  devices::CONSOLE.flush(b"");
  g2g_kit::run::end(outcome);
  loop {
    devices::WATCHDOG.feed();
    embassy_time::Timer::after_secs(u64::from(WATCHDOG) / 2).await;
  }
}

/// The end after a fault that resets did not help against.
fn halt() -> ! {
  g2g_kit::run::leave(false);
  devices::WATCHDOG.stop();
  loop {
    cortex_m::asm::wfi();
  }
}
