//! Data caches, where a device and the processor do not see the same memory by themselves.

/// What keeps a processor's data cache and memory in step. Addresses and lengths that reach the functions of an
/// implementation are those of whole buffers; it rounds outwards to its lines.
pub trait Cache {
  /// Bytes of a line; 1 where there is no data cache. A buffer that a device writes begins and ends at a line, since its
  /// neighbours' bytes would be lost otherwise.
  fn line(&self) -> usize {
    1
  }

  /// Writes what the processor has changed to memory, before a device reads it.
  fn clean(&self, at: *const u8, length: usize) {
    let _ = (at, length);
  }

  /// Forgets what the processor has, before a device writes there, and again before the processor reads what it wrote:
  /// lines may have been fetched ahead meanwhile.
  fn invalidate(&self, at: *const u8, length: usize) {
    let _ = (at, length);
  }
}

/// For processors without a data cache, and memory that is not cached.
pub struct NoCache;

impl Cache for NoCache {}

/// The data cache of a Cortex-M7, while it is on.
#[cfg(feature = "data-cache")]
pub struct DataCache;

#[cfg(feature = "data-cache")]
impl DataCache {
  fn with(f: impl FnOnce(&mut cortex_m::peripheral::SCB)) {
    // The registers for cache maintenance are written only, each write by itself: there is nothing to be shared.
    let mut peripherals = unsafe { cortex_m::Peripherals::steal() };
    f(&mut peripherals.SCB);
  }
}

#[cfg(feature = "data-cache")]
impl Cache for DataCache {
  fn line(&self) -> usize {
    LINE as usize
  }

  fn clean(&self, at: *const u8, length: usize) {
    Self::with(|scb| scb.clean_dcache_by_address(at as usize, length));
  }

  fn invalidate(&self, at: *const u8, length: usize) {
    // The callers invalidate whole lines, so that nobody else's bytes are lost.
    Self::with(|scb| unsafe { scb.invalidate_dcache_by_address(at as usize, length) });
  }
}

/// What the sizes of blocks that devices write are rounded up to: the longest line of the processors that boards have.
pub const LINE: u32 = 32;

/// A number of bytes rounded up to whole lines.
pub const fn lines(bytes: u32) -> u32 {
  bytes.div_ceil(LINE) * LINE
}

/// Whether a device may write to a buffer: whether it begins and ends at lines of the cache.
pub fn whole_lines(cache: &dyn Cache, at: *const u8, length: usize) -> bool {
  let line = cache.line().max(1);
  (at as usize).is_multiple_of(line) && length.is_multiple_of(line)
}
