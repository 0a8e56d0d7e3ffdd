//! Recordings of runs, and their replay. A recording of any host can be replayed by any other that has the same core.

mod files;
mod format;
mod player;
mod reader;
mod recorder;
mod replay;
mod rerun;
mod tap;
mod writer;

pub use recorder::{Call, Recorder, Returned};
pub use replay::{Divergence, OnMessage, Replay, ReplayError, ReplayOptions, ReplayOutput, replay};
pub use tap::Tap;

use std::path::PathBuf;

/// Where a run is recorded, and how.
#[derive(Clone, Debug)]
pub struct RecordOptions {
  /// The file, which is made or emptied.
  pub file: PathBuf,
  /// Whether hashes of what is read from files stand in place of the data.
  pub digests: bool,
}
