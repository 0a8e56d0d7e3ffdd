//! `i2csensor` over a LIS3DH and a sensor without a buffer, both behind a bus that the test plays.
#![cfg(feature = "i2csensor")]

mod support;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use g2g_elements::i2csensor::I2cSensor;
use g2g_elements::sensor::{Clock, Fills, Lis3dh, Map, Mapped, Sensor, serve};
use g2g_interface::abi::{Completed, frame_flag};
use g2g_interface::{HostElement, HostError, Value};
use support::*;

/// Time, the bus and what is on it.
struct World {
  now: i64,
  /// Delays end when this is reached.
  until: i64,
  registers: [u8; 128],
  pointer: u8,
  /// Samples in the FIFO of the LIS3DH, each with its number.
  fifo: VecDeque<[u8; 6]>,
  overrun: bool,
  sampled: u16,
  next_sample: i64,
  /// How fast its clock is, in percent.
  tempo: i64,
  writes: Vec<(u8, u8)>,
  fails: bool,
  address: u8,
  has_fifo: bool,
}

type Shared = Rc<RefCell<World>>;

impl World {
  fn new(address: u8, has_fifo: bool) -> Shared {
    let mut registers = [0; 128];
    registers[0x0f] = 0x33;
    let world = World {
      now: 1,
      until: 0,
      registers,
      pointer: 0,
      fifo: VecDeque::new(),
      overrun: false,
      sampled: 0,
      next_sample: i64::MAX,
      tempo: 100,
      writes: vec![],
      fails: false,
      address,
      has_fifo,
    };
    Rc::new(RefCell::new(world))
  }

  /// Time passes; the sensor samples at its data rate.
  fn pass(&mut self, to: i64) {
    const RATES: [i64; 8] = [0, 1, 10, 25, 50, 100, 200, 400];
    while self.has_fifo && self.next_sample <= to {
      let rate = RATES[(self.registers[0x20] >> 4 & 7) as usize];
      self.next_sample += 1_000_000_000 / rate * 100 / self.tempo;
      self.sampled += 1;
      if self.registers[0x24] & 0x40 == 0 || self.registers[0x2e] & 0xc0 != 0x80 {
        continue;
      }
      if self.fifo.len() == 32 {
        self.fifo.pop_front();
        self.overrun = true;
      }
      let n = self.sampled.to_le_bytes();
      self.fifo.push_back([n[0], n[1], n[0], n[1], n[0], n[1]]);
    }
    self.now = self.now.max(to);
  }

  fn write(&mut self, register: u8, value: u8) {
    self.writes.push((register, value));
    self.registers[register as usize] = value;
    match register {
      0x2e if value & 0xc0 == 0 => (self.fifo.clear(), self.overrun = false).0,
      0x20 if value >> 4 > 0 => self.next_sample = self.now + 1_000_000,
      _ => {}
    }
  }

  fn read(&mut self, to: &mut [u8]) {
    let (register, several) = (self.pointer & 0x7f, self.pointer & 0x80 != 0);
    if !self.has_fifo {
      to.iter_mut().enumerate().for_each(|(i, b)| *b = self.registers[register as usize + i]);
      self.sampled += 1;
      let n = self.sampled.to_le_bytes();
      self.registers[0x10..0x12].copy_from_slice(&n);
      return;
    }
    match register {
      0x2f => to[0] = if self.overrun { 0x40 | 31 } else { self.fifo.len() as u8 },
      0x28 => {
        assert!(several, "an address that does not count up");
        assert!(to.len().is_multiple_of(6));
        for sample in to.chunks_mut(6) {
          sample.copy_from_slice(&self.fifo.pop_front().expect("more was read than there is"));
        }
        self.overrun = false;
      }
      register => to[0] = self.registers[register as usize],
    }
  }
}

struct Bus(Shared);
struct Timer(Shared);
struct Now(Shared);

impl ErrorType for Bus {
  type Error = ErrorKind;
}

impl I2c for Bus {
  async fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
    let mut world = self.0.borrow_mut();
    if world.fails || address != world.address {
      return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
    }
    for operation in operations {
      match operation {
        Operation::Write([register]) => world.pointer = *register,
        Operation::Write([register, value]) => world.write(*register, *value),
        Operation::Read(to) => world.read(to),
        Operation::Write(_) => panic!("a write of several registers"),
      }
    }
    Ok(())
  }
}

impl DelayNs for Timer {
  async fn delay_ns(&mut self, _: u32) {
    panic!("delays are in microseconds");
  }
  async fn delay_us(&mut self, us: u32) {
    let end = self.0.borrow().now + us as i64 * 1000;
    std::future::poll_fn(|context| {
      let mut world = self.0.borrow_mut();
      if world.until >= end {
        world.pass(end);
        return std::task::Poll::Ready(());
      }
      context.waker().wake_by_ref();
      std::task::Poll::Pending
    })
    .await;
  }
}

impl Clock for Now {
  fn now(&self) -> i64 {
    self.0.borrow().now
  }
}

struct Rig {
  world: Shared,
  task: Task,
  element: I2cSensor,
  host: Host,
}

impl Rig {
  fn new(world: Shared, mut sensor: impl Sensor + 'static) -> Rig {
    let fills = &*forever(Fills::new());
    let element = I2cSensor::new(fills, sensor.sample() as u32);
    let [bus, timer, now] = [(); 3].map(|()| world.clone());
    let task = Task::new(async move { serve(fills, &mut Bus(bus), &mut sensor, &mut Timer(timer), &Now(now)).await });
    Rig { world, task, element, host: Host::new() }
  }

  fn lis3dh(samples: i64, rate: u32) -> Rig {
    let mut rig = Rig::new(World::new(0x19, true), Lis3dh { address: 0x19 });
    set(&mut rig.element, "samplesperbuffer", Value::Int(samples));
    let caps = format!("application/x-sensor, sample-size=(int)6, rate=(int){rate}");
    assert_eq!(rig.element.configure(0, &caps), Ok(6 * samples as u32));
    rig
  }

  fn plain(samples: i64, rate: u32) -> Rig {
    let map = Map { address: 0x40, identity: Some((0x0f, 0x33)), writes: &[(2, 9), (3, 8)], register: 0x10, bytes: 2 };
    let mut rig = Rig::new(World::new(0x40, false), Mapped(map));
    set(&mut rig.element, "samplesperbuffer", Value::Int(samples));
    let caps = format!("application/x-sensor, sample-size=(int)2, rate=(int){rate}");
    assert_eq!(rig.element.configure(0, &caps), Ok(2 * samples as u32));
    rig
  }

  fn credits(&mut self, n: usize, bytes: u32) -> Vec<(u32, u32)> {
    (0..n).map(|_| self.host.credit(&mut self.element, 0, bytes)).collect()
  }

  fn poll(&mut self) -> Vec<g2g_interface::Completion> {
    self.host.poll(&mut self.element)
  }

  /// Time goes on to `ms`, without anything being done.
  fn sleep(&mut self, ms: i64) {
    let mut world = self.world.borrow_mut();
    world.until = ms * 1_000_000;
    let until = world.until;
    world.pass(until);
  }

  /// Time goes on to `ms`; what comes until then.
  fn run(&mut self, ms: i64) -> Vec<g2g_interface::Completion> {
    let mut all = self.poll();
    self.world.borrow_mut().until = ms * 1_000_000;
    for _ in 0..100 {
      self.task.run();
      all.extend(self.poll());
    }
    let until = self.world.borrow().until;
    self.world.borrow_mut().pass(until);
    all
  }

  fn numbers(&self, block: u32, samples: u32, size: u32) -> Vec<u16> {
    let bytes = self.host.linear.bytes(block, samples * size);
    bytes.chunks(size as usize).map(|s| u16::from_le_bytes([s[0], s[1]])).collect()
  }
}

#[test]
fn the_accelerometer_is_set_up_and_its_fifo_drained() {
  let mut rig = Rig::lis3dh(10, 100);
  let blocks = rig.credits(4, 60);
  let got = rig.run(400);
  let setup = [(0x23, 0x80), (0x24, 0x40), (0x2e, 0x00), (0x2e, 0x80), (0x20, 0x57)];
  assert_eq!(rig.world.borrow().writes, setup);
  assert_eq!(got.len(), 3);
  for (i, c) in got.iter().enumerate() {
    assert_eq!(data(c), (blocks[i].0, 60, 0));
    assert_eq!(rig.numbers(blocks[i].1, 10, 6), (i as u16 * 10 + 1..=i as u16 * 10 + 10).collect::<Vec<_>>());
    assert!(rig.host.linear.is_whole(blocks[i].1, 60));
    // The first sample was taken at 1 ms, the others 10 ms apart; they are read a period later at most.
    let taken = 1_000_000 + i as i64 * 100_000_000;
    assert!((taken..=taken + 20_000_000).contains(&c.pts), "{}: {}", i, c.pts);
    assert_eq!((c.duration, c.capture), (100_000_000, c.pts));
  }
}

#[test]
fn samples_that_the_fifo_lost_are_told() {
  let mut rig = Rig::lis3dh(8, 100);
  rig.credits(1, 48);
  assert_eq!(rig.run(120).len(), 1);
  // Nobody reads for a second.
  rig.sleep(1120);
  let blocks = rig.credits(2, 48);
  let got = rig.run(1400);
  assert_eq!(got.iter().map(|c| data(c).2).collect::<Vec<_>>(), [frame_flag::DISCONT, 0]);
  let (first, second) = (rig.numbers(blocks[0].1, 8, 6), rig.numbers(blocks[1].1, 8, 6));
  assert_eq!([first.clone(), second].concat(), (first[0]..first[0] + 16).collect::<Vec<_>>());
  assert!(first[0] > 9);
  assert!(got[1].pts > got[0].pts);
  assert_eq!((reading(&rig.element, "overruns"), reading(&rig.element, "lost-samples")), (1, 1));
  // All 32 places of a full FIFO are read at once.
  let mut rig = Rig::lis3dh(32, 100);
  rig.credits(1, 192);
  rig.run(400);
  rig.sleep(1500);
  let block = rig.credits(1, 192)[0].1;
  let got = rig.run(1500);
  let newest = rig.numbers(block, 32, 6)[31];
  assert_eq!((newest, got[0].pts), (rig.world.borrow().sampled, (1500 - 31 * 10) * 1_000_000));
}

#[test]
fn time_does_not_go_back_when_the_sensor_is_faster_than_it_says() {
  let mut rig = Rig::lis3dh(4, 100);
  rig.world.borrow_mut().tempo = 125;
  let mut last = 0;
  for i in 1..40 {
    rig.credits(1, 24);
    for c in rig.run(i * 50) {
      // The first sample of a frame comes after the last one of the frame before.
      assert!(c.pts > last, "{} after {last}", c.pts);
      last = c.pts + 3 * 10_000_000;
    }
  }
  assert!(last > 0);
}

#[test]
fn a_sensor_without_a_buffer_is_read_at_its_rate() {
  let mut rig = Rig::plain(2, 1000);
  let blocks = rig.credits(3, 4);
  let got = rig.run(20);
  assert_eq!(rig.world.borrow().writes, [(2, 9), (3, 8)]);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), blocks.iter().map(|b| (b.0, 4, 0)).collect::<Vec<_>>());
  let times: Vec<_> = got.iter().map(|c| c.pts).collect();
  assert_eq!(times, [1_000_001, 3_000_001, 5_000_001]);
  // Samples are missed while no block is there, and counted by the beat.
  rig.sleep(26);
  rig.credits(1, 4);
  let got = rig.run(60);
  assert_eq!(got.iter().map(|c| data(c).2).collect::<Vec<_>>(), [frame_flag::DISCONT]);
  let lost = reading(&rig.element, "lost-samples");
  // Those due at 7 to 24 ms; that of 25 ms is taken late.
  assert_eq!((lost, got[0].pts), (18, 26_000_000));
}

#[test]
fn a_sensor_that_fails_or_is_another_is_told_and_set_up_again() {
  let mut rig = Rig::lis3dh(1, 100);
  rig.world.borrow_mut().registers[0x0f] = 0x32;
  let tokens: Vec<_> = rig.credits(4, 6).iter().map(|c| c.0).collect();
  rig.poll();
  rig.task.run();
  let failed: Vec<_> = rig.poll().iter().map(|c| result(c).1).collect();
  assert!(failed.len() == tokens.len() && failed.iter().all(|r| *r == HostError::NotFound as i32));
  rig.world.borrow_mut().registers[0x0f] = 0x33;
  rig.credits(1, 6);
  assert_eq!(data(&rig.run(100)[0]).1, 6);
  rig.world.borrow_mut().fails = true;
  rig.credits(1, 6);
  assert_eq!(rig.run(200).iter().map(|c| c.result).collect::<Vec<_>>(), [HostError::Io as i32]);
  rig.world.borrow_mut().fails = false;
  rig.world.borrow_mut().writes.clear();
  rig.credits(1, 6);
  assert_eq!(data(&rig.run(300)[0]).1, 6);
  assert_eq!(rig.world.borrow().writes.len(), 5, "it was set up again");
  let mut rig = Rig::lis3dh(1, 99);
  rig.credits(1, 6);
  assert_eq!(rig.run(100).iter().map(|c| c.result).collect::<Vec<_>>(), [HostError::Unsupported as i32]);
}

#[test]
fn blocks_that_were_taken_back_are_not_written() {
  let mut rig = Rig::lis3dh(8, 100);
  let blocks = rig.credits(3, 48);
  rig.run(45);
  rig.host.linear.memory.bytes_mut(blocks[0].1, 48).unwrap().fill(0);
  let ended = rig.host.cancel_all(&mut rig.element);
  assert_eq!(ended.iter().map(|c| c.result).collect::<Vec<_>>(), [HostError::Cancelled as i32; 3]);
  assert_eq!(rig.run(300), []);
  for (_, block) in &blocks {
    let bytes = rig.host.linear.bytes(*block, 48);
    assert!(bytes.iter().all(|b| *b == bytes[0]), "{bytes:?}");
  }
  let token = rig.credits(1, 48)[0].0;
  let got = rig.run(700);
  assert_eq!((got.len(), data(&got[0]).0), (1, token));
  rig.credits(1, 48);
  rig.poll();
  rig.element.close();
  assert_eq!(rig.run(900), []);
}

#[test]
fn a_stream_of_so_many_frames_ends() {
  let mut rig = Rig::plain(1, 1000);
  set(&mut rig.element, "num-buffers", Value::Int(2));
  rig.credits(4, 2);
  let kinds: Vec<_> = rig.run(50).iter().map(|c| c.kind).collect();
  assert_eq!(kinds, [Completed::Data, Completed::Data, Completed::End, Completed::End]);
}

#[test]
fn the_element_is_as_its_table_says() {
  let mut rig = Rig::lis3dh(1, 100);
  table::check(&mut rig.element, "i2csensor");
  set(&mut rig.element, "samplesperbuffer", Value::Int(7));
  let block = table::block("i2csensor", &[("sample-size", 6)], &[("samplesperbuffer", 7)]);
  assert_eq!(rig.element.configure(0, "application/x-sensor, sample-size=(int)6, rate=(int)25"), Ok(block));
  for bad in
    ["application/x-sensor, sample-size=(int)2, rate=(int)25", "application/x-sensor, sample-size=(int)6", "a/b"]
  {
    assert_eq!(rig.element.configure(0, bad), Err(HostError::Invalid), "{bad}");
  }
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..50 {
    for mut rig in [Rig::lis3dh(4, 400), Rig::plain(4, 1000)] {
      let bytes = if rig.world.borrow().has_fifo { 24 } else { 8 };
      let (task, world) = (&mut rig.task, &rig.world);
      storm(&mut Random(seed), &mut rig.host, &mut rig.element, Some((0, bytes)), None, &mut |random, now| {
        world.borrow_mut().fails = random.below(10) == 0;
        world.borrow_mut().until = now;
        (0..random.below(4)).for_each(|_| task.run());
      });
      rig.world.borrow_mut().fails = false;
      let at = rig.host.now / 1_000_000;
      rig.run(at + 100);
      rig.credits(1, bytes);
      assert_eq!(rig.run(at + 300).len(), 1, "seed {seed}");
    }
  }
}
