//! Drivers of what stands on the boards. Each is given the address of its registers, so that boards that have the same part
//! elsewhere share it; none takes an interrupt by itself, a board calls it from its handlers.
#![cfg_attr(not(test), no_std)]

#[cfg(feature = "cmsdk")]
pub mod cmsdk;
pub mod console;
#[cfg(feature = "lan9118")]
pub mod lan9118;
pub mod pace;
#[cfg(feature = "pl011")]
pub mod pl011;
pub mod registers;
pub mod serial;
#[cfg(feature = "sse")]
pub mod sse;
#[cfg(feature = "stellaris")]
pub mod stellaris;
#[cfg(feature = "stm32")]
pub mod stm32;

pub use console::{Console, Terminal};
pub use registers::{Mmio, Registers};
