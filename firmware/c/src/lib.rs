//! The firmware core for programs in C: include/g2g.h says what it is to them. One pipeline, its host loop without an
//! executor, and the drivers of the program as host elements.
//!
//! Built for a board's processor by `g2g firmware library`; elsewhere only its tests run.
#![cfg_attr(target_os = "none", no_std)]
// Without an engine there is no pipeline, and only tests use what runs one.
#![cfg_attr(not(any(feature = "aot", feature = "wasm3")), allow(dead_code))]

mod api;
mod caps;
mod driver;
mod drivers;
mod layout;
mod platform;
mod queue;
mod types;
mod wake;

#[cfg(target_os = "none")]
mod panic;

#[cfg(any(feature = "aot", feature = "wasm3"))]
mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

#[cfg(test)]
mod tests;
