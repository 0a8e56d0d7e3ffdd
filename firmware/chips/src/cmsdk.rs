//! Peripherals of Arm's Cortex-M System Design Kit (ARM DDI 0479), which its MPS2 and MPS3 boards have.

mod clock;
mod dual;
mod timer;
mod uart;
mod watchdog;

pub use clock::Clock;
pub use dual::DualTimer;
pub use timer::Timer;
pub use uart::Uart;
pub use watchdog::Watchdog;
