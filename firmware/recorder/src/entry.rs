//! Numbers of node-host/src/record/format.ts.

/// First bytes of a recording, and the version of the format.
pub(crate) const MAGIC: &[u8] = b"G2GREC\x01";

/// Flags of the head: hashes in place of some inputs.
pub(crate) const DIGESTS: u8 = 1;

/// Flags of the head: the module is that of an image, and begins with memory that has been used.
pub(crate) const IMAGE: u8 = 2;

#[repr(u8)]
#[derive(Clone, Copy)]
pub(crate) enum Entry {
  Init = 1,
  Alloc,
  Free,
  Describe,
  Launch,
  SetState,
  Step,
  Query,
  Event,
  Dispose,
  Return,
  Trap,
  Restart,
  Data = 20,
  Input,
  InputName,
  Completion,
  Open = 32,
  Submit,
  Cancel,
  Close,
  Retain,
  Release,
  Post,
  Random,
  End = 64,
  Torn,
}

/// Why a recording ends before its run.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
  /// It could not be sent as fast as it was made.
  Overrun = 1,
  /// Packets were lost on the way.
  Lost = 2,
  /// The board began anew.
  Reset = 3,
  /// More was in flight than the recorder can follow.
  Operations = 4,
}
