//! What stands on the board and where: data sheet, tables 2-8 (interrupts) and 3-1 (addresses).

use g2g_chips::cmsdk::Watchdog;
use g2g_chips::pl011::Uart;
use g2g_chips::serial::Port;
use g2g_chips::stellaris::{Clock, Reset, System, give_pins};
use g2g_chips::{Console, Mmio, Terminal};
use g2g_kit::unmask;

use crate::numbers;

/// The registers at an address of this board's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver.
  unsafe { Mmio::new(base) }
}

/// Interrupts by their numbers.
mod line {
  pub const UART0: i32 = 5;
  #[cfg(feature = "serial")]
  pub const UART1: i32 = 6;
  pub const WATCHDOG: i32 = 18;
  pub const TIMER0: i32 = 19;
  #[cfg(feature = "boardaudiosrc")]
  pub const TIMER1: i32 = 21;
  pub const ETHERNET: i32 = 42;
}

/// Bits of RCGC0, RCGC1 and RCGC2: the watchdog; UARTs 0 and 1, timers 0 and 1; ports A and D, Ethernet and its PHY.
const GATES: [u32; 3] = [1 << 3, 1 | 1 << 1 | 1 << 16 | 1 << 17, 1 | 1 << 3 | 1 << 28 | 1 << 30];

/// By which the PLL's 200 MHz are divided.
const DIVIDER: u32 = 200_000_000 / numbers::CLOCK;

/// Bits a second of the console.
const BAUDRATE: u32 = 115_200;

pub static CONSOLE: Console<Uart<Mmio>, 512> = Console::new(Uart::new(at(0x4000_c000)));
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x4000_0000));
#[cfg(feature = "network")]
pub static ETHERNET: g2g_chips::stellaris::Ethernet<Mmio> = g2g_chips::stellaris::Ethernet::new(at(0x4004_8000));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Uart<Mmio>> =
  g2g_kit::serial::Serial::new(Uart::new(at(0x4000_d000)), numbers::CLOCK);
#[cfg(feature = "boardaudiosrc")]
pub static PACE: g2g_chips::stellaris::Timer<Mmio> = g2g_chips::stellaris::Timer::new(at(0x4003_1000));

// A tick of embassy-time is a microsecond.
embassy_time_driver::time_driver_impl!(static CLOCK: Clock<Mmio, Mmio> = Clock::new(
  at(0xe000_e010),
  at(0x4003_0000),
  numbers::CLOCK / 1_000_000,
));

/// Starts what every image needs, and lets interrupts through.
/// @param watchdog seconds
/// @returns why the processor started
pub fn start(watchdog: u32) -> Reset {
  let system = System::new(at(0x400f_e000));
  // Without its crystal there is nothing that the board could say, and at no speed.
  assert!(system.run_from_pll(DIVIDER));
  system.power(GATES);
  let reset = system.take_reset();
  // Port A: UART 0 on pins 0 and 1; port D: UART 1 on pins 2 and 3.
  give_pins(&at(0x4000_4000), 0b11);
  #[cfg(feature = "serial")]
  give_pins(&at(0x4000_7000), 0b1100);
  WATCHDOG.start(watchdog * numbers::CLOCK);
  CLOCK.start();
  CONSOLE.port().start(numbers::CLOCK, BAUDRATE);
  CONSOLE.port().listen_received(true);
  let lines = [line::UART0, line::WATCHDOG, line::TIMER0].into_iter();
  #[cfg(feature = "serial")]
  let lines = {
    SERIAL.port.start(numbers::CLOCK, BAUDRATE);
    lines.chain([line::UART1])
  };
  #[cfg(feature = "boardaudiosrc")]
  let lines = lines.chain([line::TIMER1]);
  lines.for_each(unmask);
  reset
}

/// Lets the interrupt of the Ethernet through, which is quiet only after the part was set up.
#[cfg(feature = "network")]
pub fn start_ethernet() {
  unmask(line::ETHERNET);
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
    // Half of its time is left until the reset, after which the part says why it started.
    line::WATCHDOG => {
      CONSOLE.flush(b"\r\nwatchdog\r\n");
      loop {
        cortex_m::asm::nop();
      }
    }
    // All others are masked.
    _ => {}
  }
}
