//! Makes an element of the host of a codec.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Context;
use std::thread;

use g2g_interface::abi::{HostError, Op};
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, Memory, Upstream, Value};

use crate::caps::Caps;
use crate::codec::Codec;
use crate::shared::{Armed, Done, Job, Setting, Shared};
use crate::thread::{finished, run};

/// Number of the src pad among all pads.
const SRC: u32 = 1;

/// Jobs that wait at most; what comes against the stream beyond that is passed over.
const MAX_JOBS: usize = 1024;

/// An element of the host whose work is done by a codec on a thread of its own.
pub struct Threaded<C> {
  shared: Arc<Shared>,
  window: usize,
  codec: PhantomData<fn() -> C>,
}

impl<C: Codec> Threaded<C> {
  /// Starts the thread.
  /// @param name of the thread
  /// @param window frames that may wait for the codec
  /// @param codec what does the work
  pub fn new(name: &str, window: usize, codec: C) -> Threaded<C> {
    let shared = Arc::new(Shared::new());
    let its = shared.clone();
    // A name with a zero is none for the system.
    let thread = thread::Builder::new().name(name.replace('\0', ""));
    if thread.spawn(move || run(&its, codec)).is_err() {
      shared.lock().failed = Some(HostError::NoMemory);
    }
    Threaded { shared, window: window.max(1), codec: PhantomData }
  }

  fn queue(&self, job: Job) {
    let mut state = self.shared.lock();
    state.jobs.push_back(job);
    self.shared.changed.notify_all();
  }
}

impl<C> Threaded<C> {
  fn end(&self) {
    let mut state = self.shared.lock();
    state.closing = true;
    state.waker = None;
    drop(state);
    self.shared.changed.notify_all();
    // The memory of the instance may go as soon as this returns.
    self.shared.gate.shut();
  }
}

impl<C: Codec> HostElement for Threaded<C> {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    self.queue(Job::Property(name.into(), Setting::of(value)));
    Ok(())
  }

  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    if pad != SRC {
      C::accepts(Caps::new(caps))?;
      self.queue(Job::Input(caps.into()));
      return Ok(0);
    }
    let size = C::block_size(Caps::new(caps))?;
    let mut state = self.shared.lock();
    state.configured = state.configured.wrapping_add(1);
    state.jobs.push_back(Job::Output(caps.into()));
    self.shared.changed.notify_all();
    Ok(size)
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let mut state = self.shared.lock();
    if let Some(error) = state.failed {
      return Err(error);
    }
    if state.frames >= self.window {
      return Err(HostError::Busy);
    }
    state.frames += 1;
    state.jobs.push_back(Job::Frame(*frame, token));
    self.shared.changed.notify_all();
    Ok(Answer::Pending)
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.shared.lock().credits.push_back(Armed { credit, memory });
    self.shared.changed.notify_all();
    Ok(Answer::Pending)
  }

  fn drain(&mut self, _pad: u32, token: u32) -> Result<Answer, HostError> {
    self.queue(Job::Drain(token));
    Ok(Answer::Pending)
  }

  fn flush(&mut self, epoch: u32) {
    let mut state = self.shared.lock();
    state.epoch = epoch;
    state.withdraw(|_| true, finished);
    state.jobs.push_back(Job::Flush);
    self.shared.changed.notify_all();
  }

  fn event(&mut self, event: Upstream) {
    let Upstream::ForceKeyUnit { at, .. } = event else { return };
    if self.shared.lock().jobs.len() < MAX_JOBS {
      self.queue(Job::KeyUnit(at));
    }
  }

  fn allowance(&self, _op: Op) -> Option<i64> {
    // Frames wait for credits, and those for whatever comes behind the element.
    None
  }

  fn cancel(&mut self, token: u32) {
    let mut state = self.shared.lock();
    let cancelled = |token| Completion::result(token, HostError::Cancelled as i32);
    state.withdraw(|t| t == token, |_, token| cancelled(token));
    if state.current == Some(token) {
      state.abandoned = true;
    }
    if let Some(i) = state.credits.iter().position(|a| a.credit.token == token) {
      state.credits.remove(i);
      state.complete(cancelled(token));
    }
    self.shared.changed.notify_all();
  }

  fn poll(&mut self, context: &mut Context<'_>, _now: i64, out: &mut dyn Completions) {
    let mut state = self.shared.lock();
    if !state.waker.as_ref().is_some_and(|w| w.will_wake(context.waker())) {
      state.waker = Some(context.waker().clone());
    }
    while out.room() {
      let Some(Done { completion, bytes }) = state.done.pop_front() else { return };
      match bytes {
        None => out.put(completion),
        Some(bytes) => {
          if !out.put_bytes(completion, &bytes) {
            out.put(Completion::result(completion.token, HostError::Unsupported as i32));
          }
        }
      }
    }
  }

  fn close(&mut self) {
    self.end();
  }
}

impl<C> Drop for Threaded<C> {
  fn drop(&mut self) {
    self.end();
  }
}

#[cfg(test)]
mod tests;
