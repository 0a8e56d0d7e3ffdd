//! Elements whose bytes are known elsewhere.

/// As many as a host has open.
const MOST: usize = 8;

/// What such an element has given so far.
#[derive(Clone, Copy)]
pub(crate) struct Source {
  pub handle: i32,
  /// Its number in the recording, once it was named.
  pub number: Option<u32>,
  pub name: &'static str,
  /// Bytes.
  pub given: u64,
}

pub(crate) struct Sources {
  slots: [Option<Source>; MOST],
  named: u32,
}

impl Sources {
  pub const fn new() -> Self {
    Sources { slots: [None; MOST], named: 0 }
  }

  /// An element was opened.
  pub fn open(&mut self, handle: i32, name: &str, reproducible: &'static [&'static str]) {
    let Some(name) = reproducible.iter().find(|n| **n == name) else { return };
    // One that is opened again begins again.
    if let Some(again) = self.slots.iter_mut().flatten().find(|s| s.name == *name) {
      (again.handle, again.given) = (handle, 0);
    } else if let Some(slot) = self.slots.iter_mut().find(|s| s.is_none()) {
      *slot = Some(Source { handle, number: None, name, given: 0 });
    }
  }

  /// Bytes came from an element; where they stand among all of its own, and whether it has to be named first.
  pub fn give(&mut self, handle: i32, bytes: u32) -> Option<(Source, bool)> {
    let Sources { slots, named } = self;
    let source = slots.iter_mut().flatten().find(|s| s.handle == handle)?;
    let new = source.number.is_none();
    if new {
      source.number = Some(*named);
      *named += 1;
    }
    let before = *source;
    source.given += bytes as u64;
    Some((before, new))
  }
}
