//! Elements that the firmware serves to the core: network, serial ports, sound, cameras, codecs, displays, sensors. Each is
//! a cargo feature of its name; its table of pads and properties stands beside it, `<name>.json`.
//!
//! An element is one instance in static memory, made by the board with the device that it drives, and put into the
//! [`Registry`]. It never waits: what takes time is done by an interrupt, by direct memory access or by a task of the
//! board's, which hands results over through an [`Exchange`] and wakes the step loop. Data goes from the device into the
//! blocks of the core, or out of them, without a copy where the device can reach linear memory.
//!
//! Timestamps are readings of the host's clock, which starts with the pipeline.
#![cfg_attr(not(test), no_std)]

pub mod block;
pub mod cache;
pub mod caps;
pub mod credits;
pub mod drain;
pub mod exchange;
pub mod held;
pub mod property;
pub mod registry;
pub mod spsc;

#[cfg(any(feature = "boardaudiosrc", feature = "boardaudiosink"))]
pub mod audio;
#[cfg(feature = "boardaudiosink")]
pub mod boardaudiosink;
#[cfg(feature = "boardaudiosrc")]
pub mod boardaudiosrc;
#[cfg(any(feature = "boardaudiosrc", feature = "framegrabber"))]
pub mod capture;
#[cfg(feature = "checksumsink")]
pub mod checksumsink;
#[cfg(any(feature = "hwjpegdec", feature = "hwh264enc"))]
pub mod codec;
#[cfg(feature = "framegrabber")]
pub mod framegrabber;
#[cfg(feature = "hwh264enc")]
pub mod hwh264enc;
#[cfg(feature = "hwjpegdec")]
pub mod hwjpegdec;
#[cfg(feature = "i2csensor")]
pub mod i2csensor;
#[cfg(any(feature = "boardaudiosrc", feature = "framegrabber"))]
mod intake;
#[cfg(feature = "spidisplay")]
pub mod panel;
#[cfg(feature = "boardaudiosink")]
pub mod playback;
#[cfg(feature = "i2csensor")]
pub mod sensor;
#[cfg(feature = "spidisplay")]
pub mod spidisplay;
#[cfg(feature = "boardaudiosrc")]
pub mod tone;
#[cfg(any(feature = "uartsrc", feature = "uartsink"))]
pub mod uart;
#[cfg(feature = "uartsink")]
pub mod uartsink;
#[cfg(feature = "uartsrc")]
pub mod uartsrc;
#[cfg(any(feature = "udpsink", feature = "udpsrc"))]
pub mod udp;
#[cfg(feature = "udpsink")]
pub mod udpsink;
#[cfg(feature = "udpsrc")]
pub mod udpsrc;

pub use exchange::Exchange;
pub use registry::Registry;
