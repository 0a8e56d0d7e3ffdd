//! Runs the core on a board. Two engines behind one interface: `aot` runs C that was made of the core when the image was
//! built, `wasm3` interprets a module. See DESIGN.md, "The contract".
//!
//! There is one engine and one instance. All memory is static and is taken by [`Engine::start`].
#![cfg_attr(not(test), no_std)]

#[cfg(all(feature = "aot", feature = "wasm3"))]
compile_error!("g2g-engine runs one engine: aot or wasm3");

mod export;
mod imports;
mod trap;

#[cfg(feature = "aot")]
mod aot;
#[cfg(feature = "wasm3")]
mod check;
#[cfg(any(feature = "aot", feature = "wasm3"))]
mod served;
#[cfg(feature = "wasm3")]
mod wasm3;

#[cfg(feature = "aot")]
pub use aot::Engine;
pub use export::Export;
pub use imports::Imports;
pub use trap::Trap;
#[cfg(feature = "wasm3")]
pub use wasm3::Engine;
