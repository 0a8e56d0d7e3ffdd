//! What stands on the board and where: ARM DAI 0500, and ARM DUI 1093 for what all images of the board have.

use g2g_chips::cmsdk::{Clock, Uart, Watchdog};
use g2g_chips::serial::Port;
use g2g_chips::{Console, Mmio};
use g2g_kit::unmask;

use crate::numbers;

/// The registers at an address of this board's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver.
  unsafe { Mmio::new(base) }
}

/// Interrupts by their numbers.
mod line {
  pub const UART0_RECEIVED: i32 = 0;
  pub const UART0_SENT: i32 = 1;
  #[cfg(feature = "serial")]
  pub const UART1_RECEIVED: i32 = 2;
  #[cfg(feature = "serial")]
  pub const UART1_SENT: i32 = 3;
  pub const TIMER1: i32 = 9;
  #[cfg(feature = "boardaudiosrc")]
  pub const DUAL_TIMER: i32 = 10;
  pub const UART_OVERRUN: i32 = 12;
  pub const ETHERNET: i32 = 13;
}

/// Bits a second of the console.
const BAUDRATE: u32 = 115_200;

pub static CONSOLE: Console<Uart<Mmio>, 1024> = Console::new(Uart::new(at(0x4000_4000)));
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x4000_8000));
#[cfg(feature = "network")]
static ETHERNET: g2g_chips::lan9118::Port<Mmio> = g2g_chips::lan9118::Port::new(at(0xa000_0000));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Uart<Mmio>> =
  g2g_kit::serial::Serial::new(Uart::new(at(0x4000_5000)), numbers::CLOCK);
#[cfg(feature = "boardaudiosrc")]
pub static PACE: g2g_chips::cmsdk::DualTimer<Mmio> = g2g_chips::cmsdk::DualTimer::new(at(0x4000_2000));

/// The driver of the Ethernet.
#[cfg(feature = "network")]
pub type Ethernet = g2g_chips::lan9118::Lan9118<Mmio>;

// A tick of embassy-time is a microsecond.
embassy_time_driver::time_driver_impl!(static CLOCK: Clock<Mmio> = Clock::new(
  at(0x4000_0000),
  at(0x4000_1000),
  numbers::CLOCK / 1_000_000,
));

/// Starts what every image needs, and lets interrupts through.
/// @param watchdog seconds
pub fn start(watchdog: u32) {
  WATCHDOG.start(watchdog * numbers::CLOCK);
  CLOCK.start();
  CONSOLE.port().start(numbers::CLOCK, BAUDRATE);
  CONSOLE.port().listen_received(true);
  let lines = [line::UART0_RECEIVED, line::UART0_SENT, line::TIMER1, line::UART_OVERRUN].into_iter();
  #[cfg(feature = "serial")]
  let lines = {
    SERIAL.port.start(numbers::CLOCK, BAUDRATE);
    lines.chain([line::UART1_RECEIVED, line::UART1_SENT])
  };
  #[cfg(feature = "boardaudiosrc")]
  let lines = lines.chain([line::DUAL_TIMER]);
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
    line::UART0_RECEIVED | line::UART0_SENT => CONSOLE.interrupt(),
    line::TIMER1 => CLOCK.interrupt(),
    #[cfg(feature = "serial")]
    line::UART1_RECEIVED | line::UART1_SENT => SERIAL.interrupt(),
    line::UART_OVERRUN => {
      CONSOLE.interrupt();
      #[cfg(feature = "serial")]
      SERIAL.interrupt();
    }
    #[cfg(feature = "boardaudiosrc")]
    line::DUAL_TIMER => g2g_kit::sound::interrupt(&PACE),
    #[cfg(feature = "network")]
    line::ETHERNET => ETHERNET.interrupt(),
    // All others are masked.
    _ => {}
  }
}
