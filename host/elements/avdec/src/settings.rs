//! Properties of an element.

use g2g_interface::Value;
use g2g_interface::abi::HostError;

/// What is set.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
  /// Threads of the decoder; 0: as many as there are processors.
  pub max_threads: u32,
  /// Bits: 1 a frame a thread, 2 a slice a thread.
  pub thread_type: u32,
  /// What is left out.
  pub skip_frame: u32,
  /// Whether damaged pictures come out.
  pub output_corrupt: bool,
  /// How strictly the decoder keeps to its standard.
  pub compliance: i32,
  /// Whether pictures that are known to be damaged are dropped.
  pub discard_corrupted: bool,
  /// Times that the process is started anew in a minute.
  pub max_restarts: usize,
  /// How long the process may say nothing while there is something to do, ns.
  pub timeout: i64,
}

impl Default for Settings {
  fn default() -> Settings {
    Settings {
      max_threads: 0,
      thread_type: 0,
      skip_frame: 0,
      output_corrupt: true,
      compliance: 1,
      discard_corrupted: false,
      max_restarts: 3,
      timeout: 10_000_000_000,
    }
  }
}

impl Settings {
  /// Takes a property; names that are not known are nobody's.
  pub fn set(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    let Value::Int(n) = value else { return Ok(()) };
    let small = || u32::try_from(n).map_err(|_| HostError::Invalid);
    match name {
      "max-threads" => self.max_threads = small()?,
      "thread-type" => self.thread_type = small()?,
      "skip-frame" => self.skip_frame = small()?,
      "output-corrupt" => self.output_corrupt = n != 0,
      "std-compliance" => self.compliance = i32::try_from(n).ok().filter(|n| (-2..=2).contains(n)).unwrap_or(1),
      "discard-corrupted-frames" => self.discard_corrupted = n != 0,
      "max-restarts" => self.max_restarts = small()? as usize,
      "timeout" => self.timeout = n.max(0),
      _ => {}
    }
    Ok(())
  }
}
