//! What the loop of a pipeline and the thread of an element tell each other.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use g2g_interface::abi::{Completed, HostError};
use g2g_interface::{Completion, Credit, Frame, Memory, Value};

use crate::gate::Gate;

/// A property's value, kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
  /// A whole number; 0 or 1 for a boolean.
  Int(i64),
  /// A number.
  Double(f64),
  /// Text; the word of an enum.
  Text(String),
}

impl Setting {
  /// Keeps a value.
  pub fn of(value: Value<'_>) -> Setting {
    match value {
      Value::Int(n) => Setting::Int(n),
      Value::Double(n) => Setting::Double(n),
      Value::Text(text) => Setting::Text(text.into()),
      Value::Bytes(bytes) => Setting::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
  }

  /// It as a whole number; 0 for text.
  pub fn int(&self) -> i64 {
    match self {
      Setting::Int(n) => *n,
      Setting::Double(n) => *n as i64,
      Setting::Text(_) => 0,
    }
  }
}

/// What the thread is to do.
pub(crate) enum Job {
  Property(String, Setting),
  Input(String),
  Output(String),
  Frame(Frame, u32),
  Drain(u32),
  Flush,
  KeyUnit(i64),
}

impl Job {
  /// The operation that is pending until it is done.
  pub fn token(&self) -> Option<u32> {
    match self {
      Job::Frame(_, token) | Job::Drain(token) => Some(*token),
      _ => None,
    }
  }
}

/// A credit, and the memory its block lies in.
pub(crate) struct Armed {
  pub credit: Credit,
  pub memory: Memory,
}

/// A completion, with the bytes it brings.
pub(crate) struct Done {
  pub completion: Completion,
  pub bytes: Option<Box<[u8]>>,
}

#[derive(Default)]
pub(crate) struct State {
  pub jobs: VecDeque<Job>,
  /// Frames among the jobs, and the one that is worked on.
  pub frames: usize,
  /// The operation that is worked on.
  pub current: Option<u32>,
  /// Nobody waits for it any more.
  pub abandoned: bool,
  pub epoch: u32,
  pub credits: VecDeque<Armed>,
  /// Counts the times that the src pad was given caps.
  pub configured: u32,
  pub done: VecDeque<Done>,
  pub waker: Option<Waker>,
  /// Why it takes no more frames.
  pub failed: Option<HostError>,
  pub closing: bool,
}

// Frames and credits point into the memory of the instance, which a thread touches only inside the gate and only where an
// operation that is pending has made the bytes the element's.
unsafe impl Send for State {}

impl State {
  /// Hands a completion to the loop with its next look.
  pub fn complete(&mut self, completion: Completion) {
    self.push(completion, None);
  }

  /// The same, with bytes.
  pub fn push(&mut self, mut completion: Completion, bytes: Option<Box<[u8]>>) {
    if completion.kind != Completed::Data {
      completion.epoch = self.epoch;
    }
    self.done.push_back(Done { completion, bytes });
    if let Some(waker) = &self.waker {
      waker.wake_by_ref();
    }
  }

  /// Ends operations that wait in the queue.
  /// @param which says whether it is one of them
  /// @param end makes its last completion
  pub fn withdraw(&mut self, which: impl Fn(u32) -> bool, end: impl Fn(&Job, u32) -> Completion) {
    let mut ended = Vec::new();
    self.jobs.retain(|job| match job.token().filter(|t| which(*t)) {
      Some(token) => {
        ended.push((end(job, token), matches!(job, Job::Frame(..))));
        false
      }
      None => true,
    });
    for (completion, frame) in ended {
      self.frames -= usize::from(frame);
      self.complete(completion);
    }
  }
}

pub(crate) struct Shared {
  state: Mutex<State>,
  pub changed: Condvar,
  pub gate: Gate,
}

impl Shared {
  pub fn new() -> Shared {
    Shared { state: Mutex::default(), changed: Condvar::new(), gate: Gate::new() }
  }

  pub fn lock(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  pub fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
  }
}
