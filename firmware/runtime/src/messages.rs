//! What the core posts, in short, for the console.

use g2g_interface::abi::Post;
use g2g_interface::generated::errors;
use g2g_interface::{NONE, Record, Records};

use crate::print::Printer;

/// What a message means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
  Nothing,
  /// The pipeline has ended.
  Eos,
  /// It has failed, with this code.
  Error(i32),
}

/// What a message means.
pub(crate) fn meaning(kind: u32, mut records: Records<'_>) -> Meaning {
  match Post::from_raw(kind as i32) {
    Some(Post::Eos) => Meaning::Eos,
    Some(Post::Error) => Meaning::Error(records.int().and_then(|code| i32::try_from(code).ok()).unwrap_or(0)),
    _ => Meaning::Nothing,
  }
}

/// Prints an error, a warning or an info as kind, name and number of the code, element, offset, time and arguments; the end
/// as `eos`. Other messages are for applications, of which a board has none.
pub(crate) fn print(p: &mut Printer<'_>, kind: u32, mut records: Records<'_>) {
  let kind = match Post::from_raw(kind as i32) {
    Some(Post::Eos) => return p.text("eos").end(),
    Some(Post::Error) => "error ",
    Some(Post::Warning) => "warning ",
    Some(Post::Info) => "info ",
    _ => return,
  };
  p.text(kind);
  let code = records.int().unwrap_or(0);
  if let Some(name) = errors::error_name(code as i32) {
    p.plain(name);
  }
  p.text("(").number(code).text(") ");
  if let Some(element) = records.next() {
    value(p, element);
  }
  let offset = records.int().unwrap_or(-1);
  if offset >= 0 {
    p.text(" at byte ").number(offset);
  }
  let time = records.int().unwrap_or(NONE);
  if time != NONE {
    p.text(" at ").seconds(time).text(" s");
  }
  p.text(":");
  explain(p, code as i32, records);
  p.end();
}

#[cfg(not(feature = "messages"))]
fn explain(p: &mut Printer<'_>, _code: i32, records: Records<'_>) {
  for record in records {
    value(p.text(" "), record);
  }
}

#[cfg(feature = "messages")]
fn explain(p: &mut Printer<'_>, code: i32, records: Records<'_>) {
  let text = errors::error_text(code).map_or("", |(_, text)| text);
  p.text(" ");
  let mut rest = text;
  while let Some((before, behind)) = rest.split_once('{') {
    p.text(before);
    let Some((number, after)) = behind.split_once('}') else { break };
    // A star stands for all from there on.
    let (number, all) = number.strip_suffix('*').map_or((number, false), |n| (n, true));
    let n = number.bytes().fold(0usize, |n, d| n * 10 + (d.wrapping_sub(b'0') % 10) as usize);
    for (i, record) in records.skip(n).take(if all { usize::MAX } else { 1 }).enumerate() {
      if i > 0 {
        p.text(" ");
      }
      value(p, record);
    }
    rest = after;
  }
  p.text(rest);
}

/// Prints a value.
pub(crate) fn value(p: &mut Printer<'_>, record: Record<'_>) {
  match record {
    Record::Int(n) => p.number(n),
    // Thousandths; a formatter for more would be larger than what it tells.
    Record::Double(v) => p.number(thousandths(v.to_bits())).text("e-3"),
    Record::Text(t) => p.plain(t.as_bytes()),
    Record::Bytes(b) => p.plain(b),
  };
}

/// A number in thousandths, cut off, by its bits: without a unit for them, arithmetic of doubles is a library.
fn thousandths(bits: u64) -> i64 {
  let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
  let scaled = ((bits & 0xf_ffff_ffff_ffff) | 1 << 52) * 1000;
  let size = match exponent {
    ..=-64 => 0,
    -63..0 => (scaled >> -exponent) as i64,
    // Too large to be said, not a number, or without end.
    _ => i64::MAX,
  };
  if bits >> 63 != 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
  use super::*;
  use g2g_interface::records::RecordWriter;

  fn shown(kind: Post, write: impl FnOnce(&mut RecordWriter<'_>)) -> String {
    let mut buffer = [0; 200];
    let mut w = RecordWriter::new(&mut buffer);
    write(&mut w);
    let records = Records::new(w.finish().unwrap());
    let mut all = Vec::new();
    print(&mut Printer::new(&mut |b| all.extend_from_slice(b)), kind as u32, records);
    String::from_utf8(all).unwrap()
  }

  #[test]
  fn an_error_names_its_code_element_place_and_time() {
    let text = shown(Post::Error, |w| {
      w.int(202);
      w.text("demux0");
      w.int(1234);
      w.int(1_500_000_000);
      w.text("box\x1b");
      w.int(7);
    });
    let explained =
      if cfg!(feature = "messages") { "the data ends inside box.: 7 bytes are missing" } else { "box. 7" };
    assert_eq!(text, format!("error Truncated(202) demux0 at byte 1234 at 1.500000 s: {explained}\r\n"));
  }

  #[test]
  fn what_is_not_known_is_left_out() {
    let text = shown(Post::Warning, |w| {
      w.int(9999);
      w.text("a");
      w.int(-1);
      w.int(NONE);
    });
    assert!(text.starts_with("warning (9999) a:"), "{text}");
    assert_eq!(shown(Post::StateChanged, |_| ()), "");
    assert_eq!(shown(Post::Eos, |_| ()), "eos\r\n");
  }

  #[test]
  fn numbers_are_cut_off_behind_thousandths() {
    for v in [0.0f64, 1.0, -1.0, 0.0009, 0.001, -2.5, 123_456.789, 1e12, -1e-300] {
      assert_eq!(thousandths(v.to_bits()), (v * 1000.0) as i64, "{v}");
    }
    assert_eq!(thousandths(f64::INFINITY.to_bits()), i64::MAX);
    assert_eq!(thousandths(f64::NEG_INFINITY.to_bits()), -i64::MAX);
  }

  #[test]
  fn only_errors_and_the_end_mean_something() {
    let code = [5, 123];
    assert_eq!(meaning(Post::Error as u32, Records::new(&code)), Meaning::Error(123));
    assert_eq!(meaning(Post::Warning as u32, Records::new(&code)), Meaning::Nothing);
    assert_eq!(meaning(Post::Eos as u32, Records::new(&[])), Meaning::Eos);
    assert_eq!(meaning(Post::Error as u32, Records::new(&[])), Meaning::Error(0));
  }
}
