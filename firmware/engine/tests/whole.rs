//! The whole core: a line is launched and played on the board. images.mjs has done the same in Node.
#![cfg(any(feature = "aot", feature = "wasm3"))]

mod common;

use std::fmt::Write;

use common::{FakeHost, on_stack};
use g2g_engine::{Engine, Export};

static MODULE: &[u8] = include_bytes!(concat!(env!("G2G_IMAGE"), "/core.wasm"));
const CALLS: &str = include_str!(concat!(env!("G2G_IMAGE"), "/calls.txt"));
const CEILING: i32 = 32 * 65536;
const PLAYING: i32 = 3;

/// Steps until nothing happens any more.
fn run(engine: &mut Engine, host: &mut FakeHost, now: &mut i64) {
  for _ in 0..20000 {
    let wait = engine.step(host, *now, 1).unwrap();
    writeln!(host.calls, "step {now} {wait}").unwrap();
    if wait == -2 {
      return;
    }
    *now += wait.max(0);
  }
}

/// Launches and plays the line; what was called and asked.
fn play(engine: &mut Engine) -> String {
  let line = std::fs::read(concat!(env!("G2G_IMAGE"), "/line.txt")).unwrap();
  let host = &mut FakeHost::default();
  let code = engine.call(host, Export::Init, &[CEILING, 0]).unwrap();
  writeln!(host.calls, "init {code}").unwrap();
  let ptr = engine.call(host, Export::Alloc, &[line.len() as i32]).unwrap();
  writeln!(host.calls, "alloc {ptr}").unwrap();
  assert!(engine.memory().write(ptr as u32, &line));
  let code = engine.call(host, Export::Launch, &[ptr, line.len() as i32]).unwrap();
  writeln!(host.calls, "launch {code}").unwrap();
  engine.call(host, Export::Free, &[ptr]).unwrap();
  let code = engine.call(host, Export::SetState, &[PLAYING]).unwrap();
  writeln!(host.calls, "set_state {code}").unwrap();
  let mut now = 0;
  run(engine, host, &mut now);
  let code = engine.call(host, Export::SetState, &[0]).unwrap();
  writeln!(host.calls, "set_state {code}").unwrap();
  run(engine, host, &mut now);
  let leaked = engine.call(host, Export::Dispose, &[]).unwrap();
  writeln!(host.calls, "dispose {leaked}").unwrap();
  std::mem::take(&mut host.calls)
}

#[test]
fn a_line_plays_as_in_node_and_again_after_a_restart() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    for _ in 0..2 {
      let calls = play(&mut engine);
      assert!(calls.lines().count() > 100);
      for (k, (got, expected)) in calls.lines().zip(CALLS.lines()).enumerate() {
        assert_eq!(got, expected, "line {k}");
      }
      assert_eq!(calls, CALLS);
      engine.restart().unwrap();
    }
  });
}
