//! What the host asks of an engine.

use g2g_engine::{Export, Imports, Trap};
use g2g_interface::Memory;

/// An instance of the core under some engine. After a trap only [`Machine::restart`] may be called.
pub trait Machine {
  /// The linear memory, which stays where it is over restarts.
  fn memory(&self) -> Memory;

  /// Takes a step of the core.
  /// @param now the host's clock, ns
  /// @param work about microseconds
  /// @returns what to do next: see [`g2g_interface::abi::Wait`]
  fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap>;

  /// Puts the memory back to what the module begins with.
  fn restart(&mut self) -> Result<(), Trap>;

  /// Calls an export; `Trap::Missing` where the module has none of that name.
  fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap>;
}

#[cfg(any(feature = "aot", feature = "wasm3"))]
impl Machine for g2g_engine::Engine {
  fn memory(&self) -> Memory {
    g2g_engine::Engine::memory(self)
  }

  fn step(&mut self, imports: &mut dyn Imports, now: i64, work: i32) -> Result<i64, Trap> {
    g2g_engine::Engine::step(self, imports, now, work)
  }

  fn restart(&mut self) -> Result<(), Trap> {
    g2g_engine::Engine::restart(self)
  }

  fn call(&mut self, imports: &mut dyn Imports, export: Export, args: &[i32]) -> Result<i32, Trap> {
    g2g_engine::Engine::call(self, imports, export, args)
  }
}
