//! What stands on the board and where.

use cortex_m::peripheral::NVIC;
use g2g_chips::cmsdk::{Clock, Uart, Watchdog};
#[cfg(feature = "network")]
use g2g_chips::lan9118::Port;
use g2g_chips::{Console, Mmio, Typed};
use g2g_runtime::processor;

use crate::numbers;

/// The registers at an address of this board's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver, below and in `elements`.
  unsafe { Mmio::new(base) }
}

/// Interrupts by their numbers.
mod line {
  pub const UART0_RECEIVED: i32 = 0;
  pub const UART0_SENT: i32 = 1;
  #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
  pub const UART1_RECEIVED: i32 = 2;
  #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
  pub const UART1_SENT: i32 = 3;
  pub const TIMER1: i32 = 9;
  #[cfg(feature = "boardaudiosrc")]
  pub const DUAL_TIMER: i32 = 10;
  pub const UART_OVERRUN: i32 = 12;
  pub const ETHERNET: i32 = 13;
}

/// Bits a second of the console, and of the other port until an element says more.
const BAUDRATE: u32 = 115_200;

pub static CONSOLE: Console<Uart<Mmio>, 1024> = Console::new(Uart::new(at(0x4000_4000)));
pub static TYPED: Typed = Typed::new();
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x4000_8000));
#[cfg(feature = "network")]
pub static ETHERNET: Port<Mmio> = Port::new(at(0x4020_0000));
#[cfg(any(feature = "uartsrc", feature = "uartsink"))]
pub static SERIAL: Uart<Mmio> = Uart::new(at(0x4000_5000));
#[cfg(feature = "boardaudiosrc")]
pub static PACE: g2g_chips::cmsdk::DualTimer<Mmio> = g2g_chips::cmsdk::DualTimer::new(at(0x4000_2000));

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
  #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
  SERIAL.start(numbers::CLOCK, BAUDRATE);
  let common = [line::UART0_RECEIVED, line::UART0_SENT, line::TIMER1, line::UART_OVERRUN];
  #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
  let common = common.into_iter().chain([line::UART1_RECEIVED, line::UART1_SENT]);
  #[cfg(feature = "boardaudiosrc")]
  let common = common.into_iter().chain([line::DUAL_TIMER]);
  common.into_iter().for_each(unmask);
}

/// Lets the interrupt of the Ethernet through, whose pin is quiet only after the part was set up.
#[cfg(feature = "network")]
pub fn start_ethernet() {
  unmask(line::ETHERNET);
}

fn unmask(number: i32) {
  // No code depends on an interrupt not coming.
  unsafe { NVIC::unmask(Line(number as u16)) };
}

#[derive(Clone, Copy)]
struct Line(u16);

// The number is one of this board's.
unsafe impl cortex_m::interrupt::InterruptNumber for Line {
  fn number(self) -> u16 {
    self.0
  }
}

/// One vector for each interrupt up to the last that is in use.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [extern "C" fn(); line::ETHERNET as usize + 1] = [interrupt; line::ETHERNET as usize + 1];

/// Any interrupt: the processor knows which.
extern "C" fn interrupt() {
  match processor::interrupt() {
    line::UART0_RECEIVED => {
      while let Some(byte) = CONSOLE.port().receive() {
        TYPED.put(byte);
      }
    }
    line::UART0_SENT => CONSOLE.interrupt(),
    line::TIMER1 => CLOCK.interrupt(),
    line::UART_OVERRUN => {
      CONSOLE.port().overrun();
      #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
      crate::elements::serial_received();
    }
    #[cfg(feature = "network")]
    line::ETHERNET => ETHERNET.interrupt(),
    #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
    line::UART1_RECEIVED => crate::elements::serial_received(),
    #[cfg(any(feature = "uartsrc", feature = "uartsink"))]
    line::UART1_SENT => crate::elements::serial_sent(),
    #[cfg(feature = "boardaudiosrc")]
    line::DUAL_TIMER => {
      PACE.clear();
      crate::elements::sound();
    }
    // All others are masked.
    _ => {}
  }
}
