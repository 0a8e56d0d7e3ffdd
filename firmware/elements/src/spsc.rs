//! A queue between two contexts, one of which may be an interrupt.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering};

/// A queue of at most `N` values, a power of two, with one producer and one consumer. Neither waits for the other: it
/// needs plain loads and stores alone, so that it runs on processors without atomic read-modify-write.
pub struct Spsc<T: Copy, const N: usize> {
  // Both count up and wrap; only the consumer writes the head, only the producer the tail.
  head: AtomicU32,
  tail: AtomicU32,
  slots: [UnsafeCell<MaybeUninit<T>>; N],
}

// A slot is written before the tail passes it and read before the head does.
unsafe impl<T: Copy + Send, const N: usize> Sync for Spsc<T, N> {}

impl<T: Copy, const N: usize> Default for Spsc<T, N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<T: Copy, const N: usize> Spsc<T, N> {
  /// An empty queue.
  pub const fn new() -> Self {
    assert!(N.is_power_of_two());
    Spsc {
      head: AtomicU32::new(0),
      tail: AtomicU32::new(0),
      slots: [const { UnsafeCell::new(MaybeUninit::uninit()) }; N],
    }
  }

  /// How many values are in it.
  pub fn len(&self) -> usize {
    self.tail.load(Ordering::Acquire).wrapping_sub(self.head.load(Ordering::Acquire)) as usize
  }

  /// Whether nothing is in it.
  pub fn is_empty(&self) -> bool {
    self.len() == 0
  }

  /// Whether nothing more fits.
  pub fn is_full(&self) -> bool {
    self.len() >= N
  }

  /// Puts a value in; false when the queue is full. For the producer alone.
  pub fn push(&self, value: T) -> bool {
    let tail = self.tail.load(Ordering::Relaxed);
    if tail.wrapping_sub(self.head.load(Ordering::Acquire)) as usize >= N {
      return false;
    }
    // The consumer does not look at this slot before the tail is stored.
    unsafe { (*self.slots[tail as usize & (N - 1)].get()).write(value) };
    self.tail.store(tail.wrapping_add(1), Ordering::Release);
    true
  }

  /// Takes the oldest value. For the consumer alone.
  pub fn pop(&self) -> Option<T> {
    let head = self.head.load(Ordering::Relaxed);
    if head == self.tail.load(Ordering::Acquire) {
      return None;
    }
    // Written before the tail that was just read.
    let value = unsafe { (*self.slots[head as usize & (N - 1)].get()).assume_init() };
    self.head.store(head.wrapping_add(1), Ordering::Release);
    Some(value)
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn values_come_out_in_order_over_the_wrap_of_the_counters() {
    let q: Spsc<u32, 4> = Spsc::new();
    q.head.store(u32::MAX - 1, Ordering::Relaxed);
    q.tail.store(u32::MAX - 1, Ordering::Relaxed);
    for i in 0..4 {
      assert!(q.push(i));
    }
    assert!(!q.push(4) && q.is_full());
    for i in 0..4 {
      assert_eq!(q.pop(), Some(i));
    }
    assert_eq!(q.pop(), None);
  }

  #[test]
  fn nothing_is_lost_between_two_threads() {
    static Q: Spsc<u64, 8> = Spsc::new();
    const N: u64 = 200_000;
    let producer = std::thread::spawn(|| {
      for i in 0..N {
        // Two halves that belong together show a torn value.
        while !Q.push(i << 32 | (i ^ 0xffff_ffff)) {
          std::thread::yield_now();
        }
      }
    });
    for i in 0..N {
      let value = loop {
        match Q.pop() {
          Some(v) => break v,
          None => std::thread::yield_now(),
        }
      };
      assert_eq!(value, i << 32 | (i ^ 0xffff_ffff));
    }
    producer.join().unwrap();
    assert!(Q.is_empty());
  }
}
