//! Writes fields into a file: a thread has them written, so that a step waits for no disk that keeps up.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes that are written at a time.
const SIZE: usize = 1 << 20;

/// Buffers that wait to be written, at most.
const WAITING: usize = 2;

/// Writes fields. What cannot be written is told by `failed` at some time later, and by `finish`.
pub struct FieldWriter {
  buffer: Vec<u8>,
  /// Where full buffers go, until the end.
  full: Option<SyncSender<Vec<u8>>>,
  /// Where they come back.
  empty: Receiver<Vec<u8>>,
  failed: Arc<AtomicBool>,
  thread: Option<JoinHandle<io::Result<()>>>,
}

impl FieldWriter {
  /// Makes or empties a file.
  pub fn new(path: &Path) -> io::Result<FieldWriter> {
    FieldWriter::to(File::create(path)?)
  }

  fn to(out: impl Write + Send + 'static) -> io::Result<FieldWriter> {
    let (full, filled) = sync_channel(WAITING);
    let (emptied, empty) = channel();
    let failed = Arc::<AtomicBool>::default();
    let tell = failed.clone();
    let named = Builder::new().name("g2g-record".into()).stack_size(64 << 10);
    let thread = named.spawn(move || write_all(out, &filled, &emptied, &tell))?;
    Ok(FieldWriter { buffer: Vec::with_capacity(SIZE), full: Some(full), empty, failed, thread: Some(thread) })
  }

  /// A byte.
  pub fn byte(&mut self, v: u8) -> &mut Self {
    if self.buffer.len() == SIZE {
      self.flush();
    }
    self.buffer.push(v);
    self
  }

  /// An unsigned number.
  pub fn uint(&mut self, v: impl Into<u64>) -> &mut Self {
    let mut rest = v.into();
    while rest >= 0x80 {
      self.byte(rest as u8 | 0x80);
      rest >>= 7;
    }
    self.byte(rest as u8)
  }

  /// A signed number.
  pub fn sint(&mut self, v: impl Into<i64>) -> &mut Self {
    let n = v.into();
    self.uint(((n << 1) ^ (n >> 63)) as u64)
  }

  /// Bytes with their length before them.
  pub fn bytes(&mut self, v: &[u8]) -> &mut Self {
    self.uint(v.len() as u64).raw(v)
  }

  /// Bytes as they are.
  pub fn raw(&mut self, mut v: &[u8]) -> &mut Self {
    loop {
      let (now, later) = v.split_at(v.len().min(SIZE - self.buffer.len()));
      self.buffer.extend_from_slice(now);
      if later.is_empty() {
        return self;
      }
      self.flush();
      v = later;
    }
  }

  fn flush(&mut self) {
    // A thread that is gone has said so.
    let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(SIZE));
    let buffer = std::mem::replace(&mut self.buffer, next);
    if let Some(full) = &self.full {
      let _ = full.send(buffer);
    }
  }

  /// Whether something could not be written.
  pub fn failed(&self) -> bool {
    self.failed.load(Ordering::Relaxed)
  }

  /// Writes what is left and closes the file, once.
  /// @throws what went wrong first
  pub fn finish(&mut self) -> io::Result<()> {
    self.flush();
    self.full = None;
    match self.thread.take().map(JoinHandle::join) {
      Some(Ok(written)) => written,
      Some(Err(_)) => Err(io::Error::other("the thread that writes it has ended")),
      None => Ok(()),
    }
  }
}

/// Writes what comes until the other side is done, or something cannot be written: then the rest is thrown away.
fn write_all(
  mut out: impl Write,
  filled: &Receiver<Vec<u8>>,
  emptied: &Sender<Vec<u8>>,
  failed: &AtomicBool,
) -> io::Result<()> {
  let mut result = Ok(());
  for mut buffer in filled {
    if result.is_ok() {
      result = out.write_all(&buffer);
      failed.store(result.is_err(), Ordering::Relaxed);
    }
    buffer.clear();
    let _ = emptied.send(buffer);
  }
  result
}

#[cfg(test)]
pub mod tests {
  use std::sync::Mutex;

  use super::*;

  /// Takes what is written.
  #[derive(Clone, Default)]
  pub struct Taken(Arc<Mutex<Vec<u8>>>);

  impl Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
      // Less than was asked for, as a disk may.
      let n = bytes.len().min(70_000);
      self.0.lock().unwrap().extend_from_slice(&bytes[..n]);
      Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
      Ok(())
    }
  }

  /// What some calls write.
  pub fn written(write: impl FnOnce(&mut FieldWriter)) -> Vec<u8> {
    let taken = Taken::default();
    let mut writer = FieldWriter::to(taken.clone()).unwrap();
    write(&mut writer);
    writer.finish().unwrap();
    taken.0.lock().unwrap().clone()
  }

  #[test]
  fn numbers_are_leb128_and_signed_ones_zigzag() {
    let bytes = written(|w| {
      w.uint(0u32).uint(127u32).uint(128u32).uint(300u32).sint(0).sint(-1).sint(1).sint(-64).sint(64);
    });
    assert_eq!(bytes, [0, 127, 128, 1, 172, 2, 0, 1, 2, 127, 128, 1]);
    let widest = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    assert_eq!(
      written(|w| {
        w.uint(u64::MAX);
      }),
      widest
    );
    assert_eq!(
      written(|w| {
        w.sint(i64::MIN);
      }),
      widest
    );
    assert_eq!(
      written(|w| {
        w.bytes(b"ab").raw(b"c");
      }),
      b"\x02abc"
    );
  }

  #[test]
  fn what_is_longer_than_the_buffers_is_written_whole() {
    let long: Vec<u8> = (0..5 * SIZE + 3).map(|i| (i % 251) as u8).collect();
    let mut expected = vec![9];
    expected.extend_from_slice(&long);
    (0..2 * SIZE).for_each(|i| expected.push(i as u8));
    let bytes = written(|w| {
      w.byte(9).raw(&long);
      (0..2 * SIZE).for_each(|i| {
        w.byte(i as u8);
      });
    });
    assert!(bytes == expected);
  }

  /// A disk that is full.
  struct Full;

  impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
      Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
      Ok(())
    }
  }

  #[test]
  fn a_full_disk_is_told_and_holds_nobody_up() {
    let mut writer = FieldWriter::to(Full).unwrap();
    assert!(!writer.failed());
    writer.raw(&vec![0; 20 * SIZE]);
    assert_eq!(writer.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(writer.failed());
    assert!(writer.finish().is_ok());
    assert!(FieldWriter::new(Path::new("/no/such/folder/x")).is_err());
  }
}
