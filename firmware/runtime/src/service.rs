//! Serves the imports of the core: opens elements, hands operations to them, and takes what they came to.

use core::task::Context;

use g2g_engine::Imports;
use g2g_interface::abi::{Op, OpenKind};
use g2g_interface::element::Upstream;
use g2g_interface::{Answer, Credit, Frame, Handles, HostError, Memory, Record, Records, Ring};

use crate::board::Board;
use crate::elements::Elements;
use crate::fault::{Breach, Fault, transient};
use crate::instance::{Instance, MAX_INSTANCES, Name};
use crate::messages::{self, Meaning};
use crate::operations::{Operation, Operations, Stage};
use crate::outbox::Outbox;
use crate::print;

/// A fault and where it happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
  pub fault: Fault,
  /// The element's handle, 0 for the pipeline.
  pub handle: i32,
  /// The operation, for a fault of one.
  pub token: u32,
}

impl Trouble {
  /// A fault that is of no single element.
  pub const fn pipeline(fault: Fault) -> Self {
    Trouble { fault, handle: 0, token: 0 }
  }
}

/// What an operation is given.
struct Asked<'a> {
  handle: i32,
  op: Op,
  ptr: u32,
  length: u32,
  aux: i64,
  token: u32,
  /// The records of Property, Configure and Event.
  data: &'a [u8],
}

/// The host of one pipeline without its loop.
pub(crate) struct Service<B, E> {
  pub board: B,
  pub elements: E,
  /// The time of this turn.
  pub now: i64,
  /// Something moved since this was last cleared: the core asked for something, or got a completion.
  pub moved: bool,
  /// The pipeline has ended.
  pub eos: bool,
  /// The first error it posted, and when.
  pub failed: Option<(i32, i64)>,
  /// Elements are to be polled again: one was given something since.
  pub again: bool,
  /// Properties and caps come from the boot log, or an element that has them is made again.
  pub settled: bool,
  trouble: Option<Trouble>,
  instances: Handles<Instance, MAX_INSTANCES>,
  operations: &'static mut Operations,
}

impl<B: Board, E: Elements> Service<B, E> {
  pub fn new(board: B, elements: E, operations: &'static mut Operations) -> Self {
    Service {
      board,
      elements,
      now: 1,
      moved: false,
      eos: false,
      failed: None,
      again: false,
      settled: false,
      trouble: None,
      instances: Handles::new(),
      operations,
    }
  }

  /// Notes a fault; the first one counts, until it was taken.
  pub fn note(&mut self, trouble: Trouble) {
    self.trouble.get_or_insert(trouble);
  }

  fn breach(&mut self, breach: Breach, handle: i32) {
    self.note(Trouble { fault: Fault::Breach(breach), handle, token: 0 });
  }

  /// The next fault to deal with: one that was noted, an operation that failed, or one that takes too long.
  pub fn trouble(&mut self) -> Option<Trouble> {
    if let Some(trouble) = self.trouble.take() {
      return Some(trouble);
    }
    let failed = self.operations.oldest(|o| matches!(o.stage, Stage::Failed(_)));
    if let Some(Operation { stage: Stage::Failed(error), op, handle, token, .. }) = failed {
      return Some(Trouble { fault: Fault::Operation(op, error), handle, token });
    }
    let now = self.now;
    let late = self.allowances().find(|(_, until)| *until < now).map(|(o, _)| (o.op, o.handle, o.token));
    late.map(|(op, handle, token)| Trouble { fault: Fault::Stalled(op), handle, token })
  }

  /// Operations that may not stay pending for ever, each with the time until when it may.
  fn allowances(&mut self) -> impl Iterator<Item = (&Operation, i64)> {
    let Service { elements, instances, operations, .. } = self;
    operations.iter().filter(|o| matches!(o.stage, Stage::Pending | Stage::Held(_))).filter_map(move |o| {
      let instance = instances.get(o.handle).ok()?;
      let allowance = elements.element(instance.slot)?.allowance(o.op)?;
      Some((o, o.since.max(instance.last).saturating_add(allowance)))
    })
  }

  /// When to look again, whatever comes before: an operation will have taken too long, or one is to be offered again.
  pub fn alarm(&mut self) -> Option<i64> {
    let held = self.operations.iter().filter_map(|o| match o.stage {
      Stage::Held(at) if at > 0 => Some(at),
      _ => None,
    });
    let held = held.min();
    let late = self.allowances().map(|(_, until)| until.saturating_add(1)).min();
    held.into_iter().chain(late).min()
  }

  /// Whether anything is pending.
  pub fn pending(&self) -> bool {
    self.operations.iter().next().is_some()
  }

  /// Whether an element still has frames: a sink may end its stream before they are out.
  pub fn frames(&self) -> bool {
    self.operations.iter().any(|o| o.op == Op::Frame && matches!(o.stage, Stage::Pending | Stage::Held(_)))
  }

  /// How often an operation was offered again.
  pub fn tries(&mut self, token: u32) -> u8 {
    self.operations.find(token).map_or(0, |o| o.tries)
  }

  /// Whether frames of the same element came after this one: offered again, it would come behind them.
  pub fn overtaken(&self, token: u32) -> bool {
    let Some(first) = self.operations.iter().find(|o| o.token == token) else { return false };
    first.op == Op::Frame
      && self
        .operations
        .iter()
        .any(|o| o.op == Op::Frame && o.handle == first.handle && (o.serial.wrapping_sub(first.serial) as i32) > 0)
  }

  /// The name of an element, or of the pipeline.
  pub fn name(&mut self, handle: i32) -> Name {
    self.instances.get(handle).map_or(Name::PIPELINE, |i| i.name)
  }

  /// Has an operation offered again.
  pub fn hold(&mut self, token: u32, until: i64) {
    if let Some(o) = self.operations.find(token) {
      o.tries = o.tries.saturating_add(1);
      o.stage = Stage::Held(until.max(1));
      o.since = until;
    }
  }

  /// What the elements have done since the last step, into the ring.
  pub fn collect(&mut self, context: &mut Context<'_>, memory: Memory, ring: &mut Ring) {
    self.moved |= self.operations.flush(ring);
    for instance in self.instances.values() {
      let Some(element) = self.elements.element(instance.slot) else { continue };
      let mut out = Outbox {
        ring,
        operations: self.operations,
        handle: instance.handle,
        moved: false,
        completed: false,
        breach: None,
      };
      element.poll(context, self.now, &mut out);
      self.moved |= out.moved;
      if out.completed {
        instance.last = self.now;
      }
      if let Some(breach) = out.breach {
        let trouble = Trouble { fault: Fault::Breach(breach), handle: instance.handle, token: 0 };
        self.trouble.get_or_insert(trouble);
      }
    }
    self.again = self.offer_held(memory);
  }

  /// Offers again what elements had no room for or failed at, oldest first, so that frames keep their order.
  /// @returns whether any of it was taken
  fn offer_held(&mut self, memory: Memory) -> bool {
    let now = self.now;
    let mut before = None;
    let mut any = false;
    loop {
      // Each once: those that are refused again stay held.
      let next = self.operations.oldest(|o| {
        matches!(o.stage, Stage::Held(at) if at <= now)
          && before.is_none_or(|serial: u32| (o.serial.wrapping_sub(serial) as i32) > 0)
      });
      let Some(operation) = next else { return any };
      before = Some(operation.serial);
      let stage = match self.offer(memory, &operation) {
        Ok(Answer::Pending) => Stage::Pending,
        Ok(Answer::Done) => Stage::Ended(0),
        Err(HostError::Busy) => continue,
        Err(error) if transient(error) && !operation.cancelled => Stage::Failed(error),
        Err(error) => Stage::Ended(error as i32),
      };
      if let Some(o) = self.operations.find(operation.token) {
        o.stage = stage;
      }
      any = true;
    }
  }

  /// Hands a frame, a credit or a drain to its element.
  fn offer(&mut self, memory: Memory, o: &Operation) -> Result<Answer, HostError> {
    let Ok(instance) = self.instances.get(o.handle) else { return Err(HostError::Closed) };
    let Some(element) = self.elements.element(instance.slot) else { return Err(HostError::Closed) };
    // An element that had to wait for this is given its time from here on.
    instance.last = self.now;
    match o.op {
      Op::Frame => {
        let Some(frame) = Frame::read(memory, o.ptr) else {
          self.breach(Breach::Core, o.handle);
          return Err(HostError::Invalid);
        };
        element.frame(&frame, o.token)
      }
      Op::Credit => {
        if o.length > 0 && memory.pointer(o.ptr, o.length).is_none() {
          self.breach(Breach::Core, o.handle);
          return Err(HostError::Invalid);
        }
        let credit = Credit { token: o.token, pad: o.pad, count: o.left, block: o.ptr, length: o.length };
        match element.credit(credit, memory) {
          Ok(Answer::Done) => {
            self.breach(Breach::Answer, o.handle);
            Err(HostError::Invalid)
          }
          answer => answer,
        }
      }
      Op::Drain => element.drain(o.pad, o.token),
      _ => Err(HostError::Unsupported),
    }
  }

  /// Takes an operation that may stay pending.
  fn start(&mut self, memory: Memory, asked: &Asked<'_>) -> i32 {
    if self.operations.find(asked.token).is_some() {
      self.breach(Breach::Core, asked.handle);
      return HostError::Invalid as i32;
    }
    let (mut pad, mut left, mut since) = (asked.aux as u32, 0, self.now);
    let (mut ptr, mut length) = (0, 0);
    match asked.op {
      Op::Frame => {
        ptr = asked.ptr;
        let Some(frame) = Frame::read(memory, ptr) else {
          self.breach(Breach::Core, asked.handle);
          return HostError::Invalid as i32;
        };
        since = since.max(frame.due);
        // Frames keep their order behind one that is held.
        let waits = |o: &Operation| o.handle == asked.handle && o.op == Op::Frame && matches!(o.stage, Stage::Held(_));
        if self.operations.iter().any(waits) {
          return HostError::Busy as i32;
        }
      }
      Op::Credit if asked.ptr != 0 => (ptr, length, left) = (asked.ptr, asked.length, 1),
      Op::Credit => (pad, left) = (asked.length, u32::try_from(asked.aux).unwrap_or(0)),
      _ => {}
    }
    let &Asked { handle, op, token, .. } = asked;
    let stage = Stage::Pending;
    let mut operation =
      Operation { token, handle, op, ptr, length, pad, left, since, serial: 0, tries: 0, cancelled: false, stage };
    if !self.operations.room() {
      // Only a completion of the element has the core offer a frame again.
      let waits = op == Op::Frame && self.operations.iter().any(|o| o.handle == handle);
      return if waits { HostError::Busy } else { HostError::TooMany } as i32;
    }
    match self.offer(memory, &operation) {
      Ok(Answer::Done) => return 0,
      Ok(Answer::Pending) => {}
      Err(HostError::Busy) if op == Op::Frame => {
        if self.operations.iter().any(|o| o.handle == handle) {
          return HostError::Busy as i32;
        }
        operation.stage = Stage::Held(0);
      }
      Err(error) if transient(error) => operation.stage = Stage::Failed(error),
      Err(error) => return error as i32,
    }
    self.operations.insert(operation);
    HostError::Pending as i32
  }

  /// Carries an operation out that elements answer at once, or starts it.
  fn perform(&mut self, memory: Memory, asked: &Asked<'_>) -> i32 {
    let Ok(instance) = self.instances.get(asked.handle) else { return HostError::Closed as i32 };
    let Some(element) = self.elements.element(instance.slot) else { return HostError::Closed as i32 };
    let mut records = Records::new(asked.data);
    let result = match asked.op {
      Op::Property => {
        instance.changed |= self.settled;
        match (records.str(), records.next()) {
          (Some(name), Some(value)) => element.property(name, value).map(|()| 0),
          _ => Err(HostError::Invalid),
        }
      }
      Op::Configure => {
        instance.changed |= self.settled;
        match (records.int().and_then(|n| u32::try_from(n).ok()), records.next()) {
          (Some(pad), Some(Record::Text(caps))) => element.configure(pad, caps).map(|bytes| bytes as i32),
          _ => Err(HostError::Invalid),
        }
      }
      Op::Event => {
        if let Some(event) = Upstream::read(records) {
          element.event(event);
        }
        Ok(0)
      }
      Op::Flush => {
        instance.epoch = asked.aux as u32;
        element.flush(instance.epoch);
        Ok(0)
      }
      Op::Frame | Op::Credit | Op::Drain => return self.start(memory, asked),
      _ => Err(HostError::Unsupported),
    };
    result.unwrap_or_else(|error| error as i32)
  }

  /// Opens an element by records, factory and name.
  fn open_element(&mut self, spec: &[u8]) -> Result<Instance, HostError> {
    let mut records = Records::new(spec);
    let (Some(factory), Some(name)) = (records.str(), records.str()) else { return Err(HostError::Invalid) };
    let slot = self.elements.open(factory, name)?;
    Ok(Instance::new(slot, name, self.now))
  }

  /// Opens an element for the core; its handle, or an error.
  pub fn open_spec(&mut self, spec: &[u8]) -> i32 {
    let instance = match self.open_element(spec) {
      Ok(instance) => instance,
      Err(error) => return error as i32,
    };
    let slot = instance.slot;
    match self.instances.insert(0, instance) {
      Ok(handle) => {
        if let Ok(instance) = self.instances.get(handle) {
          instance.handle = handle;
        }
        handle
      }
      Err(error) => {
        self.elements.close(slot);
        error as i32
      }
    }
  }

  /// Carries out an operation of the boot log; its result.
  pub fn replay(&mut self, memory: Memory, op: Op, entry: &crate::boot::Entry) -> i32 {
    let &crate::boot::Entry { handle, ptr, length, aux, token, data, .. } = entry;
    self.perform(memory, &Asked { handle, op, ptr, length, aux, token, data })
  }

  /// Takes an operation in that was answered at once although a completion is expected.
  pub fn owe(&mut self, entry: &crate::boot::Entry, op: Op, result: i32) -> bool {
    let &crate::boot::Entry { handle, token, .. } = entry;
    self.operations.insert(Operation {
      token,
      handle,
      op,
      ptr: 0,
      length: 0,
      pad: 0,
      left: 0,
      since: self.now,
      serial: 0,
      tries: 0,
      cancelled: false,
      stage: Stage::Ended(result),
    })
  }

  /// Closes an element and opens it again under the same handle; what was pending is offered to it again in order.
  /// @param log what made it what it is
  /// @returns whether it is as it was
  pub fn reopen(&mut self, memory: Memory, handle: i32, log: crate::boot::Log) -> bool {
    use crate::boot::Asked as Kind;
    let Ok(instance) = self.instances.get(handle) else { return false };
    let (slot, epoch, changed) = (instance.slot, instance.epoch, instance.changed);
    if changed {
      return false;
    }
    let Some(spec) = { log }.find(|e| e.asked == Kind::Open && e.handle == handle) else { return false };
    self.elements.close(slot);
    let made = self.open_element(spec.data);
    let Ok(instance) = self.instances.get(handle) else { return false };
    match made {
      Ok(new) => (instance.slot, instance.last) = (new.slot, new.last),
      // The slot is nobody's now.
      Err(_) => {
        instance.slot = usize::MAX;
        return false;
      }
    }
    self.settled = false;
    for entry in log {
      let Kind::Submit(op @ (Op::Property | Op::Configure)) = entry.asked else { continue };
      if entry.handle == handle && self.replay(memory, op, &entry) != entry.result {
        return false;
      }
    }
    self.settled = true;
    if epoch != 0
      && let Ok(instance) = self.instances.get(handle)
      && let Some(e) = self.elements.element(instance.slot)
    {
      e.flush(epoch);
    }
    let now = self.now;
    for o in self.operations.iter_mut().filter(|o| o.handle == handle) {
      match o.stage {
        Stage::Ended(_) => {}
        _ if o.cancelled => o.stage = Stage::Ended(HostError::Cancelled as i32),
        _ => {
          o.stage = Stage::Held(0);
          o.since = now;
        }
      }
    }
    self.offer_held(memory);
    true
  }

  /// Ends everything, as if nothing had been opened.
  pub fn close_all(&mut self) {
    for instance in self.instances.values() {
      self.elements.close(instance.slot);
    }
    self.instances.clear();
    self.operations.clear();
    self.trouble = None;
    self.failed = None;
    self.eos = false;
    self.settled = false;
    self.again = false;
  }

  /// Calls a function with each open element and its name.
  #[cfg(feature = "stats")]
  pub fn each(&mut self, mut call: impl FnMut(&mut B, &[u8], &dyn g2g_interface::HostElement)) {
    for instance in self.instances.values() {
      if let Some(element) = self.elements.element(instance.slot) {
        call(&mut self.board, instance.name.bytes(), element);
      }
    }
  }
}

impl<B: Board, E: Elements> Imports for Service<B, E> {
  fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32) -> i32 {
    self.moved = true;
    if OpenKind::from_raw(kind as i32) != Some(OpenKind::Element) {
      return HostError::NotFound as i32;
    }
    match memory.bytes(spec, length) {
      Some(spec) => self.open_spec(spec),
      None => HostError::Invalid as i32,
    }
  }

  fn submit(&mut self, memory: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    self.moved = true;
    let Some(op) = Op::from_raw(op as i32) else { return HostError::Unsupported as i32 };
    let data = match op {
      Op::Property | Op::Configure | Op::Event => memory.bytes(ptr, length),
      _ => Some(&[][..]),
    };
    let Some(data) = data else {
      self.breach(Breach::Core, handle);
      return HostError::Invalid as i32;
    };
    self.perform(memory, &Asked { handle, op, ptr, length, aux, token, data })
  }

  fn cancel(&mut self, token: u32) {
    self.moved = true;
    let Some(o) = self.operations.find(token) else { return };
    o.cancelled = true;
    match o.stage {
      Stage::Pending => {
        let handle = o.handle;
        if let Ok(instance) = self.instances.get(handle)
          && let Some(element) = self.elements.element(instance.slot)
        {
          element.cancel(token);
        }
      }
      Stage::Held(_) | Stage::Failed(_) => o.stage = Stage::Ended(HostError::Cancelled as i32),
      Stage::Ended(_) => {}
    }
  }

  fn close(&mut self, handle: i32) {
    self.moved = true;
    if self.operations.iter().any(|o| o.handle == handle) {
      self.breach(Breach::Leak, handle);
      return;
    }
    if let Ok(Some(instance)) = self.instances.release(handle) {
      self.elements.close(instance.slot);
    }
  }

  fn retain(&mut self, handle: i32) {
    // No completion brought a memory handle, so the core has made this one up.
    self.breach(Breach::Core, handle);
  }

  fn release(&mut self, handle: i32) {
    self.breach(Breach::Core, handle);
  }

  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    self.moved = true;
    let records = Records::new(memory.bytes(ptr, length).unwrap_or(&[]));
    match messages::meaning(kind, records) {
      Meaning::Eos => self.eos = true,
      Meaning::Error(code) => {
        self.failed.get_or_insert((code, self.now));
      }
      Meaning::Nothing => {}
    }
    print::print(&mut self.board, |p| messages::print(p, kind, records));
  }

  fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    let Some(to) = memory.bytes_mut(ptr, length) else { return };
    if self.board.random(to) {
      return;
    }
    // No secrets hang on it; what two boards shall not share must come from the board.
    let mut state = self.board.now() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for byte in to {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      *byte = state as u8;
    }
  }

  fn tick(&mut self) -> i64 {
    self.board.now()
  }
}
