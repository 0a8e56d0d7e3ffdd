//! The engine: the core in machine code, once for all pipelines of a program.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use g2g_artifact::{ARTIFACTS, Artifact, config};
use wasmtime::{InstanceAllocationStrategy, InstancePre, Linker, Module, PoolingAllocationConfig};

use crate::errors::Error;
use crate::host::Host;
use crate::instance;

/// Between two looks at whether a step has taken too long.
const TICK: Duration = Duration::from_millis(50);

/// The most that a core can address, bytes.
const ADDRESSABLE: usize = 1 << 32;

/// How pipelines are run.
#[derive(Clone, Debug)]
pub struct EngineOptions {
  /// Whether the core with SIMD is run; `None`: where the processor has what it needs. The results are the same.
  pub simd: Option<bool>,
  /// Pipelines at a time. With more than one, room for their memories is set aside, so that they begin sooner.
  pub pipelines: u32,
  /// How long a step may take before its pipeline is ended.
  pub deadline: Duration,
}

impl Default for EngineOptions {
  fn default() -> Self {
    EngineOptions { simd: None, pipelines: 1, deadline: Duration::from_secs(10) }
  }
}

pub(crate) struct Inner {
  pub engine: wasmtime::Engine,
  pub core: InstancePre<Host>,
  pub artifact: &'static Artifact,
  /// Ticks after which a step is stopped.
  pub deadline: u64,
}

/// Runs pipelines. Copies are the same engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

impl Engine {
  /// Loads the core.
  /// @throws a fault when the system has no room for it, or no core of the wanted kind runs on this processor
  pub fn new(options: &EngineOptions) -> Result<Engine, Error> {
    let mut config = config();
    if options.pipelines > 1 {
      let mut pool = PoolingAllocationConfig::default();
      pool
        .total_core_instances(options.pipelines)
        .total_memories(options.pipelines)
        .total_tables(options.pipelines)
        .max_memory_size(ADDRESSABLE);
      config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    let engine = wasmtime::Engine::new(&config).map_err(|e| Error::Fault(format!("the engine cannot start: {e}")))?;
    let (module, artifact) = load(&engine, options.simd)?;
    let mut linker = Linker::new(&engine);
    let linked = instance::link(&mut linker).and_then(|()| linker.instantiate_pre(&module));
    let core = linked.map_err(|e| Error::Fault(format!("the core does not fit this host: {e}")))?;
    let ticks = options.deadline.as_nanos().div_ceil(TICK.as_nanos());
    let deadline = u64::try_from(ticks).unwrap_or(u64::MAX / 2).saturating_add(1);
    keep_time(&engine)?;
    Ok(Engine(Arc::new(Inner { engine, core, artifact, deadline })))
  }

  /// Whether its core has SIMD instructions.
  pub fn has_simd(&self) -> bool {
    self.0.artifact.simd
  }
}

/// Loads the first core of the wanted kind that runs on this processor.
fn load(engine: &wasmtime::Engine, simd: Option<bool>) -> Result<(Module, &'static Artifact), Error> {
  let mut reason = String::from("there is none");
  for artifact in ARTIFACTS.iter().filter(|a| simd.is_none_or(|simd| a.simd == simd)) {
    // Made by the build of this very program.
    match unsafe { Module::deserialize(engine, artifact.code) } {
      Ok(module) => return Ok((module, artifact)),
      Err(error) => reason = error.to_string(),
    }
  }
  Err(Error::Fault(format!("no core of this program runs on this processor: {reason}")))
}

/// Counts time for the deadlines of steps, for as long as the engine lives.
fn keep_time(engine: &wasmtime::Engine) -> Result<(), Error> {
  let engine = engine.weak();
  let tick = move || {
    while let Some(engine) = engine.upgrade() {
      engine.increment_epoch();
      drop(engine);
      thread::sleep(TICK);
    }
  };
  let named = thread::Builder::new().name("g2g-epoch".into()).stack_size(64 << 10);
  named.spawn(tick).map(drop).map_err(|e| Error::Fault(format!("a thread cannot be started: {e}")))
}
