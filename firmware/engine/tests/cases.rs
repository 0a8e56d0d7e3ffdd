//! The cases of an image that images.mjs made, under the engine that is asked for: `cargo test` with a feature and with
//! G2G_IMAGE; `node firmware/engine/test.mjs` runs all.
#![cfg(any(feature = "aot", feature = "wasm3"))]

mod common;

use common::{FakeHost, on_stack};
use g2g_engine::{Engine, Export, Trap};

static MODULE: &[u8] = include_bytes!(concat!(env!("G2G_IMAGE"), "/core.wasm"));
const CASES: &str = include_str!(concat!(env!("G2G_IMAGE"), "/cases.txt"));
const CALLS: &str = include_str!(concat!(env!("G2G_IMAGE"), "/calls.txt"));

#[test]
fn every_case_comes_to_what_it_comes_to_in_node() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    let mut calls = String::new();
    let mut count = 0;
    for line in CASES.lines() {
      let mut words = line.split(' ');
      let now: i64 = words.next().unwrap().parse().unwrap();
      let work: i32 = words.next().unwrap().parse().unwrap();
      let expected = words.next().unwrap();
      let mut host = FakeHost::default();
      let got = engine.step(&mut host, now, work);
      let text = got.map_or_else(|trap| trap.name().to_string(), |wait| wait.to_string());
      assert_eq!(text, expected, "step({now}, {work})");
      if let Err(trap) = got {
        assert_eq!(engine.step(&mut host, 0, 0), Err(trap), "what trapped stays so");
      }
      // Node has a new instance for each case; the cases on numbers leave nothing behind.
      if got.is_err() || CASES.len() < 10_000 {
        engine.restart().unwrap();
      }
      calls += &host.calls;
      count += 1;
    }
    assert!(count > 5);
    assert_eq!(calls, CALLS);
  });
}

#[test]
fn a_restart_puts_memory_and_globals_back() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    let whole = |e: &Engine| e.memory().bytes(0, e.memory().size()).unwrap().to_vec();
    let before = whole(&engine);
    let mut host = FakeHost::default();
    let first: Vec<_> =
      CASES.lines().take(40).map(|line| engine.step(&mut host, number(line, 0), number(line, 1) as i32)).collect();
    engine.memory().bytes_mut(0, 4096).unwrap().fill(0xee);
    engine.restart().unwrap();
    assert!(before == whole(&engine));
    let mut host = FakeHost::default();
    let second: Vec<_> =
      CASES.lines().take(40).map(|line| engine.step(&mut host, number(line, 0), number(line, 1) as i32)).collect();
    assert_eq!(first, second);
  });
}

fn number(line: &str, word: usize) -> i64 {
  line.split(' ').nth(word).unwrap().parse().unwrap()
}

#[test]
fn exports_that_are_not_there_are_missing() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    let mut host = FakeHost::default();
    assert_eq!(engine.call(&mut host, Export::Launch, &[0, 0]), Err(Trap::Missing));
    if !CALLS.is_empty() {
      assert_eq!(engine.call(&mut host, Export::SetState, &[3]), Ok(10));
      assert_eq!(engine.call(&mut host, Export::SetState, &[]), Err(Trap::Missing));
      assert_eq!(engine.call(&mut host, Export::Alloc, &[3]), Err(Trap::Unreachable));
      assert_eq!(engine.call(&mut host, Export::SetState, &[3]), Err(Trap::Unreachable));
    }
  });
}

#[test]
fn there_is_one_engine_at_a_time() {
  on_stack(|| {
    let engine = Engine::start(MODULE).unwrap();
    assert!(matches!(Engine::start(MODULE), Err(Trap::Module(_))));
    drop(engine);
    assert!(Engine::start(MODULE).is_ok());
  });
}

#[test]
fn the_memory_is_aligned_for_dma() {
  on_stack(|| {
    let engine = Engine::start(MODULE).unwrap();
    assert_eq!(engine.memory().pointer(0, 1).unwrap() as usize % 16, 0);
  });
}

#[cfg(feature = "wasm3")]
#[test]
fn nothing_is_allocated_after_the_start() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    let used = engine.arena_used();
    let mut host = FakeHost::default();
    for line in CASES.lines().take(2000) {
      if engine.step(&mut host, number(line, 0), number(line, 1) as i32).is_err() {
        engine.restart().unwrap();
      }
    }
    assert_eq!((engine.late_allocations(), engine.arena_used()), (0, used));
    assert!(engine.stack_used() > 0);
  });
}
