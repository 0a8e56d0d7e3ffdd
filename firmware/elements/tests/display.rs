//! `spidisplay` over a controller that reads what comes over the bus back into a picture, as the data sheets say.
#![cfg(feature = "spidisplay")]

mod support;

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use embedded_hal::digital::{ErrorType as PinErrorType, OutputPin};
use embedded_hal::spi::{ErrorKind, ErrorType as SpiErrorType, Operation};
use embedded_hal_async::delay::DelayNs;
use embedded_hal_async::spi::SpiDevice;
use g2g_elements::panel::{Display, Panel, Shows};
use g2g_elements::spidisplay::SpiDisplay;
use g2g_interface::abi::frame_flag;
use g2g_interface::{Answer, HostElement, HostError, Value};
use support::*;

/// A controller with 240 columns and 320 rows of memory, and all that it was told.
struct Chip {
  memory: Vec<u16>,
  now_us: u64,
  data: bool,
  reset_at: Option<u64>,
  ready_at: u64,
  /// It accepts no other command before; `None` while it sleeps.
  awake_at: Option<u64>,
  command: u8,
  parameters: Vec<u8>,
  order: u8,
  columns: (u16, u16),
  rows: (u16, u16),
  at: (u16, u16),
  half: Option<u8>,
  commands: Vec<u8>,
  on: bool,
  inverted: bool,
  resets: u32,
  /// Transfers until one fails.
  fails_in: Option<u32>,
  writes: u32,
}

impl Chip {
  fn byte(&mut self, byte: u8) {
    if !self.data {
      assert!(self.resets > 0, "a command before the reset");
      assert!(self.now_us >= self.ready_at, "command {byte:#x} too early after the reset");
      if byte != 0x11 {
        let awake = self.awake_at.expect("a command while it sleeps");
        assert!(self.now_us >= awake, "command {byte:#x} too early after SLPOUT");
      } else {
        // 5 ms until the next command (SLPOUT).
        self.awake_at = Some(self.now_us + 5_000);
      }
      self.command = byte;
      self.commands.push(byte);
      self.parameters.clear();
      self.half = None;
      match byte {
        0x20 | 0x21 => self.inverted = byte == 0x21,
        0x29 => self.on = true,
        0x2c => self.at = (self.columns.0, self.rows.0),
        _ => {}
      }
      return;
    }
    if self.command == 0x2c {
      match self.half.take() {
        None => self.half = Some(byte),
        Some(high) => self.point((high as u16) << 8 | byte as u16),
      }
      return;
    }
    self.parameters.push(byte);
    let p = &self.parameters;
    match (self.command, p.len()) {
      (0x36, 1) => self.order = byte,
      (0x3a, 1) => assert_eq!(byte, 0x55, "16 bits a point"),
      (0x2a, 4) => self.columns = (u16::from_be_bytes([p[0], p[1]]), u16::from_be_bytes([p[2], p[3]])),
      (0x2b, 4) => self.rows = (u16::from_be_bytes([p[0], p[1]]), u16::from_be_bytes([p[2], p[3]])),
      (0x2a | 0x2b, 1..4) => {}
      (command, n) => panic!("parameter {n} of {command:#x}"),
    }
  }

  fn point(&mut self, value: u16) {
    let (c, r) = self.at;
    assert!(r <= self.rows.1, "more points than the window has");
    let (mx, my, mv) = (self.order & 0x40 != 0, self.order & 0x80 != 0, self.order & 0x20 != 0);
    let (column, row) = if mv { (r, c) } else { (c, r) };
    assert!(column < 240 && row < 320, "a point outside the memory: {column}, {row}");
    let (column, row) = (if mx { 239 - column } else { column }, if my { 319 - row } else { row });
    self.memory[row as usize * 240 + column as usize] = value;
    self.writes += 1;
    self.at = if c == self.columns.1 { (self.columns.0, r + 1) } else { (c + 1, r) };
  }
}

type Shared = Rc<RefCell<Chip>>;

struct Bus(Shared);
struct CommandLine(Shared);
struct ResetLine(Shared);
struct Timer(Shared);

impl SpiErrorType for Bus {
  type Error = ErrorKind;
}

/// Waits once, so that a transfer takes time.
struct Once(bool);

impl Future for Once {
  type Output = ();
  fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
    context.waker().wake_by_ref();
    if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
  }
}

impl SpiDevice for Bus {
  async fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), ErrorKind> {
    Once(false).await;
    let mut chip = self.0.borrow_mut();
    if let Some(n) = &mut chip.fails_in {
      *n -= 1;
      if *n == 0 {
        chip.fails_in = None;
        return Err(ErrorKind::Other);
      }
    }
    for operation in operations {
      let Operation::Write(bytes) = operation else { panic!("only writes") };
      bytes.iter().for_each(|b| chip.byte(*b));
      assert_eq!(chip.half, None, "a transfer ends within a point");
    }
    Ok(())
  }
}

impl PinErrorType for CommandLine {
  type Error = Infallible;
}

impl OutputPin for CommandLine {
  fn set_low(&mut self) -> Result<(), Infallible> {
    self.0.borrow_mut().data = false;
    Ok(())
  }
  fn set_high(&mut self) -> Result<(), Infallible> {
    self.0.borrow_mut().data = true;
    Ok(())
  }
}

impl PinErrorType for ResetLine {
  type Error = Infallible;
}

impl OutputPin for ResetLine {
  fn set_low(&mut self) -> Result<(), Infallible> {
    let mut chip = self.0.borrow_mut();
    chip.reset_at = Some(chip.now_us);
    Ok(())
  }
  fn set_high(&mut self) -> Result<(), Infallible> {
    let mut chip = self.0.borrow_mut();
    let since = chip.reset_at.take().expect("a reset begins low");
    assert!(chip.now_us - since >= 10, "a reset lasts 10 us");
    chip.resets += 1;
    // SLPOUT comes 120 ms after a reset (reset timing).
    chip.ready_at = chip.now_us + 120_000;
    (chip.awake_at, chip.on, chip.order) = (None, false, 0);
    Ok(())
  }
}

impl DelayNs for Timer {
  async fn delay_ns(&mut self, ns: u32) {
    self.0.borrow_mut().now_us += ns as u64 / 1000;
  }
  async fn delay_us(&mut self, us: u32) {
    self.0.borrow_mut().now_us += us as u64;
  }
  async fn delay_ms(&mut self, ms: u32) {
    self.0.borrow_mut().now_us += ms as u64 * 1000;
  }
}

/// A panel with its controller, the task that drives it, and the element.
struct Rig {
  chip: Shared,
  panel: Panel,
  task: Task,
  element: SpiDisplay,
  host: Host,
}

impl Rig {
  fn new<const B: usize>(panel: Panel) -> Rig {
    let chip = Rc::new(RefCell::new(Chip {
      memory: vec![0; 240 * 320],
      now_us: 0,
      data: false,
      reset_at: None,
      ready_at: 0,
      awake_at: None,
      command: 0,
      parameters: vec![],
      order: 0,
      columns: (0, 239),
      rows: (0, 319),
      at: (0, 0),
      half: None,
      commands: vec![],
      on: false,
      inverted: false,
      resets: 0,
      fails_in: None,
      writes: 0,
    }));
    let shows = &*forever(Shows::new());
    let [bus, command, reset, timer] = [(); 4].map(|()| chip.clone());
    let mut display: Display<_, _, _, _, B> =
      Display::new(Bus(bus), CommandLine(command), ResetLine(reset), Timer(timer), panel);
    let task = Task::new(async move { display.run(shows).await });
    Rig { chip, panel, task, element: SpiDisplay::new(shows, panel), host: Host::new() }
  }

  fn configure(&mut self, format: &str, width: u32, height: u32) -> Result<u32, HostError> {
    let caps = format!(
      "video/x-raw, format=(string){format}, width=(int){width}, height=(int){height}, framerate=(fraction)30/1"
    );
    self.element.configure(0, &caps)
  }

  fn frame(&mut self, parts: &[&[u8]], flags: u32) -> (u32, Result<Answer, HostError>) {
    self.host.frame_with(&mut self.element, parts, flags, 0)
  }

  /// Lets the display work until nothing is pending; the results.
  fn finish(&mut self) -> Vec<(u32, i32)> {
    let mut ended = vec![];
    for _ in 0..1_000_000 {
      ended.extend(self.host.poll(&mut self.element).iter().map(result));
      if self.host.pending() == 0 {
        return ended;
      }
      self.task.run();
    }
    panic!("the display does not come to an end");
  }

  /// The point at a column and row of the panel.
  fn glass(&self, x: u16, y: u16) -> u16 {
    let (p, column) = (self.panel, x);
    let column = if p.mirrored { p.offset.0 + p.width - 1 - column } else { p.offset.0 + column };
    self.chip.borrow().memory[(p.offset.1 + y) as usize * 240 + column as usize]
  }
}

/// A picture whose points all differ, in RGB16.
fn picture(width: u16, height: u16) -> Vec<u8> {
  let stride = (width as usize * 2).next_multiple_of(4);
  let mut bytes = vec![0xa5; stride * height as usize];
  for y in 0..height {
    for x in 0..width {
      let at = y as usize * stride + x as usize * 2;
      bytes[at..at + 2].copy_from_slice(&value(x, y).to_le_bytes());
    }
  }
  bytes
}

fn value(x: u16, y: u16) -> u16 {
  (y.wrapping_mul(331) + x).wrapping_mul(40503) | 1
}

const SQUARE: Panel = Panel { width: 240, height: 240, offset: (0, 80), mirrored: false, bgr: false, inverted: true };
const SMALL: Panel = Panel { width: 135, height: 240, offset: (52, 40), mirrored: true, bgr: true, inverted: false };

#[test]
fn pictures_stand_on_the_panel_as_they_are_turned() {
  for panel in [Panel::ST7789, Panel::ILI9341, SQUARE, SMALL] {
    for method in ["identity", "90r", "180", "90l"] {
      let mut rig = Rig::new::<512>(panel);
      set(&mut rig.element, "rotate-method", Value::Text(method));
      let (w, h) = if method.starts_with('9') { (panel.height, panel.width) } else { (panel.width, panel.height) };
      rig.configure("RGB16", w as u32, h as u32).unwrap();
      let (token, _) = rig.frame(&[&picture(w, h)], 0);
      assert_eq!(rig.finish(), [(token, 0)]);
      for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
        let (column, row) = match method {
          "identity" => (x, y),
          "90r" => (panel.width - 1 - y, x),
          "180" => (panel.width - 1 - x, panel.height - 1 - y),
          _ => (y, panel.height - 1 - x),
        };
        assert_eq!(rig.glass(column, row), value(x, y), "{panel:?} {method}: {x}, {y}");
      }
      let chip = rig.chip.borrow();
      assert_eq!((chip.on, chip.inverted, chip.order & 8 != 0), (true, panel.inverted, panel.bgr));
      assert_eq!(chip.writes, w as u32 * h as u32, "each point was sent once");
    }
  }
}

#[test]
fn the_controller_is_set_up_once_in_the_order_of_the_data_sheets() {
  let mut rig = Rig::new::<64>(Panel::ST7789);
  rig.configure("RGB16", 2, 1).unwrap();
  rig.frame(&[&[1, 2, 3, 4]], 0).1.unwrap();
  rig.finish();
  assert_eq!(rig.chip.borrow().commands, [0x11, 0x3a, 0x21, 0x13, 0x29, 0x36, 0x2a, 0x2b, 0x2c]);
  rig.frame(&[&[1, 2, 3, 4]], 0).1.unwrap();
  rig.finish();
  assert_eq!(rig.chip.borrow().commands[9..], [0x2a, 0x2b, 0x2c]);
  assert_eq!(rig.chip.borrow().resets, 1);
  assert!(rig.chip.borrow().now_us >= 240_000);
}

#[test]
fn a_frame_in_stretches_and_any_size_of_buffer_give_the_same_picture() {
  // An odd width, so that rows have padding, and stretches that end within points and padding.
  let (w, h) = (7u16, 5u16);
  let whole = picture(w, h);
  let parts: Vec<&[u8]> = whole.chunks(5).flat_map(|c| [c, &[]]).collect();
  fn run<const B: usize>(parts: &[&[u8]], w: u16, h: u16) {
    let mut rig = Rig::new::<B>(Panel::ST7789);
    rig.configure("RGB16", w as u32, h as u32).unwrap();
    rig.frame(parts, 0).1.unwrap();
    rig.finish();
    for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
      assert_eq!(rig.glass(x, y), value(x, y), "{B}: {x}, {y}");
    }
  }
  run::<4>(&parts, w, h);
  run::<6>(&parts, w, h);
  run::<33>(&parts, w, h);
  run::<4096>(&parts, w, h);
}

#[test]
fn all_formats_come_out_as_five_six_and_five_bits() {
  // Red 0xff, green 0x80, blue 0x08.
  let rgb = 0xf800 | 0x80 >> 2 << 5 | 0x08 >> 3;
  let gray = 0x90 >> 3 << 11 | 0x90 >> 2 << 5 | 0x90 >> 3;
  for (format, point, expected) in [
    ("RGB16", &[0x34, 0x12][..], 0x1234),
    ("RGB", &[0xff, 0x80, 0x08], rgb),
    ("BGR", &[0x08, 0x80, 0xff], rgb),
    ("RGBx", &[0xff, 0x80, 0x08, 0x77], rgb),
    ("BGRx", &[0x08, 0x80, 0xff, 0x77], rgb),
    ("GRAY8", &[0x90], gray),
  ] {
    let mut rig = Rig::new::<16>(Panel::ST7789);
    rig.configure(format, 7, 3).unwrap();
    let mut row = point.repeat(7);
    row.resize(row.len().next_multiple_of(4), 0x55);
    rig.frame(&[&row.repeat(3)], 0).1.unwrap();
    rig.finish();
    for (x, y) in (0..3).flat_map(|y| (0..7).map(move |x| (x, y))) {
      assert_eq!(rig.glass(x, y), expected, "{format}: {x}, {y}");
    }
    assert_eq!((rig.glass(7, 0), rig.glass(0, 3)), (0, 0));
  }
}

#[test]
fn a_picture_at_a_place_leaves_the_rest_as_it_is() {
  let mut rig = Rig::new::<64>(SQUARE);
  set(&mut rig.element, "x", Value::Int(100));
  set(&mut rig.element, "y", Value::Int(200));
  assert_eq!(rig.configure("RGB16", 140, 41), Err(HostError::Invalid), "beyond the last row");
  rig.configure("RGB16", 140, 40).unwrap();
  rig.frame(&[&picture(140, 40)], 0).1.unwrap();
  rig.finish();
  assert_eq!((rig.glass(100, 200), rig.glass(239, 239)), (value(0, 0), value(139, 39)));
  assert_eq!(rig.chip.borrow().memory.iter().filter(|p| **p != 0).count(), 140 * 40);
}

#[test]
fn bands_come_one_beneath_the_other() {
  let mut rig = Rig::new::<256>(Panel::ST7789);
  set(&mut rig.element, "band-height", Value::Int(4));
  rig.configure("RGB16", 8, 10).unwrap();
  let all = picture(8, 10);
  let band = |i: usize| &all[i * 64..((i + 1) * 64).min(160)];
  for round in 0..2 {
    for i in 0..3 {
      rig.frame(&[band(i)], 0).1.unwrap();
      rig.finish();
    }
    for (x, y) in (0..10).flat_map(|y| (0..8).map(move |x| (x, y))) {
      assert_eq!(rig.glass(x, y), value(x, y), "{round}: {x}, {y}");
    }
  }
  // A band behind a gap begins a picture, and so does one behind a marker.
  rig.frame(&[band(0)], 0).1.unwrap();
  rig.frame(&[band(1)], frame_flag::DISCONT).1.unwrap();
  rig.finish();
  assert_eq!(rig.glass(0, 0), value(0, 4));
  rig.frame(&[band(0)], frame_flag::DISCONT | frame_flag::MARKER).1.unwrap();
  rig.frame(&[band(1)], 0).1.unwrap();
  rig.finish();
  assert_eq!(rig.glass(0, 0), value(0, 4));
  // A band that was taken back leaves the other where it belongs.
  rig.frame(&[band(0)], 0).1.unwrap();
  let (last, _) = rig.frame(&[band(2)], 0);
  rig.host.poll(&mut rig.element);
  rig.element.cancel(last);
  rig.finish();
  assert_eq!((rig.glass(0, 0), rig.glass(0, 4)), (value(0, 4), value(0, 0)));
  // Neither a whole band nor the rest of a picture.
  assert_eq!(rig.frame(&[&all[..48]], 0).1, Err(HostError::Invalid));
  assert_eq!(rig.frame(&[&all[..63]], 0).1, Err(HostError::Invalid));
}

#[test]
fn a_display_that_fails_is_told_and_set_up_again() {
  let mut rig = Rig::new::<64>(Panel::ILI9341);
  rig.configure("RGB16", 8, 8).unwrap();
  rig.chip.borrow_mut().fails_in = Some(14);
  let tokens: Vec<_> = (0..2).map(|_| rig.frame(&[&picture(8, 8)], 0).0).collect();
  assert_eq!(rig.finish(), [(tokens[0], HostError::Io as i32), (tokens[1], 0)]);
  assert_eq!((rig.chip.borrow().resets, reading(&rig.element, "frames-shown")), (2, 1));
  assert_eq!(rig.glass(7, 7), value(7, 7));
}

#[test]
fn a_display_touches_no_frame_that_was_taken_back() {
  let mut rig = Rig::new::<16>(Panel::ST7789);
  rig.configure("RGB16", 16, 16).unwrap();
  rig.frame(&[&picture(16, 16)], 0).1.unwrap();
  rig.frame(&[&picture(16, 16)], 0).1.unwrap();
  assert_eq!(rig.frame(&[&picture(16, 16)], 0).1, Err(HostError::Busy));
  rig.host.poll(&mut rig.element);
  while rig.chip.borrow().writes < 20 {
    rig.task.run();
  }
  let drain = rig.host.drain(&mut rig.element, 0);
  let ended = rig.host.cancel_all(&mut rig.element);
  assert_eq!(ended.iter().map(|c| c.token).collect::<Vec<_>>(), [1, 2, drain]);
  assert!(ended.iter().all(|c| c.result == HostError::Cancelled as i32));
  let before = rig.chip.borrow().writes;
  (0..100).for_each(|_| rig.task.run());
  assert!(rig.chip.borrow().writes <= before + 8, "what was under way may end");
  // The next frame is shown whole.
  let (token, _) = rig.frame(&[&picture(16, 16)], 0);
  assert_eq!(rig.finish(), [(token, 0)]);
  assert_eq!((rig.glass(0, 0), rig.glass(15, 15)), (value(0, 0), value(15, 15)));
  rig.element.close();
}

#[test]
fn the_loop_is_woken_when_a_frame_is_shown() {
  let mut rig = Rig::new::<4096>(Panel::ST7789);
  rig.configure("RGB16", 2, 2).unwrap();
  let (token, _) = rig.frame(&[&picture(2, 2)], 0);
  let drain = rig.host.drain(&mut rig.element, 0);
  assert_eq!(rig.host.poll(&mut rig.element), []);
  while rig.host.wakes.count() == 0 {
    rig.task.run();
  }
  assert_eq!(rig.host.poll(&mut rig.element).iter().map(result).collect::<Vec<_>>(), [(token, 0), (drain, 0)]);
}

#[test]
fn the_element_is_as_its_table_says() {
  let mut rig = Rig::new::<16>(Panel::ST7789);
  table::check(&mut rig.element, "spidisplay");
  assert_eq!(rig.frame(&[&[0; 4]], 0).1, Err(HostError::Invalid), "before the caps");
  assert_eq!(rig.configure("NV12", 16, 16), Err(HostError::Unsupported));
  assert_eq!(rig.configure("RGB16", 241, 16), Err(HostError::Invalid));
  set(&mut rig.element, "rotate-method", Value::Text("90l"));
  assert_eq!(rig.configure("RGB16", 320, 240), Ok(0));
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..30 {
    let mut rig = Rig::new::<64>(Panel::ST7789);
    rig.configure("RGB16", 16, 8).unwrap();
    let (task, chip) = (&mut rig.task, &rig.chip);
    storm(&mut Random(seed), &mut rig.host, &mut rig.element, None, Some(&picture(16, 8)), &mut |random, _| {
      if random.below(10) == 0 {
        chip.borrow_mut().fails_in = Some(1 + random.below(20) as u32);
      }
      (0..random.below(60)).for_each(|_| task.run());
    });
    rig.chip.borrow_mut().fails_in = None;
    // It still shows what it gets.
    let (token, _) = rig.frame(&[&picture(16, 8)], 0);
    assert_eq!(rig.finish(), [(token, 0)], "seed {seed}");
    assert_eq!((rig.glass(0, 0), rig.glass(15, 7)), (value(0, 0), value(15, 7)));
  }
}
