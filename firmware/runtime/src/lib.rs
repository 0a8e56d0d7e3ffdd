//! The host of a pipeline on a board. A build has frozen the pipeline after it was negotiated ([`Start::Frozen`]), or has
//! left the launching to the board ([`Start::Whole`]); the host opens its elements, takes steps, sleeps between them, and
//! climbs a bounded ladder when something fails: the operation again, the element again, the pipeline again, the processor
//! again, and then an end.
//!
//! The loop is the one of every host, with the numbers of DESIGN.md, "The contract". It is one task of an executor; what
//! interrupts have done reaches it through the wakers of the elements. Nothing here allocates.
#![cfg_attr(not(test), no_std)]

pub mod board;
pub mod boot;
pub mod elements;
pub mod fault;
mod host;
pub mod image;
mod instance;
pub mod ladder;
#[cfg(any(feature = "wasm3", not(feature = "aot")))]
mod launch;
pub mod ledger;
pub mod machine;
mod messages;
mod operations;
mod outbox;
pub mod print;
mod service;
#[cfg(feature = "stats")]
mod stats;
#[cfg(feature = "embassy-time")]
mod time;

#[cfg(all(feature = "cortex-m", target_os = "none"))]
pub mod emergency;
#[cfg(all(feature = "panic-handler", target_os = "none"))]
mod panic;
#[cfg(all(feature = "cortex-m", target_os = "none"))]
pub mod processor;
#[cfg(all(feature = "cortex-m", target_os = "none"))]
pub mod stack;

pub use board::{Board, Cause, Outcome};
pub use elements::Elements;
pub use fault::{Breach, Fault};
pub use g2g_engine as engine;
pub use g2g_interface as interface;
pub use host::{Host, run, run_with};
pub use image::{Image, Start};
pub use ladder::Policy;
pub use machine::Machine;
pub use operations::Operations;
