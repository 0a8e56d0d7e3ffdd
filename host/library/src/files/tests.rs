//! What files are tested with: a host with a memory of its own, and folders that go away.

mod devices;
mod fifos;
mod pipes;
mod regular;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use g2g_interface::Memory;
use g2g_interface::abi::{HostError, Op, OpenKind};
use tokio::time::{sleep, timeout};

use crate::outbox::Outbox;
use crate::resource::{Linear, Resource, ResourceHost};

const PENDING: i32 = HostError::Pending as i32;
const CANCELLED: i32 = HostError::Cancelled as i32;

/// A host with a memory in which addresses below 64 are for sizes and such.
struct Desk {
  host: ResourceHost,
  // Given back last.
  _bytes: Box<[u8]>,
}

impl Desk {
  fn new(size: usize) -> Desk {
    let mut bytes = vec![0u8; size].into_boxed_slice();
    let memory = Linear(unsafe { Memory::new(bytes.as_mut_ptr(), size as u32) });
    Desk { host: ResourceHost { memory, outbox: Outbox::default(), traffic: Arc::default() }, _bytes: bytes }
  }

  fn open(&self, kind: OpenKind, path: &str) -> Result<Box<dyn Resource>, HostError> {
    super::open(&self.host, kind, path)
  }

  fn put(&self, at: u32, bytes: &[u8]) {
    assert!(self.host.memory.0.write(at, bytes));
  }

  fn get(&self, at: u32, length: u32) -> Vec<u8> {
    self.host.memory.0.bytes(at, length).unwrap().to_vec()
  }

  /// Puts the pairs of a Write at an address.
  fn pairs(&self, at: u32, pairs: &[(u32, u32)]) {
    for (i, (address, length)) in pairs.iter().enumerate() {
      self.put(at + 8 * i as u32, &address.to_le_bytes());
      self.put(at + 8 * i as u32 + 4, &length.to_le_bytes());
    }
  }

  /// The next completion: token and result.
  async fn completion(&self) -> (u32, i32) {
    let next = async {
      loop {
        if let Some(entry) = self.host.outbox.take() {
          return (entry.completion.token, entry.completion.result);
        }
        self.host.outbox.woken().await;
      }
    };
    timeout(Duration::from_secs(10), next).await.expect("a completion comes")
  }

  /// What an operation comes to.
  async fn run(&self, r: &mut dyn Resource, op: Op, ptr: u32, length: u32, aux: i64) -> i32 {
    static TOKEN: AtomicU32 = AtomicU32::new(1_000_000);
    let token = TOKEN.fetch_add(1, Ordering::Relaxed);
    match r.submit(op, ptr, length, aux, token) {
      PENDING => {
        let (ended, result) = self.completion().await;
        assert_eq!(ended, token);
        result
      }
      result => result,
    }
  }

  /// Writes bytes as one stretch, which it puts at 64.
  async fn write(&self, r: &mut dyn Resource, bytes: &[u8], aux: i64) -> i32 {
    self.put(64, bytes);
    self.pairs(0, &[(64, bytes.len() as u32)]);
    self.run(r, Op::Write, 0, 1, aux).await
  }

  /// Reads up to `length` bytes to 64.
  async fn read(&self, r: &mut dyn Resource, length: u32, aux: i64) -> Result<Vec<u8>, i32> {
    match self.run(r, Op::Read, 64, length, aux).await {
      n @ 0.. => Ok(self.get(64, n as u32)),
      error => Err(error),
    }
  }

  /// Reads to the end of a stream.
  async fn read_to_end(&self, r: &mut dyn Resource, length: u32) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
      let some = self.read(r, length, -1).await.unwrap();
      if some.is_empty() {
        return all;
      }
      all.extend(some);
    }
  }

  async fn size(&self, r: &mut dyn Resource) -> i64 {
    assert_eq!(self.run(r, Op::Size, 8, 8, 0).await, 0);
    i64::from_le_bytes(self.get(8, 8).try_into().unwrap())
  }

  /// That nothing has been completed, nor is for a while.
  async fn quiet(&self) {
    sleep(Duration::from_millis(30)).await;
    assert!(self.host.outbox.is_empty());
  }
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
  fn new() -> Folder {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("g2g-files-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&path).unwrap();
    Folder(path)
  }

  fn path(&self, name: &str) -> String {
    self.0.join(name).to_str().unwrap().into()
  }

  fn file(&self, name: &str, bytes: &[u8]) -> String {
    let path = self.path(name);
    std::fs::write(&path, bytes).unwrap();
    path
  }

  fn fifo(&self, name: &str) -> String {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let path = self.path(name);
    mknodat(CWD, &*path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    path
  }
}

impl Drop for Folder {
  fn drop(&mut self) {
    std::fs::remove_dir_all(&self.0).unwrap();
  }
}

/// Bytes without a pattern that repeats within them.
fn noise(length: usize) -> Vec<u8> {
  let mut x = 0x2545_f491_4f6c_dd1du64;
  std::iter::repeat_with(|| {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    x as u8
  })
  .take(length)
  .collect()
}

/// The path of a descriptor of the process.
fn path_of(fd: &impl std::os::fd::AsRawFd) -> String {
  format!("/dev/fd/{}", fd.as_raw_fd())
}
