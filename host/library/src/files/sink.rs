//! A sink of bytes one after the other.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use g2g_interface::abi::{HostError, Op};
use rustix::io::{Errno, retry_on_intr, writev};
use tokio::io::Interest;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::channel::{CHUNK, Channel};
use super::errno::{host_error, host_error_of};
use super::fifo::Fifo;
use super::stream_size;
use super::stretches::Stretches;
use crate::resource::{Resource, ResourceHost};

/// Writes that wait. The core begins far fewer.
const MAX_WAITING: usize = 4096;

/// A pipe, socket, terminal or device that is written. Linear memory is touched as [`super::source::ReadStream`] does.
pub struct WriteStream(Arc<Shared>);

struct Shared {
  host: ResourceHost,
  runtime: Handle,
  /// Set when it is open.
  channel: OnceLock<Channel>,
  state: Mutex<State>,
}

#[derive(Default)]
struct State {
  /// Writes that are not done, oldest first.
  queue: VecDeque<Write>,
  /// What all writes come to from now on.
  error: Option<HostError>,
  /// The task that opens the channel, or waits until it takes more.
  task: Option<AbortHandle>,
}

struct Write {
  token: u32,
  stretches: Stretches,
}

impl WriteStream {
  /// Writes to a channel.
  pub fn new(host: &ResourceHost, runtime: Handle, channel: Channel) -> Self {
    let stream = WriteStream::closed(host, runtime);
    drop(stream.0.channel.set(channel));
    stream
  }

  /// Writes to a named pipe as soon as somebody reads it.
  pub fn waiting(host: &ResourceHost, runtime: Handle, fifo: Fifo) -> Self {
    let stream = WriteStream::closed(host, runtime);
    let mut state = stream.0.state();
    // The task takes the lock at its end, so its end comes after this.
    state.task = Some(stream.0.runtime.spawn(stream.0.clone().open(fifo)).abort_handle());
    drop(state);
    stream
  }

  /// Refuses all writes.
  pub fn failed(host: &ResourceHost, runtime: Handle, error: HostError) -> Self {
    let stream = WriteStream::closed(host, runtime);
    stream.0.state().error = Some(error);
    stream
  }

  fn closed(host: &ResourceHost, runtime: Handle) -> Self {
    let state = Mutex::default();
    WriteStream(Arc::new(Shared { host: host.clone(), runtime, channel: OnceLock::new(), state }))
  }

  fn write(&self, ptr: u32, count: u32, token: u32) -> i32 {
    let shared = &self.0;
    let mut state = shared.state();
    if let Some(error) = state.error {
      return error as i32;
    }
    let Some(mut stretches) = Stretches::gather(&shared.host.memory.0, ptr, count) else {
      return HostError::Invalid as i32;
    };
    if state.queue.len() >= MAX_WAITING {
      return HostError::TooMany as i32;
    }
    shared.host.traffic.writes.fetch_add(1, Ordering::Relaxed);
    if state.queue.is_empty()
      && let Some(fd) = shared.channel.get().and_then(Channel::direct)
    {
      match shared.write_now(fd, &mut stretches) {
        Ok(true) => return stretches.size(),
        Ok(false) => {}
        Err(error) => {
          state.error = Some(error);
          return error as i32;
        }
      }
    }
    state.queue.push_back(Write { token, stretches });
    if state.task.is_none() {
      state.task = Some(shared.runtime.spawn(shared.clone().wait()).abort_handle());
    }
    HostError::Pending as i32
  }
}

impl Shared {
  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().expect("no holder panics")
  }

  /// Writes what is taken without waiting; whether that was all.
  fn write_now(&self, fd: BorrowedFd<'_>, stretches: &mut Stretches) -> Result<bool, HostError> {
    while !stretches.is_done() {
      match retry_on_intr(|| writev(fd, &stretches.batch(&self.host.memory.0))) {
        Ok(0) => return Err(HostError::Io),
        Ok(n) => self.advance(stretches, n),
        Err(Errno::AGAIN) => return Ok(false),
        Err(error) => return Err(host_error(error)),
      }
    }
    Ok(true)
  }

  fn advance(&self, stretches: &mut Stretches, n: usize) {
    self.host.traffic.written_bytes.fetch_add(n as u64, Ordering::Relaxed);
    stretches.advance(n);
  }

  async fn open(self: Arc<Self>, fifo: Fifo) {
    let opened = fifo.opened().await.map_err(host_error);
    let opened = opened.and_then(|fd| Channel::own(fd, Interest::WRITABLE).map_err(|error| host_error_of(&error)));
    {
      let mut state = self.state();
      match opened {
        Ok(channel) => drop(self.channel.set(channel)),
        Err(error) => self.fail(&mut state, error),
      }
      if state.queue.is_empty() {
        state.task = None;
        return;
      }
    }
    self.wait().await;
  }

  /// Waits until more is taken, as long as there are writes.
  async fn wait(self: Arc<Self>) {
    let Some(channel) = self.channel.get() else { return };
    let mut chunk = Vec::new();
    loop {
      let ready = channel.ready(Interest::WRITABLE).await;
      let length = {
        let mut state = self.state();
        match ready {
          Ok(ready) => {
            if !self.serve(&mut state, channel)
              && let Some(mut ready) = ready
            {
              ready.clear_ready();
            }
          }
          Err(error) => self.fail(&mut state, host_error_of(&error)),
        }
        let Some(write) = state.queue.front() else {
          state.task = None;
          return;
        };
        if channel.direct().is_some() {
          continue;
        }
        chunk.resize(CHUNK, 0);
        write.stretches.copy(&self.host.memory.0, &mut chunk)
      };
      // A cancelled write takes the whole stream with it, so the write in front is still the same afterwards, or none is.
      let result;
      (result, chunk) = channel.write(chunk, length).await;
      let mut state = self.state();
      match result {
        Ok(0) if length > 0 => self.fail(&mut state, HostError::Io),
        Ok(n) => {
          if let Some(write) = state.queue.front_mut() {
            self.advance(&mut write.stretches, n);
          }
          self.finish(&mut state);
        }
        Err(Errno::AGAIN) => {}
        Err(error) => self.fail(&mut state, host_error(error)),
      }
    }
  }

  /// Writes what is taken; whether that was all.
  fn serve(&self, state: &mut State, channel: &Channel) -> bool {
    let Some(fd) = channel.direct() else { return true };
    while let Some(write) = state.queue.front_mut() {
      match self.write_now(fd, &mut write.stretches) {
        Ok(true) => self.finish(state),
        Ok(false) => return false,
        Err(error) => self.fail(state, error),
      }
    }
    true
  }

  /// Ends the write in front if it is done.
  fn finish(&self, state: &mut State) {
    if let Some(write) = state.queue.pop_front_if(|write| write.stretches.is_done()) {
      self.host.outbox.result(write.token, write.stretches.size());
    }
  }

  /// Fails everything that waits and whatever comes.
  fn fail(&self, state: &mut State, error: HostError) {
    state.error = Some(error);
    for write in state.queue.drain(..) {
      self.host.outbox.result(write.token, error as i32);
    }
  }
}

impl Resource for WriteStream {
  fn submit(&mut self, op: Op, ptr: u32, length: u32, _aux: i64, token: u32) -> i32 {
    match op {
      Op::Write => self.write(ptr, length, token),
      Op::Size => stream_size(&self.0.host, ptr),
      Op::Truncate | Op::Sync => 0,
      _ => HostError::Unsupported as i32,
    }
  }

  /// A write that nobody takes ends with the pipe.
  fn cancel(&mut self, token: u32) {
    let mut state = self.0.state();
    if state.queue.iter().any(|write| write.token == token) {
      self.0.fail(&mut state, HostError::Cancelled);
    }
  }

  fn close(&mut self) {
    let mut state = self.0.state();
    state.queue.clear();
    state.error = Some(HostError::Closed);
    if let Some(task) = state.task.take() {
      task.abort();
    }
  }
}

impl Drop for WriteStream {
  fn drop(&mut self) {
    self.close();
  }
}
