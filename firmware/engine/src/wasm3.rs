//! The core in the interpreter wasm3: c/interpreter.c.

use g2g_interface::Memory;

use crate::check::{Limits, Tables, check};
use crate::served::Only;
use crate::{Export, Imports, Trap};

mod c {
  unsafe extern "C" {
    pub static mut g2g_stack_limit: usize;
    pub static g2g_arena_used: usize;
    pub static g2g_arena_late: u32;
    pub static g2g_wasm3_size: u32;
    pub fn g2g_arena_scratch(bytes: usize) -> *mut u8;
    pub fn g2g_wasm3_start(bytes: *const u8, length: u32) -> u32;
    pub fn g2g_wasm3_restart() -> u32;
    pub fn g2g_wasm3_memory(size: *mut u32) -> *mut u8;
    pub fn g2g_wasm3_step(now: u64, work: u32, wait: *mut u64) -> u32;
    pub fn g2g_wasm3_call(number: u32, args: *const u32, result: *mut u32) -> u32;
    pub fn g2g_wasm3_stack() -> u32;
  }
}

/// The instance.
pub struct Engine {
  only: Only,
}

/// What the interpreter takes of the stack for a block inside another while it compiles them, bytes.
const NESTED: usize = 256;

/// Nesting that is allowed where nothing is known of the stack.
const NESTING: usize = 64;

/// Looks at a module in the memory that the interpreter will take.
fn validate(module: &[u8]) -> Result<(), &'static str> {
  let here = 0u8;
  let limit = unsafe { c::g2g_stack_limit };
  let left = ((&raw const here) as usize).saturating_sub(limit);
  let limits =
    Limits { memory: unsafe { c::g2g_wasm3_size }, nesting: if limit == 0 { NESTING } else { left / NESTED } };
  let scratch: *mut Tables = unsafe { c::g2g_arena_scratch(size_of::<Tables>()) }.cast();
  if scratch.is_null() || !scratch.is_aligned() {
    return Err("the arena is too small to look at a module");
  }
  // All bytes are 0, which is what empty tables are, and nothing else uses them until the interpreter starts.
  check(module, unsafe { &mut *scratch }, &limits)
}

impl Engine {
  /// Takes a module in: checks it, compiles all of its functions, runs its start function, which may not call imports.
  /// The bytes are used as long as the engine lives.
  /// @throws [`Trap::Module`] for a module that is damaged, too large, no core, or needs more than the image has
  pub fn start(module: &'static [u8]) -> Result<Engine, Trap> {
    let mut only = Only::take()?;
    validate(module).map_err(Trap::Module)?;
    only.begin(|| unsafe { c::g2g_wasm3_start(module.as_ptr(), module.len() as u32) })?;
    let engine = Engine { only };
    if engine.memory().size() == 0 { Err(Trap::Module("the module has no memory")) } else { Ok(engine) }
  }

  /// Whether accesses of the core are checked.
  pub fn checked(&self) -> bool {
    true
  }

  /// The linear memory.
  pub fn memory(&self) -> Memory {
    let mut size = 0;
    let base = unsafe { c::g2g_wasm3_memory(&mut size) };
    unsafe { Memory::new(base, if base.is_null() { 0 } else { size }) }
  }

  /// Tells how far down the stack reaches, and how much imports and interrupts need of it: a call that would leave less is a
  /// trap. Without, only the stack of values is looked at. To be called before `start`.
  pub fn limit_stack(lowest: usize, reserve: usize) {
    unsafe { c::g2g_stack_limit = lowest.saturating_add(reserve) };
  }

  /// Bytes that were ever used of the stack of values.
  pub fn stack_used(&self) -> u32 {
    unsafe { c::g2g_wasm3_stack() }
  }

  /// Bytes of the arena in use.
  pub fn arena_used(&self) -> usize {
    unsafe { c::g2g_arena_used }
  }

  /// How often wasm3 has asked for memory since the start, and got none: 0 in a sound image.
  pub fn late_allocations(&self) -> u32 {
    unsafe { c::g2g_arena_late }
  }

  /// Takes a step of the core.
  /// @param now the host's clock, ns
  /// @param work about microseconds
  /// @returns what to do next: see [`g2g_interface::abi::Wait`]
  pub fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap> {
    let memory = self.memory();
    let mut wait = 0;
    self.only.serve(imports, memory, || unsafe { c::g2g_wasm3_step(now as u64, work as u32, &mut wait) })?;
    Ok(wait as i64)
  }

  /// Calls an export that is there. Too few arguments are a trap too.
  pub fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    self.only.alive()?;
    if args.len() != export.arity() {
      return Err(Trap::Missing);
    }
    let mut given = [0u32; 3];
    for (to, from) in given.iter_mut().zip(args) {
      *to = *from as u32;
    }
    let memory = self.memory();
    let mut result = 0;
    self.only.serve(imports, memory, || unsafe { c::g2g_wasm3_call(export as u32, given.as_ptr(), &mut result) })?;
    Ok(result as i32)
  }

  /// Puts the memory back to what the core begins with; also after a trap.
  pub fn restart(&mut self) -> Result<(), Trap> {
    self.only.begin(|| unsafe { c::g2g_wasm3_restart() })
  }
}
