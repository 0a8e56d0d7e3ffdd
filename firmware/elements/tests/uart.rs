//! `uartsrc` and `uartsink` over a port whose interrupts the test calls.
#![cfg(all(feature = "uartsrc", feature = "uartsink"))]

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use g2g_elements::uart::{Receiver, Sender, Uart};
use g2g_elements::uartsink::UartSink;
use g2g_elements::uartsrc::UartSrc;
use g2g_interface::abi::frame_flag;
use g2g_interface::{Answer, HostElement, HostError, Value};
use support::*;

/// What was asked of the port.
#[derive(Clone, Default)]
struct Port(Rc<RefCell<Vec<String>>>);

impl Uart for Port {
  fn set_baudrate(&mut self, baudrate: u32) -> Result<(), HostError> {
    self.0.borrow_mut().push(format!("baudrate {baudrate}"));
    if baudrate > 1_000_000 { Err(HostError::Unsupported) } else { Ok(()) }
  }
  fn listen(&mut self, on: bool) {
    self.0.borrow_mut().push(format!("listen {on}"));
  }
  fn send(&mut self) {
    self.0.borrow_mut().push("send".into());
  }
}

fn source(block: i64) -> (Port, &'static Receiver<16>, UartSrc<'static, Port, 16>) {
  let (port, queue) = (Port::default(), &*forever(Receiver::<16>::new()));
  let mut e = UartSrc::new(port.clone(), queue);
  set(&mut e, "blocksize", Value::Int(block));
  (port, queue, e)
}

fn receive(queue: &Receiver<16>, bytes: &[u8]) {
  bytes.iter().for_each(|b| queue.received(*b));
}

#[test]
fn bytes_come_in_blocks_and_what_is_left_when_the_line_is_silent() {
  let (port, queue, mut e) = source(4);
  let mut host = Host::new();
  receive(queue, b"before the stream");
  assert_eq!(e.configure(0, "x/y"), Ok(4));
  assert_eq!(*port.0.borrow(), ["baudrate 115200", "listen true"]);
  let blocks: Vec<_> = (0..3).map(|_| host.credit(&mut e, 0, 4)).collect();
  assert_eq!(host.poll(&mut e), []);
  receive(queue, b"abc");
  assert_eq!(host.wakes.count(), 0, "less than a block wakes nobody");
  receive(queue, b"d");
  assert_eq!(host.wakes.count(), 1);
  receive(queue, b"ef");
  host.now = 77;
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(blocks[0].0, 4, 0), (blocks[1].0, 2, 0)]);
  assert_eq!((host.linear.bytes(blocks[0].1, 4), host.linear.bytes(blocks[1].1, 2)), (b"abcd".into(), b"ef".into()));
  assert_eq!(got[0].capture, 77);
  let wakes = host.wakes.count();
  receive(queue, b"g");
  assert_eq!(host.wakes.count(), wakes);
  queue.idle();
  assert_eq!(host.wakes.count(), wakes + 1);
  assert_eq!(host.poll(&mut e).iter().map(data).collect::<Vec<_>>(), [(blocks[2].0, 1, 0)]);
  assert_eq!(reading(&e, "bytes-received"), 7);
}

#[test]
fn bytes_that_are_lost_are_counted_and_the_frame_behind_them_says_so() {
  let (_, queue, mut e) = source(8);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  receive(queue, b"0123456789abcdef");
  receive(queue, b"XYZ");
  let blocks: Vec<_> = (0..4).map(|_| host.credit(&mut e, 0, 8)).collect();
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(blocks[0].0, 8, 0), (blocks[1].0, 8, 0)]);
  assert_eq!(host.linear.bytes(blocks[1].1, 8), b"89abcdef");
  receive(queue, b"after");
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(blocks[2].0, 5, frame_flag::DISCONT)]);
  queue.lose(2);
  queue.error();
  receive(queue, b"gone");
  // The port's own loss is a gap as well; what comes before anybody has seen it is lost with it.
  assert_eq!(host.poll(&mut e), []);
  receive(queue, b"z");
  assert_eq!(host.poll(&mut e).iter().map(data).collect::<Vec<_>>(), [(blocks[3].0, 1, frame_flag::DISCONT)]);
  assert_eq!((reading(&e, "lost"), reading(&e, "errors")), (3 + 2 + 4, 1));
}

#[test]
fn without_room_for_completions_nothing_is_taken() {
  let (_, queue, mut e) = source(2);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  let blocks: Vec<_> = (0..2).map(|_| host.credit(&mut e, 0, 2)).collect();
  receive(queue, b"abcd");
  host.room = 1;
  host.poll_only(&mut e);
  host.poll_only(&mut e);
  assert_eq!(host.taken().len(), 1);
  assert_eq!(host.poll(&mut e).len(), 1);
  assert_eq!((host.linear.bytes(blocks[0].1, 2), host.linear.bytes(blocks[1].1, 2)), (b"ab".into(), b"cd".into()));
}

#[test]
fn a_sink_sends_all_bytes_in_order_and_kicks_the_port() {
  let (port, queue) = (Port::default(), &*forever(Sender::<8>::new()));
  let mut e = UartSink::new(port.clone(), queue);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  let (first, answer) = host.frame(&mut e, &[b"0123", b"", b"456789"]);
  assert_eq!(answer, Ok(Answer::Pending));
  let (second, _) = host.frame(&mut e, &[b"ab"]);
  let drain = host.drain(&mut e, 0);
  assert_eq!(host.poll(&mut e), []);
  assert_eq!(port.0.borrow().last().unwrap(), "send");
  let mut sent = vec![];
  let mut ended = vec![];
  for _ in 0..4 {
    let wakes = host.wakes.count();
    while let Some(byte) = queue.next() {
      sent.push(byte);
    }
    assert!(host.wakes.count() > wakes || ended.len() == 3);
    ended.extend(host.poll(&mut e).iter().map(result));
  }
  assert_eq!(sent, b"0123456789ab");
  assert_eq!(ended, [(first, 0), (second, 0), (drain, 0)]);
  assert_eq!(reading(&e, "bytes-served"), 12);
}

#[test]
fn a_sink_takes_no_more_than_it_can_hold_and_gives_it_back() {
  let queue = &*forever(Sender::<8>::new());
  let mut e = UartSink::new(Port::default(), queue);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  let answers: Vec<_> = (0..5).map(|_| host.frame(&mut e, &[b"too much for the queue"]).1).collect();
  assert_eq!(answers[4], Err(HostError::Busy));
  host.poll(&mut e);
  let ended = host.cancel_all(&mut e);
  assert_eq!(ended.iter().map(|c| c.result).collect::<Vec<_>>(), [HostError::Cancelled as i32; 4]);
  // A frame that begins behind a cancelled one begins at its start.
  while queue.next().is_some() {}
  host.frame(&mut e, &[b"new"]).1.unwrap();
  host.poll(&mut e);
  assert_eq!(std::iter::from_fn(|| queue.next()).collect::<Vec<_>>(), b"new");
}

#[test]
fn a_block_longer_than_the_queue_wakes_the_element_before_the_queue_is_full() {
  let (_, queue, mut e) = source(1000);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  host.credit(&mut e, 0, 1000);
  host.poll(&mut e);
  receive(queue, &[0; 7]);
  assert_eq!(host.wakes.count(), 0);
  receive(queue, &[0]);
  assert_eq!(host.wakes.count(), 1);
}

#[test]
fn a_drain_waits_for_the_last_byte_to_be_taken() {
  let queue = &*forever(Sender::<8>::new());
  let mut e = UartSink::new(Port::default(), queue);
  let mut host = Host::new();
  e.configure(0, "x/y").unwrap();
  let (frame, _) = host.frame(&mut e, &[b"ab"]);
  let drain = host.drain(&mut e, 0);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(frame, 0)]);
  assert_eq!(queue.next(), Some(b'a'));
  assert_eq!(host.poll(&mut e), []);
  assert_eq!(queue.next(), Some(b'b'));
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(drain, 0)]);
}

#[test]
fn elements_are_as_their_tables_say() {
  let (_, _, mut e) = source(1);
  table::check(&mut e, "uartsrc");
  assert_eq!(e.configure(0, "x/y"), Ok(table::block("uartsrc", &[], &[])));
  set(&mut e, "baudrate", Value::Int(2_000_000));
  assert_eq!(e.configure(0, "x/y"), Err(HostError::Unsupported));
  table::check(&mut UartSink::new(Port::default(), forever(Sender::<8>::new())), "uartsink");
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..100 {
    let (_, queue, mut e) = source(4);
    e.configure(0, "x/y").unwrap();
    storm(&mut Random(seed), &mut Host::new(), &mut e, Some((0, 4)), None, &mut |random, _| {
      (0..random.below(30)).for_each(|i| queue.received(i as u8));
      queue.idle();
    });
    let queue = &*forever(Sender::<8>::new());
    let mut e = UartSink::new(Port::default(), queue);
    e.configure(0, "x/y").unwrap();
    storm(&mut Random(seed), &mut Host::new(), &mut e, None, Some(b"0123456789"), &mut |random, _| {
      for _ in 0..random.below(12) {
        let _ = queue.next();
      }
    });
  }
}
