//! The imports as C calls them.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use g2g_interface::Memory;

use crate::{Imports, Trap};

/// Whose imports serve the call that runs, and the memory of the instance.
struct Current {
  imports: UnsafeCell<Option<*mut dyn Imports>>,
  memory: UnsafeCell<Memory>,
}

// One engine runs at a time, on one thread: see `Only`.
unsafe impl Sync for Current {}

static CURRENT: Current =
  Current { imports: UnsafeCell::new(None), memory: UnsafeCell::new(unsafe { Memory::new(core::ptr::null_mut(), 0) }) };

static TAKEN: AtomicBool = AtomicBool::new(false);

/// That this engine is the only one, and may go on. All engines of a program live on one thread.
pub(crate) struct Only {
  /// Why it may not go on.
  dead: Option<Trap>,
}

impl Only {
  pub(crate) fn take() -> Result<Only, Trap> {
    // Not a swap, which the smallest cores have not.
    if TAKEN.load(Ordering::Acquire) {
      return Err(Trap::Module("an engine is running already"));
    }
    TAKEN.store(true, Ordering::Release);
    Ok(Only { dead: None })
  }

  /// The trap that has ended the instance, if one has.
  pub(crate) fn alive(&self) -> Result<(), Trap> {
    self.dead.map_or(Ok(()), Err)
  }

  /// Begins the instance anew by `call`, which runs C without imports and answers 0 or a trap.
  pub(crate) fn begin(&mut self, call: impl FnOnce() -> u32) -> Result<(), Trap> {
    self.settle(call())
  }

  /// Serves imports while `call` runs C, which answers 0 or a trap; unless one has ended the instance.
  pub(crate) fn serve(
    &mut self,
    imports: &mut dyn Imports,
    memory: Memory,
    call: impl FnOnce() -> u32,
  ) -> Result<(), Trap> {
    self.alive()?;
    // The lifetime ends before this returns, and C calls nothing afterwards.
    let imports: *mut dyn Imports =
      unsafe { core::mem::transmute::<&mut dyn Imports, &'static mut dyn Imports>(imports) };
    unsafe {
      *CURRENT.imports.get() = Some(imports);
      *CURRENT.memory.get() = memory;
    }
    let code = call();
    unsafe { *CURRENT.imports.get() = None };
    self.settle(code)
  }

  fn settle(&mut self, code: u32) -> Result<(), Trap> {
    let result = Trap::check(code);
    // An export that is not there has done nothing.
    self.dead = result.err().filter(|trap| *trap != Trap::Missing);
    result
  }
}

impl Drop for Only {
  fn drop(&mut self) {
    TAKEN.store(false, Ordering::Release);
  }
}

/// The imports of the call that runs. A start function has none: what it asks for is refused.
fn with<R>(refused: R, f: impl FnOnce(&mut dyn Imports, Memory) -> R) -> R {
  // Imports never call the core, so there is one at a time.
  match unsafe { *CURRENT.imports.get() } {
    Some(imports) => f(unsafe { &mut *imports }, unsafe { *CURRENT.memory.get() }),
    None => refused,
  }
}

const REFUSED: i32 = g2g_interface::HostError::Unsupported as i32;

#[unsafe(no_mangle)]
extern "C" fn g2g_import_open(kind: u32, spec: u32, length: u32) -> i32 {
  with(REFUSED, |i, m| i.open(m, kind, spec, length))
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_submit(handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
  with(REFUSED, |i, m| i.submit(m, handle, op, ptr, length, aux, token))
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_cancel(token: u32) {
  with((), |i, _| i.cancel(token));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_close(handle: i32) {
  with((), |i, _| i.close(handle));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_retain(handle: i32) {
  with((), |i, _| i.retain(handle));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_release(handle: i32) {
  with((), |i, _| i.release(handle));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_post(kind: u32, ptr: u32, length: u32) {
  with((), |i, m| i.post(m, kind, ptr, length));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_random(ptr: u32, length: u32) {
  with((), |i, m| i.random(m, ptr, length));
}

#[unsafe(no_mangle)]
extern "C" fn g2g_import_tick() -> i64 {
  with(0, |i, _| i.tick())
}
