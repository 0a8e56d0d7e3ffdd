//! Drivers and a platform as C would give them, a core that does what a test says.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_void};
use core::ptr::{null, null_mut};
use core::task::{Context, Waker};

use g2g_interface::abi::{Completed, HostError, Op, Post, frame_flag};
use g2g_interface::frame::FRAME_SIZE;
use g2g_interface::records::RecordWriter;
use g2g_interface::{Answer, Completion, Completions, Credit, Frame, HostElement, Memory, NONE, Upstream, Value};
use g2g_runtime::engine::{Export, Imports, Trap};
use g2g_runtime::{Elements, Image, Machine, Start};

use crate::api::{EOS, INTERFACE, NOT_STARTED, Running};
use crate::driver::Driver;
use crate::drivers::{Drivers, MAX_ELEMENTS};
use crate::types::*;
use crate::wake::g2g_wake;

/// What a driver was called with, and what it answers.
#[derive(Default)]
struct Script {
  calls: RefCell<Vec<String>>,
  answer: Cell<i32>,
  /// The frame that it was given last.
  frame: Cell<Option<CFrame>>,
  /// What it puts at its next poll.
  puts: RefCell<Vec<CCompletion>>,
  /// An interrupt comes during its next poll.
  interrupt: Cell<bool>,
}

impl Script {
  fn take(&self) -> Vec<String> {
    self.calls.take()
  }
}

unsafe fn script<'a>(this: *mut c_void) -> &'a Script {
  unsafe { &*this.cast::<Script>() }
}

/// Notes a call; the answer of the script.
unsafe fn called(this: *mut c_void, what: String) -> i32 {
  let script = unsafe { script(this) };
  script.calls.borrow_mut().push(what);
  script.answer.get()
}

unsafe extern "C" {
  fn g2g_put(out: *mut c_void, completion: *const CCompletion) -> bool;
  fn g2g_stretch(frame: *const CFrame, number: u32, length: *mut u32) -> *const u8;
  fn g2g_copy(frame: *const CFrame, to: *mut u8, room: u32) -> u32;
}

unsafe extern "C" fn open(this: *mut c_void, name: Text) -> i32 {
  unsafe { called(this, format!("open {}", name.get())) }
}
unsafe extern "C" fn property(this: *mut c_void, name: Text, value: *const CValue) -> i32 {
  unsafe {
    let (name, value) = (name.get(), &*value);
    let shown = match value.kind {
      VALUE_INT => value.content.number.to_string(),
      VALUE_DOUBLE => value.content.real.to_string(),
      VALUE_TEXT => value.content.text.get().to_string(),
      _ => format!("{} bytes", value.content.text.length),
    };
    called(this, format!("{name}={shown}"))
  }
}
unsafe extern "C" fn configure(this: *mut c_void, pad: u32, caps: Text) -> i32 {
  unsafe { called(this, format!("configure {pad} {}", caps.get())) }
}
unsafe extern "C" fn frame(this: *mut c_void, frame: *const CFrame, token: u32) -> i32 {
  unsafe {
    script(this).frame.set(Some(*frame));
    called(this, format!("frame {token}"))
  }
}
unsafe extern "C" fn credit(this: *mut c_void, credit: *const CCredit) -> i32 {
  unsafe {
    let CCredit { token, pad, block, length } = credit.read();
    if length > 0 {
      block.write_bytes(0xee, length as usize);
    }
    called(this, format!("credit {token} {pad} {length}"))
  }
}
unsafe extern "C" fn drain(this: *mut c_void, pad: u32, token: u32) -> i32 {
  unsafe { called(this, format!("drain {pad} {token}")) }
}
unsafe extern "C" fn flush(this: *mut c_void) {
  unsafe { called(this, "flush".into()) };
}
unsafe extern "C" fn event(this: *mut c_void, event: *const CEvent) {
  unsafe {
    let CEvent { kind, pad, proportion, jitter, time } = event.read();
    called(this, format!("event {kind} {pad} {proportion} {jitter} {time}"));
  }
}
unsafe extern "C" fn cancel(this: *mut c_void, token: u32) {
  unsafe { called(this, format!("cancel {token}")) };
}
unsafe extern "C" fn poll(this: *mut c_void, _: i64, out: *mut c_void) {
  let script = unsafe { script(this) };
  script.puts.borrow_mut().retain(|c| unsafe { !g2g_put(out, c) });
  if script.interrupt.take() {
    g2g_wake();
  }
}
unsafe extern "C" fn allowance(_: *mut c_void, op: i32) -> i64 {
  if op == Op::Drain as i32 { i64::MAX } else { 7 }
}
unsafe extern "C" fn close(this: *mut c_void) {
  unsafe { called(this, "close".into()) };
}

const EMPTY: CDriver = CDriver {
  factory: c"thing".as_ptr(),
  open: None,
  property: None,
  configure: None,
  frame: None,
  credit: None,
  drain: None,
  flush: None,
  event: None,
  cancel: None,
  poll: None,
  allowance: None,
  close: None,
};
const FULL: CDriver = CDriver {
  open: Some(open),
  property: Some(property),
  configure: Some(configure),
  frame: Some(frame),
  credit: Some(credit),
  drain: Some(drain),
  flush: Some(flush),
  event: Some(event),
  cancel: Some(cancel),
  poll: Some(poll),
  allowance: Some(allowance),
  close: Some(close),
  ..EMPTY
};

/// An instance, and the script that it follows.
fn element(driver: CDriver, name: Option<&'static CStr>) -> (*const CElement, &'static Script) {
  let script: &'static Script = Box::leak(Box::default());
  let this = core::ptr::from_ref(script).cast_mut().cast();
  let driver: &'static CDriver = Box::leak(Box::new(driver));
  (Box::leak(Box::new(CElement { driver, this, name: name.map_or(null(), CStr::as_ptr) })), script)
}

fn made(driver: CDriver) -> (Driver, &'static Script) {
  let (element, script) = element(driver, None);
  (unsafe { Driver::new(element) }, script)
}

fn memory(bytes: usize) -> Memory {
  let place: &'static mut [u8] = vec![0; bytes].leak();
  unsafe { Memory::new(place.as_mut_ptr(), bytes as u32) }
}

/// Room for some completions.
struct Room(usize, Vec<Completion>);

impl Completions for Room {
  fn room(&self) -> bool {
    self.1.len() < self.0
  }
  fn put(&mut self, completion: Completion) {
    self.1.push(completion);
  }
}

fn polled(driver: &mut Driver, room: usize) -> Vec<Completion> {
  let mut out = Room(room, Vec::new());
  driver.poll(&mut Context::from_waker(Waker::noop()), 1, &mut out);
  out.1
}

#[test]
fn operations_reach_the_driver_and_answers_come_back() {
  let (mut d, script) = made(FULL);
  d.open("left").unwrap();
  d.property("rate", Value::Int(-5)).unwrap();
  d.property("gain", Value::Double(0.5)).unwrap();
  d.property("mode", Value::Text("fast")).unwrap();
  d.property("key", Value::Bytes(&[1, 2, 3])).unwrap();
  d.event(Upstream::ForceKeyUnit { pad: 1, at: 9 });
  d.event(Upstream::Qos { pad: 0, proportion: 1.5, jitter: -2, timestamp: 3 });
  d.flush(1);
  d.cancel(4);
  d.close();
  let expected = ["open left", "rate=-5", "gain=0.5", "mode=fast", "key=3 bytes"];
  let more = ["event 35 1 0 0 9", "event 33 0 1.5 -2 3", "flush", "cancel 4", "close"];
  assert_eq!(script.take(), [expected, more].concat());
  script.answer.set(160);
  assert_eq!(d.configure(1, "audio/x-raw"), Ok(160));
  script.answer.set(HostError::Pending as i32);
  assert_eq!(d.drain(0, 9), Ok(Answer::Pending));
  // A number of bytes is never pending, and there is no such error.
  assert_eq!(d.configure(1, "audio/x-raw"), Err(HostError::Invalid));
  script.answer.set(-4711);
  assert_eq!(d.drain(0, 9), Err(HostError::Invalid));
  script.answer.set(HostError::Busy as i32);
  assert_eq!(d.drain(0, 9), Err(HostError::Busy));
  assert_eq!(d.property("rate", Value::Int(1)), Err(HostError::Busy));
  assert_eq!((d.allowance(Op::Drain), d.allowance(Op::Frame)), (None, Some(7)));
}

#[test]
fn what_a_driver_has_no_function_for_is_done_as_the_header_says() {
  let (mut d, _) = made(EMPTY);
  let memory = memory(4096);
  d.open("").unwrap();
  assert_eq!(d.property("any", Value::Int(1)), Ok(()));
  assert_eq!(d.configure(0, "text/plain"), Ok(0));
  assert_eq!(d.frame(&written(memory, &[]), 1), Err(HostError::Unsupported));
  let credit = Credit { token: 1, pad: 0, count: 1, block: 16, length: 16 };
  assert_eq!(d.credit(credit, memory), Err(HostError::Unsupported));
  assert_eq!(d.drain(0, 1), Ok(Answer::Done));
  d.flush(1);
  d.cancel(1);
  d.event(Upstream::ForceKeyUnit { pad: 0, at: NONE });
  d.close();
  assert_eq!(polled(&mut d, 1), []);
  assert_eq!((d.allowance(Op::Credit), d.allowance(Op::Frame)), (None, Some(2_000_000_000)));
}

/// A frame record at 64, its pairs at 256, its bytes where the pieces say.
fn written(memory: Memory, pieces: &[(u32, &[u8])]) -> Frame {
  memory.bytes_mut(64, FRAME_SIZE).unwrap().fill(0);
  let mut size = 0;
  for (i, (at, bytes)) in pieces.iter().enumerate() {
    assert!(memory.write(*at, bytes));
    memory.set_u32(256 + 8 * i as u32, *at);
    memory.set_u32(260 + 8 * i as u32, bytes.len() as u32);
    size += bytes.len() as u32;
  }
  for (at, value) in [(0, 3), (4, frame_flag::MARKER), (8, 11), (40, 22), (64, 5), (72, 33)] {
    memory.set_u32(64 + at, value);
  }
  memory.set_u32(64 + 48, size);
  memory.set_u32(64 + 56, pieces.len() as u32);
  memory.set_u32(64 + 60, 256);
  Frame::read(memory, 64).unwrap()
}

#[test]
fn a_frame_is_read_where_it_lies() {
  let (mut d, script) = made(FULL);
  let memory = memory(4096);
  let given = written(memory, &[(1000, b"glass"), (2000, b"2"), (3000, b"glass")]);
  assert_eq!(d.frame(&given, 77), Ok(Answer::Done));
  let f = script.frame.get().unwrap();
  assert_eq!((f.pad, f.flags, f.size, f.stretches, f.sequence), (3, frame_flag::MARKER, 11, 3, 5));
  assert_eq!((f.pts, f.dts, f.due, f.running), (11, 0, 22, 33));
  let mut length = 9;
  let at = unsafe { g2g_stretch(&f, 1, &mut length) };
  assert_eq!((at.cast_mut(), length), (memory.pointer(2000, 1).unwrap(), 1));
  for beyond in [3, u32::MAX] {
    assert!(unsafe { g2g_stretch(&f, beyond, &mut length) }.is_null());
    assert_eq!(length, 0);
  }
  let mut to = [0u8; 16];
  assert_eq!(unsafe { g2g_copy(&f, to.as_mut_ptr(), 16) }, 11);
  assert_eq!(&to, b"glass2glass\0\0\0\0\0");
  assert_eq!(unsafe { g2g_copy(&f, to.as_mut_ptr(), 10) }, 0);
}

#[test]
fn a_frame_that_lies_outside_the_memory_is_not_read() {
  let (mut d, script) = made(FULL);
  let memory = memory(4096);
  let given = written(memory, &[(1000, b"abc")]);
  d.frame(&given, 1).unwrap();
  let f = script.frame.get().unwrap();
  let mut length = 9;
  // The core, or what it parses, has written over its own records.
  for (at, bytes) in [(4094, 3), (u32::MAX, 1), (0, u32::MAX)] {
    memory.set_u32(256, at);
    memory.set_u32(260, bytes);
    assert!(unsafe { g2g_stretch(&f, 0, &mut length) }.is_null(), "{at} {bytes}");
    assert_eq!((length, unsafe { g2g_copy(&f, [0u8; 8].as_mut_ptr(), 8) }), (0, 0));
  }
  let wild = CFrame { pairs: u32::MAX - 3, ..f };
  assert!(unsafe { g2g_stretch(&wild, 0, &mut length) }.is_null());
}

#[test]
fn a_credit_is_a_block_to_write_into() {
  let (mut d, script) = made(FULL);
  let memory = memory(4096);
  script.answer.set(HostError::Pending as i32);
  let credit = Credit { token: 5, pad: 1, count: 1, block: 1024, length: 32 };
  assert_eq!(d.credit(credit, memory), Ok(Answer::Pending));
  assert_eq!(memory.bytes(1023, 34).unwrap().iter().filter(|b| **b == 0xee).count(), 32);
  assert_eq!(script.take(), ["credit 5 1 32"]);
  for (block, length) in [(0, 0), (4096, 1), (u32::MAX, 2)] {
    assert_eq!(d.credit(Credit { block, length, ..credit }, memory), Err(HostError::Unsupported));
  }
  assert!(script.take().is_empty());
}

const PUT: CCompletion =
  CCompletion { token: 1, kind: 2, pad: 0, result: 160, flags: 4, pts: 5, dts: 6, duration: 7, capture: 8 };

#[test]
fn completions_carry_the_epoch_and_wait_for_room() {
  let (mut d, script) = made(FULL);
  d.flush(3);
  script.puts.replace((1..=3).map(|token| CCompletion { token, ..PUT }).collect());
  let got = polled(&mut d, 2);
  assert_eq!(got.iter().map(|c| c.token).collect::<Vec<_>>(), [1, 2]);
  let expected = Completion {
    result: 160,
    epoch: 3,
    flags: 4,
    pts: 5,
    dts: 6,
    duration: 7,
    capture: 8,
    ..Completion::new(1, Completed::Data)
  };
  assert_eq!(got[0], expected);
  assert_eq!(polled(&mut d, 2).iter().map(|c| c.token).collect::<Vec<_>>(), [3]);
  // A kind that there is not is told as one that the host refuses.
  script.puts.replace(vec![CCompletion { kind: 99, ..PUT }]);
  assert_eq!(polled(&mut d, 1)[0].kind, Completed::Returned);
  // An instance that begins again has no epoch.
  d.open("").unwrap();
  script.puts.replace(vec![PUT]);
  assert_eq!(polled(&mut d, 1)[0].epoch, 0);
}

#[test]
fn a_driver_without_a_drain_has_done_with_its_frames_at_the_end() {
  let (mut d, script) = made(CDriver { drain: None, ..FULL });
  let memory = memory(4096);
  let given = written(memory, &[(1000, b"abc")]);
  script.answer.set(HostError::Pending as i32);
  for token in 1..=16 {
    assert_eq!(d.frame(&given, token), Ok(Answer::Pending));
  }
  assert_eq!((d.frame(&given, 17), script.take().len()), (Err(HostError::Busy), 16));
  assert_eq!(d.drain(0, 99), Ok(Answer::Pending));
  let result = |token| CCompletion { token, kind: Completed::Result as u16, result: 0, ..PUT };
  script.puts.replace((2..=16).rev().map(result).collect());
  assert_eq!(polled(&mut d, 99).len(), 15);
  script.puts.replace(vec![result(1)]);
  // The last frame takes the only room.
  assert_eq!(polled(&mut d, 1).iter().map(|c| c.token).collect::<Vec<_>>(), [1]);
  assert_eq!(polled(&mut d, 1), [Completion::result(99, 0)]);
  assert_eq!(polled(&mut d, 1), []);
  assert_eq!(d.drain(0, 100), Ok(Answer::Done));
  // One that is cancelled ends before that, and the frame stays.
  d.frame(&given, 18).unwrap();
  d.drain(0, 101).unwrap();
  d.cancel(101);
  assert_eq!(polled(&mut d, 1), [Completion::result(101, HostError::Cancelled as i32)]);
  assert_eq!(d.drain(0, 102), Ok(Answer::Pending));
}

#[test]
fn an_element_serves_the_name_it_is_for_and_one_at_a_time() {
  let other = CDriver { factory: c"other".as_ptr(), ..FULL };
  let list = [element(FULL, None), element(FULL, Some(c"left")), element(other, None)];
  let places = list.map(|(e, _)| e);
  let mut drivers: &'static mut Drivers = Box::leak(Box::new(Drivers::new()));
  assert!(unsafe { drivers.set(places.as_ptr(), 3) });
  assert_eq!(drivers.open("thing", "left"), Ok(1));
  assert_eq!(drivers.open("thing", "right"), Ok(0));
  assert_eq!(drivers.open("thing", "third"), Err(HostError::Busy));
  assert_eq!(drivers.open("nothing", "right"), Err(HostError::NotFound));
  drivers.close(0);
  drivers.close(0);
  assert_eq!(list[0].1.take(), ["open right", "close"]);
  assert!(drivers.element(0).is_none() && drivers.element(1).is_some() && drivers.element(99).is_none());
  // Hardware that is not there.
  list[0].1.answer.set(HostError::Io as i32);
  assert_eq!(drivers.open("thing", "x"), Err(HostError::Io));
  assert!(drivers.element(0).is_none());
}

#[test]
fn lists_that_are_none_are_refused() {
  let (good, _) = element(FULL, None);
  let many = [good; MAX_ELEMENTS + 1];
  let nameless = element(CDriver { factory: null(), ..FULL }, None).0;
  let driverless: *const CElement = Box::leak(Box::new(CElement { driver: null(), this: null_mut(), name: null() }));
  let mut drivers = Drivers::new();
  unsafe {
    assert!(drivers.set(many.as_ptr(), many.len() as u32 - 1));
    assert!(!drivers.set(many.as_ptr(), many.len() as u32));
    assert!(drivers.set(null(), 0));
    assert!(!drivers.set(null(), 1));
    for bad in [nameless, driverless, null()] {
      assert!(!drivers.set([good, bad].as_ptr(), 2));
    }
  }
}

/// A core with a ring at 0 and one step for each deadline of a list; then it posts the end.
struct Core {
  memory: Memory,
  waits: Vec<i64>,
}

impl Machine for Core {
  fn memory(&self) -> Memory {
    self.memory
  }
  fn step(&mut self, imports: &mut dyn Imports, _: i64, _: i32) -> Result<i64, Trap> {
    if self.waits.is_empty() {
      imports.post(self.memory, Post::Eos as u32, 0, 0);
      return Ok(-2);
    }
    Ok(self.waits.remove(0))
  }
  fn restart(&mut self) -> Result<(), Trap> {
    Ok(())
  }
  fn call(&mut self, _: &mut dyn Imports, _: Export, _: &[i32]) -> Result<i32, Trap> {
    Err(Trap::Missing)
  }
}

fn core(waits: &[i64]) -> Core {
  let memory = memory(4096);
  memory.set_u32(8, 4);
  memory.set_u32(12, 16);
  Core { memory, waits: waits.to_vec() }
}

/// An image whose core opens one element, "thing".
fn image() -> &'static Image {
  let mut records = [0; 32];
  let mut w = RecordWriter::new(&mut records);
  w.text("thing");
  w.text("t0");
  let spec = w.finish().unwrap();
  let mut log = vec![0; 32];
  log[0] = 1;
  log[12..16].copy_from_slice(&(spec.len() as u32).to_le_bytes());
  log[28] = 1;
  log.extend_from_slice(spec);
  log.resize(log.len().next_multiple_of(4), 0);
  let start = Start::Frozen { log: log.leak() };
  Box::leak(Box::new(Image { line: "thing", module_hash: "", module: &[], memory: 4096, ring: 0, start }))
}

/// The clock of the platform, and how often it was woken.
#[derive(Default)]
struct World {
  now: Cell<i64>,
  woken: Cell<u32>,
  printed: RefCell<String>,
}

unsafe fn world<'a>(this: *mut c_void) -> &'a World {
  unsafe { &*this.cast::<World>() }
}
unsafe extern "C" fn now(this: *mut c_void) -> i64 {
  unsafe { world(this) }.now.get()
}
unsafe extern "C" fn woken(this: *mut c_void) {
  let woken = &unsafe { world(this) }.woken;
  woken.set(woken.get() + 1);
}
unsafe extern "C" fn print(this: *mut c_void, text: *const u8, length: u32) {
  let text = unsafe { core::slice::from_raw_parts(text, length as usize) };
  unsafe { world(this) }.printed.borrow_mut().push_str(core::str::from_utf8(text).unwrap());
}

/// All that concerns the one pipeline of a program stands in one test, since others run beside it.
#[test]
fn a_pipeline_runs_by_steps_is_woken_stopped_and_started_again() {
  let world: &'static World = Box::leak(Box::default());
  world.now.set(1000);
  let platform = CPlatform {
    interface: INTERFACE,
    this: core::ptr::from_ref(world).cast_mut().cast(),
    now: Some(now),
    sleep: None,
    wake: Some(woken),
    print: Some(print),
    random: None,
    feed: None,
    watchdog: 0,
    cause: 1,
    stack: null(),
    stack_size: 0,
    stack_left: None,
    panic: None,
  };
  let platform: &'static CPlatform = Box::leak(Box::new(platform));
  let (element, script) = element(FULL, None);
  let list: &'static [*const CElement] = vec![element].leak();
  let image = image();
  let running: &'static Running<Core> = Box::leak(Box::new(Running::new()));
  let start = |platform: *const CPlatform, waits: &[i64]| unsafe {
    running.start(platform, list.as_ptr(), 1, image, |_| Ok(core(waits)))
  };
  let step = || unsafe { running.step() };
  assert_eq!(step(), NOT_STARTED);
  // Another header, no clock, no platform, an engine that does not start.
  let other: &'static CPlatform = Box::leak(Box::new(CPlatform { interface: 99, ..*platform }));
  let timeless: &'static CPlatform = Box::leak(Box::new(CPlatform { now: None, ..*platform }));
  for bad in [other, timeless, null()] {
    assert_eq!(start(bad, &[]), HostError::Invalid as i32);
  }
  let unsupported = unsafe { running.start(platform, list.as_ptr(), 1, image, |_| Err(HostError::Unsupported)) };
  assert_eq!((unsupported, step()), (HostError::Unsupported as i32, NOT_STARTED));

  assert_eq!(start(platform, &[5000, 9000]), 0);
  assert_eq!(start(platform, &[]), HostError::Busy as i32);
  assert_eq!(step(), 5000);
  assert_eq!(script.take(), ["open t0"]);
  // Nothing is due: the core is not called, and the time stays.
  assert_eq!(step(), 5000);
  // What an interrupt did while drivers were polled is not forgotten.
  script.interrupt.set(true);
  assert_eq!((step(), step()), (0, 5000));
  assert_eq!(world.woken.get(), 1);
  world.now.set(5000);
  assert_eq!(step(), 9000);
  unsafe { running.stop() };
  assert_eq!((script.take(), step()), (vec!["close".to_string()], NOT_STARTED));

  world.now.set(6000);
  assert_eq!(start(platform, &[7000]), 0);
  assert_eq!(step(), 7000);
  world.now.set(7000);
  assert_eq!((step(), step()), (EOS, EOS));
  assert_eq!(script.take(), ["open t0", "close"]);
  assert!(world.printed.borrow().ends_with("eos\r\n"), "{}", world.printed.borrow());
  // What has ended can be started again.
  assert_eq!(start(platform, &[8000]), 0);
  assert_eq!(step(), 8000);
  unsafe { running.stop() };
}
