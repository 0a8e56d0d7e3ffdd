//! What an element does on a thread of its own.

use g2g_interface::{Frame, HostError, NONE};

use crate::caps::Caps;
use crate::gate::Gate;
use crate::shared::Setting;
use crate::thread::Output;

/// Why a call ends before its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
  /// Nobody wants what comes any more: the stream was flushed or the element ends.
  Void,
  /// It cannot go on; the pipeline fails.
  Failed(HostError),
}

impl From<HostError> for Stop {
  fn from(error: HostError) -> Stop {
    Stop::Failed(error)
  }
}

/// Times and flags of a frame; times are ns, or NONE.
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
  /// Bits of [`g2g_interface::abi::frame_flag`].
  pub flags: u32,
}

impl Default for Times {
  fn default() -> Times {
    Times { pts: NONE, dts: NONE, duration: NONE, capture: NONE, flags: 0 }
  }
}

/// An element with one sink pad and one src pad, as it works on a thread of its own. Calls come one after the other and may
/// wait; what they return with [`Stop::Void`] ends the call and nothing else.
pub trait Codec: Send + 'static {
  /// Whether it can take a stream with these caps. Called on the pipeline's thread: it looks, and does not work.
  fn accepts(caps: Caps<'_>) -> Result<(), HostError>
  where
    Self: Sized;

  /// Bytes of the blocks it wants to fill under these caps of its src pad, 0 when it brings its data as bytes. Called on the
  /// pipeline's thread.
  fn block_size(caps: Caps<'_>) -> Result<u32, HostError>
  where
    Self: Sized;

  /// A property has a value.
  fn property(&mut self, name: &str, value: &Setting) {
    let _ = (name, value);
  }

  /// The stream on the sink pad has these caps from now on; what went in before has come out.
  fn input(&mut self, caps: Caps<'_>) -> Result<(), Stop>;

  /// The src pad has these caps from now on.
  fn output(&mut self, caps: Caps<'_>) -> Result<(), Stop> {
    let _ = caps;
    Ok(())
  }

  /// Works on a frame.
  fn frame(&mut self, frame: &Input<'_>, out: &mut Output<'_>) -> Result<(), Stop>;

  /// Gives what is left.
  fn drain(&mut self, out: &mut Output<'_>) -> Result<(), Stop> {
    let _ = out;
    Ok(())
  }

  /// Forgets what is in flight.
  fn flush(&mut self) {}

  /// What comes next is to be decodable without what came before.
  /// @param at from which running time on, ns; NONE for now
  fn key_unit(&mut self, at: i64) {
    let _ = at;
  }
}

/// A frame that has come in. Its bytes lie in the memory of the instance.
pub struct Input<'a> {
  pub(crate) frame: &'a Frame,
  pub(crate) gate: &'a Gate,
}

impl Input<'_> {
  /// Its times and flags.
  pub fn times(&self) -> Times {
    let f = self.frame;
    Times { pts: f.pts, dts: f.dts, duration: f.duration, capture: f.capture, flags: f.flags }
  }

  /// Its presentation time as running time, ns.
  pub fn running(&self) -> i64 {
    self.frame.running
  }

  /// Its bytes.
  pub fn size(&self) -> usize {
    self.frame.size as usize
  }

  /// Copies its bytes to where they are in one piece, in place of what was there.
  pub fn copy_to(&self, to: &mut Vec<u8>) -> Result<(), Stop> {
    let _inside = self.gate.enter().ok_or(Stop::Void)?;
    to.clear();
    self.frame.stretches().for_each(|s| to.extend_from_slice(s));
    if to.len() == self.size() { Ok(()) } else { Err(HostError::Invalid.into()) }
  }

  /// Works on its bytes where they lie, which must not take long: the end of the element waits for it.
  /// @param gather where they are copied when they do not lie in one piece
  pub fn with<R>(&self, gather: &mut Vec<u8>, work: impl FnOnce(&[u8]) -> R) -> Result<R, Stop> {
    if self.frame.count() == 1 {
      let _inside = self.gate.enter().ok_or(Stop::Void)?;
      return self.frame.stretches().next().map(work).ok_or(HostError::Invalid.into());
    }
    self.copy_to(gather)?;
    Ok(work(gather))
  }
}
