//! What is to be started, written down so that power may fail at any moment.
//!
//! Two blocks of the flash hold records of 32 bytes, little-endian; the valid one with the highest number counts. A record is
//! a whole state, so one that was cut off leaves the state before it. When a block is full the other is erased, which has
//! only what is out of date.
//!
//! ```text
//!  0 "G2GS"  4 number u32  8 good u8  9 trial u8  10 tries u8  11 zero  12 version u32  16 zero  28 CRC-32 of all before
//! ```

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use embedded_storage::nor_flash::NorFlash;

use crate::refusal::Refusal;

const RECORD: usize = 32;
const MAGIC: &[u8; 4] = b"G2GS";
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// What is to be started. Slots count from 1; 0 is what was built in, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
  /// The last good one.
  pub good: u8,
  /// The one on trial.
  pub trial: u8,
  /// How often the one on trial was started.
  pub tries: u8,
  /// Version of the last good one.
  pub version: u32,
}

impl State {
  fn write(&self, number: u32) -> [u8; RECORD] {
    let mut r = [0; RECORD];
    r[0..4].copy_from_slice(MAGIC);
    r[4..8].copy_from_slice(&number.to_le_bytes());
    (r[8], r[9], r[10]) = (self.good, self.trial, self.tries);
    r[12..16].copy_from_slice(&self.version.to_le_bytes());
    let crc = CRC.checksum(&r[..28]);
    r[28..32].copy_from_slice(&crc.to_le_bytes());
    r
  }

  fn read(r: &[u8; RECORD]) -> Option<(u32, State)> {
    let word = |at: usize| u32::from_le_bytes([r[at], r[at + 1], r[at + 2], r[at + 3]]);
    let sound = r.starts_with(MAGIC) && word(28) == CRC.checksum(&r[..28]) && r[8] <= 2 && r[9] <= 2;
    sound.then(|| (word(4), State { good: r[8], trial: r[9], tries: r[10], version: word(12) }))
  }
}

/// Where the journal stands.
pub(crate) struct Journal {
  /// Offset of the first block.
  base: u32,
  /// The block that is written to, 0 or 1; with `at` behind its end nothing was written yet.
  block: u32,
  /// Where the next record goes, in the block.
  at: u32,
  number: u32,
}

impl Journal {
  /// Reads it; a flash that was never used has the state of what was built in.
  pub fn open<F: NorFlash>(flash: &mut F, base: u32) -> Result<(Journal, State), Refusal> {
    const { assert!(RECORD.is_multiple_of(F::WRITE_SIZE) && F::ERASE_SIZE.is_multiple_of(RECORD)) };
    let size = F::ERASE_SIZE as u32;
    let mut journal = Journal { base, block: 1, at: size, number: 0 };
    let mut newest: Option<State> = None;
    for block in 0..2 {
      let mut used = 0;
      let mut here = false;
      for at in (0..size).step_by(RECORD) {
        let mut record = [0; RECORD];
        flash.read(base + block * size + at, &mut record).map_err(|_| Refusal::Flash)?;
        if record.iter().any(|b| *b != 0xff) {
          used = at + RECORD as u32;
        }
        if let Some((number, state)) = State::read(&record)
          && (newest.is_none() || number > journal.number)
        {
          (newest, journal.number, here) = (Some(state), number, true);
        }
      }
      if here {
        (journal.block, journal.at) = (block, used);
      }
    }
    Ok((journal, newest.unwrap_or_default()))
  }

  /// Writes a state down.
  pub fn append<F: NorFlash>(&mut self, flash: &mut F, state: &State) -> Result<(), Refusal> {
    let size = F::ERASE_SIZE as u32;
    let number = self.number.checked_add(1).ok_or(Refusal::Flash)?;
    let record = state.write(number);
    // Places that do not keep what is written are passed over, but the flash must be good for something.
    for _ in 0..4 {
      if self.at >= size {
        let from = self.base + (1 - self.block) * size;
        flash.erase(from, from + size).map_err(|_| Refusal::Flash)?;
        (self.block, self.at) = (1 - self.block, 0);
      }
      let place = self.base + self.block * size + self.at;
      self.at += RECORD as u32;
      let mut back = [0; RECORD];
      let written = flash.write(place, &record).is_ok() && flash.read(place, &mut back).is_ok();
      if written && back == record {
        self.number = number;
        return Ok(());
      }
    }
    Err(Refusal::Flash)
  }
}
