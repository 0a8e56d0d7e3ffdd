//! Frames that a sink has of the core.

use g2g_interface::{Answer, Completion, Completions, Frame, HostError};

#[derive(Clone, Copy)]
struct Slot {
  frame: Frame,
  token: u32,
  /// What its operation came to, once that is known.
  result: Option<i32>,
}

/// At most `N` frames that are the element's until it ends their operations, oldest first.
pub struct Held<const N: usize> {
  slots: [Option<Slot>; N],
  count: usize,
}

impl<const N: usize> Default for Held<N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const N: usize> Held<N> {
  /// No frames.
  pub const fn new() -> Self {
    Held { slots: [const { None }; N], count: 0 }
  }

  /// Takes a frame; `Busy` when `N` are held, after which the core offers it again when one of them has ended.
  pub fn add(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let slot = self.slots.get_mut(self.count).ok_or(HostError::Busy)?;
    *slot = Some(Slot { frame: *frame, token, result: None });
    self.count += 1;
    Ok(Answer::Pending)
  }

  /// How many are held.
  pub fn len(&self) -> usize {
    self.count
  }

  /// Whether none is held.
  pub fn is_empty(&self) -> bool {
    self.count == 0
  }

  /// A frame by its age, with its token.
  pub fn get(&self, i: usize) -> Option<(Frame, u32)> {
    self.slots[..self.count].get(i)?.map(|s| (s.frame, s.token))
  }

  /// Whether a frame by its age has come to its end, and only waits for room to say so.
  pub fn is_over(&self, i: usize) -> bool {
    matches!(self.slots[..self.count].get(i), Some(Some(slot)) if slot.result.is_some())
  }

  /// Notes that a frame is wanted back; whether it is held.
  pub fn cancel(&mut self, token: u32) -> bool {
    let found = self.slots[..self.count].iter_mut().flatten().find(|s| s.token == token);
    found.map(|s| s.result = s.result.or(Some(HostError::Cancelled as i32))).is_some()
  }

  /// Notes that all frames are wanted back.
  pub fn cancel_all(&mut self) {
    let all = self.slots[..self.count].iter_mut().flatten();
    all.for_each(|s| s.result = s.result.or(Some(HostError::Cancelled as i32)));
  }

  /// A frame is done with; its operation ends now, or when there is room.
  pub fn end(&mut self, token: u32, result: i32, out: &mut dyn Completions) {
    if let Some(slot) = self.slots[..self.count].iter_mut().flatten().find(|s| s.token == token) {
      slot.result = Some(result);
    }
    self.end_over(0, out);
  }

  /// Ends the operations of frames that are done with or cancelled, but for the first `busy`, on which a device still works;
  /// as far as there is room.
  pub fn end_over(&mut self, busy: usize, out: &mut dyn Completions) {
    let mut i = busy;
    while i < self.count && out.room() {
      let Some((token, result)) = self.slots[i].and_then(|s| Some((s.token, s.result?))) else {
        i += 1;
        continue;
      };
      self.slots.copy_within(i + 1..self.count, i);
      self.count -= 1;
      out.put(Completion::result(token, result));
    }
  }

  /// Forgets all frames, which are void.
  pub fn clear(&mut self) {
    self.count = 0;
  }
}
