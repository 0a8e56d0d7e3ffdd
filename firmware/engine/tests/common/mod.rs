//! A host that answers by rule and writes down what it was asked: the same as ../host.mjs.
#![allow(dead_code)]

use std::fmt::Write;

use g2g_engine::Imports;
use g2g_interface::Memory;

#[derive(Default)]
/// The host.
pub struct FakeHost {
  /// What it was asked, a line each.
  pub calls: String,
  handles: i32,
}

/// Bytes of the memory as digits.
pub fn hex(memory: Memory, ptr: u32, length: u32) -> String {
  let bytes = memory.bytes(ptr, length).expect("the core names bytes that it has");
  bytes.iter().fold(String::new(), |mut text, b| {
    write!(text, "{b:02x}").unwrap();
    text
  })
}

impl Imports for FakeHost {
  fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32) -> i32 {
    writeln!(self.calls, "open {kind} {}", hex(memory, spec, length)).unwrap();
    self.handles += 1;
    self.handles
  }

  fn submit(&mut self, _: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    writeln!(self.calls, "submit {handle} {op} {ptr} {length} {aux} {token}").unwrap();
    if op == 17 { i32::MIN } else { 0 }
  }

  fn cancel(&mut self, token: u32) {
    writeln!(self.calls, "cancel {token}").unwrap();
  }

  fn close(&mut self, handle: i32) {
    writeln!(self.calls, "close {handle}").unwrap();
  }

  fn retain(&mut self, handle: i32) {
    writeln!(self.calls, "retain {handle}").unwrap();
  }

  fn release(&mut self, handle: i32) {
    writeln!(self.calls, "release {handle}").unwrap();
  }

  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    writeln!(self.calls, "post {kind} {}", hex(memory, ptr, length)).unwrap();
  }

  fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    memory.bytes_mut(ptr, length).expect("the core names bytes that it has").fill(0x5a);
  }

  fn tick(&mut self) -> i64 {
    123456789012
  }
}

/// Stack that a thread of a test has, and what of it the core may not go into.
pub const STACK: usize = 1 << 20;

/// Runs `f` on a thread whose stack the engine knows; engines of a program live on one thread at a time.
pub fn on_stack(f: impl FnOnce() + Send) {
  static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
  let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
  std::thread::scope(|scope| {
    let run = || {
      let here = 0u8;
      g2g_engine::Engine::limit_stack((&raw const here) as usize - STACK / 2, 4096);
      f();
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run).unwrap();
    if let Err(panic) = thread.join() {
      std::panic::resume_unwind(panic);
    }
  });
}
