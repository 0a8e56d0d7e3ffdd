//! What to do about a fault: the least that may help, and more when that has been tried as often as it may.

use crate::fault::Scope;
use crate::ledger::Ledger;

/// How often and how long. Counts are within `window`; times are ns.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
  /// Times that one operation is offered again.
  pub retries: u8,
  /// Times that elements are opened again.
  pub elements: u8,
  /// Times that the pipeline begins again.
  pub pipelines: u8,
  /// Resets of the processor in a row, without a window of good time between them.
  pub resets: u8,
  /// Faults that lie further back are forgotten.
  pub window: i64,
  /// Before an operation or the pipeline is tried again; twice as long each time.
  pub backoff: i64,
  /// Until a pipeline that has posted an error must have ended.
  pub grace: i64,
  /// How long the core may step without moving anything.
  pub patience: i64,
}

impl Policy {
  /// What suits a board that nobody looks after.
  pub const DEFAULT: Policy = Policy {
    retries: 3,
    elements: 3,
    pipelines: 3,
    resets: 3,
    window: 60_000_000_000,
    backoff: 20_000_000,
    grace: 1_000_000_000,
    patience: 3_000_000_000,
  };
}

/// A rung of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
  /// The operation is offered again, after so many ns.
  Retry(i64),
  /// The element is closed and opened again.
  Element,
  /// The pipeline begins again, after so many ns.
  Pipeline(i64),
  /// The processor is reset.
  Reset,
  /// Nothing is tried any more.
  Halt,
}

#[derive(Clone, Copy)]
struct Count {
  n: u8,
  since: i64,
}

impl Count {
  const NONE: Count = Count { n: 0, since: 0 };

  /// Counts one more if that is within `most`.
  fn take(&mut self, most: u8, window: i64, now: i64) -> bool {
    if self.n > 0 && now - self.since > window {
      self.n = 0;
    }
    if self.n >= most {
      return false;
    }
    if self.n == 0 {
      self.since = now;
    }
    self.n += 1;
    true
  }
}

/// Counts what was tried.
pub struct Ladder {
  policy: Policy,
  elements: Count,
  pipelines: Count,
  quiet_since: i64,
}

impl Ladder {
  /// Nothing was tried yet.
  pub const fn new(policy: Policy) -> Self {
    Ladder { policy, elements: Count::NONE, pipelines: Count::NONE, quiet_since: 0 }
  }

  /// How often and how long.
  pub const fn policy(&self) -> &Policy {
    &self.policy
  }

  /// The rung that a fault is answered with.
  /// @param tries how often the operation was offered again, for a fault of one operation
  pub fn climb(&mut self, scope: Scope, tries: u8, ledger: &Ledger, now: i64) -> Rung {
    let Policy { retries, elements, pipelines, resets, window, backoff, .. } = self.policy;
    self.quiet_since = now;
    if scope == Scope::Operation && tries < retries {
      return Rung::Retry(backoff << tries.min(16));
    }
    if scope <= Scope::Element && self.elements.take(elements, window, now) {
      return Rung::Element;
    }
    if self.pipelines.take(pipelines, window, now) {
      return Rung::Pipeline(backoff << self.pipelines.n.min(16));
    }
    if ledger.resets() < resets as u32 { Rung::Reset } else { Rung::Halt }
  }

  /// Forgets resets after a window without a fault.
  pub fn settle(&mut self, ledger: &mut Ledger, now: i64) {
    if ledger.resets() > 0 && now - self.quiet_since > self.policy.window {
      ledger.settle();
    }
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::board::Cause;

  const POLICY: Policy = Policy { retries: 2, elements: 2, pipelines: 1, resets: 1, window: 100, ..Policy::DEFAULT };

  #[test]
  fn each_rung_comes_after_the_one_below_it_as_often_as_it_may() {
    let (mut ladder, mut ledger) = (Ladder::new(POLICY), Ledger::new());
    ledger.begin(Cause::Power);
    let b = POLICY.backoff;
    let rungs: Vec<_> = (0..6).map(|tries| ladder.climb(Scope::Operation, tries, &ledger, 10)).collect();
    let expected =
      [Rung::Retry(b), Rung::Retry(2 * b), Rung::Element, Rung::Element, Rung::Pipeline(2 * b), Rung::Reset];
    assert_eq!(rungs, expected);
    ledger.begin(Cause::Program);
    assert_eq!(ladder.climb(Scope::Pipeline, 0, &ledger, 20), Rung::Halt);
  }

  #[test]
  fn what_lies_behind_the_window_does_not_count() {
    let (mut ladder, ledger) = (Ladder::new(POLICY), Ledger::new());
    assert!(matches!(ladder.climb(Scope::Pipeline, 0, &ledger, 10), Rung::Pipeline(_)));
    assert_eq!(ladder.climb(Scope::Pipeline, 0, &ledger, 110), Rung::Reset);
    assert!(matches!(ladder.climb(Scope::Pipeline, 0, &ledger, 111), Rung::Pipeline(_)));
  }

  #[test]
  fn a_quiet_window_forgets_resets() {
    let (mut ladder, mut ledger) = (Ladder::new(POLICY), Ledger::new());
    ledger.begin(Cause::Power);
    ledger.begin(Cause::Watchdog);
    ladder.climb(Scope::Element, 0, &ledger, 50);
    ladder.settle(&mut ledger, 150);
    assert_eq!(ledger.resets(), 1);
    ladder.settle(&mut ledger, 151);
    assert_eq!(ledger.resets(), 0);
  }
}
