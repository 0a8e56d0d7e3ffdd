//! Times of coded frames, and which of them what comes out has.

use std::collections::VecDeque;

use g2g_interface::{Frame, NONE};

/// Coded frames whose times are kept: more than any decoder holds back.
const KEPT: usize = 1024;

/// What is known of a coded frame; times are ns, or NONE.
#[derive(Clone, Copy, Debug)]
pub struct Info {
  /// Its number: 1 and up, in order.
  pub id: u64,
  /// Bits of [`g2g_interface::abi::frame_flag`].
  pub flags: u32,
  /// Presentation time.
  pub pts: i64,
  /// Decoding time.
  pub dts: i64,
  /// How long it lasts.
  pub duration: i64,
  /// When it was captured, on the host's clock.
  pub capture: i64,
}

/// Coded frames on their way, and where the stream stands.
#[derive(Debug)]
pub struct Times {
  kept: VecDeque<Info>,
  last: u64,
  /// Where what came out last ends, ns.
  next: i64,
}

impl Default for Times {
  fn default() -> Times {
    Times { kept: VecDeque::new(), last: 0, next: NONE }
  }
}

impl Times {
  /// Keeps the times of a frame; its number.
  pub fn put(&mut self, frame: &Frame) -> u64 {
    self.last += 1;
    if self.kept.len() == KEPT {
      self.kept.pop_front();
    }
    let Frame { flags, pts, dts, duration, capture, .. } = *frame;
    self.kept.push_back(Info { id: self.last, flags, pts, dts, duration, capture });
    self.last
  }

  /// What is known of a frame.
  pub fn of(&self, id: u64) -> Option<&Info> {
    let i = self.kept.binary_search_by_key(&id, |info| info.id).ok()?;
    self.kept.get(i)
  }

  /// Times of what came of a frame: presentation, duration, capture. What has no time follows what came before.
  /// @param own how long it lasts as it tells itself, ns
  pub fn out(&mut self, id: u64, own: Option<i64>) -> (i64, i64, i64) {
    let info = self.of(id).copied();
    let known = |t: i64| (t != NONE).then_some(t);
    let duration = info.and_then(|i| known(i.duration)).or(own);
    let first = || info.and_then(|i| known(i.dts));
    let pts = info.and_then(|i| known(i.pts)).or(known(self.next)).or_else(first).unwrap_or(NONE);
    self.next = match duration {
      Some(duration) if pts != NONE => pts.saturating_add(duration),
      _ => NONE,
    };
    (pts, duration.unwrap_or(NONE), info.map_or(NONE, |i| i.capture))
  }

  /// Forgets where the stream stands.
  pub fn flush(&mut self) {
    self.next = NONE;
  }
}
