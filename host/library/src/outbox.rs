//! What operations came to, from any thread to the loop of a pipeline.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use g2g_interface::Completion;
use tokio::sync::Notify;

/// What waits for the core.
pub struct Entry {
  /// The completion.
  pub completion: Completion,
  /// Bytes that it brings, for memory of the core's heap.
  pub bytes: Option<Box<[u8]>>,
}

#[derive(Default)]
struct Shared {
  waiting: Mutex<VecDeque<Entry>>,
  /// Threads and tasks that may touch the memory of the instance.
  in_flight: AtomicU32,
  landed: Notify,
  wake: Notify,
  /// Why elements fail, in their words, by their names.
  causes: Mutex<Vec<(String, String)>>,
}

/// Where completions wait for the core. Copies lead to the same pipeline.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Shared>);

impl Outbox {
  /// Hands a completion to the core, with its next step.
  pub fn put(&self, completion: Completion) {
    self.push(Entry { completion, bytes: None });
  }

  /// Hands a completion with bytes to the core.
  pub fn put_bytes(&self, completion: Completion, bytes: &[u8]) {
    self.push(Entry { completion, bytes: Some(bytes.into()) });
  }

  fn push(&self, entry: Entry) {
    self.0.waiting.lock().expect("no holder panics").push_back(entry);
    self.wake();
  }

  /// Ends an operation that carries nothing but its result: 0 or more, or a negative `HostError`.
  pub fn result(&self, token: u32, result: i32) {
    self.put(Completion::result(token, result));
  }

  /// Notes why an element fails; what it said first counts.
  pub fn explain(&self, element: &str, why: &str) {
    let mut causes = self.0.causes.lock().expect("no holder panics");
    if causes.iter().all(|(name, _)| name != element) {
      causes.push((element.into(), why.into()));
    }
  }

  /// Why an element has failed, if it said so; it is said once.
  pub fn cause(&self, element: &str) -> Option<String> {
    let mut causes = self.0.causes.lock().expect("no holder panics");
    let i = causes.iter().position(|(name, _)| name == element)?;
    Some(causes.swap_remove(i).1)
  }

  /// Has the loop take a step soon.
  pub fn wake(&self) {
    self.0.wake.notify_one();
  }

  /// Waits until somebody wakes the loop; at once when that has happened since the last time.
  pub async fn woken(&self) {
    self.0.wake.notified().await;
  }

  /// Takes the oldest.
  pub fn take(&self) -> Option<Entry> {
    self.0.waiting.lock().expect("no holder panics").pop_front()
  }

  /// Whether completions wait.
  pub fn is_empty(&self) -> bool {
    self.0.waiting.lock().expect("no holder panics").is_empty()
  }

  /// Notes that a thread works on an operation; as long as what this gives lives, the memory of the instance stays.
  pub fn begin(&self) -> InFlight {
    self.0.in_flight.fetch_add(1, Ordering::Relaxed);
    InFlight(self.clone())
  }

  /// Operations that threads work on.
  pub fn in_flight(&self) -> u32 {
    self.0.in_flight.load(Ordering::Acquire)
  }

  /// Waits until no thread works on an operation.
  pub async fn landed(&self) {
    while self.in_flight() > 0 {
      let landed = self.0.landed.notified();
      if self.in_flight() == 0 {
        return;
      }
      landed.await;
    }
  }
}

/// An operation that a thread works on.
pub struct InFlight(Outbox);

impl InFlight {
  /// Ends it, as [`Outbox::result`].
  pub fn end(self, token: u32, result: i32) {
    let outbox = self.0.clone();
    drop(self);
    outbox.result(token, result);
  }
}

impl Drop for InFlight {
  fn drop(&mut self) {
    if self.0.0.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
      self.0.0.landed.notify_waiters();
    }
  }
}
