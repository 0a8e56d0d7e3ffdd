//! The functions that run a pipeline.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::task::{Context, Poll};

use g2g_interface::HostError;
use g2g_runtime::{Host, Image, Machine, Operations, Outcome, Policy, ledger};

use crate::drivers::Drivers;
use crate::platform::{Platform, until};
use crate::types::{CElement, CPlatform};
use crate::wake;

/// The version of include/g2g.h.
pub const INTERFACE: u32 = 1;

/// What g2g_step says when the pipeline has ended by itself.
pub const EOS: i64 = -1;
/// When nothing that may still be tried would help.
pub const HALTED: i64 = -2;
/// When the processor is to be reset.
pub const RESET: i64 = -3;
/// When there is none.
pub const NOT_STARTED: i64 = -4;

/// A pipeline that runs, and how it has ended.
pub struct Runner<M: Machine> {
  host: Host<Platform, &'static mut Drivers, M>,
  over: Option<i64>,
}

impl<M: Machine> Runner<M> {
  /// A pipeline that has not begun.
  ///
  /// # Safety
  /// The platform stays as it is while this is used, and no other runner is.
  unsafe fn new(
    platform: *const CPlatform,
    drivers: &'static mut Drivers,
    machine: M,
    image: &'static Image,
    operations: &'static mut Operations,
  ) -> Self {
    let board = unsafe { Platform::new(platform) };
    let ledger = unsafe { ledger::kept() };
    Runner { host: Host::new(board, drivers, machine, image, operations, ledger, Policy::DEFAULT), over: None }
  }

  /// Does what can be done; see g2g_step.
  fn step(&mut self) -> i64 {
    if let Some(over) = self.over {
      return over;
    }
    wake::clear();
    self.host.board().alarm = i64::MAX;
    let waker = wake::waker();
    match self.host.poll(&mut Context::from_waker(&waker)) {
      Poll::Pending => until(self.host.board().alarm),
      Poll::Ready(outcome) => {
        let code = match outcome {
          Outcome::Eos => EOS,
          Outcome::Halted => HALTED,
          Outcome::Reset => RESET,
        };
        self.over = Some(code);
        code
      }
    }
  }
}

/// Whether a platform is as g2g.h wants it.
///
/// # Safety
/// As for g2g_start.
unsafe fn usable(platform: *const CPlatform) -> bool {
  unsafe { platform.as_ref() }.is_some_and(|p| p.interface == INTERFACE && p.now.is_some())
}

/// The one pipeline of a program, in memory that is all 0 at the start.
pub struct Running<M: Machine> {
  runner: UnsafeCell<MaybeUninit<Runner<M>>>,
  there: UnsafeCell<bool>,
  operations: UnsafeCell<Operations>,
  drivers: UnsafeCell<Drivers>,
}

// By the contract of g2g.h one task at a time uses it.
unsafe impl<M: Machine> Sync for Running<M> {}

impl<M: Machine> Running<M> {
  /// None runs yet.
  pub const fn new() -> Self {
    Running {
      runner: UnsafeCell::new(MaybeUninit::uninit()),
      there: UnsafeCell::new(false),
      operations: UnsafeCell::new(Operations::new()),
      drivers: UnsafeCell::new(Drivers::new()),
    }
  }

  /// # Safety
  /// No other borrow is used while the caller's is.
  #[allow(clippy::mut_from_ref)]
  unsafe fn get(&self) -> Option<&mut Runner<M>> {
    unsafe { if *self.there.get() { Some((*self.runner.get()).assume_init_mut()) } else { None } }
  }

  /// # Safety
  /// As for [`Running::get`].
  unsafe fn drop(&self) {
    unsafe {
      if core::mem::take(&mut *self.there.get()) {
        (*self.runner.get()).assume_init_drop();
      }
    }
  }

  /// # Safety
  /// As for g2g_start.
  pub unsafe fn start(
    &'static self,
    platform: *const CPlatform,
    elements: *const *const CElement,
    count: u32,
    image: &'static Image,
    engine: impl FnOnce(&CPlatform) -> Result<M, HostError>,
  ) -> i32 {
    if unsafe { self.get() }.is_some_and(|r| r.over.is_none()) {
      return HostError::Busy as i32;
    }
    // The pipeline before goes first: there is one engine, and one list of drivers.
    unsafe { self.drop() };
    let drivers = unsafe { &mut *self.drivers.get() };
    if !unsafe { usable(platform) && drivers.set(elements, count) } {
      return HostError::Invalid as i32;
    }
    wake::set_platform(platform);
    match engine(unsafe { &*platform }) {
      Ok(machine) => unsafe {
        let operations = &mut *self.operations.get();
        *operations = Operations::new();
        (*self.runner.get()).write(Runner::new(platform, drivers, machine, image, operations));
        *self.there.get() = true;
        0
      },
      Err(error) => error as i32,
    }
  }

  /// # Safety
  /// As for g2g_step.
  pub unsafe fn step(&self) -> i64 {
    unsafe { self.get() }.map_or(NOT_STARTED, Runner::step)
  }

  /// # Safety
  /// As for g2g_stop.
  pub unsafe fn stop(&self) {
    if let Some(runner) = unsafe { self.get() } {
      runner.host.elements().close_all();
    }
    unsafe { self.drop() };
  }
}

#[cfg(any(feature = "aot", feature = "wasm3"))]
mod exported {
  use g2g_interface::HostError;
  use g2g_runtime::Board;
  use g2g_runtime::engine::Engine;

  use super::{NOT_STARTED, Running};
  use crate::image::IMAGE;
  use crate::platform::Platform;
  use crate::types::{CElement, CPlatform};

  /// Stack that imports, drivers and the functions of the core that do not call themselves need below the limit.
  const RESERVE: usize = 2048;

  static G2G_HOST: Running<Engine> = Running::new();

  fn engine(platform: &CPlatform) -> Result<Engine, HostError> {
    if !platform.stack.is_null() {
      Engine::limit_stack(platform.stack as usize, RESERVE);
    }
    Engine::start(IMAGE.module).map_err(|trap| {
      let mut board = unsafe { Platform::new(platform) };
      for text in ["engine: ", trap.name(), "\r\n"] {
        board.print(text.as_bytes());
      }
      HostError::Unsupported
    })
  }

  #[unsafe(no_mangle)]
  unsafe extern "C" fn g2g_start(platform: *const CPlatform, elements: *const *const CElement, count: u32) -> i32 {
    unsafe { G2G_HOST.start(platform, elements, count, &IMAGE, engine) }
  }

  #[unsafe(no_mangle)]
  unsafe extern "C" fn g2g_step() -> i64 {
    unsafe { G2G_HOST.step() }
  }

  #[unsafe(no_mangle)]
  unsafe extern "C" fn g2g_stop() {
    unsafe { G2G_HOST.stop() };
  }

  #[unsafe(no_mangle)]
  unsafe extern "C" fn g2g_run(platform: *const CPlatform, elements: *const *const CElement, count: u32) -> i32 {
    if unsafe { g2g_start(platform, elements, count) } != 0 {
      return NOT_STARTED as i32;
    }
    loop {
      match unsafe { G2G_HOST.step() } {
        over if over < 0 => return over as i32,
        0 => {}
        until => {
          let p = unsafe { &*platform };
          if let Some(sleep) = p.sleep {
            unsafe { sleep(p.this, until) };
          }
        }
      }
    }
  }
}
