//! What an element of the host does: see DESIGN.md, "Host elements".

use core::task::Context;

use crate::abi::{HostError, Op};
use crate::completion::Completion;
use crate::frame::Frame;
use crate::memory::Memory;
use crate::records::Records;

/// A property's value.
pub use crate::records::Record as Value;

/// The answer to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
  /// It is done.
  Done,
  /// A completion with the operation's token will come.
  Pending,
}

/// Data that the core will take.
#[derive(Clone, Copy, Debug)]
pub struct Credit {
  /// The operation.
  pub token: u32,
  /// Number of the pad among all pads, sinks first.
  pub pad: u32,
  /// How many Data completions may come; 1 when there is a block.
  pub count: u32,
  /// Address in linear memory of the block to fill, 0 when the element brings its own memory.
  pub block: u32,
  /// Bytes of the block.
  pub length: u32,
}

/// An event against the stream that an element of the host is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Upstream {
  /// What comes next is to be decodable without what came before.
  ForceKeyUnit {
    /// Number of the pad among all pads, sinks first.
    pad: u32,
    /// From which running time on, ns; NONE for now.
    at: i64,
  },
  /// A sink is early or late.
  Qos {
    /// Number of the pad among all pads, sinks first.
    pad: u32,
    /// How much faster data comes than it can be shown.
    proportion: f64,
    /// How late it was, ns; less than 0 when early.
    jitter: i64,
    /// Timestamp of the frame it is about, ns.
    timestamp: i64,
  },
}

impl Upstream {
  /// Reads the records of Op::Event; `None` for an event that elements of the host are not told.
  pub fn read(mut records: Records<'_>) -> Option<Upstream> {
    const QOS: i64 = 33;
    const FORCE_KEY_UNIT: i64 = 35;
    let kind = records.int()?;
    let pad = u32::try_from(records.int()?).ok()?;
    let Some(Value::Double(rate)) = records.next() else { return None };
    let (start, stop) = (records.int()?, records.int()?);
    match kind {
      QOS => Some(Upstream::Qos { pad, proportion: rate, jitter: start, timestamp: stop }),
      FORCE_KEY_UNIT => Some(Upstream::ForceKeyUnit { pad, at: start }),
      _ => None,
    }
  }
}

/// Where an element puts what its operations came to. What finds no room is kept by the host until there is some.
pub trait Completions {
  /// Whether a completion can be taken now; an element that gets false tries again at its next poll.
  fn room(&self) -> bool;
  /// Takes a completion; the caller has asked for room.
  fn put(&mut self, completion: Completion);
  /// Takes a completion that brings bytes in memory of the core's heap: caps, as text, or data of an element without
  /// blocks. `extra` and `length` are the host's to fill in. False where the host has no way to get such memory.
  fn put_bytes(&mut self, completion: Completion, bytes: &[u8]) -> bool {
    let _ = (completion, bytes);
    false
  }
  /// Says in words why an operation is about to fail, for whoever runs the pipeline.
  fn explain(&mut self, why: &str) {
    let _ = why;
  }
}

/// One instance of an element that the host serves.
///
/// The host calls it only between steps of the core or from an import, never from an interrupt. An operation that was
/// answered with [`Answer::Pending`] is ended by exactly one last completion: a Result, an End, or for credits the last
/// Data. The memory that an operation names is the element's until then.
pub trait HostElement {
  /// A property has a value; each is told once before the first Configure, and again when it changes.
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    let _ = (name, value);
    Ok(())
  }

  /// A pad (number among all pads, sinks first) has caps, in GStreamer's text form.
  /// Answers for a src pad the bytes of the blocks that it wants to fill, or 0 to bring its own memory.
  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    let _ = (pad, caps);
    Ok(0)
  }

  /// Takes a frame. [`HostError::Busy`] means not now: it is offered again after any completion of this element.
  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let _ = (frame, token);
    Err(HostError::Unsupported)
  }

  /// Data may be given.
  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    let _ = (credit, memory);
    Err(HostError::Unsupported)
  }

  /// All input of a pad has come: gives what is left, then ends the operation.
  fn drain(&mut self, pad: u32, token: u32) -> Result<Answer, HostError> {
    let _ = (pad, token);
    Ok(Answer::Done)
  }

  /// What is in flight is void; completions carry `epoch` from now on.
  fn flush(&mut self, epoch: u32) {
    let _ = epoch;
  }

  /// Something came against the stream.
  fn event(&mut self, event: Upstream) {
    let _ = event;
  }

  /// Tells the values of its read-only properties: counts, what a device measures.
  fn readings(&self, each: &mut dyn FnMut(&'static str, Value<'_>)) {
    let _ = each;
  }

  /// How long an operation may stay pending until the host holds the element for stuck, ns; `None`: for ever, as a source
  /// may wait for a network. Counted from when the element was last given something or completed something, and of a frame
  /// from when it is due.
  fn allowance(&self, op: Op) -> Option<i64> {
    if op == Op::Credit { None } else { Some(2_000_000_000) }
  }

  /// Asks for an operation to end soon; its last completion comes with the next poll, as [`HostError::Cancelled`].
  fn cancel(&mut self, token: u32) {
    let _ = token;
  }

  /// Moves what can be moved, hands out completions, and has `context` woken when there is more to do.
  /// @param now the host's clock, ns
  fn poll(&mut self, context: &mut Context<'_>, now: i64, out: &mut dyn Completions);

  /// The instance ends; nothing is pending.
  fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::NONE;
  use crate::records::RecordWriter;

  fn read(kind: i64, rate: f64, start: i64, stop: i64) -> Option<Upstream> {
    let mut buffer = [0; 64];
    let mut w = RecordWriter::new(&mut buffer);
    w.int(kind);
    w.int(1);
    w.double(rate);
    w.int(start);
    w.int(stop);
    Upstream::read(Records::new(w.finish()?))
  }

  #[test]
  fn events_are_read_and_others_passed_over() {
    assert_eq!(read(35, 0.0, NONE, NONE), Some(Upstream::ForceKeyUnit { pad: 1, at: NONE }));
    let qos = Upstream::Qos { pad: 1, proportion: 1.5, jitter: -7, timestamp: 1 << 40 };
    assert_eq!(read(33, 1.5, -7, 1 << 40), Some(qos));
    assert_eq!(read(34, 0.0, 0, 0), None);
    assert_eq!(Upstream::read(Records::new(&[5, 35, 5, 1])), None);
  }
}
