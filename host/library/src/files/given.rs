//! Descriptors of the process that a path stands for.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// The descriptor that a path stands for: `-` and /dev/stdin, /dev/stdout, /dev/stderr, /dev/fd/N.
pub fn descriptor_of(path: &str, reads: bool) -> Option<RawFd> {
  match path {
    "-" => Some(if reads { 0 } else { 1 }),
    "/dev/stdin" => Some(0),
    "/dev/stdout" => Some(1),
    "/dev/stderr" => Some(2),
    _ => {
      let number = path.strip_prefix("/dev/fd/")?;
      let digits = (1..=9).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit());
      if digits { number.parse().ok() } else { None }
    }
  }
}

/// A descriptor of the process, taken for a pipeline.
pub struct Given {
  /// A descriptor of our own.
  pub fd: OwnedFd,
  /// Whether its description is ours too, and does not block.
  pub own: bool,
}

/// Takes a descriptor of the process. Pipes and terminals are opened anew, so that neither their mode nor their end is the
/// process's; what cannot be is shared with it.
pub fn take(fd: RawFd, reads: bool) -> Result<Given, Errno> {
  // A number that is no descriptor is an error of the call, and one that is lives as long: nothing runs between.
  let fd = fcntl_dupfd_cloexec(unsafe { BorrowedFd::borrow_raw(fd) }, 3)?;
  let kind = FileType::from_raw_mode(fstat(&fd)?.st_mode);
  if kind == FileType::Fifo || kind == FileType::CharacterDevice && rustix::termios::isatty(&fd) {
    let flags = if reads { OFlags::RDONLY } else { OFlags::WRONLY };
    let path = format!("/dev/fd/{}", fd.as_raw_fd());
    if let Ok(fd) = open(path, flags | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()) {
      return Ok(Given { fd, own: true });
    }
  }
  Ok(Given { fd, own: false })
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn descriptors_have_names() {
    assert_eq!((descriptor_of("-", true), descriptor_of("-", false)), (Some(0), Some(1)));
    assert_eq!(descriptor_of("/dev/stdin", false), Some(0));
    assert_eq!(descriptor_of("/dev/stdout", true), Some(1));
    assert_eq!(descriptor_of("/dev/stderr", false), Some(2));
    assert_eq!(descriptor_of("/dev/fd/17", true), Some(17));
    for path in ["/dev/fd/", "/dev/fd/+1", "/dev/fd/-1", "/dev/fd/1x", "/dev/fd/1234567890", "/dev/fd/1/", "", "--"] {
      assert_eq!(descriptor_of(path, true), None, "{path}");
    }
  }

  #[test]
  fn a_number_that_is_no_descriptor_is_refused() {
    assert_eq!(take(999_999_999, true).err(), Some(Errno::BADF));
  }
}
