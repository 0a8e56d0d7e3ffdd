//! Repeats a recorded run.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use g2g_artifact::ARTIFACTS;

use super::format::{DIGESTS, Hash, IMAGE, MAGIC, VERSION, hash_of, hex};
use super::player::Player;
use super::reader::{FieldError, FieldReader};
use super::rerun::Rerun;
use crate::engine::{Engine, EngineOptions};
use crate::errors::{Error, host_error_text};
use crate::files::host_error_of;
use crate::messages::Message;

/// Takes the messages of a replay.
pub type OnMessage = Box<dyn FnMut(&Message)>;

/// How a recording is replayed.
#[derive(Default)]
pub struct ReplayOptions {
  /// Path of the core; it must be that one of the library's which made the recording.
  pub core: Option<PathBuf>,
  /// Folder in which to write what the sinks wrote, each file under its own name.
  pub output: Option<PathBuf>,
  /// Where files are now that a recording with digests names, by the path it names.
  pub inputs: HashMap<String, String>,
  /// Called with each message that the core posts.
  pub on_message: Option<OnMessage>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayOutput {
  /// Its path when the run was recorded.
  pub path: String,
  /// The bytes that went into it.
  pub bytes: u64,
}

/// What was replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
  /// Entries of the recording.
  pub entries: u64,
  /// Steps of the core.
  pub steps: u64,
  /// Messages posted.
  pub messages: u64,
  /// Files written.
  pub outputs: Vec<ReplayOutput>,
  /// Whether the recording goes to its end; one that was cut off ends with what it has.
  pub complete: bool,
  /// The trap that the recording ends with, and that has come again.
  pub trap: Option<String>,
  /// Why the recording ends before its run, if it says so.
  pub torn: Option<String>,
}

/// The core did something else than it did when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
  /// What was expected and what came.
  pub what: String,
  /// The step in which it came, from 1.
  pub step: u64,
  /// Where in the recording, bytes.
  pub offset: u64,
}

/// Why a recording could not be replayed.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayError {
  /// The core does something else than it did then.
  Diverged(Divergence),
  /// The file is no recording, there is no core that made it, or an input is not what it was.
  Failed(Error),
}

impl fmt::Display for ReplayError {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      ReplayError::Diverged(Divergence { what, step, offset }) => {
        write!(f, "the replay diverges in step {step} (byte {offset} of the recording): {what}")
      }
      ReplayError::Failed(error) => error.fmt(f),
    }
  }
}

impl std::error::Error for ReplayError {}

/// Why a replay does not go on.
#[derive(Debug)]
pub enum Stop {
  /// The recording ends, at this byte.
  End(u64),
  /// The core does something else.
  Diverged(Divergence),
  /// It cannot go on.
  Failed(Error),
}

impl Stop {
  /// For a reason.
  pub fn fault(why: impl Into<String>) -> Stop {
    Stop::Failed(Error::Fault(why.into()))
  }
}

impl From<FieldError> for Stop {
  fn from(error: FieldError) -> Stop {
    match error {
      FieldError::End(at) => Stop::End(at),
      FieldError::Damaged => Stop::fault("the recording is damaged"),
      FieldError::Unreadable(error) => {
        Stop::fault(format!("the recording cannot be read: {}", host_error_text(host_error_of(&error) as i32)))
      }
    }
  }
}

impl From<Stop> for ReplayError {
  fn from(stop: Stop) -> ReplayError {
    match stop {
      Stop::End(at) => ReplayError::Failed(Error::Fault(format!("the recording ends at byte {at}"))),
      Stop::Diverged(divergence) => ReplayError::Diverged(divergence),
      Stop::Failed(error) => ReplayError::Failed(error),
    }
  }
}

/// Repeats a recorded run: with no file, clock or network, but for the files that a recording with digests names.
/// @param file path of the recording
/// @throws [`ReplayError::Diverged`] when the core does something else than it did then
pub fn replay(file: &Path, options: ReplayOptions) -> Result<Replay, ReplayError> {
  let mut reader = FieldReader::open(file).map_err(|error| {
    let why = host_error_text(host_error_of(&error) as i32);
    Stop::fault(format!("the recording {} cannot be read: {why}", file.display()))
  })?;
  let (flags, hash) = head(&mut reader)?;
  let engine = find_core(&hash, options.core.as_deref())?;
  let player = Player::new(reader, flags & DIGESTS != 0, options);
  let rerun = Rerun::new(&engine, player).map_err(Stop::Failed)?;
  Ok(rerun.run()?)
}

/// Reads the head: its flags and the hash of the core.
fn head(reader: &mut FieldReader) -> Result<(u8, Hash), Stop> {
  if !reader.raw(MAGIC.len() as u64).is_ok_and(|magic| magic == MAGIC) {
    return Err(Stop::fault("the file is no recording"));
  }
  let version = reader.byte()?;
  if version != VERSION {
    return Err(Stop::fault(format!("the recording is of version {version}; version {VERSION} is known")));
  }
  let (flags, hash) = (reader.byte()?, reader.hash()?);
  if flags & IMAGE != 0 {
    return Err(Stop::fault("the recording brings a core of its own, which only the Node host can run"));
  }
  Ok((flags, hash))
}

/// An engine with the core that has a hash.
fn find_core(hash: &Hash, given: Option<&Path>) -> Result<Engine, Stop> {
  let own = |simd: bool| ARTIFACTS.iter().find(|a| a.simd == simd).map(|a| (simd, hash_of([a.wasm])));
  let found = [true, false].into_iter().filter_map(own).find(|(_, own)| own == hash);
  let have: Vec<(String, Hash)> = match given {
    Some(path) => {
      let wasm = fs::read(path).map_err(|_| Stop::fault(format!("the core {} cannot be read", path.display())))?;
      vec![(path.file_name().unwrap_or_default().to_string_lossy().into(), hash_of([&*wasm]))]
    }
    None => {
      let name = |simd| if simd { "core.simd.wasm" } else { "core.wasm" };
      [true, false].into_iter().filter_map(own).map(|(simd, hash)| (name(simd).into(), hash)).collect()
    }
  };
  if !have.iter().any(|(_, have)| have == hash) {
    let have: Vec<String> = have.iter().map(|(name, hash)| format!("{name} is {}", short(hash))).collect();
    let (core, have) = (short(hash), have.join(", "));
    return Err(Stop::fault(format!("the recording was made with core {core}, which is not here ({have})")));
  }
  let Some((simd, _)) = found else {
    return Err(Stop::fault("the core is none of this program's, which only the Node host can run"));
  };
  Engine::new(&EngineOptions { simd: Some(simd), ..EngineOptions::default() }).map_err(Stop::Failed)
}

/// As much of a hash as tells cores apart.
fn short(hash: &Hash) -> String {
  hex(&hash[..8])
}
