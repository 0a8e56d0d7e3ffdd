//! A flash that loses its power, and packages for it.
#![allow(dead_code)]

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage::nor_flash::{
  ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use g2g_update::{HEADER, Layout, Limits, Store};
use salty::{Keypair, Sha512};

pub const BLOCK: usize = 1024;
pub const LAYOUT: Layout = Layout { journal: 0, slots: [2048, 2048 + 4096], slot: 4096 };
pub const SIZE: usize = 2048 + 2 * 4096;

/// What a flash holds, and how it came to.
pub struct Cells {
  pub bytes: Vec<u8>,
  /// Bytes that were written or erased, in order.
  pub changes: Vec<(usize, u8)>,
  /// A place that keeps nothing.
  pub bad: Option<usize>,
}

#[derive(Clone)]
pub struct Flash(pub Rc<RefCell<Cells>>);

impl Flash {
  /// Full of what nobody wrote.
  pub fn new() -> Self {
    Flash::of((0..SIZE).map(|i| ((i * 31) >> 3) as u8).collect())
  }
  pub fn of(bytes: Vec<u8>) -> Self {
    Flash(Rc::new(RefCell::new(Cells { bytes, changes: Vec::new(), bad: None })))
  }
  pub fn copy(&self) -> Self {
    Flash::of(self.0.borrow().bytes.clone())
  }

  /// All that may be left of it when power fails while something is done with a copy of it: after each byte, the last of
  /// which is whole or half changed.
  pub fn cuts(&self, doing: impl FnOnce(&Flash)) -> impl Iterator<Item = (usize, Flash)> {
    let mut bytes = self.0.borrow().bytes.clone();
    let whole = self.copy();
    doing(&whole);
    let changes = whole.0.borrow().changes.clone();
    changes.into_iter().enumerate().flat_map(move |(n, (at, byte))| {
      let half = bytes[at] & 0x0f | byte & 0xf0;
      let mut cut = Vec::new();
      // Where slots are filled, one byte is as good as the next.
      if at < 2 * BLOCK || n % 16 == 0 {
        bytes[at] = half;
        cut.push((n, Flash::of(bytes.clone())));
        bytes[at] = byte;
        cut.push((n, Flash::of(bytes.clone())));
      }
      bytes[at] = byte;
      cut
    })
  }
}

impl Cells {
  fn change(&mut self, at: usize, byte: u8) -> Result<(), NorFlashErrorKind> {
    if self.bad != Some(at) {
      self.bytes[at] = byte;
      self.changes.push((at, byte));
    }
    Ok(())
  }
}

impl ErrorType for Flash {
  type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
  const READ_SIZE: usize = 1;
  fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
    check_read(self, offset, bytes.len())?;
    let at = offset as usize;
    bytes.copy_from_slice(&self.0.borrow().bytes[at..at + bytes.len()]);
    Ok(())
  }
  fn capacity(&self) -> usize {
    SIZE
  }
}

impl NorFlash for Flash {
  const WRITE_SIZE: usize = 4;
  const ERASE_SIZE: usize = BLOCK;
  fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
    check_erase(self, from, to)?;
    let mut cells = self.0.borrow_mut();
    (from..to).try_for_each(|at| cells.change(at as usize, 0xff))
  }
  fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
    check_write(self, offset, bytes.len())?;
    let mut cells = self.0.borrow_mut();
    for (i, byte) in bytes.iter().enumerate() {
      let at = offset as usize + i;
      let before = cells.bytes[at];
      cells.change(at, before & byte)?;
    }
    Ok(())
  }
}

fn keys(seed: u8) -> Keypair {
  Keypair::from(&[seed; 32])
}

pub fn limits() -> Limits {
  let key = *keys(1).public.as_bytes();
  Limits { board: "desk", key, memory: 8192, arena: 20000, elements: &["udpsink", "tonesrc"] }
}

pub fn open(flash: &Flash) -> Store<Flash> {
  Store::open(flash.clone(), LAYOUT, limits()).unwrap()
}

/// A package.
pub struct Package {
  pub header: [u8; HEADER],
  pub payload: Vec<u8>,
}

/// What a package says.
#[derive(Clone)]
pub struct Says {
  pub version: u32,
  pub older: bool,
  pub board: &'static str,
  pub memory: u32,
  pub arena: u32,
  pub elements: &'static [&'static str],
  pub module: usize,
  pub signer: u8,
}

impl Says {
  pub fn version(version: u32) -> Says {
    Says {
      version,
      older: false,
      board: "desk",
      memory: 8192,
      arena: 20000,
      elements: &["udpsink"],
      module: 1501,
      signer: 1,
    }
  }
  pub fn package(&self) -> Package {
    let mut payload: Vec<u8> = (0..self.module).map(|i| (i * 7 + self.version as usize) as u8).collect();
    payload.resize(payload.len().next_multiple_of(4), 0);
    payload.extend(b"boot log");
    payload.extend(b"a ! b\0\0\0");
    let mut h = [0; HEADER];
    h[0..8].copy_from_slice(&[b'G', b'2', b'G', b'P', b'K', b'G', 1, self.older as u8]);
    let words = [self.version, self.memory, self.arena, 48, self.module as u32, 8, 5];
    for (i, w) in words.iter().enumerate() {
      h[8 + 4 * i..12 + 4 * i].copy_from_slice(&w.to_le_bytes());
    }
    h[36..36 + self.board.len()].copy_from_slice(self.board.as_bytes());
    h[68..100].fill(0xab);
    let mut digest = Sha512::new();
    digest.update(&payload);
    h[100..164].copy_from_slice(&digest.finalize());
    let mut at = 192;
    for name in self.elements {
      h[at..at + name.len()].copy_from_slice(name.as_bytes());
      at += name.len() + 1;
    }
    sign(&mut h, self.signer);
    Package { header: h, payload }
  }
}

pub fn sign(h: &mut [u8; HEADER], signer: u8) {
  let signature = keys(signer).sign(&h[..448]).to_bytes();
  h[448..].copy_from_slice(&signature);
}

/// Brings a package in.
pub fn bring(store: &mut Store<Flash>, package: &Package) -> Result<(), g2g_update::Refusal> {
  let mut next = store.begin(&package.header)? as usize;
  while next < package.payload.len() {
    let end = package.payload.len().min(next + 512);
    next = store.data(next as u32, &package.payload[next..end])? as usize;
  }
  store.commit()
}
