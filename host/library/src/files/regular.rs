//! A file that can be read and written anywhere.

use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

use g2g_interface::abi::{HostError, Op};
use tokio::runtime::Handle;

use super::errno::host_error;
use super::jobs::{Job, Jobs, Work};
use super::reads::size_of;
use super::stretches::Stretches;
use crate::resource::{Resource, ResourceHost};

/// A regular file.
pub struct RegularFile {
  jobs: Jobs,
  host: ResourceHost,
  /// Whether it is only read.
  read_only: bool,
  /// Where the file begins for the core: behind what others have written to a descriptor of the process.
  base: u64,
  /// Where an operation without an offset goes.
  next: u64,
}

impl RegularFile {
  /// Takes a file of `size` bytes.
  /// @param base where it begins for the core
  pub fn new(host: &ResourceHost, runtime: Handle, file: OwnedFd, read_only: bool, size: u64, base: u64) -> Self {
    if read_only {
      host.traffic.input_bytes.fetch_add(size, Ordering::Relaxed);
    }
    RegularFile { jobs: Jobs::new(file, host.clone(), runtime), host: host.clone(), read_only, base, next: 0 }
  }

  fn read(&mut self, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    // A result tells up to 2^31 - 1 bytes.
    if length > i32::MAX as u32 || self.host.memory.0.pointer(ptr, length).is_none() {
      return HostError::Invalid as i32;
    }
    let Some(at) = self.place(aux, length) else { return HostError::Invalid as i32 };
    self.host.traffic.reads.fetch_add(1, Ordering::Relaxed);
    self.jobs.read(token, ptr, length, at)
  }

  fn write(&mut self, ptr: u32, count: u32, aux: i64, token: u32) -> i32 {
    if self.read_only {
      return HostError::Denied as i32;
    }
    let Some(stretches) = Stretches::gather(&self.host.memory.0, ptr, count) else {
      return HostError::Invalid as i32;
    };
    let Some(at) = self.place(aux, stretches.size() as u32) else { return HostError::Invalid as i32 };
    self.host.traffic.writes.fetch_add(1, Ordering::Relaxed);
    self.jobs.push(Job { token, work: Work::Write { stretches, at } }) as i32
  }

  fn size(&self, ptr: u32) -> Result<i32, HostError> {
    let size = size_of(self.jobs.file()).map_err(host_error)?.saturating_sub(self.base) as i64;
    if self.host.memory.0.write(ptr, &size.to_le_bytes()) { Ok(0) } else { Err(HostError::Invalid) }
  }

  fn truncate(&self, length: i64) -> Result<i32, HostError> {
    let length = u64::try_from(length).ok().and_then(|n| self.base.checked_add(n)).ok_or(HostError::Invalid)?;
    rustix::fs::ftruncate(self.jobs.file(), length).map(|()| 0).map_err(host_error)
  }

  /// Where in the file an operation goes; `None` when that is beyond what a file can hold.
  fn place(&mut self, aux: i64, length: u32) -> Option<u64> {
    let offset = u64::try_from(aux).unwrap_or_else(|_| {
      let next = self.next;
      self.next = next.saturating_add(length.into());
      next
    });
    let at = self.base.checked_add(offset)?;
    let end = at.checked_add(length.into())?;
    if end <= i64::MAX as u64 { Some(at) } else { None }
  }
}

impl Resource for RegularFile {
  fn submit(&mut self, op: Op, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    match op {
      Op::Read => self.read(ptr, length, aux, token),
      Op::Write => self.write(ptr, length, aux, token),
      Op::Size => self.size(ptr).unwrap_or_else(|error| error as i32),
      Op::Truncate => self.truncate(aux).unwrap_or_else(|error| error as i32),
      Op::Sync => self.jobs.push(Job { token, work: Work::Sync }) as i32,
      _ => HostError::Unsupported as i32,
    }
  }

  /// Transfers that have begun end by themselves, and soon.
  fn cancel(&mut self, token: u32) {
    self.jobs.cancel(token);
  }

  fn idle(&mut self) -> bool {
    self.jobs.idle()
  }

  fn close(&mut self) {
    self.jobs.clear();
  }
}

impl Drop for RegularFile {
  fn drop(&mut self) {
    self.close();
  }
}
