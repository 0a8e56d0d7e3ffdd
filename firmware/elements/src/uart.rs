//! The seam to serial ports: queues of bytes between their interrupts and the elements.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::task::Waker;

use embassy_sync::waitqueue::AtomicWaker;
use g2g_interface::HostError;

use crate::spsc::Spsc;

/// A serial port. Its interrupt feeds a [`Receiver`] and empties a [`Sender`], whichever it has.
pub trait Uart {
  /// Sets the speed, in bits a second; `Unsupported` when the port cannot have it.
  fn set_baudrate(&mut self, baudrate: u32) -> Result<(), HostError>;

  /// Makes the interrupt for received bytes come, or stops it.
  fn listen(&mut self, on: bool) {
    let _ = on;
  }

  /// There are bytes to send: makes the interrupt come that takes them.
  fn send(&mut self) {}
}

/// Bytes that were received, at most `N`, a power of two.
///
/// When it is full, what comes is lost until the element has taken all that was there, so that it knows where bytes are
/// missing.
pub struct Receiver<const N: usize> {
  bytes: Spsc<u8, N>,
  wanted: AtomicU32,
  // Set by the interrupt, cleared by the element.
  gap: AtomicBool,
  lost: AtomicU32,
  errors: AtomicU32,
  waker: AtomicWaker,
}

impl<const N: usize> Default for Receiver<N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const N: usize> Receiver<N> {
  /// An empty queue.
  pub const fn new() -> Self {
    Receiver {
      bytes: Spsc::new(),
      wanted: AtomicU32::new(1),
      gap: AtomicBool::new(false),
      lost: AtomicU32::new(0),
      errors: AtomicU32::new(0),
      waker: AtomicWaker::new(),
    }
  }

  /// The interrupt's side: a byte has come. The element is woken when there is a block full or half the queue.
  pub fn received(&self, byte: u8) {
    if self.gap.load(Ordering::Acquire) || !self.bytes.push(byte) {
      self.lose(1);
    } else if self.bytes.len() >= (self.wanted.load(Ordering::Relaxed) as usize).min(N / 2) {
      self.waker.wake();
    }
  }

  /// The interrupt's side: nothing has come for some time. The element is woken when there is anything. A port that does
  /// not notice silence calls it after every byte.
  pub fn idle(&self) {
    if !self.bytes.is_empty() || self.gap.load(Ordering::Relaxed) {
      self.waker.wake();
    }
  }

  /// The interrupt's side: the port itself has lost bytes.
  pub fn lose(&self, bytes: u32) {
    self.lost.store(self.lost.load(Ordering::Relaxed).wrapping_add(bytes), Ordering::Relaxed);
    self.gap.store(true, Ordering::Release);
    self.waker.wake();
  }

  /// The interrupt's side: a byte with a framing or parity error, or a break.
  pub fn error(&self) {
    self.errors.store(self.errors.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
  }

  /// The element's side: has `waker` woken when there is a block of `wanted` bytes, or less and silence.
  pub fn wait(&self, waker: &Waker, wanted: u32) {
    self.wanted.store(wanted.max(1), Ordering::Relaxed);
    self.waker.register(waker);
  }

  /// The element's side: the oldest byte.
  pub fn take(&self) -> Option<u8> {
    self.bytes.pop()
  }

  /// The element's side: whether there is nothing to take.
  pub fn is_empty(&self) -> bool {
    self.bytes.is_empty()
  }

  /// The element's side: whether bytes are missing behind those that can be taken.
  pub fn gap(&self) -> bool {
    self.gap.load(Ordering::Acquire)
  }

  /// The element's side: what comes from now on is behind the gap.
  pub fn close_gap(&self) {
    self.gap.store(false, Ordering::Release);
  }

  /// Bytes that were lost since the start; wraps.
  pub fn lost(&self) -> u32 {
    self.lost.load(Ordering::Relaxed)
  }

  /// Bytes with errors since the start; wraps.
  pub fn errors(&self) -> u32 {
    self.errors.load(Ordering::Relaxed)
  }
}

/// Bytes that are to be sent, at most `N`, a power of two.
pub struct Sender<const N: usize> {
  bytes: Spsc<u8, N>,
  waker: AtomicWaker,
}

impl<const N: usize> Default for Sender<N> {
  fn default() -> Self {
    Self::new()
  }
}

impl<const N: usize> Sender<N> {
  /// An empty queue.
  pub const fn new() -> Self {
    Sender { bytes: Spsc::new(), waker: AtomicWaker::new() }
  }

  /// The interrupt's side: the next byte to send; without one, it needs not come until [`Uart::send`] is called.
  pub fn next(&self) -> Option<u8> {
    let byte = self.bytes.pop();
    let left = self.bytes.len();
    if left == N / 2 || left == 0 {
      self.waker.wake();
    }
    byte
  }

  /// The element's side: has `waker` woken when half the queue is free, and when all of it is.
  pub fn wait(&self, waker: &Waker) {
    self.waker.register(waker);
  }

  /// The element's side: takes a byte; false when there is no room.
  pub fn put(&self, byte: u8) -> bool {
    self.bytes.push(byte)
  }

  /// The element's side: whether all bytes are gone.
  pub fn is_empty(&self) -> bool {
    self.bytes.is_empty()
  }
}
