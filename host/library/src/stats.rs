//! What went through a pipeline, what was copied and why, and what the graph looks like.

use std::sync::atomic::Ordering::Relaxed;

use g2g_interface::Records;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::records::Reader;
use crate::resource::Traffic;

/// Why bytes were copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CopyReason {
  /// Short pieces are written together.
  Gather,
  /// The start of a unit is kept until the rest has come.
  Carry,
  /// Payload is laid into packets.
  Packetize,
  /// An index is made.
  Index,
  /// A format is changed.
  Convert,
  /// Data has to lie in one piece, or at a certain address.
  Align,
  /// The host needs it somewhere else.
  Host,
}

impl CopyReason {
  /// All, in the order of the core's answer.
  pub const ALL: [CopyReason; 7] = [
    CopyReason::Gather,
    CopyReason::Carry,
    CopyReason::Packetize,
    CopyReason::Index,
    CopyReason::Convert,
    CopyReason::Align,
    CopyReason::Host,
  ];
}

/// What was copied for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Copies {
  /// Bytes in all.
  pub bytes: u64,
  /// How many copies.
  pub count: u64,
}

/// What an element has done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ElementStats {
  /// Its name.
  pub name: String,
  /// Kind of element.
  pub factory: String,
  /// Turns it had; counted while statistics are on.
  pub turns: u64,
  /// Turns that were timed.
  pub timed: u64,
  /// What the timed turns took, ns.
  pub time: i64,
  /// Operations in flight.
  pub pending: u64,
  /// The copy ledger: what was copied and why. Reasons that did not occur are left out.
  #[serde(serialize_with = "by_reason")]
  pub copies: Vec<(CopyReason, Copies)>,
}

fn by_reason<S: Serializer>(copies: &[(CopyReason, Copies)], serializer: S) -> Result<S::Ok, S::Error> {
  let mut map = serializer.serialize_map(Some(copies.len()))?;
  for (reason, copied) in copies {
    map.serialize_entry(reason, copied)?;
  }
  map.end()
}

/// A pad, named with its element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PadName {
  /// Name of the element.
  pub element: String,
  /// Name of the pad.
  pub pad: String,
}

/// What went through a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinkStats {
  /// The src pad.
  pub from: PadName,
  /// The sink pad.
  pub to: PadName,
  /// Frames that went through.
  pub frames: u64,
  /// Their bytes.
  pub bytes: u64,
  /// Packets that wait in it.
  pub queued: u64,
  /// Packets at which its producer waits.
  pub limit: u64,
}

/// The memory of the core.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MemoryStats {
  /// Bytes it may use.
  pub ceiling: u64,
  /// Bytes in use.
  pub used: u64,
  /// The most that were in use, bytes.
  pub peak: u64,
  /// Pieces in use.
  pub pieces: u64,
  /// Allocations since the start; the number stands still while frames flow.
  pub allocations: u64,
  /// Records of frames in use.
  pub frames: u64,
  /// Events in use.
  pub events: u64,
  /// Blocks in use.
  pub blocks: u64,
  /// Times a link was grown because the graph stood still.
  pub grown: u64,
}

/// What the host has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostStats {
  /// Steps of the core.
  pub steps: u64,
  /// Reads that were submitted.
  pub reads: u64,
  /// Bytes that were read.
  pub read_bytes: u64,
  /// Writes that were submitted.
  pub writes: u64,
  /// Bytes that were written.
  pub written_bytes: u64,
}

impl HostStats {
  /// Those of a pipeline after some steps.
  pub(crate) fn of(steps: u64, traffic: &Traffic) -> HostStats {
    HostStats {
      steps,
      reads: traffic.reads.load(Relaxed),
      read_bytes: traffic.read_bytes.load(Relaxed),
      writes: traffic.writes.load(Relaxed),
      written_bytes: traffic.written_bytes.load(Relaxed),
    }
  }
}

/// Where the time went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TimeStats {
  /// From the call of play or pause until the run ended, or until now, ns of the pipeline's clock.
  pub running: i64,
}

/// The ledgers of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stats {
  /// Of each element, in the order of the graph.
  pub elements: Vec<ElementStats>,
  /// Of each link.
  pub links: Vec<LinkStats>,
  /// Of the core's memory.
  pub memory: MemoryStats,
  /// Of the host.
  pub host: HostStats,
  /// Of time.
  pub time: TimeStats,
}

fn pad_name(r: &mut Reader) -> Option<PadName> {
  Some(PadName { element: r.text()?, pad: r.text()? })
}

fn element(r: &mut Reader) -> Option<ElementStats> {
  let mut e = ElementStats {
    name: r.text()?,
    factory: r.text()?,
    turns: r.number()?,
    timed: r.number()?,
    time: r.int()?,
    pending: r.number()?,
    copies: vec![],
  };
  for reason in CopyReason::ALL {
    let copied = Copies { bytes: r.number()?, count: r.number()? };
    if copied.count > 0 {
      e.copies.push((reason, copied));
    }
  }
  Some(e)
}

fn link(r: &mut Reader) -> Option<LinkStats> {
  Some(LinkStats {
    from: pad_name(r)?,
    to: pad_name(r)?,
    frames: r.number()?,
    bytes: r.number()?,
    queued: r.number()?,
    limit: r.number()?,
  })
}

/// A count, then as many things; the count is not believed.
fn list<T>(r: &mut Reader, item: impl Fn(&mut Reader) -> Option<T>) -> Option<Vec<T>> {
  let count = r.number()?;
  (0..count).map(|_| item(r)).collect()
}

/// Reads the answer to `Query::Stats`; nothing when it is none.
pub(crate) fn read_stats(answer: Records) -> (Vec<ElementStats>, Vec<LinkStats>) {
  let mut r = Reader::new(answer);
  let lists = list(&mut r, element).and_then(|elements| Some((elements, list(&mut r, link)?)));
  lists.unwrap_or_default()
}

/// Reads the answer to `Query::Memory`; zeros when it is none.
pub(crate) fn read_memory(answer: Records) -> MemoryStats {
  memory(Reader::new(answer)).unwrap_or_default()
}

fn memory(mut r: Reader) -> Option<MemoryStats> {
  Some(MemoryStats {
    ceiling: r.number()?,
    used: r.number()?,
    peak: r.number()?,
    pieces: r.number()?,
    allocations: r.number()?,
    frames: r.number()?,
    events: r.number()?,
    blocks: r.number()?,
    grown: r.number()?,
  })
}

/// Which way data goes through a pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
  /// Out of the element.
  Src,
  /// Into the element.
  Sink,
}

/// An element of a pipeline and its pads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GraphElement {
  /// Its name.
  pub name: String,
  /// Kind of element.
  pub factory: String,
  /// Its pads.
  pub pads: Vec<GraphPad>,
}

/// A pad of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GraphPad {
  /// Its name.
  pub name: String,
  /// Which way data goes.
  pub direction: Direction,
  /// What it is linked to.
  pub peer: Option<PadName>,
  /// Its caps; empty while they are not settled.
  pub caps: String,
}

fn graph_pad(r: &mut Reader) -> Option<GraphPad> {
  Some(GraphPad {
    name: r.text()?,
    direction: if r.int()? != 0 { Direction::Sink } else { Direction::Src },
    peer: Some(pad_name(r)?).filter(|peer| !peer.element.is_empty()),
    caps: r.text()?,
  })
}

fn graph_element(r: &mut Reader) -> Option<GraphElement> {
  let (name, factory) = (r.text()?, r.text()?);
  // The element's place in the order of the graph.
  r.int()?;
  Some(GraphElement { name, factory, pads: list(r, graph_pad)? })
}

/// Reads the answer to `Query::Graph`; nothing when it is none.
pub(crate) fn read_graph(answer: Records) -> Vec<GraphElement> {
  list(&mut Reader::new(answer), graph_element).unwrap_or_default()
}

/// The memory domain of caps: what stands in `memory:…`, or "system".
pub fn domain_of(caps: &str) -> &str {
  const MARK: &str = "(memory:";
  // Of the first structure, before its fields.
  let head = &caps[..caps.find([',', ';']).unwrap_or(caps.len())];
  let domain = head.rmatch_indices(MARK).find_map(|(at, _)| {
    let rest = &caps[at + MARK.len()..];
    let end = rest.find([')', ','])?;
    (end > 0 && rest[end..].starts_with(')')).then(|| &rest[..end])
  });
  domain.unwrap_or("system")
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::json::to_json;
  use crate::records::records;

  fn stats() -> Vec<u8> {
    records(|w| {
      w.int(1);
      w.text("sink0");
      w.text("filesink");
      [9, 3, 1 << 40, 2].into_iter().for_each(|n| w.int(n));
      [5000, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1].into_iter().for_each(|n| w.int(n));
      w.int(1);
      ["a", "src", "sink0", "sink"].into_iter().for_each(|t| w.text(t));
      [50, 5000, 0, 4].into_iter().for_each(|n| w.int(n));
    })
  }

  #[test]
  fn the_ledgers_are_read_and_have_the_same_json_in_every_host() {
    let (elements, links) = read_stats(Records::new(&stats()));
    assert_eq!(
      to_json(&elements),
      "[{\"name\":\"sink0\",\"factory\":\"filesink\",\"turns\":9,\"timed\":3,\"time\":1099511627776,\"pending\":2,\
       \"copies\":{\"gather\":{\"bytes\":5000,\"count\":50},\"host\":{\"bytes\":7,\"count\":1}}}]"
    );
    assert_eq!(
      to_json(&links),
      "[{\"from\":{\"element\":\"a\",\"pad\":\"src\"},\"to\":{\"element\":\"sink0\",\"pad\":\"sink\"},\
       \"frames\":50,\"bytes\":5000,\"queued\":0,\"limit\":4}]"
    );
    let host = HostStats { read_bytes: 1, written_bytes: 2, ..HostStats::default() };
    assert_eq!(to_json(&host), "{\"steps\":0,\"reads\":0,\"readBytes\":1,\"writes\":0,\"writtenBytes\":2}");
  }

  #[test]
  fn an_answer_that_is_cut_short_is_nothing() {
    let whole = stats();
    for length in 0..whole.len() {
      assert_eq!(read_stats(Records::new(&whole[..length])), (vec![], vec![]));
    }
    // A count is not believed.
    assert_eq!(read_graph(Records::new(&records(|w| w.int(i64::MAX)))), []);
    assert_eq!(read_memory(Records::new(&records(|w| w.int(1)))), MemoryStats::default());
  }

  #[test]
  fn a_pad_without_a_peer_has_none() {
    let graph = records(|w| {
      w.int(1);
      w.text("tee0");
      w.text("tee");
      w.int(0);
      w.int(2);
      w.text("sink");
      w.int(1);
      ["a", "src", "text/plain"].into_iter().for_each(|t| w.text(t));
      w.text("src_0");
      w.int(0);
      ["", "", ""].into_iter().for_each(|t| w.text(t));
    });
    let graph = read_graph(Records::new(&graph));
    assert_eq!(
      to_json(&graph[0].pads),
      "[{\"name\":\"sink\",\"direction\":\"sink\",\"peer\":{\"element\":\"a\",\"pad\":\"src\"},\"caps\":\"text/plain\"},\
       {\"name\":\"src_0\",\"direction\":\"src\",\"peer\":null,\"caps\":\"\"}]"
    );
  }

  #[test]
  fn the_domain_is_that_of_the_first_structure() {
    let cases = [
      ("video/x-raw", "system"),
      ("video/x-raw(memory:DMABuf), format=NV12", "DMABuf"),
      ("video/x-raw; video/x-raw(memory:DMABuf)", "system"),
      ("video/x-raw, a=(memory:X)", "system"),
      ("video/x-raw(memory:)", "system"),
      ("video/x-raw(memory:A,b)", "system"),
      ("video/x-raw(memory:", "system"),
      ("video/x-raw(memory:A(memory:B)", "B"),
      ("", "system"),
    ];
    for (caps, domain) in cases {
      assert_eq!(domain_of(caps), domain, "{caps}");
    }
  }
}
