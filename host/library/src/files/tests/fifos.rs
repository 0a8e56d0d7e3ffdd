//! Named pipes.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::thread::spawn;

use super::*;

#[tokio::test]
async fn a_named_pipe_waits_for_its_writer_and_ends_with_it() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  let mut r = desk.open(OpenKind::FileRead, &path).unwrap();
  assert_eq!(desk.size(&mut *r).await, -1);
  assert_eq!(r.submit(Op::Read, 64, 100, -1, 1), PENDING);
  desk.quiet().await;
  let mut writer = OpenOptions::new().write(true).open(&path).unwrap();
  desk.quiet().await;
  writer.write_all(b"now").unwrap();
  assert_eq!(desk.completion().await, (1, 3));
  assert_eq!(r.submit(Op::Read, 64, 100, -1, 2), PENDING);
  desk.quiet().await;
  drop(writer);
  assert_eq!(desk.completion().await, (2, 0));
}

#[tokio::test]
async fn a_writer_that_writes_nothing_ends_a_named_pipe() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  let mut r = desk.open(OpenKind::FileRead, &path).unwrap();
  drop(OpenOptions::new().write(true).open(&path).unwrap());
  assert_eq!(desk.read(&mut *r, 100, -1).await.unwrap(), b"");
}

#[tokio::test]
async fn writes_wait_for_the_reader_of_a_named_pipe() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 20));
  let path = folder.fifo("pipe");
  let mut w = desk.open(OpenKind::FileWrite, &path).unwrap();
  let data = noise(500_000);
  desk.put(64, &data);
  desk.pairs(0, &[(64, 200_000), (200_064, 300_000)]);
  assert_eq!(w.submit(Op::Write, 0, 1, -1, 1), PENDING);
  assert_eq!(w.submit(Op::Write, 8, 1, -1, 2), PENDING);
  desk.quiet().await;
  let read = spawn(move || {
    let mut all = Vec::new();
    File::open(path).unwrap().read_to_end(&mut all).unwrap();
    all
  });
  assert_eq!(desk.completion().await, (1, 200_000));
  assert_eq!(desk.completion().await, (2, 300_000));
  w.close();
  drop(w);
  assert!(read.join().unwrap() == data);
}

#[tokio::test]
async fn a_named_pipe_that_has_a_reader_is_written_at_once() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  let mut reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
  let mut w = desk.open(OpenKind::FileAppend, &path).unwrap();
  assert_eq!(desk.write(&mut *w, b"abc", -1).await, 3);
  let mut three = [0; 3];
  reader.read_exact(&mut three).unwrap();
  assert_eq!(&three, b"abc");
}

#[tokio::test]
async fn pipes_without_another_end_can_be_cancelled_and_closed() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  desk.pairs(0, &[(64, 4)]);
  for _ in 0..50 {
    let mut w = desk.open(OpenKind::FileWrite, &path).unwrap();
    assert_eq!(w.submit(Op::Write, 0, 1, -1, 1), PENDING);
    w.cancel(1);
    assert_eq!(desk.completion().await, (1, CANCELLED));
    w.close();
    let mut r = desk.open(OpenKind::FileRead, &path).unwrap();
    assert_eq!(r.submit(Op::Read, 64, 100, -1, 2), PENDING);
    r.cancel(2);
    assert_eq!(desk.completion().await, (2, CANCELLED));
    drop(r);
    // The task that waited gives the pipe back when it has its turn.
    sleep(Duration::from_millis(1)).await;
  }
}

#[tokio::test]
async fn a_named_pipe_is_awaited_whatever_takes_its_name() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  let mut w = desk.open(OpenKind::FileWrite, &path).unwrap();
  let moved = folder.path("moved");
  std::fs::rename(&path, &moved).unwrap();
  std::fs::write(&path, b"mine").unwrap();
  desk.pairs(0, &[(64, 4)]);
  assert_eq!(w.submit(Op::Write, 0, 1, -1, 1), PENDING);
  desk.quiet().await;
  let reader = spawn(move || File::open(moved).unwrap().read(&mut [0; 9]).unwrap());
  assert_eq!(desk.completion().await, (1, 4));
  assert_eq!(reader.join().unwrap(), 4);
  assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[tokio::test]
async fn a_writer_that_is_closed_leaves_no_trace_in_a_named_pipe() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.fifo("pipe");
  let mut w = desk.open(OpenKind::FileWrite, &path).unwrap();
  desk.put(64, b"text");
  desk.pairs(0, &[(64, 4)]);
  assert_eq!(w.submit(Op::Write, 0, 1, -1, 1), PENDING);
  w.close();
  let mut r = desk.open(OpenKind::FileRead, &path).unwrap();
  assert_eq!(r.submit(Op::Read, 64, 100, -1, 2), PENDING);
  desk.quiet().await;
}
