//! What stands in the place of a host while a recording is replayed: it gives the core what it got, and compares what it asks.

use std::fmt::Display;

use g2g_interface::abi::{HostError, Op, OpenKind, Post};
use g2g_interface::completion::COMPLETION_SIZE;
use g2g_interface::frame::FRAME_SIZE;
use g2g_interface::{NONE, Records};
use sha2::{Digest, Sha256};
use wasmtime::Memory;

use super::files::{Inputs, Sinks};
use super::format::{FIELDS, Hash, PLACES, entry, hash_of, hex};
use super::reader::FieldReader;
use super::recorder::Submission;
use super::replay::{Divergence, OnMessage, ReplayOptions, Stop};
use crate::json::to_json;
use crate::messages::Message;

/// What an entry is, in a report of a difference.
pub fn call_name(entry: u8) -> String {
  let name = match entry {
    entry::OPEN => "open",
    entry::SUBMIT => "submit",
    entry::CANCEL => "cancel",
    entry::CLOSE => "close",
    entry::RETAIN => "retain",
    entry::RELEASE => "release",
    entry::POST => "post",
    entry::RANDOM => "random",
    entry::RETURN => "the end of the call",
    entry::TRAP => "a trap",
    other => return format!("entry {other}"),
  };
  name.into()
}

/// Takes entries one after the other.
pub struct Player {
  pub reader: FieldReader,
  pub sinks: Sinks,
  /// The memory of the instance.
  pub memory: Option<Memory>,
  /// What went wrong inside an import; told when the core has been left.
  pub failure: Option<Stop>,
  pub outputs: Sha256,
  /// Where the header of the completion ring lies.
  pub ring: Option<u32>,
  pub now: i64,
  pub entries: u64,
  pub steps: u64,
  pub messages: u64,
  /// Where the entry stands in the recording, bytes.
  pub at: u64,
  inputs: Inputs,
  digests: bool,
  on_message: Option<OnMessage>,
}

impl Player {
  /// Goes on behind the head of a recording.
  pub fn new(reader: FieldReader, digests: bool, options: ReplayOptions) -> Player {
    Player {
      reader,
      sinks: Sinks::new(options.output),
      memory: None,
      failure: None,
      outputs: Sha256::new(),
      ring: None,
      now: 0,
      entries: 0,
      steps: 0,
      messages: 0,
      at: 0,
      inputs: Inputs::new(options.inputs),
      digests,
      on_message: options.on_message,
    }
  }

  /// The next entry.
  pub fn next(&mut self) -> Result<u8, Stop> {
    self.at = self.reader.offset();
    self.entries += 1;
    Ok(self.reader.byte()?)
  }

  /// The core does something else than it did.
  pub fn diverge<T>(&self, what: String) -> Result<T, Stop> {
    Err(Stop::Diverged(Divergence { what, step: self.steps, offset: self.at }))
  }

  /// Compares.
  pub fn expect<T: PartialEq + Display>(&self, what: impl Display, recorded: T, now: T) -> Result<(), Stop> {
    if recorded == now { Ok(()) } else { self.diverge(format!("{what}: recorded {recorded}, now {now}")) }
  }

  /// The recording cannot be one.
  pub fn damaged<T>(&self) -> Result<T, Stop> {
    Err(Stop::fault(format!("the recording is damaged at byte {}", self.at)))
  }

  // What the host did before the next call.

  /// Does it; false when the entry is a call.
  pub fn arrive(&mut self, memory: &mut [u8], entry: u8) -> Result<bool, Stop> {
    match entry {
      entry::DATA => drop(self.data(memory)?),
      entry::INPUT => self.input(memory)?,
      entry::INPUT_NAME => {
        let name = self.reader.text()?;
        self.inputs.name(name);
      }
      entry::COMPLETION => self.completion(memory)?,
      _ => return Ok(false),
    }
    Ok(true)
  }

  /// Puts bytes where they were; the address and their number.
  pub fn data(&mut self, memory: &mut [u8]) -> Result<(u32, u32), Stop> {
    let at = self.reader.uint()?;
    let bytes = self.reader.bytes()?;
    let to = usize::try_from(at).ok().and_then(|at| memory.get_mut(at..at.checked_add(bytes.len())?));
    to.ok_or_else(|| Stop::fault("the recording is damaged: data outside the memory"))?.copy_from_slice(bytes);
    // Inside the memory, and so of 32 bits.
    Ok((at as u32, bytes.len() as u32))
  }

  /// Bytes of a file, of which the recording has the hash.
  fn input(&mut self, memory: &mut [u8]) -> Result<(), Stop> {
    let (at, length) = (self.reader.uint()? as usize, self.reader.uint()? as usize);
    let (number, offset, hash) = (self.reader.uint()?, self.reader.uint()?, self.reader.hash()?);
    match at.checked_add(length).and_then(|end| memory.get_mut(at..end)).filter(|_| self.digests) {
      Some(to) => self.inputs.read(number, to, offset, &hash),
      None => Err(Stop::fault("the recording is damaged")),
    }
  }

  /// Puts a completion into the ring.
  fn completion(&mut self, memory: &mut [u8]) -> Result<(), Stop> {
    let (token, kind, mask) = (self.reader.u32()?, self.reader.u32()?, self.reader.uint()?);
    let mut record = [0; COMPLETION_SIZE as usize];
    record[..4].copy_from_slice(&token.to_le_bytes());
    record[4..6].copy_from_slice(&kind.to_le_bytes()[..2]);
    for (bit, (at, size)) in PLACES.into_iter().enumerate().take(FIELDS) {
      let absent = if size == 8 { NONE } else { 0 };
      let value = if mask & 1 << bit != 0 { self.reader.sint()? } else { absent };
      record[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
    let header = self.ring.and_then(|at| u32s::<4>(memory, at));
    let Some((ring, [_, tail, slots, records])) = self.ring.zip(header) else { return self.damaged() };
    let place = tail.checked_rem(slots).and_then(|slot| slot.checked_mul(COMPLETION_SIZE)?.checked_add(records));
    let Some(to) = place.and_then(|at| memory.get_mut(at as usize..)?.get_mut(..record.len())) else {
      return self.damaged();
    };
    to.copy_from_slice(&record);
    // Inside the memory, since the header is.
    memory[ring as usize + 4..][..4].copy_from_slice(&tail.wrapping_add(1).to_le_bytes());
    Ok(())
  }

  // What the core calls.

  /// Takes the entry of a call.
  fn called(&mut self, entry: u8) -> Result<(), Stop> {
    let got = self.next()?;
    if got == entry {
      return Ok(());
    }
    self.diverge(format!("recorded {}, now {}", call_name(got), call_name(entry)))
  }

  /// Opens something.
  pub fn open(&mut self, memory: &[u8], kind: u32, ptr: u32, length: u32) -> Result<i32, Stop> {
    self.called(entry::OPEN)?;
    let recorded = self.reader.uint()?;
    self.expect("kind of open", recorded, kind.into())?;
    let recorded = self.reader.text()?;
    let now = String::from_utf8_lossy(stretch(memory, ptr, length)?);
    self.expect("what is opened", recorded.as_str(), &now)?;
    let handle = self.reader.i32()?;
    if handle > 0 && [OpenKind::FileWrite as u32, OpenKind::FileAppend as u32].contains(&kind) {
      self.sinks.open(handle, now.into_owned())?;
    }
    Ok(handle)
  }

  /// Submits an operation.
  pub fn submit(&mut self, memory: &mut [u8], now: Submission) -> Result<i32, Stop> {
    let Submission { handle, op, ptr, length, aux, token } = now;
    self.called(entry::SUBMIT)?;
    let name = format!("operation {op}");
    let numbers = [
      (format!("handle of {name}"), i64::from(handle)),
      ("operation".into(), op.into()),
      (format!("address of {name}"), ptr.into()),
      (format!("length of {name}"), length.into()),
    ];
    for (what, now) in numbers {
      let recorded = self.reader.uint()?;
      self.expect(what, i128::from(recorded), now.into())?;
    }
    let recorded = self.reader.sint()?;
    self.expect(format!("argument of {name}"), recorded, aux)?;
    let recorded = self.reader.uint()?;
    self.expect(format!("token of {name}"), recorded, token.into())?;
    let recorded = hex(self.reader.bytes()?);
    let kind = Op::from_raw(op as i32);
    let hash: Hash;
    let payload: &[u8] = match kind {
      Some(Op::Write) => {
        hash = hash_of(stretches(memory, ptr, length)?);
        &hash
      }
      Some(Op::Frame) => {
        let record = stretch(memory, ptr, FRAME_SIZE)?;
        let Some([count, pairs]) = ptr.checked_add(56).and_then(|at| u32s(memory, at)) else { return self.damaged() };
        hash = hash_of([record].into_iter().chain(stretches(memory, pairs, count)?));
        &hash
      }
      Some(Op::Property | Op::Configure) => stretch(memory, ptr, length)?,
      _ => &[],
    };
    let what =
      if kind == Some(Op::Write) { format!("bytes written at {aux}") } else { format!("what goes out with {name}") };
    self.expect(what, recorded, hex(payload))?;
    let result = self.reader.i32()?;
    let mut follows = self.reader.byte()? != 0;
    if kind == Some(Op::Write) && result != HostError::Busy as i32 {
      self.outputs.update(payload);
      self.sinks.write(handle, aux, stretches(memory, ptr, length)?)?;
    }
    while follows {
      let entry = self.next()?;
      if !self.arrive(memory, entry)? {
        return self.damaged();
      }
      // A name may come before the data.
      follows = entry == entry::INPUT_NAME;
    }
    Ok(result)
  }

  /// Calls with one number.
  pub fn number(&mut self, entry: u8, now: u32) -> Result<(), Stop> {
    self.called(entry)?;
    let recorded = self.reader.uint()?;
    self.expect(format!("number for {}", call_name(entry)), recorded, now.into())
  }

  /// Closes a handle.
  pub fn close(&mut self, handle: i32) -> Result<(), Stop> {
    self.called(entry::CLOSE)?;
    let recorded = self.reader.uint()?;
    self.expect("handle to close", i128::from(recorded), handle.into())?;
    self.sinks.close(handle);
    Ok(())
  }

  /// Posts a message.
  pub fn post(&mut self, memory: &[u8], kind: u32, ptr: u32, length: u32) -> Result<(), Stop> {
    self.called(entry::POST)?;
    let now = stretch(memory, ptr, length)?;
    let then = self.reader.uint()?;
    let recorded = self.reader.bytes()?;
    if then != u64::from(kind) || recorded != now {
      let what = format!("message: recorded {}, now {}", show(then, recorded), show(kind.into(), now));
      return self.diverge(what);
    }
    self.outputs.update([kind as u8]);
    self.outputs.update(now);
    self.messages += 1;
    if let (Some(on_message), Some(kind)) = (&mut self.on_message, Post::from_raw(kind as i32)) {
      on_message(&Message::read(kind, now));
    }
    Ok(())
  }

  /// Asks for random bytes.
  pub fn random(&mut self, memory: &mut [u8], ptr: u32, length: u32) -> Result<(), Stop> {
    self.called(entry::RANDOM)?;
    let recorded = self.reader.bytes()?.to_vec();
    self.expect("random bytes", recorded.len() as u64, length.into())?;
    let to = memory.get_mut(ptr as usize..).and_then(|rest| rest.get_mut(..recorded.len()));
    to.ok_or_else(|| Stop::fault("the recording is damaged: data outside the memory"))?.copy_from_slice(&recorded);
    Ok(())
  }

  /// Takes the answer to a query of the ring.
  pub fn find_ring(&mut self, memory: &[u8], answer: u32) {
    let records = u32s(memory, answer).and_then(|[length]| stretch(memory, answer.checked_add(4)?, length).ok());
    self.ring = records.and_then(|records| Records::new(records).int()).and_then(|at| u32::try_from(at).ok());
  }
}

/// Bytes of the memory.
fn stretch(memory: &[u8], at: u32, length: u32) -> Result<&[u8], Stop> {
  let bytes = memory.get(at as usize..).and_then(|rest| rest.get(..length as usize));
  bytes.ok_or_else(|| Stop::fault("the recording is damaged"))
}

/// Numbers that lie one behind the other.
fn u32s<const N: usize>(memory: &[u8], at: u32) -> Option<[u32; N]> {
  let (numbers, _) = memory.get(at as usize..)?.get(..4 * N)?.as_chunks::<4>();
  let mut out = [0; N];
  out.iter_mut().zip(numbers).for_each(|(out, bytes)| *out = u32::from_le_bytes(*bytes));
  Some(out)
}

/// The stretches that pairs of address and length name.
fn stretches(memory: &[u8], pairs: u32, count: u32) -> Result<Vec<&[u8]>, Stop> {
  let length = count.checked_mul(8).ok_or_else(|| Stop::fault("the recording is damaged"))?;
  let (numbers, _) = stretch(memory, pairs, length)?.as_chunks::<4>();
  let (pairs, _) = numbers.as_chunks::<2>();
  pairs.iter().map(|&[at, length]| stretch(memory, u32::from_le_bytes(at), u32::from_le_bytes(length))).collect()
}

/// A message in a few words.
fn show(kind: u64, records: &[u8]) -> String {
  let kind = i32::try_from(kind).ok().and_then(Post::from_raw);
  match kind.and_then(|kind| Message::try_read(kind, records)) {
    Some(Message::Error(report)) => format!("error \"{}\"", report.text),
    Some(Message::Warning(report)) => format!("warning \"{}\"", report.text),
    Some(Message::Info(report)) => format!("info \"{}\"", report.text),
    Some(message) => to_json(&message),
    None => format!("bytes {}", hex(records)),
  }
}
