//! Terminals and devices.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::ioctl::{Getter, Setter, ioctl};
use tokio::runtime::Handle;

use super::super::channel::Channel;
use super::super::sink::WriteStream;
use super::super::source::ReadStream;
use super::*;

#[tokio::test]
async fn devices_are_streams_without_a_size() {
  let desk = Desk::new(1 << 21);
  let mut r = desk.open(OpenKind::FileRead, "/dev/zero").unwrap();
  assert_eq!(desk.size(&mut *r).await, -1);
  desk.put(64, &[1; 1000]);
  assert_eq!(desk.read(&mut *r, 1000, -1).await.unwrap(), [0; 1000]);
  let mut r = desk.open(OpenKind::FileRead, "/dev/null").unwrap();
  assert!(desk.read(&mut *r, 1000, -1).await.unwrap().is_empty());
  let mut w = desk.open(OpenKind::FileWrite, "/dev/null").unwrap();
  assert_eq!(desk.size(&mut *w).await, -1);
  assert_eq!(desk.write(&mut *w, &[1; 1_000_000], -1).await, 1_000_000);
  assert_eq!(desk.run(&mut *w, Op::Sync, 0, 0, 0).await, 0);
}

#[tokio::test]
async fn a_full_device_says_so_and_goes_on_saying_so() {
  let desk = Desk::new(1 << 12);
  for kind in [OpenKind::FileWrite, OpenKind::FileAppend] {
    let mut w = desk.open(kind, "/dev/full").unwrap();
    for _ in 0..2 {
      assert_eq!(desk.write(&mut *w, b"x", -1).await, HostError::NoSpace as i32);
    }
  }
}

#[tokio::test]
async fn a_device_that_cannot_be_waited_for_is_read_by_a_thread() {
  let desk = Desk::new(1 << 21);
  let mut r = desk.open(OpenKind::FileRead, "/dev/urandom").unwrap();
  let a = desk.read(&mut *r, 1000, -1).await.unwrap();
  let b = desk.read(&mut *r, 1000, -1).await.unwrap();
  assert_eq!((a.len(), b.len()), (1000, 1000));
  assert_ne!(a, b);
  let given = File::open("/dev/urandom").unwrap();
  let mut r = desk.open(OpenKind::FileRead, &path_of(&given)).unwrap();
  assert_eq!(desk.read(&mut *r, 1000, -1).await.unwrap().len(), 1000);
  // A directory that the process has open is found out when it is read.
  let given = File::open("/").unwrap();
  let mut r = desk.open(OpenKind::FileRead, &path_of(&given)).unwrap();
  assert_eq!(desk.read(&mut *r, 1000, -1).await, Err(HostError::IsDirectory as i32));
}

/// A terminal: the side of what emulates it, and the path of the other; `None` where there are none.
fn terminal() -> Option<(File, String)> {
  let ours = OpenOptions::new().read(true).write(true).open("/dev/ptmx").ok()?;
  // TIOCSPTLCK and TIOCGPTN of Linux, with the types that they take.
  let number = unsafe {
    ioctl(&ours, Setter::<0x4004_5431, i32>::new(0)).ok()?;
    ioctl(&ours, Getter::<0x8004_5430, u32>::new()).ok()?
  };
  let path = format!("/dev/pts/{number}");
  std::fs::exists(&path).ok()?.then_some((ours, path))
}

#[tokio::test]
async fn a_terminal_is_read_by_lines_and_written() {
  let Some((mut ours, path)) = terminal() else { return };
  let theirs = OpenOptions::new().read(true).write(true).open(&path).unwrap();
  for given in [path_of(&theirs), path] {
    let desk = Desk::new(1 << 12);
    let mut r = desk.open(OpenKind::FileRead, &given).unwrap();
    assert_eq!(r.submit(Op::Read, 64, 100, -1, 1), PENDING);
    ours.write_all(b"half").unwrap();
    desk.quiet().await;
    ours.write_all(b" line\n").unwrap();
    assert_eq!(desk.completion().await, (1, 10));
    assert_eq!(desk.get(64, 10), b"half line\n");
    assert_eq!(r.submit(Op::Read, 64, 100, -1, 2), PENDING);
    ours.write_all(b"\x04").unwrap();
    assert_eq!(desk.completion().await, (2, 0));
    r.close();
    let mut echo = [0; 11];
    ours.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"half line\r\n");
    let mut w = desk.open(OpenKind::FileWrite, &given).unwrap();
    assert_eq!(desk.write(&mut *w, b"seen", -1).await, 4);
    let mut seen = [0; 4];
    // What was echoed of the end stands before it on some systems.
    ours.read_exact(&mut seen).unwrap();
    assert_eq!(&seen, b"seen");
    assert!(!fcntl_getfl(&theirs).unwrap().contains(OFlags::NONBLOCK));
  }
}

#[tokio::test]
async fn a_terminal_that_is_shared_is_served_by_threads_even_if_it_does_not_block() {
  for nonblocking in [false, true] {
    let Some((mut ours, path)) = terminal() else { return };
    let theirs: OwnedFd = OpenOptions::new().read(true).write(true).open(&path).unwrap().into();
    let desk = Desk::new(1 << 21);
    if nonblocking {
      fcntl_setfl(&theirs, fcntl_getfl(&theirs).unwrap() | OFlags::NONBLOCK).unwrap();
    }
    let shared = || Channel::shared(theirs.try_clone().unwrap());
    let mut r = ReadStream::new(&desk.host, Handle::current(), shared(), true);
    assert_eq!(r.submit(Op::Read, 64, 3, -1, 1), PENDING);
    desk.quiet().await;
    ours.write_all(b"abcd\n").unwrap();
    assert_eq!(desk.completion().await, (1, 3));
    assert_eq!(desk.read(&mut r, 9, -1).await.unwrap(), b"d\n");
    let mut echo = [0; 6];
    ours.read_exact(&mut echo).unwrap();
    let mut w = WriteStream::new(&desk.host, Handle::current(), shared());
    let data: Vec<u8> = noise(300_000).iter().map(|b| b'a' + b % 26).collect();
    desk.put(64, &data);
    desk.pairs(0, &[(64, 300_000)]);
    assert_eq!(w.submit(Op::Write, 0, 1, -1, 2), PENDING);
    desk.quiet().await;
    let mut copy = ours.try_clone().unwrap();
    let read = std::thread::spawn(move || {
      let mut all = vec![0; 300_000];
      copy.read_exact(&mut all).unwrap();
      all
    });
    assert_eq!(desk.completion().await, (2, 300_000));
    assert!(read.join().unwrap() == data);
    // Nobody reads what is written now; closing does not wait for it.
    assert_eq!(w.submit(Op::Write, 0, 1, -1, 3), PENDING);
    desk.quiet().await;
    w.cancel(3);
    assert_eq!(desk.completion().await, (3, CANCELLED));
    w.close();
    assert_eq!(desk.host.outbox.in_flight(), 0);
  }
}
