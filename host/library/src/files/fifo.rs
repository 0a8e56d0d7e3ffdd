//! Named pipes that wait for a reader.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

/// How often it is looked whether somebody reads a pipe. The system has no way to tell: a reader waits in the call that opens
/// it, which no watch on the file reports, and a thread in the same call could be freed only by an end that is opened for a
/// moment, which others would take for a reader.
const INTERVAL: Duration = Duration::from_millis(5);

/// A named pipe, whatever becomes of its name.
pub struct Fifo(OwnedFd);

impl Fifo {
  /// Finds the pipe at a path.
  pub fn new(path: &str) -> Result<Fifo, Errno> {
    open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map(Fifo)
  }

  /// Opens it for writing, without blocking; `None` while nobody reads it.
  pub fn try_open(&self) -> Result<Option<OwnedFd>, Errno> {
    let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
    match open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
      Ok(fd) => Ok(Some(fd)),
      Err(Errno::NXIO) => Ok(None),
      Err(error) => Err(error),
    }
  }

  /// Opens it for writing as soon as somebody reads it.
  pub async fn opened(self) -> Result<OwnedFd, Errno> {
    loop {
      tokio::time::sleep(INTERVAL).await;
      if let Some(fd) = self.try_open()? {
        return Ok(fd);
      }
    }
  }
}
