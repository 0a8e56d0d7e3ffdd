//! The end of a stream at a sink pad.

use g2g_interface::abi::Completed;
use g2g_interface::{Answer, Completion, Completions, HostError};

/// A drain that the core has asked for, until its operation ends.
#[derive(Default)]
pub struct Drain {
  token: Option<u32>,
  cancelled: bool,
}

impl Drain {
  /// None.
  pub const fn new() -> Self {
    Drain { token: None, cancelled: false }
  }

  /// Takes the operation.
  pub fn begin(&mut self, token: u32) -> Result<Answer, HostError> {
    *self = Drain { token: Some(token), cancelled: false };
    Ok(Answer::Pending)
  }

  /// Whether it has not ended.
  pub fn is_pending(&self) -> bool {
    self.token.is_some()
  }

  /// Notes that it is wanted back, if this is its token.
  pub fn cancel(&mut self, token: u32) {
    self.cancelled |= self.token == Some(token);
  }

  /// Ends it once `done` says that all is out, or it was cancelled; when there is room.
  /// @param last how it ends: Result for an element that ends with the sink, End for one that gives data
  pub fn end(&mut self, last: Completed, out: &mut dyn Completions, done: impl FnOnce() -> bool) {
    let Some(token) = self.token else { return };
    if (self.cancelled || done()) && out.room() {
      out.put(match self.cancelled {
        true => Completion::result(token, HostError::Cancelled as i32),
        false => Completion::new(token, last),
      });
      self.clear();
    }
  }

  /// Forgets it, which is void.
  pub fn clear(&mut self) {
    *self = Drain::new();
  }
}
