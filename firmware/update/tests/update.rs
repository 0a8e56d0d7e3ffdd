//! Packages come in, are tried, confirmed and rolled back, whatever happens to the power.

mod common;

use common::*;
use g2g_runtime::Cause;
use g2g_update::{Choice, HEADER, Happened, Refusal, State, Store};

/// What would be started.
fn starts(store: &mut Store<Flash>, cause: Cause) -> (u8, u32, bool) {
  let Choice { slot, header, trial, .. } = store.choose(cause);
  (slot, header.map_or(0, |h| h.version), trial)
}

#[test]
fn a_flash_that_was_never_used_starts_what_was_built_in() {
  let flash = Flash::new();
  let mut store = open(&flash);
  assert_eq!(store.state(), State::default());
  assert_eq!(starts(&mut store, Cause::Power), (0, 0, false));
}

#[test]
fn packages_take_turns_in_the_slots_and_are_confirmed() {
  let flash = Flash::new();
  for version in 1..=50 {
    let slot = (version as u8 - 1) % 2 + 1;
    let mut store = open(&flash);
    bring(&mut store, &Says::version(version).package()).unwrap();
    let mut store = open(&flash);
    assert_eq!(starts(&mut store, Cause::Program), (slot, version, true));
    store.confirm(version).unwrap();
    let mut store = open(&flash);
    assert_eq!(starts(&mut store, Cause::Power), (slot, version, false));
    assert_eq!(store.state(), State { good: slot, trial: 0, tries: 0, version });
  }
}

#[test]
fn a_trial_that_ends_unproved_brings_the_last_good_one_back() {
  let flash = Flash::new();
  let mut store = open(&flash);
  bring(&mut store, &Says::version(1).package()).unwrap();
  store.choose(Cause::Program);
  store.confirm(1).unwrap();
  bring(&mut store, &Says::version(2).package()).unwrap();
  for (cause, again) in
    [(Cause::Watchdog, false), (Cause::Unknown, false), (Cause::Program, false), (Cause::Power, true)]
  {
    let flash = flash.copy();
    let mut store = open(&flash);
    assert_eq!(starts(&mut store, Cause::Program), (2, 2, true));
    let mut store = open(&flash);
    let choice = store.choose(cause);
    assert_eq!((choice.slot, choice.trial), if again { (2, true) } else { (1, false) }, "{cause:?}");
    assert_eq!(choice.happened, (!again).then_some(Happened::RolledBack));
    if again {
      assert!(starts(&mut open(&flash), Cause::Pin).2);
      assert_eq!(starts(&mut open(&flash), Cause::Power), (1, 1, false));
    }
    // It stays so.
    assert_eq!(starts(&mut open(&flash), Cause::Power), (1, 1, false));
  }
  let mut store = open(&flash);
  assert_eq!(starts(&mut store, Cause::Program), (2, 2, true));
  store.reject().unwrap();
  assert_eq!(starts(&mut open(&flash), Cause::Program), (1, 1, false));
}

#[test]
fn what_is_not_wanted_is_refused_before_anything_is_erased() {
  let flash = Flash::new();
  let mut store = open(&flash);
  bring(&mut store, &Says::version(5).package()).unwrap();
  store.choose(Cause::Program);
  store.confirm(5).unwrap();
  let good = Says::version(6);
  let cases = [
    (Refusal::Signature, Says { signer: 2, ..good.clone() }),
    (Refusal::Board, Says { board: "desktop", ..good.clone() }),
    (Refusal::Board, Says { board: "des", ..good.clone() }),
    (Refusal::TooLarge, Says { module: 4096 - HEADER - 15, ..good.clone() }),
    (Refusal::Memory, Says { memory: 8193, ..good.clone() }),
    (Refusal::Memory, Says { arena: 20001, ..good.clone() }),
    (Refusal::Element, Says { elements: &["udpsink", "udpsrc"], ..good.clone() }),
    (Refusal::Older, Says { version: 5, ..good.clone() }),
    (Refusal::Older, Says { version: 4, ..good.clone() }),
  ];
  let before = flash.0.borrow().bytes.clone();
  for (refusal, says) in cases {
    assert_eq!(store.begin(&says.package().header), Err(refusal));
  }
  for at in 0..HEADER {
    let mut header = good.package().header;
    header[at] ^= 0x20;
    assert!(store.begin(&header).is_err(), "byte {at}");
  }
  assert!(flash.0.borrow().bytes == before);
  // The largest that fits, and an older one that was signed as such.
  assert_eq!(store.begin(&Says { module: 4096 - HEADER - 16, ..good.clone() }.package().header), Ok(0));
  assert_eq!(bring(&mut store, &Says { version: 4, older: true, ..good }.package()), Ok(()));
}

#[test]
fn lengths_that_run_over_are_too_large() {
  let flash = Flash::new();
  let mut store = open(&flash);
  for at in [24, 28, 32] {
    let mut header = Says::version(1).package().header;
    header[at..at + 4].copy_from_slice(&0xffff_fffeu32.to_le_bytes());
    sign(&mut header, 1);
    assert_eq!(store.begin(&header), Err(Refusal::TooLarge));
  }
}

#[test]
fn a_signature_has_one_form() {
  let flash = Flash::new();
  let mut header = Says::version(1).package().header;
  // The order of the group, added to the scalar.
  let order = [
    0xedu8, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
  ];
  let mut carry = 0;
  for (byte, add) in header[480..].iter_mut().zip(order) {
    let sum = *byte as u16 + add as u16 + carry;
    (*byte, carry) = (sum as u8, sum >> 8);
  }
  assert_eq!(open(&flash).begin(&header), Err(Refusal::Signature));
}

#[test]
fn a_package_that_is_not_what_was_signed_is_never_tried() {
  let flash = Flash::new();
  let mut store = open(&flash);
  let mut package = Says::version(1).package();
  package.payload[700] ^= 1;
  assert_eq!(bring(&mut store, &package), Err(Refusal::Damaged));
  assert_eq!(store.commit(), Err(Refusal::Nothing));
  assert_eq!(starts(&mut open(&flash), Cause::Power), (0, 0, false));
  // One that rots in the flash is not started either.
  let mut store = open(&flash);
  bring(&mut store, &Says::version(1).package()).unwrap();
  flash.0.borrow_mut().bytes[2048 + HEADER + 900] ^= 4;
  let choice = open(&flash).choose(Cause::Program);
  assert_eq!((choice.slot, choice.happened), (0, Some(Happened::Refused(Refusal::Damaged))));
}

#[test]
fn pieces_may_come_twice_late_and_not_at_all() {
  let flash = Flash::new();
  let mut store = open(&flash);
  let p = Says::version(1).package();
  assert_eq!(store.data(0, &p.payload[..512]), Err(Refusal::Nothing));
  assert_eq!(store.begin(&p.header), Ok(0));
  assert_eq!(store.data(512, &p.payload[512..1024]), Ok(0));
  assert_eq!(store.data(0, &p.payload[..511]), Ok(0));
  assert_eq!(store.data(0, &p.payload[..512]), Ok(512));
  assert_eq!(store.data(0, &p.payload[..512]), Ok(512));
  // Announced again, it goes on where it was.
  assert_eq!(store.begin(&p.header), Ok(512));
  assert_eq!(store.data(512, &p.payload[512..1024]), Ok(1024));
  assert_eq!(store.data(u32::MAX, &[]), Ok(1024));
  assert_eq!(store.data(1024, &p.payload[1024..]), Ok(p.payload.len() as u32));
  assert_eq!(store.data(p.payload.len() as u32, &[]), Ok(p.payload.len() as u32));
  assert_eq!(store.commit(), Ok(()));
  assert_eq!(store.begin(&Says::version(2).package().header), Err(Refusal::Trial));
}

/// A flash with a good package of version 1 in slot 1.
fn with_a_good_one() -> Flash {
  let flash = Flash::new();
  let mut store = open(&flash);
  bring(&mut store, &Says::version(1).package()).unwrap();
  store.choose(Cause::Program);
  store.confirm(1).unwrap();
  flash.copy()
}

#[test]
fn power_may_fail_at_any_byte_of_an_update() {
  let next = Says { module: 1001, ..Says::version(2) }.package();
  let before = with_a_good_one();
  let cuts = before.cuts(|flash| {
    let mut store = open(flash);
    bring(&mut store, &next).unwrap();
    assert!(store.choose(Cause::Program).trial);
    store.confirm(2).unwrap();
  });
  let mut seen = [0; 3];
  for (n, flash) in cuts {
    match starts(&mut open(&flash), Cause::Power) {
      (1, 1, false) => seen[0] += 1,
      (2, 2, true) => seen[1] += 1,
      (2, 2, false) => seen[2] += 1,
      other => panic!("after {n} bytes: {other:?}"),
    }
    // And it can be updated again, to the end.
    if n % 61 == 0 {
      let mut store = open(&flash);
      store.reject().unwrap();
      bring(&mut store, &Says::version(9).package()).unwrap();
      assert_eq!(starts(&mut open(&flash), Cause::Program).1, 9);
    }
  }
  assert!(seen[0] > 500 && seen[1] > 60 && (1..4).contains(&seen[2]), "{seen:?}");
}

#[test]
fn power_may_fail_at_any_byte_when_the_journal_turns_over() {
  let flash = with_a_good_one();
  let turn = |flash: &Flash, times: usize| {
    let mut store = open(flash);
    for _ in 0..times {
      bring(&mut store, &Says { module: 10, ..Says::version(2) }.package()).unwrap();
      store.reject().unwrap();
    }
  };
  // Nearly a block of 32 records.
  turn(&flash, 14);
  for (n, flash) in flash.copy().cuts(|flash| turn(flash, 2)) {
    let started = starts(&mut open(&flash), Cause::Power);
    assert!(started == (1, 1, false) || started == (2, 2, true), "after {n} bytes: {started:?}");
  }
}

#[test]
fn a_place_that_keeps_nothing_is_passed_over() {
  let flash = Flash::new();
  let mut store = open(&flash);
  bring(&mut store, &Says::version(1).package()).unwrap();
  let flash = flash.copy();
  flash.0.borrow_mut().bad = Some(32 + 5);
  let mut store = open(&flash);
  assert!(store.choose(Cause::Program).trial);
  store.confirm(1).unwrap();
  assert_eq!(starts(&mut open(&flash), Cause::Power), (1, 1, false));
  // In a slot it is an error, and what is good stays.
  flash.0.borrow_mut().bad = Some(2048 + 4096 + HEADER + 100);
  assert_eq!(bring(&mut open(&flash), &Says::version(2).package()), Err(Refusal::Flash));
  assert_eq!(starts(&mut open(&flash), Cause::Power), (1, 1, false));
}
