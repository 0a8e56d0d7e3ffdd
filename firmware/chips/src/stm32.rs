//! What ST's STM32F4 and STM32H7 have (reference manuals RM0090 and RM0433) and boards drive by themselves: serial ports
//! whose interrupts feed queues, a timer whose interrupt comes at a pace, the watchdog, random numbers.

mod random;
mod timer;
mod usart;
mod watchdog;

pub use random::Random;
pub use timer::Timer;
pub use usart::{Layout, Usart};
pub use watchdog::Watchdog;
