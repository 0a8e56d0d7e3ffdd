//! What errors of the system are in the core's words.

use g2g_interface::abi::HostError;
use rustix::io::Errno;

/// The HostError of an error number; Io for those that say no more than that something failed.
pub fn host_error(error: Errno) -> HostError {
  match error {
    Errno::NOENT | Errno::NOTDIR | Errno::NXIO | Errno::NODEV => HostError::NotFound,
    Errno::ACCESS | Errno::PERM | Errno::ROFS => HostError::Denied,
    Errno::EXIST => HostError::Exists,
    Errno::ISDIR => HostError::IsDirectory,
    Errno::NOSPC | Errno::DQUOT | Errno::FBIG => HostError::NoSpace,
    Errno::INVAL | Errno::NAMETOOLONG | Errno::LOOP => HostError::Invalid,
    Errno::CANCELED => HostError::Cancelled,
    // ENOTSUP has the number of EOPNOTSUPP on Linux.
    Errno::OPNOTSUPP | Errno::NOSYS | Errno::SPIPE => HostError::Unsupported,
    Errno::BUSY | Errno::TXTBSY | Errno::AGAIN => HostError::Busy,
    Errno::MFILE | Errno::NFILE => HostError::TooMany,
    Errno::PIPE | Errno::CONNRESET => HostError::BrokenPipe,
    Errno::TIMEDOUT => HostError::TimedOut,
    Errno::NOMEM => HostError::NoMemory,
    Errno::BADF => HostError::Closed,
    _ => HostError::Io,
  }
}

/// The HostError of an error of the standard library, by its number.
pub fn host_error_of(error: &std::io::Error) -> HostError {
  Errno::from_io_error(error).map_or(HostError::Io, host_error)
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn errors_are_told_apart_by_their_numbers() {
    // Numbers of Linux on x86-64 and arm64.
    let table = [
      (2, HostError::NotFound),
      (20, HostError::NotFound),
      (6, HostError::NotFound),
      (19, HostError::NotFound),
      (13, HostError::Denied),
      (1, HostError::Denied),
      (30, HostError::Denied),
      (17, HostError::Exists),
      (21, HostError::IsDirectory),
      (28, HostError::NoSpace),
      (122, HostError::NoSpace),
      (27, HostError::NoSpace),
      (22, HostError::Invalid),
      (36, HostError::Invalid),
      (40, HostError::Invalid),
      (125, HostError::Cancelled),
      (95, HostError::Unsupported),
      (38, HostError::Unsupported),
      (29, HostError::Unsupported),
      (16, HostError::Busy),
      (26, HostError::Busy),
      (11, HostError::Busy),
      (24, HostError::TooMany),
      (23, HostError::TooMany),
      (32, HostError::BrokenPipe),
      (104, HostError::BrokenPipe),
      (110, HostError::TimedOut),
      (12, HostError::NoMemory),
      (9, HostError::Closed),
      (5, HostError::Io),
      (116, HostError::Io),
    ];
    for (number, expected) in table {
      assert_eq!(host_error(Errno::from_raw_os_error(number)), expected, "{number}");
      assert_eq!(host_error_of(&std::io::Error::from_raw_os_error(number)), expected, "{number}");
    }
    assert_eq!(host_error_of(&std::io::Error::other("no number")), HostError::Io);
  }
}
