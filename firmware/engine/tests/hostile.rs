//! Damaged modules under the interpreter: what Node refuses is refused, and nothing crashes on the others.
#![cfg(feature = "wasm3")]

mod common;

use common::on_stack;
use g2g_engine::{Engine, Trap};

static MODULE: &[u8] = include_bytes!(concat!(env!("G2G_IMAGE"), "/core.wasm"));
const MUTANTS: &str = include_str!(concat!(env!("G2G_IMAGE"), "/mutants.txt"));

/// Starts a module; whether it was taken.
fn start(bytes: Vec<u8>) -> bool {
  // An engine keeps its module for good.
  match Engine::start(bytes.leak()) {
    Ok(_) => true,
    Err(Trap::Module(_)) => false,
    // Its start function trapped.
    Err(_) => true,
  }
}

#[test]
fn what_node_refuses_is_refused() {
  on_stack(|| {
    assert!(start(MODULE.to_vec()));
    let (mut taken, mut refused) = (0, 0);
    for line in MUTANTS.lines() {
      let mut words = line.split(' ');
      let valid = words.next() == Some("1");
      let length: usize = words.next().unwrap().parse().unwrap();
      let mut bytes = MODULE[..length].to_vec();
      for change in words {
        let (at, byte) = change.split_once(':').unwrap();
        bytes[at.parse::<usize>().unwrap()] = byte.parse().unwrap();
      }
      let got = start(bytes);
      assert!(valid || !got, "taken though it is no module: {line}");
      taken += usize::from(got);
      refused += usize::from(!got);
    }
    assert!(refused > 100 && taken > 10, "{taken} taken, {refused} refused");
    assert!(start(MODULE.to_vec()), "a good module after the bad ones");
  });
}

#[test]
fn modules_that_are_too_large_or_unsound_are_refused() {
  on_stack(|| {
    let section = |id: u8, body: &[u8]| {
      let mut bytes = vec![id, (body.len() & 127) as u8 | 128, (body.len() >> 7) as u8];
      bytes.extend(body);
      bytes
    };
    let module = |sections: &[Vec<u8>]| [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat();
    let code = |ops: Vec<u8>| {
      let mut body = vec![1, ((ops.len() + 2) & 127) as u8 | 128, ((ops.len() + 2) >> 7) as u8, 0];
      body.extend(ops);
      body.push(0x0b);
      module(&[section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(5, &[1, 0, 1]), section(10, &body)])
    };
    let nested = |n: usize| code([[0x02, 0x40].repeat(n), vec![0x0b; n]].concat());
    let pushed = |n: usize| code([[0x41, 0].repeat(n), vec![0x1a; n]].concat());
    assert!(start(nested(20)) && !start(nested(1000)));
    assert!(start(pushed(20)) && !start(pushed(2000)));
    // Values that are left, missing, or of another type; what is never come to may be anything.
    assert!(start(code(vec![0x41, 0, 0x1a])) && start(code(vec![0x00, 0x6a, 0x1a])));
    for ops in [vec![0x41, 0], vec![0x1a], vec![0x41, 0, 0x42, 0, 0x6a, 0x1a], vec![0x02, 0x7f, 0x0b], vec![0x0c, 1]] {
      assert!(!start(code(ops)));
    }
    // Ten thousand pages.
    assert!(!start(module(&[section(5, &[1, 0, 0x90, 0x4e])])));
    assert!(!start(vec![]) && !start(b"\0asm".to_vec()) && !start(b"\x7fELF\x01\0\0\0".to_vec()));
  });
}
