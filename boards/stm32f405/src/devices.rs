//! What stands on the board and where, by the data sheet and RM0090.

use embassy_stm32::interrupt;
use embassy_stm32::pac::gpio::Gpio;
use embassy_stm32::pac::gpio::vals::Moder;
use embassy_stm32::peripherals::{RNG, USART1};
use embassy_stm32::{Peripherals, pac, rcc};
use g2g_chips::serial::Port;
use g2g_chips::stm32::{Layout, Random, Usart, Watchdog};
use g2g_chips::{Console, Mmio};
use g2g_kit::unmask;
use g2g_runtime::Cause;

/// The registers at an address of the part's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver; embassy-stm32 is left to the clocks, the timer of the clock and the reset of others.
  unsafe { Mmio::new(base) }
}

/// Bits a second of the console.
const BAUDRATE: u32 = 115_200;

/// Hz of the watchdog, about.
const SLOW: u32 = 32_000;

/// The function of pins that USARTs 1 to 3 have.
const USART: u8 = 7;

/// Hz of the timers on the first peripheral bus.
#[cfg(feature = "boardaudiosrc")]
pub const TIMERS: u32 = 84_000_000;

/// Hz of the serial port's USART.
#[cfg(feature = "serial")]
const SERIAL_CLOCK: u32 = 42_000_000;

pub static CONSOLE: Console<Usart<Mmio>, 1024> = Console::new(Usart::new(at(0x4001_1000), Layout::F4));
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x4000_3000));
pub static RANDOM: Random<Mmio> = Random::new(at(0x5006_0800));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Usart<Mmio>> =
  g2g_kit::serial::Serial::new(Usart::new(at(0x4000_4800), Layout::F4), SERIAL_CLOCK);
#[cfg(feature = "boardaudiosrc")]
pub static PACE: g2g_chips::stm32::Timer<Mmio> = g2g_chips::stm32::Timer::new(at(0x4000_0000));

/// Starts what every image needs, and lets interrupts through.
/// @param watchdog seconds
/// @returns what embassy-stm32 drives, and why the processor started
pub fn start(watchdog: u32) -> (Peripherals, Cause) {
  let cause = cause();
  let peripherals = embassy_stm32::init(clocks());
  WATCHDOG.start(SLOW, watchdog * 1000);
  rcc::enable_and_reset::<RNG>();
  rcc::enable_and_reset::<USART1>();
  give_pins(pac::GPIOA, [9, 10]);
  CONSOLE.port().start(rcc::frequency::<USART1>().0, BAUDRATE);
  CONSOLE.port().listen_received(true);
  unmask(interrupt::USART1 as i32);
  #[cfg(feature = "serial")]
  {
    rcc::enable_and_reset::<embassy_stm32::peripherals::USART3>();
    give_pins(pac::GPIOB, [10, 11]);
    SERIAL.port.start(SERIAL_CLOCK, BAUDRATE);
    unmask(interrupt::USART3 as i32);
  }
  #[cfg(feature = "boardaudiosrc")]
  {
    rcc::enable_and_reset::<embassy_stm32::peripherals::TIM2>();
    unmask(interrupt::TIM2 as i32);
  }
  (peripherals, cause)
}

/// 168 MHz for the processor and 48 MHz for random numbers, of 16 MHz by way of 336 MHz (RM0090, 7.2.3).
fn clocks() -> embassy_stm32::Config {
  use embassy_stm32::rcc::*;
  let mut config = embassy_stm32::Config::default();
  config.rcc.hsi = true;
  config.rcc.pll_src = PllSource::HSI;
  config.rcc.pll = Some(Pll {
    prediv: PllPreDiv::DIV8,
    mul: PllMul::MUL168,
    divp: Some(PllPDiv::DIV2),
    divq: Some(PllQDiv::DIV7),
    divr: None,
  });
  config.rcc.sys = Sysclk::PLL1_P;
  config.rcc.ahb_pre = AHBPrescaler::DIV1;
  config.rcc.apb1_pre = APBPrescaler::DIV4;
  config.rcc.apb2_pre = APBPrescaler::DIV2;
  config
}

/// Gives two pins of a port to their USART.
fn give_pins(port: Gpio, pins: [usize; 2]) {
  for pin in pins {
    port.afr(pin / 8).modify(|w| w.set_afr(pin % 8, USART));
    port.moder().modify(|w| w.set_moder(pin, Moder::ALTERNATE));
  }
}

/// Why the processor started; what the part has noted is forgotten. Power and the pin come with others, so that they are
/// looked at in this order.
fn cause() -> Cause {
  let flags = pac::RCC.csr().read();
  pac::RCC.csr().modify(|w| w.set_rmvf(true));
  [
    (flags.porrstf(), Cause::Power),
    (flags.wdgrstf(), Cause::Watchdog),
    (flags.sftrstf(), Cause::Program),
    (flags.padrstf(), Cause::Pin),
  ]
  .into_iter()
  .find(|(set, _)| *set)
  .map_or(Cause::Unknown, |(_, cause)| cause)
}

#[interrupt]
fn USART1() {
  CONSOLE.interrupt();
}

#[cfg(feature = "serial")]
#[interrupt]
fn USART3() {
  SERIAL.interrupt();
}

#[cfg(feature = "boardaudiosrc")]
#[interrupt]
fn TIM2() {
  g2g_kit::sound::interrupt(&PACE);
}
