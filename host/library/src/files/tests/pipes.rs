//! Pipes and sockets, given as descriptors of the process.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::net::UnixStream;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::dup;
use tokio::runtime::Handle;

use super::super::channel::Channel;
use super::super::sink::WriteStream;
use super::super::source::ReadStream;
use super::*;

/// A pipe that is read as one that can be opened anew, or as one that is shared with the process.
fn source(desk: &Desk, end: &PipeReader, shared: bool) -> Box<dyn Resource> {
  if shared {
    Box::new(ReadStream::new(&desk.host, Handle::current(), Channel::shared(dup(end).unwrap()), true))
  } else {
    desk.open(OpenKind::FileRead, &path_of(end)).unwrap()
  }
}

fn sink(desk: &Desk, end: &PipeWriter, shared: bool) -> Box<dyn Resource> {
  if shared {
    Box::new(WriteStream::new(&desk.host, Handle::current(), Channel::shared(dup(end).unwrap())))
  } else {
    desk.open(OpenKind::FileWrite, &path_of(end)).unwrap()
  }
}

#[tokio::test]
async fn a_pipe_gives_what_is_there_and_keeps_what_nobody_asked_for() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 20);
    let (theirs, mut writer) = pipe().unwrap();
    let mut r = source(&desk, &theirs, shared);
    assert_eq!(desk.size(&mut *r).await, -1);
    assert_eq!(desk.run(&mut *r, Op::Sync, 0, 0, 0).await, 0);
    assert_eq!(desk.run(&mut *r, Op::Truncate, 0, 0, 0).await, HostError::Unsupported as i32);
    assert_eq!(desk.run(&mut *r, Op::Write, 0, 0, 0).await, HostError::Unsupported as i32);
    assert_eq!(r.submit(Op::Read, 64, 4097, -1, 5), PENDING);
    assert_eq!(r.submit(Op::Read, 64, 10, -1, 6), HostError::Busy as i32);
    desk.quiet().await;
    writer.write_all(b"hello, pipe").unwrap();
    assert_eq!(desk.completion().await, (5, 11));
    assert_eq!(desk.get(64, 11), b"hello, pipe");
    writer.write_all(b"abcdef").unwrap();
    assert_eq!(desk.read(&mut *r, 4, -1).await.unwrap(), b"abcd");
    assert_eq!(desk.read(&mut *r, 0, -1).await.unwrap(), b"");
    assert_eq!(desk.read(&mut *r, 4, -1).await.unwrap(), b"ef");
    assert_eq!(r.submit(Op::Read, 64, (1 << 20) - 63, -1, 7), HostError::Invalid as i32);
    drop(writer);
    assert_eq!(desk.read(&mut *r, 4, -1).await.unwrap(), b"");
    assert_eq!(desk.read(&mut *r, 4, -1).await.unwrap(), b"");
    assert_eq!(desk.host.traffic.read_bytes.load(Ordering::Relaxed), 17);
  }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_through_pipes_in_order() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 22);
    let data = noise(3_000_000);
    desk.put(1 << 20, &data);
    let (theirs, ours) = pipe().unwrap();
    let mut w = sink(&desk, &ours, shared);
    drop(ours);
    let copy = data.clone();
    let read = std::thread::spawn(move || {
      let mut all = Vec::new();
      let mut theirs = theirs;
      theirs.read_to_end(&mut all).unwrap();
      all == copy
    });
    let pairs: Vec<(u32, u32)> = (0..3000).map(|i| ((1 << 20) + 1000 * i, 1000)).collect();
    let odd: Vec<(u32, u32)> = pairs.iter().flat_map(|&(at, n)| [(at, 400), (0, 0), (at + 400, n - 400)]).collect();
    desk.pairs(64, &odd);
    assert_eq!(desk.size(&mut *w).await, -1);
    assert_eq!(desk.run(&mut *w, Op::Truncate, 0, 0, 0).await, 0);
    let mut pending = Vec::new();
    for i in 0..3u32 {
      match w.submit(Op::Write, 64 + 24_000 * i, 3000, -1, i) {
        PENDING => pending.push((i, 1_000_000)),
        n => assert_eq!(n, 1_000_000),
      }
    }
    for expected in pending {
      assert_eq!(desk.completion().await, expected);
    }
    assert_eq!(desk.run(&mut *w, Op::Write, 64, 0, -1).await, 0);
    drop(w);
    assert!(read.join().unwrap());
    assert_eq!(desk.host.traffic.written_bytes.load(Ordering::Relaxed), 3_000_000);
  }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_is_read_through_a_pipe() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 20);
    let data = noise(5_000_000);
    let copy = data.clone();
    let (theirs, mut writer) = pipe().unwrap();
    let mut r = source(&desk, &theirs, shared);
    drop(theirs);
    let written = std::thread::spawn(move || writer.write_all(&copy).unwrap());
    assert!(desk.read_to_end(&mut *r, 100_000).await == data);
    written.join().unwrap();
  }
}

#[tokio::test]
async fn neither_mode_nor_end_of_a_pipe_are_the_processs() {
  let desk = Desk::new(1 << 12);
  let (mut reader, mut writer) = pipe().unwrap();
  let mut r = desk.open(OpenKind::FileRead, &path_of(&reader)).unwrap();
  let mut w = desk.open(OpenKind::FileWrite, &path_of(&writer)).unwrap();
  assert_eq!(desk.write(&mut *w, b"ab", -1).await, 2);
  assert_eq!(desk.read(&mut *r, 9, -1).await.unwrap(), b"ab");
  assert!(!fcntl_getfl(&reader).unwrap().contains(OFlags::NONBLOCK));
  assert!(!fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK));
  r.close();
  w.close();
  drop((r, w));
  writer.write_all(b"cd").unwrap();
  let mut two = [0; 2];
  reader.read_exact(&mut two).unwrap();
  assert_eq!(&two, b"cd");
}

#[tokio::test]
async fn a_cancelled_read_ends_and_its_bytes_are_the_next_ones() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 12);
    let (theirs, mut writer) = pipe().unwrap();
    let mut r = source(&desk, &theirs, shared);
    for token in 1..4 {
      assert_eq!(r.submit(Op::Read, 64, 100, -1, token), PENDING);
      r.cancel(99);
      desk.quiet().await;
      r.cancel(token);
      assert_eq!(desk.completion().await, (token, CANCELLED));
      r.cancel(token);
      desk.quiet().await;
    }
    writer.write_all(b"late").unwrap();
    desk.quiet().await;
    assert_eq!(desk.get(64, 100), [0; 100]);
    assert_eq!(desk.read(&mut *r, 100, -1).await.unwrap(), b"late");
  }
}

#[tokio::test]
async fn nothing_touches_the_memory_after_close() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 12);
    let (theirs, mut writer) = pipe().unwrap();
    let mut r = source(&desk, &theirs, shared);
    assert_eq!(r.submit(Op::Read, 64, 100, -1, 1), PENDING);
    desk.quiet().await;
    r.close();
    assert_eq!(desk.host.outbox.in_flight(), 0);
    writer.write_all(b"late").unwrap();
    desk.quiet().await;
    assert_eq!(desk.get(64, 100), [0; 100]);
    assert_eq!(r.submit(Op::Read, 64, 100, -1, 2), HostError::Closed as i32);
  }
}

#[tokio::test]
async fn a_reader_that_goes_away_fails_writes() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 21);
    let (reader, ours) = pipe().unwrap();
    let mut w = sink(&desk, &ours, shared);
    desk.pairs(0, &[(64, 1 << 20)]);
    for token in 1..4 {
      assert_eq!(w.submit(Op::Write, 0, 1, -1, token), PENDING);
    }
    desk.quiet().await;
    drop(reader);
    for token in 1..4 {
      assert_eq!(desk.completion().await, (token, HostError::BrokenPipe as i32));
    }
    assert_eq!(desk.write(&mut *w, b"x", -1).await, HostError::BrokenPipe as i32);
  }
}

#[tokio::test]
async fn a_write_that_nobody_takes_can_be_cancelled_and_ends_the_stream() {
  for shared in [false, true] {
    let desk = Desk::new(1 << 21);
    let (_reader, ours) = pipe().unwrap();
    let mut w = sink(&desk, &ours, shared);
    desk.pairs(0, &[(64, 1 << 20)]);
    assert_eq!(w.submit(Op::Write, 0, 1, -1, 1), PENDING);
    assert_eq!(w.submit(Op::Write, 0, 1, -1, 2), PENDING);
    desk.quiet().await;
    w.cancel(3);
    desk.quiet().await;
    w.cancel(2);
    assert_eq!(desk.completion().await, (1, CANCELLED));
    assert_eq!(desk.completion().await, (2, CANCELLED));
    assert_eq!(desk.write(&mut *w, b"x", -1).await, CANCELLED);
    w.close();
    assert_eq!(desk.host.outbox.in_flight(), 0);
  }
}

#[tokio::test]
async fn sockets_are_read_and_written() {
  let desk = Desk::new(1 << 20);
  let (mut theirs, ours) = UnixStream::pair().unwrap();
  let mut r = desk.open(OpenKind::FileRead, &path_of(&ours)).unwrap();
  let mut w = desk.open(OpenKind::FileAppend, &path_of(&ours)).unwrap();
  assert_eq!(r.submit(Op::Read, 64, 100, -1, 1), PENDING);
  desk.quiet().await;
  theirs.write_all(b"to you").unwrap();
  assert_eq!(desk.completion().await, (1, 6));
  assert_eq!(desk.write(&mut *w, b"to them", -1).await, 7);
  let mut seven = [0; 7];
  theirs.read_exact(&mut seven).unwrap();
  assert_eq!(&seven, b"to them");
  assert!(!fcntl_getfl(&ours).unwrap().contains(OFlags::NONBLOCK));
  drop(theirs);
  assert_eq!(desk.read(&mut *r, 100, -1).await.unwrap(), b"");
  assert_eq!(desk.write(&mut *w, b"x", -1).await, HostError::BrokenPipe as i32);
}
