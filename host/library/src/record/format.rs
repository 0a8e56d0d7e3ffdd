//! The format of recordings, which is described in node-host/src/record/format.ts.

use g2g_interface::{Completion, NONE};
use sha2::{Digest, Sha256};

/// What an entry is: its first byte.
pub mod entry {
  pub const INIT: u8 = 1;
  pub const ALLOC: u8 = 2;
  pub const FREE: u8 = 3;
  pub const DESCRIBE: u8 = 4;
  pub const LAUNCH: u8 = 5;
  pub const SET_STATE: u8 = 6;
  pub const STEP: u8 = 7;
  pub const QUERY: u8 = 8;
  pub const EVENT: u8 = 9;
  pub const DISPOSE: u8 = 10;
  pub const RETURN: u8 = 11;
  pub const TRAP: u8 = 12;
  pub const DATA: u8 = 20;
  pub const INPUT: u8 = 21;
  pub const INPUT_NAME: u8 = 22;
  pub const COMPLETION: u8 = 23;
  pub const OPEN: u8 = 32;
  pub const SUBMIT: u8 = 33;
  pub const CANCEL: u8 = 34;
  pub const CLOSE: u8 = 35;
  pub const RETAIN: u8 = 36;
  pub const RELEASE: u8 = 37;
  pub const POST: u8 = 38;
  pub const RANDOM: u8 = 39;
  pub const END: u8 = 64;
  pub const TORN: u8 = 65;
}

/// First bytes of a recording.
pub const MAGIC: &[u8; 6] = b"G2GREC";

/// Version of the format.
pub const VERSION: u8 = 1;

/// Flag of the head: hashes stand in place of what was read from files.
pub const DIGESTS: u8 = 1;

/// Flag of the head: the module stands in the recording.
pub const IMAGE: u8 = 2;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The hash of parts that lie one behind the other.
pub fn hash_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
  let mut hash = Sha256::new();
  parts.into_iter().for_each(|part| hash.update(part));
  hash.finalize().into()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
  bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Why a recording ends before its run, for a person.
pub fn torn_text(why: u8) -> String {
  match why {
    1 => "the board could not send it as fast as it was made".into(),
    2 => "packets of it were lost".into(),
    3 => "the board began anew".into(),
    4 => "more was in flight than the board's recorder follows".into(),
    _ => format!("reason {why}"),
  }
}

/// How many fields of a completion may be left out.
pub const FIELDS: usize = 11;

/// The fields of a completion that may be left out, in the order of their bits, and what they are then.
pub fn fields(c: &Completion) -> [(i64, i64); FIELDS] {
  [
    (c.pad.into(), 0),
    (c.result.into(), 0),
    (c.epoch.into(), 0),
    (c.handle.into(), 0),
    (c.flags.into(), 0),
    (c.pts, NONE),
    (c.dts, NONE),
    (c.duration, NONE),
    (c.capture, NONE),
    (c.extra.into(), 0),
    (c.length.into(), 0),
  ]
}

/// Where a field of [`fields`] lies in a completion's record, and its bytes.
pub const PLACES: [(usize, usize); FIELDS] =
  [(6, 2), (8, 4), (12, 4), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8), (56, 4), (60, 4)];

#[cfg(test)]
mod tests {
  use g2g_interface::abi::Completed;
  use g2g_interface::completion::COMPLETION_SIZE;
  use g2g_interface::{Memory, Ring};

  use super::*;

  #[test]
  fn hashes_are_those_of_sha_256() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex(&hash_of([&b"a"[..], b"", b"bc"])), abc);
  }

  #[test]
  fn the_places_of_the_fields_are_those_of_the_ring() {
    let mut completion = Completion::new(1, Completed::Data);
    (completion.pad, completion.result, completion.epoch, completion.handle) = (2, -3, 4, 5);
    (completion.flags, completion.extra, completion.length) = (6, 0x8000_0007, 8);
    (completion.pts, completion.dts, completion.duration, completion.capture) = (-9, 10, 11, 12);
    let mut bytes = [0u8; 16 + COMPLETION_SIZE as usize];
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), bytes.len() as u32) };
    memory.set_u32(8, 1);
    memory.set_u32(12, 16);
    assert!(Ring::new(memory, 0).is_some_and(|mut ring| ring.put(&completion)));
    for ((at, size), (value, _)) in PLACES.into_iter().zip(fields(&completion)) {
      assert_eq!(bytes[16 + at..][..size], value.to_le_bytes()[..size], "at {at}");
    }
  }

  #[test]
  fn what_is_left_out_is_what_a_completion_is_without_it() {
    assert!(fields(&Completion::new(7, Completed::End)).iter().all(|(value, absent)| value == absent));
  }
}
