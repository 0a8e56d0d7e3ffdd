//! The seam to devices that play at their own pace.
//!
//! The step loop and an interrupt share queues: the stretches of frames go to the device, which reads them by itself; its
//! interrupt says which are done.

use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use embassy_sync::waitqueue::AtomicWaker;

use crate::block::{BLOCKS, Block};
use crate::spsc::Spsc;

/// Part of a frame that is to be played.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
  /// The bytes.
  pub block: Block,
  /// Whether the frame ends with it.
  pub last: bool,
}

/// Pieces between an element that plays and the interrupt of its device, in static memory.
pub struct Playback {
  pieces: Spsc<Piece, BLOCKS>,
  done: Spsc<u32, BLOCKS>,
  starved: AtomicU32,
  waker: AtomicWaker,
}

impl Default for Playback {
  fn default() -> Self {
    Self::new()
  }
}

impl Playback {
  /// No pieces.
  pub const fn new() -> Self {
    Playback { pieces: Spsc::new(), done: Spsc::new(), starved: AtomicU32::new(0), waker: AtomicWaker::new() }
  }

  /// The element's side: gives a piece to the device; false when there is no room now.
  pub fn submit(&self, piece: Piece) -> bool {
    self.pieces.push(piece)
  }

  /// The element's side: how many pieces the device has not begun.
  pub fn waiting(&self) -> usize {
    self.pieces.len()
  }

  /// The element's side: the token of the oldest frame that is done.
  pub fn done(&self) -> Option<u32> {
    self.done.pop()
  }

  /// The element's side: has `waker` woken when something is done, or the device has nothing left.
  pub fn wait(&self, waker: &Waker) {
    self.waker.register(waker);
  }

  /// Times that the device had nothing to play since the start; wraps.
  pub fn starved(&self) -> u32 {
    self.starved.load(Ordering::Relaxed)
  }
}

/// The device's side of a [`Playback`]: used by one interrupt, and by the device's functions while that interrupt is off.
pub struct PlaybackSide {
  queue: &'static Playback,
  playing: Option<Piece>,
  next: Option<Piece>,
}

impl PlaybackSide {
  /// The device's side of `queue`, of which there is one.
  pub const fn new(queue: &'static Playback) -> Self {
    PlaybackSide { queue, playing: None, next: None }
  }

  /// The first two pieces.
  pub fn prime(&mut self) -> [Option<Piece>; 2] {
    self.playing = self.queue.pieces.pop();
    self.next = self.queue.pieces.pop();
    [self.playing, self.next]
  }

  /// The current piece is done, and the device goes on with the other one: answers which piece comes after that. Without
  /// one the device plays silence instead, and calls this again behind it.
  pub fn swap(&mut self) -> Option<Piece> {
    if let Some(piece) = self.playing.take() {
      self.retire(piece);
    }
    self.playing = self.next.take();
    if self.playing.is_none() {
      let n = self.queue.starved.load(Ordering::Relaxed);
      self.queue.starved.store(n.wrapping_add(1), Ordering::Relaxed);
      self.queue.waker.wake();
    }
    self.next = self.queue.pieces.pop();
    self.next
  }

  /// The device has stopped and touches no piece any more: gives all of them back.
  pub fn give_back(&mut self) {
    while let Some(piece) = self.playing.take().or_else(|| self.next.take()).or_else(|| self.queue.pieces.pop()) {
      self.retire(piece);
    }
  }

  fn retire(&mut self, piece: Piece) {
    if piece.last {
      // A frame has one last piece, so that there is room.
      self.queue.done.push(piece.block.token);
      self.queue.waker.wake();
    }
  }
}
