//! The host as the core calls it: with a recorder, if there is one, that sees every call.

use super::recorder::Submission;
use crate::host::Host;

/// A host that is recorded if it has a recorder.
pub struct Tap<'a>(pub &'a mut Host);

impl Tap<'_> {
  /// [`Host::open`].
  pub fn open(self, kind: u32, ptr: u32, length: u32) -> i32 {
    let handle = self.0.open(kind, ptr, length);
    if let Some(recorder) = &mut self.0.recorder {
      recorder.opened(kind, ptr, length, handle);
    }
    handle
  }

  /// [`Host::submit`].
  pub fn submit(self, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    let Some(recorder) = &self.0.recorder else { return self.0.submit(handle, op, ptr, length, aux, token) };
    let submission = Submission { handle, op, ptr, length, aux, token };
    // Behind the call, bytes may be the host's already.
    let payload = recorder.payload(&submission);
    let result = self.0.submit(handle, op, ptr, length, aux, token);
    if let Some(recorder) = &mut self.0.recorder {
      recorder.submitted(submission, &payload, result);
    }
    result
  }

  /// [`Host::cancel`].
  pub fn cancel(self, token: u32) {
    if let Some(recorder) = &mut self.0.recorder {
      recorder.cancelled(token);
    }
    self.0.cancel(token);
  }

  /// [`Host::close`].
  pub fn close(self, handle: i32) {
    if let Some(recorder) = &mut self.0.recorder {
      recorder.closed(handle);
    }
    self.0.close(handle);
  }

  /// [`Host::retain`].
  pub fn retain(self, handle: i32) {
    if let Some(recorder) = &mut self.0.recorder {
      recorder.retained(handle);
    }
    self.0.retain(handle);
  }

  /// [`Host::release`].
  pub fn release(self, handle: i32) {
    if let Some(recorder) = &mut self.0.recorder {
      recorder.released(handle);
    }
    self.0.release(handle);
  }

  /// [`Host::post`].
  pub fn post(self, kind: u32, ptr: u32, length: u32) {
    if let Some(recorder) = &mut self.0.recorder {
      recorder.posted(kind, ptr, length);
    }
    self.0.post(kind, ptr, length);
  }

  /// [`Host::random`].
  pub fn random(self, ptr: u32, length: u32) {
    self.0.random(ptr, length);
    if let Some(recorder) = &mut self.0.recorder {
      recorder.random(ptr, length);
    }
  }
}
