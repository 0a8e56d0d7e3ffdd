//! Exit codes of the command line.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
  /// All went well.
  Ok = 0,
  /// The pipeline failed.
  Failed = 1,
  /// The command or the launch line is wrong.
  Usage = 2,
  /// A replay did not give what was recorded.
  Diverged = 3,
  /// By SIGINT.
  Interrupted = 130,
  /// By SIGTERM.
  Terminated = 143,
}

impl From<Exit> for ExitCode {
  fn from(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
  }
}
