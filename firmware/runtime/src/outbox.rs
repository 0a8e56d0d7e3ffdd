//! Takes the completions of one element, and believes none of them.

use g2g_interface::abi::{Completed, HostError, Op};
use g2g_interface::{Completion, Completions, Ring};

use crate::fault::{Breach, transient};
use crate::operations::{Operations, Stage};

/// Where an element's completions go during one poll.
pub(crate) struct Outbox<'a> {
  pub ring: &'a mut Ring,
  pub operations: &'a mut Operations,
  pub handle: i32,
  /// Something went into the ring.
  pub moved: bool,
  /// Something was completed, be it with an error.
  pub completed: bool,
  pub breach: Option<Breach>,
}

/// What becomes of an operation by a completion.
enum Next {
  /// It stays pending.
  Stays,
  /// It is over.
  Over,
  /// The host keeps it, since the error may pass.
  Fails(HostError),
}

impl Outbox<'_> {
  fn take(&mut self, c: &Completion) -> Result<(), Breach> {
    // A board has no memory but that of the core's blocks.
    if c.handle != 0 || c.extra != 0 {
      return Err(Breach::Data);
    }
    let handle = self.handle;
    let o = self.operations.find(c.token).filter(|o| o.handle == handle).ok_or(Breach::Completion)?;
    if !matches!(o.stage, Stage::Pending) {
      return Err(Breach::Completion);
    }
    let next = match c.kind {
      Completed::Data => {
        let within = u32::try_from(c.result).is_ok_and(|n| n <= o.length);
        if o.op != Op::Credit || !within || o.left == 0 {
          return Err(Breach::Data);
        }
        o.left -= 1;
        if o.left == 0 { Next::Over } else { Next::Stays }
      }
      Completed::Result => match HostError::from_raw(c.result) {
        Some(HostError::Pending) => return Err(Breach::Data),
        Some(error) if transient(error) && !o.cancelled => Next::Fails(error),
        _ => Next::Over,
      },
      Completed::End => Next::Over,
      Completed::Latency => Next::Stays,
      Completed::Caps | Completed::Returned => return Err(Breach::Data),
    };
    if let Next::Fails(error) = next {
      o.stage = Stage::Failed(error);
    } else if !self.ring.put(c) {
      return Err(Breach::Full);
    } else {
      self.moved = true;
    }
    if matches!(next, Next::Over) {
      self.operations.remove(c.token);
    }
    Ok(())
  }
}

impl Completions for Outbox<'_> {
  fn room(&self) -> bool {
    self.ring.room() > 0
  }

  fn put(&mut self, completion: Completion) {
    match self.take(&completion) {
      Ok(()) => self.completed = true,
      Err(breach) => {
        self.breach.get_or_insert(breach);
      }
    }
  }
}
