//! What is recorded and not yet sent.

use core::cell::RefCell;
use core::future::poll_fn;
use core::task::Poll;

use critical_section::Mutex;
use embassy_sync::waitqueue::AtomicWaker;

use crate::packet::{HEAD, PACKET, write_head};

/// Bytes that are kept free, for the mark that ends a recording.
const RESERVE: usize = 2;

struct Packet {
  bytes: [u8; PACKET],
  length: usize,
  /// Up to the end of the last entry.
  whole: usize,
}

/// A place in the stream: a packet, and bytes in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
  sequence: u32,
  at: usize,
}

struct Inner<const N: usize> {
  packets: [Packet; N],
  session: u32,
  /// The next packet to send.
  first: u32,
  /// Behind what was written.
  end: Place,
  /// Behind the last whole entry.
  committed: Place,
  /// The open packet is to be sent although it is not full.
  flush: bool,
  /// An entry found no room.
  full: bool,
  /// Nothing more comes.
  over: bool,
}

impl<const N: usize> Inner<N> {
  fn room(&self) -> usize {
    (N - self.end.sequence.wrapping_sub(self.first) as usize) * PACKET - self.end.at
  }

  fn packet(&mut self, sequence: u32) -> &mut Packet {
    &mut self.packets[sequence as usize % N]
  }

  fn put(&mut self, mut bytes: &[u8]) {
    while !bytes.is_empty() {
      if self.end.at == PACKET {
        self.end = Place { sequence: self.end.sequence.wrapping_add(1), at: 0 };
      }
      let Place { sequence, at } = self.end;
      let packet = self.packet(sequence);
      if at == 0 {
        packet.whole = 0;
      }
      let n = bytes.len().min(PACKET - at);
      packet.bytes[at..at + n].copy_from_slice(&bytes[..n]);
      packet.length = at + n;
      self.end.at += n;
      bytes = &bytes[n..];
    }
  }

  fn commit(&mut self) -> bool {
    let Place { sequence, at } = self.end;
    self.packet(sequence).whole = at;
    // Readers wait for a full packet.
    let ready = sequence != self.committed.sequence || at == PACKET;
    self.committed = self.end;
    ready
  }

  /// Copies the next packet out; its size.
  fn take(&mut self, to: &mut [u8; HEAD + PACKET]) -> Option<usize> {
    let Place { sequence, at } = self.committed;
    let full = self.first != sequence || at == PACKET;
    if !full {
      // An entry that is being written stays in one piece with what is open.
      if !self.flush || at == 0 || self.end != self.committed {
        return None;
      }
      self.flush = false;
    }
    if self.first == sequence {
      let next = Place { sequence: sequence.wrapping_add(1), at: 0 };
      if self.end == self.committed {
        self.end = next;
      }
      self.committed = next;
    }
    let (session, first) = (self.session, self.first);
    let last = self.over && self.committed == Place { sequence: first.wrapping_add(1), at: 0 };
    let Packet { bytes, length, whole } = self.packet(first);
    let (head, payload) = to.split_first_chunk_mut::<HEAD>()?;
    write_head(head, session, first, *whole, *length, last);
    payload[..*length].copy_from_slice(&bytes[..*length]);
    let n = HEAD + *length;
    self.first = first.wrapping_add(1);
    Some(n)
  }
}

/// At most `N` packets that wait to be sent. One side writes entries, the other takes packets; neither waits for the other.
pub struct Queue<const N: usize> {
  inner: Mutex<RefCell<Inner<N>>>,
  waker: AtomicWaker,
}

impl<const N: usize> Default for Queue<N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const N: usize> Queue<N> {
  /// An empty queue, of two packets at least.
  pub const fn new() -> Self {
    const { assert!(N >= 2) };
    let start = Place { sequence: 0, at: 0 };
    let packets = [const { Packet { bytes: [0; PACKET], length: 0, whole: 0 } }; N];
    let inner =
      Inner { packets, session: 0, first: 0, end: start, committed: start, flush: false, full: false, over: false };
    Queue { inner: Mutex::new(RefCell::new(inner)), waker: AtomicWaker::new() }
  }

  fn with<R>(&self, f: impl FnOnce(&mut Inner<N>) -> R) -> R {
    critical_section::with(|cs| f(&mut self.inner.borrow_ref_mut(cs)))
  }

  /// Names this start of the board.
  pub(crate) fn begin(&self, session: u32) {
    self.with(|i| i.session = session);
  }

  /// Writes a part of an entry.
  pub(crate) fn put(&self, bytes: &[u8]) {
    self.with(|i| {
      i.full |= i.room() < bytes.len() + RESERVE;
      if !i.full {
        i.put(bytes);
      }
    });
  }

  /// Ends an entry; false when it found no room and none of it is kept.
  pub(crate) fn commit(&self) -> bool {
    let (kept, ready) = self.with(|i| {
      if i.full {
        i.full = false;
        i.end = i.committed;
        let Place { sequence, at } = i.end;
        i.packet(sequence).length = at;
        return (false, false);
      }
      (true, i.commit())
    });
    if ready {
      self.waker.wake();
    }
    kept
  }

  /// Ends an entry, which is the last one; false when it found no room and none of it is kept.
  pub(crate) fn end(&self) -> bool {
    let kept = self.with(|i| {
      i.over = !i.full;
      i.flush |= i.over;
      i.over
    });
    self.commit();
    self.waker.wake();
    kept
  }

  /// Writes the mark that ends a recording, for which there is always room.
  pub(crate) fn mark(&self, bytes: [u8; RESERVE]) {
    self.with(|i| {
      if i.room() >= RESERVE {
        i.put(&bytes);
      }
    });
    self.end();
  }

  /// Has what is written sent, although it fills no packet.
  pub(crate) fn flush(&self) {
    self.with(|i| i.flush = i.committed.at > 0);
    self.waker.wake();
  }

  /// The next packet, its size; `None` when there is none yet.
  pub fn take(&self, to: &mut [u8; HEAD + PACKET]) -> Option<usize> {
    self.with(|i| i.take(to))
  }

  /// Waits for the next packet; its size.
  pub async fn next(&self, to: &mut [u8; HEAD + PACKET]) -> usize {
    poll_fn(|context| {
      self.waker.register(context.waker());
      self.take(to).map_or(Poll::Pending, Poll::Ready)
    })
    .await
  }

  /// Whether all that was written has been taken.
  pub fn is_empty(&self) -> bool {
    self.with(|i| i.first == i.committed.sequence && i.committed.at == 0)
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  type Buffer = [u8; HEAD + PACKET];

  const LAST: usize = 0x8000;

  fn head(b: &Buffer) -> (u32, usize, usize) {
    let half = |at: usize| u16::from_le_bytes([b[at], b[at + 1]]) as usize;
    (u32::from_le_bytes(b[8..12].try_into().unwrap()), half(12), half(14))
  }

  #[test]
  fn entries_come_out_as_they_went_in_and_know_where_they_end() {
    let queue: Queue<4> = Queue::new();
    let mut to = [0; HEAD + PACKET];
    let (mut written, mut read): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut ends = vec![0];
    for n in 0..400usize {
      let entry: Vec<u8> = (0..n * 37 % 1500).map(|i| (i + n) as u8).collect();
      queue.put(&entry[..entry.len() / 2]);
      queue.put(&entry[entry.len() / 2..]);
      assert!(queue.commit());
      written.extend(&entry);
      ends.push(written.len());
      if n % 7 == 0 {
        queue.flush();
      }
      while let Some(size) = queue.take(&mut to) {
        let (_, whole, length) = head(&to);
        assert_eq!(size, HEAD + length);
        let last = ends.iter().rev().find(|e| **e <= read.len() + length).unwrap();
        assert_eq!(whole, last.saturating_sub(read.len()), "entry {n}");
        read.extend(&to[HEAD..size]);
      }
    }
    queue.flush();
    while let Some(size) = queue.take(&mut to) {
      read.extend(&to[HEAD..size]);
    }
    assert!(read == written && queue.is_empty());
  }

  #[test]
  fn an_entry_without_room_leaves_nothing_and_the_mark_has_room() {
    let queue: Queue<2> = Queue::new();
    queue.put(&[1; 100]);
    assert!(queue.commit());
    queue.put(&[2; 1500]);
    queue.put(&[2; 500]);
    assert!(!queue.commit());
    queue.put(&[3; 2 * PACKET - 102]);
    assert!(queue.commit());
    queue.put(&[4]);
    assert!(!queue.commit());
    queue.mark([7, 8]);
    let mut to = [0; HEAD + PACKET];
    assert_eq!(queue.take(&mut to), Some(HEAD + PACKET));
    assert_eq!((head(&to), to[HEAD + 99], to[HEAD + 100]), ((0, 100, PACKET), 1, 3));
    assert_eq!(queue.take(&mut to), Some(HEAD + PACKET));
    assert_eq!((head(&to), &to[HEAD + PACKET - 2..]), ((1, PACKET, LAST | PACKET), &[7, 8][..]));
    assert!(queue.is_empty() && queue.take(&mut to).is_none());
  }

  #[test]
  fn what_is_not_whole_is_not_sent() {
    let queue: Queue<3> = Queue::new();
    let mut to = [0; HEAD + PACKET];
    queue.put(&[1; 10]);
    queue.flush();
    assert_eq!(queue.take(&mut to), None);
    queue.put(&[1; PACKET]);
    assert_eq!(queue.take(&mut to), None);
    queue.commit();
    assert_eq!(queue.take(&mut to), Some(HEAD + PACKET));
    assert_eq!(head(&to), (0, 0, PACKET));
    assert_eq!(queue.take(&mut to), None);
    queue.flush();
    assert_eq!(queue.take(&mut to), Some(HEAD + 10));
    assert_eq!(head(&to), (1, 10, 10));
  }

  #[test]
  fn the_last_packet_says_so() {
    for bytes in [1, PACKET - 1, PACKET, PACKET + 1] {
      let queue: Queue<3> = Queue::new();
      let mut to = [0; HEAD + PACKET];
      queue.put(&vec![1; bytes]);
      assert!(queue.end());
      let packets: Vec<_> = core::iter::from_fn(|| queue.take(&mut to).map(|_| head(&to).2)).collect();
      let expected: &[usize] = match bytes {
        PACKET => &[LAST | PACKET],
        n if n < PACKET => &[LAST | n],
        _ => &[PACKET, LAST | 1],
      };
      assert_eq!(packets, expected);
    }
  }
}
