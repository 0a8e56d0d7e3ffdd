//! Records a run on a board in the format of node-host/src/record/format.ts, so that it can be repeated at a desk.
//!
//! [`Recorded`] stands between the host and its engine and writes down every call and all that enters linear memory. What it
//! writes goes into a bounded [`Queue`], from which a task of the board sends it off in packets. The pipeline never waits for
//! it: a recording that cannot be sent fast enough ends with a mark that says so.
//!
//! Where the feature is off, none of this is in an image.
#![cfg_attr(not(test), no_std)]

mod digest;
mod entry;
mod operations;
mod packet;
mod queue;
mod recorded;
mod tap;
#[cfg(feature = "udp")]
mod udp;

pub use entry::Torn;
pub use packet::{HEAD, PACKET, SERIAL, serial};
pub use queue::Queue;
pub use recorded::Recorded;
#[cfg(feature = "udp")]
pub use udp::send;

/// How a run is recorded.
pub struct Settings {
  /// Names of element instances that give the same bytes again when they are asked to: hashes stand in place of these.
  pub reproducible: &'static [&'static str],
}
