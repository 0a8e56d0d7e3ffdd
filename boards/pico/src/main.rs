//! Raspberry Pi Pico (RP2040 data sheet): Cortex-M0+ at 125 MHz, one of the two. UART 0 (GP0, GP1) is the console, UART 1
//! (GP4, GP5) serves the serial elements, alarm 0 of the timer is the clock, and alarm 1 paces the sound input.
#![no_std]
#![no_main]

mod devices;
mod elements;

use core::task::Waker;

use embassy_executor::Spawner;
use g2g_runtime::emergency::{self, Emergency};
use g2g_runtime::{Board, Cause, Outcome, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

/// How long the host may go without moving anything, in seconds.
const WATCHDOG: u32 = 4;

struct Pico {
  cause: Cause,
}

impl Board for Pico {
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
    devices::feed();
  }

  fn cause(&self) -> Cause {
    self.cause
  }

  fn random(&mut self, to: &mut [u8]) -> bool {
    devices::random(to);
    true
  }

  fn stack(&self) -> Option<(u32, u32)> {
    Some(stack::used())
  }
}

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
  stack::paint();
  let cause = devices::start(WATCHDOG);
  emergency::set(&Emergency { write: |text| devices::CONSOLE.flush(text), halt });
  let outcome = g2g_kit::run::run(Pico { cause }, elements::make(), &image::IMAGE).await;
  devices::CONSOLE.flush(b"");
  if outcome == Outcome::Reset {
    devices::reset();
  }
  g2g_kit::run::end(outcome);
  loop {
    devices::feed();
    embassy_time::Timer::after_secs(u64::from(WATCHDOG) / 2).await;
  }
}

/// The end after a fault that resets did not help against.
fn halt() -> ! {
  g2g_kit::run::leave(false);
  devices::stop_watchdog();
  loop {
    cortex_m::asm::wfi();
  }
}
