//! What the tests of elements share: linear memory with blocks and frames in it, a host that takes completions, tables.
#![allow(dead_code)]

pub mod table;

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};

use g2g_interface::abi::Completed;
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, HostError, Memory, NONE, Value};

/// Linear memory of a core that does not exist.
pub struct Linear {
  pub memory: Memory,
  next: Cell<u32>,
}

impl Linear {
  pub fn new() -> Linear {
    // Aligned as the firmware aligns it.
    const SIZE: usize = 4 << 20;
    let layout = std::alloc::Layout::from_size_align(SIZE, 64).unwrap();
    let base = unsafe { std::alloc::alloc_zeroed(layout) };
    Linear { memory: unsafe { Memory::new(base, SIZE as u32) }, next: Cell::new(64) }
  }

  /// Memory behind which 64 bytes are marked.
  pub fn block(&self, length: u32) -> u32 {
    let at = self.next.get();
    self.next.set((at + length + 64).next_multiple_of(64));
    self.memory.bytes_mut(at, length + 64).unwrap().fill(0xee);
    at
  }

  /// Whether nothing was written behind a block.
  pub fn is_whole(&self, at: u32, length: u32) -> bool {
    self.memory.bytes(at + length, 64).unwrap().iter().all(|b| *b == 0xee)
  }

  pub fn bytes(&self, at: u32, length: u32) -> Vec<u8> {
    self.memory.bytes(at, length).unwrap().to_vec()
  }

  /// A frame of stretches.
  pub fn frame(&self, parts: &[&[u8]], flags: u32, pts: i64) -> Frame {
    let record = self.block(80 + 8 * parts.len() as u32);
    let mut size = 0;
    for (i, part) in parts.iter().enumerate() {
      let at = self.block(part.len() as u32);
      assert!(self.memory.write(at, part));
      self.memory.set_u32(record + 80 + 8 * i as u32, at);
      self.memory.set_u32(record + 84 + 8 * i as u32, part.len() as u32);
      size += part.len() as u32;
    }
    let mut r = [0u8; 80];
    r[4..8].copy_from_slice(&flags.to_le_bytes());
    for (at, time) in [(8, pts), (16, pts), (24, NONE), (32, NONE), (40, NONE), (72, pts)] {
      r[at..at + 8].copy_from_slice(&time.to_le_bytes());
    }
    r[48..52].copy_from_slice(&size.to_le_bytes());
    r[56..60].copy_from_slice(&(parts.len() as u32).to_le_bytes());
    r[60..64].copy_from_slice(&(record + 80).to_le_bytes());
    assert!(self.memory.write(record, &r));
    Frame::read(self.memory, record).unwrap()
  }
}

/// Counts how often it was woken.
pub struct Wakes(AtomicU32);

impl Wake for Wakes {
  fn wake(self: Arc<Self>) {
    self.0.fetch_add(1, Ordering::SeqCst);
  }
}

impl Wakes {
  pub fn count(&self) -> u32 {
    self.0.load(Ordering::SeqCst)
  }
}

/// A host of one element: hands out tokens, and checks that each operation ends once.
pub struct Host {
  pub linear: Linear,
  pub wakes: Arc<Wakes>,
  waker: Waker,
  token: u32,
  pending: Vec<u32>,
  blocks: HashMap<u32, u32>,
  pub completions: VecDeque<Completion>,
  /// Completions that fit before the core takes some.
  pub room: usize,
  pub now: i64,
}

struct Ring<'a>(&'a mut VecDeque<Completion>, usize);

impl Completions for Ring<'_> {
  fn room(&self) -> bool {
    self.0.len() < self.1
  }
  fn put(&mut self, completion: Completion) {
    assert!(self.room(), "a completion without room");
    self.0.push_back(completion);
  }
}

impl Host {
  pub fn new() -> Host {
    let wakes = Arc::new(Wakes(AtomicU32::new(0)));
    let waker = Waker::from(wakes.clone());
    Host {
      linear: Linear::new(),
      wakes,
      waker,
      token: 0,
      pending: vec![],
      blocks: HashMap::new(),
      completions: VecDeque::new(),
      room: 64,
      now: 1,
    }
  }

  fn submitted(&mut self, answer: Result<Answer, HostError>) -> Result<Answer, HostError> {
    if answer == Ok(Answer::Pending) {
      self.pending.push(self.token);
    }
    answer
  }

  pub fn configure(&mut self, e: &mut dyn HostElement, pad: u32, caps: &str) -> u32 {
    e.configure(pad, caps).unwrap()
  }

  /// Offers a frame; its token and the answer.
  pub fn frame(&mut self, e: &mut dyn HostElement, parts: &[&[u8]]) -> (u32, Result<Answer, HostError>) {
    self.frame_with(e, parts, 0, NONE)
  }

  pub fn frame_with(
    &mut self,
    e: &mut dyn HostElement,
    parts: &[&[u8]],
    flags: u32,
    pts: i64,
  ) -> (u32, Result<Answer, HostError>) {
    let frame = self.linear.frame(parts, flags, pts);
    self.token += 1;
    let answer = e.frame(&frame, self.token);
    (self.token, self.submitted(answer))
  }

  /// Gives a credit with a block; its token and the block's address.
  pub fn credit(&mut self, e: &mut dyn HostElement, pad: u32, length: u32) -> (u32, u32) {
    let block = self.linear.block(length);
    self.token += 1;
    self.blocks.insert(self.token, block);
    let answer = e.credit(Credit { token: self.token, pad, count: 1, block, length }, self.linear.memory);
    assert_eq!(self.submitted(answer), Ok(Answer::Pending));
    (self.token, block)
  }

  /// Gives a credit with the block of one that has ended, as the core does.
  pub fn credit_at(&mut self, e: &mut dyn HostElement, ended: u32, length: u32) -> (u32, u32) {
    let block = self.blocks[&ended];
    self.token += 1;
    self.blocks.insert(self.token, block);
    let answer = e.credit(Credit { token: self.token, pad: 0, count: 1, block, length }, self.linear.memory);
    assert_eq!(self.submitted(answer), Ok(Answer::Pending));
    (self.token, block)
  }

  pub fn drain(&mut self, e: &mut dyn HostElement, pad: u32) -> u32 {
    self.token += 1;
    let answer = e.drain(pad, self.token);
    assert_eq!(self.submitted(answer), Ok(Answer::Pending));
    self.token
  }

  /// Polls the element once; what it completed, each of which must be an operation that was pending.
  pub fn poll(&mut self, e: &mut dyn HostElement) -> Vec<Completion> {
    e.poll(&mut Context::from_waker(&self.waker), self.now, &mut Ring(&mut self.completions, self.room));
    self.taken()
  }

  /// Polls the element without taking what it completed.
  pub fn poll_only(&mut self, e: &mut dyn HostElement) {
    e.poll(&mut Context::from_waker(&self.waker), self.now, &mut Ring(&mut self.completions, self.room));
  }

  pub fn taken(&mut self) -> Vec<Completion> {
    let all: Vec<Completion> = self.completions.drain(..).collect();
    for c in &all {
      let i = self.pending.iter().position(|t| *t == c.token);
      self.pending.remove(i.unwrap_or_else(|| panic!("operation {} was not pending: {c:?}", c.token)));
    }
    all
  }

  /// Cancels all that is pending and polls until it has ended.
  pub fn cancel_all(&mut self, e: &mut dyn HostElement) -> Vec<Completion> {
    for token in self.pending.clone() {
      e.cancel(token);
    }
    let ended = self.poll(e);
    assert_eq!(self.pending, [] as [u32; 0], "operations that did not end");
    ended
  }

  /// Credits that are pending.
  pub fn credits(&self) -> usize {
    self.pending.iter().filter(|t| self.blocks.contains_key(t)).count()
  }

  pub fn pending(&self) -> usize {
    self.pending.len()
  }
}

/// Numbers that follow from a seed.
pub struct Random(pub u64);

impl Random {
  /// A number below `n`.
  pub fn below(&mut self, n: u64) -> u64 {
    // A linear congruence; the upper bits are good enough.
    self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (self.0 >> 33) % n
  }
}

/// Operations in any order, cancelled at any time, with little room for completions, while `act` lets the device do things.
/// The host checks that each ends once; in the end all are cancelled, and none is left.
pub fn storm(
  random: &mut Random,
  host: &mut Host,
  e: &mut dyn HostElement,
  credit: Option<(u32, u32)>,
  frame: Option<&[u8]>,
  act: &mut dyn FnMut(&mut Random, i64),
) {
  let mut drain = 0;
  let mut blocks = vec![];
  for _ in 0..400 {
    match random.below(8) {
      0 | 1 => {
        if let Some((pad, bytes)) = credit.filter(|_| host.credits() < 8) {
          blocks.push(host.credit(e, pad, bytes).1);
        }
      }
      2 | 3 => {
        if let Some(bytes) = frame.filter(|_| !host.pending.contains(&drain)) {
          let (a, b) = bytes.split_at(random.below(bytes.len() as u64) as usize);
          let answer = host.frame(e, &[a, b]).1;
          assert!(answer.is_ok() || answer == Err(HostError::Busy), "{answer:?}");
        }
      }
      4 if host.pending() > 0 && random.below(4) == 0 => {
        let i = random.below(host.pending() as u64) as usize;
        e.cancel(host.pending[i]);
      }
      5 if frame.is_some() && random.below(8) == 0 && !host.pending.contains(&drain) => drain = host.drain(e, 0),
      6 => act(random, host.now),
      _ => {
        host.now += random.below(20_000_000) as i64;
        host.room = random.below(4) as usize;
        host.poll(e);
      }
    }
  }
  host.room = 64;
  host.cancel_all(e);
  let (_, bytes) = credit.unwrap_or_default();
  assert!(blocks.iter().all(|b| host.linear.is_whole(*b, bytes)), "memory behind a block was written");
}

pub fn reading(e: &dyn HostElement, name: &str) -> i64 {
  let mut found = None;
  e.readings(&mut |n, value| {
    if let (true, Value::Int(value)) = (n == name, value) {
      found = Some(value);
    }
  });
  found.unwrap_or_else(|| panic!("no reading {name}"))
}

/// Data, by token, bytes and flags.
pub fn data(c: &Completion) -> (u32, i32, u32) {
  assert_eq!(c.kind, Completed::Data, "{c:?}");
  (c.token, c.result, c.flags)
}

/// The result of an operation.
pub fn result(c: &Completion) -> (u32, i32) {
  assert_eq!(c.kind, Completed::Result, "{c:?}");
  (c.token, c.result)
}

pub fn set(e: &mut dyn HostElement, name: &str, value: Value<'_>) {
  e.property(name, value).unwrap_or_else(|error| panic!("{name}: {error:?}"));
}

/// What lives as long as the test program.
pub fn forever<T>(value: T) -> &'static mut T {
  Box::leak(Box::new(value))
}

/// Runs a task of a board as far as it gets.
pub struct Task {
  future: std::pin::Pin<Box<dyn Future<Output = ()>>>,
}

impl Task {
  pub fn new(future: impl Future<Output = ()> + 'static) -> Task {
    Task { future: Box::pin(future) }
  }

  pub fn run(&mut self) {
    assert!(self.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
  }
}
