//! A codec of the tests behind a loop of the tests.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use g2g_interface::NONE;
use g2g_interface::abi::Completed;

use super::*;
use crate::codec::{Input, Stop, Times};
use crate::thread::Output;

/// Gives each frame twice, under caps that name its first byte, and keeps one back until it is drained.
struct Twice {
  held: Option<(Times, Vec<u8>)>,
  told: Option<u8>,
  /// What it was told, in order.
  heard: Sender<String>,
}

impl Twice {
  fn give(&mut self, times: &Times, bytes: &[u8], out: &mut Output<'_>) -> Result<(), Stop> {
    if self.told != Some(bytes[0]) {
      out.caps(&format!("x/y, n=(int){}", bytes[0]))?;
      self.told = Some(bytes[0]);
    }
    for _ in 0..2 {
      out.fill(times, bytes.len() as u32, |to| {
        to[..bytes.len()].copy_from_slice(bytes);
        bytes.len() as u32
      })?;
    }
    Ok(())
  }
}

impl Codec for Twice {
  fn accepts(caps: Caps<'_>) -> Result<(), HostError> {
    if caps.number("n") == Some(13) { Err(HostError::Unsupported) } else { Ok(()) }
  }

  fn block_size(_caps: Caps<'_>) -> Result<u32, HostError> {
    Ok(16)
  }

  fn input(&mut self, caps: Caps<'_>) -> Result<(), Stop> {
    let _ = self.heard.send(format!("input {}", caps.text("n").unwrap_or("none")));
    Ok(())
  }

  fn frame(&mut self, frame: &Input<'_>, out: &mut Output<'_>) -> Result<(), Stop> {
    let mut bytes = Vec::new();
    frame.copy_to(&mut bytes)?;
    match bytes.first() {
      Some(b'!') => panic!("a frame that nobody can work on"),
      Some(b'?') => return Err(HostError::Io.into()),
      _ => {}
    }
    match self.held.replace((frame.times(), bytes)) {
      Some((times, bytes)) => self.give(&times, &bytes, out),
      None => Ok(()),
    }
  }

  fn drain(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
    self.held.take().map_or(Ok(()), |(times, bytes)| self.give(&times, &bytes, out))
  }

  fn flush(&mut self) {
    self.held = None;
    let _ = self.heard.send("flush".into());
  }
}

struct Woken(std::thread::Thread);

impl Wake for Woken {
  fn wake(self: Arc<Self>) {
    self.0.unpark();
  }
}

struct Taken(Vec<(Completion, Vec<u8>)>);

impl Completions for Taken {
  fn room(&self) -> bool {
    true
  }

  fn put(&mut self, completion: Completion) {
    self.0.push((completion, Vec::new()));
  }

  fn put_bytes(&mut self, completion: Completion, bytes: &[u8]) -> bool {
    self.0.push((completion, bytes.into()));
    true
  }
}

/// Bytes of the memory, and where a frame's record, its pairs, its bytes, and blocks lie.
const SIZE: usize = 4096;
const RECORD: u32 = 0;
const BYTES: u32 = 256;
const BLOCKS: u32 = 1024;

struct Rig {
  element: Threaded<Twice>,
  memory: Memory,
  heard: Receiver<String>,
  waker: Waker,
  _bytes: Box<[u8; SIZE]>,
}

impl Rig {
  fn new(window: usize) -> Rig {
    let mut bytes = Box::new([0u8; SIZE]);
    // The bytes live as long as the rig, whose element is dropped first.
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), SIZE as u32) };
    let (heard, hears) = channel();
    let element = Threaded::new("twice", window, Twice { held: None, told: None, heard });
    let waker = Waker::from(Arc::new(Woken(std::thread::current())));
    Rig { element, memory, heard: hears, waker, _bytes: bytes }
  }

  /// A frame of one byte, in the `i`th place.
  fn frame(&mut self, i: u32, byte: u8) -> Result<Answer, HostError> {
    let (record, at) = (RECORD + i * 96, BYTES + i);
    let m = self.memory;
    m.write(at, &[byte]);
    for (offset, value) in [(0, 0), (8, i), (12, 0), (48, 1), (56, 1), (60, record + 80), (80, at), (84, 1)] {
      m.set_u32(record + offset, value);
    }
    self.element.frame(&Frame::read(m, record).unwrap(), 100 + i)
  }

  fn credit(&mut self, token: u32, length: u32) {
    let block = if length == 0 { 0 } else { BLOCKS + token * 16 };
    let credit = Credit { token, pad: SRC, count: 1, block, length };
    assert_eq!(self.element.credit(credit, self.memory), Ok(Answer::Pending));
  }

  /// Waits for completions.
  fn take(&mut self, n: usize) -> Vec<(Completion, Vec<u8>)> {
    let mut taken = Taken(Vec::new());
    let end = Instant::now() + Duration::from_secs(10);
    while taken.0.len() < n && Instant::now() < end {
      self.element.poll(&mut Context::from_waker(&self.waker), 0, &mut taken);
      if taken.0.len() < n {
        std::thread::park_timeout(Duration::from_millis(100));
      }
    }
    taken.0
  }

  fn kinds(&mut self, n: usize) -> Vec<(u32, Completed, i32)> {
    self.take(n).iter().map(|(c, _)| (c.token, c.kind, c.result)).collect()
  }

  /// Lets it come so far that its first frame waits under caps that were answered.
  fn settle(&mut self, byte: u8) {
    self.credit(1, 0);
    self.frame(0, byte).unwrap();
    assert_eq!(self.kinds(1), [(100, Completed::Result, 0)]);
    self.frame(1, byte).unwrap();
    let told = self.take(1);
    assert_eq!((told[0].0.kind, told[0].0.token), (Completed::Caps, 1));
    assert_eq!(told[0].1, format!("x/y, n=(int){byte}").as_bytes());
    assert_eq!(self.element.configure(SRC, "x/y"), Ok(16));
    self.element.cancel(1);
    assert_eq!(self.kinds(1), [(1, Completed::Result, HostError::Cancelled as i32)]);
  }
}

#[test]
fn caps_go_before_data_and_data_into_blocks_of_its_size() {
  let mut rig = Rig::new(4);
  rig.settle(b'a');
  // Neither is large enough for a codec that asks for a byte.
  rig.credit(2, 0);
  rig.credit(3, 16);
  rig.credit(4, 16);
  let taken = rig.take(3);
  assert_eq!(
    taken.iter().map(|(c, _)| (c.token, c.kind)).collect::<Vec<_>>(),
    [(3, Completed::Data), (4, Completed::Data), (101, Completed::Result)]
  );
  assert_eq!((taken[0].0.result, taken[0].0.pts, taken[0].0.dts, taken[0].0.pad), (1, 0, 0, 0));
  assert_eq!(rig.memory.bytes(BLOCKS + 3 * 16, 1), Some(&b"a"[..]));
  // Other caps are told before what comes under them.
  rig.credit(5, 16);
  rig.frame(2, b'b').unwrap();
  assert_eq!(rig.kinds(1), [(5, Completed::Data, 1)]);
  rig.credit(6, 16);
  assert_eq!(rig.kinds(2), [(6, Completed::Data, 1), (102, Completed::Result, 0)]);
  rig.credit(7, 16);
  rig.element.drain(0, 50).unwrap();
  // Whatever credit is there will do for caps.
  assert_eq!(rig.kinds(1), [(2, Completed::Caps, 0)]);
  rig.element.configure(SRC, "x/y").unwrap();
  rig.credit(8, 16);
  assert_eq!(rig.kinds(3), [(7, Completed::Data, 1), (8, Completed::Data, 1), (50, Completed::End, 0)]);
}

#[test]
fn more_than_the_window_is_not_taken() {
  let mut rig = Rig::new(2);
  rig.settle(b'a');
  rig.frame(2, b'a').unwrap();
  assert_eq!(rig.frame(3, b'a'), Err(HostError::Busy));
  rig.credit(2, 16);
  rig.credit(3, 16);
  rig.take(3);
  assert_eq!(rig.frame(3, b'a'), Ok(Answer::Pending));
}

#[test]
fn a_flush_voids_what_is_in_flight_and_keeps_credits() {
  let mut rig = Rig::new(4);
  rig.settle(b'a');
  rig.frame(2, b'a').unwrap();
  rig.element.drain(0, 50).unwrap();
  rig.element.flush(7);
  let mut ended = rig.kinds(3);
  ended.sort_by_key(|e| e.0);
  assert_eq!(ended, [(50, Completed::End, 0), (101, Completed::Result, 0), (102, Completed::Result, 0)]);
  assert_eq!(rig.heard.recv_timeout(Duration::from_secs(10)).as_deref(), Ok("flush"));
  // What comes now is of the new epoch, and not what was held.
  rig.credit(2, 16);
  rig.credit(3, 16);
  rig.frame(3, b'a').unwrap();
  assert_eq!(rig.kinds(1), [(103, Completed::Result, 0)]);
  rig.element.drain(0, 51).unwrap();
  let taken = rig.take(3);
  assert_eq!(taken.iter().map(|(c, _)| (c.token, c.epoch)).collect::<Vec<_>>(), [(2, 7), (3, 7), (51, 7)]);
  assert_eq!(taken[0].0.pts, 3);
}

#[test]
fn what_is_cancelled_ends_though_it_waits_for_room() {
  let mut rig = Rig::new(4);
  rig.settle(b'a');
  rig.frame(2, b'a').unwrap();
  rig.credit(2, 0);
  for token in [101, 102, 2] {
    rig.element.cancel(token);
  }
  let mut ended = rig.kinds(3);
  ended.sort_by_key(|e| e.0);
  let cancelled = HostError::Cancelled as i32;
  assert_eq!(ended, [2, 101, 102].map(|token| (token, Completed::Result, cancelled)));
  rig.element.close();
}

#[test]
fn caps_that_cannot_be_are_refused_and_others_told() {
  let mut rig = Rig::new(4);
  assert_eq!(rig.element.configure(0, "x/y, n=(int)13"), Err(HostError::Unsupported));
  assert_eq!(rig.element.configure(0, "x/y, n=(int)12"), Ok(0));
  assert_eq!(rig.heard.recv_timeout(Duration::from_secs(10)).as_deref(), Ok("input 12"));
}

#[test]
fn a_codec_that_fails_or_panics_fails_its_frames() {
  for byte in [b'?', b'!'] {
    let mut rig = Rig::new(4);
    rig.frame(0, byte).unwrap();
    assert_eq!(rig.kinds(1), [(100, Completed::Result, HostError::Io as i32)]);
    assert_eq!(rig.frame(1, b'a'), Err(HostError::Io));
    rig.element.drain(0, 50).unwrap();
    assert_eq!(rig.take(1).len(), 1);
  }
}

#[test]
fn nothing_is_touched_after_the_end() {
  let mut rig = Rig::new(4);
  rig.settle(b'a');
  rig.element.close();
  rig.credit(2, 16);
  std::thread::sleep(Duration::from_millis(50));
  assert_eq!(rig.take(0).len(), 0);
  assert_eq!(rig.memory.bytes(BLOCKS + 2 * 16, 1), Some(&[0u8][..]));
}

#[test]
fn events_that_nobody_comes_to_are_bounded() {
  let mut rig = Rig::new(1);
  rig.settle(b'a');
  for _ in 0..2 * MAX_JOBS {
    rig.element.event(Upstream::ForceKeyUnit { pad: 1, at: NONE });
  }
  assert_eq!(rig.element.shared.lock().jobs.len(), MAX_JOBS);
}
