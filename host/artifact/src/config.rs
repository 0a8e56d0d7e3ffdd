// What the compiler of the core and the engine that runs it must agree on. Included by the build script too.

/// The settings of an engine.
pub fn config() -> wasmtime::Config {
  let mut config = wasmtime::Config::new();
  config
    // A step that does not come to its end is stopped.
    .epoch_interruption(true)
    // Pointers into the memory stay good for as long as the instance lives.
    .memory_may_move(false)
    .wasm_simd(true)
    .wasm_relaxed_simd(false)
    .wasm_multi_memory(false)
    .wasm_memory64(false);
  config
}
