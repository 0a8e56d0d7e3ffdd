//! What can go wrong with a pipeline, in words. The core speaks codes; the texts stand in tables/errors.json.

use std::fmt;

use g2g_interface::Records;
use g2g_interface::abi::HostError;
use serde::Serialize;

use crate::messages::Value;
use crate::records::Reader;
use crate::texts;
use crate::time::{format_time, time_of};

/// Codes of tables/errors.json that the host itself deals with.
pub(crate) mod code {
  pub const NO_PROPERTY: i32 = 102;
  pub const BAD_VALUE: i32 = 103;
  pub const NO_SUCH_NAME: i32 = 104;
  pub const READ_ONLY: i32 = 111;
  pub const NOT_NOW: i32 = 112;
  pub const HOST_ELEMENT: i32 = 165;
  pub const HOST_PROTOCOL: i32 = 166;
}

/// The words for a `HostError`.
pub fn host_error_text(error: i32) -> String {
  let text = match HostError::from_raw(error) {
    Some(HostError::NotFound) => "it does not exist",
    Some(HostError::Denied) => "permission is denied",
    Some(HostError::Exists) => "it exists already",
    Some(HostError::IsDirectory) => "it is a directory",
    Some(HostError::NoSpace) => "there is no space left",
    Some(HostError::Invalid) => "the request is not valid",
    Some(HostError::Io) => "the device reports an error",
    Some(HostError::Cancelled) => "it was cancelled",
    Some(HostError::Unsupported) => "that is not supported",
    Some(HostError::Busy) => "it is busy",
    Some(HostError::TooMany) => "too many are open",
    Some(HostError::BrokenPipe) => "nobody reads it any more",
    Some(HostError::TimedOut) => "it took too long",
    Some(HostError::NoMemory) => "there is not enough memory",
    Some(HostError::Closed) => "it is closed",
    Some(HostError::Pending) | None => return format!("error {error}"),
  };
  text.into()
}

/// What a report (error, warning, info) of the core says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
  /// Number of the message in tables/errors.json.
  pub code: i32,
  /// Name of the code, such as `CannotOpen`.
  pub name: String,
  /// Name of the element; empty for the pipeline.
  pub element: String,
  /// Where in the element's input, bytes; `None` when it is not known.
  pub offset: Option<i64>,
  /// Where in the stream, ns; `None` when it is not known.
  pub time: Option<i64>,
  /// The arguments of the message as the core sent them.
  pub args: Vec<Value>,
  /// The reason, without element, place and hint.
  pub reason: String,
  /// What would help; empty when there is nothing to say.
  pub hint: String,
  /// Element, place, reason and hint in one sentence.
  pub text: String,
}

impl Report {
  /// Makes the texts of a report.
  /// @param code number of the message in tables/errors.json
  /// @param element name of the element; empty for the pipeline
  /// @param offset bytes, when the place in the input is known
  /// @param time ns, when the place in the stream is known
  pub fn new(code: i32, element: &str, offset: Option<i64>, time: Option<i64>, args: Vec<Value>) -> Report {
    let words = texts::of(code, &args);
    let mut place = vec![];
    if !element.is_empty() {
      place.push(element.to_string());
    }
    place.extend(offset.map(|n| format!("at byte {n}")));
    place.extend(time.map(|ns| format!("at {}", format_time(ns))));
    let mut text = place.join(" ");
    if !text.is_empty() {
      text += ": ";
    }
    text += &words.reason;
    if !words.hint.is_empty() {
      text += "; ";
      text += &words.hint;
    }
    Report {
      code,
      name: words.name,
      element: element.into(),
      offset,
      time,
      args,
      reason: words.reason,
      hint: words.hint,
      text,
    }
  }

  /// What is said when the host, one of its elements or the core breaks the contract between them.
  /// @param what it has done
  pub(crate) fn host_protocol(what: &str) -> Report {
    Report::new(code::HOST_PROTOCOL, "", None, None, vec![what.into()])
  }

  /// Adds to the reason what an element has said of it.
  pub(crate) fn explain(&mut self, why: &str) {
    let reason = format!("{}: {why}", self.reason);
    self.text = self.text.replacen(&self.reason, &reason, 1);
    self.reason = reason;
  }

  /// Reads a report out of the records of an error, warning or info; `None` when they are no report.
  pub fn read(records: &[u8]) -> Option<Report> {
    let mut r = Reader::new(Records::new(records));
    let code = i32::try_from(r.int()?).ok()?;
    let (element, offset, time) = (r.text()?, r.int()?, r.int()?);
    Some(Report::new(code, &element, (offset >= 0).then_some(offset), time_of(time), r.rest()))
  }
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
  /// The pipeline failed, or its launch line could not be built.
  Pipeline(Box<Report>),
  /// The core ended with a trap of this kind: a fault of the core itself. The pipeline cannot be used any more.
  Trap(String),
  /// The use of this library is wrong, or the host broke its own rules.
  Fault(String),
}

impl fmt::Display for Error {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Error::Pipeline(report) => f.write_str(&report.text),
      Error::Trap(trap) => write!(f, "the core has trapped: {trap}"),
      Error::Fault(text) => f.write_str(text),
    }
  }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::json::to_json;
  use crate::records::records;

  #[test]
  fn a_report_tells_element_place_reason_and_hint_in_one_sentence() {
    let records = records(|w| {
      w.int(101);
      w.text("");
      w.int(-1);
      w.int(i64::MIN);
      w.text("fakesrk");
      w.int(1);
      w.text("fakesrc");
    });
    let report = Report::read(&records).unwrap();
    assert_eq!(report.text, "no element \"fakesrk\" (column 1); did you mean fakesrc?");
    assert_eq!(
      Error::Pipeline(Box::new(report)).to_string(),
      "no element \"fakesrk\" (column 1); did you mean fakesrc?"
    );
    let report = Report::new(160, "filesrc0", Some(7), Some(1_500_000_000), vec!["/x".into(), Value::Int(-1)]);
    assert_eq!(report.text, "filesrc0 at byte 7 at 0:00:01.5: cannot open \"/x\": it does not exist");
    assert_eq!(
      to_json(&report),
      "{\"code\":160,\"name\":\"CannotOpen\",\"element\":\"filesrc0\",\"offset\":7,\"time\":1500000000,\"args\":[\"/x\",-1],\
       \"reason\":\"cannot open \\\"/x\\\": it does not exist\",\"hint\":\"\",\
       \"text\":\"filesrc0 at byte 7 at 0:00:01.5: cannot open \\\"/x\\\": it does not exist\"}"
    );
  }

  #[test]
  fn records_that_are_no_report_are_none() {
    for damaged in [&[][..], &[5, 100], &[6, 1, b'x'], &[5, 100, 6, 200]] {
      assert_eq!(Report::read(damaged), None);
    }
  }

  #[test]
  fn every_host_error_has_words() {
    for error in -15..0 {
      assert!(!host_error_text(error).starts_with("error "), "{error}");
    }
    assert_eq!(host_error_text(-16), "error -16");
  }

  #[test]
  fn the_codes_are_those_of_the_table() {
    let codes = [
      (code::NO_PROPERTY, "NoProperty"),
      (code::BAD_VALUE, "BadValue"),
      (code::NO_SUCH_NAME, "NoSuchName"),
      (code::READ_ONLY, "ReadOnly"),
      (code::NOT_NOW, "NotNow"),
      (code::HOST_ELEMENT, "HostElement"),
      (code::HOST_PROTOCOL, "HostProtocol"),
    ];
    for (code, name) in codes {
      assert_eq!(texts::of(code, &[]).name, name);
    }
    assert_eq!(Report::host_protocol("odd").text, "the host broke the contract: odd");
  }

  #[test]
  fn a_trap_says_that_it_is_one() {
    assert_eq!(Error::Trap("unreachable".into()).to_string(), "the core has trapped: unreachable");
  }
}
