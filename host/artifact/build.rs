//! Compiles the core ahead of time: without SIMD and with it, for several generations of processors.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

include!("src/config.rs");

/// Features of x86-64 processors since about 2009 (x86-64-v2) and 2013 (x86-64-v3).
const V2: &[&str] = &["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_cmpxchg16b"];
const V3: &[&str] = &["has_avx", "has_avx2", "has_bmi1", "has_bmi2", "has_fma", "has_lzcnt"];

fn main() {
  println!("cargo::rerun-if-env-changed=G2G_CORES");
  println!("cargo::rerun-if-changed=src/config.rs");
  let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build");
  let cores = env::var_os("G2G_CORES").map_or(build, PathBuf::from);
  let target = env::var("TARGET").expect("cargo names the target");
  compile(&cores.join("core"), &target, &[], "core");
  if target.starts_with("x86_64") {
    compile(&cores.join("core.simd"), &target, V2, "v2");
    compile(&cores.join("core.simd"), &target, &[V2, V3].concat(), "v3");
  } else {
    compile(&cores.join("core.simd"), &target, &[], "simd");
  }
}

fn read(file: &Path) -> Vec<u8> {
  println!("cargo::rerun-if-changed={}", file.display());
  match fs::read(file) {
    Ok(bytes) => bytes,
    Err(error) => panic!("{}: {error}; `npm run build` makes it, and G2G_CORES names another folder", file.display()),
  }
}

fn compile(core: &Path, target: &str, features: &[&str], name: &str) {
  let wasm = read(&core.with_added_extension("wasm"));
  // The names of the functions, for stacks of traps, are a section of the module that lies beside it.
  let named = [&wasm[..], &read(&core.with_added_extension("names"))].concat();
  let mut config = config();
  config.target(target).expect("wasmtime compiles for the target");
  for feature in features {
    // It is checked when the core is loaded that the processor has them.
    unsafe { config.cranelift_flag_enable(feature) };
  }
  let engine = wasmtime::Engine::new(&config).expect("the settings go together");
  let compiled = engine.precompile_module(&named).expect("the core is a module");
  let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder"));
  fs::write(out.join(format!("{name}.cwasm")), compiled).expect("the folder can be written to");
  fs::write(out.join(format!("{name}.wasm")), wasm).expect("the folder can be written to");
}
