//! Writes a recording of one instance. It stands between the core and its host.

use std::collections::HashMap;
use std::io;

use g2g_interface::Completion;
use g2g_interface::abi::{Completed, HostError, Op, OpenKind};
use g2g_interface::frame::FRAME_SIZE;
use sha2::{Digest, Sha256};

use super::RecordOptions;
use super::format::{DIGESTS, Hash, MAGIC, VERSION, entry, fields, hash_of};
use super::writer::FieldWriter;
use crate::errors::{Error, host_error_text};
use crate::files::host_error_of;
use crate::resource::Linear;

/// A call of the core, with its arguments.
pub enum Call {
  Init { ceiling: u32, options: u32 },
  Alloc { length: u32 },
  Free { at: u32 },
  Describe { at: u32, length: u32 },
  Launch { at: u32, length: u32 },
  SetState { state: i32 },
  Step { now: i64, work: i32 },
  Query { kind: i32, at: u32, length: u32 },
  Event { kind: i32, at: u32, length: u32 },
  Dispose,
}

/// What a call of the core gives.
pub trait Returned {
  /// It, as a recording has it: numbers of 32 bits are signed.
  fn number(&self) -> i64;
}

impl Returned for () {
  fn number(&self) -> i64 {
    0
  }
}

impl Returned for i32 {
  fn number(&self) -> i64 {
    (*self).into()
  }
}

impl Returned for u32 {
  fn number(&self) -> i64 {
    (*self as i32).into()
  }
}

impl Returned for i64 {
  fn number(&self) -> i64 {
    *self
  }
}

/// An operation that the core submits.
pub struct Submission {
  pub handle: i32,
  pub op: u32,
  pub ptr: u32,
  pub length: u32,
  pub aux: i64,
  pub token: u32,
}

/// An operation that is in flight.
struct Operation {
  submitted: Submission,
  /// Completions with data that may still come.
  left: i64,
}

/// Writes a recording.
pub struct Recorder {
  out: FieldWriter,
  options: RecordOptions,
  memory: Option<Linear>,
  outputs: Sha256,
  operations: HashMap<u32, Operation>,
  /// Paths of the files that are read and can be read again, by handle.
  paths: HashMap<i32, String>,
  inputs: HashMap<String, u64>,
  now: i64,
  finished: bool,
}

impl Recorder {
  /// Begins a recording.
  /// @param core the module that is run
  /// @throws when the file cannot be made
  pub fn new(options: RecordOptions, core: &[u8]) -> Result<Recorder, Error> {
    let mut out = FieldWriter::new(&options.file).map_err(|error| unwritable(&options, &error))?;
    let flags = if options.digests { DIGESTS } else { 0 };
    out.raw(MAGIC).byte(VERSION).byte(flags).raw(&hash_of([core]));
    Ok(Recorder {
      out,
      options,
      memory: None,
      outputs: Sha256::new(),
      operations: HashMap::new(),
      paths: HashMap::new(),
      inputs: HashMap::new(),
      now: 0,
      finished: false,
    })
  }

  /// Takes the memory of the instance.
  pub fn bind(&mut self, memory: Linear) {
    self.memory = Some(memory);
  }

  /// Ends the recording and closes its file; once.
  /// @throws when it could not be written
  pub fn finish(&mut self) -> Result<(), Error> {
    if self.finished {
      return Ok(());
    }
    self.finished = true;
    let outputs: Hash = self.outputs.finalize_reset().into();
    self.out.byte(entry::END).raw(&outputs);
    self.out.finish().map_err(|error| unwritable(&self.options, &error))
  }

  // What the host calls.

  /// The core is going to be called.
  pub fn calls(&mut self, call: Call) {
    let out = &mut self.out;
    match call {
      Call::Init { ceiling, options } => out.byte(entry::INIT).uint(ceiling).uint(options),
      Call::Alloc { length } => out.byte(entry::ALLOC).uint(length),
      Call::Free { at } => out.byte(entry::FREE).uint(at),
      Call::Describe { at, length } => out.byte(entry::DESCRIBE).uint(at).bytes(bytes(&self.memory, at, length)),
      Call::Launch { at, length } => out.byte(entry::LAUNCH).uint(at).bytes(bytes(&self.memory, at, length)),
      Call::SetState { state } => out.byte(entry::SET_STATE).uint(state as u32),
      Call::Step { now, work } => {
        let since = now.wrapping_sub(self.now);
        self.now = now;
        out.byte(entry::STEP).sint(since).uint(work as u32)
      }
      Call::Query { kind, at, length } => {
        out.byte(entry::QUERY).uint(kind as u32).uint(at).bytes(bytes(&self.memory, at, length))
      }
      Call::Event { kind, at, length } => {
        out.byte(entry::EVENT).uint(kind as u32).uint(at).bytes(bytes(&self.memory, at, length))
      }
      Call::Dispose => out.byte(entry::DISPOSE),
    };
  }

  /// The call is over.
  /// @throws its own error, or that the recording cannot be written
  pub fn returns<R: Returned>(&mut self, result: Result<R, Error>) -> Result<R, Error> {
    match &result {
      Ok(result) => self.out.byte(entry::RETURN).sint(result.number()),
      // The first line says what it was, the others where.
      Err(Error::Trap(why)) => self.out.byte(entry::TRAP).bytes(why.lines().next().unwrap_or_default().as_bytes()),
      Err(error) => self.out.byte(entry::TRAP).bytes(error.to_string().as_bytes()),
    };
    if self.out.failed() {
      self.finished = true;
      let why = self.out.finish().err().unwrap_or_else(|| io::ErrorKind::Other.into());
      return Err(unwritable(&self.options, &why));
    }
    result
  }

  /// A completion has been put into the ring.
  pub fn completed(&mut self, c: &Completion) {
    let operation = self.operations.get(&c.token);
    if c.extra != 0 && c.length != 0 {
      self.data(c.extra, c.length);
    } else if let Some(Operation { submitted, .. }) = operation
      && let Ok(length @ 1..) = u32::try_from(c.result)
    {
      let Submission { op, ptr, aux, handle, .. } = *submitted;
      if op == Op::Read as u32 {
        self.arrived(handle, ptr, aux, length);
      } else if op == Op::Credit as u32 && ptr != 0 && c.kind == Completed::Data {
        self.data(ptr, length);
      }
    }
    let fields = fields(c);
    let present = fields.iter().enumerate().filter(|(_, (value, absent))| value != absent);
    let mask = present.clone().fold(0u32, |mask, (i, _)| mask | 1 << i);
    self.out.byte(entry::COMPLETION).uint(c.token).uint(c.kind as u32).uint(mask);
    for (_, (value, _)) in present {
      self.out.sint(*value);
    }
    let Some(operation) = self.operations.get_mut(&c.token) else { return };
    let over = match c.kind {
      Completed::Result | Completed::End => true,
      Completed::Data => {
        operation.left -= 1;
        operation.submitted.ptr != 0 || operation.left <= 0
      }
      _ => false,
    };
    if over {
      self.operations.remove(&c.token);
    }
  }

  // What the core has called.

  /// Opened something.
  pub fn opened(&mut self, kind: u32, ptr: u32, length: u32, handle: i32) {
    let spec = bytes(&self.memory, ptr, length);
    self.out.byte(entry::OPEN).uint(kind).bytes(spec).sint(handle);
    if kind == OpenKind::FileRead as u32 && handle > 0 {
      let path = String::from_utf8_lossy(spec);
      // What cannot be read again is kept whole.
      if path != "-" && !path.starts_with("/dev/") {
        self.paths.insert(handle, path.into());
      }
    }
  }

  /// What the core gives out with an operation: to be asked before it is submitted.
  pub fn payload(&self, s: &Submission) -> Vec<u8> {
    match Op::from_raw(s.op as i32) {
      Some(Op::Write) => hash_of(stretches(&self.memory, s.ptr, s.length)).into(),
      Some(Op::Frame) => {
        let record = bytes(&self.memory, s.ptr, FRAME_SIZE);
        let field = |at| self.memory.and_then(|m| m.0.u32(s.ptr.checked_add(at)?)).unwrap_or(0);
        let parts = stretches(&self.memory, field(60), field(56));
        hash_of([record].into_iter().chain(parts)).into()
      }
      Some(Op::Property | Op::Configure) => bytes(&self.memory, s.ptr, s.length).into(),
      _ => Vec::new(),
    }
  }

  /// Submitted an operation.
  /// @param result what the host has answered
  pub fn submitted(&mut self, s: Submission, payload: &[u8], result: i32) {
    let (read, size) = (s.op == Op::Read as u32, s.op == Op::Size as u32);
    let follows = result >= 0 && (read || size);
    let out = self.out.byte(entry::SUBMIT).uint(s.handle as u32).uint(s.op).uint(s.ptr).uint(s.length).sint(s.aux);
    out.uint(s.token).bytes(payload).sint(result).byte(follows.into());
    if s.op == Op::Write as u32 && result != HostError::Busy as i32 {
      self.outputs.update(payload);
    }
    if follows {
      if size {
        self.data(s.ptr, 8);
      } else {
        self.arrived(s.handle, s.ptr, s.aux, result as u32);
      }
    }
    if result == HostError::Pending as i32 {
      self.operations.insert(s.token, Operation { left: s.aux, submitted: s });
    }
  }

  /// Asked for the end of an operation.
  pub fn cancelled(&mut self, token: u32) {
    self.out.byte(entry::CANCEL).uint(token);
  }

  /// Closed a handle.
  pub fn closed(&mut self, handle: i32) {
    self.out.byte(entry::CLOSE).uint(handle as u32);
    self.paths.remove(&handle);
  }

  /// Took a reference.
  pub fn retained(&mut self, handle: i32) {
    self.out.byte(entry::RETAIN).uint(handle as u32);
  }

  /// Gave a reference back.
  pub fn released(&mut self, handle: i32) {
    self.out.byte(entry::RELEASE).uint(handle as u32);
  }

  /// Posted a message.
  pub fn posted(&mut self, kind: u32, ptr: u32, length: u32) {
    let records = bytes(&self.memory, ptr, length);
    self.out.byte(entry::POST).uint(kind).bytes(records);
    self.outputs.update([kind as u8]);
    self.outputs.update(records);
  }

  /// Got random bytes.
  pub fn random(&mut self, ptr: u32, length: u32) {
    self.out.byte(entry::RANDOM).bytes(bytes(&self.memory, ptr, length));
  }

  fn data(&mut self, ptr: u32, length: u32) {
    self.out.byte(entry::DATA).uint(ptr).bytes(bytes(&self.memory, ptr, length));
  }

  /// Bytes that a read has brought.
  fn arrived(&mut self, handle: i32, ptr: u32, offset: i64, length: u32) {
    let path = self.paths.get(&handle).filter(|_| self.options.digests);
    let (Some(path), Ok(offset)) = (path, u64::try_from(offset)) else {
      self.data(ptr, length);
      return;
    };
    let next = self.inputs.len() as u64;
    let input = *self.inputs.entry(path.clone()).or_insert(next);
    if input == next {
      self.out.byte(entry::INPUT_NAME).bytes(path.as_bytes());
    }
    let hash = hash_of([bytes(&self.memory, ptr, length)]);
    self.out.byte(entry::INPUT).uint(ptr).uint(length).uint(input).uint(offset).raw(&hash);
  }
}

impl Drop for Recorder {
  /// A pipeline that nobody holds any more has nobody to tell.
  fn drop(&mut self) {
    let _ = self.finish();
  }
}

fn unwritable(options: &RecordOptions, error: &io::Error) -> Error {
  let why = host_error_text(host_error_of(error) as i32);
  Error::Fault(format!("the recording {} cannot be written: {why}", options.file.display()))
}

/// Bytes of the memory; none when they are not all inside.
fn bytes(memory: &Option<Linear>, at: u32, length: u32) -> &[u8] {
  memory.as_ref().and_then(|memory| memory.0.bytes(at, length)).unwrap_or(&[])
}

/// The stretches that pairs of address and length name.
fn stretches(memory: &Option<Linear>, pairs: u32, count: u32) -> impl Iterator<Item = &[u8]> {
  let pairs = bytes(memory, pairs, count.saturating_mul(8));
  pairs.as_chunks::<8>().0.iter().map(move |pair| {
    let number = |at: usize| u32::from_le_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
    bytes(memory, number(0), number(4))
  })
}
