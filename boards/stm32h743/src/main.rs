//! ST's STM32H743ZI (reference manual RM0433) on a NUCLEO-H743ZI2: Cortex-M7 at 400 MHz from the oscillator inside, both
//! caches on. USART 3 (PD8, PD9: the debugger's port) is the console, USART 2 (PD5, PD6) serves the serial elements, timer 3
//! is the clock, timer 2 paces the sound input, and the controller inside is the network.
#![no_std]
#![no_main]

mod devices;
mod elements;
mod memory;

use core::task::Waker;

use embassy_executor::Spawner;
use g2g_runtime::emergency::{self, Emergency};
use g2g_runtime::{Board, Cause, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

/// How long the host may go without moving anything, in seconds.
const WATCHDOG: u32 = 4;

struct Stm32 {
  cause: Cause,
}

impl Board for Stm32 {
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

  fn cause(&self) -> Cause {
    self.cause
  }

  fn random(&mut self, to: &mut [u8]) -> bool {
    devices::RANDOM.fill(to)
  }

  fn stack(&self) -> Option<(u32, u32)> {
    Some(stack::used())
  }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
  stack::paint();
  memory::start();
  let (peripherals, cause) = devices::start(WATCHDOG);
  emergency::set(&Emergency { write: |text| devices::CONSOLE.flush(text), halt });
  let outcome = g2g_kit::run::run(Stm32 { cause }, elements::make(&spawner, peripherals), &image::IMAGE).await;
  devices::CONSOLE.flush(b"");
  g2g_kit::run::end(outcome);
  loop {
    devices::WATCHDOG.feed();
    embassy_time::Timer::after_secs(u64::from(WATCHDOG) / 2).await;
  }
}

/// The end after a fault that resets did not help against. The watchdog cannot be stopped, so that it is fed.
fn halt() -> ! {
  loop {
    devices::WATCHDOG.feed();
  }
}
