//! A board, elements and a core that do what a test says, on a clock that jumps to where the host wants to be woken.
#![allow(dead_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use g2g_interface::abi::{Completed, HostError, Op, OpenKind, Post};
use g2g_interface::records::RecordWriter;
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, Memory, NONE, Value};
use g2g_runtime::engine::{Export, Imports, Trap};
use g2g_runtime::ledger::Ledger;
use g2g_runtime::{Board, Cause, Elements, Host, Image, Machine, Outcome, Policy, Start};

pub const MS: i64 = 1_000_000;
pub const PENDING: i32 = HostError::Pending as i32;
/// Where the fake core's ring header lies.
pub const RING: u32 = 16;
/// Where its frame records and blocks lie.
pub const RECORDS: u32 = 8192;

/// What all parts of a test see.
#[derive(Default)]
pub struct World {
  pub now: i64,
  pub wake_at: Option<i64>,
  pub printed: String,
  /// When the watchdog was fed.
  pub fed: Vec<i64>,
  pub cause: Option<Cause>,
  pub watchdog: Option<i64>,
  pub fault: Option<&'static str>,
  /// The board has a source of random numbers, all of them 0xa5.
  pub random: bool,
  /// What the elements were called with, in order.
  pub calls: Vec<String>,
  /// What the core was told, in order.
  pub told: Vec<Completion>,
  /// Steps the core took.
  pub steps: usize,
  pub element: ElementScript,
  pub opened: usize,
}

/// What an element does.
#[derive(Default)]
pub struct ElementScript {
  /// Answers to frames, one after the other; then Pending.
  pub frames: VecDeque<Result<Answer, HostError>>,
  /// Answers to open; then it opens.
  pub opens: VecDeque<HostError>,
  /// What Configure answers.
  pub bytes: u32,
  /// Completions to give, each not before a time.
  pub ready: Vec<(i64, Completion)>,
  /// Completes each frame this long after it came.
  pub frame_takes: Option<i64>,
  /// It fails each frame.
  pub frame_error: Option<HostError>,
  /// It fills each credit this long after it came.
  pub credit_takes: Option<i64>,
  pub allowance: Option<Option<i64>>,
  /// It does not ask for room.
  pub rude: bool,
  /// The slot of the element that gives what is ready; others only take.
  pub speaker: usize,
  /// The element in a slot completes what may not be its own.
  pub foreign: Option<(usize, Completion)>,
}

pub type Shared = Rc<RefCell<World>>;

pub struct FakeBoard(pub Shared);

impl Board for FakeBoard {
  fn print(&mut self, text: &[u8]) {
    self.0.borrow_mut().printed.push_str(core::str::from_utf8(text).unwrap());
  }
  fn now(&self) -> i64 {
    self.0.borrow().now
  }
  fn wake_at(&mut self, at: i64, _: &Waker) {
    let mut w = self.0.borrow_mut();
    w.wake_at = Some(w.wake_at.map_or(at, |t| t.min(at)));
  }
  fn watchdog(&self) -> Option<i64> {
    self.0.borrow().watchdog
  }
  fn feed(&mut self) {
    let mut w = self.0.borrow_mut();
    let now = w.now;
    w.fed.push(now);
  }
  fn cause(&self) -> Cause {
    self.0.borrow().cause.unwrap_or(Cause::Power)
  }
  fn random(&mut self, to: &mut [u8]) -> bool {
    let random = self.0.borrow().random;
    if random {
      to.fill(0xa5);
    }
    random
  }
  fn fault(&mut self) -> Option<&'static str> {
    self.0.borrow_mut().fault.take()
  }
}

pub struct FakeElement(Shared, usize);

impl HostElement for FakeElement {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    self.0.borrow_mut().calls.push(format!("property {name} {value:?}"));
    Ok(())
  }
  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    let mut w = self.0.borrow_mut();
    w.calls.push(format!("configure {pad} {caps}"));
    Ok(w.element.bytes)
  }
  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let mut w = self.0.borrow_mut();
    w.calls.push(format!("frame {token} seq {}", frame.sequence));
    let answer = w.element.frames.pop_front().unwrap_or(Ok(Answer::Pending));
    if answer == Ok(Answer::Pending) {
      let now = w.now;
      if let Some(error) = w.element.frame_error {
        w.element.ready.push((now, Completion::result(token, error as i32)));
      } else if let Some(takes) = w.element.frame_takes {
        w.element.ready.push((now + takes, Completion::result(token, 0)));
      }
    }
    answer
  }
  fn credit(&mut self, c: Credit, _: Memory) -> Result<Answer, HostError> {
    let mut w = self.0.borrow_mut();
    w.calls.push(format!("credit {} pad {} count {} length {}", c.token, c.pad, c.count, c.length));
    if let Some(takes) = w.element.credit_takes {
      let at = w.now + takes;
      w.element.ready.push((at, data(c.token, c.length as i32)));
    }
    Ok(Answer::Pending)
  }
  fn drain(&mut self, pad: u32, token: u32) -> Result<Answer, HostError> {
    self.0.borrow_mut().calls.push(format!("drain {pad} {token}"));
    Ok(Answer::Done)
  }
  fn flush(&mut self, epoch: u32) {
    self.0.borrow_mut().calls.push(format!("flush {epoch}"));
  }
  fn cancel(&mut self, token: u32) {
    let mut w = self.0.borrow_mut();
    w.calls.push(format!("cancel {token}"));
    let now = w.now;
    w.element.ready.retain(|(_, c)| c.token != token);
    w.element.ready.push((now, Completion::result(token, HostError::Cancelled as i32)));
  }
  fn allowance(&self, op: Op) -> Option<i64> {
    self.0.borrow().element.allowance.unwrap_or(if op == Op::Credit { None } else { Some(2000 * MS) })
  }
  fn poll(&mut self, _: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    let mut w = self.0.borrow_mut();
    let rude = w.element.rude;
    if let Some((_, c)) = w.element.foreign.take_if(|(slot, _)| *slot == self.1) {
      out.put(c);
    }
    if self.1 != w.element.speaker {
      return;
    }
    while let Some(i) = w.element.ready.iter().position(|(at, _)| *at <= now) {
      if !rude && !out.room() {
        return;
      }
      out.put(w.element.ready.remove(i).1);
    }
    // What a timer would do.
    if let Some(at) = w.element.ready.iter().map(|(at, _)| *at).min() {
      w.wake_at = Some(w.wake_at.map_or(at, |t| t.min(at)));
    }
  }
}

pub struct FakeElements {
  world: Shared,
  slots: Vec<Option<FakeElement>>,
}

impl Elements for FakeElements {
  fn open(&mut self, factory: &str, name: &str) -> Result<usize, HostError> {
    let mut w = self.world.borrow_mut();
    w.calls.push(format!("open {factory} {name}"));
    if let Some(error) = w.element.opens.pop_front() {
      return Err(error);
    }
    w.opened += 1;
    drop(w);
    self.slots.push(Some(FakeElement(self.world.clone(), self.slots.len())));
    Ok(self.slots.len() - 1)
  }
  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    self.slots.get_mut(slot)?.as_mut().map(|e| e as &mut dyn HostElement)
  }
  fn close(&mut self, slot: usize) {
    if self.slots.get_mut(slot).and_then(Option::take).is_some() {
      let mut w = self.world.borrow_mut();
      w.calls.push("close".into());
      w.opened -= 1;
      w.element.ready.clear();
      w.element.speaker = self.slots.len();
    }
  }
}

/// Calls of exports with their arguments.
pub type Calls = Rc<RefCell<Vec<(Export, Vec<i32>)>>>;

pub type Script = Box<dyn FnMut(&mut Core<'_>) -> Result<i64, Trap>>;

/// What a script may do in a step.
pub struct Core<'a> {
  pub imports: &'a mut dyn Imports,
  pub memory: Memory,
  pub now: i64,
  /// Counts steps since the last restart, from 0.
  pub step: usize,
  /// What was in the ring.
  pub told: Vec<Completion>,
}

impl Core<'_> {
  /// Submits a frame of 8 bytes whose token is its number; 256 have records at a time.
  pub fn frame(&mut self, handle: i32, token: u32) -> i32 {
    let at = RECORDS + token % 256 * 128;
    frame_record(self.memory, at, token);
    self.imports.submit(self.memory, handle, Op::Frame as u32, at, 80, 0, token)
  }
  pub fn credit(&mut self, handle: i32, token: u32) -> i32 {
    self.imports.submit(self.memory, handle, Op::Credit as u32, RECORDS + token * 128, 64, 1, token)
  }
  pub fn post(&mut self, kind: Post, code: i64) {
    let mut buffer = [0; 64];
    let mut w = RecordWriter::new(&mut buffer);
    w.int(code);
    w.text("fake0");
    w.int(-1);
    w.int(NONE);
    let bytes = w.finish().unwrap();
    self.memory.write(1024, bytes);
    self.imports.post(self.memory, kind as u32, 1024, bytes.len() as u32);
  }
}

pub fn frame_record(memory: Memory, at: u32, sequence: u32) {
  let zero = [0u8; 128];
  memory.write(at, &zero);
  for t in [8, 16, 24, 32, 40, 72] {
    memory.write(at + t, &NONE.to_le_bytes());
  }
  for (o, v) in [(48, 8), (56, 1), (60, at + 80), (64, sequence), (68, 88), (80, at + 96), (84, 8)] {
    memory.set_u32(at + o, v);
  }
}

pub struct FakeMachine {
  world: Shared,
  memory: Memory,
  slots: u32,
  script: Script,
  step: usize,
  dead: bool,
  pub calls: Calls,
  pub call_answers: Rc<RefCell<VecDeque<i32>>>,
}

impl FakeMachine {
  pub fn new(world: &Shared, slots: u32, script: Script) -> Self {
    let bytes = vec![0u8; 65536].leak();
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), bytes.len() as u32) };
    let mut machine = FakeMachine {
      world: world.clone(),
      memory,
      slots,
      script,
      step: 0,
      dead: false,
      calls: Rc::default(),
      call_answers: Rc::default(),
    };
    machine.restart().unwrap();
    machine
  }

  fn take(&mut self) -> Vec<Completion> {
    let m = self.memory;
    let (head, tail) = (m.u32(RING).unwrap(), m.u32(RING + 4).unwrap());
    assert!(tail.wrapping_sub(head) <= self.slots, "the ring overflowed");
    let mut told = Vec::new();
    for n in 0..tail.wrapping_sub(head) {
      let at = 64 + head.wrapping_add(n) % self.slots * 64;
      let b = m.bytes(at, 64).unwrap();
      let word = |k: usize| i32::from_le_bytes(b[k..k + 4].try_into().unwrap());
      let kind = Completed::from_raw(b[4] as i32).unwrap();
      let mut c = Completion::new(word(0) as u32, kind);
      c.result = word(8);
      c.epoch = word(12) as u32;
      told.push(c);
    }
    m.set_u32(RING, tail);
    told
  }
}

impl Machine for FakeMachine {
  fn memory(&self) -> Memory {
    self.memory
  }
  fn step(&mut self, imports: &mut dyn Imports, now: i64, _: i32) -> Result<i64, Trap> {
    assert!(!self.dead, "a step after a trap");
    let told = self.take();
    {
      let mut w = self.world.borrow_mut();
      w.steps += 1;
      w.told.extend(told.iter().copied());
    }
    let mut core = Core { imports, memory: self.memory, now, step: self.step, told };
    self.step += 1;
    let result = (self.script)(&mut core);
    self.dead = result.is_err();
    result
  }
  fn restart(&mut self) -> Result<(), Trap> {
    let m = self.memory;
    m.bytes_mut(0, m.size()).unwrap().fill(0);
    m.set_u32(RING + 8, self.slots);
    m.set_u32(RING + 12, 64);
    self.step = 0;
    self.dead = false;
    Ok(())
  }
  fn call(&mut self, _: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    self.calls.borrow_mut().push((export, args.to_vec()));
    if export == Export::Query {
      // The length and the record of an address, at 2048.
      self.memory.set_u32(2048, 2);
      self.memory.write(2052, &[5, RING as u8]);
      return Ok(2048);
    }
    if export == Export::Alloc {
      return Ok(4096);
    }
    Ok(self.call_answers.borrow_mut().pop_front().unwrap_or(0))
  }
}

/// Writes boot logs.
#[derive(Default)]
pub struct LogWriter(Vec<u8>);

impl LogWriter {
  #[allow(clippy::too_many_arguments)]
  fn entry(&mut self, kind: u16, op: u16, handle: i32, ptr: u32, length: u32, aux: i64, token: u32, result: i32) {
    self.0.extend(kind.to_le_bytes());
    self.0.extend(op.to_le_bytes());
    self.0.extend(handle.to_le_bytes());
    self.0.extend(ptr.to_le_bytes());
    self.0.extend(length.to_le_bytes());
    self.0.extend(aux.to_le_bytes());
    self.0.extend(token.to_le_bytes());
    self.0.extend(result.to_le_bytes());
  }
  fn data(&mut self, write: impl FnOnce(&mut RecordWriter<'_>)) -> Vec<u8> {
    let mut buffer = [0; 256];
    let mut w = RecordWriter::new(&mut buffer);
    write(&mut w);
    let mut bytes = w.finish().unwrap().to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
  }
  pub fn open(mut self, factory: &str, name: &str, handle: i32) -> Self {
    let data = self.data(|w| {
      w.text(factory);
      w.text(name);
    });
    self.entry(1, OpenKind::Element as u16, 0, 0, data.len() as u32, 0, 0, handle);
    self.0.extend(data);
    self
  }
  pub fn property(mut self, handle: i32, name: &str, value: i64) -> Self {
    let data = self.data(|w| {
      w.text(name);
      w.int(value);
    });
    self.entry(2, Op::Property as u16, handle, 0, data.len() as u32, 0, 1000, 0);
    self.0.extend(data);
    self
  }
  pub fn configure(mut self, handle: i32, pad: i64, caps: &str, result: i32) -> Self {
    let data = self.data(|w| {
      w.int(pad);
      w.text(caps);
    });
    self.entry(2, Op::Configure as u16, handle, 0, data.len() as u32, 0, 1001, result);
    self.0.extend(data);
    self
  }
  pub fn credit(mut self, handle: i32, token: u32, result: i32) -> Self {
    self.entry(2, Op::Credit as u16, handle, RECORDS + token * 128, 64, 0, token, result);
    self
  }
  pub fn drain(mut self, handle: i32, token: u32, result: i32) -> Self {
    self.entry(2, Op::Drain as u16, handle, 0, 0, 0, token, result);
    self
  }
  pub fn random(mut self, ptr: u32, bytes: &[u8]) -> Self {
    self.entry(3, 0, 0, ptr, bytes.len() as u32, 0, 0, 0);
    self.0.extend(bytes);
    self.0.resize(self.0.len().next_multiple_of(4), 0);
    self
  }
  pub fn image(self) -> &'static Image {
    Box::leak(Box::new(Image {
      line: "fakesrc ! fakesink",
      module_hash: "00ff",
      module: &[],
      memory: 65536,
      ring: RING,
      start: Start::Frozen { log: self.0.leak() },
    }))
  }
}

pub fn world() -> Shared {
  Rc::new(RefCell::new(World { now: 1, ..World::default() }))
}

struct Flag(AtomicBool);

impl Wake for Flag {
  fn wake(self: Arc<Self>) {
    self.0.store(true, Ordering::Relaxed);
  }
}

/// A policy with small numbers.
pub const POLICY: Policy = Policy {
  retries: 2,
  elements: 1,
  pipelines: 1,
  resets: 2,
  window: 10_000 * MS,
  backoff: 5 * MS,
  grace: 100 * MS,
  patience: 500 * MS,
};

pub type TestHost = Host<FakeBoard, FakeElements, FakeMachine>;

pub fn host_with(world: &Shared, image: &'static Image, machine: FakeMachine, ledger: &'static mut Ledger) -> TestHost {
  let elements = FakeElements { world: world.clone(), slots: Vec::new() };
  Host::new(FakeBoard(world.clone()), elements, machine, image, Box::leak(Box::default()), ledger, POLICY)
}

pub fn host(world: &Shared, image: &'static Image, slots: u32, script: Script) -> TestHost {
  host_with(world, image, FakeMachine::new(world, slots, script), Box::leak(Box::new(Ledger::new())))
}

/// Lets the host run until it is over, or until a time; its clock jumps to where it wants to be woken.
pub fn run_until(world: &Shared, host: &mut TestHost, end: i64) -> Option<Outcome> {
  let flag = Arc::new(Flag(AtomicBool::new(false)));
  let waker = Waker::from(flag.clone());
  let mut context = Context::from_waker(&waker);
  for _ in 0..100_000 {
    world.borrow_mut().wake_at = None;
    if let Poll::Ready(outcome) = host.poll(&mut context) {
      return Some(outcome);
    }
    let mut w = world.borrow_mut();
    if flag.0.swap(false, Ordering::Relaxed) {
      continue;
    }
    let next = w.wake_at.unwrap_or(i64::MAX);
    if next > end {
      w.now = end;
      return None;
    }
    w.now = w.now.max(next);
  }
  panic!("the host does not come to rest");
}

pub fn data(token: u32, bytes: i32) -> Completion {
  let mut c = Completion::new(token, Completed::Data);
  c.result = bytes;
  c
}

/// The calls since a place, and the place behind them.
pub fn calls_from(world: &Shared, from: usize) -> Vec<String> {
  world.borrow().calls[from..].to_vec()
}
