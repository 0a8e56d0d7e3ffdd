//! What a build puts into an image.

/// A pipeline as the build made it.
pub struct Image {
  /// The launch line.
  pub line: &'static str,
  /// SHA-256 of the module, in hexadecimal.
  pub module_hash: &'static str,
  /// The module, for an engine that takes it as data; empty where it was compiled ahead of time.
  pub module: &'static [u8],
  /// Bytes of linear memory.
  pub memory: usize,
  /// Address of the header of the completion ring; 0 when the core is to be asked.
  pub ring: u32,
  /// How the pipeline comes to run.
  pub start: Start,
}

/// How a pipeline comes to run.
pub enum Start {
  /// It was launched when the image was built; the module's memory is that of a pipeline that plays.
  Frozen {
    /// What the core asked of the host until then: see [`crate::boot`].
    log: &'static [u8],
  },
  /// The core is launched on the board.
  Whole {
    /// Bytes of memory that the core may take.
    ceiling: u32,
    /// Descriptors of the host elements.
    descriptors: &'static [&'static [u8]],
    /// The launch line.
    line: &'static str,
  },
}
