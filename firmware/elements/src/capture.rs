//! The seam to devices that fill blocks at their own pace.
//!
//! The step loop and an interrupt share queues of blocks: those of the core's credits go to the device, which fills them by
//! itself; its interrupt only says which block is full and takes the next one.

use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use embassy_sync::waitqueue::AtomicWaker;

use crate::block::{BLOCKS, Block};
use crate::spsc::Spsc;

/// What became of a block that was given to a capture device.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
  /// The block.
  pub token: u32,
  /// Bytes that were filled; 0 when the device gives it back unused.
  pub bytes: u32,
  /// When the last of them came, ns on the host's clock.
  pub end: i64,
  /// Units (samples, or pictures) that were lost between the block before and this one.
  pub lost: u32,
}

/// Blocks between an element that captures and the interrupt of its device, in static memory.
pub struct Capture {
  free: Spsc<Block, BLOCKS>,
  full: Spsc<Filled, BLOCKS>,
  lost: AtomicU32,
  waker: AtomicWaker,
}

impl Default for Capture {
  fn default() -> Self {
    Self::new()
  }
}

impl Capture {
  /// No blocks.
  pub const fn new() -> Self {
    Capture { free: Spsc::new(), full: Spsc::new(), lost: AtomicU32::new(0), waker: AtomicWaker::new() }
  }

  /// The element's side: gives a block to the device; false when it has `BLOCKS`.
  pub fn submit(&self, block: Block) -> bool {
    self.free.push(block)
  }

  /// The element's side: the oldest block that came back.
  pub fn result(&self) -> Option<Filled> {
    self.full.pop()
  }

  /// The element's side: has `waker` woken when a block comes back.
  pub fn wait(&self, waker: &Waker) {
    self.waker.register(waker);
  }

  /// Units that were lost since the start; wraps.
  pub fn lost(&self) -> u32 {
    self.lost.load(Ordering::Relaxed)
  }
}

/// The device's side of a [`Capture`]: used by one interrupt, and by the device's functions while that interrupt is off.
///
/// A device that never stops, such as a sound input with two buffers that take turns, calls [`CaptureSide::prime`] and then
/// [`CaptureSide::swap`] whenever a buffer is full. One that can let a unit pass, such as a camera, calls
/// [`CaptureSide::begin`] and [`CaptureSide::end`].
pub struct CaptureSide {
  queue: &'static Capture,
  current: Option<Block>,
  next: Option<Block>,
  lost: u32,
}

impl CaptureSide {
  /// The device's side of `queue`, of which there is one.
  pub const fn new(queue: &'static Capture) -> Self {
    CaptureSide { queue, current: None, next: None, lost: 0 }
  }

  /// The first two blocks; `None` when there are not as many.
  pub fn prime(&mut self) -> Option<[Block; 2]> {
    if self.queue.free.len() < 2 {
      return None;
    }
    self.current = self.queue.free.pop();
    self.next = self.queue.free.pop();
    Some([self.current?, self.next?])
  }

  /// The block that is being filled.
  pub fn current(&self) -> Option<Block> {
    self.current
  }

  /// The current block is full, and the device goes on with the other one: answers which block comes after that. When the
  /// element is late it is the same block again, whose `units` are lost.
  /// @param end when the last sample came, ns on the host's clock
  pub fn swap(&mut self, units: u32, end: i64) -> Option<Block> {
    let full = self.current?;
    let after = match self.queue.free.pop() {
      Some(block) => {
        self.hand_over(full, full.length, end);
        block
      }
      None => {
        self.lose(units);
        full
      }
    };
    self.current = self.next;
    self.next = Some(after);
    Some(after)
  }

  /// A unit begins: the block to fill. Without one, the unit passes and is lost.
  pub fn begin(&mut self) -> Option<Block> {
    self.current = self.current.or_else(|| self.queue.free.pop());
    if self.current.is_none() {
      self.lose(1);
    }
    self.current
  }

  /// The unit has ended with `bytes` bytes. With 0, it was damaged: it is lost, and its block is used for the next.
  pub fn end(&mut self, bytes: u32, end: i64) {
    let Some(block) = self.current else { return };
    if bytes == 0 {
      self.lose(1);
      return;
    }
    self.current = None;
    self.hand_over(block, bytes.min(block.length), end);
  }

  /// Units were lost between the block before and the next.
  pub fn lose(&mut self, units: u32) {
    self.lost = self.lost.saturating_add(units);
    let total = self.queue.lost.load(Ordering::Relaxed);
    self.queue.lost.store(total.wrapping_add(units), Ordering::Relaxed);
  }

  /// The device has stopped and touches no block any more: gives all of them back.
  pub fn give_back(&mut self) {
    while let Some(block) = self.current.take().or_else(|| self.next.take()).or_else(|| self.queue.free.pop()) {
      self.hand_over(block, 0, 0);
    }
    self.lost = 0;
  }

  fn hand_over(&mut self, block: Block, bytes: u32, end: i64) {
    let lost = if bytes > 0 { core::mem::take(&mut self.lost) } else { 0 };
    // There are at most as many blocks as places.
    self.queue.full.push(Filled { token: block.token, bytes, end, lost });
    self.queue.waker.wake();
  }
}
