//! What stands on the board and where: ARM DAI 0547, and ARM 101773 for the SSE-300. Addresses are those of the secure
//! state.

use g2g_chips::cmsdk::{Uart, Watchdog};
use g2g_chips::serial::Port;
use g2g_chips::sse::{Clock, start_counter};
use g2g_chips::{Console, Mmio};
use g2g_kit::unmask;

use crate::numbers;

/// The registers at an address of this board's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver.
  unsafe { Mmio::new(base) }
}

/// Interrupts by their numbers; those of the UARTs are for all that they have to say.
mod line {
  pub const TIMER0: i32 = 3;
  #[cfg(feature = "boardaudiosrc")]
  pub const TIMER1: i32 = 4;
  pub const UART0: i32 = 43;
  #[cfg(feature = "serial")]
  pub const UART1: i32 = 44;
  pub const ETHERNET: i32 = 49;
}

/// Hz of the UARTs, and of the watchdog, which has the slow clock.
const PERIPHERALS: u32 = 25_000_000;
const SLOW: u32 = 32_768;

/// Bits a second of the console.
const BAUDRATE: u32 = 115_200;

pub static CONSOLE: Console<Uart<Mmio>, 1024> = Console::new(Uart::new(at(0x5930_3000)));
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x5802_e000));
#[cfg(feature = "network")]
static ETHERNET: g2g_chips::lan9118::Port<Mmio> = g2g_chips::lan9118::Port::new(at(0x5140_0000));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Uart<Mmio>> =
  g2g_kit::serial::Serial::new(Uart::new(at(0x5930_4000)), PERIPHERALS);
#[cfg(feature = "boardaudiosrc")]
pub static PACE: g2g_chips::sse::Timer<Mmio> = g2g_chips::sse::Timer::new(at(0x5800_1000));

/// The driver of the Ethernet.
#[cfg(feature = "network")]
pub type Ethernet = g2g_chips::lan9118::Lan9118<Mmio>;

// A tick of embassy-time is a microsecond.
embassy_time_driver::time_driver_impl!(static CLOCK: Clock<Mmio> =
  Clock::new(at(0x5800_0000), numbers::CLOCK / 1_000_000));

/// Starts what every image needs, and lets interrupts through.
/// @param watchdog seconds
pub fn start(watchdog: u32) {
  WATCHDOG.start(watchdog * SLOW);
  start_counter(&at(0x5810_0000));
  CONSOLE.port().start(PERIPHERALS, BAUDRATE);
  CONSOLE.port().listen_received(true);
  let lines = [line::TIMER0, line::UART0].into_iter();
  #[cfg(feature = "serial")]
  let lines = {
    SERIAL.port.start(PERIPHERALS, BAUDRATE);
    lines.chain([line::UART1])
  };
  #[cfg(feature = "boardaudiosrc")]
  let lines = lines.chain([line::TIMER1]);
  lines.for_each(unmask);
}

/// The Ethernet, set up; `None` when the part does not answer.
#[cfg(feature = "network")]
pub fn ethernet() -> Option<Ethernet> {
  g2g_kit::lan9118::start(&ETHERNET, line::ETHERNET, numbers::MAC)
}

g2g_kit::vectors!(line::ETHERNET, interrupt);

fn interrupt(number: i32) {
  match number {
    line::UART0 => CONSOLE.interrupt(),
    line::TIMER0 => CLOCK.interrupt(),
    #[cfg(feature = "serial")]
    line::UART1 => SERIAL.interrupt(),
    #[cfg(feature = "boardaudiosrc")]
    line::TIMER1 => g2g_kit::sound::interrupt(&PACE),
    #[cfg(feature = "network")]
    line::ETHERNET => ETHERNET.interrupt(),
    // All others are masked.
    _ => {}
  }
}
