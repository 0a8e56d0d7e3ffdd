//! The header of a package, 512 bytes, little-endian:
//!
//! ```text
//!   0 "G2GPKG"  6 format u8 (1)  7 flags u8 (1: may be older than what runs)
//!   8 version u32
//!  12 memory u32      bytes of linear memory
//!  16 arena u32       bytes that the interpreter takes, linear memory among them
//!  20 ring u32        address of the header of the completion ring
//!  24 module u32      bytes of the module, then of the boot log and of the launch line: they follow the header in this
//!  28 log u32         order, each padded to 4 with zeroes
//!  32 line u32
//!  36 board [32]      name, padded with zeroes
//!  68 hash [32]       SHA-256 of the module
//! 100 digest [64]     SHA-512 of all that follows the header
//! 164 zero [28]
//! 192 elements [256]  names of the host elements, each ended by a zero, padded with zeroes
//! 448 signature [64]  Ed25519 (RFC 8032) of all before it
//! ```

use crate::layout::Limits;
use crate::refusal::Refusal;

/// Bytes of a header.
pub const HEADER: usize = 512;

const SIGNATURE: usize = 448;
const MAGIC: &[u8] = b"G2GPKG\x01";

/// 2^252 + 27742317777372353535851937790883648493, little-endian: scalars are below it (RFC 8032, 5.1).
const ORDER: [u8; 32] = [
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
  /// Grows from package to package.
  pub version: u32,
  /// It may be older than what runs.
  pub older: bool,
  /// Bytes of linear memory.
  pub memory: u32,
  /// Bytes that the interpreter takes.
  pub arena: u32,
  /// Address of the header of the completion ring.
  pub ring: u32,
  /// Bytes of the module.
  pub module: u32,
  /// Bytes of the boot log.
  pub log: u32,
  /// Bytes of the launch line.
  pub line: u32,
  /// SHA-256 of the module.
  pub hash: [u8; 32],
  /// SHA-512 of what follows the header.
  pub digest: [u8; 64],
}

fn padded(bytes: u32) -> Option<u32> {
  bytes.checked_next_multiple_of(4)
}

fn name(field: &[u8]) -> &[u8] {
  field.split(|b| *b == 0).next().unwrap_or(&[])
}

impl Header {
  /// Reads a header and says whether it may run here; `room` is how much may follow it.
  pub fn check(bytes: &[u8; HEADER], limits: &Limits, room: u32) -> Result<Header, Refusal> {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if !bytes.starts_with(MAGIC) || bytes[7] & !1 != 0 || bytes[164..192].iter().any(|b| *b != 0) {
      return Err(Refusal::Format);
    }
    if !signed(bytes, &limits.key) {
      return Err(Refusal::Signature);
    }
    let (mut hash, mut digest) = ([0; 32], [0; 64]);
    hash.copy_from_slice(&bytes[68..100]);
    digest.copy_from_slice(&bytes[100..164]);
    let header = Header {
      version: word(8),
      older: bytes[7] & 1 != 0,
      memory: word(12),
      arena: word(16),
      ring: word(20),
      module: word(24),
      log: word(28),
      line: word(32),
      hash,
      digest,
    };
    if name(&bytes[36..68]) != limits.board.as_bytes() {
      return Err(Refusal::Board);
    }
    if header.parts().is_none_or(|[.., all]| all > room) {
      return Err(Refusal::TooLarge);
    }
    if header.memory > limits.memory || header.arena > limits.arena {
      return Err(Refusal::Memory);
    }
    let mut elements = bytes[192..SIGNATURE].split(|b| *b == 0).filter(|n| !n.is_empty());
    if elements.any(|n| !limits.elements.iter().any(|have| have.as_bytes() == n)) {
      return Err(Refusal::Element);
    }
    Ok(header)
  }

  /// Where the boot log and the line begin behind the header, and where all ends; `None` when that is no number.
  pub fn parts(&self) -> Option<[u32; 3]> {
    let log = padded(self.module)?;
    let line = log.checked_add(padded(self.log)?)?;
    Some([log, line, line.checked_add(padded(self.line)?)?])
  }
}

/// Whether a header is signed. A signature has one form: the same one with a multiple of the order added is none.
fn signed(bytes: &[u8; HEADER], key: &[u8; 32]) -> bool {
  let (message, signature) = bytes.split_at(SIGNATURE);
  let (Ok(signature), Ok(key)) = (<&[u8; 64]>::try_from(signature), salty::PublicKey::try_from(key)) else {
    return false;
  };
  let canonical = signature[32..].iter().rev().cmp(ORDER.iter().rev()).is_lt();
  canonical && key.verify(message, &salty::Signature::from(signature)).is_ok()
}
