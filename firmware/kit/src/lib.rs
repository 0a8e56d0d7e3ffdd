//! What the programs of boards have in common. A board brings its devices and the handlers of their interrupts; how a run
//! begins and ends, and how devices become elements, is the same on all of them.
#![no_std]

#[cfg(feature = "checksum")]
pub mod checksum;
pub mod elements;
mod interrupts;
#[cfg(feature = "lan9118")]
pub mod lan9118;
#[cfg(feature = "network")]
pub mod network;
#[cfg(any(feature = "aot", feature = "wasm3"))]
pub mod run;
#[cfg(feature = "serial")]
pub mod serial;
#[cfg(feature = "sound")]
pub mod sound;

pub use elements::BoardElements;
#[cfg(feature = "network")]
pub use embassy_net as net;
pub use g2g_elements as parts;
pub use g2g_runtime::processor;
pub use interrupts::unmask;
#[cfg(any(feature = "aot", feature = "wasm3"))]
pub use run::{Devices, Program, WATCHDOG};
pub use static_cell::{ConstStaticCell, StaticCell};
