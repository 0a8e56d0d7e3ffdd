//! Why a package is not taken.

/// Numbers of the protocol; 0 is none of them.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
  /// It is no package, or of a format that is not known.
  Format = 1,
  /// It is not signed with the key of this board.
  Signature = 2,
  /// It is for another board.
  Board = 3,
  /// It is larger than a slot.
  TooLarge = 4,
  /// It needs more memory than the image has.
  Memory = 5,
  /// It is not newer than what runs, and was not signed as one that may be older.
  Older = 6,
  /// It wants an element that the image has not.
  Element = 7,
  /// A package is on trial.
  Trial = 8,
  /// The flash does not keep what is written.
  Flash = 9,
  /// What came is not what was signed.
  Damaged = 10,
  /// No package was announced.
  Nothing = 11,
  /// Too soon after one that was refused.
  Soon = 12,
}

impl Refusal {
  /// In short, for the console.
  pub const fn text(self) -> &'static str {
    match self {
      Refusal::Format => "no package",
      Refusal::Signature => "wrong signature",
      Refusal::Board => "for another board",
      Refusal::TooLarge => "too large",
      Refusal::Memory => "needs more memory",
      Refusal::Older => "not newer",
      Refusal::Element => "wants an element that is not here",
      Refusal::Trial => "another is on trial",
      Refusal::Flash => "the flash fails",
      Refusal::Damaged => "damaged",
      Refusal::Nothing => "not announced",
      Refusal::Soon => "too soon",
    }
  }
}
