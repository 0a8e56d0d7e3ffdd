//! Messages of the bus.

use std::fmt;

use g2g_interface::Records;
use g2g_interface::abi::{Post, State};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::errors::Report;
use crate::json::to_json;
use crate::records::Reader;
use crate::time::time_of;
pub use crate::values::{Tags, Value};

/// A state of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
  /// Nothing is held.
  Null,
  /// The graph is ordered.
  Ready,
  /// Everything is open, and the sinks hold their first frames.
  Paused,
  /// Time runs.
  Playing,
}

impl From<State> for StateName {
  fn from(state: State) -> StateName {
    match state {
      State::Null => StateName::Null,
      State::Ready => StateName::Ready,
      State::Paused => StateName::Paused,
      State::Playing => StateName::Playing,
    }
  }
}

/// As in messages and JSON.
impl fmt::Display for StateName {
  fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match self {
      StateName::Null => "null",
      StateName::Ready => "ready",
      StateName::Paused => "paused",
      StateName::Playing => "playing",
    })
  }
}

/// A message of the bus. `element` is empty for those of the pipeline itself; times are ns.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Message {
  /// Something failed; the run ends.
  Error(Report),
  /// Something is not as it should be; the run goes on.
  Warning(Report),
  /// Something worth knowing.
  Info(Report),
  /// All streams have ended.
  Eos { element: String },
  /// A state has been reached.
  StateChanged { element: String, old: StateName, state: StateName, target: StateName },
  /// All sinks hold their first frame.
  AsyncDone { element: String },
  /// A stream begins.
  StreamStart { element: String },
  /// The caps of a pad are settled.
  Caps { element: String, pad: String, caps: String },
  /// What a stream says of itself; `pad` is empty for the whole of it.
  Tags { element: String, pad: String, tags: Tags },
  /// Latency of the pipeline; no `max` is no limit.
  Latency { element: String, min: i64, max: Option<i64> },
  /// An element has found a stream.
  PadAdded { element: String, pad: String, caps: String, linked: bool },
  /// A stream is gone.
  PadRemoved { element: String, pad: String },
  /// An element has found all of its streams.
  NoMorePads { element: String },
  /// A link was made while the pipeline ran.
  Linked { element: String, values: Vec<Value> },
  /// Frames come too late.
  Qos { element: String, values: Vec<Value> },
  /// What an element alone knows the meaning of.
  Element { element: String, values: Vec<Value> },
}

impl Message {
  /// Makes a message out of what `post` was given. Records that are not those of the kind make an error.
  pub fn read(kind: Post, records: &[u8]) -> Message {
    let unreadable = || Message::Error(Report::host_protocol("a message of the core cannot be read"));
    Message::try_read(kind, records).unwrap_or_else(unreadable)
  }

  /// The same; `None` when the records are not those of the kind.
  pub(crate) fn try_read(kind: Post, records: &[u8]) -> Option<Message> {
    match kind {
      Post::Error => Report::read(records).map(Message::Error),
      Post::Warning => Report::read(records).map(Message::Warning),
      Post::Info => Report::read(records).map(Message::Info),
      _ => read(kind, Reader::new(Records::new(records))),
    }
  }

  /// Its kind, as in JSON.
  pub fn kind(&self) -> &'static str {
    match self {
      Message::Error(_) => "error",
      Message::Warning(_) => "warning",
      Message::Info(_) => "info",
      Message::Eos { .. } => "eos",
      Message::StateChanged { .. } => "state-changed",
      Message::AsyncDone { .. } => "async-done",
      Message::StreamStart { .. } => "stream-start",
      Message::Caps { .. } => "caps",
      Message::Tags { .. } => "tags",
      Message::Latency { .. } => "latency",
      Message::PadAdded { .. } => "pad-added",
      Message::PadRemoved { .. } => "pad-removed",
      Message::NoMorePads { .. } => "no-more-pads",
      Message::Linked { .. } => "linked",
      Message::Qos { .. } => "qos",
      Message::Element { .. } => "element",
    }
  }

  /// Name of the element; empty for the pipeline.
  pub fn element(&self) -> &str {
    match self {
      Message::Error(report) | Message::Warning(report) | Message::Info(report) => &report.element,
      Message::Eos { element }
      | Message::StateChanged { element, .. }
      | Message::AsyncDone { element }
      | Message::StreamStart { element }
      | Message::Caps { element, .. }
      | Message::Tags { element, .. }
      | Message::Latency { element, .. }
      | Message::PadAdded { element, .. }
      | Message::PadRemoved { element, .. }
      | Message::NoMorePads { element }
      | Message::Linked { element, .. }
      | Message::Qos { element, .. }
      | Message::Element { element, .. } => element,
    }
  }

  /// The message in one line.
  pub fn describe(&self) -> String {
    if let Message::Error(report) | Message::Warning(report) | Message::Info(report) = self {
      return format!("{}: {}", self.kind(), report.text);
    }
    let element = Some(self.element()).filter(|e| !e.is_empty()).unwrap_or("pipeline");
    match to_json(&Details(self)).as_str() {
      "{}" => format!("{element}: {}", self.kind()),
      details => format!("{element}: {} {details}", self.kind()),
    }
  }

  /// What it tells besides its kind and its element.
  fn details<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
    match self {
      Message::Error(_)
      | Message::Warning(_)
      | Message::Info(_)
      | Message::Eos { .. }
      | Message::AsyncDone { .. }
      | Message::StreamStart { .. }
      | Message::NoMorePads { .. } => {}
      Message::StateChanged { old, state, target, .. } => {
        map.serialize_entry("old", old)?;
        map.serialize_entry("state", state)?;
        map.serialize_entry("target", target)?;
      }
      Message::Caps { pad, caps, .. } => {
        map.serialize_entry("pad", pad)?;
        map.serialize_entry("caps", caps)?;
      }
      Message::Tags { pad, tags, .. } => {
        map.serialize_entry("pad", pad)?;
        map.serialize_entry("tags", tags)?;
      }
      Message::Latency { min, max, .. } => {
        map.serialize_entry("min", min)?;
        map.serialize_entry("max", max)?;
      }
      Message::PadAdded { pad, caps, linked, .. } => {
        map.serialize_entry("pad", pad)?;
        map.serialize_entry("caps", caps)?;
        map.serialize_entry("linked", linked)?;
      }
      Message::PadRemoved { pad, .. } => map.serialize_entry("pad", pad)?,
      Message::Linked { values, .. } | Message::Qos { values, .. } | Message::Element { values, .. } => {
        map.serialize_entry("values", values)?
      }
    }
    Ok(())
  }
}

/// A message without its kind and its element.
struct Details<'a>(&'a Message);

impl Serialize for Details<'_> {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    self.0.details(&mut map)?;
    map.end()
  }
}

/// `type` first, then `element` and the rest; or the fields of the report.
impl Serialize for Message {
  fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Reported<'a> {
      r#type: &'static str,
      #[serde(flatten)]
      report: &'a Report,
    }
    if let Message::Error(report) | Message::Warning(report) | Message::Info(report) = self {
      return Reported { r#type: self.kind(), report }.serialize(serializer);
    }
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", self.kind())?;
    map.serialize_entry("element", self.element())?;
    self.details(&mut map)?;
    map.end()
  }
}

fn read(kind: Post, mut r: Reader) -> Option<Message> {
  let element = r.text()?;
  let r = &mut r;
  let state = |r: &mut Reader| State::from_raw(i32::try_from(r.int()?).ok()?).map(StateName::from);
  Some(match kind {
    Post::Eos => Message::Eos { element },
    Post::StateChanged => Message::StateChanged { element, old: state(r)?, state: state(r)?, target: state(r)? },
    Post::AsyncDone => Message::AsyncDone { element },
    Post::StreamStart => Message::StreamStart { element },
    Post::Caps => Message::Caps { element, pad: r.text()?, caps: r.text()? },
    Post::Tags => {
      let pad = r.text()?;
      let mut tags = Tags::default();
      while let Some(name) = r.text() {
        tags.add(name, r.value()?);
      }
      Message::Tags { element, pad, tags }
    }
    Post::Latency => Message::Latency { element, min: r.int()?, max: time_of(r.int()?) },
    Post::PadAdded => Message::PadAdded { element, pad: r.text()?, caps: r.text()?, linked: r.int()? != 0 },
    Post::PadRemoved => Message::PadRemoved { element, pad: r.text()? },
    Post::NoMorePads => Message::NoMorePads { element },
    Post::Linked => Message::Linked { element, values: r.rest() },
    Post::Qos => Message::Qos { element, values: r.rest() },
    Post::Element => Message::Element { element, values: r.rest() },
    Post::Error | Post::Warning | Post::Info => return None,
  })
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::records::records;

  #[test]
  fn a_message_is_one_line_and_the_same_json_as_in_every_host() {
    let changed = records(|w| {
      w.text("");
      [1, 2, 3].into_iter().for_each(|n| w.int(n));
    });
    let message = Message::read(Post::StateChanged, &changed);
    let details = "{\"old\":\"ready\",\"state\":\"paused\",\"target\":\"playing\"}";
    assert_eq!(message.describe(), format!("pipeline: state-changed {details}"));
    assert_eq!(to_json(&message), format!("{{\"type\":\"state-changed\",\"element\":\"\",{}", &details[1..]));
    let eos = Message::read(Post::Eos, &records(|w| w.text("")));
    assert_eq!(eos.describe(), "pipeline: eos");
    let latency = records(|w| {
      w.text("sink");
      w.int(5);
      w.int(i64::MIN);
    });
    let latency = Message::read(Post::Latency, &latency);
    assert_eq!(latency.describe(), "sink: latency {\"min\":5,\"max\":null}");
  }

  #[test]
  fn a_tag_that_comes_again_becomes_a_list() {
    let tags = records(|w| {
      w.text("demux");
      w.text("");
      w.text("artist");
      w.text("A");
      w.text("image");
      w.bytes(&[0x0f, 0xff]);
      w.text("artist");
      w.text("B");
      w.text("rate");
      w.double(2.0);
    });
    let message = Message::read(Post::Tags, &tags);
    assert_eq!(
      message.describe(),
      "demux: tags {\"pad\":\"\",\"tags\":{\"artist\":[\"A\",\"B\"],\"image\":\"0fff\",\"rate\":2}}"
    );
  }

  #[test]
  fn a_report_keeps_its_fields_behind_the_type() {
    let warning = records(|w| {
      w.int(101);
      w.text("x");
      w.int(-1);
      w.int(i64::MIN);
      w.text("y");
      w.int(1);
    });
    let message = Message::read(Post::Warning, &warning);
    assert_eq!(message.describe(), "warning: x: no element \"y\" (column 1)");
    assert!(
      to_json(&message).starts_with("{\"type\":\"warning\",\"code\":101,\"name\":\"NoElement\",\"element\":\"x\",")
    );
  }

  #[test]
  fn records_of_another_kind_make_an_error() {
    let error = Message::Error(Report::host_protocol("a message of the core cannot be read"));
    let short = records(|w| w.text("x"));
    for kind in [Post::StateChanged, Post::Caps, Post::Tags, Post::Latency, Post::PadAdded, Post::PadRemoved] {
      assert_eq!(Message::read(kind, &short), error);
    }
    let state = records(|w| {
      w.text("");
      [1, 2, 4].into_iter().for_each(|n| w.int(n));
    });
    assert_eq!(Message::read(Post::StateChanged, &state), error);
    assert_eq!(Message::read(Post::Eos, &[]), error);
    let odd = records(|w| ["e", "", "name"].into_iter().for_each(|t| w.text(t)));
    assert_eq!(Message::read(Post::Tags, &odd), error);
  }
}
