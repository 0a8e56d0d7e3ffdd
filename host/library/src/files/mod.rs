//! Files, pipes, terminals and devices, as the operations of DESIGN.md work on them. For Linux.
//!
//! No call waits. Bytes go between the system and linear memory without a copy, but for devices that others share or that
//! cannot be waited for.

mod channel;
mod errno;
mod fifo;
mod given;
mod jobs;
mod reads;
mod regular;
mod sink;
mod source;
mod stretches;
#[cfg(test)]
mod tests;

use std::os::fd::OwnedFd;

use g2g_interface::abi::{HostError, OpenKind};
use rustix::fs::{Access, FileType, Mode, OFlags, Stat, access, fcntl_getfl, fcntl_setfl, fstat, stat};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::runtime::Handle;

use channel::Channel;
use errno::host_error;
pub use errno::host_error_of;
use fifo::Fifo;
use regular::RegularFile;
use sink::WriteStream;
use source::ReadStream;

use crate::resource::{Resource, ResourceHost};

/// Opens a file for one of the File kinds, from a task of tokio. A named pipe is waited for by what is done with it.
pub fn open(host: &ResourceHost, kind: OpenKind, path: &str) -> Result<Box<dyn Resource>, HostError> {
  let reads = match kind {
    OpenKind::FileRead => true,
    OpenKind::FileWrite | OpenKind::FileAppend => false,
    OpenKind::Element => return Err(HostError::Unsupported),
  };
  let opener = Opener { host, runtime: Handle::try_current().map_err(|_| HostError::Unsupported)?, reads };
  if let Some(fd) = given::descriptor_of(path, reads) {
    return opener.given(given::take(fd, reads).map_err(host_error)?);
  }
  if stat(path).is_ok_and(|stat| type_of(&stat) == FileType::Fifo) {
    return opener.fifo(path);
  }
  let fd = open_file(path, flags_of(kind, path)).map_err(host_error)?;
  let stat = fstat(&fd).map_err(host_error)?;
  match type_of(&stat) {
    FileType::Directory => Err(HostError::IsDirectory),
    FileType::RegularFile => {
      fcntl_setfl(&fd, fcntl_getfl(&fd).map_err(host_error)? - OFlags::NONBLOCK).map_err(host_error)?;
      Ok(opener.regular(fd, &stat, false))
    }
    _ => opener.own(fd, true),
  }
}

/// What all kinds of files are opened with.
struct Opener<'a> {
  host: &'a ResourceHost,
  runtime: Handle,
  reads: bool,
}

impl Opener<'_> {
  fn given(self, given: given::Given) -> Result<Box<dyn Resource>, HostError> {
    let stat = fstat(&given.fd).map_err(host_error)?;
    if type_of(&stat) == FileType::RegularFile {
      return Ok(self.regular(given.fd, &stat, true));
    }
    if given.own { self.own(given.fd, true) } else { Ok(self.stream(Channel::shared(given.fd), true)) }
  }

  /// Opens a named pipe; why it cannot be read or written is told by reads and writes.
  fn fifo(self, path: &str) -> Result<Box<dyn Resource>, HostError> {
    if self.reads {
      let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
      return match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => self.own(fd, false),
        Err(error) => Ok(Box::new(ReadStream::failed(self.host, self.runtime, host_error(error)))),
      };
    }
    let fifo = Fifo::new(path).and_then(|fifo| Ok((fifo.try_open()?, fifo)));
    Ok(match fifo {
      Ok((Some(fd), _)) => return self.own(fd, true),
      Ok((None, fifo)) => Box::new(WriteStream::waiting(self.host, self.runtime, fifo)),
      Err(error) => Box::new(WriteStream::failed(self.host, self.runtime, host_error(error))),
    })
  }

  fn regular(self, fd: OwnedFd, stat: &Stat, given: bool) -> Box<dyn Resource> {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let base = if given && !self.reads { size } else { 0 };
    Box::new(RegularFile::new(self.host, self.runtime, fd, self.reads, size, base))
  }

  fn own(self, fd: OwnedFd, connected: bool) -> Result<Box<dyn Resource>, HostError> {
    let interest = if self.reads { Interest::READABLE } else { Interest::WRITABLE };
    let channel = Channel::own(fd, interest).map_err(|error| host_error_of(&error))?;
    Ok(self.stream(channel, connected))
  }

  fn stream(self, channel: Channel, connected: bool) -> Box<dyn Resource> {
    if self.reads {
      Box::new(ReadStream::new(self.host, self.runtime, channel, connected))
    } else {
      Box::new(WriteStream::new(self.host, self.runtime, channel))
    }
  }
}

/// Opens a file so that not even a pipe that has just taken its place is waited for.
fn open_file(path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
  let mode = Mode::from_raw_mode(0o666);
  let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
  match rustix::fs::open(path, flags | OFlags::NONBLOCK, mode) {
    // A regular file that another process holds a lease on, which it is asked to give up.
    Err(Errno::AGAIN) => rustix::fs::open(path, flags, mode),
    opened => opened,
  }
}

/// Flags to open with. What is written can be read too, if permissions let it: a muxer may move what it has written.
fn flags_of(kind: OpenKind, path: &str) -> OFlags {
  if kind == OpenKind::FileRead {
    return OFlags::RDONLY;
  }
  let flags = OFlags::CREATE | if kind == OpenKind::FileWrite { OFlags::TRUNC } else { OFlags::empty() };
  let unreadable = access(path, Access::READ_OK) == Err(Errno::ACCESS);
  flags | if unreadable { OFlags::WRONLY } else { OFlags::RDWR }
}

fn type_of(stat: &Stat) -> FileType {
  FileType::from_raw_mode(stat.st_mode)
}

/// Answers Size: a stream has none.
fn stream_size(host: &ResourceHost, ptr: u32) -> i32 {
  if host.memory.0.write(ptr, &(-1i64).to_le_bytes()) { 0 } else { HostError::Invalid as i32 }
}
