//! Brings other pipelines to a board in the field, for images that interpret their core.
//!
//! A **package** is a module with its boot log, under one signature. It comes into one of two **slots** of the flash, while
//! the pipeline of the other slot, or the one that was built in, goes on. It is then started **on trial**: when it has moved
//! frames for a while it is confirmed, and when it fails before that, the last good one comes back. What is to be started
//! is written down so that power may fail at any moment.
//!
//! A header is signed by itself and has the hash of what follows, so that a package that is not wanted is refused before
//! anything is erased.
#![cfg_attr(not(test), no_std)]

mod header;
mod image;
mod journal;
mod layout;
pub mod ram;
mod refusal;
mod store;
mod transfer;
mod trial;
#[cfg(feature = "udp")]
mod udp;

pub use header::{HEADER, Header};
pub use image::image;
pub use journal::State;
pub use layout::{Layout, Limits};
pub use refusal::Refusal;
pub use store::{Choice, Happened, Store};
pub use transfer::{CHUNK, Next, REPLY, REQUEST, Transfer};
pub use trial::{OnTrial, Proof, TRIAL};
#[cfg(feature = "udp")]
pub use udp::serve;
