//! The loop: what is submitted is completed once, whatever the elements and the ring do.

mod common;

use common::*;
use g2g_interface::abi::{Completed, HostError, Post, Wait};
use g2g_interface::{Answer, Completion};
use g2g_runtime::engine::Export;
use g2g_runtime::ledger::Ledger;
use g2g_runtime::{Image, Outcome, Start};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

const WAIT: i64 = -1;
/// Later than any of these tests lasts.
const LATER: i64 = 1_000_000 * MS;

fn sink() -> LogWriter {
  LogWriter::default().open("fakesink", "sink0", 1).property(1, "sync", 1).configure(1, 0, "audio/x-raw", 0)
}

fn source(bytes: i32) -> LogWriter {
  LogWriter::default().open("fakesrc", "src0", 1).configure(1, 0, "audio/x-raw", bytes)
}

#[test]
fn the_boot_log_is_carried_out_before_the_first_step() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let image = source(64).credit(1, 7, PENDING).credit(1, 8, PENDING).image();
  let mut host = host(&w, image, 8, Box::new(|_| Ok(WAIT)));
  assert_eq!(run_until(&w, &mut host, 50 * MS), None);
  let calls = ["open fakesrc src0", "configure 0 audio/x-raw", "credit 7 pad 0 count 1 length 64"];
  assert_eq!(w.borrow().calls[..3], calls);
  assert_eq!(w.borrow().calls.len(), 4);
  assert_eq!(w.borrow().steps, 1);
  assert!(w.borrow().printed.starts_with("g2g fakesrc ! fakesink\r\nmodule 00ff\r\n"));
}

#[test]
fn what_is_done_sooner_than_the_build_assumed_is_completed_by_the_host() {
  let w = world();
  let mut host = host(&w, sink().drain(1, 9, PENDING).image(), 8, Box::new(|_| Ok(100 * MS)));
  run_until(&w, &mut host, 50 * MS);
  assert_eq!(w.borrow().told, [Completion::result(9, 0)]);
}

#[test]
fn what_the_host_ends_waits_for_room_too() {
  let w = world();
  let log = (1..=5).fold(sink(), |log, token| log.drain(1, token, PENDING));
  let mut host = host(&w, log.image(), 1, Box::new(|_| Ok(LATER)));
  run_until(&w, &mut host, 50 * MS);
  let mut told: Vec<_> = w.borrow().told.iter().map(|c| c.token).collect();
  told.sort();
  assert_eq!(told, [1, 2, 3, 4, 5]);
}

#[test]
fn completions_that_come_late_and_out_of_order_reach_the_core_as_they_come() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        for n in 1..=3 {
          assert_eq!(core.frame(1, n), PENDING);
        }
      }
      Ok(LATER)
    }),
  );
  run_until(&w, &mut host, MS);
  let ready: Vec<_> = [(30, 1), (10, 3), (20, 2)].map(|(ms, token)| (ms * MS, Completion::result(token, 0))).into();
  w.borrow_mut().element.ready = ready;
  run_until(&w, &mut host, 2 * MS);
  run_until(&w, &mut host, 100 * MS);
  let told: Vec<_> = w.borrow().told.iter().map(|c| c.token).collect();
  assert_eq!(told, [3, 2, 1]);
  // One step to begin with and one for each: the core sleeps between.
  assert_eq!(w.borrow().steps, 4);
}

#[test]
fn the_core_is_stepped_at_its_deadline_and_not_before() {
  let w = world();
  let mut host = host(&w, sink().image(), 8, Box::new(|core| Ok((core.step as i64 + 1) * 10 * MS)));
  run_until(&w, &mut host, 45 * MS);
  assert_eq!(w.borrow().steps, 5);
  assert_eq!(w.borrow().now, 45 * MS);
}

#[test]
fn what_does_not_fit_into_the_ring_waits_in_order() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let log = (1..=9).fold(source(64), |log, token| log.credit(1, token, PENDING));
  w.borrow_mut().element.credit_takes = Some(5 * MS);
  let mut host = host(&w, log.image(), 2, Box::new(|_| Ok(LATER)));
  run_until(&w, &mut host, 100 * MS);
  let told: Vec<_> = w.borrow().told.iter().map(|c| (c.token, c.kind, c.result)).collect();
  assert_eq!(told, (1..=9).map(|t| (t, Completed::Data, 64)).collect::<Vec<_>>());
}

#[test]
fn no_completion_is_lost_or_told_twice_whatever_the_order() {
  for seed in 1..=20u64 {
    let w = world();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = move |n: u64| {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      state % n
    };
    let slots = 1 << random(4);
    let shared = w.clone();
    let mut pending = Vec::new();
    let mut sent = 0u32;
    let mut host = host(
      &w,
      sink().image(),
      slots,
      Box::new(move |core| {
        for c in &core.told {
          let i = pending.iter().position(|t| *t == c.token).expect("told twice, or never submitted");
          pending.remove(i);
        }
        while pending.len() < 1 + random(12) as usize && sent < 400 {
          shared.borrow_mut().element.frame_takes = Some(random(30) as i64 * MS / 4);
          if random(10) == 0 {
            shared.borrow_mut().element.frames.push_back(Err(HostError::Busy));
          }
          match core.frame(1, sent) {
            PENDING => {
              pending.push(sent);
              sent += 1;
            }
            answer => {
              assert_eq!(answer, HostError::Busy as i32);
              assert!(!pending.is_empty(), "busy with nothing pending");
              break;
            }
          }
        }
        Ok(if sent == 400 && pending.is_empty() { -2 } else { WAIT })
      }),
    );
    assert_eq!(run_until(&w, &mut host, 100_000 * MS), Some(Outcome::Eos), "seed {seed}: {}", w.borrow().printed);
    assert_eq!(w.borrow().told.len(), 400);
  }
}

#[test]
fn a_frame_that_is_refused_with_nothing_pending_is_offered_again() {
  let w = world();
  w.borrow_mut().element.frames = [Err(HostError::Busy), Err(HostError::Busy), Ok(Answer::Done)].into();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        assert_eq!(core.frame(1, 1), PENDING);
        // Frames keep their order.
        assert_eq!(core.frame(1, 2), HostError::Busy as i32);
      }
      Ok((core.step as i64 + 1) * MS)
    }),
  );
  run_until(&w, &mut host, 10 * MS);
  assert_eq!(w.borrow().told, [Completion::result(1, 0)]);
  assert_eq!(w.borrow().calls[3..], ["frame 1 seq 1"; 3]);
}

#[test]
fn an_operation_that_is_cancelled_still_ends_once() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let mut host = host(
    &w,
    source(64).credit(1, 3, PENDING).credit(1, 4, PENDING).image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        core.imports.cancel(3);
        core.imports.cancel(99);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 10 * MS);
  assert_eq!(w.borrow().told, [Completion::result(3, HostError::Cancelled as i32)]);
}

#[test]
fn a_token_in_use_and_wild_addresses_are_the_cores_fault() {
  type Submit = fn(&mut Core<'_>) -> i32;
  let wild: [(&str, Submit); 4] = [
    ("token", |core| core.frame(1, 1)),
    ("frame", |core| core.imports.submit(core.memory, 1, 17, 65530, 80, 0, 5)),
    ("block", |core| core.imports.submit(core.memory, 1, 18, 65000, 4096, 0, 5)),
    ("records", |core| core.imports.submit(core.memory, 1, 21, u32::MAX - 4, 8, 0, 5)),
  ];
  for (what, submit) in wild {
    let w = world();
    let mut host = host(
      &w,
      sink().image(),
      8,
      Box::new(move |core| {
        if core.step == 0 {
          core.frame(1, 1);
          assert_eq!(submit(core), HostError::Invalid as i32);
        }
        Ok(WAIT)
      }),
    );
    run_until(&w, &mut host, 2 * MS);
    let text = w.borrow().printed.clone();
    assert!(text.contains("breach: wild address or token"), "{what}: {text}");
    assert!(text.contains("restart pipeline"), "{what}: {text}");
  }
}

#[test]
fn handles_that_are_not_open_are_refused() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      for handle in [0, 2, -1, i32::MAX] {
        assert_eq!(core.frame(handle, 1), HostError::Closed as i32);
      }
      assert_eq!(core.imports.open(core.memory, 1, 1024, 4), HostError::NotFound as i32);
      assert_eq!(core.imports.open(core.memory, 3, 65535, 400), HostError::Invalid as i32);
      core.imports.close(77);
      Ok(-2)
    }),
  );
  assert_eq!(run_until(&w, &mut host, 2 * MS), Some(Outcome::Eos));
}

#[test]
fn the_end_of_the_stream_ends_the_run_and_closes_the_elements() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      core.post(Post::Eos, 0);
      Ok(WAIT)
    }),
  );
  assert_eq!(run_until(&w, &mut host, 2 * MS), Some(Outcome::Eos));
  assert!(w.borrow().printed.contains("\r\neos\r\n"));
  assert_eq!(w.borrow().opened, 0);
}

#[test]
fn what_a_sink_still_has_at_the_end_of_the_stream_is_awaited() {
  let w = world();
  w.borrow_mut().element.frame_takes = Some(40 * MS);
  let mut first = true;
  let script = move |core: &mut Core<'_>| {
    if std::mem::take(&mut first) {
      assert_eq!(core.frame(1, 5), PENDING);
      core.post(Post::Eos, 0);
    }
    Ok(Wait::Finished as i64)
  };
  let mut host = host(&w, sink().image(), 8, Box::new(script));
  assert_eq!(run_until(&w, &mut host, 39 * MS), None);
  assert_eq!(w.borrow().opened, 1);
  assert_eq!(run_until(&w, &mut host, 50 * MS), Some(Outcome::Eos));
  assert_eq!(w.borrow().opened, 0);
}

#[test]
fn a_whole_core_is_launched_with_its_descriptors() {
  let w = world();
  let start = Start::Whole { ceiling: 65536, descriptors: &[b"one", b"two"], line: "a ! b" };
  let image: &'static Image =
    Box::leak(Box::new(Image { line: "a ! b", module_hash: "", module: &[], memory: 65536, ring: 0, start }));
  let machine = FakeMachine::new(&w, 8, Box::new(|_| Ok(-2)));
  let calls = machine.calls.clone();
  let mut host = host_with(&w, image, machine, Box::leak(Box::new(Ledger::new())));
  assert_eq!(run_until(&w, &mut host, MS), Some(Outcome::Eos));
  let called: Vec<_> = calls.borrow().iter().map(|(e, a)| (*e, a.clone())).collect();
  let bytes = |export, n| [(Export::Alloc, vec![n]), (export, vec![4096, n]), (Export::Free, vec![4096])];
  let mut expected = vec![(Export::Init, vec![65536, 0])];
  expected.extend(bytes(Export::Describe, 3));
  expected.extend(bytes(Export::Describe, 3));
  expected.extend(bytes(Export::Launch, 5));
  expected.extend([(Export::SetState, vec![3]), (Export::Query, vec![7, 0, 0])]);
  assert_eq!(called, expected);
}

#[test]
fn a_line_that_cannot_be_launched_is_a_fault() {
  let w = world();
  let start = Start::Whole { ceiling: 65536, descriptors: &[], line: "a !" };
  let image: &'static Image =
    Box::leak(Box::new(Image { line: "a !", module_hash: "", module: &[], memory: 65536, ring: 0, start }));
  let machine = FakeMachine::new(&w, 8, Box::new(|_| unreachable!()));
  // Init, then launch and the second free; the next run begins with init again.
  *machine.call_answers.borrow_mut() = [0, 100, 0, 0, 100, 0].into();
  let mut host = host_with(&w, image, machine, Box::leak(Box::new(Ledger::new())));
  assert_eq!(run_until(&w, &mut host, 1000 * MS), Some(Outcome::Reset));
  assert!(w.borrow().printed.contains("fault pipeline: launch 2 answers 100"), "{}", w.borrow().printed);
}

#[test]
fn random_numbers_are_the_boards_where_nobody_has_changed_them() {
  let w = world();
  w.borrow_mut().random = true;
  let log = LogWriter::default().random(512, &[1, 2, 3, 4]).random(520, &[9, 9]);
  let bytes = Rc::new(RefCell::new(Vec::new()));
  let seen = bytes.clone();
  let script: Script = Box::new(move |core| {
    *seen.borrow_mut() = core.memory.bytes(512, 10).unwrap().to_vec();
    Ok(-2)
  });
  let machine = FakeMachine::new(&w, 8, script);
  // What the second has become is not what the build filled in.
  g2g_runtime::Machine::memory(&machine).write(512, &[1, 2, 3, 4, 0, 0, 0, 0, 9, 8]);
  let mut host = host_with(&w, log.image(), machine, Box::leak(Box::new(Ledger::new())));
  assert_eq!(run_until(&w, &mut host, MS), Some(Outcome::Eos));
  assert_eq!(*bytes.borrow(), [0xa5, 0xa5, 0xa5, 0xa5, 0, 0, 0, 0, 9, 8]);
}

#[test]
fn tokens_of_a_run_are_told_once_each() {
  let w = world();
  w.borrow_mut().element.frame_takes = Some(MS);
  let mut host = host(
    &w,
    sink().image(),
    4,
    Box::new(|core| {
      if core.step < 50 {
        core.frame(1, 1 + core.step as u32);
      }
      Ok(LATER)
    }),
  );
  run_until(&w, &mut host, 200 * MS);
  let mut seen = HashMap::new();
  w.borrow().told.iter().for_each(|c| *seen.entry(c.token).or_insert(0) += 1);
  assert_eq!(seen.len(), 50);
  assert!(seen.values().all(|n| *n == 1));
}
