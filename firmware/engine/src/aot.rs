//! The core as C, compiled into the image: c/aot.c and what firmware/tool/aot.ts made.

use g2g_interface::Memory;

use crate::served::Only;
use crate::{Export, Imports, Trap};

#[allow(non_upper_case_globals)]
mod c {
  unsafe extern "C" {
    pub static mut G2G_MEMORY: [u8; 0];
    pub static g2g_core_memory: u32;
    pub static g2g_core_checked: u32;
    pub static g2g_core_exports: u32;
    pub static mut g2g_stack_limit: usize;
    pub fn g2g_aot_start() -> u32;
    pub fn g2g_aot_step(now: u64, work: u32, wait: *mut u64) -> u32;
    pub fn g2g_aot_call(function: u32, args: *const u32, result: *mut u32) -> u32;
  }
}

/// The instance.
pub struct Engine {
  only: Only,
}

impl Engine {
  /// Puts the memory to what the core begins with; the module is compiled in, so `module` is not looked at.
  /// @throws a trap of the module's start function, or [`Trap::Module`] while another engine lives
  pub fn start(module: &'static [u8]) -> Result<Engine, Trap> {
    let _ = module;
    let mut engine = Engine { only: Only::take()? };
    engine.restart()?;
    Ok(engine)
  }

  /// Whether accesses of the core are checked; an image says so where they are not.
  pub fn checked(&self) -> bool {
    unsafe { c::g2g_core_checked != 0 }
  }

  /// The linear memory.
  pub fn memory(&self) -> Memory {
    unsafe { Memory::new((&raw mut c::G2G_MEMORY).cast(), c::g2g_core_memory) }
  }

  /// Tells how far down the stack reaches, and how much the functions of the core that do not call themselves, the imports and
  /// interrupts need of it: a call that would leave less is a trap. Without, nothing is looked at. To be called before `start`.
  pub fn limit_stack(lowest: usize, reserve: usize) {
    unsafe { c::g2g_stack_limit = lowest.saturating_add(reserve) };
  }

  /// Bytes used of the engine's own stack: it has none.
  pub fn stack_used(&self) -> u32 {
    0
  }

  /// Takes a step of the core.
  /// @param now the host's clock, ns
  /// @param work about microseconds
  /// @returns what to do next: see [`g2g_interface::abi::Wait`]
  pub fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap> {
    let memory = self.memory();
    let mut wait = 0;
    self.only.serve(imports, memory, || unsafe { c::g2g_aot_step(now as u64, work as u32, &mut wait) })?;
    Ok(wait as i64)
  }

  /// Calls an export that is there. Too few arguments are a trap too.
  pub fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    self.only.alive()?;
    let number = export as u32;
    if unsafe { c::g2g_core_exports } >> number & 1 == 0 || args.len() != export.arity() {
      return Err(Trap::Missing);
    }
    let memory = self.memory();
    let mut result = 0;
    self.only.serve(imports, memory, || unsafe { c::g2g_aot_call(number, args.as_ptr().cast(), &mut result) })?;
    Ok(result as i32)
  }

  /// Puts the memory back to what the core begins with; also after a trap.
  pub fn restart(&mut self) -> Result<(), Trap> {
    self.only.begin(|| unsafe { c::g2g_aot_start() })
  }
}
