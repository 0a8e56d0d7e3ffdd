//! The seam to sound devices.

use g2g_interface::HostError;

pub use crate::block::Block;
use crate::caps::AudioFormat;
#[cfg(feature = "boardaudiosrc")]
pub use crate::capture::{Capture, CaptureSide, Filled};
#[cfg(feature = "boardaudiosink")]
pub use crate::playback::{Piece, Playback, PlaybackSide};

/// A sound device that captures into the blocks of a `Capture`, or plays the pieces of a `Playback`.
pub trait SoundDevice {
  /// Prepares for a format; `Unsupported` when the device cannot have it.
  /// @param block bytes that it fills at a time
  fn configure(&mut self, format: &AudioFormat, block: u32) -> Result<(), HostError>;

  /// Begins. There are at least two blocks to fill, or a piece to play.
  fn start(&mut self) -> Result<(), HostError>;

  /// Stops; when it returns, neither interrupt nor direct memory access touches a block, and all were given back. It may be
  /// called when the device is not running.
  fn stop(&mut self);
}
