//! The seam to decoders and encoders in hardware: one that takes a frame and a block, works by itself, and says by an
//! interrupt when it is done.

use core::task::Context;

use g2g_interface::abi::{Completed, Op, frame_flag};
use g2g_interface::{Answer, Completions, Credit, Frame, HostError, Memory};

use crate::block::Block;
use crate::cache::{Cache, lines};
use crate::credits::{Credits, Times};
use crate::drain::Drain;
use crate::exchange::Exchange;
use crate::held::Held;

/// Frames that wait at most, the one that is worked on included.
const QUEUE: usize = 4;

/// What a device made of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
  /// Bytes in the block, or why there are none.
  pub result: Result<u32, HostError>,
  /// Whether what was made can be decoded by itself.
  pub key: bool,
}

/// Outcomes on their way from the interrupt, in static memory: the interrupt calls [`Exchange::announce`], once for
/// each frame that was begun and not aborted.
pub type Outcomes = Exchange<(), Outcome, 2>;

/// What an element does around the device.
pub(crate) trait Codec {
  /// Has the device begin with a frame. An error is the frame's.
  fn begin(&mut self, frame: &Frame, to: Block) -> Result<(), HostError>;
  /// The decoding time of what a frame becomes, ns or NONE.
  fn dts(&self, frame: &Frame) -> i64;
  /// Stops the device; when it returns, it touches no memory, and no outcome comes any more.
  fn abort(&mut self);
  /// Looks at what a frame came to; an error ends the pipeline.
  fn done(&mut self, outcome: &Outcome) -> Result<(), HostError>;
}

struct Job {
  frame: u32,
  credit: u32,
  times: Times,
}

/// Frames and credits of an element with a sink pad and a src pad, and the frame that the device works on.
pub(crate) struct Work<'a> {
  outcomes: &'static Outcomes,
  cache: &'a dyn Cache,
  held: Held<QUEUE>,
  credits: Credits,
  /// Bytes that the device may write, 0 before the caps are known.
  block: u32,
  job: Option<Job>,
  drain: Drain,
  discont: bool,
}

impl<'a> Work<'a> {
  pub(crate) fn new(outcomes: &'static Outcomes, cache: &'a dyn Cache) -> Self {
    Work {
      outcomes,
      cache,
      held: Held::new(),
      credits: Credits::new(),
      block: 0,
      job: None,
      drain: Drain::new(),
      discont: false,
    }
  }

  /// Sets how many bytes the device writes at most; answers those of a block.
  pub(crate) fn expect(&mut self, bytes: u32) -> u32 {
    self.block = bytes;
    self.credits.expect(lines(bytes));
    lines(bytes)
  }

  pub(crate) fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    if frame.handle != 0 { Err(HostError::Invalid) } else { self.held.add(frame, token) }
  }

  pub(crate) fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.credits.add(credit, memory)
  }

  pub(crate) fn drain(&mut self, token: u32) -> Result<Answer, HostError> {
    self.drain.begin(token)
  }

  /// See [`g2g_interface::HostElement::allowance`]: frames wait for ever where the core gives no block.
  pub(crate) fn allowance(&self, op: Op) -> Option<i64> {
    let waits = matches!(op, Op::Frame | Op::Credit | Op::Drain) && self.job.is_none();
    if waits || op == Op::Credit { None } else { Some(2_000_000_000) }
  }

  pub(crate) fn flush(&mut self, epoch: u32, codec: &mut impl Codec) {
    self.credits.epoch = epoch;
    self.held.cancel_all();
    self.abort(codec);
    self.discont = false;
  }

  pub(crate) fn cancel(&mut self, token: u32, codec: &mut impl Codec) {
    let held = self.held.cancel(token);
    let lent = self.credits.cancel(token);
    if lent || held && self.job.as_ref().is_some_and(|job| job.frame == token) {
      self.abort(codec);
    }
    self.drain.cancel(token);
  }

  /// Takes the frame that is worked on back; it is begun again unless it was cancelled.
  fn abort(&mut self, codec: &mut impl Codec) {
    if let Some(job) = self.job.take() {
      codec.abort();
      while self.outcomes.result(&mut Context::from_waker(core::task::Waker::noop())).is_some() {}
      self.credits.back(job.credit);
    }
  }

  pub(crate) fn poll(&mut self, context: &mut Context<'_>, out: &mut dyn Completions, codec: &mut impl Codec) {
    loop {
      self.finish(context, out, codec);
      let busy = usize::from(self.job.is_some());
      self.held.end_over(busy, out);
      if !self.credits.end_cancelled(out) || self.job.is_some() || self.held.is_over(0) || !out.room() {
        break;
      }
      if !self.begin(out, codec) {
        break;
      }
    }
    self.drain.end(Completed::End, out, || self.held.is_empty());
  }

  /// Begins with the oldest frame; false when there is none, or no block for it. The caller has asked for room.
  fn begin(&mut self, out: &mut dyn Completions, codec: &mut impl Codec) -> bool {
    let (Some((frame, token)), Some(credit)) = (self.held.get(0), self.credits.first()) else { return false };
    if self.block == 0 {
      return false;
    }
    let Some(at) = self.credits.writable(credit.token, self.block, self.cache) else {
      self.credits.fail(HostError::Invalid, out);
      return true;
    };
    for i in 0..frame.count() {
      let stretch =
        frame.stretch(i).and_then(|(address, length)| Some((frame.memory().pointer(address, length)?, length)));
      if let Some((at, length)) = stretch {
        self.cache.clean(at, length as usize);
      }
    }
    match codec.begin(&frame, Block { at, length: self.block, token: credit.token }) {
      Ok(()) => {
        self.credits.lend(credit.token);
        let times = Times { pts: frame.pts, dts: codec.dts(&frame), duration: frame.duration, capture: frame.capture };
        self.job = Some(Job { frame: token, credit: credit.token, times });
      }
      Err(error) => self.lose(token, Outcome { result: Err(error), key: false }, out, codec),
    }
    true
  }

  /// A frame has come to nothing: it ends, and what follows says that something is missing.
  fn lose(&mut self, token: u32, outcome: Outcome, out: &mut dyn Completions, codec: &mut impl Codec) {
    self.discont = true;
    let result = codec.done(&outcome).map_or_else(|e| e as i32, |()| 0);
    self.held.end(token, result, out);
  }

  /// Ends the job whose outcome has come.
  fn finish(&mut self, context: &mut Context<'_>, out: &mut dyn Completions, codec: &mut impl Codec) {
    let Some(job) = self.job.as_ref().filter(|_| out.room()) else { return };
    let Some(outcome) = self.outcomes.result(context) else { return };
    let (frame, credit, times) = (job.frame, job.credit, job.times);
    self.job = None;
    self.credits.back(credit);
    let bytes = match outcome.result {
      Ok(bytes) if bytes > 0 && bytes <= self.block => bytes,
      Ok(0) => return self.lose(frame, Outcome { result: Err(HostError::Io), ..outcome }, out, codec),
      Ok(_) => return self.lose(frame, Outcome { result: Err(HostError::NoSpace), ..outcome }, out, codec),
      Err(_) => return self.lose(frame, outcome, out, codec),
    };
    self.credits.written(credit, self.block, self.cache);
    let result = codec.done(&outcome).map_or_else(|e| e as i32, |()| 0);
    let mut flags = if outcome.key { frame_flag::KEY } else { frame_flag::DELTA };
    if self.discont {
      flags |= frame_flag::DISCONT;
    }
    self.discont = false;
    self.credits.give(credit, bytes, times, flags, out);
    self.held.end(frame, result, out);
  }

  pub(crate) fn close(&mut self, codec: &mut impl Codec) {
    self.abort(codec);
    self.held.clear();
    self.credits.clear();
    self.drain.clear();
    (self.block, self.discont) = (0, false);
  }
}
