//! What stands on the board and where, by RM0433 and ST's UM2407.

use embassy_stm32::interrupt;
use embassy_stm32::pac::gpio::Gpio;
use embassy_stm32::pac::gpio::vals::Moder;
use embassy_stm32::peripherals::{RNG, USART3};
use embassy_stm32::{Peripherals, pac, rcc};
use g2g_chips::serial::Port;
use g2g_chips::stm32::{Layout, Random, Usart, Watchdog};
use g2g_chips::{Console, Mmio};
use g2g_kit::unmask;
use g2g_runtime::Cause;

/// The registers at an address of the part's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver; embassy-stm32 is left to the clocks, the timer of the clock and the Ethernet.
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
pub const TIMERS: u32 = 200_000_000;

/// Hz of the serial port's USART.
#[cfg(feature = "serial")]
const SERIAL_CLOCK: u32 = 100_000_000;

pub static CONSOLE: Console<Usart<Mmio>, 1024> = Console::new(Usart::new(at(0x4000_4800), Layout::H7));
pub static WATCHDOG: Watchdog<Mmio> = Watchdog::new(at(0x5800_4800));
pub static RANDOM: Random<Mmio> = Random::new(at(0x4802_1800));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Usart<Mmio>> =
  g2g_kit::serial::Serial::new(Usart::new(at(0x4000_4400), Layout::H7), SERIAL_CLOCK);
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
  rcc::enable_and_reset::<USART3>();
  give_pins(pac::GPIOD, [8, 9]);
  CONSOLE.port().start(rcc::frequency::<USART3>().0, BAUDRATE);
  CONSOLE.port().listen_received(true);
  unmask(interrupt::USART3 as i32);
  #[cfg(feature = "serial")]
  {
    rcc::enable_and_reset::<embassy_stm32::peripherals::USART2>();
    give_pins(pac::GPIOD, [5, 6]);
    SERIAL.port.start(SERIAL_CLOCK, BAUDRATE);
    unmask(interrupt::USART2 as i32);
  }
  #[cfg(feature = "boardaudiosrc")]
  {
    rcc::enable_and_reset::<embassy_stm32::peripherals::TIM2>();
    unmask(interrupt::TIM2 as i32);
  }
  (peripherals, cause)
}

/// 400 MHz for the processor, 200 MHz for memory, 100 MHz for peripherals, of 64 MHz by way of 800 MHz (RM0433, 8.5).
fn clocks() -> embassy_stm32::Config {
  use embassy_stm32::rcc::*;
  let mut config = embassy_stm32::Config::default();
  config.rcc.hsi = Some(HSIPrescaler::DIV1);
  config.rcc.pll1 = Some(Pll {
    source: PllSource::HSI,
    prediv: PllPreDiv::DIV4,
    mul: PllMul::MUL50,
    divp: Some(PllDiv::DIV2),
    divq: None,
    divr: None,
    fracn: None,
  });
  config.rcc.sys = Sysclk::PLL1_P;
  config.rcc.ahb_pre = AHBPrescaler::DIV2;
  config.rcc.apb1_pre = APBPrescaler::DIV2;
  config.rcc.apb2_pre = APBPrescaler::DIV2;
  config.rcc.apb3_pre = APBPrescaler::DIV2;
  config.rcc.apb4_pre = APBPrescaler::DIV2;
  config.rcc.voltage_scale = VoltageScale::Scale1;
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
  let flags = pac::RCC.rsr().read();
  pac::RCC.rsr().modify(|w| w.set_rmvf(true));
  [
    (flags.porrstf(), Cause::Power),
    (flags.iwdg1rstf(), Cause::Watchdog),
    (flags.sftrstf(), Cause::Program),
    (flags.pinrstf(), Cause::Pin),
  ]
  .into_iter()
  .find(|(set, _)| *set)
  .map_or(Cause::Unknown, |(_, cause)| cause)
}

#[interrupt]
fn USART3() {
  CONSOLE.interrupt();
}

#[cfg(feature = "serial")]
#[interrupt]
fn USART2() {
  SERIAL.interrupt();
}

#[cfg(feature = "boardaudiosrc")]
#[interrupt]
fn TIM2() {
  g2g_kit::sound::interrupt(&PACE);
}
