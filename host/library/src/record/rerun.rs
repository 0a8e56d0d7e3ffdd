//! An instance of the core that is called as it was when it was recorded.

use g2g_interface::abi::Query;
use sha2::Digest;
use wasmtime::{Caller, Linker, Store, TypedFunc, WasmParams, WasmResults};

use super::format::{Hash, entry, hex, torn_text};
use super::player::{Player, call_name};
use super::recorder::{Returned, Submission};
use super::replay::{Replay, Stop};
use crate::engine::Engine;
use crate::errors::Error;
use crate::exports::Exports;
use crate::instance::trap;

type In<'a> = Caller<'a, Player>;

/// Calls with the memory; what goes wrong is kept, and the core is left.
fn inside<R>(mut caller: In, call: impl FnOnce(&mut Player, &mut [u8]) -> Result<R, Stop>) -> wasmtime::Result<R> {
  let memory = caller.data().memory.ok_or_else(|| wasmtime::Error::msg("the core has no memory"))?;
  let (bytes, player) = memory.data_and_store_mut(&mut caller);
  call(player, bytes).map_err(|stop| {
    player.failure = Some(stop);
    wasmtime::Error::msg("the replay ends")
  })
}

/// Gives the core what it imports.
fn link(linker: &mut Linker<Player>) -> wasmtime::Result<()> {
  linker
    .func_wrap("g2g", "open", |c: In, kind: u32, ptr: u32, n: u32| inside(c, |p, m| p.open(m, kind, ptr, n)))?
    .func_wrap("g2g", "submit", |c: In, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32| {
      inside(c, |p, m| p.submit(m, Submission { handle, op, ptr, length, aux, token }))
    })?
    .func_wrap("g2g", "cancel", |c: In, token: u32| inside(c, |p, _| p.number(entry::CANCEL, token)))?
    .func_wrap("g2g", "close", |c: In, handle: i32| inside(c, |p, _| p.close(handle)))?
    .func_wrap("g2g", "retain", |c: In, handle: u32| inside(c, |p, _| p.number(entry::RETAIN, handle)))?
    .func_wrap("g2g", "release", |c: In, handle: u32| inside(c, |p, _| p.number(entry::RELEASE, handle)))?
    .func_wrap("g2g", "post", |c: In, kind: u32, ptr: u32, n: u32| inside(c, |p, m| p.post(m, kind, ptr, n)))?
    .func_wrap("g2g", "random", |c: In, ptr: u32, n: u32| inside(c, |p, m| p.random(m, ptr, n)))?
    .func_wrap("g2g", "tick", || 0i64)?;
  Ok(())
}

/// What an entry has come to.
enum Went {
  On,
  /// The recording goes to its end.
  Complete,
  /// It ends before its run, and says why.
  Torn(String),
  Trapped(String),
}

impl<R> From<Result<R, String>> for Went {
  fn from(called: Result<R, String>) -> Went {
    called.map_or_else(Went::Trapped, |_| Went::On)
  }
}

/// A replay of a recording.
pub struct Rerun {
  store: Store<Player>,
  exports: Exports,
  deadline: u64,
}

impl Rerun {
  /// Makes the instance.
  pub fn new(engine: &Engine, player: Player) -> Result<Rerun, Error> {
    let broken = |e: wasmtime::Error| Error::Fault(format!("the core cannot be started: {e}"));
    let engine = &*engine.0;
    let mut linker = Linker::new(&engine.engine);
    link(&mut linker).map_err(broken)?;
    let mut store = Store::new(&engine.engine, player);
    store.set_epoch_deadline(engine.deadline);
    let instance = linker.instantiate(&mut store, engine.core.module()).map_err(broken)?;
    let exports = Exports::of(&instance, &mut store).map_err(broken)?;
    store.data_mut().memory = instance.get_memory(&mut store, "memory");
    Ok(Rerun { store, exports, deadline: engine.deadline })
  }

  /// Repeats all of it.
  pub fn run(mut self) -> Result<Replay, Stop> {
    let last = loop {
      match self.entry() {
        Ok(Went::On) => {}
        Err(Stop::End(_)) => break Went::On,
        last => break last?,
      }
    };
    let mut player = self.store.into_data();
    let outputs = player.sinks.finish();
    let Player { entries, steps, messages, .. } = player;
    let mut replay = Replay { entries, steps, messages, outputs, complete: false, trap: None, torn: None };
    match last {
      Went::On => {}
      Went::Complete => replay.complete = true,
      Went::Torn(why) => replay.torn = Some(why),
      Went::Trapped(why) => replay.trap = Some(why),
    }
    Ok(replay)
  }

  /// The player, and the memory.
  fn parts(&mut self) -> (&mut Player, &mut [u8]) {
    match self.store.data().memory {
      Some(memory) => {
        let (bytes, player) = memory.data_and_store_mut(&mut self.store);
        (player, bytes)
      }
      None => (self.store.data_mut(), &mut []),
    }
  }

  /// Takes an entry, and what it has in it.
  fn entry(&mut self) -> Result<Went, Stop> {
    let (player, memory) = self.parts();
    let entry = player.next()?;
    if player.arrive(memory, entry)? {
      return Ok(Went::On);
    }
    match entry {
      entry::END => {
        let recorded = player.reader.hash()?;
        let now: Hash = player.outputs.clone().finalize().into();
        player.expect("the outputs", hex(&recorded), hex(&now))?;
        Ok(Went::Complete)
      }
      entry::TORN => Ok(Went::Torn(torn_text(player.reader.byte()?))),
      _ => self.call(entry),
    }
  }

  /// Makes the call of an entry.
  fn call(&mut self, entry: u8) -> Result<Went, Stop> {
    let player = self.store.data_mut();
    let went = match entry {
      entry::INIT => {
        let args = (player.reader.u32()?, player.reader.u32()?);
        self.returns("init", |e| &e.init, args)?.into()
      }
      entry::ALLOC => {
        let length = player.reader.u32()?;
        self.returns("alloc", |e| &e.alloc, length)?.into()
      }
      entry::FREE => {
        let at = player.reader.u32()?;
        self.returns("free", |e| &e.free, at)?.into()
      }
      entry::DESCRIBE => {
        let args = self.bytes()?;
        self.returns("describe", |e| &e.describe, args)?.into()
      }
      entry::LAUNCH => {
        let args = self.bytes()?;
        self.returns("launch", |e| &e.launch, args)?.into()
      }
      entry::SET_STATE => {
        let state = player.reader.u32()? as i32;
        self.returns("set_state", |e| &e.set_state, state)?.into()
      }
      entry::STEP => {
        player.now = player.now.wrapping_add(player.reader.sint()?);
        player.steps += 1;
        let args = (player.now, player.reader.u32()? as i32);
        self.returns("step", |e| &e.step, args)?.into()
      }
      entry::QUERY => {
        let kind = player.reader.u32()? as i32;
        let (at, length) = self.bytes()?;
        let answer = self.returns("query", |e| &e.query, (kind, at, length))?;
        if let Ok(answer) = answer
          && kind == Query::Ring as i32
        {
          let (player, memory) = self.parts();
          player.find_ring(memory, answer as u32);
        }
        answer.into()
      }
      entry::EVENT => {
        let kind = player.reader.u32()? as i32;
        let (at, length) = self.bytes()?;
        self.returns("event", |e| &e.event, (kind, at, length))?.into()
      }
      entry::DISPOSE => self.returns("dispose", |e| &e.dispose, ())?.into(),
      _ => return Err(Stop::fault(format!("the recording is damaged: entry {entry} at byte {}", player.at))),
    };
    Ok(went)
  }

  /// Bytes that a call is given: where they lie, and how many.
  fn bytes(&mut self) -> Result<(u32, u32), Stop> {
    let (player, memory) = self.parts();
    player.data(memory)
  }

  /// Makes a call and compares its result; it, or the trap that was recorded and has come again.
  fn returns<A: WasmParams, R: WasmResults + Returned>(
    &mut self,
    what: &str,
    export: impl Fn(&Exports) -> &TypedFunc<A, R>,
    args: A,
  ) -> Result<Result<R, String>, Stop> {
    self.store.set_epoch_deadline(self.deadline);
    let result = export(&self.exports).call(&mut self.store, args);
    let player = self.store.data_mut();
    if let Some(failure) = player.failure.take() {
      return Err(failure);
    }
    let entry = player.next()?;
    match result {
      Err(error) if entry != entry::TRAP => Err(Stop::Failed(trap(error))),
      Err(_) => Ok(Err(player.reader.text()?)),
      Ok(result) => {
        if entry != entry::RETURN {
          return player.diverge(format!("recorded {}, now {what} is over", call_name(entry)));
        }
        let recorded = player.reader.sint()?;
        player.expect(format!("result of {what}"), recorded, result.number())?;
        Ok(Ok(result))
      }
    }
  }
}
