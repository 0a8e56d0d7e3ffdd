//! System control (data sheet, chapter 5) and the pins (chapter 8): clocks, why it started, what pins are for.

use crate::registers::Registers;

const RAW_INTERRUPTS: usize = 0x050;
const RESET_CAUSE: usize = 0x05c;
const RUN_CLOCK: usize = 0x060;
const CLOCK_GATES: [usize; 3] = [0x100, 0x104, 0x108];

const PLL_LOCKED: u32 = 1 << 6;

const CLOCK_DIVIDER_SHIFT: u32 = 23;
const CLOCK_DIVIDER: u32 = 15 << CLOCK_DIVIDER_SHIFT;
const USE_DIVIDER: u32 = 1 << 22;
const PLL_OFF: u32 = 1 << 13;
const BYPASS_PLL: u32 = 1 << 11;
const CRYSTAL: u32 = 15 << 6;
const CRYSTAL_8_MHZ: u32 = 14 << 6;
const SOURCE: u32 = 3 << 4;
const MAIN_OSCILLATOR_OFF: u32 = 1;

const PIN_FUNCTION: usize = 0x420;
const PIN_ENABLE: usize = 0x51c;

/// Why the part started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
  /// It does not say.
  Unknown,
  /// Power came, or sank too low.
  Power,
  /// The reset pin.
  Pin,
  /// The program.
  Program,
  /// The watchdog.
  Watchdog,
}

/// System control.
pub struct System<R> {
  registers: R,
}

impl<R: Registers> System<R> {
  /// System control with these registers.
  pub const fn new(registers: R) -> Self {
    System { registers }
  }

  /// Runs the processor from the PLL, whose 200 MHz it makes of a crystal of 8 MHz (5.3, "Initialization and
  /// Configuration").
  /// @param divider by which the 200 MHz are divided: 4 to 16
  /// @returns false when the PLL does not lock; the processor has the crystal's clock then
  pub fn run_from_pll(&self, divider: u32) -> bool {
    const PATIENCE: u32 = 100_000;
    let divider = divider.clamp(4, 16);
    let mut clock = self.registers.read(RUN_CLOCK);
    let mut set = |clear: u32, bits: u32| {
      clock = clock & !clear | bits;
      self.registers.write(RUN_CLOCK, clock);
    };
    set(USE_DIVIDER, BYPASS_PLL);
    set(CRYSTAL | SOURCE | MAIN_OSCILLATOR_OFF, CRYSTAL_8_MHZ);
    set(PLL_OFF, 0);
    set(CLOCK_DIVIDER, (divider - 1) << CLOCK_DIVIDER_SHIFT | USE_DIVIDER);
    if !(0..PATIENCE).any(|_| self.registers.read(RAW_INTERRUPTS) & PLL_LOCKED != 0) {
      return false;
    }
    set(BYPASS_PLL, 0);
    true
  }

  /// Lets clocks through to peripherals: bits of RCGC0, RCGC1 and RCGC2 (5.5).
  pub fn power(&self, gates: [u32; 3]) {
    for (offset, bits) in CLOCK_GATES.into_iter().zip(gates) {
      self.registers.write(offset, self.registers.read(offset) | bits);
    }
    // A peripheral takes three clocks to wake (5.2.4.2): more than this read takes, twice.
    for _ in 0..2 {
      self.registers.read(CLOCK_GATES[0]);
    }
  }

  /// Why it started; what the part has noted is forgotten.
  pub fn take_reset(&self) -> Reset {
    let causes = self.registers.read(RESET_CAUSE);
    self.registers.write(RESET_CAUSE, 0);
    // Power makes all others uncertain.
    [(6, Reset::Power), (8, Reset::Watchdog), (16, Reset::Program), (1, Reset::Pin)]
      .into_iter()
      .find(|(bits, _)| causes & bits != 0)
      .map_or(Reset::Unknown, |(_, reset)| reset)
  }
}

/// Gives pins of a port to the peripheral that can have them.
/// @param port its registers
/// @param pins a bit for each
pub fn give_pins(port: &impl Registers, pins: u32) {
  for offset in [PIN_FUNCTION, PIN_ENABLE] {
    port.write(offset, port.read(offset) | pins);
  }
}
