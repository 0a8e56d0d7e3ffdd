//! What the build script of a board does. An image is linked by the memory map that the tool wrote beside it, and the
//! board's program is given numbers of its board.json, which are said once.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

/// Sets up the linker, and writes `board.rs` into OUT_DIR: `CLOCK` in Hz and, where the board has a network, `ADDRESS`,
/// `PREFIX`, `GATEWAY` and `MAC`. `G2G_IMAGE`, the folder of the image, is handed on to the program.
///
/// # Panics
/// When there is no image, or the board's file cannot be read: the build fails with what it says.
pub fn board() {
  println!("cargo:rerun-if-changed=board.json");
  println!("cargo:rerun-if-env-changed=G2G_IMAGE");
  let image = env::var("G2G_IMAGE").expect("G2G_IMAGE names no image: build boards by ./g2g firmware build");
  for file in ["memory.x", "image.rs", "boot.bin"] {
    println!("cargo:rerun-if-changed={image}/{file}");
  }
  println!("cargo:rustc-env=G2G_IMAGE={image}");
  println!("cargo:rustc-link-search={image}");
  for argument in ["--nmagic", "-Tlink.x"] {
    println!("cargo:rustc-link-arg-bins={argument}");
  }
  let text = fs::read_to_string("board.json").expect("board.json");
  let file: Value = serde_json::from_str(&text).expect("board.json");
  let out = PathBuf::from(env::var("OUT_DIR").expect("OUT_DIR")).join("board.rs");
  fs::write(out, constants(&file)).expect("board.rs");
}

/// For a board whose program has its own vector table, so that the linker does not look for that of a device crate.
///
/// # Panics
/// When OUT_DIR cannot be written.
pub fn own_vectors() {
  let out = PathBuf::from(env::var("OUT_DIR").expect("OUT_DIR"));
  fs::write(out.join("device.x"), "").expect("device.x");
  println!("cargo:rustc-link-search={}", out.display());
}

fn constants(file: &Value) -> String {
  let mut text = String::new();
  let mut put = |doc: &str, name: &str, kind: &str, value: &dyn std::fmt::Debug| {
    writeln!(text, "/// {doc}\n#[allow(dead_code)]\npub const {name}: {kind} = {value:?};").expect("text");
  };
  put("Hz of the processor.", "CLOCK", "u32", &file["clock"].as_u64().expect("board.json: clock"));
  if let Some(network) = file.get("network") {
    let text = |name: &str| network[name].as_str().unwrap_or_else(|| panic!("board.json: network.{name}"));
    let (address, prefix) = text("address").split_once('/').expect("board.json: network.address has no prefix");
    put("Of the board.", "ADDRESS", "[u8; 4]", &bytes::<4>(address, '.', 10));
    put("Bits that all addresses of the network share.", "PREFIX", "u8", &prefix.parse::<u8>().expect("prefix"));
    put("Where other networks are.", "GATEWAY", "[u8; 4]", &bytes::<4>(text("gateway"), '.', 10));
    put("Of the Ethernet.", "MAC", "[u8; 6]", &bytes::<6>(text("mac"), ':', 16));
  }
  text
}

fn bytes<const N: usize>(text: &str, separator: char, radix: u32) -> [u8; N] {
  let numbers = text.split(separator).map(|n| u8::from_str_radix(n, radix));
  let bytes: Option<Vec<u8>> = numbers.map(Result::ok).collect();
  bytes.and_then(|b| b.try_into().ok()).unwrap_or_else(|| panic!("board.json: {text:?} is no address"))
}

#[cfg(test)]
mod tests {
  use super::*;
  use serde_json::json;

  #[test]
  fn a_board_with_a_network_has_its_addresses() {
    let network = json!({"address": "10.0.2.15/24", "gateway": "10.0.2.2", "mac": "02:00:00:00:ff:10"});
    let text = constants(&json!({"clock": 25_000_000, "network": network}));
    for line in ["CLOCK: u32 = 25000000;", "ADDRESS: [u8; 4] = [10, 0, 2, 15];", "PREFIX: u8 = 24;"] {
      assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("MAC: [u8; 6] = [2, 0, 0, 0, 255, 16];"));
    assert_eq!(constants(&json!({"clock": 1})).lines().count(), 3);
  }

  #[test]
  #[should_panic(expected = "\"10.0.2\" is no address")]
  fn an_address_that_is_none_fails_the_build() {
    bytes::<4>("10.0.2", '.', 10);
  }
}
