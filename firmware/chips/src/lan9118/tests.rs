//! The driver against a part that behaves as its data sheet says, and worse.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use embassy_net_driver::{Driver, LinkState, RxToken, TxToken};

use super::{FRAME, Lan9118, Port};
use crate::registers::Registers;

#[derive(Default)]
struct Part {
  dead: bool,
  mac: [u32; 16],
  data: u32,
  int_en: u32,
  int_sts: u32,
  link_up: bool,
  statuses: VecDeque<u32>,
  words: VecDeque<u32>,
  /// Words of the frame whose status was read that were not yet taken.
  rest: usize,
  room: u32,
  written: Vec<u32>,
  sent: u32,
}

struct Model(RefCell<Part>);

// Tests use each model from one thread.
unsafe impl Sync for Model {}

impl Model {
  fn new() -> &'static Model {
    Box::leak(Box::new(Model(RefCell::new(Part { room: 5000, link_up: true, ..Part::default() }))))
  }

  /// A frame as the part has it: status and data with its checksum.
  fn receive(&self, frame: &[u8], errors: u32) {
    let mut p = self.0.borrow_mut();
    let whole: Vec<u8> = frame.iter().copied().chain([1, 2, 3, 4]).collect();
    p.statuses.push_back((whole.len() as u32) << 16 | errors);
    for word in whole.chunks(4) {
      let mut bytes = [0; 4];
      bytes[..word.len()].copy_from_slice(word);
      p.words.push_back(u32::from_le_bytes(bytes));
    }
    p.int_sts |= 1 << 3;
  }

  /// A status whose length no frame has.
  fn lie(&self, length: u32, words: usize) {
    let mut p = self.0.borrow_mut();
    p.statuses.push_back(length << 16);
    p.words.extend(std::iter::repeat_n(0xdead_beef, words));
    p.int_sts |= 1 << 3;
  }

  fn interrupts(&self) -> bool {
    let p = self.0.borrow();
    p.int_sts & p.int_en != 0
  }
}

impl Registers for &'static Model {
  fn read(&self, offset: usize) -> u32 {
    let mut p = self.0.borrow_mut();
    match offset {
      0x00 => {
        p.rest = p.rest.saturating_sub(1);
        p.words.pop_front().unwrap_or(0)
      }
      0x40 => {
        let status = p.statuses.pop_front().unwrap_or(0);
        p.rest = ((status >> 16 & 0x3fff) as usize).div_ceil(4);
        status
      }
      0x48 => {
        p.sent = p.sent.saturating_sub(1);
        0
      }
      0x58 => p.int_sts,
      0x5c => p.int_en,
      0x64 if p.dead => 0,
      0x64 => 0x8765_4321,
      0x7c => (p.statuses.len() as u32) << 16,
      0x80 => p.sent << 16 | p.room,
      0xa8 => p.data,
      _ => 0,
    }
  }

  fn write(&self, offset: usize, value: u32) {
    let mut p = self.0.borrow_mut();
    match offset {
      0x20 => p.written.push(value),
      0x58 => {
        p.int_sts &= !value;
        if !p.statuses.is_empty() {
          p.int_sts |= 1 << 3;
        }
      }
      0x5c => p.int_en = value,
      0x78 => {
        for _ in 0..std::mem::take(&mut p.rest) {
          p.words.pop_front();
        }
      }
      0xa4 => {
        let register = (value & 15) as usize;
        if value & 1 << 30 != 0 {
          p.data = p.mac[register];
        } else {
          p.mac[register] = p.data;
          if register == 6 {
            // The PHY answers at once.
            let phy = p.mac[6] >> 6 & 31;
            p.mac[6] &= !1;
            if p.mac[6] & 2 == 0 {
              p.mac[7] = if phy == 1 { 0x7809 | u32::from(p.link_up) << 2 } else { 0 };
            }
          }
        }
      }
      0xa8 => p.data = value,
      _ => {}
    }
  }
}

struct Flag(AtomicBool);

impl Wake for Flag {
  fn wake(self: Arc<Self>) {
    self.0.store(true, Ordering::Relaxed);
  }
}

struct Bench {
  model: &'static Model,
  port: &'static Port<&'static Model>,
  driver: Lan9118<&'static Model>,
  flag: Arc<Flag>,
  waker: Waker,
}

fn bench() -> Bench {
  let model = Model::new();
  let port: &'static Port<&'static Model> = Box::leak(Box::new(Port::new(model)));
  let driver = Lan9118::new(port, Box::leak(Box::default()), [2, 0, 0, 1, 2, 3]).unwrap();
  let flag = Arc::new(Flag(AtomicBool::new(false)));
  Bench { model, port, driver, waker: Waker::from(flag.clone()), flag }
}

impl Bench {
  fn receive(&mut self) -> Option<Vec<u8>> {
    let (frame, _) = self.driver.receive(&mut Context::from_waker(&self.waker))?;
    Some(frame.consume(|bytes| bytes.to_vec()))
  }
}

fn frame(length: usize) -> Vec<u8> {
  (0..length).map(|i| (i * 7) as u8).collect()
}

#[test]
fn a_part_that_does_not_answer_is_refused() {
  let model = Model::new();
  model.0.borrow_mut().dead = true;
  assert!(Lan9118::new(Box::leak(Box::new(Port::new(model))), Box::leak(Box::default()), [0; 6]).is_none());
}

#[test]
fn the_address_is_set_up() {
  let b = bench();
  assert_eq!(b.model.0.borrow().mac[2..4], [0x0302, 0x0100_0002]);
}

#[test]
fn frames_of_all_lengths_come_as_they_are() {
  let mut b = bench();
  for length in [60, 61, 62, 63, 64, 1000, FRAME] {
    b.model.receive(&frame(length), 0);
  }
  for length in [60, 61, 62, 63, 64, 1000, FRAME] {
    assert_eq!(b.receive().unwrap(), frame(length));
  }
  assert_eq!(b.receive(), None);
  assert!(b.model.0.borrow().words.is_empty());
}

#[test]
fn lengths_that_no_frame_has_and_damaged_frames_are_thrown_away_whole() {
  let mut b = bench();
  for (length, words) in [(0, 0), (3, 1), (63, 16), (1519, 380), (0x3fff, 4096)] {
    b.model.lie(length, words);
  }
  b.model.receive(&frame(100), 1 << 15 | 2);
  b.model.receive(&frame(90), 0);
  assert_eq!(b.receive().unwrap(), frame(90));
  assert_eq!(b.driver.bad(), 6);
}

#[test]
fn a_flood_of_bad_frames_lets_others_have_their_turn() {
  let mut b = bench();
  for _ in 0..40 {
    b.model.lie(5, 2);
  }
  b.model.receive(&frame(70), 0);
  for _ in 0..2 {
    assert_eq!(b.receive(), None);
    assert!(b.model.interrupts());
    b.port.interrupt();
    assert!(b.flag.0.swap(false, Ordering::Relaxed));
  }
  assert_eq!(b.receive().unwrap(), frame(70));
}

#[test]
fn the_interrupt_wakes_once_and_again_after_it_was_asked_for() {
  let mut b = bench();
  assert_eq!(b.receive(), None);
  b.model.receive(&frame(64), 0);
  assert!(b.model.interrupts());
  b.port.interrupt();
  assert!(b.flag.0.swap(false, Ordering::Relaxed));
  // It would be called for ever otherwise.
  assert!(!b.model.interrupts());
  assert!(b.receive().is_some());
  assert_eq!(b.receive(), None);
  assert!(!b.model.interrupts());
  b.model.receive(&frame(64), 0);
  assert!(b.model.interrupts());
}

#[test]
fn a_frame_is_sent_in_words_behind_its_commands() {
  let mut b = bench();
  b.model.0.borrow_mut().sent = 3;
  let token = b.driver.transmit(&mut Context::from_waker(&b.waker)).unwrap();
  token.consume(61, |bytes| bytes.copy_from_slice(&frame(61)));
  let p = b.model.0.borrow();
  assert_eq!(p.written[..2], [0x3000 | 61, 61]);
  let bytes: Vec<u8> = p.written[2..].iter().flat_map(|w| w.to_le_bytes()).collect();
  assert_eq!(bytes.len(), 64);
  assert_eq!(bytes[..61], frame(61));
  assert_eq!(p.sent, 0, "statuses are taken");
}

#[test]
fn without_room_nothing_is_sent_until_the_part_tells_of_it() {
  let mut b = bench();
  b.model.0.borrow_mut().room = 1500;
  assert!(b.driver.transmit(&mut Context::from_waker(&b.waker)).is_none());
  b.model.receive(&frame(64), 0);
  assert!(b.receive().is_none(), "it could not be answered");
  assert!(!b.flag.0.load(Ordering::Relaxed), "nobody is woken in a circle");
  b.model.0.borrow_mut().room = 4000;
  b.model.0.borrow_mut().int_sts |= 1 << 9;
  b.port.interrupt();
  assert!(b.flag.0.load(Ordering::Relaxed));
  assert!(b.receive().is_some());
}

#[test]
fn the_link_is_looked_at_when_the_phy_has_told_of_it() {
  let mut b = bench();
  let waker = b.waker.clone();
  let mut context = Context::from_waker(&waker);
  assert!(b.driver.link_state(&mut context) == LinkState::Up);
  for up in [false, true] {
    b.model.0.borrow_mut().link_up = up;
    assert!((b.driver.link_state(&mut context) == LinkState::Up) != up, "nothing was told yet");
    b.model.0.borrow_mut().int_sts |= 1 << 18;
    assert!(b.model.interrupts());
    b.port.interrupt();
    assert!((b.driver.link_state(&mut context) == LinkState::Up) == up);
  }
}
