//! What stands in the RP2040 and where, by its data sheet.

use embassy_rp::interrupt;
use embassy_rp::pac;
use g2g_chips::pl011::Uart;
use g2g_chips::serial::Port;
use g2g_chips::{Console, Mmio};
use g2g_kit::unmask;
use g2g_runtime::Cause;

use crate::numbers;

/// The registers at an address of the part's map.
const fn at(base: usize) -> Mmio {
  // Each is given to one driver; embassy-rp is left to the clocks, the timer's alarm 0 and the pins.
  unsafe { Mmio::new(base) }
}

/// Bits a second of the console.
const BAUDRATE: u32 = 115_200;

pub static CONSOLE: Console<Uart<Mmio>, 1024> = Console::new(Uart::new(at(0x4003_4000)));
#[cfg(feature = "serial")]
pub static SERIAL: g2g_kit::serial::Serial<Uart<Mmio>> =
  g2g_kit::serial::Serial::new(Uart::new(at(0x4003_8000)), numbers::CLOCK);
#[cfg(feature = "boardaudiosrc")]
pub static PACE: pace::Alarm = pace::Alarm::new();

/// Starts what every image needs, and lets interrupts through.
/// @param watchdog seconds
/// @returns why the processor started
pub fn start(watchdog: u32) -> Cause {
  // Clocks as the boot ROM leaves them are set to 125 MHz from the crystal of 12 MHz.
  embassy_rp::init(Default::default());
  let cause = cause();
  start_watchdog(watchdog);
  give_pins([0, 1]);
  CONSOLE.port().start(numbers::CLOCK, BAUDRATE);
  CONSOLE.port().listen_received(true);
  unmask(interrupt::UART0_IRQ as i32);
  #[cfg(feature = "serial")]
  {
    give_pins([4, 5]);
    SERIAL.port.start(numbers::CLOCK, BAUDRATE);
    unmask(interrupt::UART1_IRQ as i32);
  }
  #[cfg(feature = "boardaudiosrc")]
  unmask(interrupt::TIMER_IRQ_1 as i32);
  cause
}

/// Gives pins to their UART (2.19.2, function 2).
fn give_pins(pins: [usize; 2]) {
  for pin in pins {
    pac::IO_BANK0.gpio(pin).ctrl().write(|w| w.set_funcsel(2));
    pac::PADS_BANK0.gpio(pin).modify(|w| w.set_ie(true));
  }
}

/// In the watchdog's first scratch register once a program has started: power and the reset pin clear it (4.7.4).
const STARTED: u32 = 0x4732_4c53;

/// Why the processor started: 4.7.6 and 2.12.8. SYSRESETREQ resets the processor alone (2.4.2.9), of which no register tells:
/// those of the chip stay as its last reset left them.
fn cause() -> Cause {
  let again = pac::WATCHDOG.scratch0().read() == STARTED;
  pac::WATCHDOG.scratch0().write_value(STARTED);
  let reason = pac::WATCHDOG.reason().read();
  if reason.timer() {
    return Cause::Watchdog;
  }
  if reason.force() || again {
    return Cause::Program;
  }
  let chip = pac::VREG_AND_CHIP_RESET.chip_reset().read();
  if chip.had_por() {
    Cause::Power
  } else if chip.had_run() || chip.had_psm_restart() {
    Cause::Pin
  } else {
    Cause::Unknown
  }
}

/// What the watchdog counts down from in a second: two to a tick of a microsecond (erratum RP2040-E1).
const COUNTS: u32 = 2_000_000;

static LOAD: portable_atomic::AtomicU32 = portable_atomic::AtomicU32::new(0);

/// Has the watchdog reset all but the oscillators (4.7, 2.13.5).
fn start_watchdog(seconds: u32) {
  let load = (seconds * COUNTS).min(0xff_ffff);
  LOAD.store(load, portable_atomic::Ordering::Relaxed);
  stop_watchdog();
  pac::PSM.wdsel().write_value(pac::psm::regs::Wdsel(0x1_fffc));
  pac::WATCHDOG.load().write(|w| w.set_load(load));
  pac::WATCHDOG.ctrl().modify(|w| w.set_enable(true));
}

pub fn feed() {
  let load = LOAD.load(portable_atomic::Ordering::Relaxed);
  pac::WATCHDOG.load().write(|w| w.set_load(load));
}

pub fn stop_watchdog() {
  pac::WATCHDOG.ctrl().modify(|w| w.set_enable(false));
}

/// Resets all that the watchdog does, at once.
pub fn reset() -> ! {
  pac::WATCHDOG.ctrl().modify(|w| w.set_trigger(true));
  loop {
    cortex_m::asm::wfi();
  }
}

/// The ring oscillator's noise (2.17.5), bit by bit.
pub fn random(to: &mut [u8]) {
  for byte in to {
    *byte = (0..8).fold(0, |byte, _| byte << 1 | u8::from(pac::ROSC.randombit().read().randombit()));
  }
}

#[interrupt]
fn UART0_IRQ() {
  CONSOLE.interrupt();
}

#[cfg(feature = "serial")]
#[interrupt]
fn UART1_IRQ() {
  SERIAL.interrupt();
}

#[cfg(feature = "boardaudiosrc")]
#[interrupt]
fn TIMER_IRQ_1() {
  g2g_kit::sound::interrupt(&PACE);
}

#[cfg(feature = "boardaudiosrc")]
pub mod pace {
  //! Alarm 1 of the timer (4.6), which counts microseconds, as a pace.

  use embassy_rp::pac;
  use g2g_chips::pace::Pace;
  use portable_atomic::{AtomicU32, Ordering};

  /// Hz.
  pub const CLOCK: u32 = 1_000_000;

  const ALARM: usize = 1;

  /// The alarm and its period.
  pub struct Alarm {
    period: AtomicU32,
  }

  impl Alarm {
    pub const fn new() -> Self {
      Alarm { period: AtomicU32::new(0) }
    }
  }

  impl Pace for Alarm {
    fn repeat(&self, ticks: u32) {
      self.period.store(ticks, Ordering::Relaxed);
      pac::TIMER.intr().write(|w| w.set_alarm(ALARM, true));
      pac::TIMER.inte().modify(|w| w.set_alarm(ALARM, true));
      let now = pac::TIMER.timerawl().read();
      pac::TIMER.alarm(ALARM).write_value(now.wrapping_add(ticks));
    }

    fn stop(&self) {
      pac::TIMER.inte().modify(|w| w.set_alarm(ALARM, false));
      pac::TIMER.armed().write(|w| w.set_armed(1 << ALARM));
      pac::TIMER.intr().write(|w| w.set_alarm(ALARM, true));
    }

    /// An alarm that lies behind would come only when the count has come round, so that one that is late counts from now.
    fn clear(&self) {
      pac::TIMER.intr().write(|w| w.set_alarm(ALARM, true));
      let period = self.period.load(Ordering::Relaxed);
      let now = pac::TIMER.timerawl().read();
      let next = pac::TIMER.alarm(ALARM).read().wrapping_add(period);
      let least = period / 2;
      let late = next.wrapping_sub(now) as i32 <= least as i32;
      pac::TIMER.alarm(ALARM).write_value(if late { now.wrapping_add(least.max(1)) } else { next });
    }
  }
}
