//! What a src pad may give: the credits of the core, in order.

use g2g_interface::abi::Completed;
use g2g_interface::{Answer, Completion, Completions, Credit, HostError, Memory};

use crate::cache::{Cache, lines, whole_lines};

/// Credits that an element keeps of a pad. The core has at most as many out as the pad's link holds, which is 4 unless a
/// stalled graph had to grow it.
pub const MAX_CREDITS: usize = 16;

#[derive(Clone, Copy)]
struct Slot {
  credit: Credit,
  /// A device has the block.
  lent: bool,
  cancelled: bool,
}

/// The credits of one src pad, each with a block, oldest first.
pub struct Credits {
  slots: [Slot; MAX_CREDITS],
  count: usize,
  /// Where the blocks lie; known with the first credit.
  memory: Option<Memory>,
  /// Bytes that a block must have; the core takes smaller ones back by itself when this has grown.
  least: u32,
  /// Carried by completions: see [`g2g_interface::HostElement::flush`].
  pub epoch: u32,
}

impl Default for Credits {
  fn default() -> Self {
    Self::new()
  }
}

impl Credits {
  /// No credits.
  pub const fn new() -> Self {
    const NOTHING: Slot =
      Slot { credit: Credit { token: 0, pad: 0, count: 0, block: 0, length: 0 }, lent: false, cancelled: false };
    Credits { slots: [NOTHING; MAX_CREDITS], count: 0, memory: None, least: 1, epoch: 0 }
  }

  /// Sets how many bytes a block must have, as it was answered to Configure.
  pub fn expect(&mut self, least: u32) {
    self.least = least;
  }

  /// Takes a credit in.
  pub fn add(&mut self, credit: Credit, memory: Memory) -> Result<Answer, HostError> {
    self.memory = Some(memory);
    if credit.block == 0 || credit.count != 1 {
      return Err(HostError::Invalid);
    }
    let slot = self.slots.get_mut(self.count).ok_or(HostError::TooMany)?;
    *slot = Slot { credit, lent: false, cancelled: false };
    self.count += 1;
    Ok(Answer::Pending)
  }

  fn all(&self) -> &[Slot] {
    &self.slots[..self.count]
  }

  fn find(&mut self, token: u32) -> Option<&mut Slot> {
    self.slots[..self.count].iter_mut().find(|s| s.credit.token == token)
  }

  /// The oldest that can be used.
  pub fn first(&self) -> Option<Credit> {
    let usable = |s: &&Slot| !s.lent && !s.cancelled && s.credit.length >= self.least;
    self.all().iter().find(usable).map(|s| s.credit)
  }

  /// Where the block of a credit lies; `None` when it has not so many bytes in the memory.
  pub fn pointer(&self, token: u32, bytes: u32) -> Option<*mut u8> {
    self.memory?.pointer(self.block(token)?, bytes)
  }

  /// Bytes of the block of a credit, to read.
  pub fn bytes(&self, token: u32, length: u32) -> Option<&[u8]> {
    self.memory.as_ref()?.bytes(self.block(token)?, length)
  }

  /// Bytes of the block of a credit, to write.
  pub fn bytes_mut(&mut self, token: u32, length: u32) -> Option<&mut [u8]> {
    let block = self.block(token)?;
    self.memory.as_mut()?.bytes_mut(block, length)
  }

  /// Where a device may write up to `bytes` bytes of the block of a credit, which the cache forgets; `None` when whole lines of
  /// the cache are not the block's alone.
  pub fn writable(&self, token: u32, bytes: u32, cache: &dyn Cache) -> Option<*mut u8> {
    let room = lines(bytes);
    let at = self.pointer(token, room).filter(|at| whole_lines(cache, *at, room as usize))?;
    cache.invalidate(at, room as usize);
    Some(at)
  }

  /// A device has written to the block of a credit: lines may have been fetched ahead meanwhile.
  pub fn written(&self, token: u32, bytes: u32, cache: &dyn Cache) {
    if let Some(at) = self.pointer(token, lines(bytes)) {
      cache.invalidate(at, lines(bytes) as usize);
    }
  }

  fn block(&self, token: u32) -> Option<u32> {
    self.all().iter().find(|s| s.credit.token == token).map(|s| s.credit.block)
  }

  /// Notes that a device has the block of a credit.
  pub fn lend(&mut self, token: u32) {
    if let Some(slot) = self.find(token) {
      slot.lent = true;
    }
  }

  /// Notes that a device has given a block back unused.
  pub fn back(&mut self, token: u32) {
    if let Some(slot) = self.find(token) {
      slot.lent = false;
    }
  }

  /// Notes that devices have no blocks any more.
  pub fn all_back(&mut self) {
    self.slots[..self.count].iter_mut().for_each(|s| s.lent = false);
  }

  /// How many blocks devices have.
  pub fn lent(&self) -> usize {
    self.all().iter().filter(|s| s.lent).count()
  }

  /// Notes that a credit is wanted back; whether a device has its block.
  pub fn cancel(&mut self, token: u32) -> bool {
    self.find(token).is_some_and(|slot| {
      slot.cancelled = true;
      slot.lent
    })
  }

  /// Takes a credit out, for the caller to end.
  pub fn take(&mut self, token: u32) -> Option<Credit> {
    let i = self.all().iter().position(|s| s.credit.token == token)?;
    let credit = self.slots[i].credit;
    self.slots.copy_within(i + 1..self.count, i);
    self.count -= 1;
    Some(credit)
  }

  /// Ends the credits that were cancelled and are not lent, as far as there is room; whether all of them.
  pub fn end_cancelled(&mut self, out: &mut dyn Completions) -> bool {
    while let Some(token) = self.all().iter().find(|s| s.cancelled && !s.lent).map(|s| s.credit.token) {
      if !out.room() {
        return false;
      }
      self.take(token);
      out.put(Completion::result(token, HostError::Cancelled as i32));
    }
    true
  }

  /// Ends the oldest credit that can be used, with an error. The caller has asked for room.
  pub fn fail(&mut self, error: HostError, out: &mut dyn Completions) {
    if let Some(credit) = self.first() {
      self.take(credit.token);
      out.put(Completion::result(credit.token, error as i32));
    }
  }

  /// Ends a credit whose block was filled with `bytes` bytes. The caller has asked for room.
  pub fn give(&mut self, token: u32, bytes: u32, times: Times, flags: u32, out: &mut dyn Completions) {
    if self.take(token).is_none() {
      return;
    }
    let mut c = Completion::new(token, Completed::Data);
    c.result = bytes as i32;
    c.epoch = self.epoch;
    c.flags = flags;
    c.pts = times.pts;
    c.dts = times.dts;
    c.duration = times.duration;
    c.capture = times.capture;
    out.put(c);
  }

  /// Ends the credits that are not lent, as nothing more comes; as far as there is room.
  pub fn end_all(&mut self, out: &mut dyn Completions) {
    while let Some(credit) = self.first().filter(|_| out.room()) {
      self.take(credit.token);
      out.put(Completion::new(credit.token, Completed::End));
    }
  }

  /// Forgets all credits, which are void.
  pub fn clear(&mut self) {
    (self.count, self.memory, self.least, self.epoch) = (0, None, 1, 0);
  }
}

/// Times of what is given, ns or NONE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
  /// Presentation time.
  pub pts: i64,
  /// Decoding time.
  pub dts: i64,
  /// How long it lasts.
  pub duration: i64,
  /// When it was captured, on the host's clock.
  pub capture: i64,
}
