//! One instance of the core, which is one pipeline.

use g2g_interface::abi::{ABI_VERSION, HostError, Query, Send, State};
use g2g_interface::{Memory, Records};
use wasmtime::{Caller, Linker, Store, Trap, TypedFunc, WasmBacktrace, WasmParams, WasmResults};

use crate::engine::Engine;
use crate::errors::Error;
use crate::exports::Exports;
use crate::host::Host;
use crate::record::{Call, Returned, Tap};
use crate::resource::Linear;

/// Options of `init`.
pub mod init_option {
  /// Turns of elements are counted and timed.
  pub const STATISTICS: u32 = 1;
  /// Converters may be inserted.
  pub const AUTO_CONVERT: u32 = 2;
}

/// Gives the core what it imports; none of it calls back into the core.
pub fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
  type In<'a> = Caller<'a, Host>;
  linker
    .func_wrap("g2g", "open", |mut c: In, kind: u32, ptr: u32, n: u32| Tap(c.data_mut()).open(kind, ptr, n))?
    .func_wrap("g2g", "submit", |mut c: In, handle: i32, op: u32, ptr: u32, n: u32, aux: i64, token: u32| {
      Tap(c.data_mut()).submit(handle, op, ptr, n, aux, token)
    })?
    .func_wrap("g2g", "cancel", |mut c: In, token: u32| Tap(c.data_mut()).cancel(token))?
    .func_wrap("g2g", "close", |mut c: In, handle: i32| Tap(c.data_mut()).close(handle))?
    .func_wrap("g2g", "retain", |mut c: In, handle: i32| Tap(c.data_mut()).retain(handle))?
    .func_wrap("g2g", "release", |mut c: In, handle: i32| Tap(c.data_mut()).release(handle))?
    .func_wrap("g2g", "post", |mut c: In, kind: u32, ptr: u32, n: u32| Tap(c.data_mut()).post(kind, ptr, n))?
    .func_wrap("g2g", "random", |mut c: In, ptr: u32, n: u32| Tap(c.data_mut()).random(ptr, n))?
    .func_wrap("g2g", "tick", |c: In| c.data().tick())?;
  Ok(())
}

/// An instance. Its memory is taken when it is made and never grows or moves.
pub struct Core {
  store: Store<Host>,
  exports: Exports,
  memory: Memory,
  deadline: u64,
}

// The memory is that of the store, which goes with it.
unsafe impl std::marker::Send for Core {}

impl Core {
  /// Makes an instance and takes its memory.
  /// @param ceiling bytes of memory in all
  /// @param options bits of [`init_option`]
  pub fn new(engine: &Engine, host: Host, ceiling: u32, options: u32) -> Result<Core, Error> {
    let inner = &*engine.0;
    let mut store = Store::new(&inner.engine, host);
    store.set_epoch_deadline(inner.deadline);
    let broken = |e: wasmtime::Error| Error::Fault(format!("the core cannot be started: {e}"));
    let instance = inner.core.instantiate(&mut store).map_err(broken)?;
    let exports = Exports::of(&instance, &mut store).map_err(broken)?;
    let version = exports.abi_version.call(&mut store, ()).map_err(broken)?;
    if version != ABI_VERSION {
      return Err(Error::Fault(format!(
        "the core speaks version {version} of the host interface, this host version {ABI_VERSION}"
      )));
    }
    let code = exports.call(&mut store, Call::Init { ceiling, options }, |e| &e.init, (ceiling, options))?;
    if code != 0 {
      return Err(Error::Fault(format!("the core cannot start with {ceiling} bytes of memory")));
    }
    let memory = instance.get_memory(&mut store, "memory").ok_or(Error::Fault("the core has no memory".into()))?;
    let size = u32::try_from(memory.data_size(&store)).unwrap_or(u32::MAX);
    // It does not move (`g2g_artifact::config`), and the store is kept until nobody uses it (`Outbox::landed`).
    let memory = unsafe { Memory::new(memory.data_ptr(&store), size) };
    store.data_mut().bind(Linear(memory));
    Ok(Core { store, exports, memory, deadline: inner.deadline })
  }

  /// Its memory.
  pub fn memory(&self) -> Memory {
    self.memory
  }

  /// Its host.
  pub fn host(&mut self) -> &mut Host {
    self.store.data_mut()
  }

  /// Calls an export; a trap ends the instance.
  fn call<A: WasmParams, R: WasmResults + Returned>(
    &mut self,
    call: Call,
    export: impl Fn(&Exports) -> &TypedFunc<A, R>,
    args: A,
  ) -> Result<R, Error> {
    self.store.set_epoch_deadline(self.deadline);
    self.exports.call(&mut self.store, call, export, args)
  }

  /// Memory of the core's heap for the host to write into, 0 when there is none.
  pub fn alloc(&mut self, length: u32) -> Result<u32, Error> {
    self.call(Call::Alloc { length }, |e| &e.alloc, length)
  }

  /// Calls with bytes in the core's memory.
  fn with(&mut self, bytes: &[u8], call: impl FnOnce(&mut Self, u32, u32) -> Result<i32, Error>) -> Result<i32, Error> {
    if bytes.is_empty() {
      return call(self, 0, 0);
    }
    let length = bytes.len() as u32;
    let at = self.alloc(length)?;
    if at == 0 || !self.memory.write(at, bytes) {
      return Ok(HostError::NoMemory as i32);
    }
    let result = call(self, at, length)?;
    self.call(Call::Free { at }, |e| &e.free, at)?;
    Ok(result)
  }

  /// Registers an element of the host; 0 or a negative HostError.
  pub fn describe(&mut self, descriptor: &[u8]) -> Result<i32, Error> {
    self.with(descriptor, |core, at, length| core.call(Call::Describe { at, length }, |e| &e.describe, (at, length)))
  }

  /// Builds the pipeline; 0, or the code of the error that was posted.
  pub fn launch(&mut self, line: &str) -> Result<i32, Error> {
    self.with(line.as_bytes(), |core, at, length| core.call(Call::Launch { at, length }, |e| &e.launch, (at, length)))
  }

  /// Asks for a state.
  pub fn set_state(&mut self, state: State) -> Result<(), Error> {
    let state = state as i32;
    self.call(Call::SetState { state }, |e| &e.set_state, state).map(drop)
  }

  /// Runs; a deadline in ns of the host's clock, or a Wait.
  pub fn step(&mut self, now: i64, work: i32) -> Result<i64, Error> {
    self.call(Call::Step { now, work }, |e| &e.step, (now, work))
  }

  /// Asks the core; the answer, good until the next call, or a negative HostError.
  pub fn query(&mut self, kind: Query, args: &[u8]) -> Result<Result<Records<'_>, i32>, Error> {
    let kind = kind as i32;
    let query =
      |core: &mut Self, at, length| core.call(Call::Query { kind, at, length }, |e| &e.query, (kind, at, length));
    let at = self.with(args, query)?;
    // An address may lie above 2 GiB; errors are small.
    if (-4095..0).contains(&at) {
      return Ok(Err(at));
    }
    let at = at as u32;
    let length = self.memory.u32(at).unwrap_or(0);
    let answer = at.checked_add(4).and_then(|from| self.memory.bytes(from, length));
    Ok(Ok(Records::new(answer.unwrap_or(&[]))))
  }

  /// Tells the pipeline something; 0, a code or a negative HostError.
  pub fn event(&mut self, kind: Send, args: &[u8]) -> Result<i32, Error> {
    let kind = kind as i32;
    self.with(args, |core, at, length| core.call(Call::Event { kind, at, length }, |e| &e.event, (kind, at, length)))
  }

  /// Gives everything back; the number of leaked pieces of memory, negative when the pipeline is not in NULL.
  pub fn dispose(&mut self) -> Result<i32, Error> {
    self.call(Call::Dispose, |e| &e.dispose, ())
  }
}

impl Drop for Core {
  fn drop(&mut self) {
    // Threads may still write into the memory: transfers of files, which end soon.
    while self.store.data().outbox.in_flight() > 0 {
      std::thread::sleep(std::time::Duration::from_millis(1));
    }
  }
}

/// What an error out of a call means; for a trap, with the functions that it went through, the innermost first.
pub fn trap(error: wasmtime::Error) -> Error {
  let Some(trap) = error.downcast_ref::<Trap>() else { return Error::Fault(error.to_string()) };
  let mut text = match trap {
    Trap::Interrupt => "a step has taken too long".to_string(),
    Trap::UnreachableCodeReached => "unreachable".to_string(),
    other => other.to_string(),
  };
  if let Some(stack) = error.downcast_ref::<WasmBacktrace>() {
    for frame in stack.frames() {
      let name = frame.func_name().map_or_else(|| format!("function {}", frame.func_index()), str::to_string);
      text += &format!("\n  at {name}");
    }
  }
  Error::Trap(text)
}

#[cfg(test)]
mod tests {
  use std::sync::Arc;
  use std::sync::atomic::{AtomicBool, Ordering};

  use super::*;
  use crate::clock::Clock;
  use crate::engine::EngineOptions;

  fn core(engine: &Engine, line: &str) -> Core {
    let mut core = Core::new(engine, Host::new(Arc::from([]), Clock::default()), 1 << 20, 0).unwrap();
    let ring = core.query(Query::Ring, &[]).unwrap().unwrap().int().unwrap();
    assert!(core.host().set_ring(ring as u32));
    assert_eq!(core.launch(line).unwrap(), 0);
    core.set_state(State::Playing).unwrap();
    core
  }

  #[test]
  fn a_trap_names_the_functions_that_it_went_through() {
    let engine = Engine::new(&EngineOptions::default()).unwrap();
    let mut core = core(&engine, "fakesrc ! fakesink");
    // Records that lie behind the memory.
    let (kind, at, length) = (Send::Property as i32, u32::MAX - 64, 32);
    let error = core.call(Call::Event { kind, at, length }, |e| &e.event, (kind, at, length)).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the core has trapped: "), "{text}");
    assert!(text.contains("\n  at "), "{text}");
    assert!(text.contains("event"), "{text}");
  }

  #[test]
  fn a_step_that_does_not_end_in_time_is_stopped() {
    let engine = Engine::new(&EngineOptions::default()).unwrap();
    let mut core = core(&engine, "fakesrc num-buffers=-1 ! fakesink");
    let over = Arc::new(AtomicBool::new(false));
    let stop = over.clone();
    let inner = engine.0.engine.clone();
    // Time that flies.
    let ticker = std::thread::spawn(move || {
      while !stop.load(Ordering::Relaxed) {
        inner.increment_epoch();
      }
    });
    let error = (0..10_000).find_map(|now| core.step(now, 1_000_000).err());
    over.store(true, Ordering::Relaxed);
    ticker.join().unwrap();
    let text = error.expect("a step was stopped").to_string();
    assert!(text.starts_with("the core has trapped: a step has taken too long\n"), "{text}");
  }
}
