//! The core of glass2glass, compiled ahead of time, to be run without a compiler.

mod config {
  include!("config.rs");
}

pub use config::config;

/// A core in machine code.
pub struct Artifact {
  /// For which processors.
  pub name: &'static str,
  /// Whether it has SIMD instructions.
  pub simd: bool,
  /// For `wasmtime::Module::deserialize`, by an engine with [`config`].
  pub code: &'static [u8],
  /// The module that it was compiled from; recordings are bound to its hash.
  pub wasm: &'static [u8],
}

macro_rules! artifact {
  ($name:literal, $simd:literal) => {
    Artifact {
      name: $name,
      simd: $simd,
      code: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".cwasm")),
      wasm: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
    }
  };
}

/// All, the fastest first. Those that a processor does not have the instructions for do not load.
pub static ARTIFACTS: &[Artifact] = &[
  #[cfg(target_arch = "x86_64")]
  artifact!("v3", true),
  #[cfg(target_arch = "x86_64")]
  artifact!("v2", true),
  #[cfg(not(target_arch = "x86_64"))]
  artifact!("simd", true),
  artifact!("core", false),
];
