//! The threads of a regular file.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use g2g_interface::abi::HostError;
use rustix::io::{Errno, pwritev, retry_on_intr};
use tokio::runtime::Handle;

use super::errno::host_error;
use super::reads::{Cached, read_all, read_cached};
use super::stretches::Stretches;
use crate::load;
use crate::resource::ResourceHost;

/// Threads that work on a file at once.
const THREADS: u32 = 4;

/// Operations of a file that wait for a thread. The core begins far fewer.
const MAX_WAITING: usize = 4096;

/// What a thread is to do.
pub enum Work {
  /// Fill `length` bytes at `address`, of which `done` are there, from the file's bytes at `at` on.
  Read { address: u32, length: u32, done: u32, at: u64 },
  /// Write the stretches from `at` on.
  Write { stretches: Stretches, at: u64 },
  /// Have the data on the medium.
  Sync,
}

/// An operation that waits for a thread, or has one.
pub struct Job {
  /// The operation.
  pub token: u32,
  /// What it is.
  pub work: Work,
}

/// A file and the operations on it that wait. Threads come when there is something to do and go when there is nothing.
pub struct Jobs(Arc<Shared>);

struct Shared {
  file: OwnedFd,
  host: ResourceHost,
  runtime: Handle,
  queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
  waiting: VecDeque<Job>,
  threads: u32,
}

impl Jobs {
  /// For operations on a file, which is closed with the last of them.
  pub fn new(file: OwnedFd, host: ResourceHost, runtime: Handle) -> Self {
    Jobs(Arc::new(Shared { file, host, runtime, queue: Mutex::default() }))
  }

  /// The file.
  pub fn file(&self) -> &OwnedFd {
    &self.0.file
  }

  /// Begins a read of `length` bytes of linear memory, which lie inside: its result, or Pending when it has to be waited for.
  pub fn read(&self, token: u32, address: u32, length: u32, at: u64) -> i32 {
    // One thread reads ahead of the core, where it takes the processor from nobody.
    if load::has_spare() && self.0.queue().threads == 0 {
      return self.push(Job { token, work: Work::Read { address, length, done: 0, at } }) as i32;
    }
    match self.0.cached(address, length, 0, at) {
      Ok((done, true)) => done as i32,
      Ok((done, false)) => self.push(Job { token, work: Work::Read { address, length, done, at } }) as i32,
      Err(error) => host_error(error) as i32,
    }
  }

  /// Leaves a job to a thread; Pending, or an error when too many wait.
  pub fn push(&self, job: Job) -> HostError {
    let mut queue = self.0.queue();
    if queue.waiting.len() >= MAX_WAITING {
      return HostError::TooMany;
    }
    queue.waiting.push_back(job);
    self.0.employ(&mut queue);
    HostError::Pending
  }

  /// Ends a job that no thread has begun.
  pub fn cancel(&self, token: u32) {
    let mut queue = self.0.queue();
    let Some(i) = queue.waiting.iter().position(|job| job.token == token) else { return };
    queue.waiting.remove(i);
    self.0.host.outbox.result(token, HostError::Cancelled as i32);
  }

  /// Does the read that waits longest, if it can be done without waiting; whether it could.
  pub fn idle(&self) -> bool {
    let mut queue = self.0.queue();
    let Some(i) = queue.waiting.iter().position(|job| matches!(job.work, Work::Read { .. })) else { return false };
    // Threads take what is behind it meanwhile, and only the thread that is here clears the queue.
    let Some(mut job) = queue.waiting.remove(i) else { return false };
    drop(queue);
    let Work::Read { address, length, ref mut done, at } = job.work else { return false };
    let result = match self.0.cached(address, length, *done, at) {
      Ok((n, false)) => {
        *done = n;
        let mut queue = self.0.queue();
        queue.waiting.push_front(job);
        self.0.employ(&mut queue);
        return false;
      }
      Ok((n, true)) => n as i32,
      Err(error) => host_error(error) as i32,
    };
    self.0.host.outbox.result(job.token, result);
    true
  }

  /// Forgets what waits: no thread begins anything any more.
  pub fn clear(&self) {
    self.0.queue().waiting.clear();
  }
}

impl Shared {
  fn queue(&self) -> MutexGuard<'_, Queue> {
    self.queue.lock().expect("no holder panics")
  }

  /// Has one more thread work, if there may be one more.
  fn employ(self: &Arc<Self>, queue: &mut Queue) {
    if queue.threads < THREADS {
      queue.threads += 1;
      let shared = self.clone();
      self.runtime.spawn_blocking(move || shared.work());
    }
  }

  /// Goes on with a read as far as that needs no waiting: how many bytes are there now, and whether it is done.
  fn cached(&self, address: u32, length: u32, done: u32, at: u64) -> Result<(u32, bool), Errno> {
    let bytes = self.host.memory.0.bytes_mut(address + done, length - done).ok_or(Errno::INVAL)?;
    let (n, all) = match read_cached(self.file.as_fd(), bytes, at.saturating_add(done.into()))? {
      Cached::All(n) => (n, true),
      Cached::Some(n) => (n, false),
      Cached::Unknown => (0, false),
    };
    self.host.traffic.read_bytes.fetch_add(n as u64, Ordering::Relaxed);
    Ok((done + n as u32, all))
  }

  /// What a thread does: jobs, as long as any wait.
  fn work(&self) {
    loop {
      let mut queue = self.queue();
      let Some(job) = queue.waiting.pop_front() else {
        queue.threads -= 1;
        return;
      };
      // Noted before the queue is free again: who clears it finds the job there, or in flight.
      let flight = self.host.outbox.begin();
      drop(queue);
      let result = match job.work {
        Work::Read { address, length, done, at } => self.read(address, length, done, at),
        Work::Write { stretches, at } => self.write(stretches, at),
        Work::Sync => retry_on_intr(|| rustix::fs::fdatasync(&self.file)).map(|()| 0),
      };
      flight.end(job.token, result.unwrap_or_else(|error| host_error(error) as i32));
    }
  }

  fn read(&self, address: u32, length: u32, done: u32, at: u64) -> Result<i32, Errno> {
    let memory = self.host.memory;
    let bytes = memory.0.bytes_mut(address + done, length - done).ok_or(Errno::INVAL)?;
    let n = read_all(self.file.as_fd(), bytes, at.saturating_add(done.into()))?;
    self.host.traffic.read_bytes.fetch_add(n as u64, Ordering::Relaxed);
    Ok((done as usize + n) as i32)
  }

  fn write(&self, mut stretches: Stretches, at: u64) -> Result<i32, Errno> {
    while !stretches.is_done() {
      let batch = stretches.batch(&self.host.memory.0);
      let to = at.saturating_add(stretches.written().into());
      // A disk that takes less than asked for without an error says why the next time.
      let n = retry_on_intr(|| pwritev(&self.file, &batch, to))?;
      if n == 0 {
        return Err(Errno::IO);
      }
      self.host.traffic.written_bytes.fetch_add(n as u64, Ordering::Relaxed);
      stretches.advance(n);
    }
    Ok(stretches.size())
  }
}
