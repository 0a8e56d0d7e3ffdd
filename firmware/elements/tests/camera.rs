//! `framegrabber` over a sensor that makes pictures of its own, and settings that reach it.
#![cfg(feature = "framegrabber")]

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use g2g_elements::cache::NoCache;
use g2g_elements::capture::{Capture, CaptureSide};
use g2g_elements::framegrabber::{
  Camera, Control, Controls, FrameGrabber, Mode, Order, SensorControl, Statistics, serve,
};
use g2g_interface::abi::{Completed, Op, frame_flag};
use g2g_interface::{HostElement, HostError, Value};
use support::*;

/// A camera whose pictures have one value for each colour, 100, 60 and 20 of 255, and a number in their first point.
struct Sensor {
  side: CaptureSide,
  mode: Option<Mode>,
  running: bool,
  number: u8,
  measured: Option<Statistics>,
}

#[derive(Clone)]
struct MockCamera(Rc<RefCell<Sensor>>);

const RED: u16 = 100;
const GREEN: u16 = 60;
const BLUE: u16 = 20;

impl MockCamera {
  /// A picture passes the sensor: vertical sync to vertical sync.
  fn picture(&self, now: i64) {
    self.partial(now, 1);
  }

  /// The same, of which a part comes: 1 all, 2 half, 0 none that can be used.
  fn partial(&self, now: i64, part: u32) {
    let mut s = self.0.borrow_mut();
    let (Some(mode), true) = (s.mode, s.running) else { return };
    s.number += 1;
    let number = s.number as u16;
    let Some(block) = s.side.begin() else { return };
    for y in 0..mode.height {
      for x in 0..mode.width {
        let colours = match mode.order {
          Order::Bggr => [BLUE, GREEN, GREEN, RED],
          Order::Gbrg => [GREEN, BLUE, RED, GREEN],
          Order::Grbg => [GREEN, RED, BLUE, GREEN],
          Order::Rggb => [RED, GREEN, GREEN, BLUE],
        };
        let value = if (x, y) == (3, 3) { number } else { colours[(x % 2 + y % 2 * 2) as usize] };
        let i = (y * mode.width + x) as usize;
        unsafe {
          match mode.bits {
            8 => block.at.add(i).write(value as u8),
            bits => block.at.add(2 * i).cast::<[u8; 2]>().write((value << (bits - 8)).to_le_bytes()),
          }
        }
      }
    }
    s.side.end(mode.size().checked_div(part).unwrap_or(0), now);
  }
}

impl Camera for MockCamera {
  fn configure(&mut self, mode: &Mode) -> Result<(), HostError> {
    self.0.borrow_mut().mode = Some(*mode);
    Ok(())
  }
  fn start(&mut self) -> Result<(), HostError> {
    self.0.borrow_mut().running = true;
    Ok(())
  }
  fn stop(&mut self) {
    let mut s = self.0.borrow_mut();
    s.running = false;
    s.side.give_back();
  }
  fn statistics(&mut self) -> Option<Statistics> {
    self.0.borrow().measured
  }
}

fn grabber() -> (MockCamera, &'static Controls, FrameGrabber<'static, MockCamera>) {
  let queue = &*forever(Capture::new());
  let side = CaptureSide::new(queue);
  let camera =
    MockCamera(Rc::new(RefCell::new(Sensor { side, mode: None, running: false, number: 0, measured: None })));
  let controls = &*forever(Controls::new());
  (camera.clone(), controls, FrameGrabber::new(camera, queue, controls, &NoCache))
}

fn caps(format: &str) -> String {
  format!("video/x-bayer, format=(string){format}, width=(int)64, height=(int)48, framerate=(fraction)30/1")
}

#[test]
fn pictures_lie_in_the_blocks_with_the_time_of_their_end() {
  let (camera, _, mut e) = grabber();
  let mut host = Host::new();
  assert_eq!(e.configure(0, &caps("rggb")), Ok(64 * 48));
  let (token, block) = host.credit(&mut e, 0, 64 * 48);
  host.poll(&mut e);
  assert_eq!(host.wakes.count(), 0);
  camera.picture(5000);
  assert_eq!(host.wakes.count(), 1);
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(token, 64 * 48, frame_flag::KEY)]);
  assert_eq!((got[0].pts, got[0].capture, got[0].duration), (5000, 5000, 33_333_333));
  let picture = host.linear.bytes(block, 64 * 48);
  assert_eq!((&picture[..2], &picture[64..66]), (&[100u8, 60][..], &[60u8, 20][..]));
  assert!(host.linear.is_whole(block, 64 * 48));
}

#[test]
fn pictures_that_find_no_block_pass_and_are_counted() {
  let (camera, _, mut e) = grabber();
  let mut host = Host::new();
  e.configure(0, &caps("rggb")).unwrap();
  let (_, first) = host.credit(&mut e, 0, 64 * 48);
  host.poll(&mut e);
  (1..=4).for_each(|i| camera.picture(i * 1000));
  host.poll(&mut e);
  assert_eq!(host.linear.bytes(first, 64 * 48)[3 * 64 + 3], 1);
  let blocks: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, 64 * 48)).collect();
  host.poll(&mut e);
  camera.picture(5000);
  // Damaged, and cut in half.
  camera.partial(6000, 0);
  camera.partial(7000, 2);
  camera.picture(8000);
  let got = host.poll(&mut e);
  let key = frame_flag::KEY;
  let flags: Vec<_> = got.iter().map(|c| data(c).2).collect();
  assert_eq!(flags, [key | frame_flag::DISCONT, key | frame_flag::DISCONT | frame_flag::CORRUPT, key]);
  assert_eq!(data(&got[1]).1, 64 * 24);
  assert_eq!(host.linear.bytes(blocks[0].1, 64 * 48)[3 * 64 + 3], 5);
  assert_eq!(reading(&e, "dropped"), 4);
}

#[test]
fn statistics_are_those_of_the_picture_or_of_the_signal_processor() {
  for format in ["rggb", "bggr", "grbg", "gbrg", "rggb10le", "bggr12le", "gbrg16le"] {
    let (camera, _, mut e) = grabber();
    let mut host = Host::new();
    let size = e.configure(0, &caps(format)).unwrap();
    host.credit(&mut e, 0, size);
    host.credit(&mut e, 0, size);
    host.poll(&mut e);
    camera.picture(1);
    host.poll(&mut e);
    let scale = if format.len() == 4 { 257 } else { 256 };
    let means = ["mean-red", "mean-green", "mean-blue"].map(|n| reading(&e, n) / scale);
    assert_eq!(means, [100, 60, 20], "{format}");
    assert_eq!(reading(&e, "mean-luma"), (100 * 299 + 60 * 587 + 20 * 114) * scale / 1000);
    assert_eq!((reading(&e, "grey-red-gain"), reading(&e, "grey-blue-gain")), (600, 3000));
    camera.0.borrow_mut().measured = Some(Statistics { red: 7, green: 8, blue: 9 });
    camera.picture(2);
    host.poll(&mut e);
    assert_eq!(reading(&e, "mean-blue"), 9);
  }
}

/// A sensor on a slow bus: a setting that it does not take is an error.
#[derive(Clone, Default)]
struct Registers(Rc<RefCell<Vec<Control>>>);

impl SensorControl for Registers {
  async fn set(&mut self, control: Control) -> Result<(), HostError> {
    if matches!(control, Control::Exposure(t) if t > 1_000_000) {
      return Err(HostError::Invalid);
    }
    self.0.borrow_mut().push(control);
    Ok(())
  }
}

#[test]
fn settings_reach_the_sensor_newest_values_first_and_failures_are_counted() {
  let (_, controls, mut e) = grabber();
  let mut host = Host::new();
  let sensor = Registers::default();
  let mut registers = sensor.clone();
  let mut task = Task::new(async move { serve(controls, &mut registers).await });
  set(&mut e, "exposure-time", Value::Int(0));
  host.poll(&mut e);
  task.run();
  assert!(sensor.0.borrow().is_empty(), "0 leaves the sensor as it is");
  set(&mut e, "analogue-gain", Value::Double(2.5));
  set(&mut e, "exposure-time", Value::Int(8000));
  set(&mut e, "red-gain", Value::Double(1.25));
  set(&mut e, "blue-gain", Value::Double(0.5));
  host.poll(&mut e);
  // Nothing was carried out yet: of what is set meanwhile, the newest counts.
  (1..=20).for_each(|t| set(&mut e, "exposure-time", Value::Int(t)));
  host.poll(&mut e);
  let wakes = host.wakes.count();
  task.run();
  assert!(host.wakes.count() > wakes);
  let all = [Control::Exposure(8000), Control::AnalogueGain(2500), Control::RedGain(1250), Control::BlueGain(500)];
  assert_eq!(*sensor.0.borrow(), all);
  host.poll(&mut e);
  task.run();
  assert_eq!(sensor.0.borrow()[4..], [Control::Exposure(20)]);
  set(&mut e, "exposure-time", Value::Int(2_000_000));
  host.poll(&mut e);
  task.run();
  host.poll(&mut e);
  assert_eq!(reading(&e, "control-errors"), 1);
}

#[test]
fn a_stream_of_so_many_pictures_ends_and_cancelled_credits_come_back() {
  let (camera, _, mut e) = grabber();
  let mut host = Host::new();
  set(&mut e, "num-buffers", Value::Int(1));
  e.configure(0, &caps("rggb")).unwrap();
  (0..3).for_each(|_| assert!(host.credit(&mut e, 0, 64 * 48).0 > 0));
  host.poll(&mut e);
  (0..3).for_each(|i| camera.picture(i));
  let kinds: Vec<_> = host.poll(&mut e).iter().map(|c| c.kind).collect();
  assert_eq!(kinds, [Completed::Data, Completed::End, Completed::End]);
  assert!(!camera.0.borrow().running);
  let (camera, _, mut e) = grabber();
  e.configure(0, &caps("rggb")).unwrap();
  (0..3).for_each(|_| assert!(host.credit(&mut e, 0, 64 * 48).0 > 0));
  host.poll(&mut e);
  camera.picture(1);
  assert_eq!(host.cancel_all(&mut e).len(), 3);
  e.close();
  assert!(camera.0.borrow_mut().side.begin().is_none(), "the camera has no block any more");
}

#[test]
fn the_element_is_as_its_table_says() {
  let (_, _, mut e) = grabber();
  table::check(&mut e, "framegrabber");
  for (format, bytes) in [("rggb", 1), ("bggr10le", 2)] {
    let block = table::block("framegrabber", &[("frame-bytes", 60 * 34 * bytes)], &[]);
    let caps = format!("video/x-bayer, format=(string){format}, width=(int)60, height=(int)34");
    assert_eq!(e.configure(0, &caps), Ok(block));
  }
  for bad in ["rggb10be", "rgg", "rggb, width=(int)62", "xggb"] {
    assert!(e.configure(0, &format!("video/x-bayer, format=(string){bad}, width=(int)62, height=(int)34")).is_err());
  }
}

#[test]
fn a_camera_that_gives_nothing_is_stuck_and_one_that_waits_for_a_block_is_not() {
  let (_, _, mut e) = grabber();
  let mut host = Host::new();
  e.configure(0, &caps("rggb")).unwrap();
  assert_eq!(e.allowance(Op::Credit), None);
  host.credit(&mut e, 0, 64 * 48);
  host.poll(&mut e);
  assert_eq!(e.allowance(Op::Credit), Some(2_000_000_000 + 4 * 33_333_333));
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..100 {
    let (camera, _, mut e) = grabber();
    let mut host = Host::new();
    e.configure(0, &caps("rggb")).unwrap();
    storm(&mut Random(seed), &mut host, &mut e, Some((0, 64 * 48)), None, &mut |random, now| {
      camera.partial(now, random.below(3) as u32);
    });
  }
}
