//! The host interface of the core from the host's side, for every host that is written in Rust: codes, records,
//! completions, handles, and what an element of the host has to do. See DESIGN.md, "The host interface".
//!
//! Nothing here allocates or knows an engine, so that the firmware and the native host share it.
#![cfg_attr(not(test), no_std)]

pub mod completion;
pub mod element;
pub mod frame;
pub mod generated;
pub mod handles;
pub mod memory;
pub mod records;

pub use completion::{Completion, Ring};
pub use element::{Answer, Completions, Credit, HostElement, Upstream, Value};
pub use frame::Frame;
pub use generated::abi;
pub use generated::abi::HostError;
pub use handles::Handles;
pub use memory::Memory;
pub use records::{Record, Records};

/// A time that is not known, in place of nanoseconds.
pub const NONE: i64 = i64::MIN;
