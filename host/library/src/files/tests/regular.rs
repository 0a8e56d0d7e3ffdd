//! Regular files.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::mpsc;

use rustix::fs::{Advice, MemfdFlags, SealFlags};
use tokio::runtime::{Builder, Handle};
use tokio::task::spawn_blocking;

use super::super::jobs::{Job, Jobs, Work};
use super::super::reads::{Cached, read_cached};
use super::*;

#[tokio::test]
async fn a_file_is_read_anywhere_and_short_only_at_its_end() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 21));
  let data = noise(1_500_000);
  let mut f = desk.open(OpenKind::FileRead, &folder.file("in", &data)).unwrap();
  assert_eq!(desk.size(&mut *f).await, 1_500_000);
  for (at, n) in [(0, 1), (1, 4095), (777, 1_400_000), (1_499_990, 10), (1_499_990, 11), (1_500_000, 5), (9 << 40, 5)] {
    let expected = data.get(at..(at + n).min(data.len())).unwrap_or(&[]);
    assert_eq!(desk.read(&mut *f, n as u32, at as i64).await.unwrap(), expected, "{n} bytes at {at}");
  }
  assert_eq!(desk.read(&mut *f, 1_000_000, -1).await.unwrap(), data[..1_000_000]);
  assert_eq!(desk.read(&mut *f, 1_000_000, -1).await.unwrap(), data[1_000_000..]);
  assert!(desk.read(&mut *f, 1_000_000, -1).await.unwrap().is_empty());
  let traffic = &desk.host.traffic;
  assert_eq!(traffic.reads.load(Ordering::Relaxed), 10);
  assert_eq!(traffic.input_bytes.load(Ordering::Relaxed), 1_500_000);
  assert_eq!(traffic.read_bytes.load(Ordering::Relaxed), 1 + 4095 + 1_400_000 + 10 + 10 + 1_500_000);
}

#[tokio::test]
async fn what_is_not_in_the_cache_is_read_by_threads() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 24));
  let data = noise(8 << 20);
  let path = folder.file("in", &data);
  let mut f = desk.open(OpenKind::FileRead, &path).unwrap();
  for from in [0, 512 << 10, 5 << 20] {
    let file = std::fs::File::open(&path).unwrap();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, from, None, Advice::DontNeed).unwrap();
    // All reads begin before one is waited for, the last first, so that nothing is read ahead of them.
    let mut waiting = 0;
    for i in (0..8u32).rev() {
      match f.submit(Op::Read, 64 + (i << 20), 1 << 20, i64::from(i) << 20, i) {
        PENDING => waiting += 1,
        n => assert_eq!(n, 1 << 20),
      }
    }
    for _ in 0..waiting {
      assert_eq!(desk.completion().await.1, 1 << 20);
    }
    assert!(desk.get(64, 8 << 20) == data, "from {from} on");
    desk.put(64, &vec![0; 8 << 20]);
  }
}

/// A memory file, which cannot tell what is in the cache on some systems.
fn memory_file(bytes: &[u8]) -> OwnedFd {
  let fd = rustix::fs::memfd_create("g2g", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
  assert_eq!(rustix::io::pwrite(&fd, bytes, 0), Ok(bytes.len()));
  fd
}

#[test]
fn reads_that_find_no_thread_are_done_when_the_core_is_idle_or_cancelled() {
  let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
  runtime.block_on(async {
    let (folder, desk) = (Folder::new(), Desk::new(1 << 16));
    let data = noise(10_000);
    let file = std::fs::File::open(folder.file("in", &data)).unwrap();
    // The only thread is busy until told.
    let (go, told) = mpsc::channel::<()>();
    let busy = spawn_blocking(move || told.recv().unwrap());
    let cached = read_cached(file.as_fd(), &mut [0; 1000], 0) == Ok(Cached::All(1000));
    let jobs = Jobs::new(file.into(), desk.host.clone(), Handle::current());
    for i in 0..8u32 {
      let work = Work::Read { address: 64 + 1000 * i, length: 1000, done: 0, at: 1000 * u64::from(i) };
      assert_eq!(jobs.push(Job { token: i, work }), HostError::Pending);
    }
    jobs.cancel(1);
    assert_eq!(desk.completion().await, (1, CANCELLED));
    let mut done = 2;
    if cached {
      assert!(jobs.idle());
      assert_eq!(desk.completion().await, (0, 1000));
      assert!(jobs.idle());
      assert_eq!(desk.completion().await, (2, 1000));
      done = 3;
    }
    assert_eq!(desk.host.outbox.in_flight(), 0);
    go.send(()).unwrap();
    busy.await.unwrap();
    for i in done..8u32 {
      assert_eq!(desk.completion().await, (i, 1000));
    }
    desk.host.outbox.landed().await;
    assert!(!jobs.idle());
    assert_eq!(desk.get(64, 1000), data[..1000]);
    assert_eq!(desk.get(1064, 1000), [0; 1000]);
    assert_eq!(desk.get(2064, 6000), data[2000..8000]);
  });
}

#[test]
fn what_waits_when_a_file_is_closed_is_never_begun() {
  let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
  runtime.block_on(async {
    let (folder, desk) = (Folder::new(), Desk::new(1 << 16));
    let (go, told) = mpsc::channel::<()>();
    let busy = spawn_blocking(move || told.recv().unwrap());
    let path = folder.path("out");
    let mut f = desk.open(OpenKind::FileWrite, &path).unwrap();
    desk.pairs(0, &[(64, 100)]);
    assert_eq!(f.submit(Op::Write, 0, 1, 0, 7), PENDING);
    assert_eq!(f.submit(Op::Sync, 0, 0, 0, 8), PENDING);
    f.close();
    assert_eq!(desk.host.outbox.in_flight(), 0);
    go.send(()).unwrap();
    busy.await.unwrap();
    desk.quiet().await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
  });
}

#[tokio::test]
async fn thousands_of_stretches_are_written_in_order() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 20));
  let path = folder.path("out");
  let data = noise(600_000);
  desk.put(200_000, &data);
  // From behind to the front, so that no two can be joined, of all sizes.
  let mut pairs = Vec::new();
  let mut end = 800_000;
  for i in 0..5000 {
    let n = i % 200;
    end -= n;
    pairs.push((end, n));
  }
  let expected: Vec<u8> = pairs.iter().flat_map(|&(at, n)| desk.get(at, n)).collect();
  desk.pairs(64, &pairs);
  let mut f = desk.open(OpenKind::FileWrite, &path).unwrap();
  assert_eq!(desk.run(&mut *f, Op::Write, 64, 5000, 10).await, expected.len() as i32);
  assert_eq!(desk.size(&mut *f).await, expected.len() as i64 + 10);
  assert_eq!(std::fs::read(&path).unwrap(), [vec![0; 10], expected.clone()].concat());
  assert_eq!(desk.host.traffic.written_bytes.load(Ordering::Relaxed), expected.len() as u64);
  assert_eq!(desk.run(&mut *f, Op::Write, 64, 0, 0).await, 0);
  assert_eq!(desk.run(&mut *f, Op::Sync, 0, 0, 0).await, 0);
}

#[tokio::test]
async fn a_file_is_emptied_or_continued_cut_and_read_back() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 16));
  let path = folder.file("out", b"much older text");
  let mut f = desk.open(OpenKind::FileAppend, &path).unwrap();
  assert_eq!(desk.size(&mut *f).await, 15);
  assert_eq!(desk.write(&mut *f, b"!!", 15).await, 2);
  assert_eq!(desk.read(&mut *f, 100, 5).await.unwrap(), b"older text!!");
  assert_eq!(desk.run(&mut *f, Op::Truncate, 0, 0, 4).await, 0);
  assert_eq!(std::fs::read(&path).unwrap(), b"much");
  assert_eq!(desk.run(&mut *f, Op::Truncate, 0, 0, -1).await, HostError::Invalid as i32);
  f.close();
  let mut f = desk.open(OpenKind::FileWrite, &path).unwrap();
  assert_eq!(desk.size(&mut *f).await, 0);
  assert_eq!(desk.write(&mut *f, b"ab", -1).await, 2);
  assert_eq!(desk.write(&mut *f, b"cd", -1).await, 2);
  assert_eq!(std::fs::read(&path).unwrap(), b"abcd");
}

#[tokio::test]
async fn a_file_given_as_a_descriptor_begins_behind_what_others_wrote() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 16));
  let path = folder.path("out");
  let mut given = std::fs::File::create_new(&path).unwrap();
  std::io::Write::write_all(&mut given, b"head").unwrap();
  let mut f = desk.open(OpenKind::FileWrite, &path_of(&given)).unwrap();
  assert_eq!(desk.size(&mut *f).await, 0);
  assert_eq!(desk.write(&mut *f, b"tail", 0).await, 4);
  assert_eq!(desk.size(&mut *f).await, 4);
  assert_eq!(desk.run(&mut *f, Op::Truncate, 0, 0, 3).await, 0);
  f.close();
  drop(f);
  assert_eq!(std::fs::read(&path).unwrap(), b"headtai");
  // The descriptor is the process's, and so is its offset.
  std::io::Write::write_all(&mut given, b"T").unwrap();
  assert_eq!(std::fs::read(&path).unwrap(), b"headTai");
  let read = std::fs::File::open(&path).unwrap();
  let mut f = desk.open(OpenKind::FileRead, &path_of(&read)).unwrap();
  assert_eq!(desk.size(&mut *f).await, 7);
  assert_eq!(desk.read(&mut *f, 100, 0).await.unwrap(), b"headTai");
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let file = folder.file("in", b"x");
  let (missing, dir) = (folder.path("none"), folder.path(""));
  let (below, deeper) = (format!("{file}/x"), folder.path("none/out"));
  let long = "x".repeat(300);
  let cases = [
    (OpenKind::FileRead, &*missing, HostError::NotFound),
    (OpenKind::FileRead, "", HostError::NotFound),
    (OpenKind::FileRead, &below, HostError::NotFound),
    (OpenKind::FileWrite, &below, HostError::NotFound),
    (OpenKind::FileWrite, &deeper, HostError::NotFound),
    (OpenKind::FileRead, &dir, HostError::IsDirectory),
    (OpenKind::FileWrite, &dir, HostError::IsDirectory),
    (OpenKind::FileAppend, &dir, HostError::IsDirectory),
    (OpenKind::FileRead, "nul\0byte", HostError::Invalid),
    (OpenKind::FileWrite, &long, HostError::Invalid),
    (OpenKind::FileRead, "/dev/fd/987654321", HostError::Closed),
    (OpenKind::Element, &file, HostError::Unsupported),
  ];
  for (kind, path, error) in cases {
    assert_eq!(desk.open(kind, path).err(), Some(error), "{kind:?} {path:?}");
  }
}

#[tokio::test]
async fn permissions_are_kept() {
  use std::os::unix::fs::PermissionsExt;
  if rustix::process::geteuid().is_root() {
    // It may read everything.
    return;
  }
  let (folder, desk) = (Folder::new(), Desk::new(1 << 12));
  let path = folder.file("in", b"abc");
  std::fs::set_permissions(&path, PermissionsExt::from_mode(0o200)).unwrap();
  assert_eq!(desk.open(OpenKind::FileRead, &path).err(), Some(HostError::Denied));
  let mut f = desk.open(OpenKind::FileAppend, &path).unwrap();
  assert_eq!(desk.write(&mut *f, b"d", 3).await, 1);
  assert_eq!(desk.read(&mut *f, 4, 0).await, Err(HostError::Closed as i32));
  std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
  assert_eq!(desk.open(OpenKind::FileWrite, &path).err(), Some(HostError::Denied));
  let mut f = desk.open(OpenKind::FileRead, &path).unwrap();
  assert_eq!(desk.read(&mut *f, 9, 0).await.unwrap(), b"abcd");
}

#[tokio::test]
async fn what_does_not_fit_a_file_or_the_memory_is_refused() {
  let (folder, desk) = (Folder::new(), Desk::new(4096));
  let path = folder.file("in", &noise(5000));
  let invalid = HostError::Invalid as i32;
  let mut f = desk.open(OpenKind::FileRead, &path).unwrap();
  for (ptr, length, aux) in [(0, 4097, 0), (4096, 1, 0), (u32::MAX, 2, 0), (0, u32::MAX, 0), (0, 2, i64::MAX)] {
    assert_eq!(f.submit(Op::Read, ptr, length, aux, 1), invalid);
  }
  assert_eq!(f.submit(Op::Size, 4089, 8, 0, 1), invalid);
  assert_eq!(f.submit(Op::Write, 0, 1, 0, 1), HostError::Denied as i32);
  assert_eq!(f.submit(Op::Truncate, 0, 0, 0, 1), invalid);
  assert_eq!(f.submit(Op::Flush, 0, 0, 0, 1), HostError::Unsupported as i32);
  let mut f = desk.open(OpenKind::FileAppend, &path).unwrap();
  desk.pairs(0, &[(0, 8), (4090, 7)]);
  assert_eq!(f.submit(Op::Write, 0, 2, 0, 1), invalid);
  assert_eq!(f.submit(Op::Write, 0, 1, i64::MAX - 7, 1), invalid);
  assert_eq!(f.submit(Op::Write, 4090, 1, 0, 1), invalid);
  desk.quiet().await;
  assert_eq!(desk.get(100, 3996), [0; 3996]);
}

#[tokio::test]
async fn a_write_that_the_medium_takes_only_a_part_of_goes_on_and_says_why_it_ended() {
  let desk = Desk::new(1 << 16);
  let fd = memory_file(&[0; 8192]);
  rustix::fs::fcntl_add_seals(&fd, SealFlags::GROW).unwrap();
  let mut f = desk.open(OpenKind::FileAppend, &format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap();
  let data = noise(12_000);
  assert_eq!(desk.write(&mut *f, &data, 0).await, HostError::Denied as i32);
  assert_eq!(desk.host.traffic.written_bytes.load(Ordering::Relaxed), 8192);
  let mut written = vec![0; 8192];
  rustix::io::pread(&fd, &mut written, 0).unwrap();
  assert_eq!(written, data[..8192]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_operations_at_once_all_come_to_their_ends() {
  let (folder, desk) = (Folder::new(), Desk::new(1 << 22));
  let path = folder.path("out");
  let data = noise(1 << 20);
  desk.put(1 << 20, &data);
  let mut f = desk.open(OpenKind::FileWrite, &path).unwrap();
  for i in 0..256u32 {
    desk.pairs(8 * i, &[((1 << 20) + 4096 * i, 4096)]);
    assert_eq!(f.submit(Op::Write, 8 * i, 1, 4096 * i64::from(i), i), PENDING);
  }
  let mut ended = Vec::new();
  for _ in 0..256 {
    let (token, result) = desk.completion().await;
    assert_eq!(result, 4096);
    ended.push(token);
  }
  ended.sort();
  assert_eq!(ended, (0..256).collect::<Vec<u32>>());
  desk.host.outbox.landed().await;
  assert!(std::fs::read(&path).unwrap() == data);
}
