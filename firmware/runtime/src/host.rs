//! The loop of DESIGN.md, "The contract", as one task.

use core::future::poll_fn;
use core::task::{Context, Poll};

use g2g_interface::abi::{Op, Wait};
use g2g_interface::{HostError, Ring};

use crate::board::{Board, Outcome};
use crate::boot::{Asked, Log};
use crate::elements::Elements;
use crate::fault::{self, Fault, Scope};
use crate::image::{Image, Start};
use crate::ladder::{Ladder, Policy, Rung};
use crate::ledger::{self, Ledger, Mark};
use crate::machine::Machine;
use crate::operations::{self, Operations};
use crate::print;
use crate::service::{Service, Trouble};

/// Work of one step. A unit is about a microsecond of a large processor, and some tens of a small one: short enough that
/// other tasks and what arrives meanwhile are soon taken in.
const WORK: i32 = 64;

/// Time after which other tasks get their turn although there is more to do, ns.
const SLICE: i64 = 2_000_000;

/// Where the host is with the pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
  /// Nothing has been done.
  Off,
  /// It begins, or begins again, at a time.
  Begins(i64),
  /// Steps are taken.
  Runs,
  Over(Outcome),
}

/// One pipeline on one board.
pub struct Host<B, E, M> {
  service: Service<B, E>,
  machine: M,
  image: &'static Image,
  ladder: Ladder,
  ledger: &'static mut Ledger,
  phase: Phase,
  ring: Option<Ring>,
  /// When the core wants its next step, whatever comes.
  due: i64,
  /// The core has said that nothing will ever happen again.
  finished: bool,
  /// When something last moved.
  moved_at: i64,
  #[cfg(feature = "stats")]
  stats: crate::stats::Stats,
}

/// Runs the pipeline of an image until it ends, or until the board is to be reset. The counters that outlive a reset are
/// this program's own, so this is called once.
pub async fn run<B: Board, E: Elements, M: Machine>(
  board: B,
  elements: E,
  machine: M,
  image: &'static Image,
) -> Outcome {
  run_with(board, elements, machine, image, Policy::DEFAULT).await
}

/// As [`run`], with another policy for faults.
pub async fn run_with<B: Board, E: Elements, M: Machine>(
  board: B,
  elements: E,
  machine: M,
  image: &'static Image,
  policy: Policy,
) -> Outcome {
  // Handlers of faults take it too, and never return.
  let (ledger, operations) = unsafe { (ledger::kept(), operations::kept()) };
  let mut host = Host::new(board, elements, machine, image, operations, ledger, policy);
  poll_fn(|context| host.poll(context)).await
}

impl<B: Board, E: Elements, M: Machine> Host<B, E, M> {
  /// A host that has done nothing yet.
  #[inline(never)]
  pub fn new(
    board: B,
    elements: E,
    machine: M,
    image: &'static Image,
    operations: &'static mut Operations,
    ledger: &'static mut Ledger,
    policy: Policy,
  ) -> Self {
    Host {
      service: Service::new(board, elements, operations),
      machine,
      image,
      ladder: Ladder::new(policy),
      ledger,
      phase: Phase::Off,
      ring: None,
      due: 0,
      finished: false,
      moved_at: 0,
      #[cfg(feature = "stats")]
      stats: crate::stats::Stats::new(),
    }
  }

  /// The board.
  pub fn board(&mut self) -> &mut B {
    &mut self.service.board
  }

  /// The elements.
  pub fn elements(&mut self) -> &mut E {
    &mut self.service.elements
  }

  /// Does all that can be done now; the context is woken when there is more.
  #[inline(never)]
  pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
    let started = self.tell_time();
    #[cfg(feature = "stats")]
    self.stats.wake(started);
    loop {
      let now = self.tell_time();
      match self.phase {
        Phase::Over(outcome) => return Poll::Ready(outcome),
        Phase::Off => self.phase = self.power_on(),
        Phase::Begins(at) if at > now => return self.sleep(context, at),
        Phase::Begins(_) => {
          self.begin();
          self.moved_at = now;
          self.service.board.feed();
        }
        Phase::Runs => {
          if self.turn(context) {
            // 8 nothing is late and nothing can move: the core sleeps until its deadline
            let until = self.alarm();
            if until > now {
              return self.sleep(context, until);
            }
          }
          if now - started > SLICE {
            context.waker().wake_by_ref();
            return Poll::Pending;
          }
        }
      }
    }
  }

  fn tell_time(&mut self) -> i64 {
    self.service.now = self.service.board.now();
    self.service.now
  }

  /// Waits; the watchdog is fed, since the pipeline has nothing to do and is not late.
  fn sleep(&mut self, context: &mut Context<'_>, until: i64) -> Poll<Outcome> {
    let now = self.service.now;
    self.service.board.feed();
    self.ladder.settle(self.ledger, now);
    #[cfg(feature = "stats")]
    self.asked(context);
    let latest = self.service.board.watchdog().map_or(i64::MAX, |period| now.saturating_add(period / 2));
    let until = until.min(latest);
    #[cfg(feature = "stats")]
    self.stats.sleep(now);
    if until < i64::MAX {
      self.service.board.wake_at(until, context.waker());
    }
    Poll::Pending
  }

  /// When there is something to do, whatever comes before.
  fn alarm(&mut self) -> i64 {
    let mut until = self.due.min(self.service.alarm().unwrap_or(i64::MAX));
    if let Some((_, at)) = self.service.failed {
      until = until.min(at.saturating_add(self.ladder.policy().grace).saturating_add(1));
    }
    until
  }

  /// Says what runs, and how the run before ended.
  #[inline(never)]
  fn power_on(&mut self) -> Phase {
    let before = self.ledger.begin(self.service.board.cause());
    let (resets, image, most) = (self.ledger.resets(), self.image, self.ladder.policy().resets as u32);
    print::print(&mut self.service.board, |p| {
      p.text("g2g ").text(image.line).end();
      p.text("module ").text(image.module_hash).end();
      if let Some((mark, detail)) = before {
        p.text("reset ").number(resets as i64).text(" of ").number(most as i64).text(" after ").text(mark.text());
        match mark {
          Mark::Running => p.text(""),
          Mark::Ladder => p.text(" ").text(fault::noted(detail)).text(" ").number((detail as i32 >> 16) as i64),
          Mark::Panic if detail == 0 => p.text(""),
          Mark::Panic => p.text(" at line ").number(detail as i64),
          Mark::Processor | Mark::Watchdog => p.text(" ").hex(detail),
        };
        p.end();
      }
    });
    if resets > most {
      return self.end(Outcome::Halted);
    }
    Phase::Begins(0)
  }

  /// Brings the pipeline to where it plays.
  #[inline(never)]
  fn begin(&mut self) {
    self.finished = false;
    self.due = self.service.now;
    self.phase = Phase::Runs;
    let begun = match &self.image.start {
      Start::Frozen { log } => self.thaw(Log::new(log)).map(|()| self.shuffle(Log::new(log))),
      #[cfg(any(feature = "wasm3", not(feature = "aot")))]
      Start::Whole { ceiling, descriptors, line } => {
        crate::launch::launch(&mut self.machine, &mut self.service, *ceiling, descriptors, line)
          .map(|ring| self.ring = Some(ring))
      }
      // What is compiled ahead of time is frozen.
      #[cfg(all(feature = "aot", not(feature = "wasm3")))]
      Start::Whole { .. } => Err(Fault::Launch { call: 0, answer: HostError::Unsupported as i32 }),
    };
    self.service.settled = true;
    if let Err(fault) = begun {
      self.service.note(Trouble::pipeline(fault));
    }
  }

  /// Carries out the boot log: the elements must answer as the build assumed.
  fn thaw(&mut self, mut log: Log) -> Result<(), Fault> {
    let memory = self.machine.memory();
    let mut n = 0;
    for entry in log.by_ref() {
      let got = match entry.asked {
        Asked::Random => entry.result,
        Asked::Open => self.service.open_spec(entry.data),
        Asked::Submit(op) => match self.service.replay(memory, op, &entry) {
          // Done sooner than the build assumed.
          n if n >= 0 && entry.result == HostError::Pending as i32 && op != Op::Credit => {
            if self.service.owe(&entry, op, n) { entry.result } else { HostError::TooMany as i32 }
          }
          n => n,
        },
      };
      if got != entry.result {
        return Err(Fault::Boot { entry: n, answer: got });
      }
      n += 1;
    }
    self.ring = Ring::new(memory, self.image.ring);
    if log.damaged() || self.ring.is_none() || memory.size() as usize != self.image.memory {
      return Err(Fault::Boot { entry: n, answer: HostError::Invalid as i32 });
    }
    Ok(())
  }

  /// Makes random numbers anew that the core was given when it was frozen, where it still has them as they were. A board
  /// without a source of them keeps those of its image.
  fn shuffle(&mut self, log: Log) {
    for entry in log.filter(|e| e.asked == Asked::Random) {
      if let Some(bytes) = self.machine.memory().bytes_mut(entry.ptr, entry.length)
        && *bytes == *entry.data
      {
        self.service.board.random(bytes);
      }
    }
  }

  /// One turn of the loop; whether there is nothing more to do for now.
  fn turn(&mut self, context: &mut Context<'_>) -> bool {
    let now = self.service.now;
    let memory = self.machine.memory();
    // 4 what was submitted and is done, in any order; what finds no room stays with its element
    let waiting = match &mut self.ring {
      Some(ring) => {
        self.service.collect(context, memory, ring);
        ring.waiting()
      }
      None => 0,
    };
    if let Some(text) = self.service.board.fault() {
      self.service.note(Trouble::pipeline(Fault::Board(text)));
    }
    if let Some(trouble) = self.service.trouble().or_else(|| self.ended(now)) {
      self.answer(trouble);
      return false;
    }
    if self.phase != Phase::Runs {
      return false;
    }
    if waiting == 0 && self.due > now {
      // The elements have been polled since the last step, so all wakers are in place.
      return !self.service.again;
    }
    #[cfg(feature = "stats")]
    let before = self.stats.step_begins(waiting, now);
    self.step(now);
    #[cfg(feature = "stats")]
    self.stats.step_ends(before, self.service.board.now());
    false
  }

  /// 5 to 9: a step of the core, which submits while it runs.
  fn step(&mut self, now: i64) {
    let wait = match self.machine.step(&mut self.service, now, WORK) {
      Ok(wait) => wait,
      Err(trap) => {
        self.service.note(Trouble::pipeline(Fault::Trap(trap)));
        return;
      }
    };
    const AGAIN: i64 = Wait::Again as i64;
    const FINISHED: i64 = Wait::Finished as i64;
    self.due = match wait {
      AGAIN => now,
      deadline if deadline > 0 => deadline,
      _ => i64::MAX,
    };
    self.finished = wait == FINISHED;
    if core::mem::take(&mut self.service.moved) {
      self.moved_at = now;
      self.service.board.feed();
    } else if wait == AGAIN && now - self.moved_at > self.ladder.policy().patience {
      self.service.note(Trouble::pipeline(Fault::Spins));
    }
  }

  /// Whether the run is at an end, good or bad.
  fn ended(&mut self, now: i64) -> Option<Trouble> {
    let (eos, failed) = (self.service.eos, self.service.failed);
    if let Some((code, at)) = failed {
      // What was written so far is finished first.
      let over = eos || self.finished || now - at > self.ladder.policy().grace;
      return over.then_some(Trouble::pipeline(Fault::Posted(code)));
    }
    if eos || self.finished {
      // Those that take too long are found as at any other time.
      if self.service.frames() {
        return None;
      }
      self.phase = self.end(Outcome::Eos);
      return None;
    }
    let dead = self.due == i64::MAX && !self.service.pending() && self.ring.as_ref().is_none_or(|r| r.waiting() == 0);
    dead.then_some(Trouble::pipeline(Fault::Dead))
  }

  /// Climbs the ladder.
  #[inline(never)]
  fn answer(&mut self, trouble: Trouble) {
    let Trouble { fault, handle, token } = trouble;
    let now = self.service.now;
    let log = match &self.image.start {
      Start::Frozen { log } => Some(Log::new(log)),
      // A whole core does not say what made its elements what they are.
      Start::Whole { .. } => None,
    };
    let mut scope = fault.scope();
    if scope == Scope::Operation && self.service.overtaken(token) {
      scope = Scope::Element;
    }
    if scope == Scope::Element && log.is_none() {
      scope = Scope::Pipeline;
    }
    let tries = self.service.tries(token);
    let mut rung = self.ladder.climb(scope, tries, self.ledger, now);
    if rung == Rung::Element && log.is_none() {
      rung = self.ladder.climb(Scope::Pipeline, 0, self.ledger, now);
    }
    self.report(trouble, rung);
    match rung {
      Rung::Retry(after) => self.service.hold(token, now.saturating_add(after)),
      Rung::Element => {
        let memory = self.machine.memory();
        if !log.is_some_and(|log| self.service.reopen(memory, handle, log)) {
          self.service.note(Trouble { fault: Fault::Reopen, handle, token: 0 });
        }
      }
      Rung::Pipeline(after) => {
        self.service.close_all();
        self.ring = None;
        self.phase = match self.machine.restart() {
          Ok(()) => Phase::Begins(now.saturating_add(after)),
          Err(_) => self.reset(fault),
        };
      }
      Rung::Reset => self.phase = self.reset(fault),
      Rung::Halt => self.phase = self.end(Outcome::Halted),
    }
  }

  fn reset(&mut self, fault: Fault) -> Phase {
    self.ledger.note(Mark::Ladder, fault.number());
    self.end(Outcome::Reset)
  }

  fn report(&mut self, trouble: Trouble, rung: Rung) {
    let now = self.service.now;
    let name = self.service.name(trouble.handle);
    print::print(&mut self.service.board, |p| {
      p.text("fault ").plain(name.bytes()).text(": ");
      trouble.fault.print(p);
      p.text(" at ").seconds(now).text(" s: ");
      p.text(match rung {
        Rung::Retry(_) => "retry",
        Rung::Element => "restart element",
        Rung::Pipeline(_) => "restart pipeline",
        Rung::Reset => "reset",
        Rung::Halt => "give up",
      });
      p.end();
    });
  }

  /// Ends the run.
  #[inline(never)]
  fn end(&mut self, outcome: Outcome) -> Phase {
    #[cfg(feature = "stats")]
    self.status();
    self.service.close_all();
    let stack = self.service.board.stack();
    print::print(&mut self.service.board, |p| {
      if let Some((used, all)) = stack {
        p.text("stack: ").number(used as i64).text(" of ").number(all as i64).end();
      }
      if outcome == Outcome::Halted {
        p.text("halted").end();
      }
    });
    Phase::Over(outcome)
  }

  /// Answers what was typed at the console.
  #[cfg(feature = "stats")]
  fn asked(&mut self, context: &mut Context<'_>) {
    while let Some(byte) = self.service.board.typed(context.waker()) {
      if byte == b'?' {
        self.status();
      }
    }
  }

  /// Prints what was counted, and what the elements read.
  #[cfg(feature = "stats")]
  fn status(&mut self) {
    let now = self.service.now;
    print::print(&mut self.service.board, |p| self.stats.print(p, now));
    self.service.each(|board, name, element| {
      element.readings(&mut |reading, value| {
        print::print(board, |p| {
          p.plain(name).text(" ").text(reading).text(" ");
          crate::messages::value(p, value);
          p.end();
        });
      });
    });
  }
}
