//! What elements of the native host share.
//!
//! Work that takes longer than a moment must not hold up the loop of a pipeline. A [`Codec`] is written as if it could wait:
//! its calls come on a thread of its own, it asks for a place for what it gives, and gets one or is told that nobody wants it
//! any more. [`Threaded`] makes an element of the host of it.

mod caps;
mod codec;
mod element;
mod gate;
mod i420;
mod shared;
mod thread;

pub use caps::Caps;
pub use codec::{Codec, Input, Stop, Times};
pub use element::Threaded;
pub use i420::I420;
pub use shared::Setting;
pub use thread::Output;
