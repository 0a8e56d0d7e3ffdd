//! `checksumsink` against the check value of its code, and its readings against what it got.
#![cfg(feature = "checksumsink")]

mod support;

use g2g_elements::checksumsink::ChecksumSink;
use g2g_interface::{Answer, HostElement};
use support::*;

fn readings(e: &ChecksumSink) -> Vec<String> {
  let mut all = vec![];
  e.readings(&mut |name, value| all.push(format!("{name} {value:?}")));
  all
}

#[test]
fn the_checksum_is_that_of_all_bytes_however_they_are_cut() {
  let mut e = ChecksumSink::new();
  let mut host = Host::new();
  assert_eq!(readings(&e), [r#"frames Int(0)"#, r#"bytes Int(0)"#, r#"crc32 Text("00000000")"#]);
  for parts in [&[&b"1"[..], b"234", b""][..], &[], &[b"56789"]] {
    assert_eq!(host.frame(&mut e, parts).1, Ok(Answer::Done));
  }
  // The check value that catalogues of CRCs give for CRC-32.
  assert_eq!(readings(&e), [r#"frames Int(3)"#, r#"bytes Int(9)"#, r#"crc32 Text("cbf43926")"#]);
  e.close();
  assert_eq!(readings(&e)[1], "bytes Int(0)", "another use begins anew");
}

#[test]
fn the_element_is_as_its_table_says() {
  table::check(&mut ChecksumSink::new(), "checksumsink");
}
