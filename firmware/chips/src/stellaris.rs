//! What stands in TI's (Luminary Micro's) Stellaris LM3S6965, by its data sheet DS-LM3S6965. Its UARTs are
//! [`crate::pl011`], its watchdog is that of [`crate::cmsdk`].

mod clock;
mod ethernet;
mod system;
mod timer;

pub use clock::Clock;
pub use ethernet::{Buffers, Device, Ethernet};
pub use system::{Reset, System, give_pins};
pub use timer::Timer;
