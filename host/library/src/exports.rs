//! What an instance of the core exports.

use wasmtime::{AsContextMut, Instance, Store, TypedFunc, WasmParams, WasmResults};

use crate::errors::Error;
use crate::host::Host;
use crate::instance::trap;
use crate::record::{Call, Returned};

/// The core's exports; see DESIGN.md, "Exports".
pub struct Exports {
  pub abi_version: TypedFunc<(), i32>,
  pub init: TypedFunc<(u32, u32), i32>,
  pub alloc: TypedFunc<u32, u32>,
  pub free: TypedFunc<u32, ()>,
  pub describe: TypedFunc<(u32, u32), i32>,
  pub launch: TypedFunc<(u32, u32), i32>,
  pub set_state: TypedFunc<i32, i32>,
  pub step: TypedFunc<(i64, i32), i64>,
  pub query: TypedFunc<(i32, u32, u32), i32>,
  pub event: TypedFunc<(i32, u32, u32), i32>,
  pub dispose: TypedFunc<(), i32>,
}

impl Exports {
  /// Those of an instance.
  /// @throws when the module is no core
  pub fn of(instance: &Instance, mut store: impl AsContextMut) -> wasmtime::Result<Exports> {
    let s = &mut store;
    Ok(Exports {
      abi_version: instance.get_typed_func(&mut *s, "abi_version")?,
      init: instance.get_typed_func(&mut *s, "init")?,
      alloc: instance.get_typed_func(&mut *s, "alloc")?,
      free: instance.get_typed_func(&mut *s, "free")?,
      describe: instance.get_typed_func(&mut *s, "describe")?,
      launch: instance.get_typed_func(&mut *s, "launch")?,
      set_state: instance.get_typed_func(&mut *s, "set_state")?,
      step: instance.get_typed_func(&mut *s, "step")?,
      query: instance.get_typed_func(&mut *s, "query")?,
      event: instance.get_typed_func(&mut *s, "event")?,
      dispose: instance.get_typed_func(&mut *s, "dispose")?,
    })
  }

  /// Calls one of them, and has that recorded if the host has a recorder.
  pub fn call<A: WasmParams, R: WasmResults + Returned>(
    &self,
    store: &mut Store<Host>,
    call: Call,
    export: impl Fn(&Exports) -> &TypedFunc<A, R>,
    args: A,
  ) -> Result<R, Error> {
    if let Some(recorder) = &mut store.data_mut().recorder {
      recorder.calls(call);
    }
    let result = export(self).call(&mut *store, args).map_err(trap);
    match &mut store.data_mut().recorder {
      Some(recorder) => recorder.returns(result),
      None => result,
    }
  }
}
