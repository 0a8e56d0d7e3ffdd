//! Compiles the C of the engine that is asked for.
//!
//! `G2G_IMAGE` is the folder of the image: core.c and core.h for `aot`, interpreter.h for `wasm3`. `G2G_WASM3` is the folder of
//! wasm3's sources, which `node firmware/engine/wasm3.mjs` fetches and prints; without, the place where it puts them.
//! `G2G_GCC_FLAGS` are the flags of the board's processor for the C compiler.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
  for name in ["G2G_IMAGE", "G2G_WASM3", "G2G_GCC_FLAGS", "G2G_AOT_FLAGS"] {
    println!("cargo:rerun-if-env-changed={name}");
  }
  println!("cargo:rerun-if-changed=c");
  if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
    memory();
  }
  if env::var_os("CARGO_FEATURE_AOT").is_some() {
    aot();
  } else if env::var_os("CARGO_FEATURE_WASM3").is_some() {
    wasm3();
  }
}

fn image() -> PathBuf {
  let image = env::var_os("G2G_IMAGE").expect("G2G_IMAGE names the folder of the image that is built");
  println!("cargo:rerun-if-changed={}", Path::new(&image).display());
  PathBuf::from(image)
}

fn words(name: &str) -> Vec<String> {
  env::var(name).unwrap_or_default().split_whitespace().map(String::from).collect()
}

/// What all C here is compiled with: the arithmetic is WebAssembly's, and memory is bytes.
fn build() -> cc::Build {
  let mut build = cc::Build::new();
  build.include("c").std("gnu11").define("NDEBUG", None).warnings(false).force_frame_pointer(false);
  for flag in [
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
  ] {
    build.flag(flag);
  }
  for flag in words("G2G_GCC_FLAGS") {
    build.flag(flag);
  }
  build
}

fn aot() {
  let image = image();
  let mut core = build();
  core.include(&image).file(image.join("core.c")).opt_level_str("2");
  for flag in words("G2G_AOT_FLAGS") {
    core.flag(flag);
  }
  core.compile("g2g_core");
  build().file("c/aot.c").opt_level_str("s").warnings(true).compile("g2g_aot");
}

/// A loop that copies must not become a call of itself.
fn memory() {
  let mut build = build();
  build.file("c/memory.c").opt_level_str("s").warnings(true).flag("-fno-tree-loop-distribute-patterns");
  build.compile("g2g_memory");
}

fn wasm3() {
  let image = image();
  let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../build/wasm3/pywasm3-0.5.0/wasm3");
  let sources = env::var_os("G2G_WASM3").map_or(fetched, PathBuf::from);
  assert!(
    sources.join("wasm3.h").exists(),
    "there are no sources of wasm3 at {}: node firmware/engine/wasm3.mjs fetches them",
    sources.display()
  );
  let mut build = build();
  build.include(&image).include(&sources).opt_level_str("2").flag("-include").flag("interpreter_config.h");
  for name in ["bind", "code", "compile", "core", "emit", "env", "exec", "function", "info", "module", "parse"] {
    build.file(sources.join(format!("m3_{name}.c")));
  }
  build.file("c/interpreter.c").file("c/arena.c").compile("g2g_wasm3");
}
