//! The slots: what is started, what comes in, what is confirmed.

use embedded_storage::nor_flash::NorFlash;
use g2g_runtime::Cause;
use salty::Sha512;

use crate::header::{HEADER, Header};
use crate::journal::{Journal, State};
use crate::layout::{Layout, Limits};
use crate::refusal::Refusal;

/// Bytes that are handled at once.
pub(crate) const PIECE: usize = 512;

/// Starts of a package on trial, where power failed in between.
const TRIES: u8 = 3;

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
  /// The slot, from 1; 0 is what was built in.
  pub slot: u8,
  /// The slot's header.
  pub header: Option<Header>,
  /// It is not confirmed yet.
  pub trial: bool,
  /// What the console is to be told.
  pub happened: Option<Happened>,
}

/// What came to light at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
  /// The package on trial did not prove itself; the last good one is back.
  RolledBack,
  /// A package is not what was signed, or not for this image; it is not started.
  Refused(Refusal),
}

/// A package that comes in.
struct Arriving {
  slot: u8,
  bytes: [u8; HEADER],
  header: Header,
  /// Bytes behind the header that have come.
  next: u32,
  digest: Sha512,
}

/// Two slots and a journal in a flash.
pub struct Store<F> {
  flash: F,
  layout: Layout,
  limits: Limits,
  journal: Journal,
  state: State,
  arriving: Option<Arriving>,
}

impl<F: NorFlash> Store<F> {
  /// Opens it.
  /// @throws `TooLarge` when the layout does not fit the flash, `Flash` when it cannot be read
  pub fn open(mut flash: F, layout: Layout, limits: Limits) -> Result<Self, Refusal> {
    let block = F::ERASE_SIZE as u32;
    let whole = |at: u32, size: u32| {
      let end = at.checked_add(size);
      at.is_multiple_of(block) && size.is_multiple_of(block) && end.is_some_and(|e| e as usize <= flash.capacity())
    };
    let fits = whole(layout.journal, 2 * block)
      && layout.slot as usize > HEADER
      && layout.slots.iter().all(|at| whole(*at, layout.slot));
    if !fits || !PIECE.is_multiple_of(F::WRITE_SIZE) {
      return Err(Refusal::TooLarge);
    }
    let (journal, state) = Journal::open(&mut flash, layout.journal)?;
    Ok(Store { flash, layout, limits, journal, state, arriving: None })
  }

  /// What is written down.
  pub fn state(&self) -> State {
    self.state
  }

  /// The flash.
  pub fn flash(&self) -> &F {
    &self.flash
  }

  /// What the image can take.
  pub fn limits(&self) -> &Limits {
    &self.limits
  }

  /// Offset of a slot.
  pub fn place(&self, slot: u8) -> Option<u32> {
    self.layout.slots.get(usize::from(slot).checked_sub(1)?).copied()
  }

  /// Bytes of a slot, with its header.
  pub fn slot(&self) -> u32 {
    self.layout.slot
  }

  /// Bytes that may follow a header.
  pub fn room(&self) -> u32 {
    self.layout.slot - HEADER as u32
  }

  /// Looks at all of a slot.
  fn verify(&mut self, slot: u8) -> Result<Header, Refusal> {
    let at = self.place(slot).ok_or(Refusal::Nothing)?;
    let mut bytes = [0; HEADER];
    self.flash.read(at, &mut bytes).map_err(|_| Refusal::Flash)?;
    let header = Header::check(&bytes, &self.limits, self.room())?;
    let [.., all] = header.parts().ok_or(Refusal::Format)?;
    let mut digest = Sha512::new();
    let mut piece = [0; PIECE];
    for offset in (0..all).step_by(PIECE) {
      let n = PIECE.min((all - offset) as usize);
      self.flash.read(at + HEADER as u32 + offset, &mut piece[..n]).map_err(|_| Refusal::Flash)?;
      digest.update(&piece[..n]);
    }
    if digest.finalize() == header.digest { Ok(header) } else { Err(Refusal::Damaged) }
  }

  fn write_down(&mut self, state: State) -> Result<(), Refusal> {
    self.journal.append(&mut self.flash, &state)?;
    self.state = state;
    Ok(())
  }

  /// Chooses what to start; a start on trial is counted before it begins.
  /// @param cause why the processor started
  pub fn choose(&mut self, cause: Cause) -> Choice {
    let State { trial, tries, .. } = self.state;
    let mut happened = None;
    if trial != 0 {
      // Nothing but power that failed may have kept it from proving itself.
      let again = tries == 0 || (tries < TRIES && matches!(cause, Cause::Power | Cause::Pin));
      let sound = if again { self.verify(trial).map_err(Happened::Refused) } else { Err(Happened::RolledBack) };
      let counted = sound.and_then(|header| {
        let state = State { tries: tries + 1, ..self.state };
        self.write_down(state).map(|()| header).map_err(Happened::Refused)
      });
      match counted {
        Ok(header) => return Choice { slot: trial, header: Some(header), trial: true, happened: None },
        Err(why) => {
          happened = Some(why);
          // A flash that does not take this either has the same at the next start.
          let _ = self.reject();
        }
      }
    }
    let good = self.state.good;
    if good == 0 {
      return Choice { slot: 0, header: None, trial: false, happened };
    }
    match self.verify(good) {
      Ok(header) => Choice { slot: good, header: Some(header), trial: false, happened },
      Err(why) => Choice { slot: 0, header: None, trial: false, happened: Some(Happened::Refused(why)) },
    }
  }

  /// The package on trial has proved itself.
  /// @param version that of its header
  pub fn confirm(&mut self, version: u32) -> Result<(), Refusal> {
    match self.state.trial {
      0 => Err(Refusal::Nothing),
      good => self.write_down(State { good, trial: 0, tries: 0, version }),
    }
  }

  /// The package on trial has failed.
  pub fn reject(&mut self) -> Result<(), Refusal> {
    if self.state.trial == 0 { Ok(()) } else { self.write_down(State { trial: 0, tries: 0, ..self.state }) }
  }

  /// A package is announced by its header.
  /// @returns bytes behind the header that have come already
  pub fn begin(&mut self, bytes: &[u8; HEADER]) -> Result<u32, Refusal> {
    if let Some(arriving) = &self.arriving
      && arriving.bytes == *bytes
    {
      return Ok(arriving.next);
    }
    if self.state.trial != 0 {
      return Err(Refusal::Trial);
    }
    let header = Header::check(bytes, &self.limits, self.room())?;
    if header.version <= self.state.version && !header.older {
      return Err(Refusal::Older);
    }
    let slot = if self.state.good == 1 { 2 } else { 1 };
    let at = self.place(slot).ok_or(Refusal::Nothing)?;
    // Without its header the slot has nothing in it.
    self.arriving = None;
    self.erase(at)?;
    self.arriving = Some(Arriving { slot, bytes: *bytes, header, next: 0, digest: Sha512::new() });
    Ok(0)
  }

  fn erase(&mut self, at: u32) -> Result<(), Refusal> {
    self.flash.erase(at, at + F::ERASE_SIZE as u32).map_err(|_| Refusal::Flash)
  }

  /// Bytes behind the header have come: 512 of them, fewer at the end. Others than the next ones change nothing.
  /// @returns where the next ones begin
  pub fn data(&mut self, offset: u32, bytes: &[u8]) -> Result<u32, Refusal> {
    let Some(mut a) = self.arriving.take() else { return Err(Refusal::Nothing) };
    let all = a.header.parts().map_or(0, |[.., all]| all);
    let expected = PIECE.min(all.saturating_sub(a.next) as usize);
    if offset == a.next && bytes.len() == expected && expected > 0 {
      let at = self.place(a.slot).ok_or(Refusal::Nothing)? + HEADER as u32 + offset;
      let mut piece = [0xff; PIECE];
      piece[..expected].copy_from_slice(bytes);
      // Blocks are erased when they are come to, so that none of it takes long.
      for block in (at..at + PIECE as u32).filter(|b| b.is_multiple_of(F::ERASE_SIZE as u32)) {
        self.erase(block)?;
      }
      self.flash.write(at, &piece).map_err(|_| Refusal::Flash)?;
      let mut back = [0; PIECE];
      self.flash.read(at, &mut back).map_err(|_| Refusal::Flash)?;
      if back != piece {
        return Err(Refusal::Flash);
      }
      a.digest.update(&back[..expected]);
      a.next += expected as u32;
    }
    let next = a.next;
    self.arriving = Some(a);
    Ok(next)
  }

  /// All of a package has come: it is on trial from the next start on.
  pub fn commit(&mut self) -> Result<(), Refusal> {
    let Some(a) = self.arriving.take() else { return Err(Refusal::Nothing) };
    let complete = a.header.parts().is_some_and(|[.., all]| all == a.next);
    if !complete || a.digest.finalize() != a.header.digest {
      return Err(Refusal::Damaged);
    }
    let at = self.place(a.slot).ok_or(Refusal::Nothing)?;
    self.flash.write(at, &a.bytes).map_err(|_| Refusal::Flash)?;
    self.verify(a.slot)?;
    self.write_down(State { trial: a.slot, tries: 0, ..self.state })
  }
}
