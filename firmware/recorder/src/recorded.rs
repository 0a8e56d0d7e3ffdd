//! An engine whose calls are recorded.

use g2g_interface::Memory;
use g2g_runtime::engine::{Export, Imports, Trap};
use g2g_runtime::{Image, Machine};

use crate::Settings;
use crate::entry::Entry;
use crate::queue::Queue;
use crate::tap::Tap;

/// Stands in front of an engine; the recording ends with it.
pub struct Recorded<M, const N: usize> {
  machine: M,
  tap: Tap<N>,
}

impl<M: Machine, const N: usize> Recorded<M, N> {
  /// Begins a recording.
  /// @param machine the engine, which has done nothing yet
  /// @param queue empty, of this recording only
  /// @param session a number that another start of the board has not
  pub fn new(
    machine: M,
    queue: &'static Queue<N>,
    image: &'static Image,
    settings: &'static Settings,
    session: u32,
  ) -> Self {
    Recorded { machine, tap: Tap::new(queue, image, settings, session) }
  }
}

impl<M, const N: usize> Drop for Recorded<M, N> {
  fn drop(&mut self) {
    self.tap.finish();
  }
}

impl<M: Machine, const N: usize> Machine for Recorded<M, N> {
  fn memory(&self) -> Memory {
    self.machine.memory()
  }

  fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap> {
    self.tap.step(self.machine.memory(), now, work);
    let result = self.machine.step(&mut Tapped { imports, tap: &mut self.tap }, now, work);
    match result {
      Ok(wait) => self.tap.returned(wait),
      Err(trap) => self.tap.trapped(trap.name()),
    }
    result
  }

  fn restart(&mut self) -> Result<(), Trap> {
    self.machine.restart()?;
    self.tap.restart();
    Ok(())
  }

  fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    if args.len() != export.arity() {
      return Err(Trap::Missing);
    }
    self.tap.called(self.machine.memory(), export, args);
    let result = self.machine.call(&mut Tapped { imports, tap: &mut self.tap }, export, args);
    match result {
      Ok(answer) => self.tap.returned(answer as i64),
      Err(trap) => self.tap.trapped(trap.name()),
    }
    if let Ok(answer) = result {
      self.tap.answered(self.machine.memory(), export, args, answer);
    }
    result
  }
}

/// The host's imports, written down.
struct Tapped<'a, const N: usize> {
  imports: &'a mut dyn Imports,
  tap: &'a mut Tap<N>,
}

impl<const N: usize> Imports for Tapped<'_, N> {
  fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32) -> i32 {
    let handle = self.imports.open(memory, kind, spec, length);
    self.tap.open(memory, kind, spec, length, handle);
    handle
  }

  fn submit(&mut self, memory: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    let imports = &mut *self.imports;
    self.tap.submit(memory, handle, op, ptr, length, aux, token, || {
      imports.submit(memory, handle, op, ptr, length, aux, token)
    })
  }

  fn cancel(&mut self, token: u32) {
    self.tap.numbered(Entry::Cancel, token);
    self.imports.cancel(token);
  }

  fn close(&mut self, handle: i32) {
    self.tap.numbered(Entry::Close, handle as u32);
    self.imports.close(handle);
  }

  fn retain(&mut self, handle: i32) {
    self.tap.numbered(Entry::Retain, handle as u32);
    self.imports.retain(handle);
  }

  fn release(&mut self, handle: i32) {
    self.tap.numbered(Entry::Release, handle as u32);
    self.imports.release(handle);
  }

  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    self.tap.post(memory, kind, ptr, length);
    self.imports.post(memory, kind, ptr, length);
  }

  fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    self.imports.random(memory, ptr, length);
    self.tap.random(memory, ptr, length);
  }

  fn tick(&mut self) -> i64 {
    self.imports.tick()
  }
}
