//! How regular files are read.
//!
//! Where a processor has nothing to do, one thread of each file reads ahead of the core. Otherwise, and for reads beside
//! that, what lies in the system's cache is copied at once, in the thread of the pipeline: that costs no thread, and the core
//! finds it in the processor's cache. The rest of a read, which has to come from a device, is left to a thread (`jobs.rs`), and
//! the core goes on with what it has. Reads that wait for a thread are tried again when the core has nothing to do. The
//! pipeline never waits for a device; where a file system cannot tell what it has in its cache, threads do all.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::{Errno, ReadWriteFlags, pread, preadv2, retry_on_intr};

/// What was there without waiting.
#[derive(Debug, PartialEq, Eq)]
pub enum Cached {
  /// All of it, or all up to the end of the file: this many bytes.
  All(usize),
  /// The first bytes; the rest has to be waited for.
  Some(usize),
  /// The file system cannot tell.
  Unknown,
}

/// Reads what is there without waiting.
pub fn read_cached(file: BorrowedFd<'_>, bytes: &mut [u8], at: u64) -> Result<Cached, Errno> {
  let mut done = 0;
  while done < bytes.len() {
    let mut rest = [IoSliceMut::new(&mut bytes[done..])];
    match preadv2(file, &mut rest, at.saturating_add(done as u64), ReadWriteFlags::NOWAIT) {
      // Linux 5.9 and 5.10 give 0 for bytes that are not in the cache.
      Ok(0) if at.saturating_add(done as u64) < size_of(file)? => return Ok(Cached::Some(done)),
      Ok(0) => break,
      Ok(n) => done += n,
      Err(Errno::AGAIN) => return Ok(Cached::Some(done)),
      Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Cached::Unknown),
      Err(Errno::INTR) => {}
      Err(error) => return Err(error),
    }
  }
  Ok(Cached::All(done))
}

/// Reads until all is there or the file has ended, waiting for it.
pub fn read_all(file: BorrowedFd<'_>, bytes: &mut [u8], at: u64) -> Result<usize, Errno> {
  let mut done = 0;
  while done < bytes.len() {
    match retry_on_intr(|| pread(file, &mut bytes[done..], at.saturating_add(done as u64)))? {
      0 => break,
      n => done += n,
    }
  }
  Ok(done)
}

/// Bytes of a file.
pub fn size_of(file: impl AsFd) -> Result<u64, Errno> {
  Ok(u64::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(0))
}
