//! The thread of an element.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::MutexGuard;

use g2g_interface::Completion;
use g2g_interface::abi::{Completed, HostError};

use crate::caps::Caps;
use crate::codec::{Codec, Input, Stop, Times};
use crate::shared::{Armed, Job, Shared, State};

/// Where a codec puts what it gives. Calls wait for room; [`Stop::Void`] means that there will be none.
pub struct Output<'a> {
  shared: &'a Shared,
  epoch: u32,
  /// Caps that were answered while the codec waited; it is told them when its call returns.
  told: Vec<String>,
}

impl<'a> Output<'a> {
  /// Waits for a credit that will do.
  fn credit(&self, will_do: impl Fn(&Armed) -> bool) -> Result<(MutexGuard<'a, State>, usize), Stop> {
    let shared = self.shared;
    let mut state = shared.lock();
    loop {
      if state.closing || state.abandoned || state.epoch != self.epoch {
        return Err(Stop::Void);
      }
      if let Some(i) = state.credits.iter().position(&will_do) {
        return Ok((state, i));
      }
      state = shared.wait(state);
    }
  }

  /// Says what the src pad gives from now on, and waits until the core has taken that up.
  /// @param caps in GStreamer's text form
  pub fn caps(&mut self, caps: &str) -> Result<(), Stop> {
    let (mut state, i) = self.credit(|_| true)?;
    let before = state.configured;
    let completion = Completion::new(state.credits[i].credit.token, Completed::Caps);
    state.push(completion, Some(caps.as_bytes().into()));
    while state.configured == before {
      if state.closing || state.abandoned || state.epoch != self.epoch {
        return Err(Stop::Void);
      }
      state = self.shared.wait(state);
    }
    // The codec has said them itself.
    if let Some(at) = state.jobs.iter().position(|job| matches!(job, Job::Output(_)))
      && let Some(Job::Output(text)) = state.jobs.remove(at)
    {
      self.told.push(text);
    }
    Ok(())
  }

  /// Gives data that is written into a block of the core's.
  /// @param size bytes that are needed
  /// @param fill writes them and answers how many there are
  pub fn fill(&mut self, times: &Times, size: u32, fill: impl FnOnce(&mut [u8]) -> u32) -> Result<(), Stop> {
    let (mut state, i) = self.credit(|a| a.credit.block != 0 && a.credit.length >= size)?;
    let Some(Armed { credit, memory }) = state.credits.remove(i) else { return Err(Stop::Void) };
    drop(state);
    let written = {
      let _inside = self.shared.gate.enter().ok_or(Stop::Void)?;
      memory.bytes_mut(credit.block, credit.length).map(fill)
    };
    let written = written.filter(|n| *n <= credit.length).and_then(|n| i32::try_from(n).ok());
    let mut state = self.shared.lock();
    let Some(written) = written else {
      state.complete(Completion::result(credit.token, HostError::Invalid as i32));
      return Err(HostError::Invalid.into());
    };
    let mut completion = data(credit.token, times, self.epoch);
    completion.result = written;
    state.complete(completion);
    Ok(())
  }

  /// Gives data that the core makes memory for.
  pub fn bytes(&mut self, times: &Times, bytes: &[u8]) -> Result<(), Stop> {
    let (mut state, i) = self.credit(|a| a.credit.block == 0)?;
    let token = state.credits[i].credit.token;
    state.credits[i].credit.count -= 1;
    if state.credits[i].credit.count == 0 {
      state.credits.remove(i);
    }
    state.push(data(token, times, self.epoch), Some(bytes.into()));
    Ok(())
  }

  /// Says how much later things come out than they go in, ns. To be called from [`Codec::frame`].
  pub fn latency(&mut self, least: i64, most: i64) {
    let mut state = self.shared.lock();
    let Some(token) = state.current else { return };
    let mut completion = Completion::new(token, Completed::Latency);
    (completion.pts, completion.dts) = (least, most);
    state.complete(completion);
  }
}

fn data(token: u32, times: &Times, epoch: u32) -> Completion {
  let mut c = Completion::new(token, Completed::Data);
  (c.pts, c.dts, c.duration, c.capture) = (times.pts, times.dts, times.duration, times.capture);
  (c.flags, c.epoch) = (times.flags, epoch);
  c
}

/// Works until the element ends.
pub(crate) fn run<C: Codec>(shared: &Shared, codec: C) {
  let mut codec = Some(codec);
  while let Some((job, epoch)) = next(shared) {
    let done = match &mut codec {
      Some(codec) => catch_unwind(AssertUnwindSafe(|| perform(shared, codec, &job, epoch))),
      None => Ok(Err(HostError::Io.into())),
    };
    // What has panicked is in no state to go on.
    let done = done.unwrap_or_else(|_| {
      codec = None;
      Err(HostError::Io.into())
    });
    end(shared, &job, done);
  }
}

fn perform<C: Codec>(shared: &Shared, codec: &mut C, job: &Job, epoch: u32) -> Result<(), Stop> {
  let mut out = Output { shared, epoch, told: Vec::new() };
  let done = match job {
    Job::Property(name, value) => {
      codec.property(name, value);
      Ok(())
    }
    Job::Input(caps) => codec.input(Caps::new(caps)),
    Job::Output(caps) => codec.output(Caps::new(caps)),
    Job::Frame(frame, _) => codec.frame(&Input { frame, gate: &shared.gate }, &mut out),
    Job::Drain(_) => codec.drain(&mut out),
    Job::Flush => {
      codec.flush();
      Ok(())
    }
    Job::KeyUnit(at) => {
      codec.key_unit(*at);
      Ok(())
    }
  };
  out.told.iter().try_for_each(|caps| codec.output(Caps::new(caps))).and(done)
}

fn next(shared: &Shared) -> Option<(Job, u32)> {
  let mut state = shared.lock();
  loop {
    if state.closing {
      return None;
    }
    if let Some(job) = state.jobs.pop_front() {
      state.current = job.token();
      state.abandoned = false;
      return Some((job, state.epoch));
    }
    state = shared.wait(state);
  }
}

/// Ends the operation of a job.
fn end(shared: &Shared, job: &Job, done: Result<(), Stop>) {
  let mut state = shared.lock();
  state.current = None;
  state.frames -= usize::from(matches!(job, Job::Frame(..)));
  if let Err(Stop::Failed(error)) = done {
    state.failed = Some(error);
  }
  let Some(token) = job.token() else { return };
  let completion = match done {
    Err(Stop::Failed(error)) => Completion::result(token, error as i32),
    Err(Stop::Void) if state.abandoned => Completion::result(token, HostError::Cancelled as i32),
    _ => finished(job, token),
  };
  state.complete(completion);
}

/// The last completion of an operation that has not failed.
pub(crate) fn finished(job: &Job, token: u32) -> Completion {
  match job {
    Job::Drain(_) => Completion::new(token, Completed::End),
    _ => Completion::result(token, 0),
  }
}
