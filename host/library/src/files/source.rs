//! A source of bytes one after the other.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use g2g_interface::abi::{HostError, Op};
use rustix::io::{Errno, retry_on_intr};
use tokio::io::Interest;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::channel::{CHUNK, Channel};
use super::errno::{host_error, host_error_of};
use super::stream_size;
use crate::resource::{Resource, ResourceHost};

/// A pipe, socket, terminal or device that is read. One read is in flight at a time.
///
/// Linear memory is touched only under the lock, for a read that is pending, and without waiting; so nothing touches it once
/// the stream is closed, and nobody has to wait for that.
pub struct ReadStream(Arc<Shared>);

struct Shared {
  host: ResourceHost,
  runtime: Handle,
  /// None for one that could not be opened.
  channel: Option<Channel>,
  state: Mutex<State>,
}

#[derive(Default)]
struct State {
  pending: Option<Read>,
  /// What a thread has read that nobody has asked for yet: `chunk[from..to]`.
  chunk: Vec<u8>,
  from: usize,
  to: usize,
  /// What all reads come to from now on: 0 at the end, or an error.
  ended: Option<i32>,
  /// Whether somebody has opened the other end; before, a pipe looks as if it had ended.
  connected: bool,
  /// The task that waits for bytes, if one does.
  task: Option<AbortHandle>,
}

/// A read that waits for bytes.
#[derive(Clone, Copy)]
struct Read {
  ptr: u32,
  length: u32,
  token: u32,
}

impl ReadStream {
  /// Reads from a channel.
  /// @param connected false for a named pipe that nobody may have opened for writing yet
  pub fn new(host: &ResourceHost, runtime: Handle, channel: Channel, connected: bool) -> Self {
    let state = Mutex::new(State { connected, ..State::default() });
    ReadStream(Arc::new(Shared { host: host.clone(), runtime, channel: Some(channel), state }))
  }

  /// Refuses all reads.
  pub fn failed(host: &ResourceHost, runtime: Handle, error: HostError) -> Self {
    let state = Mutex::new(State { ended: Some(error as i32), ..State::default() });
    ReadStream(Arc::new(Shared { host: host.clone(), runtime, channel: None, state }))
  }

  fn read(&self, read: Read) -> i32 {
    let shared = &self.0;
    let mut state = shared.state();
    if state.pending.is_some() {
      return HostError::Busy as i32;
    }
    if read.length > i32::MAX as u32 || shared.host.memory.0.pointer(read.ptr, read.length).is_none() {
      return HostError::Invalid as i32;
    }
    shared.host.traffic.reads.fetch_add(1, Ordering::Relaxed);
    if let Some(result) = shared.try_read(&mut state, read) {
      return result;
    }
    state.pending = Some(read);
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

  /// Reads what is there; `None` when nothing is yet.
  fn try_read(&self, state: &mut State, read: Read) -> Option<i32> {
    if read.length == 0 {
      return Some(0);
    }
    if state.to > state.from {
      let n = (state.to - state.from).min(read.length as usize);
      self.host.memory.0.write(read.ptr, &state.chunk[state.from..state.from + n]);
      state.from += n;
      return Some(self.counted(n));
    }
    if state.ended.is_some() {
      return state.ended;
    }
    let fd = self.channel.as_ref()?.direct().filter(|_| state.connected)?;
    let bytes = self.host.memory.0.bytes_mut(read.ptr, read.length)?;
    match retry_on_intr(|| rustix::io::read(fd, &mut bytes[..])) {
      Ok(0) => state.ended = Some(0),
      Ok(n) => return Some(self.counted(n)),
      Err(Errno::AGAIN) => return None,
      Err(error) => state.ended = Some(host_error(error) as i32),
    }
    state.ended
  }

  fn counted(&self, n: usize) -> i32 {
    self.host.traffic.read_bytes.fetch_add(n as u64, Ordering::Relaxed);
    n as i32
  }

  /// Waits for bytes until nobody asks for any.
  async fn wait(self: Arc<Self>) {
    let Some(channel) = &self.channel else { return };
    loop {
      let ready = channel.ready(Interest::READABLE).await;
      let mut chunk = {
        let mut state = self.state();
        state.connected = true;
        match ready {
          Ok(ready) => {
            if self.serve(&mut state).is_some()
              && let Some(mut ready) = ready
            {
              ready.clear_ready();
            }
          }
          Err(error) => self.end(&mut state, host_error_of(&error) as i32),
        }
        if state.pending.is_none() {
          state.task = None;
          return;
        }
        if channel.direct().is_some() {
          continue;
        }
        std::mem::take(&mut state.chunk)
      };
      chunk.resize(CHUNK, 0);
      let (result, chunk) = channel.read(chunk).await;
      let mut state = self.state();
      state.chunk = chunk;
      match result {
        Ok(0) => self.end(&mut state, 0),
        Ok(n) => {
          (state.from, state.to) = (0, n);
          self.serve(&mut state);
        }
        Err(Errno::AGAIN) => {}
        Err(error) => self.end(&mut state, host_error(error) as i32),
      }
    }
  }

  /// Answers the read that waits, if it can be answered; it is given back if it cannot.
  fn serve(&self, state: &mut State) -> Option<Read> {
    let read = state.pending?;
    let Some(result) = self.try_read(state, read) else { return Some(read) };
    state.pending = None;
    self.host.outbox.result(read.token, result);
    None
  }

  fn end(&self, state: &mut State, result: i32) {
    state.ended = Some(result);
    self.serve(state);
  }
}

impl Resource for ReadStream {
  fn submit(&mut self, op: Op, ptr: u32, length: u32, _aux: i64, token: u32) -> i32 {
    match op {
      Op::Read => self.read(Read { ptr, length, token }),
      Op::Size => stream_size(&self.0.host, ptr),
      Op::Sync => 0,
      _ => HostError::Unsupported as i32,
    }
  }

  /// Bytes that come all the same are kept for the next read.
  fn cancel(&mut self, token: u32) {
    let mut state = self.0.state();
    if state.pending.take_if(|read| read.token == token).is_some() {
      self.0.host.outbox.result(token, HostError::Cancelled as i32);
    }
  }

  fn close(&mut self) {
    let mut state = self.0.state();
    state.pending = None;
    state.ended = Some(HostError::Closed as i32);
    if let Some(task) = state.task.take() {
      task.abort();
    }
  }
}

impl Drop for ReadStream {
  fn drop(&mut self) {
    self.close();
  }
}
