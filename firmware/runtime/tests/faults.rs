//! Faults, and what the ladder makes of them.

mod common;

use common::*;
use g2g_interface::abi::{Completed, HostError, Post};
use g2g_interface::{Answer, Completion};
use g2g_runtime::engine::Trap;
use g2g_runtime::ledger::Ledger;
use g2g_runtime::{Cause, Outcome};

const WAIT: i64 = -1;

fn sink() -> LogWriter {
  LogWriter::default().open("fakesink", "sink0", 1).property(1, "sync", 1).configure(1, 0, "audio/x-raw", 0)
}

/// A core that sends one frame and waits.
fn one_frame() -> Script {
  Box::new(|core| {
    if core.step == 0 {
      core.frame(1, 1);
    }
    Ok(WAIT)
  })
}

fn rungs(text: &str) -> Vec<&str> {
  text.lines().filter(|l| l.starts_with("fault ")).map(|l| l.rsplit(": ").next().unwrap()).collect()
}

#[test]
fn a_boot_log_that_does_not_fit_is_told_and_tried_again_within_bounds() {
  type Setup = fn(&mut World);
  let cases: [(&str, LogWriter, Setup); 4] = [
    ("boot 0 answers -1", sink(), |w| w.element.opens = [HostError::NotFound; 9].into()),
    ("boot 2 answers 32", sink(), |w| w.element.bytes = 32),
    ("boot 3 answers -9", sink().credit(1, 5, HostError::Unsupported as i32).credit(2, 6, 0), |_| ()),
    ("boot 3 answers -2147483648", sink().credit(1, 5, 0), |_| ()),
  ];
  for (i, (expected, log, setup)) in cases.into_iter().enumerate() {
    let w = world();
    setup(&mut w.borrow_mut());
    let mut host = host(&w, log.image(), 8, Box::new(|_| panic!("a step of a pipeline that did not begin")));
    assert_eq!(run_until(&w, &mut host, 10_000 * MS), Some(Outcome::Reset));
    let text = w.borrow().printed.clone();
    assert_eq!(rungs(&text), ["restart pipeline", "reset"], "{text}");
    if i != 2 {
      assert!(text.contains(expected), "{text}");
    }
    assert_eq!(w.borrow().opened, 0);
  }
}

#[test]
fn a_failing_operation_climbs_rung_by_rung() {
  let w = world();
  w.borrow_mut().element.frame_error = Some(HostError::Io);
  let mut host = host(&w, sink().image(), 8, one_frame());
  assert_eq!(run_until(&w, &mut host, 10_000 * MS), Some(Outcome::Reset));
  let text = w.borrow().printed.clone();
  // The second pipeline finds the element's restart spent.
  let expected = ["retry", "retry", "restart element", "restart pipeline", "retry", "retry", "reset"];
  assert_eq!(rungs(&text), expected, "{text}");
  assert!(text.contains("fault sink0: frame failed -7 at 0."), "{text}");
  // The core never saw the error.
  assert_eq!(w.borrow().told, []);
  // One offer, two retries, one after the element's restart, and three of the second pipeline.
  assert_eq!(w.borrow().calls.iter().filter(|c| c.starts_with("frame")).count(), 7);
}

#[test]
fn a_retry_that_helps_is_all() {
  let w = world();
  w.borrow_mut().element.frames = [Err(HostError::TimedOut), Ok(Answer::Done)].into();
  let mut frame = one_frame();
  let mut host = host(&w, sink().image(), 8, Box::new(move |core| frame(core).map(|_| 1000 * MS)));
  run_until(&w, &mut host, 100 * MS);
  assert_eq!(rungs(&w.borrow().printed), ["retry"]);
  assert_eq!(w.borrow().told, [Completion::result(1, 0)]);
}

#[test]
fn errors_that_do_not_pass_are_the_cores() {
  let w = world();
  w.borrow_mut().element.frame_error = Some(HostError::Unsupported);
  let mut host = host(&w, sink().image(), 8, one_frame());
  run_until(&w, &mut host, MS);
  assert_eq!(w.borrow().told, [Completion::result(1, HostError::Unsupported as i32)]);
}

#[test]
fn an_element_that_is_opened_again_gets_all_it_had_in_order() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let log = LogWriter::default()
    .open("fakesrc", "src0", 1)
    .property(1, "rate", 8000)
    .configure(1, 0, "audio/x-raw", 64)
    .credit(1, 11, PENDING)
    .credit(1, 12, PENDING);
  w.borrow_mut().element.allowance = Some(Some(100 * MS));
  let mut host = host(
    &w,
    log.image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        assert_eq!(core.imports.submit(core.memory, 1, 20, 0, 0, 3, 50), 0);
        core.frame(1, 30);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 99 * MS);
  let from = w.borrow().calls.len();
  let first: Vec<_> = calls_from(&w, 0).into_iter().filter(|c| !c.starts_with("flush")).collect();
  run_until(&w, &mut host, 150 * MS);
  let text = w.borrow().printed.clone();
  assert_eq!(rungs(&text), ["restart element"], "{text}");
  let mut again = calls_from(&w, from);
  assert_eq!(again.remove(0), "close");
  assert_eq!(again.remove(3), "flush 3");
  assert_eq!(again, first);
}

#[test]
fn a_pipeline_that_begins_again_makes_the_same_calls() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let log = LogWriter::default().open("fakesrc", "src0", 1).property(1, "rate", 8000).configure(1, 0, "a/b", 64);
  let mut traps = 1;
  let mut host = host(
    &w,
    log.credit(1, 11, PENDING).image(),
    8,
    Box::new(move |core| {
      if core.step == 0 {
        core.credit(1, 12);
        core.frame(1, 13);
        // It would show if the memory were not as it was.
        assert_eq!(core.memory.u32(60000), Some(0));
        core.memory.set_u32(60000, 1);
        return Ok(10 * MS);
      }
      traps -= 1;
      if traps >= 0 { Err(Trap::Unreachable) } else { Ok(WAIT) }
    }),
  );
  run_until(&w, &mut host, 9 * MS);
  let first = calls_from(&w, 0);
  run_until(&w, &mut host, 60 * MS);
  let text = w.borrow().printed.clone();
  assert!(text.contains("fault pipeline: trap unreachable at 0.010000 s: restart pipeline"), "{text}");
  let mut again = calls_from(&w, first.len());
  assert_eq!(again.remove(0), "close");
  assert_eq!(again, first);
  assert_eq!(w.borrow().opened, 1);
}

#[test]
fn completions_that_no_operation_asked_for_name_the_element() {
  let with = |change: fn(&mut Completion)| {
    let mut c = Completion::new(11, Completed::Data);
    c.result = 4;
    change(&mut c);
    c
  };
  let cases = [
    ("completes what is not pending", Completion::result(99, 0)),
    ("gives more than was asked for", with(|c| c.result = 65)),
    ("gives more than was asked for", with(|c| c.result = -7)),
    ("gives more than was asked for", with(|c| c.extra = 4096)),
    ("gives more than was asked for", with(|c| c.handle = 3)),
    ("gives more than was asked for", Completion::result(11, PENDING)),
    ("gives more than was asked for", Completion::new(11, Completed::Returned)),
  ];
  for (expected, wrong) in cases {
    let w = world();
    w.borrow_mut().element.bytes = 64;
    let log = LogWriter::default().open("fakesrc", "src0", 1).configure(1, 0, "a/b", 64).credit(1, 11, PENDING);
    let mut host = host(&w, log.image(), 8, Box::new(|_| Ok(WAIT)));
    run_until(&w, &mut host, 9 * MS);
    w.borrow_mut().element.ready = vec![(10 * MS, wrong)];
    run_until(&w, &mut host, 9 * MS);
    run_until(&w, &mut host, 50 * MS);
    let text = w.borrow().printed.clone();
    assert!(text.contains(&format!("fault src0: breach: {expected}")), "{wrong:?}: {text}");
    assert_eq!(rungs(&text), ["restart element"]);
    assert_eq!(w.borrow().told, []);
  }
}

#[test]
fn an_operation_that_ended_cannot_end_again() {
  let w = world();
  let mut host = host(&w, sink().image(), 8, one_frame());
  run_until(&w, &mut host, MS);
  w.borrow_mut().element.ready = vec![(2 * MS, Completion::result(1, 0)), (2 * MS, Completion::result(1, 0))];
  run_until(&w, &mut host, MS);
  run_until(&w, &mut host, 50 * MS);
  assert_eq!(w.borrow().told, [Completion::result(1, 0)]);
  assert!(w.borrow().printed.contains("fault sink0: breach: completes what is not pending"));
}

#[test]
fn an_element_cannot_end_what_another_has() {
  let w = world();
  let log = sink().open("fakesink", "sink1", 2);
  let mut host = host(&w, log.image(), 8, one_frame());
  run_until(&w, &mut host, MS);
  w.borrow_mut().element.foreign = Some((1, Completion::result(1, 0)));
  run_until(&w, &mut host, 3 * MS);
  assert!(w.borrow().printed.contains("fault sink1: breach: completes what is not pending"), "{}", w.borrow().printed);
  assert_eq!(w.borrow().told, []);
}

#[test]
fn an_operation_that_failed_is_not_the_elements_any_more() {
  let w = world();
  let mut host = host(&w, sink().image(), 8, one_frame());
  run_until(&w, &mut host, MS);
  let failed = Completion::result(1, HostError::Io as i32);
  w.borrow_mut().element.ready = vec![(2 * MS, failed), (3 * MS, Completion::result(1, 0))];
  run_until(&w, &mut host, MS);
  run_until(&w, &mut host, 4 * MS);
  let text = w.borrow().printed.clone();
  assert_eq!(rungs(&text), ["retry", "restart element"], "{text}");
  assert!(text.contains("breach: completes what is not pending"), "{text}");
}

#[test]
fn a_failed_frame_does_not_come_behind_those_after_it() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        core.frame(1, 1);
        core.frame(1, 2);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, MS);
  let from = w.borrow().calls.len();
  w.borrow_mut().element.ready = vec![(2 * MS, Completion::result(1, HostError::Io as i32))];
  run_until(&w, &mut host, MS);
  run_until(&w, &mut host, 50 * MS);
  assert_eq!(rungs(&w.borrow().printed), ["restart element"]);
  assert_eq!(calls_from(&w, from)[4..], ["frame 1 seq 1", "frame 2 seq 2"]);
}

#[test]
fn what_was_cancelled_is_not_tried_again() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let log = LogWriter::default().open("fakesrc", "src0", 1).configure(1, 0, "a/b", 64).credit(1, 3, PENDING);
  let shared = w.clone();
  let mut host = host(
    &w,
    log.image(),
    8,
    Box::new(move |core| {
      if core.step == 0 {
        core.imports.cancel(3);
        // It ends with what it had failed with before.
        shared.borrow_mut().element.ready = vec![(0, Completion::result(3, HostError::Io as i32))];
      }
      Ok((core.step as i64 + 1) * 1000 * MS)
    }),
  );
  run_until(&w, &mut host, 10 * MS);
  assert_eq!(w.borrow().told, [Completion::result(3, HostError::Io as i32)]);
  assert_eq!(rungs(&w.borrow().printed), [""; 0]);
}

#[test]
fn what_is_cancelled_while_it_is_held_ends_at_once() {
  let w = world();
  w.borrow_mut().element.frames = [Err(HostError::Io), Err(HostError::Io)].into();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      match core.step {
        0 => assert_eq!(core.frame(1, 1), PENDING),
        1 => core.imports.cancel(1),
        _ => {}
      }
      Ok((core.step as i64 + 1) * MS)
    }),
  );
  run_until(&w, &mut host, 30 * MS);
  assert_eq!(w.borrow().told, [Completion::result(1, HostError::Cancelled as i32)]);
  assert_eq!(w.borrow().calls.iter().filter(|c| c.starts_with("frame")).count(), 1);
}

#[test]
fn an_element_that_was_told_more_than_the_log_has_is_not_made_again_from_it() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        // A property, as records: text and number.
        core.memory.write(2048, b"\x06\x04rate\x05\x07");
        assert_eq!(core.imports.submit(core.memory, 1, 21, 2048, 8, 0, 77), 0);
        core.frame(1, 1);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 2100 * MS);
  let text = w.borrow().printed.clone();
  assert_eq!(rungs(&text), ["restart element", "restart pipeline"], "{text}");
  assert!(text.contains("fault sink0: other than before"), "{text}");
}

#[test]
fn a_pipeline_that_begins_again_has_all_its_time() {
  let w = world();
  let mut traps = 1;
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(move |core| {
      if core.step < 3 {
        return Ok(if core.step == 2 && traps > 0 { 2000 * MS } else { 0 });
      }
      traps -= 1;
      if traps >= 0 { Err(Trap::Memory) } else { Ok(100_000 * MS) }
    }),
  );
  run_until(&w, &mut host, 3000 * MS);
  assert_eq!(rungs(&w.borrow().printed), ["restart pipeline"], "{}", w.borrow().printed);
}

#[test]
fn an_element_that_does_not_ask_for_room_is_told_so() {
  let w = world();
  w.borrow_mut().element.rude = true;
  w.borrow_mut().element.frame_takes = Some(MS);
  let mut host = host(
    &w,
    sink().image(),
    2,
    Box::new(|core| {
      for n in 1..=3 {
        core.frame(1, n + 10 * core.step as u32);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 10 * MS);
  assert!(w.borrow().printed.contains("fault sink0: breach: does not wait for room"), "{}", w.borrow().printed);
}

#[test]
fn a_handle_closed_with_something_pending_is_a_leak() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      core.frame(1, 1);
      core.imports.close(1);
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, MS);
  assert!(w.borrow().printed.contains("fault sink0: breach: closed while busy"));
}

#[test]
fn a_stuck_element_is_not_covered_by_the_watchdog() {
  let w = world();
  w.borrow_mut().watchdog = Some(400 * MS);
  let mut host = host(&w, sink().image(), 8, one_frame());
  assert_eq!(run_until(&w, &mut host, 10_000 * MS), Some(Outcome::Reset));
  let w = w.borrow();
  assert_eq!(rungs(&w.printed), ["restart element", "restart pipeline", "reset"], "{}", w.printed);
  assert!(w.printed.contains("fault sink0: frame stalled"));
  // While it waited within its allowance, the watchdog was never close.
  assert!(w.fed.windows(2).all(|f| f[1] - f[0] <= 200 * MS));
  // Three allowances of two seconds, and it was over.
  assert!(w.now < 6100 * MS, "{}", w.now);
}

#[test]
fn an_element_that_had_to_wait_is_not_stuck_when_it_is_given_more() {
  let w = world();
  w.borrow_mut().element.bytes = 64;
  let shared = w.clone();
  let log = LogWriter::default().open("fakesrc", "src0", 1).configure(1, 0, "a/b", 64).credit(1, 11, PENDING);
  let mut host = host(
    &w,
    log.image(),
    8,
    Box::new(move |core| {
      if core.step == 1 {
        // From here on it has all that it needs.
        shared.borrow_mut().element.allowance = Some(Some(100 * MS));
        core.credit(1, 12);
      }
      Ok((core.step as i64 + 1) * 1000 * MS)
    }),
  );
  run_until(&w, &mut host, 1099 * MS);
  assert_eq!(rungs(&w.borrow().printed), [""; 0]);
  run_until(&w, &mut host, 1150 * MS);
  assert_eq!(rungs(&w.borrow().printed), ["restart element"]);
}

#[test]
fn a_core_that_spins_starves_the_watchdog_and_is_restarted() {
  let w = world();
  w.borrow_mut().watchdog = Some(400 * MS);
  let clock = w.clone();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(move |_| {
      clock.borrow_mut().now += MS;
      Ok(0)
    }),
  );
  assert_eq!(run_until(&w, &mut host, 10_000 * MS), Some(Outcome::Reset));
  let w = w.borrow();
  assert_eq!(rungs(&w.printed), ["restart pipeline", "reset"], "{}", w.printed);
  assert!(w.printed.contains("core spins"));
  // A watchdog of 400 ms would have bitten before the host's own patience was out.
  assert!(w.fed.windows(2).any(|f| f[1] - f[0] > 400 * MS), "{:?}", w.fed);
}

#[test]
fn a_pipeline_that_waits_for_nothing_is_dead() {
  let w = world();
  let mut host = host(&w, sink().image(), 8, Box::new(|_| Ok(WAIT)));
  run_until(&w, &mut host, MS);
  assert!(w.borrow().printed.contains("fault pipeline: core waits for nothing"));
}

#[test]
fn an_error_that_was_posted_lets_the_pipeline_end_and_begins_it_again() {
  let w = world();
  let mut runs = 0;
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(move |core| {
      if core.step == 0 {
        runs += 1;
        if runs == 1 {
          core.post(Post::Error, 203);
          return Ok(20 * MS);
        }
        core.frame(1, 1);
      } else if runs == 1 {
        core.post(Post::Eos, 0);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 1000 * MS);
  let text = w.borrow().printed.clone();
  assert!(text.contains("error Damaged(203) fake0:"), "{text}");
  assert!(text.contains("fault pipeline: error 203 at 0.020000 s: restart pipeline"), "{text}");
  assert_eq!(w.borrow().opened, 1);
}

#[test]
fn a_pipeline_that_does_not_end_after_its_error_is_not_waited_for() {
  let w = world();
  let mut host = host(
    &w,
    sink().image(),
    8,
    Box::new(|core| {
      if core.step == 0 {
        core.post(Post::Error, 203);
        core.frame(1, 1);
      }
      Ok(WAIT)
    }),
  );
  run_until(&w, &mut host, 110 * MS);
  assert!(w.borrow().printed.contains("fault pipeline: error 203 at 0.100000 s: restart pipeline"));
}

#[test]
fn a_fault_of_the_board_restarts_the_pipeline() {
  let w = world();
  let mut host = host(&w, sink().image(), 8, one_frame());
  w.borrow_mut().fault = Some("ethernet is gone");
  run_until(&w, &mut host, 50 * MS);
  assert!(w.borrow().printed.contains("fault pipeline: ethernet is gone at "));
  assert_eq!(rungs(&w.borrow().printed), ["restart pipeline"]);
}

#[test]
fn a_boot_loop_ends() {
  let ledger: *mut Ledger = Box::leak(Box::new(Ledger::new()));
  let mut outcomes = Vec::new();
  for _ in 0..5 {
    let w = world();
    w.borrow_mut().cause = Some(Cause::Unknown);
    // The same memory over all resets.
    let kept: &'static mut Ledger = unsafe { &mut *ledger };
    let machine = FakeMachine::new(&w, 8, Box::new(|_| Err(Trap::Memory)));
    let mut host = host_with(&w, sink().image(), machine, kept);
    outcomes.push((run_until(&w, &mut host, 10_000 * MS), w.borrow().printed.lines().nth(2).unwrap().to_owned()));
    if outcomes.last().unwrap().0 == Some(Outcome::Halted) {
      let text = w.borrow().printed.clone();
      assert!(text.contains("give up") && text.ends_with("halted\r\n"), "{text}");
      break;
    }
  }
  let ends: Vec<_> = outcomes.iter().map(|(o, _)| o.unwrap()).collect();
  assert_eq!(ends, [Outcome::Reset, Outcome::Reset, Outcome::Halted]);
  assert_eq!(outcomes[1].1, "reset 1 of 2 after fault trap 0");
  assert_eq!(outcomes[2].1, "reset 2 of 2 after fault trap 0");
}

#[test]
fn resets_that_nobody_asked_for_count_too() {
  let mut ledger = Ledger::new();
  ledger.begin(Cause::Power);
  for _ in 0..2 {
    ledger.begin(Cause::Watchdog);
  }
  let w = world();
  w.borrow_mut().cause = Some(Cause::Watchdog);
  let machine = FakeMachine::new(&w, 8, Box::new(|_| panic!("a step")));
  let mut host = host_with(&w, sink().image(), machine, Box::leak(Box::new(ledger)));
  assert_eq!(run_until(&w, &mut host, MS), Some(Outcome::Halted));
  assert!(w.borrow().printed.contains("reset 3 of 2 after no word"));
}
