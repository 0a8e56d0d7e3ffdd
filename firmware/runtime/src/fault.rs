//! What can go wrong, from the host's point of view.

use g2g_engine::Trap;
use g2g_interface::HostError;
use g2g_interface::abi::Op;

use crate::print::Printer;

/// How an element or the core broke the contract of the host interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
  /// An element completed an operation that is not pending with it: it is over, or never was.
  Completion,
  /// An element put a completion without asking for room.
  Full,
  /// A completion says more than its operation allows: bytes beyond the block, data without a credit, memory of its own.
  Data,
  /// An element answered at once what it cannot: a credit that is done before there is data.
  Answer,
  /// The core closed a handle with operations still pending.
  Leak,
  /// The core named memory that it does not have, or used a token twice.
  Core,
}

impl Breach {
  /// In short, for the console.
  pub const fn text(self) -> &'static str {
    match self {
      Breach::Completion => "completes what is not pending",
      Breach::Full => "does not wait for room",
      Breach::Data => "gives more than was asked for",
      Breach::Answer => "answers too early",
      Breach::Leak => "closed while busy",
      Breach::Core => "wild address or token",
    }
  }
}

/// A fault, which the ladder answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
  /// An operation of an element has failed in a way that may pass.
  Operation(Op, HostError),
  /// An operation stayed pending beyond its element's allowance.
  Stalled(Op),
  /// Somebody broke the contract.
  Breach(Breach),
  /// An element could not be opened again as it was.
  Reopen,
  /// The engine ended the instance.
  Trap(Trap),
  /// The core posted an error, its code.
  Posted(i32),
  /// An entry of the boot log, counted from 0, was not answered as the build had assumed.
  Boot {
    /// Which entry.
    entry: u32,
    /// What was answered.
    answer: i32,
  },
  /// The launch of a whole core failed: which export, counted by its place in the launch, and its answer.
  Launch {
    /// Which call.
    call: u32,
    /// What it answered.
    answer: i32,
  },
  /// The core steps on and on and nothing moves.
  Spins,
  /// The core waits, and nothing will ever come.
  Dead,
  /// The board's own fault, in short.
  Board(&'static str),
}

/// How much has to be done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
  /// One operation.
  Operation,
  /// One element.
  Element,
  /// All of the pipeline.
  Pipeline,
}

impl Fault {
  /// How much of the pipeline a fault concerns at the least.
  pub const fn scope(self) -> Scope {
    match self {
      Fault::Operation(..) => Scope::Operation,
      Fault::Breach(Breach::Core | Breach::Leak) => Scope::Pipeline,
      Fault::Stalled(_) | Fault::Breach(_) => Scope::Element,
      _ => Scope::Pipeline,
    }
  }

  /// Prints what it is, in short.
  pub(crate) fn print(self, p: &mut Printer<'_>) {
    match self {
      Fault::Operation(op, error) => p.text(operation(op)).text(" failed ").number(error as i64),
      Fault::Stalled(op) => p.text(operation(op)).text(" stalled"),
      Fault::Breach(breach) => p.text("breach: ").text(breach.text()),
      Fault::Reopen => p.text("other than before"),
      Fault::Trap(trap) => p.text("trap ").text(trap.name()),
      Fault::Posted(code) => p.text("error ").number(code as i64),
      Fault::Boot { entry, answer } => p.text("boot ").number(entry as i64).text(" answers ").number(answer as i64),
      Fault::Launch { call, answer } => p.text("launch ").number(call as i64).text(" answers ").number(answer as i64),
      Fault::Spins => p.text("core spins"),
      Fault::Dead => p.text("core waits for nothing"),
      Fault::Board(text) => p.text(text),
    };
  }

  /// A number for the ledger: which fault, and in the upper half what else is known.
  pub const fn number(self) -> u32 {
    let (kind, more) = match self {
      Fault::Operation(_, error) => (1, error as i32),
      Fault::Stalled(op) => (2, op as i32),
      Fault::Breach(breach) => (3, breach as i32),
      Fault::Reopen => (4, 0),
      Fault::Trap(_) => (5, 0),
      Fault::Posted(code) => (6, code),
      Fault::Boot { entry, .. } => (7, entry as i32),
      Fault::Launch { call, .. } => (8, call as i32),
      Fault::Spins => (9, 0),
      Fault::Dead => (10, 0),
      Fault::Board(_) => (11, 0),
    };
    kind | (more as u32) << 16
  }
}

const fn operation(op: Op) -> &'static str {
  match op {
    Op::Frame => "frame",
    Op::Credit => "credit",
    Op::Drain => "drain",
    _ => "operation",
  }
}

/// What a number of the ledger stands for, in short.
pub(crate) fn noted(number: u32) -> &'static str {
  const KINDS: [&str; 12] = [
    "",
    "operation",
    "stall",
    "breach",
    "reopen",
    "trap",
    "error",
    "boot",
    "launch",
    "core spins",
    "core waits",
    "board",
  ];
  KINDS.get((number & 0xffff) as usize).copied().unwrap_or("")
}

/// Whether an error of an element may pass when the operation is offered again. All others are the core's to judge.
pub const fn transient(error: HostError) -> bool {
  matches!(error, HostError::Io | HostError::TimedOut | HostError::BrokenPipe | HostError::Closed | HostError::NoMemory)
}
