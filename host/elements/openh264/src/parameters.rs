//! Parameter sets of a stream (ITU-T H.264, 7.3.2.1, 7.3.2.2), which a decoder that begins anew has to be told.

use std::collections::BTreeMap;

/// Bytes of a parameter set that is kept; they are far smaller.
const MAX_SIZE: usize = 1 << 16;

const SEQUENCE: u8 = 7;
const PICTURE: u8 = 8;
const IDR: u8 = 5;

/// Sets by kind and number, as byte stream.
#[derive(Default)]
pub struct ParameterSets(BTreeMap<(u8, u32), Vec<u8>>);

impl ParameterSets {
  /// Keeps the sets of an access unit.
  pub fn note(&mut self, unit: &[u8]) {
    for nal in nal_units(unit) {
      let (kind, skip) = match nal[0] & 31 {
        SEQUENCE => (SEQUENCE, 4),
        PICTURE => (PICTURE, 1),
        _ => continue,
      };
      let most = if kind == SEQUENCE { 31 } else { 255 };
      let Some(number) = nal.get(skip..).and_then(exp_golomb).filter(|n| *n <= most && nal.len() <= MAX_SIZE) else {
        continue;
      };
      let set = self.0.entry((kind, number)).or_default();
      if set.get(4..) != Some(nal) {
        set.clear();
        set.extend_from_slice(&[0, 0, 0, 1]);
        set.extend_from_slice(nal);
      }
    }
  }

  /// Hands out all sets, those of sequences first.
  pub fn each(&self, mut take: impl FnMut(&[u8])) {
    self.0.values().for_each(|set| take(set));
  }
}

/// Whether an access unit can be decoded without those before it.
pub fn has_idr(unit: &[u8]) -> bool {
  nal_units(unit).any(|nal| nal[0] & 31 == IDR)
}

/// The NAL units of a byte stream (B.1), without the zeros behind them; none is empty.
fn nal_units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
  let mut rest = after_start_code(bytes);
  std::iter::from_fn(move || {
    loop {
      let unit = rest?;
      rest = after_start_code(unit);
      let end = rest.map_or(unit.len(), |next| unit.len() - next.len() - 3);
      let length = unit[..end].iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
      if length > 0 {
        return Some(&unit[..length]);
      }
    }
  })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
  bytes.windows(3).position(|w| w == [0, 0, 1]).map(|at| &bytes[at + 3..])
}

/// The ue(v) (9.1) at the start of bytes. Numbers of sets are too small for an emulation prevention byte.
fn exp_golomb(bytes: &[u8]) -> Option<u32> {
  let bit = |i: usize| Some(u32::from(bytes.get(i / 8)? >> (7 - i % 8) & 1));
  let mut zeros = 0;
  while bit(zeros)? == 0 {
    zeros += 1;
    if zeros > 16 {
      return None;
    }
  }
  let mut value = 0;
  for i in zeros..=2 * zeros {
    value = value << 1 | bit(i)?;
  }
  Some(value - 1)
}

#[cfg(test)]
mod tests {
  use super::*;

  fn kept(sets: &ParameterSets) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    sets.each(|set| all.push(set.to_vec()));
    all
  }

  #[test]
  fn sets_are_kept_by_number_and_replaced() {
    let mut sets = ParameterSets::default();
    // A picture parameter set 0, a sequence parameter set 0 and 1, a slice.
    sets.note(&[
      0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x67, 66, 0, 30, 0x80, 7, 0, 0, 1, 0x67, 66, 0, 30, 0x40, 0, 0, 1, 0x65, 9,
    ]);
    let first = [
      vec![0, 0, 0, 1, 0x67, 66, 0, 30, 0x80, 7],
      vec![0, 0, 0, 1, 0x67, 66, 0, 30, 0x40],
      vec![0, 0, 0, 1, 0x68, 0xce],
    ];
    assert_eq!(kept(&sets), first);
    sets.note(&[0, 0, 1, 0x67, 66, 0, 31, 0x80, 8]);
    assert_eq!(kept(&sets)[0], [0, 0, 0, 1, 0x67, 66, 0, 31, 0x80, 8]);
    assert_eq!(kept(&sets).len(), 3);
  }

  #[test]
  fn what_is_cut_off_or_numbered_wildly_is_not_kept() {
    let mut sets = ParameterSets::default();
    for unit in [
      &[0u8, 0, 1, 0x67, 66][..],
      &[0, 0, 1, 0x67, 66, 0, 30, 0, 0, 0],
      &[0, 0, 1],
      &[0, 0, 1, 0x67, 66, 0, 30, 4, 0x20],
    ] {
      sets.note(unit);
    }
    assert!(kept(&sets).is_empty());
  }

  #[test]
  fn key_frames_are_known_by_their_slices() {
    assert!(has_idr(&[0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x65, 1]));
    assert!(!has_idr(&[0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x41, 0x65]));
    assert!(!has_idr(&[]));
  }

  #[test]
  fn numbers_are_read() {
    assert_eq!(exp_golomb(&[0x80]), Some(0));
    assert_eq!(exp_golomb(&[0b0100_0000]), Some(1));
    assert_eq!(exp_golomb(&[0b0010_1000]), Some(4));
    assert_eq!(exp_golomb(&[0, 0, 0, 0xff]), None);
    assert_eq!(exp_golomb(&[]), None);
  }
}
