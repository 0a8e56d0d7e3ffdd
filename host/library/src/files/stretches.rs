//! The stretches of a Write, as they lie in linear memory.

use std::io::IoSlice;

use g2g_interface::Memory;

/// Stretches that one call of the system takes: IOV_MAX.
const BATCH: usize = 1024;

/// Pairs of one Write. The core gathers far fewer; what it says is not believed.
const MAX_PAIRS: u32 = 1 << 20;

/// What is left to be written of a gathered Write.
#[derive(Debug)]
pub struct Stretches {
  /// Address and length; those that lie one behind the other are joined, none is empty.
  parts: Vec<(u32, u32)>,
  /// The first part that is not all written, and how much of it is.
  first: usize,
  done: u32,
  size: i32,
  left: u32,
}

impl Stretches {
  /// Reads `count` pairs of u32 (address, length) at `at`; `None` when one of them, or the whole, is not what can be written.
  pub fn gather(memory: &Memory, at: u32, count: u32) -> Option<Stretches> {
    if count > MAX_PAIRS {
      return None;
    }
    let pairs = memory.bytes(at, 8 * count)?;
    let mut parts: Vec<(u32, u32)> = Vec::new();
    let mut size = 0i32;
    for pair in pairs.as_chunks::<8>().0 {
      let [a, b, c, d, e, f, g, h] = *pair;
      let (address, length) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
      memory.pointer(address, length)?;
      size = size.checked_add(i32::try_from(length).ok()?)?;
      match parts.last_mut() {
        // The sum is that of an address inside the memory.
        Some(last) if last.0 + last.1 == address => last.1 += length,
        _ if length > 0 => parts.push((address, length)),
        _ => {}
      }
    }
    Some(Stretches { parts, first: 0, done: 0, size, left: size as u32 })
  }

  /// Bytes of the whole Write.
  pub fn size(&self) -> i32 {
    self.size
  }

  /// Bytes that are written.
  pub fn written(&self) -> u32 {
    self.size as u32 - self.left
  }

  /// Whether all is written.
  pub fn is_done(&self) -> bool {
    self.left == 0
  }

  /// What is to be written next: as much as one call takes.
  pub fn batch<'a>(&self, memory: &'a Memory) -> Vec<IoSlice<'a>> {
    self.rest().filter_map(|(at, n)| Some(IoSlice::new(memory.bytes(at, n)?))).take(BATCH).collect()
  }

  /// Copies what is to be written next; how many bytes that are.
  pub fn copy(&self, memory: &Memory, to: &mut [u8]) -> usize {
    let mut n = 0;
    for (at, length) in self.rest() {
      let piece = (length as usize).min(to.len() - n);
      let Some(bytes) = memory.bytes(at, piece as u32) else { break };
      to[n..n + piece].copy_from_slice(bytes);
      n += piece;
      if n == to.len() {
        break;
      }
    }
    n
  }

  /// Counts `n` more bytes as written.
  pub fn advance(&mut self, n: usize) {
    let mut n = (n as u64).min(u64::from(self.left)) as u32;
    self.left -= n;
    while n > 0 {
      let here = (self.parts[self.first].1 - self.done).min(n);
      n -= here;
      self.done += here;
      if self.done == self.parts[self.first].1 {
        self.first += 1;
        self.done = 0;
      }
    }
  }

  fn rest(&self) -> impl Iterator<Item = (u32, u32)> {
    let done = self.done;
    self.parts[self.first..].iter().enumerate().map(
      move |(i, &(at, n))| {
        if i == 0 { (at + done, n - done) } else { (at, n) }
      },
    )
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  fn with(pairs: &[(u32, u32)], check: impl FnOnce(&Memory, Option<Stretches>)) {
    let mut bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    for (i, (at, n)) in pairs.iter().enumerate() {
      bytes[8 * i..8 * i + 4].copy_from_slice(&at.to_le_bytes());
      bytes[8 * i + 4..8 * i + 8].copy_from_slice(&n.to_le_bytes());
    }
    let memory = unsafe { Memory::new(bytes.as_mut_ptr(), 4096) };
    check(&memory, Stretches::gather(&memory, 0, pairs.len() as u32));
  }

  #[test]
  fn stretches_one_behind_the_other_are_joined() {
    with(&[(2000, 10), (2010, 0), (2010, 5), (3000, 0), (1000, 1), (1002, 2)], |_, s| {
      let s = s.unwrap();
      assert_eq!(s.parts, [(2000, 15), (1000, 1), (1002, 2)]);
      assert_eq!((s.size(), s.written()), (18, 0));
    });
  }

  #[test]
  fn what_is_left_is_found_after_any_count() {
    with(&[(2000, 3), (1000, 1), (2048, 4)], |memory, s| {
      let all: Vec<u8> = s.unwrap().batch(memory).iter().flat_map(|b| b.to_vec()).collect();
      for n in 0..=8 {
        for m in 0..=8 - n {
          let mut s = Stretches::gather(memory, 0, 3).unwrap();
          s.advance(n);
          s.advance(m);
          let rest: Vec<u8> = s.batch(memory).iter().flat_map(|b| b.to_vec()).collect();
          assert_eq!(rest, all[n + m..]);
          assert_eq!((s.written(), s.is_done()), ((n + m) as u32, n + m == 8));
          let mut copy = [0; 5];
          let copied = s.copy(memory, &mut copy);
          assert_eq!(copy[..copied], all[n + m..(n + m + 5).min(8)]);
        }
      }
    });
  }

  #[test]
  fn stretches_outside_the_memory_are_refused() {
    for pair in [(4090, 7), (4097, 0), (u32::MAX, 1), (0, u32::MAX)] {
      with(&[(16, 4), pair], |_, s| assert!(s.is_none(), "{pair:?}"));
    }
    with(&[], |memory, s| {
      assert!(s.unwrap().is_done());
      assert!(Stretches::gather(memory, 4092, 1).is_none());
      assert!(Stretches::gather(memory, 0, 513).is_none());
      assert!(Stretches::gather(memory, 0, u32::MAX).is_none());
    });
  }

  #[test]
  fn more_bytes_than_a_result_can_tell_are_refused() {
    let size = 1u32 << 30;
    let memory = unsafe { Memory::new(Box::leak(vec![0u8; size as usize].into_boxed_slice()).as_mut_ptr(), size) };
    for i in 0..2 {
      memory.set_u32(8 * i, 0);
      memory.set_u32(8 * i + 4, size);
    }
    assert_eq!(Stretches::gather(&memory, 0, 1).unwrap().size(), 1 << 30);
    assert!(Stretches::gather(&memory, 0, 2).is_none());
  }
}
