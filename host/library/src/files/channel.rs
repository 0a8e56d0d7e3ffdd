//! What bytes go through one after the other, and how it is waited for: pipes, sockets, terminals and devices.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat, major, minor};
use rustix::io::{Errno, retry_on_intr};
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::sync::oneshot;

/// How long a device is left alone that can neither be waited for nor go on.
const PAUSE: Duration = Duration::from_millis(1);

/// Bytes that a thread moves at once.
pub const CHUNK: usize = 1 << 18;

/// A descriptor that has no offsets.
pub enum Channel {
  /// Its description is our own and does not block; the event loop waits for it.
  Own(AsyncFd<OwnedFd>),
  /// It never makes anybody wait.
  Instant(OwnedFd),
  /// Others use it too, or it cannot be waited for: threads may block in it, with memory of their own.
  Shared(Arc<OwnedFd>),
}

impl Channel {
  /// Takes a descriptor whose description is our own and does not block.
  pub fn own(fd: OwnedFd, interest: Interest) -> io::Result<Channel> {
    if is_memory(&fd) {
      return Ok(Channel::Instant(fd));
    }
    match watch(fd, interest) {
      Ok(watched) => Ok(Channel::Own(watched)),
      // Block devices and such cannot be waited for.
      Err((fd, error)) if Errno::from_io_error(&error) == Some(Errno::PERM) => {
        fcntl_setfl(&fd, fcntl_getfl(&fd)? - OFlags::NONBLOCK)?;
        Ok(Channel::Shared(Arc::new(fd)))
      }
      Err((_, error)) => Err(error),
    }
  }

  /// Takes a descriptor that others use too, so that its mode is not ours to change.
  pub fn shared(fd: OwnedFd) -> Channel {
    if is_memory(&fd) { Channel::Instant(fd) } else { Channel::Shared(Arc::new(fd)) }
  }

  /// What can be read and written without waiting, if threads need not do it.
  pub fn direct(&self) -> Option<BorrowedFd<'_>> {
    match self {
      Channel::Own(watched) => Some(watched.get_ref().as_fd()),
      Channel::Instant(fd) => Some(fd.as_fd()),
      Channel::Shared(_) => None,
    }
  }

  /// Waits until something can be moved; of what is given, `clear_ready` is to be called when nothing could.
  pub async fn ready(&self, interest: Interest) -> io::Result<Option<AsyncFdReadyGuard<'_, OwnedFd>>> {
    match self {
      Channel::Own(watched) => watched.ready(interest).await.map(Some),
      Channel::Instant(_) => Ok(None),
      // Registered anew each time: a thread that took a part of what was there leaves no edge behind it.
      Channel::Shared(fd) => match watch(fd.clone(), interest) {
        Ok(watched) => watched.ready(interest).await.map(|_| None),
        Err(_) => Ok(None),
      },
    }
  }

  /// Has a thread read into a chunk: what came of it, once a thread has done so, and the chunk.
  pub async fn read(&self, chunk: Vec<u8>) -> (Result<usize, Errno>, Vec<u8>) {
    self.in_thread(chunk, |fd, chunk| retry_on_intr(|| rustix::io::read(fd, &mut chunk[..]))).await
  }

  /// Has a thread write the first `length` bytes of a chunk: how many it has written, and the chunk.
  pub async fn write(&self, chunk: Vec<u8>, length: usize) -> (Result<usize, Errno>, Vec<u8>) {
    self.in_thread(chunk, move |fd, chunk| retry_on_intr(|| rustix::io::write(fd, &chunk[..length]))).await
  }

  /// A thread of its own, since nobody can call it back: those of the runtime are waited for when that ends.
  async fn in_thread(
    &self,
    mut chunk: Vec<u8>,
    transfer: impl FnOnce(BorrowedFd<'_>, &mut Vec<u8>) -> Result<usize, Errno> + Send + 'static,
  ) -> (Result<usize, Errno>, Vec<u8>) {
    let Channel::Shared(fd) = self else { return (Err(Errno::BADF), chunk) };
    let fd = fd.clone();
    let (answer, answered) = oneshot::channel();
    let spawned = thread::Builder::new().name("g2g device".into()).spawn(move || {
      let result = transfer(fd.as_fd(), &mut chunk);
      // Nobody may be left to hear it.
      drop(answer.send((result, chunk)));
    });
    if spawned.is_err() {
      return (Err(Errno::MFILE), Vec::new());
    }
    let (result, chunk) = answered.await.unwrap_or((Err(Errno::IO), Vec::new()));
    if result == Err(Errno::AGAIN) {
      tokio::time::sleep(PAUSE).await;
    }
    (result, chunk)
  }
}

/// Has the event loop watch a descriptor; what it cannot watch comes back.
fn watch<T: std::os::fd::AsRawFd>(fd: T, interest: Interest) -> Result<AsyncFd<T>, (T, io::Error)> {
  // Both kinds of descriptor that come here are owned, and closed only after the registration is gone.
  unsafe { AsyncFd::register_with_interest(fd, interest) }.map_err(|error| error.into_parts())
}

/// Whether a descriptor is one of /dev/null, /dev/zero and /dev/full.
fn is_memory(fd: &OwnedFd) -> bool {
  fstat(fd).is_ok_and(|stat| {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
      && major(stat.st_rdev) == 1
      && matches!(minor(stat.st_rdev), 3 | 5 | 7)
  })
}
