//! A driver in C as a host element.

use core::ffi::c_void;
use core::task::Context;

use g2g_interface::abi::{Completed, HostError, Op};
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, Memory, Upstream, Value};

use crate::types::*;

/// What an element does of which a driver has no function.
struct Plain;

impl HostElement for Plain {
  fn poll(&mut self, _: &mut Context<'_>, _: i64, _: &mut dyn Completions) {}
}

/// Frames that a driver can have at once; one more is refused until it has done with one of them.
const MAX_FRAMES: usize = 16;

/// An open instance of a driver.
pub struct Driver {
  element: *const CElement,
  epoch: u32,
  /// Tokens of the frames that it has.
  frames: [u32; MAX_FRAMES],
  held: usize,
  /// A drain that ends when it has none any more.
  drain: Option<u32>,
  /// That drain is to end before.
  cancelled: bool,
}

impl Driver {
  /// An instance.
  ///
  /// # Safety
  /// The element and its driver stay as they are while this is used, and the driver's functions keep to g2g.h.
  pub const unsafe fn new(element: *const CElement) -> Self {
    Driver { element, epoch: 0, frames: [0; MAX_FRAMES], held: 0, drain: None, cancelled: false }
  }

  fn get(&self) -> (&CDriver, *mut c_void) {
    // By the contract of `new`.
    unsafe {
      let element = &*self.element;
      (&*element.driver, element.this)
    }
  }

  /// Begins the instance.
  pub fn open(&mut self, name: &str) -> Result<(), HostError> {
    (self.epoch, self.held, self.drain) = (0, 0, None);
    let (driver, this) = self.get();
    driver.open.map_or(Ok(0), |open| count(unsafe { open(this, Text::new(name)) })).map(|_| ())
  }
}

/// What a function answered: 0 or more, or an error. An error that there is not counts as `Invalid`.
fn count(answer: i32) -> Result<u32, HostError> {
  u32::try_from(answer).map_err(|_| match HostError::from_raw(answer) {
    None | Some(HostError::Pending) => HostError::Invalid,
    Some(error) => error,
  })
}

/// The answer to an operation.
fn answer(answer: i32) -> Result<Answer, HostError> {
  if answer == HostError::Pending as i32 { Ok(Answer::Pending) } else { count(answer).map(|_| Answer::Done) }
}

impl HostElement for Driver {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    let (driver, this) = self.get();
    let Some(property) = driver.property else { return Plain.property(name, value) };
    count(unsafe { property(this, Text::new(name), &CValue::new(value)) }).map(|_| ())
  }

  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    let (driver, this) = self.get();
    let Some(configure) = driver.configure else { return Plain.configure(pad, caps) };
    count(unsafe { configure(this, pad, Text::new(caps)) })
  }

  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let (driver, this) = self.get();
    let Some(take) = driver.frame else { return Plain.frame(frame, token) };
    if self.held == MAX_FRAMES {
      return Err(HostError::Busy);
    }
    let memory = frame.memory();
    let frame = CFrame {
      pad: frame.pad,
      flags: frame.flags,
      size: frame.size,
      stretches: frame.count(),
      sequence: frame.sequence,
      pts: frame.pts,
      dts: frame.dts,
      duration: frame.duration,
      capture: frame.capture,
      due: frame.due,
      running: frame.running,
      memory: memory.pointer(0, 0).unwrap_or(core::ptr::null_mut()),
      memory_size: memory.size(),
      pairs: frame.pairs(),
    };
    let answer = answer(unsafe { take(this, &frame, token) });
    if answer == Ok(Answer::Pending)
      && let Some(place) = self.frames.get_mut(self.held)
    {
      *place = token;
      self.held += 1;
    }
    answer
  }

  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    let (driver, this) = self.get();
    let Some(fill) = driver.credit else { return Plain.credit(credit, memory) };
    let Credit { token, pad, length, .. } = credit;
    // Without a block there is nothing that a driver could give: a program has no memory that the core knows of.
    let block = memory.pointer(credit.block, length).filter(|_| credit.block != 0).ok_or(HostError::Unsupported)?;
    answer(unsafe { fill(this, &CCredit { token, pad, block, length }) })
  }

  fn drain(&mut self, pad: u32, token: u32) -> Result<Answer, HostError> {
    let (driver, this) = self.get();
    match driver.drain {
      Some(drain) => answer(unsafe { drain(this, pad, token) }),
      None if self.held == 0 => Ok(Answer::Done),
      None => {
        (self.drain, self.cancelled) = (Some(token), false);
        Ok(Answer::Pending)
      }
    }
  }

  fn flush(&mut self, epoch: u32) {
    self.epoch = epoch;
    let (driver, this) = self.get();
    if let Some(flush) = driver.flush {
      unsafe { flush(this) };
    }
  }

  fn event(&mut self, event: Upstream) {
    let (driver, this) = self.get();
    let Some(told) = driver.event else { return };
    let event = match event {
      Upstream::Qos { pad, proportion, jitter, timestamp } => {
        CEvent { kind: EVENT_QOS, pad, proportion, jitter, time: timestamp }
      }
      Upstream::ForceKeyUnit { pad, at } => {
        CEvent { kind: EVENT_FORCE_KEY_UNIT, pad, proportion: 0.0, jitter: 0, time: at }
      }
    };
    unsafe { told(this, &event) };
  }

  fn allowance(&self, op: Op) -> Option<i64> {
    let (driver, this) = self.get();
    let Some(allowance) = driver.allowance else { return Plain.allowance(op) };
    Some(unsafe { allowance(this, op as i32) }).filter(|ns| *ns < i64::MAX)
  }

  fn cancel(&mut self, token: u32) {
    if self.drain == Some(token) {
      self.cancelled = true;
      return;
    }
    let (driver, this) = self.get();
    if let Some(cancel) = driver.cancel {
      unsafe { cancel(this, token) };
    }
  }

  fn poll(&mut self, _: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    let (driver, this) = self.get();
    let Some(poll) = driver.poll else { return };
    let mut given = Out { out: &mut *out, driver: &mut *self };
    unsafe { poll(this, now, (&raw mut given).cast()) };
    if let Some(token) = self.drain.filter(|_| self.held == 0 || self.cancelled)
      && out.room()
    {
      self.drain = None;
      out.put(Completion::result(token, if self.cancelled { HostError::Cancelled as i32 } else { 0 }));
    }
  }

  fn close(&mut self) {
    let (driver, this) = self.get();
    if let Some(close) = driver.close {
      unsafe { close(this) };
    }
  }
}

/// Where a driver's completions go during a poll.
struct Out<'a> {
  out: &'a mut dyn Completions,
  driver: &'a mut Driver,
}

impl Driver {
  /// A frame is back, if the token is one's.
  fn ended(&mut self, token: u32) {
    let held = self.frames.get_mut(..self.held).unwrap_or(&mut []);
    if let Some(i) = held.iter().position(|t| *t == token) {
      held.swap(i, held.len() - 1);
      self.held -= 1;
    }
  }
}

/// Takes a completion.
///
/// # Safety
/// `out` is that of the poll which runs, and `completion` is one.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_put(out: *mut c_void, completion: *const CCompletion) -> bool {
  let out = unsafe { &mut *out.cast::<Out<'_>>() };
  if !out.out.room() {
    return false;
  }
  let c = unsafe { &*completion };
  // The host takes a kind that no board's element has for a breach, which is what one that there is not is too.
  let kind = Completed::from_raw(c.kind as i32).unwrap_or(Completed::Returned);
  let &CCompletion { token, pad, result, flags, pts, dts, duration, capture, .. } = c;
  let epoch = out.driver.epoch;
  if kind == Completed::Result {
    out.driver.ended(token);
  }
  out.out.put(Completion { pad, result, flags, pts, dts, duration, capture, epoch, ..Completion::new(token, kind) });
  true
}

/// A piece of a frame.
///
/// # Safety
/// `frame` is one that a driver was given and whose operation has not ended; `length` is a place for a number.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_stretch(frame: *const CFrame, number: u32, length: *mut u32) -> *const u8 {
  let piece = unsafe { piece(&*frame, number) };
  unsafe { *length = piece.map_or(0, |p| p.len() as u32) };
  piece.map_or(core::ptr::null(), <[u8]>::as_ptr)
}

/// Copies the bytes of a frame.
///
/// # Safety
/// As for [`g2g_stretch`]; there is place for `room` bytes at `to`.
#[unsafe(no_mangle)]
unsafe extern "C" fn g2g_copy(frame: *const CFrame, to: *mut u8, room: u32) -> u32 {
  let frame = unsafe { &*frame };
  let mut done = 0u32;
  for i in 0..frame.stretches {
    let Some(part) = (unsafe { piece(frame, i) }) else { return 0 };
    let length = part.len() as u32;
    if length > room - done {
      return 0;
    }
    unsafe { to.add(done as usize).copy_from_nonoverlapping(part.as_ptr(), part.len()) };
    done += length;
  }
  done
}

/// # Safety
/// As for [`g2g_stretch`].
unsafe fn piece<'a>(frame: &CFrame, number: u32) -> Option<&'a [u8]> {
  if number >= frame.stretches {
    return None;
  }
  let memory = unsafe { Memory::new(frame.memory, frame.memory_size) };
  let pair = frame.pairs.checked_add(number.checked_mul(8)?)?;
  let (at, length) = (memory.u32(pair)?, memory.u32(pair.checked_add(4)?)?);
  let at = memory.pointer(at, length)?;
  Some(unsafe { core::slice::from_raw_parts(at, length as usize) })
}
