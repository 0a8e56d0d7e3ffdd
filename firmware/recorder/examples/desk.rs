//! A board at the desk, for tests: an image on this machine with elements that follow a seed, on a clock that jumps to where
//! the host wants to be woken. The recording goes to the standard output, a serial packet after the other; what the
//! pipeline sends is added up on the standard error.
//!
//! Arguments: a seed; at how many frames to stop taking packets (0: never), at how many to break the contract (0: never), so
//! that the pipeline begins again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use g2g_interface::abi::{Completed, Op};
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, HostError, Memory, Value};
use g2g_recorder::{HEAD, PACKET, Queue, Recorded, SERIAL, Settings, serial};
use g2g_runtime::engine::Engine;
use g2g_runtime::ledger::Ledger;
use g2g_runtime::{Board, Elements, Host, Operations, Outcome, Policy};

mod image {
  include!(concat!(env!("G2G_IMAGE"), "/image.rs"));
}

/// Names of the elements whose bytes the tests can make again.
static SETTINGS: Settings = Settings {
  reproducible: match option_env!("G2G_REPRODUCIBLE") {
    Some(_) => &["boardaudiosrc0"],
    None => &[],
  },
};
static QUEUE: Queue<16> = Queue::new();

struct World {
  now: i64,
  wake_at: i64,
  seed: u32,
  frames: u32,
  breaks_at: u32,
  sum: u32,
}

impl World {
  fn random(&mut self) -> u32 {
    self.seed ^= self.seed << 13;
    self.seed ^= self.seed >> 17;
    self.seed ^= self.seed << 5;
    self.seed
  }

  fn wake(&mut self, at: i64) {
    self.wake_at = self.wake_at.min(at);
  }
}

type Shared = Rc<RefCell<World>>;

struct Desk(Shared);

impl Board for Desk {
  fn print(&mut self, text: &[u8]) {
    std::io::stderr().write_all(text).unwrap();
  }
  fn now(&self) -> i64 {
    self.0.borrow().now
  }
  fn wake_at(&mut self, at: i64, _: &Waker) {
    self.0.borrow_mut().wake(at);
  }
  fn random(&mut self, to: &mut [u8]) -> bool {
    let mut world = self.0.borrow_mut();
    to.iter_mut().for_each(|b| *b = world.random() as u8);
    true
  }
}

/// Source and sink in one: answers after a while, and fills what it is given.
struct Element {
  world: Shared,
  block: u32,
  tone: u32,
  left: i64,
  credits: VecDeque<(i64, Credit, Memory)>,
  frames: VecDeque<(i64, u32)>,
}

impl HostElement for Element {
  fn property(&mut self, name: &str, value: Value<'_>) -> Result<(), HostError> {
    if let ("num-buffers", Value::Int(n)) = (name, value) {
      self.left = n;
    }
    Ok(())
  }
  fn configure(&mut self, pad: u32, caps: &str) -> Result<u32, HostError> {
    // 10 ms of S16LE, a channel of 8000 Hz.
    self.block = if pad == 0 && caps.starts_with("audio/x-raw") { 160 } else { 0 };
    Ok(self.block)
  }
  fn frame(&mut self, frame: &Frame, token: u32) -> Result<Answer, HostError> {
    let mut w = self.world.borrow_mut();
    w.frames += 1;
    for part in frame.stretches() {
      w.sum = part.iter().fold(w.sum, |sum, b| sum.rotate_left(5) ^ *b as u32);
    }
    if w.random() % 4 == 0 {
      return Ok(Answer::Done);
    }
    let takes = (w.random() % 30_000_000) as i64;
    let at = w.now + takes;
    drop(w);
    self.frames.push_back((at, token));
    Ok(Answer::Pending)
  }
  fn credit(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    let after = self.credits.back().map_or(self.world.borrow().now, |c| c.0);
    self.credits.push_back((after + 10_000_000, credit, memory));
    Ok(Answer::Pending)
  }
  fn cancel(&mut self, token: u32) {
    if self.frames.iter().any(|f| f.1 == token) {
      self.frames.retain(|f| f.1 != token);
      self.frames.push_front((0, token));
    }
  }
  fn allowance(&self, _: Op) -> Option<i64> {
    None
  }
  fn poll(&mut self, _: &mut Context<'_>, now: i64, out: &mut dyn Completions) {
    while let Some((at, token)) = self.frames.front().copied()
      && at <= now
      && out.room()
    {
      self.frames.pop_front();
      out.put(Completion::result(token, 0));
    }
    while let Some((at, credit, memory)) = self.credits.front().copied()
      && at <= now
      && out.room()
    {
      self.credits.pop_front();
      if self.left == 0 {
        out.put(Completion::new(credit.token, Completed::End));
        continue;
      }
      self.left -= 1;
      let mut c = Completion::new(credit.token, Completed::Data);
      let length = self.block.min(credit.length);
      for byte in memory.bytes_mut(credit.block, length).unwrap() {
        self.tone = self.tone.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (self.tone >> 24) as u8;
      }
      (c.result, c.pts, c.capture) = (length as i32, at, at);
      out.put(c);
      let mut w = self.world.borrow_mut();
      if w.breaks_at != 0 && w.frames >= w.breaks_at {
        w.breaks_at = 0;
        drop(w);
        // A completion of nothing makes the host begin again.
        (0..4).for_each(|_| out.put(Completion::result(0xffff, 0)));
      }
    }
    let next = self.frames.front().map(|f| f.0).into_iter().chain(self.credits.front().map(|c| c.0)).min();
    if let Some(at) = next {
      self.world.borrow_mut().wake(at.max(now + 1));
    }
  }
  fn close(&mut self) {
    self.credits.clear();
    self.frames.clear();
  }
}

struct All {
  world: Shared,
  slots: Vec<Option<Element>>,
}

impl Elements for All {
  fn open(&mut self, _: &str, _: &str) -> Result<usize, HostError> {
    let world = self.world.clone();
    let (credits, frames) = (VecDeque::new(), VecDeque::new());
    self.slots.push(Some(Element { world, block: 0, tone: 1, left: -1, credits, frames }));
    Ok(self.slots.len() - 1)
  }
  fn element(&mut self, slot: usize) -> Option<&mut dyn HostElement> {
    self.slots.get_mut(slot)?.as_mut().map(|e| e as &mut dyn HostElement)
  }
  fn close(&mut self, slot: usize) {
    self.slots[slot] = None;
  }
}

struct Flag(AtomicBool);

impl Wake for Flag {
  fn wake(self: Arc<Self>) {
    self.0.store(true, Ordering::Relaxed);
  }
}

/// Writes what there is to write.
fn send() {
  let mut packet = [0; HEAD + PACKET];
  let mut line = [0; SERIAL];
  while let Some(n) = QUEUE.take(&mut packet) {
    let n = serial(&packet[..n], &mut line);
    std::io::stdout().write_all(&line[..n]).unwrap();
  }
}

fn main() {
  let args: Vec<u32> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
  let (seed, full_at, breaks_at) = (args[0], args[1], args[2]);
  let world: Shared = Rc::new(RefCell::new(World { now: 1, wake_at: i64::MAX, seed, frames: 0, breaks_at, sum: 0 }));
  let engine = Engine::start(image::IMAGE.module).unwrap_or_else(|trap| panic!("{}", trap.name()));
  let machine = Recorded::new(engine, &QUEUE, &image::IMAGE, &SETTINGS, seed);
  let (ledger, operations) = (Box::leak(Box::new(Ledger::new())), Box::leak(Box::new(Operations::new())));
  let elements = All { world: world.clone(), slots: Vec::new() };
  let policy = Policy { elements: 0, ..Policy::DEFAULT };
  let mut host = Host::new(Desk(world.clone()), elements, machine, &image::IMAGE, operations, ledger, policy);
  let flag = Arc::new(Flag(AtomicBool::new(false)));
  let waker = Waker::from(flag.clone());
  let outcome = loop {
    world.borrow_mut().wake_at = i64::MAX;
    if let Poll::Ready(outcome) = host.poll(&mut Context::from_waker(&waker)) {
      break outcome;
    }
    if full_at == 0 || world.borrow().frames < full_at {
      send();
    }
    if !flag.0.swap(false, Ordering::Relaxed) {
      let mut w = world.borrow_mut();
      let next = w.wake_at.max(w.now + 1);
      assert!(next < i64::MAX, "nothing will ever happen");
      w.now = next;
    }
  };
  drop(host);
  send();
  let w = world.borrow();
  eprintln!("frames {} sum {:08x}", w.frames, w.sum);
  std::process::exit(if outcome == Outcome::Eos { 0 } else { 1 });
}
