//! The step loop of a pipeline, by the contract of DESIGN.md, "The step loop", and what its state is.

use std::time::{Duration, Instant};

use g2g_interface::Completion;
use g2g_interface::abi::{HostError, Post, State, Wait};

use crate::bus::Messages;
use crate::errors::{Error, Report, code};
use crate::instance::Core;
use crate::load::Stepping;
use crate::messages::{Message, StateName};
use crate::outbox::Entry;
use crate::stats::{GraphElement, read_graph};

/// Work of one step, about microseconds: short enough that what arrives meanwhile is soon taken in.
const WORK: i32 = 2000;

/// Time after which other pipelines get their turn although there is more to do.
const SLICE: Duration = Duration::from_millis(8);

/// How a run of a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
  /// By itself.
  Eos,
  /// By `stop`.
  Stopped,
}

/// What comes after some steps.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
  /// More steps, when others had their turn.
  Again,
  /// Nothing, until it is woken or, if there is one, a time has passed.
  Sleep(Option<Duration>),
}

/// What a program has asked for with a state.
#[derive(Debug, Default)]
pub struct Request {
  /// Counts requests, so that whoever waits for an older one knows.
  pub number: u64,
  /// What came of the last one.
  pub outcome: Option<Result<(), Error>>,
}

/// Called after each step with a way to look at the graph.
pub type OnStep = Box<dyn FnMut(&mut dyn FnMut() -> Vec<GraphElement>) + Send>;

/// A pipeline while it lives.
pub struct Run {
  pub core: Core,
  pub messages: Messages,
  pub on_step: Option<OnStep>,
  pub state: StateName,
  pub target: State,
  pub request: Request,
  /// How the run ended; `None` while it goes on.
  pub ending: Option<Result<Ending, Error>>,
  pub error: Option<Error>,
  /// When the run began and ended, ns of the clock.
  pub began: Option<i64>,
  pub ended: Option<i64>,
  pub steps: u64,
  /// No call into the core is made any more.
  pub dead: bool,
  prerolled: bool,
  running: bool,
}

impl Run {
  /// A pipeline in state null.
  pub fn new(core: Core, messages: Messages, on_step: Option<OnStep>) -> Run {
    Run {
      core,
      messages,
      on_step,
      state: StateName::Null,
      target: State::Null,
      request: Request::default(),
      ending: None,
      error: None,
      began: None,
      ended: None,
      steps: 0,
      dead: false,
      prerolled: false,
      running: false,
    }
  }

  /// Asks for a state.
  /// @returns the number of the request
  pub fn go(&mut self, state: State) -> Result<u64, Error> {
    if self.dead {
      return Err(self.error.clone().unwrap_or_else(closed));
    }
    if !self.running && state != State::Null {
      self.running = true;
      self.began = Some(self.core.host().now());
      (self.ended, self.error, self.ending) = (None, None, None);
      self.messages.reopen();
    }
    self.target = state;
    self.request = Request { number: self.request.number + 1, outcome: None };
    self.core.set_state(state).inspect_err(|e| self.broken(e.clone()))?;
    Ok(self.request.number)
  }

  /// Takes steps until others should have their turn or there is nothing to do.
  pub fn turn(&mut self) -> Next {
    if self.dead {
      return Next::Sleep(None);
    }
    match self.steps() {
      Ok(next) => next,
      Err(error) => {
        self.broken(error);
        Next::Sleep(None)
      }
    }
  }

  fn steps(&mut self) -> Result<Next, Error> {
    let started = Instant::now();
    let _stepping = Stepping::begin();
    loop {
      self.refill()?;
      let now = self.core.host().now();
      let wait = self.core.step(now, WORK)?;
      self.steps += 1;
      self.core.host().poll();
      self.stepped()?;
      let (again, finished) = (wait == Wait::Again as i64, wait == Wait::Finished as i64);
      let idle = !again && !finished && self.core.host().idle();
      if again || idle || self.core.host().completed() {
        // Let what threads have done come in.
        if started.elapsed() < SLICE {
          continue;
        }
        return Ok(Next::Again);
      }
      if finished {
        self.finished();
        return Ok(Next::Sleep(None));
      }
      if wait <= 0 {
        return Ok(Next::Sleep(None));
      }
      let left = wait - self.core.host().now();
      return Ok(if left <= 0 { Next::Again } else { Next::Sleep(Some(Duration::from_nanos(left as u64))) });
    }
  }

  /// Gives the core what its operations have come to, as far as the ring has room.
  fn refill(&mut self) -> Result<(), Error> {
    while let Some(Entry { mut completion, bytes }) = self.core.host().take() {
      if let Some(bytes) = bytes.filter(|b| !b.is_empty()) {
        completion.extra = self.core.alloc(bytes.len() as u32)?;
        completion.length = bytes.len() as u32;
        if completion.extra == 0 || !self.core.memory().write(completion.extra, &bytes) {
          completion = Completion::result(completion.token, HostError::NoMemory as i32);
        }
      }
      self.core.host().put(&completion);
    }
    Ok(())
  }

  fn stepped(&mut self) -> Result<(), Error> {
    self.take_messages();
    if let Some(fault) = self.core.host().fault.take() {
      self.raise(&fault)?;
    }
    if let Some(mut on_step) = self.on_step.take() {
      on_step(&mut || self.graph().unwrap_or_default());
      self.on_step = Some(on_step);
    }
    if self.request.outcome.is_none() && self.has_reached(self.target) {
      self.request.outcome = Some(Ok(()));
    }
    Ok(())
  }

  /// The elements, their pads, what is linked to what, and the caps.
  pub fn graph(&mut self) -> Result<Vec<GraphElement>, Error> {
    match self.core.query(g2g_interface::abi::Query::Graph, &[])? {
      Ok(answer) => Ok(read_graph(answer)),
      Err(code) => Err(Error::Fault(format!("the core does not answer: {}", crate::host_error_text(code)))),
    }
  }

  /// Whether what was asked for with a state has come; state null has when nothing is in flight any more.
  fn has_reached(&self, state: State) -> bool {
    match state {
      State::Playing => matches!(self.state, StateName::Paused | StateName::Playing),
      State::Paused => self.state == StateName::Paused && self.prerolled,
      _ => false,
    }
  }

  /// Ends the run for a fault of the host or of one of its elements.
  fn raise(&mut self, fault: &str) -> Result<(), Error> {
    let report = Report::host_protocol(fault);
    self.error.get_or_insert_with(|| Error::Pipeline(Box::new(report.clone())));
    self.messages.push(Message::Error(report));
    self.target = State::Null;
    self.core.set_state(State::Null)?;
    self.core.host().outbox.wake();
    Ok(())
  }

  /// Takes in what the core has posted.
  pub fn take_messages(&mut self) {
    for (kind, records) in std::mem::take(&mut self.core.host().posted) {
      self.take_message(kind, &records);
    }
  }

  fn take_message(&mut self, kind: Post, records: &[u8]) {
    let mut message = Message::read(kind, records);
    if let Message::Error(report) = &mut message
      && report.code == code::HOST_ELEMENT
      && let Some(why) = self.core.host().outbox.cause(&report.element)
    {
      report.explain(&why);
    }
    match &message {
      Message::StateChanged { old, state, .. } => {
        self.state = *state;
        if *old == StateName::Ready {
          self.prerolled = false;
        }
      }
      Message::AsyncDone { .. } => self.prerolled = true,
      Message::Error(report) => {
        self.error.get_or_insert_with(|| Error::Pipeline(Box::new(report.clone())));
      }
      _ => {}
    }
    self.messages.push(message);
  }

  /// Nothing will ever happen again, until a state is asked for.
  fn finished(&mut self) {
    let stopped = self.target == State::Null;
    if self.running && (stopped || self.error.is_some() || self.state == StateName::Playing) {
      let now = self.core.host().now();
      self.ended.get_or_insert(now);
      let ending = if stopped { Ending::Stopped } else { Ending::Eos };
      self.ending.get_or_insert_with(|| self.error.clone().map_or(Ok(ending), Err));
    }
    if stopped {
      self.running = false;
    }
    if self.request.outcome.is_none() {
      let reached = self.has_reached(self.target) || self.state == StateName::from(self.target);
      let stays = || Error::Fault(format!("the pipeline stays in state {}", self.state));
      self.request.outcome = Some(if reached { Ok(()) } else { Err(self.error.clone().unwrap_or_else(stays)) });
    }
    self.messages.finish();
  }

  /// The core has trapped, or the host is at fault: no call into the core is made any more.
  pub fn broken(&mut self, error: Error) {
    self.dead = true;
    self.error = Some(error.clone());
    // What it is told here, the run has been told before.
    let _ = self.core.host().end_recording();
    self.core.host().close_all();
    self.ending.get_or_insert(Err(error.clone()));
    self.request.outcome = Some(Err(error));
    self.messages.finish();
  }

  /// Gives everything back after the pipeline has stopped.
  /// @param check_leaks whether memory of the core that was not given back is a fault
  pub fn end(&mut self, check_leaks: bool) -> Result<(), Error> {
    self.messages.finish();
    if self.dead {
      return Ok(());
    }
    self.dead = true;
    let left = self.core.dispose()?;
    let recorded = self.core.host().end_recording();
    let leaks = self.core.host().leaks();
    self.core.host().close_all();
    recorded?;
    if !leaks.is_empty() {
      return Err(Error::Fault(leaks));
    }
    match left {
      0 => Ok(()),
      _ if !check_leaks => Ok(()),
      ..0 => Err(Error::Fault("the core is not at rest".into())),
      n => Err(Error::Fault(format!("the core leaks {n} pieces of memory"))),
    }
  }
}

/// What use of a closed pipeline is told.
pub fn closed() -> Error {
  Error::Fault("the pipeline is closed".into())
}
