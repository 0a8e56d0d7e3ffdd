//! Arm MPS2 with the FPGA image AN386 (ARM DAI 0386): Cortex-M4F at 25 MHz. UART 0 is the console, UART 1 serves the serial
//! elements, two timers are the clock, the dual timer paces the sound input, and the LAN9220 is the network.
#![no_std]
#![no_main]

mod devices;
mod elements;
#[cfg(feature = "network")]
mod network;
#[cfg(feature = "record")]
mod record;
#[cfg(feature = "update")]
mod update;

use core::task::Waker;

use embassy_executor::Spawner;
use g2g_runtime::emergency::{self, Emergency};
use g2g_runtime::engine::Engine;
use g2g_runtime::{Board, Outcome, stack};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

mod numbers {
  include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

/// How long the host may go without moving anything, in seconds.
const WATCHDOG: u32 = 4;

/// What imports, interrupts and functions that do not call themselves need of the stack, bytes.
const STACK_RESERVE: usize = 2048;

struct Mps2;

impl Board for Mps2 {
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
  let elements = elements::Board::new(&spawner);
  Engine::limit_stack(stack::lowest(), STACK_RESERVE);
  #[cfg(feature = "update")]
  let outcome = update::run(elements, &spawner).await;
  #[cfg(not(feature = "update"))]
  let outcome = match Engine::start(image::IMAGE.module) {
    #[cfg(feature = "record")]
    Ok(engine) => g2g_runtime::run(Mps2, elements, record::over(engine), &image::IMAGE).await,
    #[cfg(not(feature = "record"))]
    Ok(engine) => g2g_runtime::run(Mps2, elements, engine, &image::IMAGE).await,
    Err(trap) => {
      Mps2.print(b"the module cannot be started: ");
      Mps2.print(trap.name().as_bytes());
      Mps2.print(b"\r\n");
      Outcome::Halted
    }
  };
  end(outcome).await
}

/// What is left to do when the run is over.
async fn end(outcome: Outcome) -> ! {
  #[cfg(feature = "record")]
  record::sent().await;
  devices::CONSOLE.flush(b"");
  match outcome {
    Outcome::Reset => cortex_m::peripheral::SCB::sys_reset(),
    Outcome::Halted => leave(false),
    Outcome::Eos => leave(true),
  }
  loop {
    devices::WATCHDOG.feed();
    embassy_time::Timer::after_secs(u64::from(WATCHDOG) / 2).await;
  }
}

/// Ends the emulator that the image was made for, if it was.
fn leave(success: bool) {
  #[cfg(feature = "emulator")]
  {
    use cortex_m_semihosting::debug;
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
  }
  let _ = success;
}

/// The end after a fault that resets did not help against.
fn halt() -> ! {
  leave(false);
  devices::WATCHDOG.stop();
  loop {
    cortex_m::asm::wfi();
  }
}
