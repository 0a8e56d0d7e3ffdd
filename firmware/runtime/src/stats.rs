//! What the host counts of itself.

use crate::print::Printer;

/// Since the start; times are ns.
pub(crate) struct Stats {
  steps: u32,
  asleep: i64,
  slept_at: i64,
  longest: i64,
  /// The most completions that a step found.
  most: u32,
}

impl Stats {
  pub const fn new() -> Self {
    Stats { steps: 0, asleep: 0, slept_at: 0, longest: 0, most: 0 }
  }

  /// The host gives the processor away.
  pub fn sleep(&mut self, now: i64) {
    self.slept_at = now;
  }

  /// It has it back.
  pub fn wake(&mut self, now: i64) {
    if self.slept_at > 0 {
      self.asleep += now - self.slept_at;
    }
    self.slept_at = 0;
  }

  /// A step begins; its time, for [`Stats::step_ends`].
  pub fn step_begins(&mut self, waiting: u32, now: i64) -> i64 {
    self.steps = self.steps.wrapping_add(1);
    self.most = self.most.max(waiting);
    now
  }

  pub fn step_ends(&mut self, began: i64, now: i64) {
    self.longest = self.longest.max(now - began);
  }

  /// `steps N asleep N.N % longest N us ring N`
  pub fn print(&self, p: &mut Printer<'_>, now: i64) {
    let thousandths = (self.asleep / 1000).saturating_mul(1000) / (now / 1000).max(1);
    p.text("steps ").number(self.steps as i64);
    p.text(" asleep ").number(thousandths / 10).text(".").number(thousandths % 10).text(" %");
    p.text(" longest ").number(self.longest / 1000).text(" us");
    p.text(" ring ").number(self.most as i64).end();
  }
}
