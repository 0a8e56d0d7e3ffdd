//! Runs glass2glass pipelines in a program in Rust: the core under wasmtime, served with files, time and elements of the host.
//!
//! A pipeline is one instance of the core, with memory of its own and a ceiling to it. Its steps are taken by a task of
//! tokio; what it is told and asked goes through [`Pipeline`], from any thread.

mod bus;
mod clock;
mod descriptor;
mod elements;
mod engine;
mod errors;
mod exports;
mod files;
mod handles;
mod host;
mod instance;
mod json;
mod load;
mod messages;
mod outbox;
mod pipeline;
mod properties;
mod record;
mod records;
mod resource;
mod run;
mod stats;
pub mod supervise;
mod table;
mod texts;
mod time;
mod values;

pub use bus::Bus;
pub use clock::Clock;
pub use elements::{ElementContext, ElementFactory, HostElement};
pub use engine::{Engine, EngineOptions};
pub use errors::{Error, Report, host_error_text};
pub use g2g_interface as interface;
pub use handles::MemoryHandles;
pub use json::{number_text, to_json, to_json_lines};
pub use messages::{Message, StateName, Tags, Value};
pub use pipeline::{LaunchOptions, Pipeline, Seek};
pub use properties::ElementHandle;
pub use record::{Divergence, OnMessage, RecordOptions, Replay, ReplayError, ReplayOptions, ReplayOutput, replay};
pub use run::{Ending, OnStep};
pub use stats::{
  Copies, CopyReason, Direction, ElementStats, GraphElement, GraphPad, HostStats, LinkStats, MemoryStats, PadName,
  Stats, TimeStats, domain_of,
};
pub use table::{Choices, ElementTable, PadTable, PropertyTable, Scalar, Texts, caps_text, element_tables};
pub use time::format_time;
