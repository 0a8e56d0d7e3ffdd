//! Frames as the core hands them to an element of the host.

use crate::memory::Memory;

/// Bytes of a frame record without its stretches.
pub const FRAME_SIZE: u32 = 80;

/// A frame record, read once; the bytes of the frame stay where they are, in stretches. Times are ns, or NONE.
#[derive(Clone, Copy)]
pub struct Frame {
  memory: Memory,
  stretches: u32,
  pairs: u32,
  /// Number of the pad among all pads of the element, sinks first.
  pub pad: u32,
  /// Bits of [`crate::abi::frame_flag`].
  pub flags: u32,
  /// Presentation time.
  pub pts: i64,
  /// Decoding time.
  pub dts: i64,
  /// How long it lasts.
  pub duration: i64,
  /// When it was captured, on the host's clock.
  pub capture: i64,
  /// When to show it, on the host's clock.
  pub due: i64,
  /// Bytes of all stretches, or of what the handle stands for.
  pub size: u32,
  /// A memory handle, or 0 when the bytes lie in linear memory.
  pub handle: i32,
  /// Counts the frames of a stream.
  pub sequence: u32,
  /// Presentation time as running time.
  pub running: i64,
}

impl Frame {
  /// Reads the record at `address`; `None` when it, or a stretch it names, does not lie in the memory.
  pub fn read(memory: Memory, address: u32) -> Option<Frame> {
    let r = memory.bytes(address, FRAME_SIZE)?;
    let u32_at = |at: usize| u32::from_le_bytes([r[at], r[at + 1], r[at + 2], r[at + 3]]);
    let i64_at = |at: usize| (u32_at(at) as u64 | (u32_at(at + 4) as u64) << 32) as i64;
    let frame = Frame {
      memory,
      stretches: u32_at(56),
      pairs: u32_at(60),
      pad: u32_at(0),
      flags: u32_at(4),
      pts: i64_at(8),
      dts: i64_at(16),
      duration: i64_at(24),
      capture: i64_at(32),
      due: i64_at(40),
      size: u32_at(48),
      handle: u32_at(52) as i32,
      sequence: u32_at(64),
      running: i64_at(72),
    };
    memory.pointer(frame.pairs, frame.stretches.checked_mul(8)?)?;
    let mut total: u32 = 0;
    for i in 0..frame.stretches {
      let (at, length) = frame.pair(i)?;
      memory.pointer(at, length)?;
      total = total.checked_add(length)?;
    }
    if frame.handle == 0 && total != frame.size { None } else { Some(frame) }
  }

  fn pair(&self, i: u32) -> Option<(u32, u32)> {
    let at = self.pairs + i * 8;
    Some((self.memory.u32(at)?, self.memory.u32(at + 4)?))
  }

  /// The memory that the stretches lie in.
  pub fn memory(&self) -> Memory {
    self.memory
  }

  /// Address of the pairs of address and length that say where the stretches lie.
  pub fn pairs(&self) -> u32 {
    self.pairs
  }

  /// How many stretches the bytes lie in.
  pub fn count(&self) -> u32 {
    self.stretches
  }

  /// The bytes, a stretch after the other.
  pub fn stretches(&self) -> impl Iterator<Item = &[u8]> + '_ {
    (0..self.stretches).filter_map(|i| self.pair(i).and_then(|(at, length)| self.memory.bytes(at, length)))
  }

  /// Address and length of a stretch in linear memory, for DMA.
  pub fn stretch(&self, i: u32) -> Option<(u32, u32)> {
    if i < self.stretches { self.pair(i) } else { None }
  }

  /// Copies the bytes to where they are in one piece; the number of bytes, or `None` when `to` is too small.
  pub fn copy_to(&self, to: &mut [u8]) -> Option<usize> {
    let mut at = 0;
    for part in self.stretches() {
      to.get_mut(at..at + part.len())?.copy_from_slice(part);
      at += part.len();
    }
    Some(at)
  }
}
