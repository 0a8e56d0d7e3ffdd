//! The files of a replay: those whose bytes a recording has only the hashes of, and those that its sinks write.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

use rustix::fs::OFlags;

use super::format::{Hash, hash_of};
use super::replay::{ReplayOutput, Stop};
use crate::errors::host_error_text;
use crate::files::host_error_of;

/// What an error of the system means.
fn why(error: &io::Error) -> String {
  host_error_text(host_error_of(error) as i32)
}

struct Input {
  path: String,
  file: Option<File>,
}

/// Files that are read again.
#[derive(Default)]
pub struct Inputs {
  /// Where files are now, by the path that the recording names.
  moved: HashMap<String, String>,
  named: Vec<Input>,
}

impl Inputs {
  /// @param moved where files are now, by the path that the recording names
  pub fn new(moved: HashMap<String, String>) -> Inputs {
    Inputs { moved, named: Vec::new() }
  }

  /// The next input.
  pub fn name(&mut self, path: String) {
    let path = self.moved.get(&path).cloned().unwrap_or(path);
    self.named.push(Input { path, file: None });
  }

  /// Reads what was read.
  /// @param number of the input, from 0
  /// @param to where to
  /// @param hash of what was read
  pub fn read(&mut self, number: u64, to: &mut [u8], offset: u64, hash: &Hash) -> Result<(), Stop> {
    let input = usize::try_from(number).ok().and_then(|number| self.named.get_mut(number));
    let input = input.ok_or_else(|| Stop::fault("the recording is damaged"))?;
    let got = input.fill(to, offset);
    got.map_err(|error| Stop::fault(format!("the input {} cannot be read: {}", input.path, why(&error))))?;
    if hash_of([&*to]) == *hash {
      return Ok(());
    }
    let (path, end) = (&input.path, offset.saturating_add(to.len() as u64));
    Err(Stop::fault(format!("the input {path} is not what it was: it differs from byte {offset} to {end}")))
  }
}

impl Input {
  /// Reads as much as there is.
  fn fill(&mut self, mut to: &mut [u8], mut offset: u64) -> io::Result<()> {
    let file = match &mut self.file {
      Some(file) => file,
      // A recording may name a pipe, which nobody would write.
      none => {
        let waits_not = (OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
        none.insert(OpenOptions::new().read(true).custom_flags(waits_not).open(&self.path)?)
      }
    };
    while !to.is_empty() {
      match file.read_at(to, offset) {
        Ok(0) => break,
        Ok(n) => {
          to = &mut to[n..];
          offset += n as u64;
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
      }
    }
    Ok(())
  }
}

struct Sink {
  path: String,
  /// The file, if it is wanted.
  file: Option<(PathBuf, File)>,
  bytes: u64,
  next: u64,
}

/// Files that are written.
pub struct Sinks {
  folder: Option<PathBuf>,
  open: HashMap<i32, Sink>,
  written: Vec<ReplayOutput>,
}

impl Sinks {
  /// @param folder where files are written, each under its own name; `None`: they are not
  pub fn new(folder: Option<PathBuf>) -> Sinks {
    Sinks { folder, open: HashMap::new(), written: Vec::new() }
  }

  /// A sink has opened a file.
  pub fn open(&mut self, handle: i32, path: String) -> Result<(), Stop> {
    let mut file = None;
    if let Some(folder) = &self.folder {
      let name = if path == "-" { "stdout" } else { path.trim_end_matches('/').rsplit('/').next().unwrap_or_default() };
      let at = folder.join(name);
      let made = fs::create_dir_all(folder).and_then(|()| File::create(&at));
      let made = made.map_err(|error| unwritable(&at, &error))?;
      file = Some((at, made));
    }
    self.close(handle);
    self.open.insert(handle, Sink { path, file, bytes: 0, next: 0 });
    Ok(())
  }

  /// A sink writes.
  /// @param offset where, or a negative number: behind what was written before
  pub fn write<'a>(&mut self, handle: i32, offset: i64, parts: impl IntoIterator<Item = &'a [u8]>) -> Result<(), Stop> {
    let Some(sink) = self.open.get_mut(&handle) else { return Ok(()) };
    let mut at = u64::try_from(offset).unwrap_or(sink.next);
    for part in parts {
      if let Some((path, file)) = &sink.file {
        file.write_all_at(part, at).map_err(|error| unwritable(path, &error))?;
      }
      at = at.saturating_add(part.len() as u64);
      sink.bytes += part.len() as u64;
    }
    sink.next = at;
    Ok(())
  }

  /// A handle is given back.
  pub fn close(&mut self, handle: i32) {
    self.written.extend(self.open.remove(&handle).map(|sink| ReplayOutput { path: sink.path, bytes: sink.bytes }));
  }

  /// All files that were written, in the order in which they were closed.
  pub fn finish(&mut self) -> Vec<ReplayOutput> {
    let mut handles: Vec<i32> = self.open.keys().copied().collect();
    handles.sort_unstable();
    handles.into_iter().for_each(|handle| self.close(handle));
    std::mem::take(&mut self.written)
  }
}

fn unwritable(path: &std::path::Path, error: &io::Error) -> Stop {
  Stop::fault(format!("the output {} cannot be written: {}", path.display(), why(error)))
}
