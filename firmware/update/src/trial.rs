//! A package that has to prove itself.

use g2g_engine::{Export, Imports, Trap};
use g2g_interface::Memory;
use g2g_interface::abi::{HostError, Op};
use g2g_runtime::{Machine, Policy};

/// What confirms a package: so many frames handed to elements, and so long without a fault.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
  /// Frames that elements took.
  pub frames: u32,
  /// Since the first step, ns.
  pub time: i64,
}

impl Proof {
  /// What suits most pipelines.
  pub const DEFAULT: Proof = Proof { frames: 25, time: 3_000_000_000 };
}

/// An engine that is watched until its module has proved itself.
pub struct OnTrial<M, C> {
  machine: M,
  proof: Proof,
  /// Called once, with the proof; `None` afterwards.
  proved: Option<C>,
  since: Option<i64>,
  frames: u32,
}

impl<M: Machine, C: FnOnce()> OnTrial<M, C> {
  /// Watches an engine.
  pub fn new(machine: M, proof: Proof, proved: C) -> Self {
    OnTrial { machine, proof, proved: Some(proved), since: None, frames: 0 }
  }
}

impl<M: Machine, C: FnOnce()> Machine for OnTrial<M, C> {
  fn memory(&self) -> Memory {
    self.machine.memory()
  }

  fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap> {
    if self.proved.is_none() {
      return self.machine.step(imports, now, work);
    }
    let since = *self.since.get_or_insert(now);
    let result = self.machine.step(&mut Counted { imports, frames: &mut self.frames }, now, work);
    let enough = self.frames >= self.proof.frames && now.saturating_sub(since) >= self.proof.time;
    if result.is_ok()
      && enough
      && let Some(proved) = self.proved.take()
    {
      proved();
    }
    result
  }

  fn restart(&mut self) -> Result<(), Trap> {
    (self.since, self.frames) = (None, 0);
    self.machine.restart()
  }

  fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    self.machine.call(imports, export, args)
  }
}

/// Counts frames that elements take.
struct Counted<'a> {
  imports: &'a mut dyn Imports,
  frames: &'a mut u32,
}

impl Imports for Counted<'_> {
  fn open(&mut self, memory: Memory, kind: u32, spec: u32, length: u32) -> i32 {
    self.imports.open(memory, kind, spec, length)
  }

  fn submit(&mut self, memory: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    let result = self.imports.submit(memory, handle, op, ptr, length, aux, token);
    let taken = result >= 0 || result == HostError::Pending as i32;
    *self.frames += u32::from(taken && op == Op::Frame as u32);
    result
  }

  fn cancel(&mut self, token: u32) {
    self.imports.cancel(token);
  }

  fn close(&mut self, handle: i32) {
    self.imports.close(handle);
  }

  fn retain(&mut self, handle: i32) {
    self.imports.retain(handle);
  }

  fn release(&mut self, handle: i32) {
    self.imports.release(handle);
  }

  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    self.imports.post(memory, kind, ptr, length);
  }

  fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    self.imports.random(memory, ptr, length);
  }

  fn tick(&mut self) -> i64 {
    self.imports.tick()
  }
}

/// What a package on trial may do about faults: nothing that begins again, since that is the package's failure.
pub const TRIAL: Policy = Policy { pipelines: 0, ..Policy::DEFAULT };
