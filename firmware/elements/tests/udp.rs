//! `udpsink` and `udpsrc` against a second network stack at the other end of a wire.
#![cfg(all(feature = "udpsink", feature = "udpsrc"))]

mod support;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};

use embassy_net::udp::UdpSocket;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use g2g_elements::udp::Buffers;
use g2g_elements::udpsink::UdpSink;
use g2g_elements::udpsrc::UdpSrc;
use g2g_interface::abi::frame_flag;
use g2g_interface::{Answer, HostElement, HostError, Value};
use support::*;

type Frames = Rc<RefCell<VecDeque<Vec<u8>>>>;

struct Wire {
  from: Frames,
  to: Frames,
  mac: u8,
}

struct Rx(Vec<u8>);
struct Tx(Frames);

impl RxToken for Rx {
  fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, f: F) -> R {
    f(&mut self.0)
  }
}

impl TxToken for Tx {
  fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
    let mut frame = vec![0; length];
    let r = f(&mut frame);
    self.0.borrow_mut().push_back(frame);
    r
  }
}

impl Driver for Wire {
  type RxToken<'a> = Rx;
  type TxToken<'a> = Tx;
  fn receive(&mut self, _: &mut Context<'_>) -> Option<(Rx, Tx)> {
    let frame = self.from.borrow_mut().pop_front()?;
    Some((Rx(frame), Tx(self.to.clone())))
  }
  fn transmit(&mut self, _: &mut Context<'_>) -> Option<Tx> {
    Some(Tx(self.to.clone()))
  }
  fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
    LinkState::Up
  }
  fn capabilities(&self) -> Capabilities {
    let mut c = Capabilities::default();
    c.max_transmission_unit = 1514;
    c
  }
  fn hardware_address(&self) -> HardwareAddress {
    HardwareAddress::Ethernet([2, 0, 0, 0, 0, self.mac])
  }
}

fn end(from: &Frames, to: &Frames, host: u8) -> (Stack<'static>, Runner<'static, Wire>) {
  let wire = Wire { from: from.clone(), to: to.clone(), mac: host };
  let address = Ipv4Cidr::new(Ipv4Address::new(10, 0, 0, host), 24);
  let config = Config::ipv4_static(StaticConfigV4 { address, gateway: None, dns_servers: Default::default() });
  embassy_net::new(wire, config, forever(StackResources::<4>::new()), 1)
}

/// Two boards on a wire.
struct Net {
  board: Stack<'static>,
  other: Stack<'static>,
  peer: UdpSocket<'static>,
  tasks: [Task; 2],
  wire: Frames,
}

impl Net {
  fn new() -> Net {
    let (there, back) = (Frames::default(), Frames::default());
    let (board, board_runner) = end(&back, &there, 1);
    let (other, other_runner) = end(&there, &back, 2);
    let mut peer = forever(Buffers::<16, 16384>::new()).receiver(other);
    peer.bind(5004).unwrap();
    let tasks = [board_runner, other_runner].map(|mut r| Task::new(async move { r.run().await }));
    Net { board, other, peer, tasks, wire: there }
  }

  fn run(&mut self) {
    for _ in 0..8 {
      self.tasks.iter_mut().for_each(Task::run);
    }
  }

  /// What has come to the peer, with its port of origin.
  fn received(&mut self) -> Vec<(Vec<u8>, u16)> {
    self.run();
    let mut buffer = [0; 2048];
    let mut all = vec![];
    while let std::task::Poll::Ready(Ok((n, from))) =
      self.peer.poll_recv_from(&mut buffer, &mut Context::from_waker(Waker::noop()))
    {
      all.push((buffer[..n].to_vec(), from.endpoint.port));
    }
    all
  }
}

fn sink<const N: usize, const B: usize>(net: &Net) -> UdpSink<'static> {
  sink_of::<N, B>(net.board)
}

fn sink_of<const N: usize, const B: usize>(stack: Stack<'static>) -> UdpSink<'static> {
  let mut sink = UdpSink::new(forever(Buffers::<N, B>::new()).sender(stack));
  set(&mut sink, "host", Value::Text("10.0.0.2"));
  set(&mut sink, "bind-port", Value::Int(4000));
  sink
}

#[test]
fn frames_leave_as_datagrams_gathered_from_their_stretches() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<4, 4096>(&net);
  assert_eq!(e.configure(0, "application/x-rtp"), Ok(0));
  assert_eq!(host.frame(&mut e, &[b"ab", b"", b"cde"]).1, Ok(Answer::Done));
  assert_eq!(host.frame(&mut e, &[]).1, Ok(Answer::Done));
  assert_eq!(net.received(), [(b"abcde".to_vec(), 4000), (vec![], 4000)]);
  assert_eq!((reading(&e, "datagrams-served"), reading(&e, "bytes-served")), (2, 5));
}

#[test]
fn the_ttl_is_that_of_the_property() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<4, 4096>(&net);
  set(&mut e, "ttl", Value::Int(7));
  e.configure(0, "x/y").unwrap();
  host.frame(&mut e, &[b"first asks for the address"]).1.unwrap();
  net.received();
  host.frame(&mut e, &[b"x"]).1.unwrap();
  net.tasks[0].run();
  let frame = net.wire.borrow().back().unwrap().clone();
  // The IPv4 header begins behind 14 bytes of Ethernet, the TTL at its byte 8.
  assert_eq!((frame[14 + 8], frame[14 + 9]), (7, 17));
}

#[test]
fn a_full_network_queue_makes_frames_wait_and_then_the_pipeline() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<2, 4096>(&net);
  e.configure(0, "x/y").unwrap();
  let answers: Vec<_> = (0..11u8).map(|i| host.frame(&mut e, &[&[i]]).1).collect();
  let mut expected = vec![Ok(Answer::Done); 2];
  expected.extend([Ok(Answer::Pending); 8]);
  expected.push(Err(HostError::Busy));
  assert_eq!(answers, expected);
  assert_eq!(host.poll(&mut e), []);
  assert!(reading(&e, "waits") > 0);
  let before = host.wakes.count();
  let mut came = vec![];
  for _ in 0..8 {
    came.extend(net.received());
    came.extend(net.received());
    host.poll(&mut e);
  }
  came.extend(net.received());
  assert!(host.wakes.count() > before, "room in the queue wakes the element");
  assert_eq!(came.iter().map(|(d, _)| d[0]).collect::<Vec<_>>(), (0..10).collect::<Vec<u8>>());
  assert_eq!((host.pending(), reading(&e, "dropped")), (0, 0));
}

#[test]
fn leaky_sinks_drop_and_count_what_goes() {
  for (leaky, lost) in [("upstream", 10u8), ("downstream", 2)] {
    let (mut net, mut host) = (Net::new(), Host::new());
    let mut e = sink::<2, 4096>(&net);
    set(&mut e, "leaky", Value::Text(leaky));
    e.configure(0, "x/y").unwrap();
    for i in 0..10u8 {
      host.frame(&mut e, &[&[i]]).1.unwrap();
    }
    // A leaky queue that drops its oldest frame is busy until that has ended.
    let answer = host.frame(&mut e, &[&[10]]).1;
    if leaky == "downstream" {
      assert_eq!(answer, Err(HostError::Busy));
      let ended = host.poll(&mut e);
      assert_eq!(ended.iter().map(result).collect::<Vec<_>>(), [(3, HostError::Cancelled as i32)]);
      host.frame(&mut e, &[&[10]]).1.unwrap();
    } else {
      assert_eq!(answer, Ok(Answer::Done));
    }
    let mut came = vec![];
    for _ in 0..12 {
      came.extend(net.received());
      host.poll(&mut e);
    }
    let expected: Vec<u8> = (0..11).filter(|i| *i != lost).collect();
    assert_eq!(came.iter().map(|(d, _)| d[0]).collect::<Vec<_>>(), expected, "{leaky}");
    assert_eq!(reading(&e, "dropped"), 1);
  }
}

#[test]
fn a_drain_waits_for_the_last_datagram_to_leave() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<4, 4096>(&net);
  e.configure(0, "x/y").unwrap();
  host.frame(&mut e, &[b"last"]).1.unwrap();
  let drain = host.drain(&mut e, 0);
  assert_eq!(host.poll(&mut e), []);
  assert_eq!(net.received().len(), 1);
  assert_eq!(host.poll(&mut e).iter().map(result).collect::<Vec<_>>(), [(drain, 0)]);
}

#[test]
fn what_is_pending_ends_when_it_is_cancelled_however_little_room_there_is() {
  let (net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<1, 4096>(&net);
  e.configure(0, "x/y").unwrap();
  for i in 0..6u8 {
    host.frame(&mut e, &[&[i]]).1.unwrap();
  }
  host.drain(&mut e, 0);
  host.room = 1;
  for token in 1..8 {
    e.cancel(token);
  }
  let mut ended = vec![];
  while host.pending() > 0 {
    let some = host.poll(&mut e);
    assert_eq!(some.len(), 1);
    ended.extend(some);
  }
  assert!(ended.iter().all(|c| c.result == HostError::Cancelled as i32));
}

#[test]
fn what_cannot_be_sent_is_refused() {
  let (net, mut host) = (Net::new(), Host::new());
  let mut e = UdpSink::new(forever(Buffers::<4, 4096>::new()).sender(net.board));
  assert_eq!(e.configure(0, "x/y"), Err(HostError::Invalid), "no host");
  for host in [
    "localhost",
    "10.0.0",
    "10.0.0.256",
    "::1",
    "10.0.0.2 ",
    "10.0.0.2.1",
    "10..0.2",
    "10.0.0.",
    "10.0.0.010",
    "1e1.0.0.1",
    "+1.0.0.2",
  ] {
    assert_eq!(e.property("host", Value::Text(host)), Err(HostError::Invalid), "{host}");
  }
  let mut e = sink::<4, 4096>(&net);
  e.configure(0, "x/y").unwrap();
  assert_eq!(host.frame(&mut e, &[&[0; 1473]]).1, Err(HostError::Invalid));
  assert_eq!(host.frame(&mut e, &[&[0; 1472]]).1, Ok(Answer::Done));
  // A buffer that can never hold it.
  let mut e = sink::<4, 1024>(&net);
  set(&mut e, "bind-port", Value::Int(4001));
  e.configure(0, "x/y").unwrap();
  assert_eq!(host.frame(&mut e, &[&[0; 1025]]).1, Err(HostError::NoSpace));
}

#[test]
fn datagrams_come_as_frames_with_the_time_they_came() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = UdpSrc::new(forever(Buffers::<4, 4096>::new()).receiver(net.board));
  set(&mut e, "port", Value::Int(6000));
  set(&mut e, "mtu", Value::Int(8));
  set(&mut e, "timeout", Value::Int(100));
  assert_eq!(e.configure(0, "x/y"), Ok(8));
  let mut from = sink_of::<8, 4096>(net.other);
  set(&mut from, "host", Value::Text("10.0.0.1"));
  set(&mut from, "port", Value::Int(6000));
  from.configure(0, "x/y").unwrap();
  let (first, block) = host.credit(&mut e, 0, 8);
  host.now = 1000;
  assert_eq!(host.poll(&mut e), []);
  host.frame(&mut from, &[b"01234567"]).1.unwrap();
  host.frame(&mut from, &[b"too long for it"]).1.unwrap();
  host.frame(&mut from, &[b""]).1.unwrap();
  let wakes = host.wakes.count();
  net.run();
  assert!(host.wakes.count() > wakes, "a datagram wakes the element");
  host.now = 1250;
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(first, 8, 0)]);
  assert_eq!((got[0].pts, got[0].capture), (1250, 1250));
  assert_eq!(host.linear.bytes(block, 8), b"01234567");
  assert_eq!(reading(&e, "timeouts"), 2);
  let (second, block) = host.credit(&mut e, 0, 8);
  let (third, _) = host.credit(&mut e, 0, 8);
  let got = host.poll(&mut e);
  assert_eq!(got.iter().map(data).collect::<Vec<_>>(), [(second, 8, frame_flag::CORRUPT), (third, 0, 0)]);
  assert_eq!(host.linear.bytes(block, 8), b"too long");
  assert!(host.linear.is_whole(block, 8));
  let counts = ["datagrams-received", "bytes-received", "truncated"].map(|n| reading(&e, n));
  assert_eq!(counts, [3, 16, 1]);
  host.credit(&mut e, 0, 8);
  assert_eq!(host.cancel_all(&mut e).len(), 1);
  // It listens again after it was closed.
  e.close();
  assert_eq!(e.configure(0, "x/y"), Ok(8));
}

#[test]
fn no_frame_overtakes_those_that_wait() {
  let (mut net, mut host) = (Net::new(), Host::new());
  let mut e = sink::<1, 4096>(&net);
  e.configure(0, "x/y").unwrap();
  assert_eq!(host.frame(&mut e, &[b"0"]).1, Ok(Answer::Done));
  assert_eq!(host.frame(&mut e, &[b"1"]).1, Ok(Answer::Pending));
  // There is room in the network's queue, but it is the other's.
  let mut came = net.received();
  assert_eq!(host.frame(&mut e, &[b"2"]).1, Ok(Answer::Pending));
  for _ in 0..3 {
    host.poll(&mut e);
    came.extend(net.received());
  }
  assert_eq!(came.iter().map(|(d, _)| d[0]).collect::<Vec<_>>(), b"012");
}

#[test]
fn elements_are_as_their_tables_say() {
  let net = Net::new();
  table::check(&mut UdpSink::new(forever(Buffers::<4, 4096>::new()).sender(net.board)), "udpsink");
  let mut e = UdpSrc::new(forever(Buffers::<4, 4096>::new()).receiver(net.board));
  table::check(&mut e, "udpsrc");
  assert_eq!(e.configure(0, "x/y"), Ok(table::block("udpsrc", &[], &[])));
}

#[test]
fn operations_in_any_order_end_once() {
  for seed in 0..30 {
    let mut net = Net::new();
    let (board, other) = (net.board, net.other);
    let mut e = sink_of::<2, 256>(board);
    e.configure(0, "x/y").unwrap();
    storm(&mut Random(seed), &mut Host::new(), &mut e, None, Some(b"datagram"), &mut |_, _| drop(net.received()));
    let mut e = UdpSrc::new(forever(Buffers::<4, 256>::new()).receiver(board));
    set(&mut e, "mtu", Value::Int(8));
    e.configure(0, "x/y").unwrap();
    let mut from = sink_of::<2, 256>(other);
    set(&mut from, "host", Value::Text("10.0.0.1"));
    from.configure(0, "x/y").unwrap();
    let mut sender = Host::new();
    storm(&mut Random(seed), &mut Host::new(), &mut e, Some((0, 8)), None, &mut |_, _| {
      let _ = sender.frame(&mut from, &[b"123456789"]);
      sender.poll(&mut from);
      net.run();
    });
  }
}
